// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>
#include <baton/recovery/rerun.hpp>

#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"
#include "support/small_stack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// Runs of 1,000,000 tasks of which one in the middle failed.
namespace {

using baton::RerunAction;
using baton::RerunPlan;
using baton::RunState;
using baton::TaskState;
using baton::test::CheckedPool;
using baton::test::run_on_small_stack;
using baton::test::Shape;

std::size_t million() { return baton::test::scaled(1'000'000); }

class RerunOfAMillionTasks : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(In, RerunOfAMillionTasks, testing::Values("chain", "fan", "grid", "random"),
                         [](const auto& shape) { return std::string(shape.param); });

Shape shape_named(const std::string& name) {
  if (name == "chain") return baton::test::chain(million());
  if (name == "fan") return baton::test::fan(million());
  if (name == "grid") return baton::test::grid(1000, million() / 1000);
  return baton::test::random_dag(million(), 2, 1);
}

TEST_P(RerunOfAMillionTasks, RunsTheFailedOneAndExactlyWhatDependsOnIt) {
  const Shape shape = shape_named(GetParam());
  const std::uint32_t middle = shape.tasks / 2;
  std::vector<bool> depends(shape.tasks, false);
  depends[middle] = true;
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [from, to] : shape.edges) {
      if (!depends[from] || depends[to]) continue;
      depends[to] = changed = true;
    }
  }
  std::atomic<bool> fails{true};
  const auto calls = std::make_unique<std::atomic<std::uint8_t>[]>(shape.tasks);
  baton::Workflow flow;
  std::vector<baton::Task<void>> tasks;
  tasks.reserve(shape.tasks);
  for (std::uint32_t task = 0; task < shape.tasks; ++task) {
    std::atomic<std::uint8_t>& count = calls[task];
    if (task == middle) {
      tasks.push_back(flow.task([&count, &fails] {
        ++count;
        if (fails) throw std::runtime_error("in the middle");
      }));
    } else {
      tasks.push_back(flow.task([&count] { ++count; }));
    }
  }
  for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
  const baton::Plan plan = std::move(flow).build();
  CheckedPool pool(2);
  baton::Scheduler scheduler(pool);
  run_on_small_stack([&] {
    baton::Run run = scheduler.run(plan);
    ASSERT_EQ(run.state(), RunState::failed);
    fails = false;
    RerunPlan again = baton::plan_rerun(run);
    const std::size_t expected = static_cast<std::size_t>(std::count(depends.begin(), depends.end(), true));
    EXPECT_EQ(again.count(RerunAction::rerun), expected);
    run = baton::rerun(scheduler, std::move(again));
    run.wait();
    EXPECT_TRUE(run.succeeded());
    EXPECT_EQ(run.counts()[TaskState::succeeded], shape.tasks);
    std::size_t wrong = 0;
    for (std::uint32_t task = 0; task < shape.tasks; ++task) {
      // Of those that depend on it, only it has run before.
      if (calls[task] != (task == middle ? 2 : 1)) ++wrong;
    }
    EXPECT_EQ(wrong, 0U);
  });
}

TEST(RerunOfAMillionResults, MovesThem) {
  const std::size_t count = million();
  std::atomic<bool> fails{true};
  std::atomic<std::size_t> calls{0};
  baton::Workflow flow;
  std::vector<baton::Task<std::size_t>> tasks;
  tasks.reserve(count);
  for (std::size_t task = 0; task < count; ++task) {
    tasks.push_back(flow.task([&calls, task] {
      ++calls;
      return task;
    }));
  }
  auto sum = flow.task(
      [&fails](const baton::Values<std::size_t>& values) {
        if (fails) throw std::runtime_error("not yet");
        std::size_t total = 0;
        for (const std::size_t value : values) total += value;
        return total;
      },
      tasks);
  const baton::Plan plan = std::move(flow).build();
  CheckedPool pool(2);
  baton::Scheduler scheduler(pool);
  const baton::Run first = scheduler.run(plan);
  fails = false;
  RerunPlan again = baton::plan_rerun(first);
  EXPECT_EQ(again.count(RerunAction::rerun), 1U);
  EXPECT_EQ(baton::rerun(scheduler, std::move(again)).get(sum), count * (count - 1) / 2);
  EXPECT_EQ(calls, count);
}

}  // namespace
