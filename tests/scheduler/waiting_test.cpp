// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>

#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using baton::Plan;
using baton::RunState;
using baton::UsageError;
using baton::Workflow;
using baton::test::message_of;
using baton::test::scaled;
using baton::test::Signal;
using testing::EndsWith;
using testing::StartsWith;

class Waiting : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Waiting);

TEST_P(Waiting, FromSeveralThreadsTwiceAndAfterTheEndReturns) {
  Signal go;
  Workflow flow;
  const auto task = flow.task([&] { return go.wait() ? 7 : 0; });
  const baton::Run run = scheduler.start(flow.build());
  std::atomic<int> sum{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        run.wait();
        run.wait();
        sum += run.result(task);
      });
    }
    go.set();
  }
  EXPECT_EQ(sum, 56);
  run.wait();
  EXPECT_TRUE(run.wait_for(baton::Duration(0)));
}

TEST_P(Waiting, ForATimeTellsWhetherTheRunHasEnded) {
  Signal go;
  Workflow flow;
  flow.task([&] { go.wait(); });
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_FALSE(run.wait_for(baton::Duration(0)));
  EXPECT_FALSE(run.wait_for(std::chrono::milliseconds(1)));
  EXPECT_FALSE(run.wait_for(baton::Duration(-5)));
  EXPECT_EQ(run.state(), RunState::running);
  go.set();
  EXPECT_TRUE(run.wait_for(std::chrono::hours(1)));
  EXPECT_TRUE(run.ended());
}

TEST_P(Waiting, ForAlmostForEverReturnsAtTheEnd) {
  Workflow flow;
  flow.task([] {});
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_TRUE(run.wait_for(baton::Duration::max()));
}

TEST_P(Waiting, IsNotNeeded) {
  std::atomic<int> calls{0};
  Workflow flow;
  for (int i = 0; i < 10; ++i) flow.task([&] { ++calls; });
  const Plan plan = flow.build();
  for (int i = 0; i < 100; ++i) static_cast<void>(scheduler.start(plan));
  scheduler.wait_all();
  EXPECT_EQ(calls, 1000);
}

TEST_P(Waiting, InATaskForAnotherRunHelps) {
  Workflow inner;
  const auto number = inner.task([] { return 21; });
  const Plan inner_plan = inner.build();
  Workflow outer;
  const auto twice = outer.task([&] { return 2 * scheduler.start(inner_plan).get(number); });
  EXPECT_EQ(scheduler.start(outer.build()).get(twice), 42);
}

TEST_P(Waiting, InManyTasksAtOnceForRunsOfTheirOwnEnds) {
  // Each worker waits, and each of their runs needs one.
  Workflow inner;
  std::vector<baton::Task<int>> parts;
  for (int i = 0; i < 8; ++i) parts.push_back(inner.task([i] { return i; }));
  const auto sum = inner.task(
      [](const baton::Values<int>& values) {
        int total = 0;
        for (const int value : values) total += value;
        return total;
      },
      parts);
  const Plan inner_plan = inner.build();
  Workflow outer;
  std::vector<baton::Task<int>> waits;
  for (int i = 0; i < 64; ++i) waits.push_back(outer.task([&] { return scheduler.start(inner_plan).get(sum); }));
  const Plan plan = outer.build();
  for (std::size_t round = 0; round < scaled(10); ++round) {
    const baton::Run run = scheduler.start(plan);
    run.wait();
    for (const auto& each : waits) EXPECT_EQ(run.result(each), 28);
  }
}

TEST_P(Waiting, NestedDeeperThanThereAreWorkersEnds) {
  const int depth = static_cast<int>(threads()) * 4 + 3;
  std::function<int(int)> descend = [&](int level) {
    if (level == 0) return 0;
    Workflow flow;
    const auto below = flow.task([&descend, level] { return descend(level - 1); });
    const auto beside = flow.task([] { return 1; });
    const auto sum = flow.task([](int a, int b) { return a + b; }, below, beside);
    return scheduler.start(flow.build()).get(sum);
  };
  EXPECT_EQ(descend(depth), depth);
}

TEST_P(Waiting, OfATreeOfRunsEnds) {
  std::function<int(int)> fibonacci = [&](int n) {
    if (n < 2) return n;
    Workflow flow;
    const auto a = flow.task([&fibonacci, n] { return fibonacci(n - 1); });
    const auto b = flow.task([&fibonacci, n] { return fibonacci(n - 2); });
    const auto sum = flow.task([](int x, int y) { return x + y; }, a, b);
    return scheduler.start(flow.build()).get(sum);
  };
  EXPECT_EQ(fibonacci(9), 34);
}

TEST_P(Waiting, InATaskForARunThatWasStartedOutsideEnds) {
  Signal go;
  Workflow inner;
  inner.task([&] { go.wait(); });
  const baton::Run first = scheduler.start(inner.build());
  Workflow outer;
  for (int i = 0; i < 16; ++i) outer.task([&] { first.wait(); });
  outer.task([&] { go.set(); });
  const baton::Run second = scheduler.start(outer.build());
  // With one worker, the first run holds it until `go`, which the caller has to give then.
  if (threads() == 1) go.set();
  second.wait();
  EXPECT_TRUE(second.succeeded());
}

