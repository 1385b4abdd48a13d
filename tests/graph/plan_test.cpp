// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include "support/messages.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

using baton::Duration;
using baton::index_of;
using baton::Plan;
using baton::Task;
using baton::TaskId;
using baton::UsageError;
using baton::Workflow;
using baton::test::message_of;
using baton::test::Shape;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Task<void>> add(Workflow& flow, const Shape& shape) {
  std::vector<Task<void>> tasks;
  for (std::uint32_t i = 0; i < shape.tasks; ++i) tasks.push_back(flow.task([] {}));
  for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
  return tasks;
}

/// Compares what a plan says with the graph it was made from.
void expect_same_graph(const Plan& plan, const Shape& shape, const std::vector<Task<void>>& tasks) {
  const std::set<Shape::Edge> edges(shape.edges.begin(), shape.edges.end());
  ASSERT_EQ(plan.size(), shape.tasks);
  EXPECT_EQ(plan.edge_count(), edges.size());
  std::set<Shape::Edge> forwards;
  std::set<Shape::Edge> backwards;
  std::size_t roots = 0;
  std::size_t leaves = 0;
  for (std::uint32_t i = 0; i < shape.tasks; ++i) {
    const TaskId id = plan.id(tasks[i]);
    EXPECT_EQ(plan.creation_index(id), i);
    EXPECT_TRUE(std::ranges::is_sorted(plan.successors(id)));
    EXPECT_TRUE(std::ranges::is_sorted(plan.predecessors(id)));
    for (const TaskId next : plan.successors(id)) forwards.emplace(i, plan.creation_index(next));
    for (const TaskId before : plan.predecessors(id)) backwards.emplace(plan.creation_index(before), i);
    roots += plan.predecessors(id).empty();
    leaves += plan.successors(id).empty();
  }
  EXPECT_EQ(forwards, edges);
  EXPECT_EQ(backwards, edges);
  EXPECT_EQ(plan.roots().size(), roots);
  EXPECT_EQ(plan.leaves().size(), leaves);
  for (const TaskId id : plan.roots()) EXPECT_THAT(plan.predecessors(id), IsEmpty());
  for (const TaskId id : plan.leaves()) EXPECT_THAT(plan.successors(id), IsEmpty());
}

void expect_topological(const Plan& plan) {
  const std::vector<TaskId> order = plan.topological_order();
  ASSERT_EQ(order.size(), plan.size());
  std::vector<std::size_t> place(plan.size(), order.size());
  for (std::size_t i = 0; i < order.size(); ++i) place[index_of(order[i])] = i;
  for (const TaskId id : order) {
    for (const TaskId next : plan.successors(id)) ASSERT_LT(place[index_of(id)], place[index_of(next)]);
  }
}

TEST(Plan, DefaultConstructedHasNoTasks) {
  const Plan plan;
  EXPECT_TRUE(plan.empty());
  EXPECT_EQ(plan.name(), "");
  EXPECT_EQ(plan.edge_count(), 0U);
  EXPECT_THAT(plan.roots(), IsEmpty());
  EXPECT_THAT(plan.leaves(), IsEmpty());
  EXPECT_THAT(plan.topological_order(), IsEmpty());
  EXPECT_EQ(plan.find("a"), std::nullopt);
  EXPECT_EQ(plan.find("#0"), std::nullopt);
  EXPECT_EQ(plan, Plan{});
}

TEST(Plan, AgreesWithTheGraph) {
  for (const Shape& shape : baton::test::all_shapes(200)) {
    SCOPED_TRACE(shape.name);
    Workflow flow;
    const auto tasks = add(flow, shape);
    const Plan plan = flow.build();
    expect_same_graph(plan, shape, tasks);
    expect_topological(plan);
  }
}

