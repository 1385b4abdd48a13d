// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/counted.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

// What ends before what: schedulers, pools, runs and their handles.
namespace {

using baton::Context;
using baton::Plan;
using baton::RunState;
using baton::Scheduler;
using baton::TaskState;
using baton::Workflow;
using baton::test::CheckedPool;
using baton::test::scaled;
using baton::test::Signal;
using baton::test::Tally;

class Lifetime : public testing::TestWithParam<std::size_t> {
 protected:
  std::optional<CheckedPool> pool{std::in_place, GetParam()};
  std::optional<Scheduler> scheduler{std::in_place, *pool};
};
BATON_ON_EACH_POOL(Lifetime);

TEST_P(Lifetime, SchedulersComeAndGoIdleAndBusy) {
  Workflow flow;
  for (int i = 0; i < 5; ++i) flow.task([] {});
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(2000); ++round) {
    Scheduler short_lived(*pool);
    for (std::size_t i = 0; i < round % 4; ++i) static_cast<void>(short_lived.start(plan));
  }
}

TEST_P(Lifetime, DestroyingASchedulerCancelsARunningRunAndWaitsForIt) {
  Signal running;
  std::atomic<bool> returned{false};
  Workflow flow;
  const auto body = flow.task([&](Context& context) {
    running.set();
    while (!context.stop_requested()) std::this_thread::yield();
    returned = true;
  });
  flow.task([] { ADD_FAILURE() << "it was started"; }).after(body);
  const baton::Run run = scheduler->start(flow.build());
  running.wait();
  scheduler.reset();
  EXPECT_TRUE(returned);
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST_P(Lifetime, DestroyingASchedulerEndsPendingRuns) {
  Workflow first;
  std::atomic<int> calls{0};
  for (std::size_t i = 0; i < GetParam(); ++i) {
    first.task([&](Context& context) {
      ++calls;
      while (!context.stop_requested()) std::this_thread::yield();
    });
  }
  Workflow second;
  for (int i = 0; i < 100; ++i) second.task([] {});
  const Plan plan = second.build();
  std::vector<baton::Run> runs{scheduler->start(first.build())};
  while (calls < static_cast<int>(GetParam())) std::this_thread::yield();
  for (int i = 0; i < 50; ++i) runs.push_back(scheduler->start(plan));
  scheduler.reset();
  for (const baton::Run& run : runs) EXPECT_TRUE(run.ended());
  EXPECT_EQ(runs.back().state(), RunState::cancelled);
}

TEST_P(Lifetime, DestroyingASchedulerEndsParkedRuns) {
  Workflow flow;
  for (int i = 0; i < 100; ++i) flow.task([](Context& context) { context.park_for(std::chrono::hours(1)); });
  const baton::Run run = scheduler->start(flow.build());
  while (run.counts()[TaskState::waiting] < 100) std::this_thread::yield();
  scheduler.reset();
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST_P(Lifetime, DestroyingASchedulerEndsResourceWaiters) {
  scheduler->resource("seat", 1);
  Workflow flow;
  for (int i = 0; i < 100; ++i) {
    flow.task([](Context& context) { context.park_for(std::chrono::hours(1)); }).resource("seat");
  }
  const baton::Run run = scheduler->start(flow.build());
  while (run.counts()[TaskState::waiting] < 100) std::this_thread::yield();
  scheduler.reset();
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_EQ(run.counts()[TaskState::cancelled], 100U);
}

TEST_P(Lifetime, DestroyingASchedulerRightAfterStartingEnds) {
  Workflow inner;
  inner.task([](Context& context) { context.park_for(std::chrono::hours(1)); });
  Workflow flow;
  auto last = flow.task([] {});
  for (int i = 0; i < 20; ++i) last = flow.task([] {}).after(last);
  flow.subworkflow("child", inner.build());
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(200); ++round) {
    scheduler.emplace(*pool);
    const baton::Run run = scheduler->start(plan);
    for (std::size_t spin = 0; spin < round % 30; ++spin) std::this_thread::yield();
    scheduler.reset();
    ASSERT_TRUE(run.ended());
  }
}

TEST_P(Lifetime, NothingOfARunIsLeftWhenItsSchedulerIsGone) {
  // Also no value whose destructor a worker would still be in.
  for (std::size_t round = 0; round < scaled(300); ++round) {
    Tally tally;
    Workflow flow;
    for (int i = 0; i < 20; ++i) flow.task([&] { return baton::test::Counted(tally); });
    const Plan plan = flow.build();
    scheduler.emplace(*pool);
    static_cast<void>(scheduler->start(plan));
    scheduler.reset();
    ASSERT_EQ(tally.alive, 0);
  }
}

TEST_P(Lifetime, RunHandleOutlivesSchedulerAndPool) {
  Workflow flow{"f"};
  const auto number = flow.task("number", [] { return 3; });
  const auto bad = flow.task("bad", [] { throw std::runtime_error("no"); });
  baton::Run run = scheduler->start(flow.build());
  run.wait();
  scheduler.reset();
  pool.reset();
  EXPECT_EQ(run.result(number), 3);
  EXPECT_EQ(run.state(bad), TaskState::failed);
  EXPECT_EQ(run.failures().size(), 1U);
  EXPECT_EQ(run.counts().total(), 2U);
  EXPECT_EQ(run.states().size(), 2U);
  EXPECT_TRUE(run.wait_for(baton::Duration(0)));
  run.wait();
  run.cancel();
  int calls = 0;
  run.on_end([&](const baton::Run&) { ++calls; });
  EXPECT_EQ(calls, 1);
  EXPECT_THROW(run.get(), baton::RunFailed);
  const baton::Run copy = run;
  run = baton::Run();
  EXPECT_EQ(copy.plan().name(), "f");
}

TEST_P(Lifetime, HandlesAreCopiedMovedComparedAndDropped) {
  Workflow flow;
  flow.task([] {});
  const Plan plan = flow.build();
  baton::Run run = scheduler->start(plan);
  EXPECT_TRUE(static_cast<bool>(run));
  EXPECT_EQ(run.plan(), plan);
  const baton::Run copy = run;
  EXPECT_EQ(copy, run);
  const baton::Run moved = std::move(run);
  EXPECT_EQ(moved, copy);
  EXPECT_FALSE(static_cast<bool>(run));  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(baton::Run(), baton::Run());
  EXPECT_FALSE(static_cast<bool>(baton::Run()));
  run = scheduler->start(plan);
  EXPECT_NE(run, moved);
  run = copy;
  EXPECT_EQ(run, copy);
  run.wait();
}

TEST_P(Lifetime, HandlesAreDroppedFromManyThreadsAtOnce) {
  Workflow flow;
  Tally tally;
  flow.task([&] { return baton::test::Counted(tally); });
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(300); ++round) {
    std::vector<std::jthread> threads;
    const baton::Run run = scheduler->start(plan);
    for (int i = 0; i < 3; ++i) threads.emplace_back([copy = run] { static_cast<void>(copy.state()); });
  }
  scheduler.reset();
  EXPECT_EQ(tally.alive, 0);
}

