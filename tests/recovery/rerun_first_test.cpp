// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>
#include <baton/recovery/rerun.hpp>

#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <utility>

// Reruns of tasks that are given the first of several.
namespace {

using baton::RerunAction;
using baton::RerunOptions;
using baton::RerunPlan;
using baton::RerunReason;
using baton::RunState;
using baton::Task;
using baton::TaskState;
using baton::Workflow;

/// Two contenders and a task that is given the first; each fails while it is told to.
struct Contended {
  Workflow flow{"contended"};
  std::atomic<bool> left_fails{false};
  std::atomic<bool> right_fails{false};
  std::atomic<bool> user_fails{false};
  std::atomic<int> calls_of_user{0};
  Task<int> left = add("left", left_fails, 1);
  Task<int> right = add("right", right_fails, 2);
  Task<int> user = flow.task(
      "user",
      [this](int value) {
        ++calls_of_user;
        if (user_fails) throw std::runtime_error("not yet");
        return value;
      },
      baton::first(left, right));

  Task<int> add(const char* name, const std::atomic<bool>& fails, int value) {
    return flow.task(name, [&fails, value] {
      if (fails) throw std::runtime_error("lost");
      return value;
    });
  }
};

RerunOptions only(const Task<int>& task) {
  RerunOptions options;
  options.outcomes = {};
  options.tasks = {task};
  return options;
}

class RerunOfFirst : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(RerunOfFirst);

TEST_P(RerunOfFirst, LeavesTheTaskAloneWhenOnlyALoserRuns) {
  Contended all;
  all.left_fails = true;
  const baton::Run before = scheduler.run(all.flow.build());
  ASSERT_EQ(before.state(), RunState::failed);
  ASSERT_EQ(before.result(all.user), 2);
  all.left_fails = false;
  RerunPlan plan = baton::plan_rerun(before);
  EXPECT_EQ(plan.task(all.left).action, RerunAction::rerun);
  EXPECT_EQ(plan.task(all.right).action, RerunAction::reuse);
  EXPECT_EQ(plan.task(all.user).action, RerunAction::reuse);
  const baton::Run again = baton::rerun(scheduler, std::move(plan));
  EXPECT_EQ(again.get(all.left), 1);
  EXPECT_EQ(again.get(all.user), 2);
  EXPECT_EQ(all.calls_of_user, 1);
}

TEST_P(RerunOfFirst, KeepsTheWinnerForATaskThatRunsAgain) {
  Contended all;
  all.left_fails = true;
  all.user_fails = true;
  baton::Run run = scheduler.run(all.flow.build());
  ASSERT_EQ(run.state(all.user), TaskState::failed);
  all.left_fails = false;
  // Now the loser has succeeded, and comes before the winner in the plan: it is not taken for it.
  run = baton::rerun(scheduler, baton::plan_rerun(run, only(all.left)));
  run.wait();
  ASSERT_EQ(run.result(all.left), 1);
  ASSERT_EQ(run.state(all.user), TaskState::failed);
  ASSERT_EQ(all.calls_of_user, 1);
  all.user_fails = false;
  run = baton::rerun(scheduler, baton::plan_rerun(run));
  EXPECT_EQ(run.get(all.user), 2);
  EXPECT_EQ(run.get(all.left), 1);
}

TEST_P(RerunOfFirst, RunsTheTaskWhenTheWinnerRuns) {
  Contended all;
  all.right_fails = true;
  const baton::Run before = scheduler.run(all.flow.build());
  ASSERT_EQ(before.result(all.user), 1);
  all.left_fails = true;
  all.right_fails = false;
  RerunOptions options;
  options.tasks = {all.left};
  RerunPlan plan = baton::plan_rerun(before, std::move(options));
  EXPECT_EQ(plan.task(all.user).reason, RerunReason::predecessor_runs);
  EXPECT_EQ(plan.task(all.user).cause, all.flow.build().id(all.left));
  const baton::Run again = baton::rerun(scheduler, std::move(plan));
  again.wait();
  EXPECT_EQ(again.result(all.user), 2);
  EXPECT_EQ(all.calls_of_user, 2);
}

TEST_P(RerunOfFirst, RunsTheTaskWhenNobodyHadWon) {
  Contended all;
  all.left_fails = true;
  all.right_fails = true;
  const baton::Run before = scheduler.run(all.flow.build());
  ASSERT_EQ(before.state(all.user), TaskState::omitted);
  all.right_fails = false;
  RerunOptions options = only(all.right);
  RerunPlan plan = baton::plan_rerun(before, std::move(options));
  EXPECT_EQ(plan.task(all.left).action, RerunAction::reuse);
  EXPECT_EQ(plan.task(all.user).action, RerunAction::rerun);
  const baton::Run again = baton::rerun(scheduler, std::move(plan));
  again.wait();
  EXPECT_EQ(again.result(all.user), 2);
  EXPECT_EQ(again.state(all.left), TaskState::failed);
}

TEST_P(RerunOfFirst, KeepsTheWinnerInAPlanThatWasEdited) {
  Contended all;
  all.left_fails = true;
  all.user_fails = true;
  baton::Run run = scheduler.run(all.flow.build());
  all.left_fails = false;
  run = baton::rerun(scheduler, baton::plan_rerun(run, only(all.left)));
  run.wait();
  all.flow.task("new", [](int value) { return value; }, all.left).before(all.flow.task("newer", [] {}));
  all.user_fails = false;
  run = baton::rerun(scheduler, baton::plan_rerun(run, all.flow.build()));
  EXPECT_EQ(run.get(all.user), 2);
}

TEST_P(RerunOfFirst, RunsATaskThatWasGivenBothAndIsNowGivenOne) {
  std::atomic<int> calls{0};
  const auto build = [&calls](bool first) {
    Workflow flow{"changed"};
    const auto a = flow.task("a", [] { return 1; });
    const auto b = flow.task("b", [] { return 2; });
    const auto only_one = [&calls](int) { ++calls; };
    const auto both = [&calls](int, int) { ++calls; };
    if (first) {
      flow.task("user", only_one, baton::first(a, b));
    } else {
      flow.task("user", both, a, b);
    }
    return flow.build();
  };
  const baton::Run before = scheduler.run(build(false));
  RerunPlan plan = baton::plan_rerun(before, build(true));
  EXPECT_EQ(plan.task(*plan.plan().find("user")).reason, RerunReason::dependencies_changed);
  EXPECT_EQ(plan.task(*plan.plan().find("a")).action, RerunAction::reuse);
  baton::rerun(scheduler, std::move(plan)).get();
  EXPECT_EQ(calls, 2);
}

}  // namespace
