// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>

#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

// Which ready task starts first, and where.
namespace {

using baton::Context;
using baton::Duration;
using baton::ManualExecutor;
using baton::Plan;
using baton::RunState;
using baton::Scheduler;
using baton::Task;
using baton::TaskState;
using baton::Workflow;
using baton::test::CheckedPool;
using baton::test::Signal;
using testing::ElementsAre;

/// What one worker that always takes the ready task with the highest priority, and of those the lowest id, would do.
std::vector<std::uint32_t> expected_order(const Plan& plan) {
  const auto before = [&](baton::TaskId a, baton::TaskId b) {
    return plan.priority(a) != plan.priority(b) ? plan.priority(a) > plan.priority(b) : a < b;
  };
  std::set<baton::TaskId, decltype(before)> ready(before);
  std::vector<std::size_t> missing(plan.size());
  for (std::uint32_t id = 0; id < plan.size(); ++id) {
    missing[id] = plan.predecessors(baton::TaskId{id}).size();
    if (missing[id] == 0) ready.insert(baton::TaskId{id});
  }
  std::vector<std::uint32_t> order;
  while (!ready.empty()) {
    const baton::TaskId next = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(plan.creation_index(next));
    for (const baton::TaskId after : plan.successors(next)) {
      if (--missing[index_of(after)] == 0) ready.insert(after);
    }
  }
  return order;
}

class OneWorker : public testing::Test {
 protected:
  CheckedPool pool{1};
  Scheduler scheduler{pool};