TEST_P(Lifetime, CallbackAtTheEndIsCalledOnce) {
  std::atomic<int> calls{0};
  Signal go;
  Workflow flow;
  flow.task([&] { go.wait(); });
  const baton::Run run = scheduler->start(flow.build());
  for (int i = 0; i < 10; ++i) {
    run.on_end([&](const baton::Run& ended) {
      EXPECT_EQ(ended, run);
      EXPECT_TRUE(ended.ended());
      ended.wait();
      ++calls;
    });
  }
  EXPECT_EQ(calls, 0);
  go.set();
  run.wait();
  scheduler->wait_all();
  EXPECT_EQ(calls, 10);
  run.on_end([&](const baton::Run&) { ++calls; });
  EXPECT_EQ(calls, 11) << "at once after the end";
}

TEST_P(Lifetime, CallbackAddedWhileTheRunEndsIsCalledOnce) {
  Workflow flow;
  flow.task([] {});
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(2000); ++round) {
    std::atomic<int> calls{0};
    const baton::Run run = scheduler->start(plan);
    for (std::size_t spin = 0; spin < round % 20; ++spin) std::this_thread::yield();
    run.on_end([&](const baton::Run&) { ++calls; });
    run.wait();
    scheduler->wait_all();
    ASSERT_EQ(calls, 1);
  }
}

