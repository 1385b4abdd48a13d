// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>

#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"
#include "support/small_stack.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

// Runs of 1,000,000 tasks on threads with a stack of 256 KiB: nothing recurses.
namespace {

using baton::Plan;
using baton::RunState;
using baton::TaskState;
using baton::test::CheckedPool;
using baton::test::Recorder;
using baton::test::run_on_small_stack;
using baton::test::Shape;

std::size_t million() { return baton::test::scaled(1'000'000); }

Shape shape_named(const std::string& name) {
  if (name == "chain") return baton::test::chain(million());
  if (name == "fan") return baton::test::fan(million());
  if (name == "grid") return baton::test::grid(1000, million() / 1000);
  if (name == "tree") return baton::test::binary_tree(million());
  return baton::test::random_dag(million(), 2, 1);
}

class AMillionTasks : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(In, AMillionTasks, testing::Values("chain", "fan", "grid", "tree", "random"),
                         [](const auto& shape) { return std::string(shape.param); });

TEST_P(AMillionTasks, RunOnAManualExecutorOnASmallStack) {
  Recorder recorder(shape_named(GetParam()));
  const Plan plan = recorder.take_plan();
  run_on_small_stack([&] {
    baton::ManualExecutor executor;
    baton::Scheduler scheduler(executor);
    const baton::Run run = scheduler.start(plan);
    executor.run_until_idle();
    EXPECT_EQ(run.state(), RunState::succeeded);
  });
  recorder.expect_one_run();
}

TEST_P(AMillionTasks, RunOnAPoolOfSmallStacks) {
  Recorder recorder(shape_named(GetParam()));
  const Plan plan = recorder.take_plan();
  const auto small = std::make_unique<baton::test::SmallStacks>();
  CheckedPool pool(3);
  baton::Scheduler scheduler(pool);
  const baton::Run run = scheduler.start(plan);
  run.wait();
  EXPECT_EQ(run.state(), RunState::succeeded);
  recorder.expect_one_run();
}

TEST_P(AMillionTasks, RunWithTheHelpOfACallerOnASmallStack) {
  Recorder recorder(shape_named(GetParam()));
  const Plan plan = recorder.take_plan();
  CheckedPool pool(1);
  baton::Scheduler scheduler(pool);
  run_on_small_stack([&] { EXPECT_TRUE(scheduler.run(plan).succeeded()); });
  recorder.expect_one_run();
}

TEST_P(AMillionTasks, AreOmittedOnASmallStackWhenTheFirstFails) {
  const Shape shape = shape_named(GetParam());
  baton::Workflow flow;
  std::vector<baton::Task<void>> tasks;
  tasks.reserve(shape.tasks);
  for (std::uint32_t task = 0; task < shape.tasks; ++task) {
    tasks.push_back(task == 0 ? flow.task([] { throw std::runtime_error("first"); }) : flow.task([] {}));
  }
  for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
  std::vector<bool> reached(shape.tasks, false);
  reached[0] = true;
  const auto predecessors = shape.predecessors();
  std::size_t omitted = 0;
  for (std::uint32_t task = 1; task < shape.tasks; ++task) {
    for (const std::uint32_t before : predecessors[task]) reached[task] = reached[task] || reached[before];
    omitted += reached[task];
  }
  const Plan plan = std::move(flow).build();
  CheckedPool pool(2);
  baton::Scheduler scheduler(pool);
  run_on_small_stack([&] {
    const baton::Run run = scheduler.run(plan);
    EXPECT_EQ(run.state(), RunState::failed);
    EXPECT_EQ(run.counts()[TaskState::omitted], omitted);
    EXPECT_EQ(run.counts()[TaskState::succeeded], shape.tasks - omitted - 1);
  });
}

TEST(AMillionTasksInARow, CanBeCancelledOnASmallStack) {
  Recorder recorder(baton::test::chain(million()));
  const Plan plan = recorder.take_plan();
  run_on_small_stack([&] {
    baton::ManualExecutor executor;
    baton::Scheduler scheduler(executor);
    const baton::Run run = scheduler.start(plan);
    executor.run_one();
    run.cancel();
    executor.run_until_idle();
    EXPECT_EQ(run.state(), RunState::cancelled);
    EXPECT_EQ(run.counts()[TaskState::succeeded], 1U);
    EXPECT_EQ(run.counts()[TaskState::cancelled], million() - 1);
  });
}

}  // namespace
