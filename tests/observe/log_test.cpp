// SPDX-License-Identifier: MIT
#include <baton/observe/log.hpp>

#include <baton/observe/spdlog.hpp>

#include "observe/virtual_run.hpp"
#include "support/pools.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

using namespace baton;
using namespace baton::test;
using testing::ElementsAre;
using testing::IsEmpty;

/// A log observer and the lines it has written, each after its level.
struct Log {
  explicit Log(LogLevel level) {
    observer = std::make_shared<LogObserver>(LogOptions{level, [this](LogLevel line_level, std::string_view line) {
                                                          const std::lock_guard lock(mutex);
                                                          lines.push_back(std::string(to_string(line_level)) + " " +
                                                                          std::string(line));
                                                        }});
  }
  std::mutex mutex;
  std::vector<std::string> lines;
  std::shared_ptr<LogObserver> observer;
};

TEST(Log, TellsEachEventInALine) {
  VirtualRun virtual_run;
  Workflow flow{"nightly"};
  const auto load = flow.task("load", parking(1500ms));
  flow.task("clean", [] {}).after(load);
  Log log(LogLevel::trace);
  const auto run = virtual_run.run(flow.build(), log.observer);
  const std::string at = " run " + std::to_string(run.id()) + " 'nightly': ";
  const std::string worker = std::to_string(own_worker());
  EXPECT_THAT(log.lines, ElementsAre("info" + at + "started, 2 tasks",                                        //
                                     "trace" + at + "task 'load': ready",                                     //
                                     "debug" + at + "task 'load', attempt 1: started on worker " + worker,    //
                                     "trace" + at + "task 'load', attempt 1: waits for its time to be over",  //
                                     "debug" + at + "task 'load', attempt 1: succeeded after 1.5 s",          //
                                     "trace" + at + "task 'clean': ready",                                    //
                                     "debug" + at + "task 'clean', attempt 1: started on worker " + worker,   //
                                     "debug" + at + "task 'clean', attempt 1: succeeded after 0 s",           //
                                     "info" + at + "succeeded after 1.5 s: 2 succeeded"));
}

TEST(Log, SaysByItselfOnlyWhatMatters) {
  VirtualRun virtual_run;
  Workflow flow{"nightly"};
  const auto load = flow.task("load", [](Context& context) {
    context.park_for(1500ms);
    throw std::runtime_error("no such file:\norders.csv");
  });
  flow.task("clean", [] {}).after(load);
  flow.task("other", [] {});
  Log log(LogOptions{}.level);
  const auto run = virtual_run.run(flow.build(), log.observer);
  const std::string at = " run " + std::to_string(run.id()) + " 'nightly': ";
  EXPECT_THAT(log.lines,
              ElementsAre("info" + at + "started, 3 tasks",
                          "error" + at + "task 'load', attempt 1: failed after 1.5 s: no such file:\\norders.csv",
                          "info" + at + "task 'clean': omitted",
                          "error" + at + "failed after 1.5 s: 1 succeeded, 1 failed, 1 omitted"));
}

TEST(Log, KeepsToItsLevel) {
  VirtualRun virtual_run;
  Workflow flow{"nightly"};
  flow.task("load", [] { throw std::runtime_error("no"); });
  Log log(LogLevel::error);
  const auto run = virtual_run.run(flow.build(), log.observer);
  const std::string at = "error run " + std::to_string(run.id()) + " 'nightly': ";
  EXPECT_THAT(log.lines,
              ElementsAre(at + "task 'load', attempt 1: failed after 0 s: no", at + "failed after 0 s: 1 failed"));
}

TEST(Log, TellsOfCancelledRuns) {
  VirtualRun virtual_run;
  Workflow flow;
  flow.task(parking(1h));
  Log log(LogLevel::info);
  VirtualClock::Hold hold(virtual_run.clock);
  const auto run = virtual_run.scheduler.start(flow.build(), {.observers = {log.observer}});
  virtual_run.executor.run_until_idle();
  run.cancel();
  virtual_run.executor.run_until_idle();
  const std::string at = " run " + std::to_string(run.id()) + ": ";
  EXPECT_THAT(log.lines,
              ElementsAre("info" + at + "started, 1 task", "info" + at + "task '#0', attempt 1: cancelled after 0 s",
                          "warning" + at + "cancelled after 0 s: 1 cancelled"));
}