  /// The order in which the tasks of a graph with random priorities ran, and the one expected.
  void expect_strict_order(const baton::test::Shape& shape, std::uint64_t seed) {
    SCOPED_TRACE(shape.name);
    std::mt19937_64 random(seed);
    std::vector<std::uint32_t> order;
    Workflow flow;
    std::vector<Task<void>> tasks;
    for (std::uint32_t i = 0; i < shape.tasks; ++i) {
      tasks.push_back(flow.task([&order, i] { order.push_back(i); }).priority(static_cast<int>(random() % 10) - 5));
    }
    for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
    const Plan plan = flow.build();
    scheduler.start(plan).get();
    EXPECT_EQ(order, expected_order(plan));
  }
};

TEST_F(OneWorker, StartsReadyTasksStrictlyByPriority) {
  for (const auto& shape : baton::test::all_shapes(300)) expect_strict_order(shape, 1);
}

TEST_F(OneWorker, StartsReadyTasksStrictlyByPriorityInRandomGraphs) {
  for (std::uint64_t seed = 1; seed <= baton::test::scaled(50); ++seed) {
    expect_strict_order(baton::test::random_dag(50 + seed * 7, 1.5, seed), seed);
  }
}

TEST_F(OneWorker, NeverLetsAPriorityBreakADependency) {
  std::vector<int> order;
  Workflow flow;
  const auto low = flow.task([&] { order.push_back(1); }).priority(-100);
  flow.task([&] { order.push_back(2); }).priority(100).after(low);
  flow.task([&] { order.push_back(0); });
  scheduler.start(flow.build()).get();
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST_F(OneWorker, StartsTheLongestRemainingPathFirst) {
  std::vector<char> order;
  Workflow flow;
  flow.task([&] { order.push_back('s'); });
  const auto a = flow.task([&] { order.push_back('a'); });
  const auto b = flow.task([&] { order.push_back('b'); }).after(a);
  flow.task([&] { order.push_back('c'); }).after(b);
  scheduler.start(flow.build()).get();
  ASSERT_EQ(order.size(), 4U);
  EXPECT_EQ(order[0], 'a');
}

TEST_F(OneWorker, StartsTheLongestExpectedTimeFirst) {
  std::vector<char> order;
  Workflow flow;
  flow.task([&] { order.push_back('a'); }).expected_duration(Duration(1));
  flow.task([&] { order.push_back('b'); }).expected_duration(Duration(3));
  flow.task([&] { order.push_back('c'); }).expected_duration(Duration(2));
  scheduler.start(flow.build()).get();
  EXPECT_THAT(order, ElementsAre('b', 'c', 'a'));
}

TEST_F(OneWorker, RunsLowPrioritiesToo) {
  std::atomic<bool> ran{false};
  Workflow low;
  low.task([&] { ran = true; }).priority(-1000);
  Workflow high;
  for (int i = 0; i < 10; ++i) high.task([] {}).priority(1000);
  const Plan plan = high.build();
  std::vector<baton::Run> runs;
  const baton::Run run = scheduler.start(low.build());
  for (int i = 0; !ran && i < 100'000; ++i) {
    runs.push_back(scheduler.start(plan));
    if (runs.size() > 10) runs.erase(runs.begin());
  }
  run.wait();
  EXPECT_TRUE(ran);
}

class Pinned : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Pinned);

TEST_P(Pinned, TasksRunThereAndOnlyThere) {
  CheckedPool lane(1);
  std::atomic<int> right{0};
  std::atomic<int> wrong{0};
  Workflow flow;
  std::vector<Task<int>> above;
  for (int i = 0; i < 300; ++i) {
    const auto free = flow.task([&, i] {
      ++(pool->on_worker() ? right : wrong);
      return i;
    });
    above.push_back(flow.task(
                            [&](int value) {
                              ++(lane->on_worker() && !pool->on_worker() ? right : wrong);
                              return value;
                            },
                            free)
                        .on(lane));
    flow.task([&](int) { ++(pool->on_worker() ? right : wrong); }, above.back());
  }
  const auto sum = flow.task(
                           [&](const baton::Values<int>& values) {
                             ++(lane->on_worker() ? right : wrong);
                             int total = 0;
                             for (const int value : values) total += value;
                             return total;
                           },
                           above)
                       .on(lane);
  EXPECT_EQ(scheduler.start(flow.build()).get(sum), 299 * 300 / 2);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(right, 901);
}

TEST_P(Pinned, TasksStayThereWhenTheCallerWorksAlong) {
  CheckedPool lane(1);
  std::atomic<int> wrong{0};
  Workflow flow;
  for (int i = 0; i < 200; ++i) flow.task([&] { wrong += !lane->on_worker(); }).on(lane);
  EXPECT_TRUE(scheduler.run(flow.build()).succeeded());
  EXPECT_EQ(wrong, 0);
}

TEST_P(Pinned, ToTheSchedulersOwnExecutorRunThere) {
  std::atomic<int> wrong{0};
  Workflow flow;
  for (int i = 0; i < 200; ++i) {
    flow.task([&] { wrong += !pool->on_worker(); }).on(static_cast<baton::ThreadPool&>(pool));
  }
  EXPECT_TRUE(scheduler.start(flow.build()).wait_for(std::chrono::seconds(60)));
  EXPECT_TRUE(scheduler.run(flow.build()).succeeded());
  EXPECT_EQ(wrong, 0);
}

TEST_P(Pinned, TasksWaitForAHostsOwnThread) {
  ManualExecutor gui;
  const std::thread::id host = std::this_thread::get_id();
  std::atomic<int> wrong{0};
  Workflow flow;
  const auto work = flow.task([] { return 20; });
  const auto shown = flow.task(
                             [&](int value) {
                               wrong += std::this_thread::get_id() != host;
                               return value + 1;
                             },
                             work)
                         .on(gui);
  const auto after = flow.task([](int value) { return 2 * value; }, shown);
  const baton::Run run = scheduler.start(flow.build());
  while (run.state(shown) != TaskState::waiting) std::this_thread::yield();
  EXPECT_FALSE(run.ended());
  while (!run.ended()) gui.run_until_idle();
  EXPECT_EQ(run.get(after), 42);
  EXPECT_EQ(wrong, 0);
}

TEST_P(Pinned, BodyThatThrowsOrParksEndsAsElsewhere) {
  CheckedPool lane(1);
  scheduler.resource("seat", 1);
  Workflow flow;
  const auto bad = flow.task([]() -> int { throw std::runtime_error("no"); }).on(lane).resource("seat");
  const auto next = flow.task([](int value) { return value; }, bad).on(lane);
  const auto parks = flow.task([](Context& context) {
                           context.park_for(std::chrono::microseconds(100));
                           return context.task_name();
                         })
                         .on(lane)
                         .resource("seat");
  const auto name = flow.task([](const std::string& value) { return value; }, parks);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(bad), TaskState::failed);
  EXPECT_EQ(run.state(next), TaskState::omitted);
  EXPECT_EQ(run.result(name), "#2");
}

TEST_P(Pinned, TasksThatHaveNotStartedAreCancelled) {
  ManualExecutor gui;
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(flow.task([] { ADD_FAILURE() << "it was started"; }).on(gui));
  const baton::Run run = scheduler.start(flow.build());
  for (const auto& task : tasks) {
    while (run.state(task) != TaskState::waiting) std::this_thread::yield();
  }
  run.cancel();
  while (!run.ended()) gui.run_until_idle();
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST_P(Pinned, SubworkflowsAndWaitsInsideEnd) {
  CheckedPool lane(1);
  Workflow inner;
  const auto number = inner.task([] { return 4; });
  const Plan plan = inner.build();
  Workflow flow;
  const auto child = flow.subworkflow("child", plan, number).on(lane);
  const auto waits = flow.task([&](int value) { return value + scheduler.start(plan).get(number); }, child).on(lane);
  EXPECT_EQ(scheduler.start(flow.build()).get(waits), 8);
}

}  // namespace
