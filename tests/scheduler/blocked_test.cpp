// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

// Bodies that wait for other runs, and what goes on with the run that they belong to meanwhile.
namespace {

using baton::Context;
using baton::ManualExecutor;
using baton::Plan;
using baton::RunState;
using baton::Scheduler;
using baton::Task;
using baton::TaskState;
using baton::TimePoint;
using baton::VirtualClock;
using baton::Workflow;
using baton::test::CheckedPool;
using baton::test::scaled;
using baton::test::Signal;
using namespace std::chrono_literals;

class Blocked : public baton::test::OnEachPool {
 protected:
  /// A run with one task, which waits until `go` is set.
  baton::Run start_gate(Signal& go) {
    Workflow gate;
    gate.task([](Context& context) { context.park_for(1h); });
    baton::Run run = scheduler.start(gate.build());
    closers.emplace_back([run, &go] {
      go.wait();
      run.cancel();
    });
    return run;
  }
  std::vector<std::jthread> closers;
};
BATON_ON_EACH_POOL(Blocked);

TEST_P(Blocked, BodiesLeaveTheOtherTasksOfTheirRunToOthers) {
  // More of them than there are workers and places, and the last task lets them go on.
  for (std::size_t round = 0; round < scaled(5); ++round) {
    Signal go;
    const baton::Run gate = start_gate(go);
    Workflow flow;
    for (int i = 0; i < 20; ++i) flow.task([&] { gate.wait(); }).priority(1);
    flow.task([&] { go.set(); });
    const baton::Run run = scheduler.start(flow.build());
    run.wait();
    EXPECT_TRUE(run.succeeded());
  }
}

TEST_P(Blocked, BodiesLeaveTheirSuccessorsAndTheirOwnEndInOrder) {
  Signal go;
  const baton::Run gate = start_gate(go);
  std::atomic<int> early{0};
  std::atomic<bool> open{false};
  Workflow flow;
  std::vector<Task<int>> waits;
  for (int i = 0; i < 20; ++i) {
    waits.push_back(flow.task([&, i] {
      gate.wait();
      return i;
    }));
    flow.task([&](int) { early += !open; }, waits.back());
  }
  const auto sum = flow.task(
      [](const baton::Values<int>& values) {
        int total = 0;
        for (const int value : values) total += value;
        return total;
      },
      waits);
  flow.task([&] {
        open = true;
        go.set();
      })
      .priority(-1);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(sum), 190);
  run.wait();
  EXPECT_EQ(early, 0);
}

TEST_P(Blocked, BodiesThatFailOrParkOrCallAfterwardsEndAsElsewhere) {
  scheduler.resource("seat", 1);
  for (std::size_t round = 0; round < scaled(5); ++round) {
    Signal go;
    const baton::Run gate = start_gate(go);
    Workflow flow;
    const auto bad = flow.task([&]() -> int {
      gate.wait();
      throw std::runtime_error("after the wait");
    });
    const auto omitted = flow.task([](int value) { return value; }, bad);
    const auto parks = flow.task([&](Context& context) {
      gate.wait();
      context.park_for(1us);
      return 2;
    });
    const auto parked = flow.task([](int value) { return value; }, parks);
    const auto holds = flow.task([&] {
                             gate.wait();
                             return 3;
                           })
                           .resource("seat");
    const auto held = flow.task([](int value) { return value; }, holds).resource("seat");
    const auto gives_up = flow.task([&] {
      gate.wait();
      throw baton::Cancelled();
    });
    flow.task([&] { go.set(); }).priority(-1);
    const baton::Run run = scheduler.start(flow.build());
    run.wait();
    EXPECT_EQ(run.state(bad), TaskState::failed);
    EXPECT_EQ(run.state(omitted), TaskState::omitted);
    EXPECT_EQ(run.result(parked), 2);
    EXPECT_EQ(run.result(held), 3);
    EXPECT_EQ(run.state(gives_up), TaskState::cancelled);
  }
}

TEST_P(Blocked, BodiesOfACancelledRunEndIt) {
  Signal go;
  const baton::Run gate = start_gate(go);
  std::atomic<std::size_t> inside{0};
  Workflow flow;
  for (int i = 0; i < 8; ++i) {
    flow.task([&] {
          ++inside;
          gate.wait();
        })
        .before(flow.task([] { ADD_FAILURE() << "it was started"; }));
  }
  const baton::Run run = scheduler.start(flow.build());
  while (inside < 8) std::this_thread::yield();
  run.cancel();
  EXPECT_FALSE(run.ended()) << "the bodies have not returned";
  go.set();
  run.wait();
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST_P(Blocked, BodiesThatWaitTwiceEnd) {
  Workflow inner;
  const auto number = inner.task([] { return 1; });
  const Plan plan = inner.build();
  Workflow flow;
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 50; ++i) {
    tasks.push_back(flow.task([&] {
      int total = 0;
      for (int round = 0; round < 20; ++round) total += scheduler.start(plan).get(number);
      return total;
    }));
  }
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  for (const auto& task : tasks) EXPECT_EQ(run.result(task), 20);
}

