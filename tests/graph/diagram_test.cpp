// SPDX-License-Identifier: MIT
#include "support/messages.hpp"

#include <baton/graph/diagram.hpp>

#include <baton/base/error.hpp>
#include <baton/graph/analysis.hpp>
#include <baton/graph/workflow.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace baton {
namespace {

using test::message_of;

const std::string dot_head = R"(digraph {
  node [shape=box, style="rounded,filled", fillcolor=white];
)";

/// What `text` has between `start` and `end`.
std::string between(const std::string& text, const std::string& start, const std::string& end) {
  if (!text.starts_with(start) || !text.ends_with(end)) return "other lines: " + text;
  return text.substr(start.size(), text.size() - start.size() - end.size());
}

/// A plan with one task, and its diagrams without the lines that are the same for all of them.
struct Named {
  explicit Named(const std::string& name) {
    Workflow flow;
    flow.task(name, [] {});
    plan = flow.build();
  }
  std::string dot() const {
    const std::string start = dot_head + "  t0 [label=\"";
    return between(to_dot(plan), start, "\"];\n}\n");
  }
  std::string mermaid() const {
    const std::string start = "flowchart TB\n  t0[\"";
    return between(to_mermaid(plan), start, "\"]\n");
  }
  Plan plan;
};

/// extract -> clean -> load, extract -> load; in this order also by id.
Plan pipeline() {
  Workflow flow{"daily \"report\""};
  const auto extract = flow.task("extract", [] { return 1; });
  const auto clean = flow.task("clean", [](int rows) { return rows; }, extract);
  flow.task("load", [](int) {}, clean).after(extract);
  return flow.build();
}

TEST(DotDiagram, ShowsTasksAndEdgesInOrderOfId) {
  EXPECT_EQ(to_dot(pipeline()), R"(digraph {
  label="daily \"report\"";
  labelloc=t;
  node [shape=box, style="rounded,filled", fillcolor=white];
  t0 [label="extract"];
  t1 [label="clean"];
  t2 [label="load"];
  t0 -> t1;
  t0 -> t2;
  t1 -> t2;
}
)");
}

TEST(DotDiagram, ShowsStatesPathAndDirection) {
  const Plan plan = pipeline();
  const std::vector states{TaskState::succeeded, TaskState::running, TaskState::pending};
  const std::vector path{TaskId{0}, TaskId{2}};
  const auto right = DiagramDirection::right;
  const DiagramOptions options{.states = states, .highlighted = path, .direction = right};
  EXPECT_EQ(to_dot(plan, options), R"(digraph {
  label="daily \"report\"";
  labelloc=t;
  rankdir=LR;
  node [shape=box, style="rounded,filled", fillcolor=white];
  t0 [label="✓ extract", fillcolor="#b7e4c0", penwidth=3];
  t1 [label="► clean", fillcolor="#9cc9ff"];
  t2 [label="○ load", fillcolor="#f5f5f5", penwidth=3];
  t0 -> t1;
  t0 -> t2 [penwidth=3];
  t1 -> t2;
}
)");
}

TEST(DotDiagram, OfAnEmptyPlanIsAnEmptyGraph) { EXPECT_EQ(to_dot(Plan()), dot_head + "}\n"); }

TEST(MermaidDiagram, ShowsTasksAndEdgesInOrderOfId) {
  EXPECT_EQ(to_mermaid(pipeline()), R"(---
title: "daily \"report\""
---
flowchart TB
  t0["extract"]
  t1["clean"]
  t2["load"]
  t0 --> t1
  t0 --> t2
  t1 --> t2
)");
}

TEST(MermaidDiagram, ShowsStatesPathAndDirection) {
  const Plan plan = pipeline();
  const std::vector states{TaskState::succeeded, TaskState::running, TaskState::pending};
  const std::vector path{TaskId{0}, TaskId{2}};
  const auto right = DiagramDirection::right;
  const DiagramOptions options{.states = states, .highlighted = path, .direction = right};
  EXPECT_EQ(to_mermaid(plan, options), R"(---
title: "daily \"report\""
---
flowchart LR
  t0["✓ extract"]:::succeeded
  t1["► clean"]:::running
  t2["○ load"]:::pending
  t0 --> t1
  t0 ==> t2
  t1 --> t2
  style t0 stroke-width:4px
  style t2 stroke-width:4px
  classDef pending fill:#f5f5f5,color:#000
  classDef running fill:#9cc9ff,color:#000
  classDef succeeded fill:#b7e4c0,color:#000
)");
}

TEST(MermaidDiagram, OfAnEmptyPlanIsAnEmptyGraph) {
  const std::string head = "flowchart TB\n";
  EXPECT_EQ(to_mermaid(Plan()), head);
}

TEST(Diagram, GivesEachStateAColourAndASignOfItsOwn) {
  Workflow flow;
  std::vector<TaskState> states;
  for (std::size_t i = 0; i < task_state_count; ++i) {
    flow.task(std::string(to_string(static_cast<TaskState>(i))), [] {});
    states.push_back(static_cast<TaskState>(i));
  }
  EXPECT_EQ(to_dot(flow.build(), {.states = states}), R"(digraph {
  node [shape=box, style="rounded,filled", fillcolor=white];
  t0 [label="○ pending", fillcolor="#f5f5f5"];
  t1 [label="… waiting", fillcolor="#fff3c4"];
  t2 [label="◎ ready", fillcolor="#e0ecff"];
  t3 [label="► running", fillcolor="#9cc9ff"];
  t4 [label="✓ succeeded", fillcolor="#b7e4c0"];
  t5 [label="✗ failed", fillcolor="#ffb3ad"];
  t6 [label="» skipped", fillcolor="#e6e0f0"];
  t7 [label="⊘ omitted", fillcolor="#d0d0d0"];
  t8 [label="■ cancelled", fillcolor="#f7d6b5"];
}
)");
}

