// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include "support/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using baton::AnyTask;
using baton::Plan;
using baton::Task;
using baton::UsageError;
using baton::Workflow;
using baton::test::message_of;

TEST(Workflow, StartsEmpty) {
  const Workflow nameless;
  EXPECT_EQ(nameless.name(), "");
  EXPECT_EQ(nameless.size(), 0U);
  EXPECT_TRUE(nameless.empty());
  const Workflow named{"nightly"};
  EXPECT_EQ(named.name(), "nightly");
  EXPECT_TRUE(named.empty());
}

TEST(Workflow, CountsItsTasks) {
  Workflow flow;
  flow.task("a", [] {});
  const auto b = flow.task([] { return 1; });
  flow.input<int>("c");
  EXPECT_EQ(flow.size(), 3U);
  EXPECT_FALSE(flow.empty());
  flow.remove(b);
  EXPECT_EQ(flow.size(), 2U);
}

TEST(Workflow, HandleKnowsTheTypeOfTheResult) {
  Workflow flow;
  static_assert(std::is_same_v<decltype(flow.task([] {})), Task<void>>);
  static_assert(std::is_same_v<decltype(flow.task([] { return std::string(); })), Task<std::string>>);
  static_assert(std::is_same_v<decltype(flow.input<int>("x")), baton::Input<int>>);
  static_assert(std::is_convertible_v<baton::Input<int>, Task<int>>);
  static_assert(std::is_trivially_copyable_v<AnyTask> && std::is_trivially_copyable_v<Task<std::string>>);
  EXPECT_EQ(sizeof(AnyTask), 16U);
}

TEST(Workflow, FindsTasksByName) {
  Workflow flow{"f"};
  const auto a = flow.task("a", [] { return 1; });
  flow.task([] {});
  EXPECT_EQ(flow.find("a"), std::optional<AnyTask>(a));
  EXPECT_EQ(flow.find("b"), std::nullopt);
  EXPECT_EQ(flow.find(""), std::nullopt);
  const auto b = flow.task("b", [] {});
  EXPECT_EQ(flow.find("b"), std::optional<AnyTask>(b)) << "tasks added after the first search are found too";
  EXPECT_EQ(Workflow{}.find("a"), std::nullopt);
}

TEST(Workflow, FindsTasksByNameAndType) {
  Workflow flow{"nightly"};
  const auto load = flow.task("load", [] { return 1; });
  EXPECT_EQ(flow.task_named<int>("load"), load);
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(flow.task_named<double>("load")); }),
            "workflow 'nightly': task 'load' returns int, not double");
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(flow.task_named<void>("load")); }),
            "workflow 'nightly': task 'load' returns int, not void");
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(flow.task_named<int>("lode")); }),
            "workflow 'nightly': there is no task 'lode'");
}

TEST(Workflow, RenamedTaskIsFoundByItsNewNameOnly) {
  Workflow flow;
  const auto task = flow.task("old", [] {});
  ASSERT_TRUE(flow.find("old"));
  flow.rename(task, "new");
  EXPECT_EQ(flow.find("old"), std::nullopt);
  EXPECT_EQ(flow.find("new"), std::optional<AnyTask>(task));
  const Plan plan = flow.build();
  EXPECT_EQ(plan.task_name(plan.id(task)), "new");
  EXPECT_EQ(plan.find("old"), std::nullopt);
}

TEST(Workflow, NamelessTaskCanBeNamedLater) {
  Workflow flow;
  const auto task = flow.task([] {});
  flow.rename(task, "named");
  const Plan plan = flow.build();
  EXPECT_EQ(plan.task_name(plan.id(task)), "named");
}

TEST(Workflow, AnOldNameIsFreeForAnotherTask) {
  Workflow flow;
  const auto first = flow.task("name", [] {});
  flow.rename(first, "other");
  const auto second = flow.task("name", [] {});
  const Plan plan = flow.build();
  EXPECT_EQ(plan.find("name"), plan.id(second));
  EXPECT_EQ(plan.find("other"), plan.id(first));
}

TEST(Workflow, RenamingRefusesHandlesThatNameNoTaskOfIt) {
  Workflow flow{"nightly"};
  const auto removed = flow.task("removed", [] {});
  flow.remove(removed);
  Workflow other;
  const auto foreign = other.task([] {});
  EXPECT_EQ(message_of<UsageError>([&] { flow.rename(AnyTask{}, "x"); }),
            "this handle names no task: it was never given out by a workflow");
  EXPECT_EQ(message_of<UsageError>([&] { flow.rename(removed, "x"); }), "task 'removed' has been removed");
  EXPECT_EQ(message_of<UsageError>([&] { flow.rename(foreign, "x"); }),
            "the handle is of another workflow than 'nightly'");
}

