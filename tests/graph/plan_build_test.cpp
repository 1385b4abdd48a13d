// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include "support/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using baton::AnyTask;
using baton::DefinitionError;
using baton::Plan;
using baton::take;
using baton::Task;
using baton::Workflow;
using baton::test::message_of;
using testing::ElementsAre;

/// Joins texts; gcc 12 warns wrongly about some sums of strings.
std::string text_of(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

std::string build_error(const Workflow& flow) {
  return message_of<DefinitionError>([&] { static_cast<void>(flow.build()); });
}

TEST(PlanBuild, TakesAnEmptyWorkflow) {
  EXPECT_TRUE(Workflow{}.build().empty());
  const Plan plan = Workflow{"named"}.build();
  EXPECT_TRUE(plan.empty());
  EXPECT_EQ(plan.name(), "named");
}

TEST(PlanBuild, NamesATaskThatWaitsForItself) {
  Workflow flow{"nightly"};
  const auto a = flow.task("a", [] {});
  flow.edge(a, a);
  EXPECT_EQ(build_error(flow), "workflow 'nightly': dependency cycle: 'a' -> 'a'");
}

TEST(PlanBuild, NamesACycleOfTwo) {
  Workflow flow{"nightly"};
  const auto a = flow.task("a", [] {});
  flow.task("b", [] {}).after(a).before(a);
  EXPECT_EQ(build_error(flow), "workflow 'nightly': dependency cycle: 'a' -> 'b' -> 'a'");
}

TEST(PlanBuild, NamesTheWholeCycle) {
  Workflow flow{"nightly"};
  const auto extract = flow.task("extract", [] { return 1; });
  const auto clean = flow.task("clean", [](int x) { return x; }, extract);
  const auto load = flow.task("load", [](int x) { return x; }, clean);
  extract.after(load);
  EXPECT_EQ(build_error(flow), "workflow 'nightly': dependency cycle: 'extract' -> 'clean' -> 'load' -> 'extract'");
}

TEST(PlanBuild, NamesACycleThatIsReachedOnlyPastValidTasks) {
  Workflow flow;
  const auto first = flow.task("first", [] {});
  const auto second = flow.task("second", [] {}).after(first);
  const auto a = flow.task("a", [] {}).after(second);
  const auto b = flow.task([] {}).after(a).before(a);
  flow.task("behind", [] {}).after(b);
  EXPECT_EQ(build_error(flow), "workflow: dependency cycle: 'a' -> #3 -> 'a'");
}

TEST(PlanBuild, NamesALongCycle) {
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 1000; ++i) tasks.push_back(flow.task([] {}));
  std::string expected = "workflow: dependency cycle: ";
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    tasks[(i + 1) % tasks.size()].after(tasks[i]);
    expected += text_of({"#", std::to_string(i), " -> "});
  }
  EXPECT_EQ(build_error(flow), expected + "#0");
}

TEST(PlanBuild, ReportsEachOfSeveralCycles) {
  Workflow flow{"f"};
  const auto a = flow.task("a", [] {});
  const auto b = flow.task("b", [] {}).after(a).before(a);
  const auto c = flow.task("c", [] {}).after(b);
  flow.task("d", [] {}).after(c).before(c);
  EXPECT_EQ(build_error(flow),
            "workflow 'f': dependency cycle: 'a' -> 'b' -> 'a'\n"
            "workflow 'f': dependency cycle: 'c' -> 'd' -> 'c'");
}

TEST(PlanBuild, ReportsDuplicateNames) {
  Workflow flow{"nightly"};
  flow.task("load", [] {});
  flow.task("other", [] {});
  flow.task("load", [] {});
  flow.input<int>("load");
  EXPECT_EQ(build_error(flow),
            "workflow 'nightly': two tasks are called 'load': #0 and #2\n"
            "workflow 'nightly': two tasks are called 'load': #0 and #3");
}

TEST(PlanBuild, ReportsEmptyNames) {
  Workflow flow;
  flow.task([] {});
  flow.task("", [] {});
  flow.task("", [] {});
  EXPECT_EQ(build_error(flow),
            "workflow: task #1 has an empty name; leave the name out for a task without one\n"
            "workflow: task #2 has an empty name; leave the name out for a task without one");
}

TEST(PlanBuild, ReportsReservedNames) {
  for (const std::string name : {"a/b", "a[0]", "[", "]", "/"}) {
    Workflow flow;
    flow.task(name, [] {});
    EXPECT_EQ(build_error(flow),
              text_of({"workflow: task '", name, "': names may not contain '/', '[' or ']', which derived names use"}));
  }
}

