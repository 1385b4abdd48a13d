// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>
#include <baton/recovery/rerun.hpp>

#include "support/counted.hpp"
#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

// Reruns with another plan than that of the run.
namespace {

using baton::Plan;
using baton::RerunAction;
using baton::RerunPlan;
using baton::RerunReason;
using baton::Task;
using baton::TaskState;
using baton::Workflow;

class RerunOfAnEditedWorkflow : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(RerunOfAnEditedWorkflow);

TEST_P(RerunOfAnEditedWorkflow, TakesChangedBodiesAndSettings) {
  Workflow flow{"nightly"};
  std::atomic<int> loads{0};
  auto load = flow.task("load", [&] { return ++loads; });
  auto parse = flow.task("parse", [](int) -> int { throw std::runtime_error("bug"); }, load);
  auto report = flow.task("report", [](int x) { return x * 2; }, parse);
  const baton::Run first = scheduler.run(flow.build());

  flow.replace(parse, [](int x) { return x + 20; }, load);
  parse.resource("memory", 3).priority(5);  // tasks are numbered otherwise with a priority
  load.resource("memory", 1);
  scheduler.resource("memory", 3);
  const baton::Run second = baton::rerun(scheduler, baton::plan_rerun(first, flow.build()));
  EXPECT_EQ(second.get(report), 42);
  EXPECT_EQ(loads, 1) << "another setting does not make a task run again";
}

TEST_P(RerunOfAnEditedWorkflow, SaysWhatIsNewAndWhatIsGone) {
  Workflow flow{"w"};
  auto a = flow.task("a", [] { return 1; });
  auto b = flow.task("b", [](int x) { return x; }, a);
  auto gone = flow.task("gone", [] { return 5; });
  const baton::Run first = scheduler.run(flow.build());

  flow.remove(gone);
  auto c = flow.task("c", [](int x, int y) { return x + y; }, a, b);
  flow.edge(c, flow.task("after", [] {}));
  RerunPlan plan = baton::plan_rerun(first, flow.build());
  EXPECT_EQ(plan.count(RerunAction::added), 2U);
  EXPECT_EQ(plan.count(RerunAction::reuse), 2U);
  ASSERT_EQ(plan.orphaned().size(), 1U);
  const std::string run = "run " + std::to_string(first.id());
  EXPECT_EQ(to_string(plan), run +
                                 " of workflow 'w' again: 2 tasks run (2 new), 2 are reused, 1 is no longer there\n"
                                 "  'c' runs: " +
                                 run +
                                 " had no such task\n"
                                 "  'after' runs: " +
                                 run +
                                 " had no such task\n"
                                 "  'gone' is no longer there");
  EXPECT_EQ(plan.task(c).action, RerunAction::added);
  EXPECT_FALSE(plan.task(c).earlier.has_value());
  const baton::Run second = baton::rerun(scheduler, std::move(plan));
  EXPECT_EQ(second.get(c), 2);
  EXPECT_EQ(first.result(gone), 5) << "what nobody has a use for stays";
}

TEST_P(RerunOfAnEditedWorkflow, RunsWhatDependsOnOtherTasksNow) {
  Workflow flow;
  auto a = flow.task("a", [] { return 1; });
  auto b = flow.task("b", [] { return 2; });
  auto fed = flow.task("fed", [](int x) { return x; }, a);
  auto less = flow.task("less", [](int x, int y) { return x + y; }, a, b);
  auto ordered = flow.task("ordered", [](int x) { return x; }, a);
  auto same = flow.task("same", [](int x, int y) { return x - y; }, a, b);
  const baton::Run first = scheduler.run(flow.build());

  flow.replace(fed, [](int x) { return x; }, b);
  flow.replace(less, [](int y) { return y; }, b);
  flow.edge(b, ordered);
  RerunPlan plan = baton::plan_rerun(first, flow.build());
  EXPECT_EQ(plan.task(fed).reason, RerunReason::dependencies_changed);
  EXPECT_EQ(plan.why(fed), "it depends on task 'b', as it did not before");
  EXPECT_EQ(plan.task(less).reason, RerunReason::dependencies_changed);
  EXPECT_EQ(plan.why(less), "it does not depend any more on all that it depended on");
  EXPECT_EQ(plan.task(ordered).action, RerunAction::reuse) << "order alone makes no result another one";
  EXPECT_EQ(plan.task(same).action, RerunAction::reuse);
  const baton::Run second = baton::rerun(scheduler, std::move(plan));
  second.wait();
  EXPECT_EQ(second.result(fed), 2);
  EXPECT_EQ(second.result(less), 2);
  EXPECT_EQ(second.result(same), -1);
}

TEST_P(RerunOfAnEditedWorkflow, RunsWhatReturnsAnotherTypeOrIsAnInputNow) {
  Workflow before;
  before.task("typed", [] { return 1; });
  auto n = before.input<int>("n", 4);
  before.task("computed", [] { return 3; });
  before.task("user", [](int x) { return x; }, n);
  const baton::Run first = scheduler.run(before.build());

  Workflow after;
  auto typed = after.task("typed", [] { return std::string("1"); });
  auto was_input = after.task("n", [] { return 5; });
  auto computed = after.input<int>("computed", 6);
  auto user = after.task("user", [](int x) { return x; }, was_input);
  RerunPlan plan = baton::plan_rerun(first, after.build());
  EXPECT_EQ(plan.task(typed).reason, RerunReason::type_changed);
  EXPECT_EQ(plan.why(typed), "it returns std::string, it returned int");
  EXPECT_EQ(plan.why(was_input), "it was an input, and is none any more");
  EXPECT_EQ(plan.why(computed), "it is an input now");
  EXPECT_EQ(plan.why(user), "it depends on task 'n', which runs");
  const baton::Run second = baton::rerun(scheduler, std::move(plan));
  EXPECT_EQ(second.get(user), 5);
  EXPECT_EQ(second.result(computed), 6);
}

TEST_P(RerunOfAnEditedWorkflow, MatchesNamelessTasksOfTheSameWorkflowOnly) {
  Workflow flow;
  auto nameless = flow.task([] { return 1; });
  auto named = flow.task("named", [] { return 2; });
  const baton::Run first = scheduler.run(flow.build());
  auto later = flow.task([](int x, int y) { return x + y; }, nameless, named);
  RerunPlan edited = baton::plan_rerun(first, flow.build());
  EXPECT_EQ(edited.task(nameless).action, RerunAction::reuse);
  EXPECT_EQ(edited.task(later).action, RerunAction::added);

  Workflow copy = flow;
  RerunPlan of_copy = baton::plan_rerun(first, copy.build());
  EXPECT_EQ(of_copy.task(copy.counterpart(nameless)).action, RerunAction::added);
  EXPECT_EQ(of_copy.task(copy.counterpart(named)).action, RerunAction::reuse);
  EXPECT_EQ(of_copy.orphaned().size(), 1U);

  flow.rename(nameless, "named now");
  EXPECT_EQ(baton::plan_rerun(first, flow.build()).task(nameless).action, RerunAction::added);
}

TEST_P(RerunOfAnEditedWorkflow, MakesAgainWhatWasTakenAndIsToBeSharedNow) {
  baton::test::Tally tally;
  using baton::test::Counted;
  Workflow flow;
  std::atomic<int> makes{0};
  auto make = flow.task("make", [&] { return Counted(tally, ++makes); });
  auto use = flow.task("use", [](Counted&& value) { return Counted(std::move(value)).value(); }, take(make));
  const baton::Run first = scheduler.run(flow.build());
  flow.replace(use, [](const Counted& value) { return value.value(); }, make);
  RerunPlan plan = baton::plan_rerun(first, flow.build());
  EXPECT_EQ(plan.why(make), "the task that took its result does not take it any more");
  const baton::Run second = baton::rerun(scheduler, std::move(plan));
  EXPECT_EQ(second.get(use), 2);
  EXPECT_EQ(second.result(make).value(), 2);
}

}  // namespace
