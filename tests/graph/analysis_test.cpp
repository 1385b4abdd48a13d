// SPDX-License-Identifier: MIT
#include <baton/graph/analysis.hpp>

#include <baton/base/error.hpp>
#include <baton/graph/workflow.hpp>

#include <boost/graph/dag_shortest_paths.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/topological_sort.hpp>
#include <boost/graph/transitive_closure.hpp>
#include <boost/graph/transitive_reduction.hpp>
#include <boost/property_map/function_property_map.hpp>

#include "random_dag.hpp"
#include "support/messages.hpp"

#include <chrono>
#include <limits>
#include <set>

namespace baton {
namespace {

using namespace std::chrono_literals;
using graph_test::any_dag;
using graph_test::boost_dag;
using graph_test::BoostDag;
using graph_test::Dag;
using graph_test::large_dag;
using graph_test::Planned;
using test::message_of;

/// extract -> clean -> load, extract -> check -> load, load -> report, extract -> report; and idle.
struct Pipeline {
  Workflow flow{"pipeline"};
  Task<void> extract = flow.task("extract", [] {});
  Task<void> clean = flow.task("clean", [] {});
  Task<void> check = flow.task("check", [] {});
  Task<void> load = flow.task("load", [] {});
  Task<void> report = flow.task("report", [] {});
  Task<void> idle = flow.task("idle", [] {});
  Pipeline() {
    extract.before(clean, check, report);
    load.after(clean, check).before(report);
  }