TEST(Diagram, KeepsPlainNamesReadable) {
  for (const std::string name : {"load orders", "load-orders.csv", "a_b", "café", "日本語"}) {
    EXPECT_EQ(Named(name).dot(), name);
    EXPECT_EQ(Named(name).mermaid(), name);
  }
}

TEST(Diagram, EscapesWhatTheLanguagesWouldRead) {
  EXPECT_EQ(Named(R"(say "hi" \n & <b>)").dot(), R"(say \"hi\" \\n &amp; <b>)");
  EXPECT_EQ(Named(R"(say "hi" \n & <b>)").mermaid(), "say #34;hi#34; #92;n #38; #60;b#62;");
  EXPECT_EQ(Named("ends with \\").dot(), R"(ends with \\)");
  EXPECT_EQ(Named("1. `x` - _y_ a-_b").mermaid(), "1#46; #96;x#96; #45; #95;y#95; a#45;#95;b");
}

TEST(Diagram, NamesNamelessTasksByNumber) {
  Workflow flow;
  flow.task([] {});
  const Plan plan = flow.build();
  EXPECT_NE(to_dot(plan).find("t0 [label=\"#0\"];"), std::string::npos) << to_dot(plan);
  EXPECT_NE(to_mermaid(plan).find("t0[\"#35;0\"]"), std::string::npos) << to_mermaid(plan);
}

TEST(Diagram, KeepsLineBreaksAndShowsOtherControlCharacters) {
  const std::string name = "a\nb\r\nc\rd\te" + std::string(1, '\0') + "f\x7Fg\xC2\x85h";
  EXPECT_EQ(Named(name).dot(), "a\\nb\\nc\\nd␉e␀f␡g\uFFFDh");
  EXPECT_EQ(Named(name).mermaid(), "a<br/>b<br/>c<br/>d␉e␀f␡g\uFFFDh");
}

TEST(Diagram, ReplacesWhatIsNotUtf8) {
  const std::string bad = "\uFFFD";
  EXPECT_EQ(Named("a\xFFz").dot(), "a" + bad + "z");
  EXPECT_EQ(Named("a\x80z").dot(), "a" + bad + "z");
  EXPECT_EQ(Named("\xC0\xAF").dot(), bad + bad);                      // '/' written too long
  EXPECT_EQ(Named("\xE0\x9F\xBF").dot(), bad + bad + bad);            // too long
  EXPECT_EQ(Named("\xED\xA0\x80").dot(), bad + bad + bad);            // a surrogate
  EXPECT_EQ(Named("\xF4\x90\x80\x80").dot(), bad + bad + bad + bad);  // beyond Unicode
  EXPECT_EQ(Named("\xF5\x80\x80\x80").dot(), bad + bad + bad + bad);  // far beyond
  EXPECT_EQ(Named("\xF0\x8F\xBF\xBF").dot(), bad + bad + bad + bad);  // too long
  EXPECT_EQ(Named("\xE2\x82z").dot(), bad + bad + "z");               // cut off
  EXPECT_EQ(Named("\xEF\xBF\xBF").dot(), bad);                        // no character
  EXPECT_EQ(Named("caf\xC3").dot(), "caf" + bad);                     // cut off
  EXPECT_EQ(Named("\xF0\x9F\x98\x80 \xE2\x82\xAC \xF4\x8F\xBF\xBD").dot(),
            "\xF0\x9F\x98\x80 \xE2\x82\xAC \xF4\x8F\xBF\xBD");
}

TEST(Diagram, KeepsNamesOf1000Characters) {
  const std::string name(1000, 'x');
  EXPECT_EQ(Named(name).dot(), name);
  EXPECT_EQ(Named(name).mermaid(), name);
}

TEST(Diagram, RefusesOptionsThatDoNotFit) {
  const Plan plan = pipeline();
  const std::vector<TaskState> two(2);
  const std::vector path{TaskId{0}, TaskId{3}};
  EXPECT_EQ(message_of<UsageError>([&] { (void)to_dot(plan, {.states = two}); }),
            "a diagram of 3 tasks needs as many states, 2 were given");
  EXPECT_EQ(message_of<UsageError>([&] { (void)to_mermaid(plan, {.highlighted = path}); }),
            "task id 3 is not in a plan of 3 tasks");
}

TEST(Diagram, Shows10000TasksWith100000Edges) {
  constexpr std::size_t tasks = 10'000;
  Workflow flow;
  std::vector<Task<void>> row;
  for (std::size_t i = 0; i < tasks; ++i) {
    row.push_back(flow.task([] {}));
    for (std::size_t back = 1; back <= 10 && back <= i; ++back) row[i].after(row[i - back]);
  }
  const Plan plan = flow.build();
  EXPECT_EQ(plan.edge_count(), 99'945u);
  for (const std::string& text : {to_dot(plan), to_mermaid(plan)}) {
    const bool dot = text.starts_with("digraph");
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    EXPECT_EQ(lines, tasks + plan.edge_count() + (dot ? 3 : 1));
    EXPECT_NE(text.find(dot ? "  t9989 -> t9999;\n" : "  t9989 --> t9999\n"), std::string::npos);
  }
}

}  // namespace
}  // namespace baton