TEST(Plan, AgreesWithAGraphOf10000TasksAnd100000Edges) {
  const Shape shape = baton::test::random_dag(10'000 * baton::test::scale(), 10, 7);
  Workflow flow;
  const auto tasks = add(flow, shape);
  const Plan plan = flow.build();
  expect_same_graph(plan, shape, tasks);
  expect_topological(plan);
}

TEST(Plan, AgreesWithGraphsAtTheEdgesOfItsCounters) {
  // Joins are counted in one byte and split beyond; ready tasks are kept in blocks of 64.
  for (const std::size_t width : std::initializer_list<std::size_t>{1, 2, 62, 63, 64, 65, 126, 127, 128, 129, 63 * 63,
                                                                    63 * 63 + 1, 64 * 64, 100'000}) {
    SCOPED_TRACE(width);
    const Shape shape = baton::test::fan(width);
    Workflow flow;
    const auto tasks = add(flow, shape);
    expect_same_graph(flow.build(), shape, tasks);
  }
}

TEST(Plan, IdsAreTopologicalWithoutPriorities) {
  const Shape shape = baton::test::random_dag(500, 3, 11);
  Workflow flow;
  const auto tasks = add(flow, shape);
  const Plan plan = flow.build();
  for (const auto& [from, to] : shape.edges) EXPECT_LT(plan.id(tasks[from]), plan.id(tasks[to]));
}

TEST(Plan, IdsAreTopologicalWithDurations) {
  const Shape shape = baton::test::random_dag(500, 3, 12);
  Workflow flow;
  const auto tasks = add(flow, shape);
  for (std::size_t i = 0; i < tasks.size(); i += 2) tasks[i].expected_duration(Duration(i % 7));
  const Plan plan = flow.build();
  for (const auto& [from, to] : shape.edges) EXPECT_LT(plan.id(tasks[from]), plan.id(tasks[to]));
}

TEST(Plan, KeepsATopologicalOrderAlsoWithPriorities) {
  const Shape shape = baton::test::random_dag(500, 3, 13);
  Workflow flow;
  const auto tasks = add(flow, shape);
  for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i].priority(static_cast<int>(i % 5));
  expect_topological(flow.build());
}

TEST(Plan, NumbersTheLongestRemainingPathFirst) {
  Workflow flow;
  const auto lone = flow.task("lone", [] {});
  const auto head = flow.task("head", [] {});
  const auto tail = flow.task("tail", [] {}).after(head);
  const Plan plan = flow.build();
  EXPECT_LT(plan.id(head), plan.id(lone));
  EXPECT_LT(plan.id(lone), plan.id(tail)) << "equal paths: by creation";
}

TEST(Plan, NumbersTheLongestRemainingTimeFirst) {
  Workflow flow;
  const auto head = flow.task([] {}).expected_duration(Duration(1));
  const auto tail = flow.task([] {}).after(head).expected_duration(Duration(1));
  const auto lone = flow.task([] {}).expected_duration(Duration(3));
  const Plan plan = flow.build();
  EXPECT_THAT((std::vector{plan.id(lone), plan.id(head), plan.id(tail)}), ElementsAre(TaskId{0}, TaskId{1}, TaskId{2}));
}

TEST(Plan, NumbersHigherPrioritiesFirst) {
  Workflow flow;
  const auto low = flow.task([] {}).priority(-1);
  const auto usual = flow.task([] {});
  const auto high = flow.task([] {}).after(low).priority(std::numeric_limits<int>::max());
  const auto lowest = flow.task([] {}).priority(std::numeric_limits<int>::min());
  const Plan plan = flow.build();
  EXPECT_THAT((std::vector{plan.id(high), plan.id(usual), plan.id(low), plan.id(lowest)}),
              ElementsAre(TaskId{0}, TaskId{1}, TaskId{2}, TaskId{3}));
}

TEST(Plan, TakesDurationsWhoseSumIsTooLarge) {
  Workflow flow;
  const auto first = flow.task([] {}).expected_duration(Duration::max());
  const auto second = flow.task([] {}).after(first).expected_duration(Duration::max());
  const auto third = flow.task([] {}).after(second).expected_duration(Duration::min());
  const Plan plan = flow.build();
  EXPECT_LT(plan.id(first), plan.id(second));
  EXPECT_LT(plan.id(second), plan.id(third));
}

TEST(Plan, IsTheSameEachTimeItIsBuilt) {
  const Shape shape = baton::test::random_dag(1000, 4, 3);
  Workflow first;
  Workflow second;
  const auto in_first = add(first, shape);
  const auto in_second = add(second, shape);
  const Plan a = first.build();
  const Plan b = second.build();
  for (std::size_t i = 0; i < in_first.size(); ++i) EXPECT_EQ(a.id(in_first[i]), b.id(in_second[i]));
}

/// The plan of a shape whose edges are declared in the order in which they stand there.
Plan build_moved(const Shape& shape) {
  Workflow flow;
  add(flow, shape);
  return std::move(flow).build();
}

TEST(Plan, IsTheSameInWhateverOrderItsEdgesAreDeclared) {
  for (Shape shape : baton::test::all_shapes(200)) {
    SCOPED_TRACE(shape.name);
    Workflow flow;
    const auto tasks = add(flow, shape);
    const Plan expected = flow.build();

    const auto expect_the_same = [&](const Plan& plan) {
      ASSERT_EQ(plan.edge_count(), expected.edge_count());
      for (std::uint32_t id = 0; id < shape.tasks; ++id) {
        ASSERT_EQ(plan.creation_index(TaskId{id}), expected.creation_index(TaskId{id}));
        ASSERT_TRUE(std::ranges::equal(plan.successors(TaskId{id}), expected.successors(TaskId{id})));
        ASSERT_TRUE(std::ranges::equal(plan.predecessors(TaskId{id}), expected.predecessors(TaskId{id})));
      }
    };
    expect_the_same(build_moved(shape));
    std::ranges::sort(shape.edges, {}, [](const Shape::Edge& edge) { return std::pair(edge.second, edge.first); });
    expect_the_same(build_moved(shape));
    std::ranges::reverse(shape.edges);
    expect_the_same(build_moved(shape));
  }
}

TEST(Plan, CountsAnEdgeThatIsDeclaredAgainOnce) {
  // Repeated in the list of one task, whether it is short or long, and whether or not the tasks' lists come in order.
  for (const std::uint32_t sources : {1U, 3U, 7U, 20U, 200U}) {
    for (const bool in_order : {true, false}) {
      SCOPED_TRACE(testing::Message() << sources << " sources, " << (in_order ? "in order" : "not in order"));
      Workflow flow;
      std::vector<Task<void>> tasks;
      for (std::uint32_t i = 0; i < sources + 2; ++i) tasks.push_back(flow.task([] {}));
      const auto declare_all = [&](std::uint32_t to) {
        for (int again = 0; again < 3; ++again) {
          for (std::uint32_t from = 0; from < sources; ++from) tasks[to].after(tasks[from]);
        }
      };
      declare_all(in_order ? sources : sources + 1);
      declare_all(in_order ? sources + 1 : sources);
      const Plan plan = std::move(flow).build();
      EXPECT_EQ(plan.edge_count(), 2 * std::size_t{sources});
      for (std::uint32_t i = 0; i < sources; ++i) EXPECT_EQ(plan.successors(plan.id(tasks[i])).size(), 2U);
      EXPECT_EQ(plan.predecessors(plan.id(tasks[sources])).size(), sources);
      EXPECT_EQ(plan.predecessors(plan.id(tasks[sources + 1])).size(), sources);
    }
  }
}

TEST(Plan, FindsTasksByNameAndByNumber) {
  Workflow flow;
  flow.task("a", [] {});
  const auto nameless = flow.task([] {});
  flow.task("7", [] {});
  const Plan plan = flow.build();
  EXPECT_EQ(plan.find("#1"), plan.id(nameless));
  EXPECT_EQ(plan.task_name(plan.id(nameless)), "#1");
  EXPECT_NE(plan.find("a"), std::nullopt);
  for (const char* unknown : {"#0", "#2", "#3", "#", "#01x", "#1 ", "1", "", "#99999999999999999999", "A", "#-1"}) {
    EXPECT_EQ(plan.find(unknown), std::nullopt) << unknown;
  }
}

TEST(Plan, NumbersOfNamelessTasksCountRemovedOnesToo) {
  Workflow flow;
  const auto first = flow.task([] {});
  const auto second = flow.task([] {});
  flow.remove(first);
  const Plan plan = flow.build();
  EXPECT_EQ(plan.task_name(plan.id(second)), "#1");
  EXPECT_EQ(plan.find("#0"), std::nullopt);
}

TEST(Plan, TellsTheTypesOfResults) {
  Workflow flow;
  const auto text = flow.task([] { return std::string(); });
  const auto nothing = flow.task([] {});
  const auto input = flow.input<double>("x");
  const Plan plan = flow.build();
  EXPECT_EQ(*plan.result_type(plan.id(text))->id, typeid(std::string));
  EXPECT_EQ(*plan.result_type(plan.id(nothing))->id, typeid(void));
  EXPECT_EQ(*plan.result_type(plan.id(input))->id, typeid(double));
  Workflow plain;
  const auto only = plain.task([] {});
  EXPECT_EQ(*plain.build().result_type(plain.build().id(only))->id, typeid(void));
}

TEST(Plan, RefusesHandlesThatNameNoTaskOfIt) {
  Workflow flow{"nightly"};
  const auto removed = flow.task([] {});
  flow.remove(removed);
  const Plan plan = flow.build();
  const auto later = flow.task([] {});
  const std::string expected =
      "plan 'nightly': the handle names no task of it (it is of another workflow, or the task was removed or added "
      "later)";
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(plan.id(removed)); }), expected);
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(plan.id(later)); }), expected);
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(plan.id(Task<int>{})); }), expected);
  EXPECT_FALSE(plan.contains(later));
}

TEST(Plan, CopiesAreTheSamePlan) {
  Workflow flow;
  flow.task([] {});
  const Plan plan = flow.build();
  const Plan copy = plan;
  EXPECT_EQ(plan, copy);
  EXPECT_NE(plan, flow.build());
}

TEST(Plan, IsCompact) {
  const Shape shape = baton::test::random_dag(100'000, 2, 5);
  Workflow flow;
  add(flow, shape);
  const Plan plan = std::move(flow).build();
  const std::size_t bytes = plan.memory_bytes();
  EXPECT_LT(bytes, 64 * plan.size() + 8 * plan.edge_count());
}

TEST(Plan, AMillionTasksAreBuiltInLinearTime) {
  // Quadratic steps would take hours: the test's time limit finds them.
  const std::size_t size = baton::test::scaled(1'000'000);
  for (const Shape& shape : {baton::test::chain(size), baton::test::fan(size), baton::test::grid(1000, size / 1000),
                             baton::test::random_dag(size, 2, 1)}) {
    Workflow flow;
    add(flow, shape);
    const Plan plan = std::move(flow).build();
    EXPECT_EQ(plan.size(), shape.tasks);
  }
}

}  // namespace
