// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include "support/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace {

using baton::DefinitionError;
using baton::Plan;
using baton::Task;
using baton::TaskId;
using baton::UsageError;
using baton::Workflow;
using baton::test::message_of;
using testing::ElementsAre;
using testing::IsEmpty;

/// The names of tasks, sorted.
std::vector<std::string> names(const Plan& plan, const auto& ids) {
  std::vector<std::string> found;
  for (const TaskId id : ids) found.push_back(plan.task_name(id));
  std::sort(found.begin(), found.end());
  return found;
}

std::string build_error(const Workflow& flow) {
  return message_of<DefinitionError>([&] { static_cast<void>(flow.build()); });
}

TEST(Edges, DeclaredTwiceOrFromBothEndsCountOnce) {
  Workflow flow;
  const auto a = flow.task("a", [] { return 1; });
  const auto b = flow.task("b", [](int) {}, a);
  b.after(a).after(a, a);
  a.before(b);
  flow.edge(a, b);
  const Plan plan = flow.build();
  EXPECT_EQ(plan.edge_count(), 1U);
  EXPECT_THAT(plan.predecessors(plan.id(b)), ElementsAre(plan.id(a)));
  EXPECT_THAT(plan.successors(plan.id(a)), ElementsAre(plan.id(b)));
}

TEST(Edges, OfAResultUsedTwiceCountOnce) {
  Workflow flow;
  const auto a = flow.task([] { return 1; });
  flow.task([](int x, int y, const baton::Values<int>& z) { return x + y + z[0]; }, a, a, std::vector{a, a});
  EXPECT_EQ(flow.build().edge_count(), 1U);
}

TEST(Edges, CanBeRemovedAndDeclaredAgain) {
  Workflow flow;
  const auto a = flow.task([] {});
  const auto b = flow.task([] {}).after(a);
  flow.remove_edge(a, b);
  flow.remove_edge(a, b);
  EXPECT_EQ(flow.build().edge_count(), 0U);
  EXPECT_EQ(flow.build().roots().size(), 2U);
  EXPECT_EQ(flow.build().leaves().size(), 2U);
  flow.edge(a, b);
  EXPECT_EQ(flow.build().edge_count(), 1U);
  flow.remove_edge(b, a);
  EXPECT_EQ(flow.build().edge_count(), 1U) << "the other direction";
}

TEST(Edges, ThatAValueNeedsStay) {
  Workflow flow;
  const auto a = flow.task([] { return 1; });
  const auto b = flow.task([](int) {}, a).after(a);
  flow.remove_edge(a, b);
  EXPECT_EQ(flow.build().edge_count(), 1U);
}

TEST(Edges, RemovedBeforeTheyWereDeclaredChangeNothing) {
  Workflow flow;
  const auto a = flow.task([] {});
  const auto b = flow.task([] {});
  flow.remove_edge(a, b);
  EXPECT_EQ(flow.build().edge_count(), 0U);
  b.after(a);
  EXPECT_EQ(flow.build().edge_count(), 1U);
}

TEST(Edges, RemovalRefusesHandlesThatNameNoTask) {
  Workflow flow{"f"};
  Workflow other;
  const auto a = flow.task("a", [] {});
  const auto foreign = other.task([] {});
  EXPECT_EQ(message_of<UsageError>([&] { flow.remove_edge(a, foreign); }),
            "the handle is of another workflow than 'f'");
  EXPECT_EQ(message_of<UsageError>([&] { flow.remove_edge({}, a); }),
            "this handle names no task: it was never given out by a workflow");
}

TEST(Removing, LeavesTheNeighboursRight) {
  Workflow flow;
  const auto a = flow.task("a", [] {});
  const auto b = flow.task("b", [] {}).after(a);
  const auto c = flow.task("c", [] {}).after(b);
  flow.task("d", [] {}).after(b, a);
  flow.remove(b);
  const Plan plan = flow.build();
  EXPECT_EQ(plan.size(), 3U);
  EXPECT_EQ(plan.edge_count(), 1U);
  EXPECT_THAT(names(plan, plan.roots()), ElementsAre("a", "c"));
  EXPECT_THAT(names(plan, plan.leaves()), ElementsAre("c", "d"));
  EXPECT_THAT(plan.predecessors(plan.id(c)), IsEmpty());
  EXPECT_THAT(names(plan, plan.successors(plan.id(a))), ElementsAre("d"));
  EXPECT_FALSE(plan.contains(b));
  EXPECT_FALSE(plan.find("b"));
}

TEST(Removing, FreesTheNameAndTheCycle) {
  Workflow flow;
  const auto a = flow.task("a", [] {});
  const auto b = flow.task("b", [] {}).after(a).before(a);
  EXPECT_THROW(static_cast<void>(flow.build()), DefinitionError);
  flow.remove(b);
  const auto again = flow.task("b", [] {});
  const Plan plan = flow.build();
  EXPECT_EQ(plan.find("b"), plan.id(again));
  EXPECT_NE(b, again) << "numbers are not used again";
}

