// SPDX-License-Identifier: MIT
#include <baton/observe/report.hpp>

#include <baton/base/error.hpp>
#include <baton/observe/text.hpp>

#include "observe/virtual_run.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace baton;
using namespace baton::test;
using testing::HasSubstr;
using testing::Not;

std::string report_of(const Plan& plan) {
  VirtualRun virtual_run;
  const auto timeline = std::make_shared<Timeline>();
  const auto run = virtual_run.run(plan, timeline);
  std::ostringstream out;
  write_report(out, timeline->find_run(run.id()).value());
  return out.str();
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size())) ++found;
  return found;
}

/// What the page's script is given. Browsers end it at the first `</script`, and so does this.
nlohmann::json data_of(const std::string& page) {
  const std::string_view begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t from = page.find(begin) + begin.size();
  return nlohmann::json::parse(page.substr(from, page.find("</script", from) - from));
}

TEST(Report, ShowsFailuresFirst) {
  Workflow flow{"nightly"};
  const auto load = flow.task("load", parking(1500ms));
  const auto check = flow.task("check",
                               [](Context& context) {
                                 context.park_for(250ms);
                                 throw std::runtime_error("row 7 is bad");
                               })
                         .after(load);
  const auto publish = flow.task("publish", [] {}).after(check);
  flow.task("announce", [] {}).after(publish);
  const std::string page = report_of(flow.build());
  EXPECT_THAT(page, HasSubstr("<h1>nightly</h1>"));
  EXPECT_THAT(page, HasSubstr("✗</span> failed</p>"));
  EXPECT_THAT(page, HasSubstr("<dt>took</dt><dd>1.75 s</dd>"));
  EXPECT_THAT(page, HasSubstr("<dt>all tasks together</dt><dd>1.75 s</dd>"));
  EXPECT_THAT(page, HasSubstr("<dt>critical path</dt><dd>1.75 s <small>4 tasks</small></dd>"));
  EXPECT_THAT(page, HasSubstr("⊘</span> <b>2</b> omitted</a>"));
  EXPECT_THAT(page, HasSubstr(">check</a> <span class=\"caused\">2 tasks omitted because of it</span>"
                              "<pre>row 7 is bad</pre>"));
  EXPECT_LT(page.find("row 7 is bad"), page.find("<main"));
}

