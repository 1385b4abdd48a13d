// SPDX-License-Identifier: MIT
// Pausing a run while the parts of one task go on: elements of a map, runs of a map over a plan, spawned bodies.
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>

#include "support/pools.hpp"
#include "support/scale.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

namespace {

using baton::Context;
using baton::ManualExecutor;
using baton::Plan;
using baton::RunState;
using baton::TaskState;
using baton::Workflow;

std::vector<int> numbers(std::size_t count) {
  std::vector<int> all(count);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Adds to `flow` a task with 1000 parts, each of which calls `part`.
using AddParts = void (*)(Workflow& flow, const std::function<void()>& part);

void add_map(Workflow& flow, const std::function<void()>& part) {
  const auto items = flow.task("items", [] { return numbers(1000); });
  flow.map("parts", items, [&part](int) { part(); });
}

void add_map_of_runs(Workflow& flow, const std::function<void()>& part) {
  Workflow inner;
  const auto number = inner.input<int>("number");
  const auto out = inner.task(
      "part",
      [&part](int n) {
        part();
        return n;
      },
      number);
  const Plan plan = inner.build();
  const auto items = flow.task("items", [] { return numbers(1000); });
  flow.map("parts", items, plan, number, out);
}

void add_spawned(Workflow& flow, const std::function<void()>& part) {
  flow.task("parts", [&part](Context& context) {
    for (int i = 0; i < 1000; ++i) context.spawn([&part] { part(); });
  });
}

class PausingParts : public testing::TestWithParam<AddParts> {
 protected:
  ManualExecutor executor;
  baton::Scheduler scheduler{executor};
};
INSTANTIATE_TEST_SUITE_P(Of, PausingParts, testing::Values(&add_map, &add_map_of_runs, &add_spawned));

TEST_P(PausingParts, NoneStartsUntilTheRunIsResumed) {
  int calls = 0;
  baton::Run run;
  const std::function<void()> part = [&] {
    if (++calls % 100 == 0 && calls < 1000) run.pause();
  };
  Workflow flow;
  GetParam()(flow, part);
  run = scheduler.start(flow.build());
  executor.run_until_idle();
  for (int stops = 1; stops < 10; ++stops) {
    ASSERT_FALSE(run.ended());
    ASSERT_EQ(calls, stops * 100) << "nothing more started";
    run.resume();
    executor.run_until_idle();
  }
  EXPECT_EQ(calls, 1000);
  EXPECT_TRUE(run.succeeded());
}

TEST_P(PausingParts, ACancelEndsThePause) {
  int calls = 0;
  baton::Run run;
  const std::function<void()> part = [&] {
    if (++calls == 100) run.pause();
  };
  Workflow flow;
  GetParam()(flow, part);
  run = scheduler.start(flow.build());
  executor.run_until_idle();
  run.cancel();
  executor.run_until_idle();
  EXPECT_EQ(calls, 100);
  EXPECT_EQ(run.state(), RunState::cancelled);
}

class PausingPartsOnPools : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(PausingPartsOnPools);

TEST_P(PausingPartsOnPools, AStormOfPausesLosesAndDoublesNothing) {
  for (const AddParts add : {&add_map, &add_map_of_runs, &add_spawned}) {
    std::atomic<int> calls{0};
    const std::function<void()> part = [&] { ++calls; };
    Workflow flow;
    add(flow, part);
    const Plan plan = flow.build();
    for (std::size_t round = 0; round < baton::test::scaled(20); ++round) {
      calls = 0;
      const baton::Run run = scheduler.start(plan);
      {
        const auto storm = [&run] {
          for (int i = 0; i < 50; ++i) {
            run.pause();
            std::this_thread::yield();
            run.resume();
          }
        };
        const std::jthread one(storm);
        const std::jthread other(storm);
      }
      run.get();
      ASSERT_EQ(calls, 1000);
    }
  }
}

}  // namespace