TEST_P(Blocked, WaitForInABodyTellsWhetherTheOtherHasEnded) {
  Signal go;
  const baton::Run gate = start_gate(go);
  Workflow flow;
  const auto ended = flow.task([&] {
    const bool before = gate.wait_for(1ms);
    go.set();
    return !before && gate.wait_for(1h);
  });
  const auto beside = flow.task([] { return true; });
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_TRUE(run.get(ended));
  EXPECT_TRUE(run.result(beside));
}

TEST(BlockedByHand, WaitForNeverCallsBodies) {
  ManualExecutor executor;
  Scheduler scheduler(executor);
  bool inside = false;
  bool nested = false;
  Workflow other;
  other.task([&] { nested = nested || inside; });
  const Plan plan = other.build();
  Workflow flow;
  const auto ended = flow.task([&] {
    const baton::Run run = scheduler.start(plan);
    inside = true;
    const bool result = run.wait_for(2ms);
    inside = false;
    return result;
  });
  const baton::Run run = scheduler.start(flow.build());
  executor.run_until_idle();
  EXPECT_FALSE(run.result(ended));
  EXPECT_FALSE(nested);
}

TEST(BlockedByHand, VirtualTimeIsExactUnderNestedWaits) {
  // One thread: each wait is on top of the one before, and others' work runs on top of them.
  ManualExecutor executor;
  VirtualClock clock;
  Scheduler scheduler(executor, {.clock = &clock});
  std::vector<std::string> wrong;
  const auto expect_now = [&](const std::string& who, baton::Duration expected) {
    if (clock.now() != TimePoint(expected)) {
      wrong.push_back(who + " at " + std::to_string(clock.now().time_since_epoch().count()));
    }
  };
  std::function<void(int)> descend = [&](int depth) {
    Workflow flow;
    const auto parks = flow.task([&, depth](Context& context) {
      expect_now("parks " + std::to_string(depth), 0ns);
      context.park_for(std::chrono::seconds(depth + 1));
    });
    flow.task([&, depth] { expect_now("parked " + std::to_string(depth), std::chrono::seconds(depth + 1)); })
        .after(parks);
    if (depth > 0) {
      flow.task([&, depth] {
        descend(depth - 1);
        expect_now("descended " + std::to_string(depth), std::chrono::seconds(depth));
      });
    }
    scheduler.start(flow.build()).wait();
  };
  Workflow outer;
  outer.task([&] {
    descend(4);
    expect_now("end", 5s);
  });
  const baton::Run run = scheduler.start(outer.build());
  executor.run_until_idle();
  EXPECT_TRUE(run.succeeded());
  EXPECT_EQ(wrong, std::vector<std::string>());
}

TEST_P(Blocked, VirtualTimeIsExactUnderNestedWaits) {
  VirtualClock clock;
  Scheduler timed(pool, {.clock = &clock});
  std::atomic<int> wrong{0};
  std::function<void(int)> descend = [&](int depth) {
    Workflow flow;
    const auto parks = flow.task([depth](Context& context) { context.park_for(std::chrono::seconds(depth + 1)); });
    flow.task([&, depth] { wrong += clock.now() != TimePoint(std::chrono::seconds(depth + 1)); }).after(parks);
    if (depth > 0) {
      flow.task([&, depth] {
        descend(depth - 1);
        wrong += clock.now() != TimePoint(std::chrono::seconds(depth));
      });
    }
    timed.start(flow.build()).wait();
  };
  Workflow outer;
  outer.task([&] { descend(4); });
  const baton::Run run = timed.start(outer.build());
  run.wait();
  EXPECT_TRUE(run.succeeded());
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(clock.now(), TimePoint(5s));
}

TEST(BlockedWithoutSpareThreads, WorkThatAWaiterCouldDoIsDoneByAnotherWhileItIsBusy) {
  // The waiter runs others' work meanwhile, here a body that needs what its own run still has to do.
  CheckedPool pool(baton::ThreadPoolOptions{.threads = 2, .spare_threads = 0});
  Scheduler scheduler(pool);
  scheduler.resource("seat", 1);
  Signal held;
  Signal taken_up;
  Signal done;
  Workflow holder;
  holder
      .task([&] {
        held.set();
        taken_up.wait();
      })
      .resource("seat");
  Workflow awaited;
  const auto waits = awaited.task([&] { done.set(); }).resource("seat");
  const Plan plan = awaited.build();
  std::atomic<bool> waiting{false};
  Workflow outer;
  outer.task([&] {
    const baton::Run run = scheduler.start(plan);
    waiting = true;
    run.wait();
  });
  Workflow needs;
  needs.task([&] {
    taken_up.set();
    done.wait();
  });
  const baton::Run holds = scheduler.start(holder.build());
  held.wait();
  const baton::Run outer_run = scheduler.start(outer.build());
  while (!waiting) std::this_thread::yield();
  const baton::Run needy = scheduler.start(needs.build());
  needy.wait();
  outer_run.wait();
  static_cast<void>(waits);
}

}  // namespace
