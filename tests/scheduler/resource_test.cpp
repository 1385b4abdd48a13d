// SPDX-License-Identifier: MIT
#include <baton/scheduler/scheduler.hpp>

#include "support/event_log.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using baton::Context;
using baton::DefinitionError;
using baton::Event;
using baton::Plan;
using baton::RunState;
using baton::StartOptions;
using baton::Task;
using baton::TaskState;
using baton::Workflow;
using baton::test::EventLog;
using baton::test::message_of;
using baton::test::scaled;
using baton::test::Signal;

/// Counts who is inside, and the most there ever were.
class Room {
 public:
  void enter(int size = 1) {
    const int now = inside_ += size;
    for (int most = most_; now > most && !most_.compare_exchange_weak(most, now);) {
    }
  }
  void leave(int size = 1) { inside_ -= size; }
  [[nodiscard]] int most() const { return most_; }
  [[nodiscard]] int inside() const { return inside_; }

 private:
  std::atomic<int> inside_{0};
  std::atomic<int> most_{0};
};

class Resources : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Resources);

TEST_P(Resources, AreNeverExceeded) {
  for (const int limit : {1, 2, 3}) {
    scheduler.resource("seat", static_cast<std::uint64_t>(limit));
    Room room;
    Workflow flow;
    for (std::size_t i = 0; i < scaled(500); ++i) {
      flow.task([&] {
            room.enter();
            std::this_thread::yield();
            room.leave();
          })
          .resource("seat");
    }
    scheduler.start(flow.build()).get();
    EXPECT_LE(room.most(), limit);
  }
}

TEST_P(Resources, AreReached) {
  const std::size_t limit = std::max<std::size_t>(1, threads() - 1);
  scheduler.resource("seat", limit);
  baton::test::Meeting meeting(limit);
  Workflow flow;
  for (std::size_t i = 0; i < 20 * limit; ++i) flow.task([&] { meeting.join(); }).resource("seat");
  scheduler.start(flow.build()).get();
}

TEST_P(Resources, AreSharedByAllRuns) {
  scheduler.resource("seat", 2);
  Room room;
  Workflow flow;
  for (int i = 0; i < 20; ++i) {
    flow.task([&] {
          room.enter();
          std::this_thread::yield();
          room.leave();
        })
        .resource("seat");
  }
  const Plan plan = flow.build();
  std::vector<baton::Run> runs;
  for (std::size_t i = 0; i < scaled(20); ++i) runs.push_back(scheduler.start(plan));
  for (const baton::Run& run : runs) run.get();
  EXPECT_LE(room.most(), 2);
}

TEST_P(Resources, SeveralAtOnceAreGotTogetherWithoutDeadlock) {
  const std::vector<std::string> names{"a", "b", "c", "d"};
  std::vector<Room> rooms(names.size());
  for (const std::string& name : names) scheduler.resource(name, 3);
  std::mt19937 random(5);
  Workflow flow;
  for (std::size_t i = 0; i < scaled(1000); ++i) {
    std::vector<std::size_t> wanted;
    for (int n = 0; n < 3; ++n) wanted.push_back(random() % names.size());
    const auto task = flow.task([&rooms, wanted] {
      for (const std::size_t room : wanted) rooms[room].enter();
      std::this_thread::yield();
      for (const std::size_t room : wanted) rooms[room].leave();
    });
    // In the order drawn, which differs from task to task; a name drawn twice is asked for twice.
    for (const std::size_t room : wanted) task.resource(names[room]);
  }
  scheduler.start(flow.build()).get();
  for (const Room& room : rooms) EXPECT_LE(room.most(), 3);
}

TEST_P(Resources, OfDifferentAmountsAreNeverExceeded) {
  scheduler.resource("memory", 10);
  Room room;
  std::mt19937 random(6);
  Workflow flow;
  for (std::size_t i = 0; i < scaled(500); ++i) {
    const int amount = 1 + static_cast<int>(random() % 10);
    flow.task([&room, amount] {
          room.enter(amount);
          std::this_thread::yield();
          room.leave(amount);
        })
        .resource("memory", static_cast<std::uint64_t>(amount));
  }
  scheduler.start(flow.build()).get();
  EXPECT_LE(room.most(), 10);
}

TEST_P(Resources, AskedForTwiceByATaskAddUp) {
  scheduler.resource("seat", 2);
  Workflow flow{"f"};
  const auto task = flow.task("task", [] { return 1; }).resource("seat").resource("seat");
  EXPECT_EQ(scheduler.start(flow.build()).get(task), 1);
  task.resource("seat");
  EXPECT_EQ(message_of<DefinitionError>([&] { scheduler.start(flow.build()); }),
            "plan 'f' cannot run: task 'task' asks for 3 of resource 'seat', of which there are only 2");
}

