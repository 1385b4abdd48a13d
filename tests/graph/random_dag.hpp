// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/workflow.hpp>
#include <boost/graph/adjacency_list.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

// gtest first: rapidcheck/gtest.h needs it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace baton::graph_test {

using Edges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
using Ranks = std::vector<std::uint32_t>;

/// An acyclic graph of tasks numbered in order of creation, which is not a topological order.
struct Dag {
  std::uint32_t task_count = 0;
  Edges edges;                  // may repeat
  std::vector<int> priorities;  // by task; empty: all 0
};

/// Turns pairs of tasks into edges of an acyclic graph: towards the higher rank, loops dropped.
inline Edges directed(const Edges& pairs, const Ranks& ranks) {
  Edges edges;
  for (auto [from, to] : pairs) {
    if (from == to) continue;
    if (std::pair(ranks[from], from) > std::pair(ranks[to], to)) std::swap(from, to);
    edges.emplace_back(from, to);
  }
  return edges;
}

/// As many numbers as there are tasks.
template <typename Number>
std::vector<Number> numbers(std::uint32_t count, Number low, Number end, const char* what) {
  const auto number = rc::gen::inRange<Number>(low, end);
  return *rc::gen::container<std::vector<Number>>(count, number).as(what);
}

/// A small graph by RapidCheck, which shrinks it and prints its parts when a property fails.
inline Dag any_dag() {
  Dag dag;
  dag.task_count = *rc::gen::inRange<std::uint32_t>(0, 30).as("tasks");
  if (dag.task_count == 0) return dag;
  const auto task = rc::gen::inRange<std::uint32_t>(0, dag.task_count);
  const Edges pairs = *rc::gen::container<Edges>(rc::gen::pair(task, task)).as("pairs");
  dag.edges = directed(pairs, numbers<std::uint32_t>(dag.task_count, 0, 1000, "ranks"));
  const bool has_priorities = *rc::gen::arbitrary<bool>().as("has priorities");
  if (has_priorities) dag.priorities = numbers(dag.task_count, -2, 3, "priorities");
  return dag;
}

/// A graph of the given size. Edges span up to `reach` tasks of a topological order.
struct Size {
  std::uint32_t tasks;
  std::size_t edges;
  std::uint32_t reach;
};
inline Dag large_dag(Size size, std::uint64_t seed) {
  using Range = std::uniform_int_distribution<std::uint32_t>;
  std::mt19937_64 random(seed);
  std::vector<std::uint32_t> order(size.tasks);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  Dag dag{size.tasks, {}, {}};
  while (dag.edges.size() < size.edges) {
    const std::uint32_t from = Range(0, size.tasks - 2)(random);
    const std::uint32_t to = Range(from + 1, std::min(size.tasks - 1, from + size.reach))(random);
    dag.edges.emplace_back(order[from], order[to]);
  }
  return dag;
}

/// The plan of a graph, with the ids of its tasks.
struct Planned {
  explicit Planned(const Dag& dag) {
    Workflow flow;
    std::vector<Task<void>> tasks;
    for (std::uint32_t i = 0; i < dag.task_count; ++i) {
      tasks.push_back(flow.task([] {}));
      if (!dag.priorities.empty()) tasks.back().priority(dag.priorities[i]);
    }
    for (const auto& [from, to] : dag.edges) flow.edge(tasks[from], tasks[to]);
    plan = std::move(flow).build();
    for (const Task<void>& task : tasks) id.push_back(plan.id(task));
  }

  Plan plan;
  std::vector<TaskId> id;  // by order of creation
};

/// The same graph for Boost's algorithms, made without a Plan; vertices are in order of creation.
using BoostDag = boost::adjacency_list<boost::setS, boost::vecS, boost::bidirectionalS>;

inline BoostDag boost_dag(const Dag& dag) {
  BoostDag graph(dag.task_count);
  for (const auto& [from, to] : dag.edges) boost::add_edge(from, to, graph);
  return graph;
}

/// The same with one more vertex, before all others.
inline BoostDag with_source(BoostDag graph) {
  const std::size_t count = boost::num_vertices(graph);
  const auto source = boost::add_vertex(graph);
  for (std::size_t vertex = 0; vertex < count; ++vertex) {
    if (boost::in_degree(vertex, graph) == 0) boost::add_edge(source, vertex, graph);
  }
  return graph;
}

/// The vertex that `with_source` has added.
inline std::size_t source_of(const BoostDag& graph) { return boost::num_vertices(graph) - 1; }

}  // namespace baton::graph_test
