// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/by_hand.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using baton::Context;
using baton::Plan;
using baton::RunState;
using baton::StartOptions;
using baton::TaskState;
using baton::Workflow;
using baton::test::scaled;
using baton::test::Signal;

struct RunDeadlineByHand : testing::Test, baton::test::ByHand {
  [[nodiscard]] baton::Duration now() const { return clock.now().time_since_epoch(); }
};

struct RunDeadline : testing::TestWithParam<std::size_t> {
  baton::VirtualClock clock;
  baton::test::CheckedPool pool{GetParam()};
  baton::Scheduler scheduler{pool, {.clock = &clock}};
};
BATON_ON_EACH_POOL(RunDeadline);

StartOptions within(baton::Duration deadline) {
  StartOptions options;
  options.deadline = deadline;
  return options;
}

/// Two tasks, one after the other, that take an hour each.
struct TwoHours {
  Workflow flow{"two hours"};
  baton::Task<void> first = flow.task("first", [](Context& context) { context.park_for(1h); });
  baton::Task<void> second = flow.task("second", [](Context& context) { context.park_for(1h); }).after(first);
  Plan plan = flow.build();
};

TEST_F(RunDeadlineByHand, CancelsWhatHasNotEnded) {
  const TwoHours two;
  const baton::Run run = scheduler.start(two.plan, within(90min));
  executor.run_until_idle();
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_EQ(run.state(two.first), TaskState::succeeded);
  EXPECT_EQ(run.state(two.second), TaskState::cancelled);
  EXPECT_EQ(now(), 90min);
  EXPECT_EQ(run.cancel_cause(), "it has not ended within its deadline of 5400 s");
  EXPECT_EQ(baton::test::message_of<baton::RunFailed>([&] { run.get(); }),
            "run " + std::to_string(run.id()) +
                " of workflow 'two hours' was cancelled: it has not ended within its deadline of 5400 s");
}

TEST_F(RunDeadlineByHand, IsGoneWhenTheRunEndsFirst) {
  const TwoHours two;
  const baton::Run run = scheduler.start(two.plan, within(30h));
  executor.run_until_idle();
  EXPECT_TRUE(run.succeeded());
  EXPECT_EQ(now(), 2h) << "time did not go on to it";
  EXPECT_EQ(run.cancel_cause(), "");
  scheduler.wait_all();

  const baton::Run cancelled = scheduler.start(two.plan, within(30h));
  executor.run_one();
  cancelled.cancel("by hand");
  executor.run_until_idle();
  EXPECT_EQ(cancelled.cancel_cause(), "by hand");
  EXPECT_LE(now(), 4h);
}

TEST_F(RunDeadlineByHand, AtTheVeryMomentOfTheEndDoesNotCount) {
  const TwoHours two;
  const baton::Run in_time = scheduler.start(two.plan, within(2h));
  executor.run_until_idle();
  EXPECT_TRUE(in_time.succeeded());
  const baton::Run late = scheduler.start(two.plan, within(2h - 1ns));
  executor.run_until_idle();
  EXPECT_EQ(late.state(), RunState::cancelled);
  const baton::Run between = scheduler.start(two.plan, within(1h));
  executor.run_until_idle();
  EXPECT_EQ(between.state(two.first), TaskState::succeeded) << "its time is over at that moment too";
  EXPECT_EQ(between.state(two.second), TaskState::cancelled);
}

TEST_F(RunDeadlineByHand, OfNothingStartsNothing) {
  for (const baton::Duration deadline : {0ns, -5ns}) {
    Workflow flow;
    flow.task([] { ADD_FAILURE() << "it was started"; });
    const baton::Run run = scheduler.start(flow.build(), within(deadline));
    executor.run_until_idle();
    EXPECT_EQ(run.state(), RunState::cancelled);
  }
  EXPECT_TRUE(scheduler.start(Workflow{}.build(), within(0ns)).succeeded()) << "there is nothing to be late";
  const TwoHours two;
  const baton::Run run = scheduler.start(two.plan, within(baton::Duration::max()));
  executor.run_until_idle();
  EXPECT_TRUE(run.succeeded());
}

