// SPDX-License-Identifier: MIT
#include <baton/graph/bgl.hpp>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/copy.hpp>
#include <boost/graph/dag_shortest_paths.hpp>
#include <boost/graph/dominator_tree.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/graphviz.hpp>
#include <boost/graph/hawick_circuits.hpp>
#include <boost/graph/reverse_graph.hpp>
#include <boost/graph/strong_components.hpp>
#include <boost/graph/topological_sort.hpp>
#include <boost/graph/transitive_closure.hpp>
#include <boost/property_map/function_property_map.hpp>

#include "random_dag.hpp"

#include <sstream>

namespace baton {
namespace {

BOOST_CONCEPT_ASSERT((boost::VertexListGraphConcept<Plan>));
BOOST_CONCEPT_ASSERT((boost::EdgeListGraphConcept<Plan>));
BOOST_CONCEPT_ASSERT((boost::IncidenceGraphConcept<Plan>));
BOOST_CONCEPT_ASSERT((boost::BidirectionalGraphConcept<Plan>));
BOOST_CONCEPT_ASSERT((boost::AdjacencyGraphConcept<Plan>));
BOOST_CONCEPT_ASSERT((boost::ReadablePropertyGraphConcept<Plan, TaskId, boost::vertex_index_t>));
using boost_concepts::ForwardTraversalConcept;
using boost_concepts::RandomAccessTraversalConcept;
using Traits = boost::graph_traits<Plan>;
BOOST_CONCEPT_ASSERT((RandomAccessTraversalConcept<Traits::vertex_iterator>));
BOOST_CONCEPT_ASSERT((RandomAccessTraversalConcept<Traits::out_edge_iterator>));
BOOST_CONCEPT_ASSERT((RandomAccessTraversalConcept<Traits::in_edge_iterator>));
BOOST_CONCEPT_ASSERT((ForwardTraversalConcept<Traits::edge_iterator>));
// The other concepts need a graph that can be default-constructed, which a constant one cannot.
static_assert(std::is_same_v<boost::graph_traits<const Plan>::edge_descriptor, Edge>);

using graph_test::any_dag;
using graph_test::Dag;
using graph_test::Planned;

/// a -> b -> d, a -> c -> d, d -> e.
const Planned& diamond() {
  static const Planned planned(Dag{5, {{0, 1}, {0, 2}, {1, 3}, {2, 3}, {3, 4}}, {}});
  return planned;
}

template <typename Value>
auto by_vertex(std::vector<Value>& values, const Plan& plan) {
  return boost::make_iterator_property_map(values.begin(), get(boost::vertex_index, plan));
}

TEST(PlanAsBoostGraph, SortsTopologically) {
  const Planned& planned = diamond();
  std::vector<TaskId> order;
  boost::topological_sort(planned.plan, std::back_inserter(order));
  ASSERT_EQ(order.size(), 5u);
  EXPECT_EQ(order.back(), planned.id[0]);
  EXPECT_EQ(order[1], planned.id[3]);
  EXPECT_EQ(order.front(), planned.id[4]);
}

TEST(PlanAsBoostGraph, GivesLongestPaths) {
  const Planned& planned = diamond();
  std::vector<int> distance(5);
  const auto length = [&](const Edge& edge) { return edge.to == planned.id[2] ? 10 : 1; };
  const auto weight = boost::make_function_property_map<Edge>(length);
  boost::dag_shortest_paths(planned.plan, planned.id[0],
                            boost::weight_map(weight)
                                .distance_map(by_vertex(distance, planned.plan))
                                .distance_compare(std::greater<>())
                                .distance_inf(-1)
                                .distance_zero(0));
  std::vector<int> expected(5);
  const int of_task[] = {0, 1, 10, 11, 12};
  for (std::size_t i = 0; i < 5; ++i) expected[index_of(planned.id[i])] = of_task[i];
  EXPECT_EQ(distance, expected);
}

TEST(PlanAsBoostGraph, GivesDominators) {
  const Planned& planned = diamond();
  const TaskId none = boost::graph_traits<Plan>::null_vertex();
  std::vector<TaskId> dominator(5, none);
  const auto result = by_vertex(dominator, planned.plan);
  boost::lengauer_tarjan_dominator_tree(planned.plan, planned.id[0], result);
  EXPECT_EQ(dominator[index_of(planned.id[0])], none);
  EXPECT_EQ(dominator[index_of(planned.id[3])], planned.id[0]);
  EXPECT_EQ(dominator[index_of(planned.id[4])], planned.id[3]);
}

TEST(PlanAsBoostGraph, HasEachTaskAsAStrongComponentAndNoCircuit) {
  const Plan& plan = diamond().plan;
  std::vector<int> component(5);
  EXPECT_EQ(boost::strong_components(plan, by_vertex(component, plan)), 5);
  struct FailingVisitor {
    void cycle(const std::vector<TaskId>&, const Plan&) const { FAIL() << "a plan has none"; }
  };
  boost::hawick_circuits(plan, FailingVisitor{});
}

TEST(PlanAsBoostGraph, IsFilteredAndReversed) {
  const Planned& planned = diamond();
  const auto without_b = [&](TaskId id) { return id != planned.id[1]; };
  using Filtered = boost::filtered_graph<Plan, boost::keep_all, std::function<bool(TaskId)>>;
  const Filtered filtered(planned.plan, {}, without_b);
  EXPECT_EQ(boost::out_degree(planned.id[0], filtered), 1u);
  const auto reversed = boost::make_reverse_graph(planned.plan);
  EXPECT_EQ(boost::out_degree(planned.id[3], reversed), 2u);
  EXPECT_EQ(boost::in_degree(planned.id[3], reversed), 1u);
}

TEST(PlanAsBoostGraph, IsWrittenByBoost) {
  const Planned planned(Dag{2, {{0, 1}}, {}});
  std::ostringstream out;
  boost::write_graphviz(out, planned.plan);
  EXPECT_EQ(out.str(), "digraph G {\n0;\n1;\n0->1 ;\n}\n");
}

TEST(PlanAsBoostGraph, MayBeEmpty) {
  const Plan plan;
  EXPECT_TRUE(vertices(plan).first == vertices(plan).second);
  EXPECT_TRUE(edges(plan).first == edges(plan).second);
  std::vector<TaskId> order;
  boost::topological_sort(plan, std::back_inserter(order));
  EXPECT_TRUE(order.empty());
}

RC_GTEST_PROP(PlanAsBoostGraphProperty, WalksTheEdgesOfThePlanInOrder, ()) {
  const Dag dag = any_dag();
  const Planned planned(dag);
  const Plan& plan = planned.plan;
  std::vector<Edge> expected;
  for (const auto& [from, to] : dag.edges) expected.push_back({planned.id[from], planned.id[to]});
  std::sort(expected.begin(), expected.end());
  expected.erase(std::unique(expected.begin(), expected.end()), expected.end());

  RC_ASSERT(num_vertices(plan) == dag.task_count);
  RC_ASSERT(num_edges(plan) == expected.size());
  RC_ASSERT(std::vector<Edge>(edges(plan).first, edges(plan).second) == expected);

  std::vector<Edge> out, in, adjacent;
  const auto [first, last] = vertices(plan);
  RC_ASSERT(last - first == std::ptrdiff_t{dag.task_count});
  for (auto vertex = first; vertex != last; ++vertex) {
    for (auto [edge, end] = out_edges(*vertex, plan); edge != end; ++edge) out.push_back(*edge);
    for (auto [edge, end] = in_edges(*vertex, plan); edge != end; ++edge) {
      RC_ASSERT(target(*edge, plan) == *vertex);
      in.push_back(*edge);
    }
    for (auto [next, end] = adjacent_vertices(*vertex, plan); next != end; ++next) {
      adjacent.push_back({*vertex, *next});
    }
    RC_ASSERT(out_degree(*vertex, plan) == plan.successors(*vertex).size());
    RC_ASSERT(in_degree(*vertex, plan) == plan.predecessors(*vertex).size());
    RC_ASSERT(degree(*vertex, plan) == out_degree(*vertex, plan) + in_degree(*vertex, plan));
  }
  std::sort(in.begin(), in.end());
  RC_ASSERT(out == expected);
  RC_ASSERT(in == expected);
  RC_ASSERT(adjacent == expected);
}

RC_GTEST_PROP(PlanAsBoostGraphProperty, HasTheClosureOfItsCopy, ()) {
  const Planned planned(any_dag());
  boost::adjacency_list<> copy, closure, closure_of_copy;
  boost::copy_graph(planned.plan, copy);
  boost::transitive_closure(planned.plan, closure);
  boost::transitive_closure(copy, closure_of_copy);
  const auto edges_of = [](const auto& graph) {
    std::set<std::pair<std::size_t, std::size_t>> result;
    for (auto [edge, end] = boost::edges(graph); edge != end; ++edge) {
      result.emplace(boost::source(*edge, graph), boost::target(*edge, graph));
    }
    return result;
  };
  RC_ASSERT(boost::num_edges(copy) == planned.plan.edge_count());
  RC_ASSERT(edges_of(closure) == edges_of(closure_of_copy));
}

RC_GTEST_PROP(PlanAsBoostGraphProperty, ReachesTheDescendantsBreadthFirst, ()) {
  const Dag dag = any_dag();
  RC_PRE(dag.task_count > 0u);
  const Planned planned(dag);
  std::vector<boost::default_color_type> color(dag.task_count);
  const TaskId start = planned.id[*rc::gen::inRange<std::size_t>(0, dag.task_count).as("start")];
  const auto color_map = by_vertex(color, planned.plan);
  boost::breadth_first_search(planned.plan, start, boost::color_map(color_map));
  std::vector<TaskId> reached;
  for (std::size_t i = 0; i < color.size(); ++i) {
    const bool seen = color[i] != boost::white_color;
    if (seen && i != index_of(start)) reached.push_back(static_cast<TaskId>(i));
  }
  RC_ASSERT(descendants(planned.plan, start) == reached);
}

}  // namespace
}  // namespace baton
