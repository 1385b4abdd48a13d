// SPDX-License-Identifier: MIT
#include "graph/svg_text.hpp"

#include "graph/plan_of.hpp"
#include "support/well_formed.hpp"

#include <baton/base/error.hpp>
#include <baton/graph/analysis.hpp>
#include <baton/graph/diagram.hpp>
#include <baton/graph/workflow.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace baton {
namespace {

using test::plan_of;
using test::xml_fault;

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

Plan named(const std::string& name) {
  Workflow flow{name};
  flow.task(name, [] {});
  return flow.build();
}

std::string shorten(std::string_view text, int room) {
  std::string out;
  detail::append_short_svg_text(out, text, room);
  return out;
}

TEST(WellFormedCheck, FindsFaults) {
  EXPECT_EQ(xml_fault("<a b=\"c\"><d/>&amp;</a>\n"), "");
  for (const std::string_view bad :
       {"", "text", "<a>", "</a>", "<a></b>", "<a/><a/>", "<a>&</a>", "<a>&nbsp;</a>", "<a b=c/>", "<a b=\"<\"/>",
        "<a b=\"c\"d=\"e\"/>", "<a>\x01</a>", "<a>\xFF</a>", "<a>\xEF\xBF\xBF</a>", "<a", "<a/>text", "<!-- -->"}) {
    EXPECT_NE(xml_fault(bad), "") << bad;
  }
}

TEST(Svg, IsWellFormedForAllShapes) {
  for (const test::Shape& shape : test::all_shapes(60)) {
    const Plan plan = plan_of(shape);
    const std::vector<TaskState> states(plan.size(), TaskState::running);
    const CriticalPath path = critical_path(plan);
    for (const auto direction : {DiagramDirection::down, DiagramDirection::right}) {
      EXPECT_EQ(xml_fault(to_svg(plan, {.direction = direction})), "") << shape.name;
      EXPECT_EQ(xml_fault(to_svg(plan, {.states = states, .highlighted = path.tasks})), "") << shape.name;
    }
  }
}

TEST(Svg, OfAnEmptyPlanIsAPictureWithoutBoxes) {
  const std::string svg = to_svg(Plan());
  EXPECT_EQ(xml_fault(svg), "");
  EXPECT_EQ(count(svg, "<rect"), 0u);
  EXPECT_NE(svg.find("<title>workflow</title>"), std::string::npos);
}

TEST(Svg, ShowsEachTaskAndEachEdgeOnce) {
  const Plan plan = plan_of(test::random_dag(80, 2, 1));
  const std::string svg = to_svg(plan);
  EXPECT_EQ(count(svg, "<rect"), plan.size());
  EXPECT_EQ(count(svg, "<g><title>#"), plan.size());
  EXPECT_EQ(count(svg, "url(#baton-arrow)"), plan.edge_count());
  EXPECT_EQ(svg, to_svg(plan_of(test::random_dag(80, 2, 1))));
}

TEST(Svg, NeedsNothingElseAndLeavesThePageAlone) {
  const std::string svg = to_svg(plan_of(test::grid(5, 5)));
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"baton-plan\" role=\"img\"")) << svg;
  EXPECT_EQ(count(svg, "http"), 1u);
  EXPECT_EQ(count(svg, "<script"), 0u);
  EXPECT_EQ(count(svg, "prefers-color-scheme: dark"), 1u);
  EXPECT_EQ(count(svg, ".baton-plan { color-scheme: light dark; }"),
            1u);  // alone in a window it has a dark ground then
  const std::string style = svg.substr(svg.find("<style>\n") + 8, svg.find("</style>") - svg.find("<style>\n") - 8);
  EXPECT_EQ(count(style, "{"), count(style, ".baton-plan ") + 1) << style;  // and @media
  EXPECT_EQ(count(svg, "id=\""), count(svg, "id=\"baton-"));
  for (const std::string_view used : {"baton-arrow", "baton-path-arrow"}) {
    EXPECT_EQ(count(svg, "id=\"" + std::string(used) + "\""), 1u);
  }
}

