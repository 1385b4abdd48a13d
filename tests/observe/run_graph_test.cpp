// SPDX-License-Identifier: MIT
#include <baton/observe/report.hpp>

#include <baton/base/error.hpp>

#include "observe/virtual_run.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/well_formed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace baton;
using namespace baton::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

/// A box of the picture, as the text tells it.
struct Box {
  std::string look;   ///< Its classes: the state, and `path` on the critical path.
  std::string label;  ///< The sign of the state and the name.
  friend bool operator==(const Box&, const Box&) = default;
};
std::ostream& operator<<(std::ostream& out, const Box& box) { return out << '\'' << box.look << "' " << box.label; }

/// What stands in `text` from `at` on after `begin` and before `end`; `at` moves behind it.
std::string take_between(const std::string& text, std::size_t& at, std::string_view begin, std::string_view end) {
  const std::size_t from = text.find(begin, at) + begin.size();
  at = text.find(end, from);
  return text.substr(from, at - from);
}

/// The boxes by what appears when the pointer rests on them: the whole name, and the state.
std::map<std::string, Box> boxes_of(const std::string& svg) {
  EXPECT_EQ(xml_fault(svg), "");
  std::map<std::string, Box> boxes;
  for (std::size_t at = svg.find("<g>"); at != std::string::npos; at = svg.find("<g>", at)) {
    const std::string title = take_between(svg, at, "<title>", "</title>");
    std::string look = take_between(svg, at, "<rect class=\"task ", "\"");
    const std::string text = take_between(svg, at, "<text", "</text>");
    EXPECT_TRUE(boxes.try_emplace(title, Box{std::move(look), text.substr(text.find('>') + 1)}).second) << title;
  }
  return boxes;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

constexpr std::string_view thick_edge = "<path class=\"edge path\" marker-end";
constexpr std::string_view thin_edge = "<path class=\"edge\" marker-end";

std::string graph_of(const Snapshot& record, std::optional<DiagramDirection> direction = {}) {
  std::ostringstream out;
  write_graph(out, record, direction);
  return out.str();
}

/// `load` takes longest and is what `check` waits for; that fails, and with it `publish`. `warm up` is beside the path.
Plan failing_plan() {
  Workflow flow{"nightly"};
  const auto load = flow.task("load", parking(1500ms));
  const auto warm = flow.task("warm up", parking(1ms));
  const auto check = flow.task("check", [] { throw std::runtime_error("row 7 is bad"); }).after(load, warm);
  flow.task("publish", [] {}).after(check);
  return std::move(flow).build();
}

Snapshot record_of(const Plan& plan) {
  VirtualRun virtual_run;
  const auto timeline = std::make_shared<Timeline>();
  const auto run = virtual_run.run(plan, timeline);
  return timeline->find_run(run.id()).value();
}

TEST(RunGraph, HasEachTaskWithItsStateAndTheCriticalPath) {
  const std::string svg = graph_of(record_of(failing_plan()));
  EXPECT_THAT(boxes_of(svg), ElementsAre(Pair("check: failed", Box{"failed path", "✗ check"}),
                                         Pair("load: succeeded", Box{"succeeded path", "✓ load"}),
                                         Pair("publish: omitted", Box{"omitted path", "⊘ publish"}),
                                         Pair("warm up: succeeded", Box{"succeeded", "✓ warm up"})));
  EXPECT_EQ(count(svg, thick_edge), 2U);
  EXPECT_EQ(count(svg, thin_edge), 1U);
  EXPECT_THAT(svg, HasSubstr("<title>nightly</title>"));
}

TEST(RunGraph, MarksThePathThatTookLongestAndNotTheOneWithMostTasks) {
  Workflow flow;
  const auto slow = flow.task("slow", parking(5s));
  const auto a = flow.task("a", parking(1s));
  const auto b = flow.task("b", parking(1s)).after(a);
  flow.task("end", [] {}).after(slow, b);
  const auto boxes = boxes_of(graph_of(record_of(flow.build())));
  EXPECT_EQ(boxes.at("slow: succeeded").look, "succeeded path");
  EXPECT_EQ(boxes.at("b: succeeded").look, "succeeded");
}

TEST(RunGraph, GoesWhereItIsTold) {
  const Snapshot record = record_of(failing_plan());
  EXPECT_NE(graph_of(record, DiagramDirection::down), graph_of(record, DiagramDirection::right));
  EXPECT_EQ(boxes_of(graph_of(record, DiagramDirection::down)), boxes_of(graph_of(record, DiagramDirection::right)));
}

TEST(RunGraph, GoesDownUnlessThatIsTooWide) {
  Workflow fan;
  const auto first = fan.task("first", [] {});
  for (int i = 0; i < 40; ++i) fan.task([] {}).after(first);
  Workflow chain;
  AnyTask last = chain.task([] {});
  for (int i = 0; i < 40; ++i) last = chain.task([] {}).after(last);
  const auto chosen = [](const Plan& plan) {
    const Snapshot record = record_of(plan);
    return graph_of(record) == graph_of(record, DiagramDirection::right) ? DiagramDirection::right
                                                                         : DiagramDirection::down;
  };
  EXPECT_EQ(chosen(failing_plan()), DiagramDirection::down);
  EXPECT_EQ(chosen(chain.build()), DiagramDirection::down);
  EXPECT_EQ(chosen(fan.build()), DiagramDirection::right);
  EXPECT_EQ(chosen(plan_of(100)), DiagramDirection::right);
}

TEST(RunGraph, ShowsARunThatGoesOn) {
  VirtualRun virtual_run;
  const auto run = virtual_run.scheduler.start(failing_plan(), {.record = true});
  while (run.counts()[TaskState::waiting] < 2) ASSERT_TRUE(virtual_run.executor.run_one());
  EXPECT_THAT(boxes_of(graph_of(run.snapshot())),
              ElementsAre(Pair("check: pending", Box{"pending path", "○ check"}),
                          Pair("load: waiting", Box{"waiting path", "… load"}),
                          Pair("publish: pending", Box{"pending path", "○ publish"}),
                          Pair("warm up: waiting", Box{"waiting", "… warm up"})));
}

TEST(RunGraph, TakesASnapshotOfNothing) {
  EXPECT_THAT(boxes_of(graph_of(Snapshot{})), IsEmpty());
  EXPECT_THAT(boxes_of(graph_of(record_of(Plan{}))), IsEmpty());
}

TEST(RunGraph, ShowsHostileNamesAsText) {
  const std::string text = "</text><script>alert(1)</script>\x01\xff&\"";
  Workflow flow{text};
  std::string name = text;
  std::replace(name.begin(), name.end(), '/', '|');
  flow.task(name, [] { throw std::runtime_error("</svg>"); });
  const std::string svg = graph_of(record_of(flow.build()));
  EXPECT_EQ(boxes_of(svg).size(), 1U);
  EXPECT_EQ(count(svg, "<script"), 0U);
}

TEST(RunGraph, HasEachOfManyTasks) {
  Workflow flow{"large"};
  std::vector<AnyTask> all;
  constexpr std::size_t tasks = 9'000;
  constexpr std::size_t width = 90;
  for (std::size_t i = 0; i < tasks; ++i) {
    const auto task = flow.task("task " + std::to_string(i), [] {});
    if (i >= width) task.after(all[i - width]);
    all.push_back(task);
  }
  const auto boxes = boxes_of(graph_of(record_of(flow.build())));
  EXPECT_EQ(boxes.size(), tasks);
  std::size_t on_path = 0;
  for (const auto& [title, box] : boxes) on_path += box.look == "succeeded path" ? 1 : 0;
  EXPECT_EQ(on_path, tasks / width);
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Paths of a page and a graph that are gone after the test.
class ReportFilesTest : public testing::Test {
 protected:
  const std::string folder =
      testing::TempDir() + "baton_run_graph_" + testing::UnitTest::GetInstance()->current_test_info()->name() + '/';
  const std::string page = folder + "report.html";
  const std::string graph = folder + "report.svg";
  VirtualRun virtual_run;

  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
};

TEST_F(ReportFilesTest, AreWrittenWhenTheRunEnds) {
  const auto observer = std::make_shared<ReportObserver>(ReportFiles{.page = page, .graph = graph});
  EXPECT_EQ(contents_of(graph), "");
  virtual_run.run(failing_plan(), observer);
  EXPECT_EQ(contents_of(graph), graph_of(record_of(failing_plan())));
  EXPECT_THAT(contents_of(page), testing::EndsWith("</html>\n"));
  virtual_run.run(plan_of(1, "second"), observer);
  EXPECT_THAT(contents_of(graph), testing::AllOf(HasSubstr("<title>second</title>"), Not(HasSubstr("nightly"))));
  observer->close();
  virtual_run.run(plan_of(1, "third"), observer);
  EXPECT_THAT(contents_of(graph), HasSubstr("<title>second</title>"));
}

TEST_F(ReportFilesTest, MayBeTheGraphAlone) {
  const auto observer =
      std::make_shared<ReportObserver>(ReportFiles{.graph = graph, .direction = DiagramDirection::right});
  virtual_run.run(failing_plan(), observer);
  observer->close();
  EXPECT_EQ(contents_of(graph), graph_of(record_of(failing_plan()), DiagramDirection::right));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST_F(ReportFilesTest, AreNamedWhereTheyCannotBeOpened) {
  EXPECT_EQ(message_of<Error>([] { const ReportObserver one(ReportFiles{.graph = "/no/such/folder/g.svg"}); }),
            "graph '/no/such/folder/g.svg': cannot be opened for writing: No such file or directory");
  EXPECT_EQ(message_of<UsageError>([] { const ReportObserver one(ReportFiles{}); }),
            "a report needs the path of its page or its graph");
  EXPECT_EQ(message_of<UsageError>([] { const ReportObserver one(ReportFiles{.page = "x", .graph = "x"}); }),
            "a report cannot have page and graph in the same file, 'x'");
}

TEST_F(ReportFilesTest, AreNamedWhereNotAllWasWrittenAndTheOtherIsThere) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full here";
  const std::string full = "/dev/full";
  const auto of_page = std::make_shared<ReportObserver>(ReportFiles{.page = page, .graph = full});
  EXPECT_FALSE(virtual_run.run(failing_plan(), of_page).succeeded());
  EXPECT_EQ(message_of<Error>([&] { of_page->close(); }), "graph '/dev/full': could not be written completely");
  EXPECT_THAT(contents_of(page), testing::EndsWith("</html>\n"));

  const auto of_graph = std::make_shared<ReportObserver>(ReportFiles{.page = full, .graph = graph});
  EXPECT_FALSE(virtual_run.run(failing_plan(), of_graph).succeeded());
  EXPECT_EQ(message_of<Error>([&] { of_graph->close(); }), "report '/dev/full': could not be written completely");
  EXPECT_THAT(contents_of(graph), testing::EndsWith("</svg>\n"));
}

TEST_F(ReportFilesTest, AreNamedWhereTheirFolderIsGoneByTheEndAndTheOtherIsThere) {
  const std::string gone = folder + "gone/";
  std::filesystem::create_directories(gone);
  const auto observer = std::make_shared<ReportObserver>(ReportFiles{.page = gone + "r.html", .graph = graph});
  std::filesystem::remove_all(gone);
  virtual_run.run(failing_plan(), observer);
  EXPECT_EQ(virtual_run.scheduler.observer_errors(), 1U);
  EXPECT_THAT(contents_of(graph), testing::EndsWith("</svg>\n"));
  EXPECT_EQ(message_of<Error>([&] { observer->close(); }),
            "report '" + gone + "r.html': could not be written completely");
}

class RunGraphOnPool : public OnEachPool {};
BATON_ON_EACH_POOL(RunGraphOnPool);

TEST_P(RunGraphOnPool, HasEachTask) {
  const std::string path = testing::TempDir() + "baton_run_graph_test_" + std::to_string(GetParam()) + ".svg";
  const auto observer = std::make_shared<ReportObserver>(ReportFiles{.graph = path});
  {
    Scheduler own{pool};
    own.start(plan_of(1000), {.observers = {observer}}).wait();
  }
  observer->close();
  const auto boxes = boxes_of(contents_of(path));
  EXPECT_EQ(boxes.size(), 1000U);
  for (const auto& [title, box] : boxes) EXPECT_THAT(title, testing::EndsWith(": succeeded"));
  std::filesystem::remove(path);
}

}  // namespace
