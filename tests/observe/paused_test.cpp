// SPDX-License-Identifier: MIT
// What observers show of a run that is paused, or cancelled with a cause.
#include <baton/observe/log.hpp>
#include <baton/observe/metrics.hpp>
#include <baton/observe/progress.hpp>
#include <baton/observe/snapshot_json.hpp>
#include <baton/observe/timeline.hpp>
#include <baton/observe/trace.hpp>

#include "virtual_run.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

namespace {

using baton::Context;
using baton::Plan;
using baton::Run;
using baton::Workflow;
using baton::test::VirtualRun;
using nlohmann::json;
using testing::ElementsAre;
using namespace std::chrono_literals;

/// One task after the other, a second each.
Plan two_seconds() {
  Workflow flow{"slow"};
  const auto first = flow.task("first", [](Context& context) { context.park_for(1s); });
  flow.task("second", [](Context& context) { context.park_for(1s); }).after(first);
  return flow.build();
}

/// Runs it with a pause of three seconds in the middle, then goes on or cancels it.
Run run_with_pause(VirtualRun& virtual_run, const std::shared_ptr<baton::Observer>& observer, bool cancels) {
  const Run run = virtual_run.scheduler.start(two_seconds(), {.record = true, .observers = {observer}});
  {
    const baton::VirtualClock::Hold hold(virtual_run.clock);
    virtual_run.executor.run_until_idle();
    run.pause();
  }
  Workflow meanwhile;
  meanwhile.task([](Context& context) { context.park_for(4s); });
  virtual_run.scheduler.start(meanwhile.build());
  virtual_run.executor.run_until_idle();
  EXPECT_TRUE(run.paused());
  EXPECT_TRUE(json::parse(to_json(run.snapshot())).at("paused").get<bool>());
  EXPECT_TRUE(json::parse(to_json(run.changes(0))).at("paused").get<bool>());
  {
    const baton::VirtualClock::Hold hold(virtual_run.clock);
    cancels ? run.cancel("no time\nfor it") : static_cast<void>(run.resume());
  }
  virtual_run.executor.run_until_idle();
  EXPECT_TRUE(run.ended());
  EXPECT_FALSE(json::parse(to_json(run.snapshot())).at("paused").get<bool>());
  return run;
}

TEST(Paused, ShowsInTheLog) {
  for (const bool cancels : {false, true}) {
    VirtualRun virtual_run;
    std::vector<std::string> lines;
    const auto log = std::make_shared<baton::LogObserver>(
        baton::LogOptions{.level = baton::LogLevel::info,
                          .sink = [&](baton::LogLevel, std::string_view line) { lines.emplace_back(line); }});
    const Run run = run_with_pause(virtual_run, log, cancels);
    const std::string name = "run " + std::to_string(run.id()) + " 'slow': ";
    if (cancels) {
      EXPECT_THAT(lines, ElementsAre(name + "started, 2 tasks", name + "paused", name + "goes on after a pause",
                                     name + "task 'second': cancelled",
                                     name + "cancelled after 4 s: 1 succeeded, 1 cancelled: no time\\nfor it"));
    } else {
      EXPECT_THAT(lines, ElementsAre(name + "started, 2 tasks", name + "paused", name + "goes on after a pause",
                                     name + "succeeded after 5 s: 2 succeeded"));
    }
  }
}

TEST(Paused, ShowsInTheLogAsJson) {
  VirtualRun virtual_run;
  std::vector<json> lines;
  const auto log = std::make_shared<baton::LogObserver>(
      baton::LogOptions{.level = baton::LogLevel::info,
                        .format = baton::LogFormat::json,
                        .sink = [&](baton::LogLevel, std::string_view line) { lines.push_back(json::parse(line)); }});
  run_with_pause(virtual_run, log, true);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[1].at("event"), "run_paused");
  EXPECT_EQ(lines[1].at("state"), "running");
  EXPECT_FALSE(lines[1].contains("outcomes"));
  EXPECT_EQ(lines[2].at("event"), "run_resumed");
  EXPECT_FALSE(lines[3].contains("cause"));
  EXPECT_EQ(lines[4].at("cause"), "no time\nfor it");
}

TEST(Paused, TheCauseOfATaskShowsInTheLog) {
  VirtualRun virtual_run;
  std::vector<std::string> lines;
  const auto log = std::make_shared<baton::LogObserver>(
      baton::LogOptions{.level = baton::LogLevel::info,
                        .sink = [&](baton::LogLevel, std::string_view line) { lines.emplace_back(line); }});
  Workflow flow;
  const auto task = flow.task("load", [] {});
  const Run run = virtual_run.scheduler.start(flow.build(), {.observers = {log}});
  run.cancel(task, "not needed");
  virtual_run.executor.run_until_idle();
  const std::string name = "run " + std::to_string(run.id()) + ": ";
  EXPECT_THAT(lines, ElementsAre(name + "started, 1 task", name + "task 'load': cancelled: not needed",
                                 name + "cancelled after 0 s: 1 cancelled"));
}

TEST(Paused, ShowsInTheProgress) {
  VirtualRun virtual_run;
  std::ostringstream out;
  const auto progress = std::make_shared<baton::ProgressObserver>(
      baton::ProgressOptions{.style = baton::ProgressStyle::lines, .out = &out, .interval = 1h});
  run_with_pause(virtual_run, progress, false);
  EXPECT_EQ(out.str(),
            "slow: 0 of 2 tasks ended, paused, 1 running, 0 s\n"
            "slow: 1 of 2 tasks ended, 4 s, 0.3/s\n"
            "slow: 2 of 2 tasks ended, 5 s, 0.4/s\n");
}

TEST(Paused, ShowsInTheTrace) {
  for (const bool cancels : {false, true}) {
    VirtualRun virtual_run;
    std::ostringstream out;
    const auto trace = std::make_shared<baton::TraceObserver>(out);
    run_with_pause(virtual_run, trace, cancels);
    trace->close();
    int found = 0;
    for (const json& entry : json::parse(out.str())) {
      if (!entry.contains("name") || entry.at("name") != "paused" || entry.at("ph") != "X") continue;
      ++found;
      EXPECT_EQ(entry.at("ts").get<double>(), 0.0);
      EXPECT_EQ(entry.at("dur").get<double>(), 4e6);
    }
    EXPECT_EQ(found, 1);
  }
}

TEST(Paused, DoesNotDisturbCounts) {
  VirtualRun virtual_run;
  const auto metrics = std::make_shared<baton::MetricsObserver>();
  run_with_pause(virtual_run, metrics, false);
  const baton::MetricsSnapshot snapshot = metrics->snapshot();
  EXPECT_EQ(snapshot.runs[static_cast<std::size_t>(baton::RunState::running)], 0U);
  EXPECT_EQ(snapshot.runs[static_cast<std::size_t>(baton::RunState::succeeded)], 1U);
  EXPECT_EQ(snapshot.tasks[static_cast<std::size_t>(baton::TaskState::succeeded)], 2U);
  EXPECT_EQ(std::accumulate(snapshot.tasks.begin(), snapshot.tasks.end(), std::uint64_t{0}), 2U);
}

}  // namespace