TEST(PlanBuild, TakesAnyOtherName) {
  const std::vector<std::string> names{
      "a.b.c", "two words", "\"quoted\"",           "it's",        "größe 漢字 🎺", "new\nline",
      "#",     "tab\t",     std::string(1000, 'x'), "back\\slash", "{}()<>&;|$%"};
  Workflow flow;
  for (const std::string& name : names) flow.task(name, [] {});
  const Plan plan = flow.build();
  for (const std::string& name : names) {
    ASSERT_TRUE(plan.find(name)) << name;
    EXPECT_EQ(plan.task_name(*plan.find(name)), name);
  }
}

TEST(PlanBuild, ReportsHandlesOfAnotherWorkflow) {
  Workflow other;
  const auto foreign = other.task("foreign", [] { return 1; });
  Workflow flow{"f"};
  const auto a = flow.task("a", [](int) {}, foreign);
  flow.task("b", [](const baton::Values<int>&) {}, std::vector{foreign});
  a.after(foreign).before(foreign);
  flow.edge(foreign, a);
  flow.edge(a, foreign);
  const std::string_view end =
      " is a handle of another workflow; use counterpart() for handles of the original of a copy";
  EXPECT_EQ(build_error(flow), text_of({"workflow 'f': an argument of task 'a'", end,      //
                                        "\nworkflow 'f': an argument of task 'b'", end,    //
                                        "\nworkflow 'f': a predecessor of task 'a'", end,  //
                                        "\nworkflow 'f': a successor of task 'a'", end,    //
                                        "\nworkflow 'f': the first task of an edge", end,  //
                                        "\nworkflow 'f': the second task of an edge", end}));
}

TEST(PlanBuild, ReportsHandlesOfRemovedTasks) {
  Workflow flow{"f"};
  const auto removed = flow.task("removed", [] { return 1; });
  flow.remove(removed);
  const auto a = flow.task("a", [](int) {}, removed);
  a.after(removed);
  flow.edge(a, removed);
  EXPECT_EQ(build_error(flow),
            "workflow 'f': an argument of task 'a' is task 'removed', which has been removed\n"
            "workflow 'f': a predecessor of task 'a' is task 'removed', which has been removed\n"
            "workflow 'f': the second task of an edge is task 'removed', which has been removed");
}

TEST(PlanBuild, ReportsHandlesOfNoTask) {
  Workflow flow{"f"};
  const auto a = flow.task("a", [](int) {}, Task<int>{});
  a.after(AnyTask{});
  EXPECT_EQ(build_error(flow),
            "workflow 'f': an argument of task 'a' is a handle of no task\n"
            "workflow 'f': a predecessor of task 'a' is a handle of no task");
}

TEST(PlanBuild, ForgetsTheFaultOfATaskThatWasMended) {
  Workflow flow{"f"};
  const auto a = flow.task("a", [](int) {}, Task<int>{});
  EXPECT_THROW(static_cast<void>(flow.build()), DefinitionError);
  flow.replace(a, [] {});
  EXPECT_EQ(build_error(flow), "(nothing was thrown)");
}

TEST(PlanBuild, ForgetsTheFaultOfATaskThatWasRemoved) {
  Workflow flow{"f"};
  const auto a = flow.task("a", [](int) {}, Task<int>{});
  flow.remove(a);
  EXPECT_EQ(build_error(flow), "(nothing was thrown)");
}

TEST(PlanBuild, RefusesAValueThatIsTakenBesideAnotherUse) {
  Workflow flow{"f"};
  const auto value = flow.task("value", [] { return std::make_unique<int>(1); });
  flow.task("taker", [](std::unique_ptr<int>) {}, take(value));
  flow.task("reader", [](const std::unique_ptr<int>&) {}, value);
  EXPECT_EQ(
      build_error(flow),
      "workflow 'f': task 'taker' takes the result of task 'value', which is used 2 times; pass the handle without "
      "take()");
}

TEST(PlanBuild, RefusesAValueThatIsTakenTwiceOrBesideItselfOrInAGroup) {
  {
    Workflow flow;
    const auto value = flow.task("v", [] { return 1; });
    flow.task("a", [](int) {}, take(value));
    flow.task("b", [](int) {}, take(value));
    EXPECT_EQ(build_error(flow),
              "workflow: task 'a' takes the result of task 'v', which is used 2 times; pass the handle without take()\n"
              "workflow: task 'b' takes the result of task 'v', which is used 2 times; pass the handle without take()");
  }
  {
    Workflow flow;
    const auto value = flow.task("v", [] { return 1; });
    flow.task("a", [](int, int) {}, take(value), value);
    EXPECT_EQ(build_error(flow),
              "workflow: task 'a' takes the result of task 'v', which is used 2 times; pass the handle without take()");
  }
  {
    Workflow flow;
    const auto value = flow.task("v", [] { return 1; });
    flow.task("a", [](int) {}, take(value));
    flow.task("b", [](const baton::Values<int>&) {}, std::vector{value, value});
    EXPECT_EQ(build_error(flow),
              "workflow: task 'a' takes the result of task 'v', which is used 3 times; pass the handle without take()");
  }
}