TEST(Report, GivesTheScriptAllThatIsKnown) {
  Workflow flow{"nightly"};
  const auto load = flow.task("load", parking(1500ms));
  const auto check =
      flow.task(
              "check", [](int) { throw std::runtime_error("bad"); }, flow.task("limit", [] { return 3; }))
          .after(load);
  flow.task("publish", [] {}).after(check, load);
  const Plan plan = flow.build();
  const auto data = data_of(report_of(plan));
  const auto id = [&](const char* name) { return index_of(plan.find(name).value()); };
  const auto of = [&](const char* column, const char* name) { return data[column][id(name)]; };
  EXPECT_EQ(data["workflow"], "nightly");
  EXPECT_EQ(data["state"], "failed");
  EXPECT_EQ(data["ended"], 1'500'000'000);
  EXPECT_EQ(of("name", "load"), "load");
  EXPECT_EQ(data["states"][of("task_state", "check").get<std::size_t>()], "failed");
  EXPECT_EQ(of("started", "load"), 0);
  EXPECT_EQ(of("parked", "load"), 0);
  EXPECT_EQ(of("task_ended", "load"), 1'500'000'000);
  EXPECT_EQ(of("ready", "check"), 1'500'000'000);
  EXPECT_EQ(of("worker", "check"), own_worker());
  EXPECT_EQ(of("attempt", "check"), 1);
  EXPECT_EQ(of("started", "publish"), nullptr);
  EXPECT_EQ(data["failed_task"], nlohmann::json::array({id("check")}));
  EXPECT_EQ(data["error"], nlohmann::json::array({"bad"}));
  EXPECT_EQ(data["omitted_task"], nlohmann::json::array({id("publish")}));
  EXPECT_EQ(data["cause"], nlohmann::json::array({id("check")}));
  EXPECT_EQ(data["critical"], nlohmann::json::array({id("load"), id("check"), id("publish")}));
  EXPECT_EQ(of("successors", "load"), 2);
  EXPECT_EQ(data["to"].size(), plan.edge_count());
  EXPECT_LT(of("x", "load"), of("x", "check"));
  EXPECT_LT(of("x", "check"), of("x", "publish"));
}

TEST(Report, TellsWhatEachOmittedTaskHangsOn) {
  Workflow flow;
  const auto fail = [&](const char* name) { return flow.task(name, [] { throw std::runtime_error("no"); }); };
  const auto first = fail("first");
  const auto second = fail("second");
  const auto both = flow.task("both", [] {}).after(first, second);
  flow.task("last", [] {}).after(both);
  const auto own = flow.task("own", [] {}).after(second);
  const Plan plan = flow.build();
  const auto data = data_of(report_of(plan));
  std::map<std::size_t, std::size_t> causes;
  for (std::size_t i = 0; i < data["cause"].size(); ++i) causes[data["omitted_task"][i]] = data["cause"][i];
  EXPECT_EQ(causes.size(), 3U);
  EXPECT_EQ(causes[index_of(plan.id(own))], index_of(plan.id(second)));
  EXPECT_EQ(causes[index_of(plan.find("last").value())], causes[index_of(plan.id(both))]);
}

TEST(Report, ShowsNamesAndMessagesAsText) {
  const std::string evil = "</script><script>alert('1')</script><!--\"&\\\x1b\xff\u202e\u2028";
  const std::string text = "</script><script>alert('1')</script><!--\"&\\\\x1b\\xff\\u202e\\u2028";
  const std::string shown =
      "&lt;/script&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&lt;!--&quot;&amp;\\\\x1b\\xff\\u202e\\u2028";
  std::string name = evil;
  std::replace(name.begin(), name.end(), '/', '|');  // reserved in names
  Workflow flow{evil};
  flow.task(name, [&] { throw std::runtime_error(evil); });
  const std::string page = report_of(flow.build());
  EXPECT_EQ(count(page, "<script"), 2U);  // the data, and what shows them
  EXPECT_EQ(count(page, "</script"), 2U);
  EXPECT_THAT(page, HasSubstr("<title>" + shown + ", run "));
  EXPECT_THAT(page, HasSubstr("<h1>" + shown + "</h1>"));
  EXPECT_THAT(page, HasSubstr("<pre>" + shown + "</pre>"));
  const auto data = data_of(page);
  std::string name_text = text;
  std::replace(name_text.begin(), name_text.end(), '/', '|');
  EXPECT_EQ(data["workflow"], text);
  EXPECT_EQ(data["name"][0], name_text);
  EXPECT_EQ(data["error"][0], text);
}

TEST(Report, TakesTextOfAnyBytes) {
  std::mt19937 random{5};
  for (int round = 0; round < 200; ++round) {
    std::string evil;
    for (std::size_t i = random() % 60; i > 0; --i) evil += static_cast<char>(random() % 256);
    Workflow flow{evil};
    flow.task([&] { throw std::runtime_error(evil.c_str()); });
    const std::string page = report_of(flow.build());
    ASSERT_EQ(count(page, "</script"), 2U) << testing::PrintToString(evil);
    ASSERT_EQ(data_of(page)["workflow"], one_line(evil)) << testing::PrintToString(evil);
  }
}

TEST(Report, AllowsItsOwnStyleAndScriptOnly) {
  const std::string page = report_of(plan_of(1));
  EXPECT_THAT(page, testing::ContainsRegex("default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; "
                                           "script-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'"));
  EXPECT_EQ(count(page, "style=\""), 0U);
  EXPECT_EQ(count(page, "http://"), 0U);
  EXPECT_EQ(count(page, "https://"), 0U);
}

TEST(Report, KeepsLinesOfMessages) {
  Workflow flow;
  flow.task([] { throw std::runtime_error("first\n\tsecond"); });
  const std::string page = report_of(flow.build());
  EXPECT_THAT(page, HasSubstr("<pre>first\n\tsecond</pre>"));
  EXPECT_EQ(data_of(page)["error"][0], "first\n\tsecond");
}

TEST(Report, FoldsManyFailures) {
  Workflow flow;
  for (int i = 0; i < 1207; ++i) flow.task([] { throw std::runtime_error("no"); });
  const std::string page = report_of(flow.build());
  EXPECT_EQ(count(page, "<pre>no</pre>"), 1207U);
  EXPECT_THAT(page, HasSubstr("<details><summary>1,202 more</summary>"));
  EXPECT_THAT(page, HasSubstr("<b>1,207</b> failed"));
}

TEST(Report, TakesAnEmptyRunWithoutName) {
  const std::string page = report_of(Plan{});
  EXPECT_THAT(page, HasSubstr("<h1>run "));
  EXPECT_THAT(page, Not(HasSubstr("What failed")));
  EXPECT_EQ(data_of(page)["name"], nlohmann::json::array());
}

TEST(Report, TakesASnapshotOfNothing) {
  std::ostringstream out;
  write_report(out, Snapshot{});
  EXPECT_EQ(data_of(out.str())["state"], "running");
}

TEST(Report, TakesARunThatGoesOn) {
  const Plan plan = plan_of(3);
  Timeline timeline;
  timeline.on_event(run_event(Event::Kind::run_started, plan, 1s, RunState::running));
  timeline.on_event(task_event(Event::Kind::task_started, plan, 2, 3s, TaskState::running));
  Snapshot record = timeline.find_run(7).value();
  record.taken = TimePoint{6s};
  std::ostringstream out;
  write_report(out, record);
  EXPECT_THAT(out.str(), HasSubstr("►</span> running</p>"));
  EXPECT_THAT(out.str(), HasSubstr("<dt>so far</dt><dd>5 s</dd>"));
  const auto data = data_of(out.str());
  EXPECT_EQ(data["taken"], 5'000'000'000);
  EXPECT_EQ(data["ended"], nullptr);
  EXPECT_EQ(data["started"], nlohmann::json::array({nullptr, nullptr, 2'000'000'000}));
  EXPECT_EQ(data["task_ended"], nlohmann::json::array({nullptr, nullptr, nullptr}));
}

TEST(Report, CountsFromTheFirstTimeWhereTheStartWasMissed) {
  const Plan plan = plan_of(2);
  Timeline timeline;
  timeline.on_event(task_event(Event::Kind::task_started, plan, 1, 3s, TaskState::running));
  timeline.on_event(task_event(Event::Kind::task_ended, plan, 1, 4s, TaskState::succeeded));
  std::ostringstream out;
  write_report(out, timeline.find_run(7).value());
  EXPECT_EQ(data_of(out.str())["started"], nlohmann::json::array({nullptr, 0}));
  EXPECT_EQ(data_of(out.str())["task_ended"], nlohmann::json::array({nullptr, 1'000'000'000}));
}

TEST(Report, SaysWhatTasksWaitFor) {
  const Plan plan = plan_of(2);
  Timeline timeline;
  timeline.on_event(run_event(Event::Kind::run_started, plan, 1s, RunState::running));
  timeline.on_event(task_event(Event::Kind::task_waiting, plan, 1, 2s, TaskState::waiting));
  std::ostringstream out;
  write_report(out, timeline.find_run(7).value());
  EXPECT_EQ(data_of(out.str())["waiting_task"], nlohmann::json::array({1}));
  EXPECT_EQ(data_of(out.str())["waits_for"], nlohmann::json::array({"timer"}));
}

TEST(Report, LeadsLongEdgesAroundBoxes) {
  Workflow flow;
  const auto first = flow.task("first", [] {});
  const auto second = flow.task("second", [] {}).after(first);
  flow.task("third", [] {}).after(first, second);
  const auto data = data_of(report_of(flow.build()));
  ASSERT_EQ(data["bend_at"].size(), 4U);
  EXPECT_EQ(data["bend_at"][3], data["bend_x"].size());
  EXPECT_EQ(data["bend_x"].size(), data["bend_y"].size());
  EXPECT_GT(data["bend_x"].size(), 0U);
}

/// Tasks in layers, each after two of the layer before.
Plan layers_of(std::size_t tasks, std::size_t width) {
  Workflow flow{"large"};
  std::vector<AnyTask> all;
  all.reserve(tasks);
  for (std::size_t i = 0; i < tasks; ++i) {
    const auto task = flow.task("task number " + std::to_string(i), [] {});
    if (i >= width) task.after(all[i - width], all[(i / width - 1) * width + (i * 7) % width]);
    all.push_back(task);
  }
  return std::move(flow).build();
}

TEST(Report, TakesManyTasks) {
  const Plan plan = layers_of(50'000, 1000);
  const std::string page = report_of(plan);
  EXPECT_LT(page.size(), 10'000'000U);
  const auto data = data_of(page);
  EXPECT_EQ(data["name"].size(), 50'000U);
  EXPECT_EQ(data["to"].size(), plan.edge_count());
  // What is too much for a layout has places all the same: no two share one, and none is outside.
  std::set<std::pair<int, int>> places;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    places.emplace(data["x"][i], data["y"][i]);
    ASSERT_LE(data["x"][i], data["size"][2]);
    ASSERT_LE(data["y"][i], data["size"][3]);
  }
  EXPECT_EQ(places.size(), 50'000U);
}

TEST(Report, MakesNoRibbonOfTasksWithoutOrder) {
  const auto data = data_of(report_of(plan_of(5'000)));
  const double width = data["size"][2];
  const double height = data["size"][3];
  EXPECT_LT(height, width);
  EXPECT_LT(width, 8 * height);
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Report, IsWrittenWhenTheRunEnds) {
  const std::string path = testing::TempDir() + "baton_report_test.html";
  VirtualRun virtual_run;
  const auto observer = std::make_shared<ReportObserver>(path);
  EXPECT_EQ(contents_of(path), "");
  virtual_run.run(plan_of(1, "first"), observer);
  EXPECT_THAT(contents_of(path), testing::AllOf(HasSubstr("first"), testing::EndsWith("</html>\n")));
  virtual_run.run(plan_of(1, "second"), observer);
  EXPECT_THAT(contents_of(path), testing::AllOf(HasSubstr("second"), Not(HasSubstr("first, run"))));
  observer->close();
  virtual_run.run(plan_of(1, "third"), observer);
  EXPECT_THAT(contents_of(path), HasSubstr("second"));
  std::filesystem::remove(path);
}

TEST(Report, SaysWhichFileItCannotWriteAndWhy) {
  EXPECT_EQ(message_of<Error>([] { const ReportObserver report("/no/such/folder/report.html"); }),
            "report '/no/such/folder/report.html': cannot be opened for writing: No such file or directory");
}

TEST(Report, SaysWhenNotAllWasWritten) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full here";
  VirtualRun virtual_run;
  const auto observer = std::make_shared<ReportObserver>("/dev/full");
  EXPECT_TRUE(virtual_run.run(plan_of(1), observer).succeeded());
  EXPECT_EQ(message_of<Error>([&] { observer->close(); }), "report '/dev/full': could not be written completely");
}

class ReportOnPool : public OnEachPool {};
BATON_ON_EACH_POOL(ReportOnPool);

TEST_P(ReportOnPool, HasEachTask) {
  const std::string path = testing::TempDir() + "baton_report_test_" + std::to_string(GetParam()) + ".html";
  const auto observer = std::make_shared<ReportObserver>(path);
  {
    Scheduler own{pool};
    own.start(plan_of(1000), {.observers = {observer}}).wait();
  }
  observer->close();
  const auto data = data_of(contents_of(path));
  EXPECT_EQ(data["task_state"], nlohmann::json(std::vector<int>(1000, static_cast<int>(TaskState::succeeded))));
  std::filesystem::remove(path);
}

}  // namespace
