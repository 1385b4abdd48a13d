// SPDX-License-Identifier: MIT
// What those who watch make of a task that is tried again.
#include <baton/observe/log.hpp>
#include <baton/observe/metrics.hpp>
#include <baton/observe/progress.hpp>
#include <baton/observe/report.hpp>
#include <baton/observe/trace.hpp>

#include "observe/virtual_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace baton;
using namespace baton::test;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// `load` fails after a second, twice, and is tried again two seconds later.
Plan retried_plan() {
  Workflow flow{"nightly"};
  const auto load = flow.task("load", [](Context& context) {
    context.park_for(1s);
    if (context.attempt() < 3) throw std::runtime_error("no route");
  });
  load.retry({.attempts = 3, .delay = 2s, .backoff = 1.0, .jitter = 0.0});
  flow.task("store", [] {}).after(load);
  return std::move(flow).build();
}

TEST(Attempts, TheLastOneIsInTheSnapshotAndNoErrorOfOthers) {
  VirtualRun virtual_run;
  const auto run = virtual_run.scheduler.start(retried_plan(), {.record = true});
  virtual_run.executor.run_until_idle();
  const Snapshot snapshot = run.snapshot();
  const TaskTiming& load = snapshot.tasks[index_of(*snapshot.plan.find("load"))];
  EXPECT_EQ(load.state, TaskState::succeeded);
  EXPECT_EQ(load.attempt, 3U);
  EXPECT_EQ(load.started, *snapshot.started + 6s);
  EXPECT_EQ(load.parked, *snapshot.started + 6s);
  EXPECT_EQ(load.ended, *snapshot.started + 7s);
  EXPECT_TRUE(snapshot.errors.empty());

  std::ostringstream page;
  write_report(page, snapshot);
  EXPECT_THAT(page.str(), Not(HasSubstr("What failed")));
}

TEST(Attempts, ThatIsParkedNoMoreIsNotSaidToBe) {
  const Plan plan = plan_of(1);
  Timeline timeline;
  timeline.on_event(task_event(Event::Kind::task_started, plan, 0, 1s, TaskState::running));
  timeline.on_event(task_event(Event::Kind::task_waiting, plan, 0, 2s, TaskState::waiting));
  Event again = task_event(Event::Kind::task_waiting, plan, 0, 3s, TaskState::waiting);
  again.reason = WaitReason::retry;
  timeline.on_event(again);
  timeline.on_event(task_event(Event::Kind::task_started, plan, 0, 4s, TaskState::running));
  EXPECT_EQ(timeline.find_task(7, TaskId{0})->parked, std::nullopt);
}

TEST(Attempts, FailedOnesAreWarningsInALog) {
  VirtualRun virtual_run;
  std::vector<std::string> lines;
  const auto sink = [&](LogLevel level, std::string_view line) {
    if (line.find("attempt") == std::string_view::npos) return;
    lines.push_back(std::string(to_string(level)).append(line.substr(line.find(": task"))));
  };
  virtual_run.run(retried_plan(), std::make_shared<LogObserver>(LogOptions{.level = LogLevel::info, .sink = sink}));
  EXPECT_THAT(lines, ElementsAre("warning: task 'load', attempt 1: failed and will be tried again: no route",
                                 "warning: task 'load', attempt 2: failed and will be tried again: no route"));
}

TEST(Attempts, AreIntervalsEachInATrace) {
  VirtualRun virtual_run;
  std::ostringstream out;
  const auto observer = std::make_shared<TraceObserver>(out);
  virtual_run.run(retried_plan(), observer);
  observer->close();
  std::map<std::string, std::vector<std::string>> seen;  // by kind of interval
  for (const json& event : json::parse(out.str())) {
    if (event.at("ph") != "X" || event.at("name") != "load") continue;
    const json& args = event.at("args");
    seen[event.at("cat")].push_back(std::to_string(event.at("ts").get<long>()) + "+" +
                                    std::to_string(event.at("dur").get<long>()) + " " + args.at("attempt").dump() +
                                    " " + args.at("state").get<std::string>() + " " + args.value("error", ""));
  }
  EXPECT_THAT(seen["task"],
              ElementsAre("0+0 1 failed no route", "3000000+0 2 failed no route", "6000000+0 3 succeeded "));
  EXPECT_THAT(seen["parked"], ElementsAre("0+1000000 1 failed no route", "3000000+1000000 2 failed no route",
                                          "6000000+1000000 3 succeeded "));
}

TEST(Attempts, AreCountedAsWaitsAndTheirTaskOnce) {
  VirtualRun virtual_run;
  const auto metrics = std::make_shared<MetricsObserver>();
  virtual_run.run(retried_plan(), metrics);
  const MetricsSnapshot snapshot = metrics->snapshot();
  EXPECT_EQ(snapshot.waits[static_cast<std::size_t>(WaitReason::retry)], 2U);
  EXPECT_EQ(snapshot.tasks[static_cast<std::size_t>(TaskState::succeeded)], 2U);
  EXPECT_EQ(snapshot.queue_time.count(), 2U);
  EXPECT_EQ(snapshot.run_time.count(), 2U);
  EXPECT_EQ(snapshot.run_time.sum_seconds, 1.0);
  EXPECT_THAT(to_prometheus(snapshot), HasSubstr("baton_task_waits_total{reason=\"retry\"} 2\n"));
}

/// The last frame of a bar that is told `events`, with a task that runs all the time.
std::string frame_after(std::vector<Event> events, const Plan& plan) {
  std::ostringstream out;
  ProgressObserver bar(ProgressOptions{.style = ProgressStyle::bar,
                                       .out = &out,
                                       .interval = 1ms,
                                       .refresh = Duration{},
                                       .terminal_size = [] { return TerminalSize{60, 24}; },
                                       .unicode = false});
  bar.on_event(run_event(Event::Kind::run_started, plan, 0s, RunState::running));
  for (const Event& event : events) bar.on_event(event);
  out.str("");
  bar.on_event(task_event(Event::Kind::task_started, plan, 1, 10s, TaskState::running));
  return out.str();
}

TEST(Attempts, ThatAreOverDoNotRunOnABar) {
  Workflow flow{"copy"};
  flow.task("flaky", [] {});
  flow.task("steady", [] {});
  const Plan plan = flow.build();
  const std::size_t flaky = index_of(*plan.find("flaky"));
  ASSERT_EQ(index_of(*plan.find("steady")), 1U);
  Event first = task_event(Event::Kind::task_started, plan, flaky, 1s, TaskState::running);
  Event again = task_event(Event::Kind::task_waiting, plan, flaky, 2s, TaskState::waiting);
  again.reason = WaitReason::retry;
  Event second = task_event(Event::Kind::task_started, plan, flaky, 4s, TaskState::running);
  second.attempt = 2;
  second.worker = 3;
  Event end = task_event(Event::Kind::task_ended, plan, flaky, 5s, TaskState::succeeded);
  end.attempt = 2;
  end.worker = 3;
  EXPECT_THAT(frame_after({first}, plan), HasSubstr("flaky"));
  EXPECT_THAT(frame_after({first, again}, plan), Not(HasSubstr("flaky")));
  EXPECT_THAT(frame_after({first, again, second}, plan), HasSubstr("flaky"));
  EXPECT_THAT(frame_after({first, again, second, end}, plan), Not(HasSubstr("flaky")));
}

}  // namespace