TEST_P(Resources, OfNoUnitAreNotAskedFor) {
  Workflow flow;
  const auto task = flow.task([] { return 1; }).resource("undeclared", 0);
  EXPECT_EQ(scheduler.start(flow.build()).get(task), 1);
}

TEST_P(Resources, ThatAreNotDeclaredOrTooSmallAreReportedAllAtOnce) {
  scheduler.resource("disk", 2);
  Workflow flow{"nightly"};
  flow.task("load", [] {}).resource("network").resource("disk", 3);
  flow.task([] {}).resource("disk", 2);
  flow.task("store", [] {}).resource("tape", 5);
  EXPECT_EQ(
      message_of<DefinitionError>([&] { scheduler.start(flow.build()); }),
      "plan 'nightly' cannot run: task 'load' asks for 1 of resource 'network', which the scheduler does not have; "
      "declare it by Scheduler::resource\n"
      "plan 'nightly' cannot run: task 'load' asks for 3 of resource 'disk', of which there are only 2\n"
      "plan 'nightly' cannot run: task 'store' asks for 5 of resource 'tape', which the scheduler does not have; "
      "declare it by Scheduler::resource");
  EXPECT_EQ(scheduler.running(), 0U);
}

TEST_P(Resources, AreGivenBackByFailuresCancelsAndParking) {
  scheduler.resource("seat", 1);
  for (std::size_t round = 0; round < scaled(20); ++round) {
    Workflow flow;
    flow.task([] { throw std::runtime_error("no"); }).resource("seat");
    flow.task([] { throw baton::Cancelled(); }).resource("seat");
    flow.task([](Context& context) { context.park_for(std::chrono::microseconds(10)); }).resource("seat");
    flow.task([](Context& context) {
          context.park_for(std::chrono::microseconds(10));
          throw 1;
        })
        .resource("seat");
    flow.task([] {}).resource("seat").after(flow.task([] { throw 2; }));
    const baton::Run run = scheduler.start(flow.build());
    run.wait();
    EXPECT_EQ(run.counts().ended(), 6U);
    const baton::Run cancelled = scheduler.start(flow.build());
    cancelled.cancel();
    cancelled.wait();
    Workflow last;
    last.task([] {}).resource("seat");
    scheduler.start(last.build()).get();
  }
}

TEST_P(Resources, AreKeptByAParkedTask) {
  scheduler.resource("seat", 1);
  Signal parked;
  StartOptions options;
  options.observers.push_back(std::make_shared<baton::test::CallingObserver>([&](const Event& event) {
    if (event.kind == Event::Kind::task_waiting && event.reason == baton::WaitReason::timer) parked.set();
  }));
  Workflow flow;
  flow.task([](Context& context) { context.park_for(std::chrono::hours(1)); }).resource("seat");
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  parked.wait();
  Workflow other;
  const auto task = other.task([] {}).resource("seat");
  const baton::Run waiter = scheduler.start(other.build());
  while (waiter.state(task) != TaskState::waiting) std::this_thread::yield();
  EXPECT_FALSE(waiter.ended());
  run.cancel();
  waiter.get();
}

TEST_P(Resources, WaitersHoldNoWorker) {
  scheduler.resource("seat", 1);
  Workflow holder;
  const auto holding = holder.task([](Context& context) { context.park_for(std::chrono::hours(1)); }).resource("seat");
  const baton::Run holds = scheduler.start(holder.build());
  while (holds.state(holding) != TaskState::waiting) std::this_thread::yield();
  Workflow crowd;
  for (int i = 0; i < 1000; ++i) crowd.task([] {}).resource("seat");
  const baton::Run waits = scheduler.start(crowd.build());
  while (waits.counts()[TaskState::waiting] < 1000) std::this_thread::yield();
  Workflow other;
  const auto number = other.task([] { return 1; });
  EXPECT_EQ(scheduler.start(other.build()).get(number), 1);
  EXPECT_FALSE(waits.ended());
  holds.cancel();
  waits.get();
}