  /// Values given for extract, clean, check, load, report, idle; in order of the plan's ids.
  template <typename T>
  std::vector<T> by_id(const Plan& plan, const std::vector<T>& values) const {
    std::vector<T> result(plan.size());
    const AnyTask tasks[] = {extract, clean, check, load, report, idle};
    for (std::size_t i = 0; i < result.size(); ++i) result[index_of(plan.id(tasks[i]))] = values[i];
    return result;
  }
  std::vector<Duration> times(const Plan& plan, const std::vector<Duration>& values) const {
    return by_id(plan, values);
  }
};

std::vector<std::string> names(const Plan& plan, const std::vector<TaskId>& tasks) {
  std::vector<std::string> result;
  for (const TaskId task : tasks) result.push_back(plan.task_name(task));
  return result;
}

using Names = std::vector<std::string>;

using Set = std::set<std::string>;

Set sorted(const Names& names) { return {names.begin(), names.end()}; }

TEST(Analysis, HasNothingToSayOfAnEmptyPlan) {
  const Plan plan;
  EXPECT_EQ(levels(plan), std::vector<std::uint32_t>{});
  EXPECT_EQ(depth(plan), 0u);
  EXPECT_EQ(max_width(plan), 0u);
  EXPECT_EQ(critical_path(plan), CriticalPath{});
  EXPECT_EQ(slack(plan), std::vector<Duration>{});
  EXPECT_EQ(redundant_edges(plan), std::vector<Edge>{});
  EXPECT_EQ(immediate_dominators(plan), std::vector<std::optional<TaskId>>{});
}

TEST(Levels, CountTheEdgesOfTheLongestPathFromARoot) {
  const Pipeline pipeline;
  const Plan plan = pipeline.flow.build();
  EXPECT_EQ(levels(plan), pipeline.by_id<std::uint32_t>(plan, {0, 1, 1, 2, 3, 0}));
  EXPECT_EQ(depth(plan), 4u);
  EXPECT_EQ(max_width(plan), 2u);
}

TEST(Levels, HoldInAPlanWhoseIdsAreNotTopological) {
  Workflow flow;
  const auto last = flow.task("last", [] {}).priority(9);
  const auto middle = flow.task("middle", [] {}).priority(5).before(last);
  const auto first = flow.task("first", [] {}).before(middle);
  const Plan plan = flow.build();
  const std::vector<std::uint32_t> level = levels(plan);
  EXPECT_EQ(level[index_of(plan.id(first))], 0u);
  EXPECT_EQ(level[index_of(plan.id(middle))], 1u);
  EXPECT_EQ(level[index_of(plan.id(last))], 2u);
  EXPECT_EQ(names(plan, critical_path(plan).tasks), (Names{"first", "middle", "last"}));
}

TEST(CriticalPath, IsTheLongestByTheGivenDurations) {
  const Pipeline pipeline;
  const Plan plan = pipeline.flow.build();
  const auto by_check = critical_path(plan, pipeline.times(plan, {1s, 2s, 3s, 4s, 5s, 6s}));
  EXPECT_EQ(by_check.length, 13s);
  EXPECT_EQ(names(plan, by_check.tasks), (Names{"extract", "check", "load", "report"}));
  const auto by_clean = critical_path(plan, pipeline.times(plan, {1s, 3001ms, 3s, 4s, 5s, 6s}));
  EXPECT_EQ(by_clean.length, 13001ms);
  EXPECT_EQ(names(plan, by_clean.tasks), (Names{"extract", "clean", "load", "report"}));
  const auto idle = critical_path(plan, pipeline.times(plan, {1s, 2s, 3s, 4s, 5s, 14s}));
  EXPECT_EQ(idle.length, 14s);
  EXPECT_EQ(names(plan, idle.tasks), (Names{"idle"}));
}

TEST(CriticalPath, UsesTheExpectedDurationsOfThePlan) {
  Pipeline pipeline;
  pipeline.idle.expected_duration(3s);
  pipeline.check.expected_duration(2s);
  EXPECT_EQ(critical_path(pipeline.flow.build()).length, 3s);
  pipeline.extract.expected_duration(2s);
  const Plan plan = pipeline.flow.build();
  EXPECT_EQ(critical_path(plan).length, 4s);
  EXPECT_EQ(names(plan, critical_path(plan).tasks), (Names{"extract", "check", "load", "report"}));
}

TEST(CriticalPath, WithoutDurationsHasTheMostTasks) {
  Pipeline pipeline;
  pipeline.idle.priority(1);  // gives it the first id
  const Plan plan = pipeline.flow.build();
  const CriticalPath path = critical_path(plan);
  EXPECT_EQ(path.length, 0s);
  ASSERT_EQ(path.tasks.size(), 4u);
  EXPECT_EQ(path.tasks[1], std::min(*plan.find("clean"), *plan.find("check")));
}

TEST(CriticalPath, StaysAtTheLargestDuration) {
  const Pipeline pipeline;
  const Plan plan = pipeline.flow.build();
  const Duration forever = Duration::max();
  const auto durations = pipeline.times(plan, {forever, forever, 1s, forever, 1ns, 1s});
  EXPECT_EQ(critical_path(plan, durations).length, forever);
  const auto room = pipeline.times(plan, {0s, 0s, 0s, 0s, 0s, forever - 1s});
  EXPECT_EQ(slack(plan, durations), room);
}

TEST(CriticalPath, RefusesDurationsThatDoNotFit) {
  const Pipeline pipeline;
  const Plan plan = pipeline.flow.build();
  const std::vector<Duration> five(5);
  const std::string too_few = "a plan of 6 tasks needs as many durations, 5 were given";
  EXPECT_EQ(message_of<UsageError>([&] { (void)critical_path(plan, five); }), too_few);
  EXPECT_EQ(message_of<UsageError>([&] { (void)slack(plan, five); }), too_few);
  const auto negative = pipeline.times(plan, {0s, 0s, 0s, -2ns, 0s, 0s});
  const std::string below_zero = "task 'load' has a negative duration, -2 ns";
  EXPECT_EQ(message_of<UsageError>([&] { (void)critical_path(plan, negative); }), below_zero);
}

TEST(Slack, IsTheRoomOfEachTaskBesideTheCriticalPath) {
  const Pipeline pipeline;
  const Plan plan = pipeline.flow.build();
  EXPECT_EQ(slack(plan, pipeline.times(plan, {1s, 1s, 3s, 4s, 5s, 6s})),
            pipeline.times(plan, {0s, 2s, 0s, 0s, 0s, 7s}));
}

TEST(Slack, UsesTheExpectedDurationsOfThePlan) {
  Pipeline pipeline;
  pipeline.check.expected_duration(2s);
  const Plan plan = pipeline.flow.build();
  EXPECT_EQ(slack(plan), pipeline.times(plan, {0s, 2s, 0s, 0s, 0s, 2s}));
}

TEST(Ancestors, AreAllThatATaskWaitsFor) {
  const Plan plan = Pipeline().flow.build();
  const Names before_load = names(plan, ancestors(plan, *plan.find("load")));
  EXPECT_EQ(sorted(before_load), (Set{"extract", "clean", "check"}));
  EXPECT_EQ(ancestors(plan, *plan.find("extract")), std::vector<TaskId>{});
  EXPECT_EQ(message_of<UsageError>([&] { (void)ancestors(plan, TaskId{6}); }),
            "task id 6 is not in a plan of 6 tasks");  // the last is 5
}

TEST(Descendants, AreAllThatWaitForATask) {
  const Plan plan = Pipeline().flow.build();
  const Names after_check = names(plan, descendants(plan, *plan.find("check")));
  EXPECT_EQ(sorted(after_check), (Set{"load", "report"}));
  EXPECT_EQ(descendants(plan, *plan.find("idle")), std::vector<TaskId>{});
  EXPECT_EQ(message_of<UsageError>([&] { (void)descendants(plan, TaskId{7}); }),
            "task id 7 is not in a plan of 6 tasks");  // the last is 5
}

TEST(RedundantEdges, AreThoseThatALongerPathBypasses) {
  const Plan plan = Pipeline().flow.build();
  const Edge bypassed{*plan.find("extract"), *plan.find("report")};
  EXPECT_EQ(redundant_edges(plan), std::vector{bypassed});
}

TEST(ImmediateDominators, AreTheLastTasksThatEveryPathPasses) {
  Pipeline pipeline;
  const auto both = pipeline.flow.task("both", [] {}).after(pipeline.idle, pipeline.report);
  const Plan plan = pipeline.flow.build();
  const std::vector<std::optional<TaskId>> dominator = immediate_dominators(plan);
  const auto of = [&](AnyTask task) {
    const auto id = dominator[index_of(plan.id(task))];
    return id ? plan.task_name(*id) : "none";
  };
  EXPECT_EQ(of(pipeline.extract), "none");
  EXPECT_EQ(of(pipeline.clean), "extract");
  EXPECT_EQ(of(pipeline.load), "extract");
  EXPECT_EQ(of(pipeline.report), "extract");
  EXPECT_EQ(of(pipeline.idle), "none");
  EXPECT_EQ(of(both), "none");
}

TEST(Analysis, OfALongChainNeedsNoDeepStack) {
  constexpr std::uint32_t count = 300'000;
  Dag dag{count, {{0, 1}, {count - 1, 1}}, {}};
  for (std::uint32_t i = 2; i < count; ++i) dag.edges.emplace_back(i == 2 ? 0 : i - 1, i);
  const Planned planned(dag);
  const Plan& plan = planned.plan;
  EXPECT_EQ(depth(plan), count);
  EXPECT_EQ(max_width(plan), 1u);
  EXPECT_EQ(critical_path(plan, std::vector<Duration>(count, 1ms)).length, count * 1ms);
  EXPECT_EQ(ancestors(plan, planned.id[1]).size(), count - 1);
  EXPECT_EQ(redundant_edges(plan), (std::vector<Edge>{{planned.id[0], planned.id[1]}}));
  const auto dominator = immediate_dominators(plan);
  EXPECT_EQ(dominator[index_of(planned.id[1])], planned.id[0]);
  EXPECT_EQ(dominator[index_of(planned.id[count - 1])], planned.id[count - 2]);
}

// ---- Against Boost.Graph, on graphs that it gets from us without a Plan ----

/// The longest path to each task from before all of them, `weight(task)` long for each task on it.
template <typename Weight>
std::vector<std::int64_t> longest_paths(const Dag& dag, Weight weight) {
  const BoostDag graph = graph_test::with_source(boost_dag(dag));
  const auto index = get(boost::vertex_index, graph);
  const auto weight_map = boost::make_function_property_map<BoostDag::edge_descriptor>(
      [&](const auto& edge) -> std::int64_t { return weight(boost::target(edge, graph)); });
  std::vector<std::int64_t> distance(boost::num_vertices(graph));
  const auto distance_map = boost::make_iterator_property_map(distance.begin(), index);
  boost::dag_shortest_paths(graph, graph_test::source_of(graph),
                            boost::weight_map(weight_map)
                                .distance_map(distance_map)
                                .distance_compare(std::greater<>())
                                .distance_inf(std::numeric_limits<std::int64_t>::min())
                                .distance_zero(std::int64_t{0}));
  distance.pop_back();
  return distance;
}

/// The largest of `values`, 0 of none.
template <typename Value>
Value largest(const std::vector<Value>& values) {
  return values.empty() ? Value{0} : *std::max_element(values.begin(), values.end());
}

RC_GTEST_PROP(AnalysisProperty, LevelsAreBoostsLongestPaths, ()) {
  const Dag dag = any_dag();
  const Planned planned(dag);
  const std::vector<std::int64_t> distance = longest_paths(dag, [](std::size_t) { return 1; });
  const std::vector<std::uint32_t> level = levels(planned.plan);
  std::vector<std::size_t> width(dag.task_count);
  for (std::uint32_t i = 0; i < dag.task_count; ++i) {
    RC_ASSERT(level[index_of(planned.id[i])] == distance[i] - 1);
    ++width[static_cast<std::size_t>(distance[i] - 1)];
  }
  RC_ASSERT(static_cast<std::int64_t>(depth(planned.plan)) == largest(distance));
  RC_ASSERT(max_width(planned.plan) == largest(width));
}

RC_GTEST_PROP(AnalysisProperty, CriticalPathIsBoostsLongest, ()) {
  const Dag dag = any_dag();
  const Planned planned(dag);
  const std::vector<int> weight = graph_test::numbers(dag.task_count, 0, 20, "durations");
  std::vector<Duration> durations(dag.task_count);
  for (std::uint32_t i = 0; i < dag.task_count; ++i) {
    durations[index_of(planned.id[i])] = Duration(weight[i]);
  }
  const auto distance = longest_paths(dag, [&](std::size_t task) { return weight[task]; });
  const CriticalPath path = critical_path(planned.plan, durations);
  RC_ASSERT(path.length.count() == largest(distance));

  Duration sum{};
  for (std::size_t i = 0; i < path.tasks.size(); ++i) {
    sum += durations[index_of(path.tasks[i])];
    if (i == 0) continue;
    const auto successors = planned.plan.successors(path.tasks[i - 1]);
    RC_ASSERT(std::find(successors.begin(), successors.end(), path.tasks[i]) != successors.end());
  }
  RC_ASSERT(sum == path.length);
  RC_ASSERT((path.tasks.empty() || planned.plan.predecessors(path.tasks.front()).empty()));
  RC_ASSERT((path.tasks.empty() || planned.plan.successors(path.tasks.back()).empty()));
}

RC_GTEST_PROP(AnalysisProperty, SlackIsWhatATaskMayGrow, ()) {
  const Dag dag = any_dag();
  RC_PRE(dag.task_count > 0u);
  const Planned planned(dag);
  const std::vector<int> weight = graph_test::numbers(dag.task_count, 0, 20, "durations");
  std::vector<Duration> durations(weight.begin(), weight.end());
  const std::vector<Duration> room = slack(planned.plan, durations);
  const Duration length = critical_path(planned.plan, durations).length;
  for (std::size_t task = 0; task < durations.size(); ++task) {
    std::vector<Duration> grown = durations;
    grown[task] += room[task];
    RC_ASSERT(critical_path(planned.plan, grown).length == length);
    grown[task] += Duration(1);
    RC_ASSERT(critical_path(planned.plan, grown).length == length + Duration(1));
  }
}

RC_GTEST_PROP(AnalysisProperty, AncestorsAndDescendantsAreBoostsClosure, ()) {
  const Dag dag = any_dag();
  const Planned planned(dag);
  const BoostDag graph = boost_dag(dag);
  boost::adjacency_list<> closure;
  boost::transitive_closure(graph, closure);
  std::vector<std::vector<TaskId>> above(dag.task_count), below(dag.task_count);
  for (auto [edge, end] = boost::edges(closure); edge != end; ++edge) {
    const std::size_t from = boost::source(*edge, closure), to = boost::target(*edge, closure);
    below[from].push_back(planned.id[to]);
    above[to].push_back(planned.id[from]);
  }
  for (std::uint32_t i = 0; i < dag.task_count; ++i) {
    std::sort(above[i].begin(), above[i].end());
    std::sort(below[i].begin(), below[i].end());
    RC_ASSERT(ancestors(planned.plan, planned.id[i]) == above[i]);
    RC_ASSERT(descendants(planned.plan, planned.id[i]) == below[i]);
  }
}

/// The edges of the graph that are not in Boost's transitive reduction of it.
std::vector<Edge> reduced_by_boost(const Dag& dag, const Planned& planned) {
  const BoostDag graph = boost_dag(dag);
  const auto index = get(boost::vertex_index, graph);
  boost::adjacency_list<> reduced;
  std::vector<std::size_t> vertex(dag.task_count);
  const auto vertex_map = boost::make_iterator_property_map(vertex.begin(), index);
  boost::transitive_reduction(graph, reduced, vertex_map, index);
  std::vector<Edge> edges;
  for (auto [edge, end] = boost::edges(graph); edge != end; ++edge) {
    const std::size_t from = boost::source(*edge, graph), to = boost::target(*edge, graph);
    const bool kept = boost::edge(vertex[from], vertex[to], reduced).second;
    if (!kept) edges.push_back({planned.id[from], planned.id[to]});
  }
  std::sort(edges.begin(), edges.end());
  return edges;
}

RC_GTEST_PROP(AnalysisProperty, RedundantEdgesAreThoseThatBoostsReductionDrops, ()) {
  const Dag dag = any_dag();
  RC_PRE(dag.task_count > 0u);  // Boost reads the first of no vertices
  const Planned planned(dag);
  RC_ASSERT(redundant_edges(planned.plan) == reduced_by_boost(dag, planned));
}

// Large enough for several blocks of targets.
TEST(RedundantEdges, OfLargeGraphsAreThoseThatBoostsReductionDrops) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (const std::uint32_t reach : {10u, 100u, 2000u}) {
    SCOPED_TRACE("reach " + std::to_string(reach));
    const Dag dag = large_dag({2'000, 8'000, reach}, seed);
    const Planned planned(dag);
    const std::vector<Edge> expected = reduced_by_boost(dag, planned);
    EXPECT_GT(expected.size(), 1'000u);
    EXPECT_EQ(redundant_edges(planned.plan), expected);
  }
}

void expect_dominators_of_boost(const Dag& dag) {
  const Planned planned(dag);
  const BoostDag graph = graph_test::with_source(boost_dag(dag));
  std::vector<std::size_t> expected(boost::num_vertices(graph), BoostDag::null_vertex());
  boost::lengauer_tarjan_dominator_tree(
      graph, graph_test::source_of(graph),
      boost::make_iterator_property_map(expected.begin(), get(boost::vertex_index, graph)));
  const std::vector<std::optional<TaskId>> dominator = immediate_dominators(planned.plan);
  for (std::uint32_t i = 0; i < dag.task_count; ++i) {
    const bool none = expected[i] == graph_test::source_of(graph);
    const auto of_boost = none ? std::nullopt : std::optional(planned.id[expected[i]]);
    ASSERT_EQ(dominator[index_of(planned.id[i])], of_boost) << "task " << i;
  }
}

RC_GTEST_PROP(AnalysisProperty, DominatorsAreThoseOfLengauerAndTarjan, ()) {
  const Dag dag = any_dag();
  expect_dominators_of_boost(dag);
  RC_ASSERT(!::testing::Test::HasFailure());
}

// Narrow graphs have deep trees of dominators.
TEST(ImmediateDominators, OfNarrowGraphsAreThoseOfLengauerAndTarjan) {
  const std::uint64_t seed = std::random_device{}();
  for (std::uint64_t i = 0; i < 50; ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed + i));
    ASSERT_NO_FATAL_FAILURE(expect_dominators_of_boost(large_dag({200, 400, 4}, seed + i)));
  }
}

RC_GTEST_PROP(AnalysisProperty, APlanHasTheEdgesOfItsGraph, ()) {
  const Dag dag = any_dag();
  const Planned planned(dag);
  std::set<Edge> expected, out, in;
  for (const auto& [from, to] : dag.edges) expected.insert({planned.id[from], planned.id[to]});
  for (const TaskId id : planned.id) {
    for (const TaskId next : planned.plan.successors(id)) out.insert({id, next});
    for (const TaskId before : planned.plan.predecessors(id)) in.insert({before, id});
  }
  RC_ASSERT(out == expected);
  RC_ASSERT(in == expected);
  RC_ASSERT(planned.plan.edge_count() == expected.size());

  std::vector<std::size_t> position(dag.task_count);
  const std::vector<TaskId> order = planned.plan.topological_order();
  RC_ASSERT(order.size() == dag.task_count);
  for (std::size_t i = 0; i < order.size(); ++i) position[index_of(order[i])] = i;
  const auto place = [&](TaskId id) { return position[index_of(id)]; };
  for (const Edge& edge : expected) RC_ASSERT(place(edge.from) < place(edge.to));
}

}  // namespace
}  // namespace baton