TEST(Removing, ATaskWhoseResultIsUsedIsReported) {
  Workflow flow{"nightly"};
  const auto load = flow.task("load", [] { return 1; });
  const auto sum = flow.task("sum", [](int x) { return x; }, load);
  flow.remove(load);
  EXPECT_EQ(
      build_error(flow),
      "workflow 'nightly': task 'sum' uses the result of task 'load', which has been removed; replace the body of "
      "'sum' or remove it too");
  flow.remove(sum);
  EXPECT_TRUE(flow.build().empty());
}

TEST(Removing, TwiceIsRefused) {
  Workflow flow;
  const auto task = flow.task([] {});
  flow.remove(task);
  EXPECT_EQ(message_of<UsageError>([&] { flow.remove(task); }), "task #0 has been removed");
  EXPECT_THROW(task.priority(1), UsageError);
}

TEST(Removing, EverythingLeavesAnEmptyPlan) {
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 100; ++i) tasks.push_back(flow.task([] {}));
  for (std::size_t i = 1; i < tasks.size(); ++i) tasks[i].after(tasks[i - 1]);
  for (const auto& task : tasks) flow.remove(task);
  EXPECT_TRUE(flow.empty());
  EXPECT_TRUE(flow.build().empty());
  EXPECT_EQ(flow.build().edge_count(), 0U);
}

TEST(Replacing, ChangesArgumentsAndKeepsTheRest) {
  Workflow flow;
  const auto a = flow.task("a", [] { return 1; });
  const auto b = flow.task("b", [] { return 2; });
  const auto gate = flow.task("gate", [] {});
  const auto sum = flow.task("sum", [](int x) { return x; }, a).after(gate).tag("word").priority(1);
  const auto next = flow.task("next", [](int x) { return x; }, sum);
  flow.replace(sum, [](int y) { return y; }, b);
  const Plan plan = flow.build();
  EXPECT_THAT(names(plan, plan.predecessors(plan.id(sum))), ElementsAre("b", "gate"));
  EXPECT_THAT(names(plan, plan.successors(plan.id(sum))), ElementsAre("next"));
  EXPECT_THAT(plan.successors(plan.id(a)), IsEmpty());
  EXPECT_EQ(plan.tagged("word"), std::vector{plan.id(sum)});
  EXPECT_EQ(plan.priority(plan.id(sum)), 1);
  EXPECT_TRUE(plan.contains(next));
}

TEST(Replacing, CanTurnDataIntoNothing) {
  Workflow flow;
  const auto a = flow.task([] { return 1; });
  const auto b = flow.task([](int) {}, a);
  flow.replace(b, [] {});
  EXPECT_EQ(flow.build().edge_count(), 0U);
  flow.remove(a);
  EXPECT_EQ(flow.build().size(), 1U);
}

TEST(Replacing, MendsAUserOfARemovedTask) {
  Workflow flow;
  const auto a = flow.task([] { return 1; });
  const auto b = flow.task([](int) {}, a);
  flow.remove(a);
  EXPECT_THROW(static_cast<void>(flow.build()), DefinitionError);
  flow.replace(b, [] {});
  EXPECT_EQ(flow.build().size(), 1U);
}

TEST(Replacing, InTheCopyLeavesTheOriginalAsItWas) {
  Workflow original;
  const auto a = original.task([] { return 1; });
  const auto b = original.task([](int) {}, a);
  Workflow copy = original;
  copy.replace(copy.counterpart(b), [] {});
  EXPECT_EQ(original.build().edge_count(), 1U);
  EXPECT_EQ(copy.build().edge_count(), 0U);
}

TEST(Replacing, RefusesATaskOfAnotherWorkflow) {
  Workflow flow{"f"};
  Workflow other;
  const auto foreign = other.task([] {});
  EXPECT_EQ(message_of<UsageError>([&] { flow.replace(foreign, [] {}); }),
            "the handle is of another workflow than 'f'");
}

TEST(Plans, AreNotChangedByLaterEdits) {
  Workflow flow;
  const auto a = flow.task("a", [] {});
  const auto b = flow.task("b", [] {}).after(a);
  const Plan before = flow.build();
  flow.remove_edge(a, b);
  flow.rename(a, "other");
  flow.task("c", [] {});
  const Plan after = flow.build();
  EXPECT_EQ(before.size(), 2U);
  EXPECT_EQ(before.edge_count(), 1U);
  EXPECT_EQ(before.task_name(before.id(a)), "a");
  EXPECT_EQ(after.size(), 3U);
  EXPECT_EQ(after.edge_count(), 0U);
  EXPECT_NE(before, after);
}

}  // namespace
