// SPDX-License-Identifier: MIT
#include <baton/observe/progress.hpp>

#include "observe/virtual_run.hpp"
#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

using namespace baton;
using namespace baton::test;

/// A progress observer without a thread, and what it has written.
struct Progress {
  explicit Progress(ProgressStyle style, Duration interval = {})
      : observer(std::make_shared<ProgressObserver>(ProgressOptions{
            .style = style, .out = &out, .interval = interval, .refresh = Duration{}, .unicode = false})) {}
  std::ostringstream out;
  std::shared_ptr<ProgressObserver> observer;
};

/// Four tasks that take a second each, one after the other, the last of which fails.
Plan four_seconds() {
  Workflow flow{"nightly"};
  auto last = flow.task("1", parking(1s));
  for (const std::string_view name : {"2", "3"}) last = flow.task(name, parking(1s)).after(last);
  flow.task("4",
            [](Context& context) {
              context.park_for(1s);
              throw std::runtime_error("no");
            })
      .after(last);
  return flow.build();
}

TEST(Progress, WritesLinesAtIntervals) {
  VirtualRun virtual_run;
  Progress progress(ProgressStyle::lines, 1500ms);
  virtual_run.run(four_seconds(), progress.observer);
  EXPECT_EQ(progress.out.str(),
            "nightly: 2 of 4 tasks ended, 2 s, 1.0/s\n"
            "nightly: 4 of 4 tasks ended, 1 failed, 4 s, 1.0/s\n"
            "nightly: 4 of 4 tasks ended, 1 failed, 4 s, 1.0/s\n");
}

TEST(Progress, DrawsABarInItsPlace) {
  VirtualRun virtual_run;
  Progress progress(ProgressStyle::bar, 1500ms);
  virtual_run.run(four_seconds(), progress.observer);
  EXPECT_EQ(progress.out.str(),
            "[................] 0 % 0/4, 0.0 s\x1b[K\n\x1b[J"
            "\r\x1b[1A[########........] 50 % 2/4, 2.0 s, 1.0/s\x1b[K\n\x1b[J"
            "\r\x1b[1A[################] 100 % 4/4, 1 failed, 4.0 s, 1.0/s\x1b[K\n\x1b[J"
            "\r\x1b[1A[################] 100 % 4/4, 1 failed, 4 s, 1.0/s\x1b[K\n\x1b[J");
}

TEST(Progress, DrawsABarTenTimesASecondAndLinesEachTwoSecondsUnlessToldOtherwise) {
  Workflow flow;
  auto last = flow.task(parking(10ms));
  for (int i = 1; i < 1000; ++i) last = flow.task(parking(10ms)).after(last);
  const Plan plan = flow.build();
  VirtualRun virtual_run;
  Progress bar(ProgressStyle::bar);
  Progress lines(ProgressStyle::lines);
  virtual_run.run(plan, bar.observer);
  virtual_run.run(plan, lines.observer);
  const std::string drawn = bar.out.str();
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), '\r'), 101);  // with the last, without the first
  const std::string written = lines.out.str();
  EXPECT_EQ(std::count(written.begin(), written.end(), '\n'), 6);
}

TEST(Progress, WithoutATerminalWritesLines) {
  VirtualRun virtual_run;
  Progress progress(ProgressStyle::automatic);
  virtual_run.run(plan_of(1), progress.observer);
  EXPECT_EQ(progress.out.str(), "1 of 1 task ended, 0 s\n");
}

TEST(Progress, WritesToStderrUnlessToldOtherwise) {
  VirtualRun virtual_run;
  testing::internal::CaptureStderr();
  virtual_run.run(plan_of(1, "n"), std::make_shared<ProgressObserver>(ProgressOptions{.style = ProgressStyle::lines}));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "n: 1 of 1 task ended, 0 s\n");
}

TEST(Progress, SilentWritesNothing) {
  VirtualRun virtual_run;
  Progress progress(ProgressStyle::silent);
  virtual_run.run(four_seconds(), progress.observer);
  EXPECT_EQ(progress.out.str(), "");
}

TEST(Progress, TakesAnEmptyRunAndANameOfAnyBytes) {
  VirtualRun virtual_run;
  Progress progress(ProgressStyle::bar);
  virtual_run.run(Plan{}, progress.observer);
  EXPECT_EQ(progress.out.str(),
            "[################] 100 % 0/0, 0.0 s\x1b[K\n\x1b[J"
            "\r\x1b[1A[################] 100 % 0/0, 0 s\x1b[K\n\x1b[J");
  Progress lines(ProgressStyle::lines);
  virtual_run.run(plan_of(1, "\x1b\n"), lines.observer);
  EXPECT_EQ(lines.out.str(), "\\x1b\\n: 1 of 1 task ended, 0 s\n");
}

TEST(Progress, CountsTasksThatNeverStartAsEnded) {
  VirtualRun virtual_run;
  Workflow flow;
  const auto first = flow.task([] { throw std::runtime_error("no"); });
  flow.task([] {}).after(first);
  flow.task([] {}).after(first);
  Progress progress(ProgressStyle::lines);
  virtual_run.run(flow.build(), progress.observer);
  EXPECT_EQ(progress.out.str(), "3 of 3 tasks ended, 1 failed, 0 s\n");
}

TEST(Progress, ShowsRunsThatOverlapAsOne) {
  VirtualRun virtual_run;
  Workflow short_flow{"short"};
  short_flow.task(parking(1s));
  Workflow long_flow{"long"};
  long_flow.task(parking(3s));
  Progress progress(ProgressStyle::lines, 500ms);
  virtual_run.scheduler.observe(progress.observer);
  {
    VirtualClock::Hold hold(virtual_run.clock);
    virtual_run.scheduler.start(long_flow.build());
    virtual_run.scheduler.start(short_flow.build());
    virtual_run.executor.run_until_idle();
  }
  virtual_run.executor.run_until_idle();
  EXPECT_EQ(progress.out.str(),
            "short: 1 of 2 tasks ended, 1 running, 1 s, 1.0/s\n"
            "short: 2 of 2 tasks ended, 3 s, 0.7/s\n"
            "short: 2 of 2 tasks ended, 3 s, 0.7/s\n");
}

TEST(Progress, TakesRunsWhoseStartItMissed) {
  const Plan plan = plan_of(2);
  Progress progress(ProgressStyle::bar);
  progress.observer->on_event(task_event(Event::Kind::task_ended, plan, 0, 1s, TaskState::succeeded));
  progress.observer->on_event(run_event(Event::Kind::run_ended, plan, 1s, RunState::succeeded));
  EXPECT_EQ(progress.out.str(), "");
}

class ProgressOnPool : public OnEachPool {};
BATON_ON_EACH_POOL(ProgressOnPool);

TEST_P(ProgressOnPool, TheLastLineIsComplete) {
  Progress progress(ProgressStyle::lines, 1ns);
  {
    Scheduler own{pool};
    own.start(plan_of(2000), {.observers = {progress.observer}});
    own.wait_all();
  }
  const std::string text = progress.out.str();
  const std::string last = text.substr(text.rfind('\n', text.size() - 2) + 1);
  EXPECT_EQ(last.rfind("2000 of 2000 tasks ended, ", 0), 0U) << last;
  EXPECT_EQ(last.find("running"), std::string::npos) << last;
}

}  // namespace