TEST(PlanBuild, AllowsOrderBesideAValueThatIsTaken) {
  Workflow flow;
  const auto value = flow.task([] { return 1; });
  const auto taker = flow.task([](int) {}, take(value)).after(value);
  flow.task([] {}).after(value, taker);
  EXPECT_EQ(flow.build().edge_count(), 3U);
}

TEST(PlanBuild, ReportsAllFaultsAtOnce) {
  Workflow flow{"nightly"};
  const auto a = flow.task("a", [] { return 1; });
  flow.task("a", [](int) {}, take(a));
  flow.task("", [](int) {}, take(a));
  const auto x = flow.task("x/y", [] {});
  flow.edge(x, x);
  try {
    static_cast<void>(flow.build());
    FAIL() << "it was built";
  } catch (const DefinitionError& error) {
    EXPECT_THAT(error.faults(),
                testing::UnorderedElementsAre(
                    "two tasks are called 'a': #0 and #1",
                    "task #2 has an empty name; leave the name out for a task without one",
                    "task 'x/y': names may not contain '/', '[' or ']', which derived names use",
                    "task 'a' takes the result of task 'a', which is used 2 times; pass the handle without take()",
                    "task '' takes the result of task 'a', which is used 2 times; pass the handle without take()",
                    "dependency cycle: 'x/y' -> 'x/y'"));
  }
}

TEST(PlanBuild, LeavesTheWorkflowAsItWas) {
  Workflow flow;
  const auto a = flow.task("a", [] {});
  const Plan first = flow.build();
  const Plan second = flow.build();
  EXPECT_NE(first, second);
  EXPECT_EQ(first.id(a), second.id(a));
  EXPECT_EQ(flow.size(), 1U);
}

TEST(PlanBuild, CanBeTriedAgainAfterAFault) {
  Workflow flow;
  const auto a = flow.task("a", [] {});
  const auto b = flow.task("a", [] {});
  EXPECT_THROW(static_cast<void>(flow.build()), DefinitionError);
  flow.rename(b, "b");
  const auto loop = flow.task("loop", [] {}).after(a).before(a);
  EXPECT_THROW(static_cast<void>(flow.build()), DefinitionError);
  flow.remove_edge(loop, a);
  EXPECT_EQ(flow.build().size(), 3U);
}

TEST(PlanBuild, OfAnRvalueEmptiesTheWorkflow) {
  Workflow flow{"nightly"};
  const auto a = flow.task("a", [large = std::string(100, 'x')] { return large; });
  const Plan plan = std::move(flow).build();
  EXPECT_EQ(plan.name(), "nightly");
  EXPECT_EQ(plan.task_name(plan.id(a)), "a");
  EXPECT_TRUE(flow.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(flow.name(), "");
  EXPECT_THROW(a.tag("t"), baton::UsageError);
  flow.task("again", [] {});
  EXPECT_FALSE(flow.build().contains(a));
}

TEST(PlanBuild, OfAnRvalueEmptiesTheWorkflowAlsoWhenItThrows) {
  Workflow flow{"nightly"};
  const auto a = flow.task("a", [] {});
  a.after(a);
  EXPECT_EQ(message_of<DefinitionError>([&] { static_cast<void>(std::move(flow).build()); }),
            "workflow 'nightly': dependency cycle: 'a' -> 'a'");
  EXPECT_TRUE(flow.empty());  // NOLINT(bugprone-use-after-move)
}

TEST(PlanBuild, OfAnRvalueGivesTheSamePlan) {
  Workflow flow{"f"};
  const auto a = flow.task("a", [] { return 1; });
  const auto b = flow.task("b", [](int) {}, a).priority(2);
  flow.task([] {}).after(b).tag("last");
  const Plan copied = flow.build();
  const Plan moved = std::move(flow).build();
  ASSERT_EQ(copied.size(), moved.size());
  for (const baton::TaskId id : copied.topological_order()) {
    EXPECT_EQ(copied.task_name(id), moved.task_name(id));
    EXPECT_EQ(copied.priority(id), moved.priority(id));
    EXPECT_TRUE(std::ranges::equal(copied.successors(id), moved.successors(id)));
  }
  EXPECT_EQ(copied.tagged("last"), moved.tagged("last"));
}

}  // namespace
