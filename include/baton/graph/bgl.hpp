// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Makes a Plan a graph of the Boost Graph Library (1.74 or newer), whose algorithms then run on it
/// without a copy. Opt-in: nothing else of baton needs Boost's headers.
///
/// `baton::Plan`, const or not, models VertexListGraph, EdgeListGraph, IncidenceGraph,
/// BidirectionalGraph, AdjacencyGraph and has the property `vertex_index`. Vertices are TaskId,
/// edges are Edge, both in ascending order. Results by vertex go into property maps, for example
/// `boost::make_iterator_property_map(values.begin(), get(boost::vertex_index, plan))`.
///
/// An algorithm that changes the graph, or names types inside it as `transitive_reduction` does,
/// needs a copy: `boost::copy_graph(plan, copy)` into an `adjacency_list`.
///
/// The plan must live as long as the iterators. All calls are thread-safe.
///
///     std::vector<baton::TaskId> order;
///     boost::topological_sort(plan, std::back_inserter(order));  // last task first

#include <baton/graph/analysis.hpp>
#include <baton/graph/plan.hpp>

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <boost/property_map/property_map.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace baton {
namespace detail {

using AnyStep = boost::random_access_traversal_tag;

/// The base of an iterator that makes its values.
template <typename Iterator, typename Value, typename Traversal>
using Facade = boost::iterator_facade<Iterator, Value, Traversal, Value>;

/// Counts through the tasks of a plan.
class VertexIterator : public Facade<VertexIterator, TaskId, AnyStep> {
 public:
  VertexIterator() = default;
  explicit VertexIterator(std::size_t index) : index_(static_cast<std::ptrdiff_t>(index)) {}

 private:
  friend class boost::iterator_core_access;
  TaskId dereference() const { return static_cast<TaskId>(index_); }
  bool equal(const VertexIterator& other) const { return index_ == other.index_; }
  void increment() { ++index_; }
  void decrement() { --index_; }
  void advance(std::ptrdiff_t distance) { index_ += distance; }
  std::ptrdiff_t distance_to(const VertexIterator& other) const { return other.index_ - index_; }

  std::ptrdiff_t index_ = 0;
};

enum class EdgeSide { out, in };

/// Walks the edges that leave a task, or those that enter it.
template <EdgeSide side>
class TaskEdgeIterator : public Facade<TaskEdgeIterator<side>, Edge, AnyStep> {
 public:
  TaskEdgeIterator() = default;
  TaskEdgeIterator(TaskId task, const TaskId* neighbour) : task_(task), neighbour_(neighbour) {}

 private:
  friend class boost::iterator_core_access;
  Edge dereference() const {
    if constexpr (side == EdgeSide::out) return {task_, *neighbour_};
    return {*neighbour_, task_};
  }
  bool equal(const TaskEdgeIterator& other) const { return neighbour_ == other.neighbour_; }
  void increment() { ++neighbour_; }
  void decrement() { --neighbour_; }
  void advance(std::ptrdiff_t distance) { neighbour_ += distance; }
  std::ptrdiff_t distance_to(const TaskEdgeIterator& to) const {
    const TaskId* other = to.neighbour_;
    return other - neighbour_;
  }

  TaskId task_{};
  const TaskId* neighbour_ = nullptr;
};

/// Walks all edges, task by task.
class EdgeIterator : public Facade<EdgeIterator, Edge, boost::forward_traversal_tag> {
 public:
  EdgeIterator() = default;
  EdgeIterator(const Plan* plan, std::size_t task) : plan_(plan), task_(task) { skip_leaves(); }

 private:
  friend class boost::iterator_core_access;
  TaskId task() const { return static_cast<TaskId>(task_); }
  std::span<const TaskId> successors() const { return plan_->successors(task()); }
  Edge dereference() const { return {task(), successors()[next_]}; }
  bool equal(const EdgeIterator& to) const { return task_ == to.task_ && next_ == to.next_; }
  void increment() {
    if (++next_ < successors().size()) return;
    next_ = 0;
    ++task_;
    skip_leaves();
  }
  void skip_leaves() {
    while (task_ < plan_->size() && successors().empty()) ++task_;
  }

  const Plan* plan_ = nullptr;
  std::size_t task_ = 0;
  std::size_t next_ = 0;
};

/// The property map of `vertex_index`.
struct VertexIndexMap {
  using key_type = TaskId;
  using value_type = std::size_t;
  using reference = std::size_t;
  using category = boost::readable_property_map_tag;
  friend std::size_t get(VertexIndexMap, TaskId vertex) { return index_of(vertex); }
  std::size_t operator[](TaskId vertex) const { return index_of(vertex); }
};

using NoProperties = boost::static_property_map<boost::no_property>;

struct PlanGraphTraits {
  struct traversal_category : boost::vertex_list_graph_tag,
                              boost::edge_list_graph_tag,
                              boost::bidirectional_graph_tag,
                              boost::adjacency_graph_tag {};
  using directed_category = boost::bidirectional_tag;  // directed, with in-edges
  using edge_parallel_category = boost::disallow_parallel_edge_tag;
  using vertex_descriptor = TaskId;
  using edge_descriptor = Edge;
  using vertices_size_type = std::size_t;
  using edges_size_type = std::size_t;
  using degree_size_type = std::size_t;
  using vertex_iterator = VertexIterator;
  using edge_iterator = EdgeIterator;
  using out_edge_iterator = TaskEdgeIterator<EdgeSide::out>;
  using in_edge_iterator = TaskEdgeIterator<EdgeSide::in>;
  using adjacency_iterator = const TaskId*;
  static vertex_descriptor null_vertex() { return static_cast<TaskId>(UINT32_MAX); }
};

template <EdgeSide side>
auto task_edges(TaskId task, std::span<const TaskId> neighbours) {
  using Iterator = TaskEdgeIterator<side>;
  const TaskId* begin = neighbours.data();
  return std::pair(Iterator(task, begin), Iterator(task, begin + neighbours.size()));
}

}  // namespace detail

// What Boost.Graph calls, found by argument-dependent look-up.

/// The task that `edge` comes from. O(1).
inline TaskId source(const Edge& edge, const Plan&) { return edge.from; }
/// The task that `edge` leads to. O(1).
inline TaskId target(const Edge& edge, const Plan&) { return edge.to; }

/// The number of tasks.
inline std::size_t num_vertices(const Plan& plan) { return plan.size(); }
/// The number of edges.
inline std::size_t num_edges(const Plan& plan) { return plan.edge_count(); }

/// Begin and end of all tasks, in order of id.
inline auto vertices(const Plan& plan) {
  return std::pair(detail::VertexIterator(0), detail::VertexIterator(plan.size()));
}
/// Begin and end of all edges, in order of their first task, then of their second.
inline auto edges(const Plan& plan) {
  return std::pair(detail::EdgeIterator(&plan, 0), detail::EdgeIterator(&plan, plan.size()));
}
/// Begin and end of the edges to the successors of `task`.
inline auto out_edges(TaskId task, const Plan& plan) {
  return detail::task_edges<detail::EdgeSide::out>(task, plan.successors(task));
}
/// Begin and end of the edges from the predecessors of `task`.
inline auto in_edges(TaskId task, const Plan& plan) {
  return detail::task_edges<detail::EdgeSide::in>(task, plan.predecessors(task));
}
/// Begin and end of the successors of `task`.
inline std::pair<const TaskId*, const TaskId*> adjacent_vertices(TaskId task, const Plan& plan) {
  const auto successors = plan.successors(task);
  return {successors.data(), successors.data() + successors.size()};
}
/// The number of successors.
inline std::size_t out_degree(TaskId id, const Plan& plan) { return plan.successors(id).size(); }
/// The number of predecessors.
inline std::size_t in_degree(TaskId id, const Plan& plan) { return plan.predecessors(id).size(); }
/// The number of neighbours.
inline std::size_t degree(TaskId id, const Plan& plan) {
  const std::size_t in = in_degree(id, plan);
  return in + out_degree(id, plan);
}

/// A plan has no properties that an algorithm could copy.
inline detail::NoProperties get(boost::vertex_all_t, const Plan&) { return {{}}; }
/// The same of edges.
inline detail::NoProperties get(boost::edge_all_t, const Plan&) { return {{}}; }
/// The numbers of the tasks, 0 to the number of tasks less 1.
inline detail::VertexIndexMap get(boost::vertex_index_t, const Plan&) { return {}; }
/// The number of one task.
inline std::size_t get(boost::vertex_index_t, const Plan&, TaskId id) { return index_of(id); }

}  // namespace baton

namespace boost {

template <>
struct graph_traits<baton::Plan> : baton::detail::PlanGraphTraits {};
template <>
struct graph_traits<const baton::Plan> : baton::detail::PlanGraphTraits {};

template <>
struct property_map<baton::Plan, vertex_index_t> {
  using type = baton::detail::VertexIndexMap;
  using const_type = type;
};
template <>
struct property_map<const baton::Plan, vertex_index_t> {
  using type = baton::detail::VertexIndexMap;
  using const_type = type;
};

// For copy_graph, which copies all properties of vertices and edges: there are none to copy.
template <>
struct vertex_property_type<baton::Plan> {
  using type = no_property;
};
template <>
struct edge_property_type<baton::Plan> {
  using type = no_property;
};
template <>
struct property_map<baton::Plan, vertex_all_t> {
  using type = baton::detail::NoProperties;
  using const_type = type;
};
template <>
struct property_map<baton::Plan, edge_all_t> : property_map<baton::Plan, vertex_all_t> {};

}  // namespace boost
