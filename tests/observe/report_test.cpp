// SPDX-License-Identifier: MIT
#include <baton/observe/report.hpp>

#include <baton/base/error.hpp>

#include "observe/virtual_run.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
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

TEST(Report, ShowsFailuresFirst) {
  Workflow flow{"nightly"};
  const auto load = flow.task("load", parking(1500ms));
  const auto check = flow.task("check",
                               [](Context& context) {
                                 context.park_for(250ms);
                                 throw std::runtime_error("row 7 is bad");
                               })
                         .after(load);
  flow.task("publish", [] {}).after(check);
  const std::string page = report_of(flow.build());
  EXPECT_THAT(page, HasSubstr("<h1 class=\"text\">nightly</h1>"));
  EXPECT_THAT(page, HasSubstr("<dd><span class=\"failed\">failed</span></dd>"));
  EXPECT_THAT(page, HasSubstr("<dt>took</dt><dd>1.75 s</dd>"));
  EXPECT_THAT(page, HasSubstr("<dt>all tasks together took</dt><dd>1.75 s</dd>"));
  EXPECT_THAT(page, HasSubstr("<tr><td class=\"text\">check</td><td class=\"text\">row 7 is bad</td></tr>\n"));
  const std::string table = page.substr(page.find("<h2>Tasks</h2>"));
  const std::string worker = std::to_string(own_worker());
  const auto row = [](const std::string& name, const std::string& sign, const std::string& state,
                      const std::vector<std::string>& figures) {
    std::string text =
        "<tr><td class=\"text\">" + name + "</td><td class=\"" + state + "\">" + sign + " " + state + "</td>";
    for (const std::string& figure : figures) text += "<td class=\"number\">" + figure + "</td>";
    return text + "</tr>\n";
  };
  EXPECT_THAT(table, HasSubstr(row("check", "✗", "failed", {"1.5 s", "250 ms", worker, "1"}) +
                               row("publish", "⊘", "omitted", {"–", "–", "–", "0"}) +
                               row("load", "✓", "succeeded", {"0 s", "1.5 s", worker, "1"})));
}

TEST(Report, ShowsNamesAndMessagesAsText) {
  const std::string evil = "<script>alert('1')</script>\"&\x1b\xff\u202e";
  const std::string shown = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;\uFFFD\uFFFD\uFFFD";
  std::string name = evil;
  std::replace(name.begin(), name.end(), '/', '|');  // reserved in names
  Workflow flow{evil};
  flow.task(name, [&] { throw std::runtime_error(evil); });
  const std::string page = report_of(flow.build());
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, HasSubstr("<title>" + shown + ", run "));
  EXPECT_THAT(page, HasSubstr("<h1 class=\"text\">" + shown + "</h1>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"text\">" + shown + "</td></tr>"));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
}

TEST(Report, KeepsLinesOfMessages) {
  Workflow flow;
  flow.task([] { throw std::runtime_error("first\n\tsecond"); });
  EXPECT_THAT(report_of(flow.build()), HasSubstr("first\n\tsecond</td>"));
}

TEST(Report, TakesAnEmptyRunWithoutName) {
  const std::string page = report_of(Plan{});
  EXPECT_THAT(page, HasSubstr("<h1 class=\"text\">run "));
  EXPECT_THAT(page, Not(HasSubstr("What failed")));
  EXPECT_EQ(count(page, "<tr>"), 1U);
}

TEST(Report, TakesARunThatGoesOn) {
  const Plan plan = plan_of(3);
  Timeline timeline;
  timeline.on_event(run_event(Event::Kind::run_started, plan, 1s, RunState::running));
  timeline.on_event(task_event(Event::Kind::task_started, plan, 2, 3s, TaskState::running));
  std::ostringstream out;
  write_report(out, timeline.find_run(7).value());
  EXPECT_THAT(out.str(),
              HasSubstr("<td class=\"text\">#2</td><td class=\"running\">► running</td><td class=\"number\">2 s</td>"
                        "<td class=\"number\">–</td>"));
}

TEST(Report, TakesManyTasks) {
  const std::string page = report_of(plan_of(50'000));
  EXPECT_EQ(count(page, "<tr>"), 50'001U);
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

TEST_P(ReportOnPool, HasARowForEachTask) {
  const std::string path = testing::TempDir() + "baton_report_test_" + std::to_string(GetParam()) + ".html";
  const auto observer = std::make_shared<ReportObserver>(path);
  {
    Scheduler own{pool};
    own.start(plan_of(1000), {.observers = {observer}}).wait();
  }
  observer->close();
  EXPECT_EQ(count(contents_of(path), "✓ succeeded"), 1000U);
  std::filesystem::remove(path);
}

}  // namespace