TEST_P(Lifetime, CallbackMayStartTheNextRun) {
  std::atomic<int> calls{0};
  Signal done;
  Workflow flow;
  flow.task([&] { ++calls; });
  const Plan plan = flow.build();
  std::function<void(const baton::Run&)> again = [&](const baton::Run&) {
    if (calls < 1000) {
      scheduler->start(plan).on_end(again);
    } else {
      done.set();
    }
  };
  scheduler->start(plan).on_end(again);
  done.wait();
  scheduler->wait_all();
  EXPECT_EQ(calls, 1000);
}

TEST_P(Lifetime, CallbackThatThrowsIsCounted) {
  Workflow flow;
  flow.task([] {});
  const baton::Run run = scheduler->start(flow.build());
  run.on_end([](const baton::Run&) { throw 1; });
  run.wait();
  scheduler->wait_all();
  EXPECT_EQ(scheduler->observer_errors(), 1U);
  EXPECT_NO_THROW(run.on_end([](const baton::Run&) { throw 2; }));
  EXPECT_EQ(scheduler->observer_errors(), 2U);
}

TEST_P(Lifetime, CallbackMayDropTheLastHandle) {
  auto run = std::make_unique<baton::Run>();
  Signal go;
  Signal dropped;
  Workflow flow;
  flow.task([&] { go.wait(); });
  *run = scheduler->start(flow.build());
  run->on_end([&](const baton::Run&) {
    run.reset();
    dropped.set();
  });
  go.set();
  dropped.wait();
  scheduler->wait_all();
}

TEST(LifetimeByHand, DestroyingASchedulerWhoseExecutorNobodyDrivesEnds) {
  baton::ManualExecutor executor;
  std::optional<Scheduler> scheduler(std::in_place, executor);
  Workflow flow;
  flow.task([] { ADD_FAILURE() << "it was started"; });
  const baton::Run run = scheduler->start(flow.build());
  baton::test::expect_to_end([&] { scheduler.reset(); }, [&] { executor.run_until_idle(); });
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST(LifetimeByHand, WaitingForAllRunsOfAnExecutorThatNobodyElseDrivesEnds) {
  baton::ManualExecutor executor;
  Scheduler scheduler(executor);
  std::atomic<int> calls{0};
  Workflow flow;
  flow.task([&] { ++calls; });
  const baton::Run run = scheduler.run(flow.build());
  EXPECT_EQ(calls, 1);
  baton::test::expect_to_end([&] { scheduler.wait_all(); }, [&] { executor.run_until_idle(); });
  EXPECT_EQ(scheduler.running(), 0U);
}

TEST(LifetimeByHand, AClockOutlivesTheSchedulersThatUseIt) {
  baton::VirtualClock clock;
  CheckedPool pool(2);
  for (std::size_t round = 0; round < scaled(200); ++round) {
    Scheduler scheduler(pool, {.clock = &clock});
    Workflow flow;
    for (int i = 0; i < 5; ++i) flow.task([i](Context& context) { context.park_for(std::chrono::seconds(i)); });
    const baton::Run run = scheduler.start(flow.build());
    if (round % 2 == 0) run.wait();
  }
}

}  // namespace