TEST_P(Waiting, OnAWorkerOutsideATaskHelps) {
  Workflow flow;
  const auto number = flow.task([] { return 3; });
  const Plan plan = flow.build();
  EXPECT_EQ(pool->submit([&] { return scheduler.start(plan).get(number); }).get(), 3);
}

TEST_P(Waiting, ForItselfIsRefused) {
  baton::Run run;
  Signal started;
  Workflow flow{"nightly"};
  const auto message = flow.task("selfish", [&] {
    started.wait();
    return message_of<UsageError>([&] { run.wait(); });
  });
  run = scheduler.start(flow.build());
  started.set();
  EXPECT_EQ(run.get(message), "task 'selfish' of run " + std::to_string(run.id()) +
                                  " of workflow 'nightly' waits for its own run: neither could ever end");
}

TEST_P(Waiting, ForItselfByGetAndInANamelessTaskIsRefused) {
  baton::Run run;
  Signal started;
  Workflow flow;
  const auto message = flow.task([&] {
    started.wait();
    return message_of<UsageError>([&] { run.get(); });
  });
  run = scheduler.start(flow.build());
  started.set();
  EXPECT_EQ(run.get(message),
            "task '#0' of run " + std::to_string(run.id()) + " waits for its own run: neither could ever end");
}

// Each body runs the next plan on top of the stack; this thread is the only one.
TEST(WaitingByHand, OfAHundredBodiesOnOneStackIsAllThereMayBe) {
  for (const bool waits_itself : {false, true}) {
    baton::ManualExecutor executor;
    baton::Scheduler scheduler(executor);
    Workflow flow{"deep"};
    const auto depth = flow.input<int>("depth");
    Plan plan;
    std::string message;
    flow.task(
        "down",
        [&](int number) {
          const auto wait = [&] {
            baton::Inputs inputs = std::move(baton::Inputs().set(depth, number + 1));
            waits_itself ? scheduler.start(plan, std::move(inputs)).wait()
                         : static_cast<void>(scheduler.run(plan, std::move(inputs)));
          };
          if (number > 101) return;  // the run whose wait was refused
          if (number <= 100) {
            wait();
          } else {
            message = message_of<UsageError>(wait);
          }
        },
        depth);
    plan = flow.build();
    EXPECT_TRUE(scheduler.run(plan, baton::Inputs().set(depth, 1)).succeeded());
    EXPECT_THAT(message, StartsWith("task 'down' of run "));
    EXPECT_THAT(message, EndsWith(" of workflow 'deep' waits for another run, and 100 bodies wait further down on the "
                                  "same thread, whose stack could overflow; a sub-workflow waits without a thread"));
    executor.run_until_idle();
  }
}

TEST(WaitingByHand, ForARunThatWaitsForThisOneFurtherDownIsRefused) {
  // One thread: the inner task surely runs on top of the outer one.
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  baton::Run outer_run;
  std::string message;
  Workflow inner{"inner"};
  inner.task("down", [&] { message = message_of<UsageError>([&] { outer_run.wait(); }); });
  const Plan inner_plan = inner.build();
  std::optional<baton::Run> inner_run;
  Workflow outer{"outer"};
  outer.task("up", [&] {
    inner_run = scheduler.start(inner_plan);
    inner_run->wait();
  });
  outer_run = scheduler.start(outer.build());
  executor.run_until_idle();
  ASSERT_TRUE(outer_run.succeeded());
  EXPECT_EQ(message,
            "task 'down' of run " + std::to_string(inner_run->id()) + " of workflow 'inner' waits for run " +
                std::to_string(outer_run.id()) +
                " of workflow 'outer', whose task 'up' is waiting further down on the same thread: neither could "
                "ever end");
}

TEST(WaitingByHand, InATaskRunsTheOtherRunOnTheSameThread) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  std::function<int(int)> descend = [&](int level) {
    if (level == 0) return 0;
    Workflow flow;
    const auto below = flow.task([&descend, level] { return 1 + descend(level - 1); });
    return scheduler.start(flow.build()).get(below);
  };
  Workflow flow;
  const auto depth = flow.task([&] { return descend(20); });
  const baton::Run run = scheduler.start(flow.build());
  executor.run_until_idle();
  EXPECT_EQ(run.result(depth), 20);
}

TEST(WaitingByHand, OfAThreadEndsWhenAnotherDrivesTheExecutor) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  Workflow flow;
  flow.task([] {});
  const baton::Run run = scheduler.start(flow.build());
  std::jthread waiter([&] { run.wait(); });
  executor.run_until_idle();
}

TEST_P(Waiting, InATaskOfAnotherExecutorLeavesBodiesWhereTheyBelong) {
  // The bodies of a run belong to its scheduler's executor, also while a thread of another one waits.
  baton::test::CheckedPool other_pool(1);
  baton::Scheduler other(other_pool);
  std::atomic<int> elsewhere{0};
  Workflow inner;
  for (int i = 0; i < 20; ++i) inner.task([&] { elsewhere += !other_pool->on_worker(); });
  const Plan inner_plan = inner.build();
  Workflow outer;
  outer.task([&] { other.start(inner_plan).wait(); });
  const Plan plan = outer.build();
  for (int i = 0; i < 20; ++i) scheduler.start(plan).wait();
  EXPECT_EQ(elsewhere, 0);
}

}  // namespace