TEST(Moving, LeavesAnEmptyUsableWorkflow) {
  Workflow source{"nightly"};
  source.task("a", [] {});
  const Workflow target = std::move(source);
  EXPECT_EQ(target.size(), 1U);
  EXPECT_EQ(target.name(), "nightly");
  EXPECT_TRUE(source.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(source.name(), "");
  EXPECT_TRUE(source.build().empty());
  const auto again = source.task("a", [] {});
  EXPECT_EQ(source.size(), 1U);
  EXPECT_TRUE(source.build().contains(again));
}

TEST(Moving, HandlesGoWithTheTasks) {
  Workflow source;
  const auto a = source.task("a", [] { return 1; });
  Workflow target;
  const auto lost = target.task("lost", [] {});
  target = std::move(source);
  const auto b = target.task("b", [](int value) { return value; }, a).after(a);
  b.tag("word");
  const Plan plan = target.build();
  EXPECT_TRUE(plan.contains(a));
  EXPECT_FALSE(plan.contains(lost));
  EXPECT_THAT(plan.successors(plan.id(a)), testing::ElementsAre(plan.id(b)));
  EXPECT_THROW(lost.tag("word"), UsageError) << "its workflow was overwritten";
}

TEST(Moving, HandlesOfTheSourceAreRefusedByIt) {
  Workflow source{"s"};
  const auto a = source.task("a", [] {});
  const Workflow target = std::move(source);
  source.task("b", [] {});  // NOLINT(bugprone-use-after-move)
  EXPECT_THROW(source.rename(a, "x"), UsageError);
  EXPECT_FALSE(source.build().contains(a));
}

TEST(Handles, OfADestroyedWorkflowAreRefused) {
  std::optional<Workflow> flow(std::in_place, "gone");
  const auto task = flow->task("a", [] { return 1; });
  flow.reset();
  const std::string expected =
      "the workflow of this handle no longer exists: it was destroyed, or built by std::move(flow).build()";
  EXPECT_EQ(message_of<UsageError>([&] { task.after(task); }), expected);
  EXPECT_EQ(message_of<UsageError>([&] { task.before(task); }), expected);
  EXPECT_EQ(message_of<UsageError>([&] { task.priority(1); }), expected);
  EXPECT_EQ(message_of<UsageError>([&] { task.resource("r"); }), expected);
  EXPECT_EQ(message_of<UsageError>([&] { task.tag("t"); }), expected);
  EXPECT_EQ(message_of<UsageError>([&] { task.expected_duration(baton::Duration(1)); }), expected);
}

TEST(Handles, OfADestroyedWorkflowAreRefusedAlsoWhenItsMemoryIsUsedAgain) {
  std::vector<Task<void>> old;
  for (int i = 0; i < 100; ++i) {
    Workflow flow;
    old.push_back(flow.task([] {}));
    for (const auto& task : old) {
      if (!(task == old.back())) {
        EXPECT_THROW(task.tag("t"), UsageError);
        EXPECT_THROW(flow.remove(task), UsageError);
      }
    }
  }
}

TEST(Handles, OfNoTaskAreRefused) {
  const Task<int> none;
  EXPECT_FALSE(none);
  const std::string expected = "this handle names no task: it was never given out by a workflow";
  EXPECT_EQ(message_of<UsageError>([&] { none.after(none); }), expected);
  EXPECT_EQ(message_of<UsageError>([&] { none.priority(2); }), expected);
  Workflow flow;
  EXPECT_EQ(message_of<UsageError>([&] { flow.remove(none); }), expected);
  EXPECT_FALSE(flow.build().contains(none));
}

TEST(Handles, CompareByTheTask) {
  Workflow flow;
  Workflow other;
  const auto a = flow.task([] { return 1; });
  const auto b = flow.task([] { return 1; });
  const auto foreign = other.task([] { return 1; });
  EXPECT_EQ(a, Task<int>(a));
  EXPECT_NE(a, b);
  EXPECT_NE(a, foreign);
  EXPECT_EQ(AnyTask{}, AnyTask{});
}

TEST(Handles, ChainTheirCalls) {
  Workflow flow;
  const auto first = flow.task("first", [] {});
  const auto last = flow.task("last", [] {});
  const Task<int> middle = flow.task("middle", [] { return 1; })
                               .after(first)
                               .before(last)
                               .priority(3)
                               .tag("word")
                               .tag("other")
                               .resource("cpu", 2)
                               .expected_duration(baton::Duration(7));
  const Plan plan = flow.build();
  EXPECT_THAT(plan.predecessors(plan.id(middle)), testing::ElementsAre(plan.id(first)));
  EXPECT_THAT(plan.successors(plan.id(middle)), testing::ElementsAre(plan.id(last)));
  EXPECT_EQ(plan.priority(plan.id(middle)), 3);
  EXPECT_EQ(plan.expected_duration(plan.id(middle)), baton::Duration(7));
  EXPECT_EQ(plan.expected_duration(plan.id(first)), std::nullopt);
  EXPECT_THAT(plan.tagged("word"), testing::ElementsAre(plan.id(middle)));
  EXPECT_THAT(plan.tagged("other"), testing::ElementsAre(plan.id(middle)));
  EXPECT_THAT(plan.tagged("none"), testing::IsEmpty());
}

TEST(Bodies, AreKeptAsLongAsAWorkflowACopyOrAPlanNeedsThem) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = held;
  std::optional<Workflow> flow(std::in_place);
  flow->task([held = std::move(held)] { return *held; });
  std::optional<Workflow> copy(*flow);
  std::optional<Plan> plan(copy->build());
  flow.reset();
  EXPECT_FALSE(watch.expired());
  copy.reset();
  EXPECT_FALSE(watch.expired());
  plan.reset();
  EXPECT_TRUE(watch.expired());
}

TEST(Bodies, ThatThrowWhenCopiedLeaveTheWorkflowAsItWas) {
  struct Fragile {
    int value = 0;
    Fragile() = default;
    Fragile(const Fragile& other) : value(other.value) { throw std::runtime_error("no copy"); }
    int operator()() const { return value; }
  };
  Workflow flow;
  flow.task("a", [] {});
  const Fragile body;
  EXPECT_EQ(message_of<std::runtime_error>([&] { flow.task("b", body); }), "no copy");
  EXPECT_EQ(flow.size(), 1U);
  EXPECT_EQ(flow.find("b"), std::nullopt);
  flow.task("b", [] {});
  EXPECT_EQ(flow.build().size(), 2U);
}

}  // namespace