TEST(Svg, TellsEachStateByColourSignAndWord) {
  Workflow flow;
  std::vector<TaskState> states;
  for (std::size_t i = 0; i < task_state_count; ++i) {
    flow.task("t" + std::to_string(i), [] {});
    states.push_back(static_cast<TaskState>(i));
  }
  const std::string svg = to_svg(flow.build(), {.states = states});
  const std::vector<std::string> signs{"○", "…", "◎", "►", "✓", "✗", "»", "⊘", "■"};
  for (std::size_t i = 0; i < task_state_count; ++i) {
    const std::string word(to_string(states[i]));
    const std::string name = "t" + std::to_string(i);
    EXPECT_EQ(count(svg, "<title>" + name + ": " + word + "</title>"), 1u) << svg;
    EXPECT_EQ(count(svg, ">" + signs[i] + " " + name + "</text>"), 1u) << svg;
    EXPECT_EQ(count(svg, "class=\"task " + word + "\""), 1u) << svg;
    EXPECT_EQ(count(svg, ".baton-plan ." + word + " { fill: #"), 1u) << svg;
  }
}

TEST(Svg, DrawsThePathThickAndLast) {
  const Plan plan = plan_of(test::diamond());
  const std::vector path{TaskId{0}, TaskId{2}, TaskId{3}};
  const std::string svg = to_svg(plan, {.highlighted = path});
  EXPECT_EQ(count(svg, "class=\"task plain path\""), 3u);
  EXPECT_EQ(count(svg, "class=\"edge path\" marker-end=\"url(#baton-path-arrow)\""), 2u);
  EXPECT_EQ(count(svg, "class=\"edge\" marker-end"), 2u);
  EXPECT_LT(svg.rfind("class=\"edge\" marker-end"), svg.find("class=\"edge path\" marker-end"));
}

TEST(Svg, DrawsWhatEdgesOfATaskShareOnce) {
  // From 0 to 2, 3 and 4, the last two along one line beside the others.
  const Plan plan = plan_of({"shared", 6, {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {0, 3}, {0, 4}, {5, 1}}});
  const std::string svg = to_svg(plan);
  EXPECT_EQ(count(svg, "marker-end=\"url(#baton-arrow)\""), plan.edge_count());
  std::size_t starts = 0;  // lines that begin at the lower border of the first task
  const std::string key = "url(#baton-arrow)\" d=\"M";
  std::vector<std::string> all;
  for (std::size_t at = svg.find(key); at != std::string::npos; at = svg.find(key, at + 1)) {
    const std::size_t begin = at + key.size();
    all.push_back(svg.substr(begin, svg.find_first_of("CL\"", begin) - begin));
  }
  std::sort(all.begin(), all.end());
  for (std::size_t i = 1; i < all.size(); ++i) starts += all[i] == all[i - 1] ? 1 : 0;
  EXPECT_EQ(starts, 1u) << svg;  // 0 -> 1 and the trunk; the second edge of the trunk begins at the fork
}