TEST_F(RunDeadlineByHand, ReachesSubworkflowsAndPausedRuns) {
  const TwoHours two;
  Workflow outer;
  outer.subworkflow("inner", two.plan);
  const Plan plan = outer.build();
  const baton::Run parent = scheduler.start(plan, within(90min));
  executor.run_until_idle();
  EXPECT_EQ(parent.state(), RunState::cancelled);
  EXPECT_EQ(now(), 90min);

  StartOptions options = within(1h);
  options.paused = true;
  const baton::Run paused = scheduler.start(plan, std::move(options));
  executor.run_until_idle();
  EXPECT_EQ(paused.state(), RunState::cancelled) << "time goes on in a pause";
  EXPECT_EQ(now(), 150min);
}

TEST_P(RunDeadline, AsksBodiesThatKeepAllWorkersBusy) {
  baton::SteadyClock steady;
  baton::Scheduler real(pool, {.clock = &steady});
  Workflow flow;
  for (std::size_t i = 0; i < 2 * GetParam(); ++i) {
    flow.task([](Context& context) {
      while (!context.stop_requested()) std::this_thread::yield();
      context.throw_if_stopped();
    });
  }
  const baton::Run run = real.start(flow.build(), within(2ms));
  run.wait();
  EXPECT_EQ(run.counts()[TaskState::cancelled], 2 * GetParam());
}

TEST_P(RunDeadline, OfTenThousandRunsFireOnceEach) {
  const std::size_t size = scaled(10'000);
  const TwoHours two;
  std::vector<baton::Run> runs;
  runs.reserve(size);
  {
    const baton::VirtualClock::Hold hold(clock);
    for (std::size_t i = 0; i < size; ++i) {
      // A third is late at once, a third later, a third in time; all at times of their own.
      const baton::Duration own = std::chrono::nanoseconds(i) + 1us;
      const baton::Duration deadline = (i % 3 == 0 ? 30min : i % 3 == 1 ? 90min : 3h) + own;
      runs.push_back(scheduler.start(two.plan, within(deadline)));
    }
  }
  for (std::size_t i = 0; i < size; ++i) {
    runs[i].wait();
    ASSERT_EQ(runs[i].state(), i % 3 == 2 ? RunState::succeeded : RunState::cancelled) << i;
    ASSERT_EQ(runs[i].counts()[TaskState::succeeded], i % 3) << i;
  }
  scheduler.wait_all();
  EXPECT_EQ(clock.now().time_since_epoch(), 2h);
}

TEST_P(RunDeadline, RacingTheEndHasOneOutcome) {
  baton::SteadyClock steady;
  baton::Scheduler real(pool, {.clock = &steady});
  std::size_t in_time = 0;
  for (std::size_t round = 0; round < scaled(300); ++round) {
    Workflow flow;
    std::atomic<std::size_t> calls{0};
    for (int i = 0; i < 500; ++i) flow.task([&] { calls.fetch_add(1, std::memory_order_relaxed); });
    const baton::Run run = real.start(flow.build(), within(std::chrono::microseconds(round % 100 * 3)));
    run.wait();
    const baton::TaskCounts counts = run.counts();
    ASSERT_EQ(counts[TaskState::succeeded], calls);
    ASSERT_EQ(counts[TaskState::succeeded] + counts[TaskState::cancelled], 500U);
    ASSERT_EQ(run.state(), calls == 500U ? RunState::succeeded : RunState::cancelled);
    ASSERT_EQ(run.cancel_cause().empty(), calls == 500U);
    in_time += calls == 500U ? 1 : 0;
  }
  RecordProperty("in_time", static_cast<int>(in_time));
}

}  // namespace
