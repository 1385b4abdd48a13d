// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include "support/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace {

using baton::AnyTask;
using baton::Input;
using baton::Plan;
using baton::Task;
using baton::UsageError;
using baton::Workflow;
using baton::test::message_of;

TEST(Copying, GivesAnIndependentWorkflow) {
  Workflow original{"nightly"};
  const auto a = original.task("a", [] {});
  const auto b = original.task("b", [] {}).after(a);
  Workflow copy = original;
  EXPECT_EQ(copy.name(), "nightly");
  copy.task("c", [] {});
  copy.remove_edge(copy.counterpart(a), copy.counterpart(b));
  original.rename(a, "first");
  const Plan of_original = original.build();
  const Plan of_copy = copy.build();
  EXPECT_EQ(of_original.size(), 2U);
  EXPECT_EQ(of_original.edge_count(), 1U);
  EXPECT_EQ(of_copy.size(), 3U);
  EXPECT_EQ(of_copy.edge_count(), 0U);
  EXPECT_TRUE(of_copy.find("a"));
  EXPECT_FALSE(of_copy.find("first"));
}

TEST(Copying, KeepsEverythingThatWasSaid) {
  Workflow original;
  const auto a = original.task("a", [] { return 1; }).priority(-4).tag("word").expected_duration(baton::Duration(3));
  const auto b = original.task([](int value) { return value; }, a);
  const Input<int> input = original.input<int>("x", 3);
  const Workflow copy = original;
  const Plan plan = copy.build();
  const baton::TaskId id = plan.id(copy.counterpart(a));
  EXPECT_EQ(plan.priority(id), -4);
  EXPECT_EQ(plan.tagged("word"), std::vector{id});
  EXPECT_EQ(plan.expected_duration(id), baton::Duration(3));
  EXPECT_THAT(plan.successors(id), testing::ElementsAre(plan.id(copy.counterpart(b))));
  EXPECT_EQ(plan.task_name(plan.id(copy.counterpart(input))), "x");
}

TEST(Copying, CounterpartKeepsTheTypeOfTheHandle) {
  Workflow original;
  const auto a = original.task([] { return std::string(); });
  const auto x = original.input<int>("x");
  Workflow copy = original;
  static_assert(std::is_same_v<decltype(copy.counterpart(a)), Task<std::string>>);
  static_assert(std::is_same_v<decltype(copy.counterpart(x)), Input<int>>);
  const auto length = copy.task([](const std::string& text, int n) { return static_cast<int>(text.size()) + n; },
                                copy.counterpart(a), copy.counterpart(x));
  EXPECT_EQ(copy.build().predecessors(copy.build().id(length)).size(), 2U);
}

TEST(Copying, HandlesOfTheOriginalAreRefusedByTheCopy) {
  Workflow original{"o"};
  const auto a = original.task("a", [] {});
  Workflow copy = original;
  EXPECT_THROW(copy.remove(a), UsageError);
  EXPECT_FALSE(copy.build().contains(a));
  copy.task("b", [] {}).after(a);
  EXPECT_EQ(message_of<baton::DefinitionError>([&] { static_cast<void>(copy.build()); }),
            "workflow 'o': a predecessor of task 'b' is a handle of another workflow; use counterpart() for handles of "
            "the original of a copy");
}

TEST(Copying, AssignmentReplacesWhatWasThere) {
  Workflow target{"target"};
  const auto lost = target.task([] {});
  Workflow source{"source"};
  const auto a = source.task([] {});
  target = source;
  EXPECT_EQ(target.name(), "source");
  EXPECT_EQ(target.size(), 1U);
  EXPECT_THROW(lost.tag("t"), UsageError);
  EXPECT_TRUE(target.build().contains(target.counterpart(a)));
  a.tag("still of the source");
  const Workflow& alias = target;
  target = alias;
  EXPECT_EQ(target.size(), 1U);
}

TEST(Copying, OfAnEmptyWorkflowIsEmpty) {
  const Workflow empty;
  Workflow copy = empty;
  EXPECT_TRUE(copy.build().empty());
  copy.task([] {});
  EXPECT_EQ(copy.size(), 1U);
  EXPECT_EQ(empty.size(), 0U);
}

TEST(Copying, BodiesAddedAfterwardsBelongToOneSideOnly) {
  Workflow original;
  const std::string large(100, 'x');
  original.task([large] { return large; });
  Workflow copy = original;
  const auto in_original = original.task([large] { return large + "o"; });
  const auto in_copy = copy.task([large] { return large + "c"; });
  EXPECT_TRUE(original.build().contains(in_original));
  EXPECT_FALSE(original.build().contains(in_copy));
  EXPECT_TRUE(copy.build().contains(in_copy));
}

TEST(Counterpart, IsRefusedForARemovedTaskAndForNoTask) {
  Workflow original{"o"};
  const auto a = original.task("a", [] {});
  Workflow copy = original;
  copy.remove(copy.counterpart(a));
  const std::string expected = "workflow 'o' has no counterpart of this task";
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(copy.counterpart(a)); }), expected);
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(copy.counterpart(AnyTask{})); }), expected);
}

// The handle's type would be trusted, so a wrong counterpart reads one type as another.
TEST(Counterpart, IsRefusedForATaskOfAnUnrelatedWorkflow) {
  Workflow unrelated;
  const auto text = unrelated.task("text", [] { return std::string("text"); });
  Workflow flow{"f"};
  flow.task("number", [] { return 1; });
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(flow.counterpart(text)); }),
            "workflow 'f' has no counterpart of this task");
}

TEST(Counterpart, IsRefusedForATaskAddedToTheOriginalAfterTheCopy) {
  Workflow original{"o"};
  original.task([] {});
  Workflow copy = original;
  copy.task("number", [] { return 1; });
  const auto text = original.task("text", [] { return std::string("text"); });
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(copy.counterpart(text)); }),
            "workflow 'o' has no counterpart of this task");
}

}  // namespace
