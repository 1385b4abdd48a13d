// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>

#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

namespace {

using baton::Plan;
using baton::RunState;
using baton::TaskState;
using baton::Workflow;
using baton::test::Recorder;
using baton::test::scaled;
using baton::test::Shape;

class Order : public baton::test::OnEachPool {
 protected:
  void expect_right(const Shape& shape, std::size_t rounds = 1) {
    SCOPED_TRACE(shape.name);
    Recorder recorder(shape);
    const Plan plan = recorder.plan();
    for (std::size_t round = 0; round < rounds; ++round) {
      const baton::Run run = scheduler.start(plan);
      run.wait();
      ASSERT_EQ(run.state(), RunState::succeeded);
      ASSERT_EQ(run.counts()[TaskState::succeeded], shape.tasks);
      recorder.expect_one_run();
    }
  }
};
BATON_ON_EACH_POOL(Order);

TEST_P(Order, OfEachShapeIsKept) {
  for (const Shape& shape : baton::test::all_shapes(scaled(500))) expect_right(shape, 3);
}

TEST_P(Order, OfManySmallRandomGraphsIsKept) {
  for (std::uint64_t seed = 100; seed < 100 + scaled(200); ++seed) {
    expect_right(baton::test::random_dag(1 + seed % 97, static_cast<double>(seed % 5), seed), 2);
  }
}

TEST_P(Order, OfLargeRandomGraphsIsKept) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) expect_right(baton::test::random_dag(scaled(20'000), 3, seed));
}

TEST_P(Order, OfAJoinOf1000And100000ParentsIsKept) {
  for (const std::size_t width : std::initializer_list<std::size_t>{63, 64, 65, 1000, 63 * 63 + 1, 100'000}) {
    Shape shape{"join_of_" + std::to_string(width), static_cast<std::uint32_t>(width + 1)};
    for (std::size_t task = 0; task < width; ++task) shape.edge(task, width);
    expect_right(shape, 2);
  }
}

TEST_P(Order, OfAForkTo1000ChildrenIsKept) {
  Shape shape{"fork", 1001};
  for (std::size_t task = 1; task <= 1000; ++task) shape.edge(0, task);
  expect_right(shape, scaled(20));
}

TEST_P(Order, OfTwoWideJoinsAndTheirForkIsKept) {
  expect_right(baton::test::complete_bipartite(300, 300), 2);
  Shape shape{"fans_in_a_row", 1};
  for (int fan = 0; fan < 20; ++fan) {
    const std::size_t head = shape.tasks - 1;
    for (std::size_t task = 1; task <= 200; ++task) {
      shape.edge(head, head + task);
      shape.edge(head + task, head + 201);
    }
    shape.tasks += 201;
  }
  expect_right(shape, 5);
}

TEST_P(Order, IsKeptAlsoWithPriorities) {
  const Shape shape = baton::test::random_dag(scaled(2000), 3, 17);
  Recorder recorder(shape);
  for (std::size_t task = 0; task < shape.tasks; ++task) recorder.handles()[task].priority(static_cast<int>(task % 7));
  const baton::Run run = scheduler.start(recorder.plan());
  run.wait();
  EXPECT_TRUE(run.succeeded());
  recorder.expect_one_run();
}

TEST_P(Order, IsKeptAlsoWhenObserved) {
  class Nobody : public baton::Observer {
    void on_event(const baton::Event&) override {}
  };
  scheduler.observe(std::make_shared<Nobody>());
  for (const Shape& shape : baton::test::all_shapes(200)) expect_right(shape, 2);
}

TEST_P(Order, IsKeptByTheCallingThreadThatWorksAlong) {
  for (const Shape& shape : baton::test::all_shapes(300)) {
    SCOPED_TRACE(shape.name);
    Recorder recorder(shape);
    const baton::Run run = scheduler.run(recorder.plan());
    EXPECT_EQ(run.state(), RunState::succeeded);
    recorder.expect_one_run();
  }
}

TEST_P(Order, EmptyPlanEndsAtOnce) {
  const baton::Run run = scheduler.start(Workflow{"empty"}.build());
  EXPECT_EQ(run.state(), RunState::succeeded);
  EXPECT_EQ(run.counts().total(), 0U);
  run.wait();
  run.get();
  EXPECT_TRUE(scheduler.run(Plan{}).succeeded());
}

TEST_P(Order, AChildStartsThoughItsParentsLevelHasNotEnded) {
  // `slow` does not return before the grandchild of its sibling has run.
  std::atomic<bool> reached{false};
  Workflow flow;
  const auto quick = flow.task([] {});
  const auto next = flow.task([] {}).after(quick);
  flow.task([&] {
        reached = true;
        reached.notify_all();
      })
      .after(next);
  if (threads() > 1) flow.task([&] { reached.wait(false); });
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_TRUE(run.wait_for(std::chrono::seconds(60)));
}

TEST(RunFunction, RunsAWorkflowOnAllCores) {
  for (const Shape& shape : baton::test::all_shapes(100)) {
    SCOPED_TRACE(shape.name);
    Recorder recorder(shape);
    const baton::Run run = baton::run(recorder.workflow());
    EXPECT_TRUE(run.succeeded());
    recorder.expect_one_run();
  }
}

TEST(RunFunction, TellsOfFailuresByTheRun) {
  Workflow flow;
  const auto task = flow.task("load", []() -> int { throw std::runtime_error("no file"); });
  const baton::Run run = baton::run(flow);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_THROW(run.get(task), baton::RunFailed);
}

TEST(RunFunction, ThrowsForAWrongWorkflow) {
  Workflow flow;
  const auto task = flow.task([] {});
  task.after(task);
  EXPECT_THROW(static_cast<void>(baton::run(flow)), baton::DefinitionError);
  Workflow needs_input;
  needs_input.input<int>("x");
  EXPECT_THROW(static_cast<void>(baton::run(needs_input)), baton::DefinitionError);
}

TEST(OrderByHand, OnAManualExecutorIsKeptByOneThread) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  for (const Shape& shape : baton::test::all_shapes(300)) {
    SCOPED_TRACE(shape.name);
    Recorder recorder(shape);
    const baton::Run run = scheduler.start(recorder.plan());
    EXPECT_EQ(run.ended(), shape.tasks == 0) << "nothing runs inside start";
    executor.run_until_idle();
    EXPECT_EQ(run.state(), RunState::succeeded);
    recorder.expect_one_run();
  }
}

TEST(OrderByHand, OnAManualExecutorIsSteppedTaskByTask) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  std::atomic<int> calls{0};
  Workflow flow;
  const auto first = flow.task([&] { ++calls; });
  const auto second = flow.task([&] { ++calls; }).after(first);
  for (int i = 0; i < 5; ++i) flow.task([&] { ++calls; }).after(second);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(calls, 0);
  for (int done = 1; done <= 7; ++done) {
    ASSERT_TRUE(executor.run_one());
    EXPECT_EQ(calls, done) << "a budget of one body";
  }
  executor.run_until_idle();
  EXPECT_EQ(calls, 7);
  EXPECT_TRUE(run.succeeded());
  EXPECT_FALSE(executor.run_one());
}

}  // namespace
