// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/event_log.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <vector>

namespace {

using baton::Context;
using baton::Duration;
using baton::Event;
using baton::Plan;
using baton::RunState;
using baton::Scheduler;
using baton::StartOptions;
using baton::Task;
using baton::TaskState;
using baton::TimePoint;
using baton::VirtualClock;
using baton::Workflow;
using baton::test::EventLog;
using baton::test::Signal;
using namespace std::chrono_literals;

TimePoint at(Duration time) { return TimePoint(time); }

class Parking : public testing::TestWithParam<std::size_t> {
 protected:
  baton::test::CheckedPool pool{GetParam()};
  VirtualClock clock;
  Scheduler scheduler{pool, {.clock = &clock}};
};
BATON_ON_EACH_POOL(Parking);

TEST_P(Parking, TakesExactlyTheTimeAskedFor) {
  Workflow flow;
  const auto first = flow.task([](Context& context) { context.park_for(7ns); });
  const auto second = flow.task([](Context& context) {
                            const TimePoint now = context.now();
                            context.park_for(72h + 1ns);
                            return now;
                          })
                          .after(first);
  const auto third = flow.task([](Context& context) { return context.now(); }).after(second);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(second), at(7ns));
  EXPECT_EQ(run.result(third), at(72h + 8ns));
  EXPECT_EQ(clock.now(), at(72h + 8ns));
}

TEST_P(Parking, TasksSideBySideTakeTheLongestTime) {
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (int i = 1; i <= 500; ++i) {
    tasks.push_back(flow.task([i](Context& context) { context.park_for(std::chrono::milliseconds(i % 100 + 1)); }));
  }
  const auto end = flow.task([](Context& context) { return context.now(); });
  for (const auto& task : tasks) end.after(task);
  EXPECT_EQ(scheduler.start(flow.build()).get(end), at(100ms));
}

TEST_P(Parking, HoldsNoThread) {
  const std::size_t count = baton::test::scaled(10'000);
  std::atomic<std::size_t> waiting{0};
  Signal all_wait;
  StartOptions options;
  options.observers.push_back(std::make_shared<baton::test::CallingObserver>([&](const Event& event) {
    if (event.kind == Event::Kind::task_waiting && ++waiting == count) all_wait.set();
  }));
  Workflow flow;
  for (std::size_t i = 0; i < count; ++i) {
    flow.task([](Context& context) { context.park_for(std::chrono::hours(10)); });
  }
  auto hold = std::make_unique<VirtualClock::Hold>(clock);
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  all_wait.wait();
  EXPECT_EQ(run.counts()[TaskState::waiting], count);
  EXPECT_EQ(run.state(), RunState::running);
  // The workers are free.
  Workflow other;
  const auto number = other.task([] { return 1; });
  EXPECT_EQ(scheduler.start(other.build()).get(number), 1);
  hold.reset();
  run.wait();
  EXPECT_TRUE(run.succeeded());
  EXPECT_EQ(clock.now(), at(10h));
}

TEST_P(Parking, MakespanOfARandomGraphIsItsCriticalPath) {
  for (std::uint64_t seed = 1; seed <= baton::test::scaled(5); ++seed) {
    std::mt19937_64 random(seed);
    Workflow flow;
    std::vector<Task<void>> tasks;
    std::vector<std::int64_t> ends;
    std::int64_t critical = 0;
    for (std::size_t i = 0; i < 500; ++i) {
      const auto time = static_cast<std::int64_t>(random() % 1000);
      const auto task = flow.task([time](Context& context) { context.park_for(Duration(time)); });
      std::int64_t begin = 0;
      for (int edge = 0; edge < 3 && i > 0; ++edge) {
        const std::size_t before = random() % i;
        task.after(tasks[before]);
        begin = std::max(begin, ends[before]);
      }
      tasks.push_back(task);
      ends.push_back(begin + time);
      critical = std::max(critical, ends.back());
    }
    const TimePoint start = clock.now();
    scheduler.start(flow.build()).get();
    EXPECT_EQ(clock.now() - start, Duration(critical)) << "seed " << seed;
  }
}

TEST_P(Parking, MakespanOfAUnitResourceIsTheSum) {
  scheduler.resource("worker", 1);
  Workflow flow;
  for (int i = 1; i <= 100; ++i) {
    flow.task([i](Context& context) { context.park_for(Duration(i)); }).resource("worker");
  }
  scheduler.start(flow.build()).get();
  EXPECT_EQ(clock.now(), at(5050ns));
}

TEST_P(Parking, ForNoTimeOrLessEndsWithTheBody) {
  auto log = std::make_shared<EventLog>();
  scheduler.observe(log);
  Workflow flow;
  const auto zero = flow.task([](Context& context) { context.park_for(0ns); });
  const auto negative = flow.task([](Context& context) { context.park_for(-1h); });
  const auto lowest = flow.task([](Context& context) { context.park_for(Duration::min()); });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_TRUE(run.succeeded());
  EXPECT_EQ(clock.now(), at(0ns));
  for (const auto& task : {zero, negative, lowest}) {
    EXPECT_THAT(log->kinds_of(run.plan().id(task)),
                testing::ElementsAre(Event::Kind::task_ready, Event::Kind::task_started, Event::Kind::task_ended));
  }
}

TEST_P(Parking, TheLastCallCounts) {
  Workflow flow;
  flow.task([](Context& context) {
    context.park_for(5h);
    context.park_for(2h);
  });
  flow.task([](Context& context) {
    context.park_for(9h);
    context.park_for(0h);
  });
  scheduler.start(flow.build()).get();
  EXPECT_EQ(clock.now(), at(2h));
}

TEST_P(Parking, FailsAtTheEndOfTheTime) {
  auto log = std::make_shared<EventLog>();
  scheduler.observe(log);
  Workflow flow;
  const auto bad = flow.task([](Context& context) {
    context.park_for(3s);
    throw std::runtime_error("late");
  });
  const auto next = flow.task([] {}).after(bad);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(bad), TaskState::failed);
  EXPECT_EQ(run.state(next), TaskState::omitted);
  EXPECT_EQ(log->events_of(run.plan().id(bad)).back().time, at(3s));
  EXPECT_EQ(run.failures().front().message, "late");
}