TEST(Svg, ShowsHostileNamesHarmlessly) {
  const std::vector<std::string> names{
      "\"quoted\" & 'so' <b>",
      "</title></text></svg><script>alert(1)</script>",
      "]]><![CDATA[",
      "<!--",
      "&lt;&#0;&nbsp;",
      std::string("nul\0inside", 10),
      "a\nb\r\tc\x1B[31m\x7F\xC2\x85",
      "\xFF\xFE bad \xC0\xAF \xED\xA0\x80 cut \xE2\x82",
      "\xEF\xBF\xBE\xEF\xBF\xBF",
      "abc\xE2\x80\xAE"
      "fdp.exe",  // right-to-left override
      "\xE2\x80\xA8\xE2\x81\xA6 isolates",
      std::string(100'000, 'W'),
      std::string(5000, '\xFF'),
      "-->",
      "}</style><style>*{display:none}",
  };
  for (const std::string& name : names) {
    std::string text;
    detail::append_svg_text(text, name);
    EXPECT_EQ(xml_fault("<a>" + text + shorten(name, 1000) + "</a>"), "") << name.substr(0, 60);

    std::string allowed = name;  // workflows refuse some characters
    std::erase_if(allowed, [](char c) { return c == '/' || c == '[' || c == ']'; });
    const std::string svg = to_svg(named(allowed));
    EXPECT_EQ(xml_fault(svg), "") << name.substr(0, 60);
    EXPECT_EQ(count(svg, "<script"), 0u);
    EXPECT_EQ(count(svg, "<style"), 1u);
    for (const std::string_view hidden : {"\xE2\x80\xAE", "\xE2\x80\xA8", "\xE2\x81\xA6", "\x1B", "\x7F", "\xC2\x85"}) {
      EXPECT_EQ((svg + text).find(hidden), std::string::npos) << name.substr(0, 60);
    }
  }
}

TEST(Svg, KeepsTheWholeNameForThePointer) {
  const std::string name = "a name that is far too long for the box of a task, number 17";
  const std::string svg = to_svg(named(name));
  EXPECT_EQ(count(svg, "<g><title>" + name + "</title>"), 1u);
  EXPECT_EQ(count(svg, ">" + name + "</text>"), 0u);
  EXPECT_EQ(count(svg, "17</text>"), 2u) << svg;  // of the task and of the workflow
}

TEST(SvgText, ShortensInTheMiddle) {
  EXPECT_EQ(shorten("short", 1000), "short");
  EXPECT_EQ(shorten("", 0), "");
  EXPECT_EQ(shorten("aaaaaaaaaaaaaaaaaaaabb", 650), "aaaaaa…bb");
  EXPECT_EQ(shorten("aaaa", 0), "…");
  EXPECT_EQ(shorten("aaaa", -5), "…");
  EXPECT_EQ(shorten("<<<<<<<<<<<<<<<<<<<<", 420), "&lt;&lt;&lt;&lt;…&lt;");
  EXPECT_EQ(shorten("日本語日本語日本語日本語日本語", 600), "日本語…語");
}

TEST(SvgText, NeverCutsACharacter) {
  const std::string name = "\xF0\x9F\x98\x80\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xC3\xA9\xE2\x82\xAC-mixed-\xC3\xA9";
  for (int room = -100; room < 2000; room += 7) {
    EXPECT_EQ(xml_fault("<a>" + shorten(name, room) + "</a>"), "") << room;
  }
}

TEST(Svg, RefusesOptionsThatDoNotFit) {
  const Plan plan = plan_of(test::diamond());
  const std::vector<TaskState> two(2);
  const std::vector path{TaskId{0}, TaskId{4}};
  EXPECT_THROW((void)to_svg(plan, {.states = two}), UsageError);
  EXPECT_THROW((void)to_svg(plan, {.highlighted = path}), UsageError);
}

TEST(Svg, Of50000TasksStaysBelow15Megabytes) {
  const Plan plan = plan_of(test::random_dag(50'000, 5, 7));
  ASSERT_GE(plan.edge_count(), 200'000u);
  const std::vector<TaskState> states(plan.size(), TaskState::succeeded);
  const std::string plain = to_svg(plan);
  EXPECT_LT(plain.size(), 15'000'000u);
  EXPECT_EQ(count(plain, "<path class=\"task plain\""), plan.size());
  EXPECT_EQ(count(plain, "</text>"), 1u);  // the name of the workflow
  const std::string with_states = to_svg(plan, {.states = states});
  EXPECT_LT(with_states.size(), 17'000'000u);
  EXPECT_EQ(count(with_states, ">✓</text>"), plan.size());
}

TEST(Svg, OfLargePlansIsWellFormed) {
  const Plan plan = plan_of(test::random_dag(10'500, 1.2, 3));
  const std::string svg = to_svg(plan, {.highlighted = critical_path(plan).tasks});
  EXPECT_EQ(count(svg, "<path class=\"task plain"), plan.size());
  EXPECT_EQ(xml_fault(svg), "");
}

}  // namespace
}  // namespace baton