TEST(Log, WaitsAreTold) {
  VirtualRun virtual_run;
  virtual_run.scheduler.resource("licence", 1);
  Workflow inner{"inner"};
  inner.task("leaf", [] {});
  const Plan part = inner.build();
  Workflow flow;
  flow.task("a", parking(1s)).resource("licence");
  flow.task("b", [] {}).resource("licence");
  flow.subworkflow("part", part);
  Log log(LogLevel::trace);
  const auto run = virtual_run.run(flow.build(), log.observer);
  const std::string at = "trace run " + std::to_string(run.id()) + ": ";
  EXPECT_THAT(log.lines, testing::Contains(at + "task 'b': waits for a resource"));
  EXPECT_THAT(log.lines, testing::Contains(at + "task 'part', attempt 1: waits for its sub-workflow"));
}

TEST(Log, ShowsNamesAsOneLine) {
  VirtualRun virtual_run;
  Workflow flow{"a\nb"};
  flow.task(
      "\x1b"
      "c",
      [] { throw std::runtime_error("\xff"); });
  Log log(LogLevel::error);
  const auto run = virtual_run.run(flow.build(), log.observer);
  const std::string at = "error run " + std::to_string(run.id()) + " 'a\\nb': ";
  EXPECT_THAT(log.lines, testing::Contains(at + "task '\\x1bc', attempt 1: failed after 0 s: \\xff"));
}

TEST(Log, AnEmptyRunHasNoTasks) {
  VirtualRun virtual_run;
  Log log(LogLevel::info);
  const auto run = virtual_run.run(Workflow{"empty"}.build(), log.observer);
  const std::string at = "info run " + std::to_string(run.id()) + " 'empty': ";
  EXPECT_THAT(log.lines, ElementsAre(at + "started, 0 tasks", at + "succeeded after 0 s: no tasks"));
}

TEST(Log, WritesToStderrWithTimeAndLevelUnlessToldOtherwise) {
  VirtualRun virtual_run;
  testing::internal::CaptureStderr();
  const auto run = virtual_run.run(plan_of(1, "nightly"), std::make_shared<LogObserver>());
  const std::string text = testing::internal::GetCapturedStderr();
  const std::string time = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} ";
  const std::string at = "run " + std::to_string(run.id()) + " 'nightly': ";
  EXPECT_THAT(text, testing::MatchesRegex(time + "info    " + at + "started, 1 task\n" + time + "info    " + at +
                                          "succeeded after [^\n]*: 1 succeeded\n"));
  EXPECT_EQ(spdlog::get("baton"), nullptr) << "the registry of spdlog belongs to the host";
}

TEST(Log, ASinkThatThrowsDisturbsNothing) {
  VirtualRun virtual_run;
  const auto observer = std::make_shared<LogObserver>(
      LogOptions{LogLevel::trace, [](LogLevel, std::string_view) { throw std::runtime_error("disk full"); }});
  const auto run = virtual_run.run(plan_of(1), observer);
  EXPECT_TRUE(run.succeeded());
  EXPECT_EQ(virtual_run.scheduler.observer_errors(), 5U);  // started; ready, started, ended; ended
}

TEST(Log, GoesToALoggerOfTheHost) {
  VirtualRun virtual_run;
  std::ostringstream out;
  auto logger = std::make_shared<spdlog::logger>("host", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  logger->set_pattern("%n|%l|%v");
  const auto run = virtual_run.run(plan_of(1, "{}"), make_log_observer(logger));
  const std::string at = "host|info|run " + std::to_string(run.id()) + " '{}': ";
  EXPECT_EQ(out.str(), at + "started, 1 task\n" + at + "succeeded after 0 s: 1 succeeded\n");
}

class LogOnPool : public OnEachPool {};
BATON_ON_EACH_POOL(LogOnPool);

TEST_P(LogOnPool, WritesALineAnEvent) {
  Log log(LogLevel::trace);
  {
    Scheduler own{pool};
    own.observe(log.observer);
    for (int i = 0; i < 10; ++i) own.start(plan_of(100));
    own.wait_all();
  }
  EXPECT_EQ(log.lines.size(), 10U * (2 + 3 * 100));
}

}  // namespace
