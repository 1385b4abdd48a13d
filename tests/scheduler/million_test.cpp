// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>

#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"
#include "support/small_stack.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// Runs of 1,000,000 tasks on threads with a stack of 256 KiB: nothing recurses.
namespace {

using baton::FailureMode;
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

/// A plan of that shape, of which one task does something else: it fails, or it cancels its run.
class OneOfAMillion {
 public:
  explicit OneOfAMillion(Shape shape) : tasks_(shape.tasks), predecessors_(shape.predecessors()) {
    baton::Workflow flow;
    std::vector<baton::Task<void>> tasks;
    tasks.reserve(tasks_);
    for (std::uint32_t task = 0; task < tasks_; ++task) tasks.push_back(flow.task([this, task] { call(task); }));
    for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
    plan_ = flow.build();
    ids_.reserve(tasks_);
    for (const baton::Task<void>& task : tasks) ids_.push_back(baton::index_of(plan_.id(task)));
  }

  /// A run in which `one` calls `act` instead.
  baton::Run run(baton::Scheduler& scheduler, std::uint32_t one, FailureMode mode,
                 std::function<void(const baton::Run&)> act) {
    one_ = one;
    calls_ = 0;
    act_ = std::move(act);
    baton::StartOptions options;
    options.failure_mode = mode;
    options.paused = true;  // until the body can have a handle
    run_ = scheduler.start(plan_, std::move(options));
    run_.resume();
    run_.wait();
    return std::exchange(run_, {});
  }

  [[nodiscard]] std::uint32_t tasks() const { return tasks_; }
  [[nodiscard]] std::size_t calls() const { return calls_; }
  /// By task: how it has ended.
  [[nodiscard]] std::vector<TaskState> states(const baton::Run& run) const {
    const std::vector<TaskState> by_id = run.states();
    std::vector<TaskState> states(tasks_);
    for (std::uint32_t task = 0; task < tasks_; ++task) states[task] = by_id[ids_[task]];
    return states;
  }
  /// By task: whether it comes after `one`, or is it.
  [[nodiscard]] std::vector<bool> from(std::uint32_t one) const {
    std::vector<bool> reached(tasks_, false);
    reached[one] = true;
    for (std::uint32_t task = one + 1; task < tasks_; ++task) {
      for (const std::uint32_t before : predecessors_[task]) reached[task] = reached[task] || reached[before];
    }
    return reached;
  }
  /// By task: whether it comes before `one`.
  [[nodiscard]] std::vector<bool> before(std::uint32_t one) const {
    std::vector<bool> reached(tasks_, false);
    reached[one] = true;
    for (std::uint32_t task = one + 1; task-- > 0;) {
      if (!reached[task]) continue;
      for (const std::uint32_t before : predecessors_[task]) reached[before] = true;
    }
    reached[one] = false;
    return reached;
  }
  /// The first task that succeeded although a predecessor has not; the number of tasks when there is none.
  [[nodiscard]] std::uint32_t first_that_ran_too_early(const std::vector<TaskState>& states) const {
    for (std::uint32_t task = 0; task < tasks_; ++task) {
      if (states[task] != TaskState::succeeded) continue;
      for (const std::uint32_t before : predecessors_[task]) {
        if (states[before] != TaskState::succeeded) return task;
      }
    }
    return tasks_;
  }

 private:
  void call(std::uint32_t task) {
    calls_.fetch_add(1, std::memory_order_relaxed);
    if (task == one_) act_(run_);
  }

  std::uint32_t tasks_;
  std::vector<std::vector<std::uint32_t>> predecessors_;
  Plan plan_;
  std::vector<std::size_t> ids_;  // in the plan
  baton::Run run_;
  std::uint32_t one_ = 0;
  std::atomic<std::size_t> calls_{0};
  std::function<void(const baton::Run&)> act_;
};

[[noreturn]] void fail(const baton::Run&) { throw std::runtime_error("one of a million"); }

/// The first, the last, and one between.
std::vector<std::uint32_t> places(std::uint32_t tasks) {
  std::mt19937 random(7);
  std::uniform_int_distribution<std::uint32_t> any(1, tasks - 2);
  return {0, tasks - 1, any(random)};
}

TEST_P(AMillionTasks, AreCountedExactlyWhereverOneFails) {
  OneOfAMillion one{shape_named(GetParam())};
  CheckedPool pool(3);
  baton::Scheduler scheduler(pool);
  for (const std::uint32_t place : places(one.tasks())) {
    const baton::Run run = one.run(scheduler, place, FailureMode::finish_independent, fail);
    const std::vector<bool> doomed = one.from(place);
    const std::vector<TaskState> states = one.states(run);
    std::size_t omitted = 0;
    std::uint32_t wrong = 0;
    for (std::uint32_t task = 0; task < one.tasks(); ++task) {
      const TaskState due = task == place  ? TaskState::failed
                            : doomed[task] ? TaskState::omitted
                                           : TaskState::succeeded;
      omitted += due == TaskState::omitted ? 1 : 0;
      wrong += states[task] == due ? 0 : 1;
    }
    EXPECT_EQ(wrong, 0U) << "where " << place << " fails";
    EXPECT_EQ(run.state(), RunState::failed);
    EXPECT_EQ(run.failures().size(), 1U);
    const baton::TaskCounts counts = run.counts();
    EXPECT_EQ(counts[TaskState::failed], 1U);
    EXPECT_EQ(counts[TaskState::omitted], omitted);
    EXPECT_EQ(counts[TaskState::succeeded], one.tasks() - omitted - 1);
    EXPECT_EQ(one.calls(), counts[TaskState::succeeded] + 1);
  }
}

/// What holds whatever had run when `place` ended the run early.
void expect_exact_end(const OneOfAMillion& one, const baton::Run& run, std::uint32_t place) {
  const std::vector<TaskState> states = one.states(run);
  const std::vector<bool> before = one.before(place);
  std::size_t missing = 0;
  for (std::uint32_t task = 0; task < one.tasks(); ++task) {
    missing += before[task] && states[task] != TaskState::succeeded ? 1 : 0;
  }
  EXPECT_EQ(missing, 0U) << "before " << place;
  EXPECT_EQ(one.first_that_ran_too_early(states), one.tasks()) << "where " << place << " ends the run";
  const baton::TaskCounts counts = run.counts();
  EXPECT_EQ(counts[TaskState::succeeded] + counts[TaskState::failed] + counts[TaskState::cancelled], one.tasks());
  EXPECT_EQ(one.calls(), counts[TaskState::succeeded] + counts[TaskState::failed]) << "each body is accounted for";
}

TEST_P(AMillionTasks, AreCountedExactlyWhereverOneStopsTheRun) {
  OneOfAMillion one{shape_named(GetParam())};
  CheckedPool pool(3);
  baton::Scheduler scheduler(pool);
  for (const std::uint32_t place : places(one.tasks())) {
    SCOPED_TRACE(place);
    const baton::Run failed = one.run(scheduler, place, FailureMode::stop, fail);
    EXPECT_EQ(failed.state(), RunState::failed);
    EXPECT_EQ(failed.counts()[TaskState::failed], 1U);
    expect_exact_end(one, failed, place);
    const auto cancel = [](const baton::Run& run) { run.cancel("by one of a million"); };
    const baton::Run cancelled = one.run(scheduler, place, FailureMode::finish_independent, cancel);
    expect_exact_end(one, cancelled, place);
  }
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