TEST_P(Parking, ForAlmostForEverCanBeCancelled) {
  Signal waiting;
  StartOptions options;
  options.observers.push_back(std::make_shared<baton::test::CallingObserver>([&](const Event& event) {
    if (event.kind == Event::Kind::task_waiting) waiting.set();
  }));
  Workflow flow;
  const auto task = flow.task([](Context& context) { context.park_for(Duration::max()); });
  const VirtualClock::Hold hold(clock);
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  waiting.wait();
  EXPECT_EQ(run.state(task), TaskState::waiting);
  run.cancel();
  run.wait();
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST_P(Parking, ForAlmostForEverEndsAtTheEndOfTime) {
  Workflow flow;
  const auto first = flow.task([](Context& context) { context.park_for(1h); });
  flow.task([](Context& context) { context.park_for(Duration::max()); }).after(first);
  scheduler.start(flow.build()).get();
  EXPECT_EQ(clock.now(), TimePoint::max());
}

TEST_P(Parking, CancelledTimersDoNotMoveVirtualTime) {
  Signal waiting;
  StartOptions options;
  options.observers.push_back(std::make_shared<baton::test::CallingObserver>([&](const Event& event) {
    if (event.kind == Event::Kind::task_waiting) waiting.set();
  }));
  Workflow flow;
  flow.task([](Context& context) { context.park_for(5h); });
  {
    const VirtualClock::Hold hold(clock);
    const baton::Run run = scheduler.start(flow.build(), std::move(options));
    waiting.wait();
    run.cancel();
    run.wait();
    scheduler.wait_all();
  }
  EXPECT_EQ(clock.now(), at(0ns));
  Workflow next;
  next.task([](Context& context) { context.park_for(1ns); });
  scheduler.start(next.build()).get();
  EXPECT_EQ(clock.now(), at(1ns));
}

TEST_P(Parking, RunsThatBeginTogetherShareTime) {
  Workflow flow;
  flow.task([](Context& context) { context.park_for(10s); });
  const Plan plan = flow.build();
  std::vector<baton::Run> runs;
  {
    const VirtualClock::Hold hold(clock);
    for (int i = 0; i < 100; ++i) runs.push_back(scheduler.start(plan));
  }
  for (const baton::Run& run : runs) run.wait();
  EXPECT_EQ(clock.now(), at(10s));
}

TEST_P(Parking, TimeStandsWhileABodyRuns) {
  Signal go;
  Workflow flow;
  const auto busy = flow.task([&](Context& context) {
    go.wait();
    return context.now();
  });
  flow.task([](Context& context) { context.park_for(1h); });
  if (GetParam() == 1) go.set();
  const baton::Run run = scheduler.start(flow.build());
  go.set();
  EXPECT_EQ(run.get(busy), at(0ns));
}

TEST(ParkingByHand, WithAPolledClockIsDrivenByOneLoop) {
  baton::ManualExecutor executor;
  baton::PolledClock clock;
  Scheduler scheduler(executor, {.clock = &clock});
  std::vector<int> order;
  Workflow flow;
  const auto first = flow.task([&](Context& context) {
    order.push_back(1);
    context.park_for(2ms);
  });
  flow.task([&] { order.push_back(2); }).after(first);
  const baton::Run run = scheduler.start(flow.build());
  executor.run_until_idle();
  EXPECT_EQ(run.state(first), TaskState::waiting);
  ASSERT_TRUE(clock.next_deadline().has_value());
  while (!run.ended()) {  // what a host's loop does, without its sleep until next_deadline()
    clock.poll();
    executor.run_until_idle();
  }
  EXPECT_THAT(order, testing::ElementsAre(1, 2));
  EXPECT_EQ(clock.next_deadline(), std::nullopt);
}

TEST(ParkingInRealTime, TakesAtLeastTheTimeAskedFor) {
  baton::test::CheckedPool pool(2);
  Scheduler scheduler(pool);
  Workflow flow;
  const auto begin = flow.task([](Context& context) {
    const TimePoint now = context.now();
    context.park_for(5ms);
    return now;
  });
  const auto took = flow.task([](Context& context, TimePoint began) { return context.now() - began; }, begin);
  EXPECT_GE(scheduler.start(flow.build()).get(took), 5ms);
}

TEST(ParkingInRealTime, OfTenThousandTasksEnds) {
  baton::test::CheckedPool pool(2);
  Scheduler scheduler(pool);
  Workflow flow;
  for (int i = 0; i < 10'000; ++i) flow.task([i](Context& context) { context.park_for(std::chrono::microseconds(i)); });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_TRUE(run.succeeded());
}

}  // namespace