TEST_P(Resources, WaitersAreServedInTheOrderOfRunAndPriority) {
  scheduler.resource("seat", 1);
  Workflow holder;
  const auto holding = holder.task([](Context& context) { context.park_for(std::chrono::hours(1)); }).resource("seat");
  const baton::Run holds = scheduler.start(holder.build());
  while (holds.state(holding) != TaskState::waiting) std::this_thread::yield();
  std::vector<int> order;
  Workflow flow;
  for (const int priority : {3, 1, 4, 1, 5, 9, 2, 6}) {
    flow.task([&order, priority] { order.push_back(priority); }).resource("seat").priority(priority);
  }
  std::atomic<int> queued{0};
  const auto counts = std::make_shared<baton::test::CallingObserver>(
      [&](const Event& event) { queued += event.kind == Event::Kind::task_waiting; });
  const auto start = [&](const Workflow& workflow) {
    StartOptions options;
    options.observers.push_back(counts);
    return scheduler.start(workflow.build(), std::move(options));
  };
  const baton::Run first = start(flow);
  while (queued < 8) std::this_thread::yield();
  Workflow later;
  later.task([&order] { order.push_back(0); }).resource("seat").priority(100);
  const baton::Run second = start(later);
  while (queued < 9) std::this_thread::yield();
  // Told, but one may not be in the queue yet: once every worker is at this meeting, all are.
  baton::test::Meeting meeting(threads());
  Workflow everybody;
  for (std::size_t i = 0; i < threads(); ++i) everybody.task([&] { meeting.join(); });
  scheduler.start(everybody.build()).get();
  holds.cancel();
  first.get();
  second.get();
  EXPECT_THAT(order, testing::ElementsAre(9, 6, 5, 4, 3, 2, 1, 1, 0));
}

TEST_P(Resources, ALargeRequestIsNotOvertakenForEver) {
  scheduler.resource("memory", 4);
  std::atomic<bool> large_ran{false};
  std::atomic<int> small_runs{0};
  Workflow big;
  big.task([&] { large_ran = true; }).resource("memory", 4);
  // Small ones keep coming, each started by the one before, until the large one has run.
  Workflow small;
  small.task([&] { ++small_runs; }).resource("memory", 1);
  const Plan plan = small.build();
  std::vector<baton::Run> runs;
  for (int i = 0; i < 8; ++i) runs.push_back(scheduler.start(plan));
  const baton::Run large = scheduler.start(big.build());
  for (int i = 0; !large_ran && i < 1'000'000; ++i) {
    runs.push_back(scheduler.start(plan));
    if (runs.size() > 16) {
      runs.front().wait();
      runs.erase(runs.begin());
    }
  }
  EXPECT_TRUE(large_ran);
  scheduler.wait_all();  // the last bodies use what stands above
}

TEST_P(Resources, ChangedWhileRunsGoOnTakeEffect) {
  scheduler.resource("seat", 1);
  baton::test::Meeting meeting(2);
  Workflow flow;
  if (threads() < 2) return;
  flow.task([&] { meeting.join(); }).resource("seat");
  flow.task([&] { meeting.join(); }).resource("seat");
  const Plan plan = flow.build();
  const baton::Run run = scheduler.start(plan);
  while (run.counts()[TaskState::waiting] == 0) std::this_thread::yield();
  scheduler.resource("seat", 2);
  run.get();
  scheduler.resource("seat", 1);
  EXPECT_NO_THROW(scheduler.start(plan).cancel());
  scheduler.wait_all();
}

TEST_P(Resources, MadeTooSmallForAWaiterLeaveItWaitingUntilTheyGrow) {
  scheduler.resource("seat", 2);
  Workflow holder;
  const auto holding =
      holder.task([](Context& context) { context.park_for(std::chrono::hours(1)); }).resource("seat", 2);
  const baton::Run holds = scheduler.start(holder.build());
  while (holds.state(holding) != TaskState::waiting) std::this_thread::yield();
  Workflow flow;
  const auto wants_two = flow.task([] {}).resource("seat", 2);
  const Plan plan = flow.build();
  const baton::Run run = scheduler.start(plan);
  while (run.state(wants_two) != TaskState::waiting) std::this_thread::yield();
  scheduler.resource("seat", 1);
  holds.cancel();
  holds.wait();
  EXPECT_EQ(run.state(wants_two), TaskState::waiting);
  scheduler.resource("seat", 2);
  run.get();
}

TEST_P(Resources, ATaskIsToldToWaitBeforeItStarts) {
  // The units may come on another thread before this one has told that they did not.
  scheduler.resource("seat", 1);
  for (std::size_t round = 0; round < scaled(10); ++round) {
    auto log = std::make_shared<EventLog>();
    StartOptions options;
    options.observers.push_back(log);
    Workflow flow;
    std::vector<Task<void>> tasks;
    for (int i = 0; i < 500; ++i) tasks.push_back(flow.task([] {}).resource("seat"));
    const baton::Run run = scheduler.start(flow.build(), std::move(options));
    run.wait();
    for (const auto& task : tasks) {
      const auto kinds = log->kinds_of(run.plan().id(task));
      const bool waited = kinds.size() == 4;
      ASSERT_TRUE(kinds.size() == 3 || waited);
      EXPECT_EQ(kinds[0], Event::Kind::task_ready);
      if (waited) {
        EXPECT_EQ(kinds[1], Event::Kind::task_waiting);
      }
      EXPECT_EQ(kinds[kinds.size() - 2], Event::Kind::task_started);
      EXPECT_EQ(kinds.back(), Event::Kind::task_ended);
    }
  }
}

}  // namespace
