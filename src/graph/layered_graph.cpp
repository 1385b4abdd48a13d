// SPDX-License-Identifier: MIT
#include "graph/layered_graph.hpp"

#include <baton/graph/analysis.hpp>

#include <algorithm>
#include <numeric>

namespace baton::detail {
namespace {

constexpr std::uint32_t longest_bent = 40;  // layers
constexpr std::size_t most_bends = 400'000;

std::uint32_t number(TaskId id) { return static_cast<std::uint32_t>(id); }

/// By the longest path from the roots; then tasks with more successors than predecessors go as near to the former as
/// they can, which makes edges shorter.
std::vector<std::uint32_t> choose_layers(const Plan& plan) {
  std::vector<std::uint32_t> layer = levels(plan);
  const std::vector<TaskId> order = plan.topological_order();
  for (auto task = order.rbegin(); task != order.rend(); ++task) {
    const auto successors = plan.successors(*task);
    if (successors.size() <= plan.predecessors(*task).size()) continue;
    std::uint32_t nearest = UINT32_MAX;
    for (const TaskId successor : successors) nearest = std::min(nearest, layer[index_of(successor)]);
    layer[index_of(*task)] = nearest - 1;
  }
  return layer;
}

Neighbours group(std::uint32_t nodes, const std::vector<std::pair<std::uint32_t, std::uint32_t>>& links,
                 bool reversed) {
  Neighbours result;
  result.first.assign(std::size_t{nodes} + 1, 0);
  for (const auto& [from, to] : links) ++result.first[(reversed ? to : from) + 1];
  std::partial_sum(result.first.begin(), result.first.end(), result.first.begin());
  result.nodes.resize(links.size());
  std::vector<std::uint32_t> next(result.first.begin(), result.first.end() - 1);
  for (const auto& [from, to] : links) result.nodes[next[reversed ? to : from]++] = reversed ? from : to;
  return result;
}

}  // namespace

std::vector<std::uint32_t> LayeredGraph::positions() const {
  std::vector<std::uint32_t> position(node_count());
  for (const auto& nodes : layers) {
    for (std::uint32_t at = 0; at < nodes.size(); ++at) position[nodes[at]] = at;
  }
  return position;
}

LayeredGraph make_layers(const Plan& plan) {
  LayeredGraph graph;
  graph.task_count = static_cast<std::uint32_t>(plan.size());
  graph.layer = choose_layers(plan);
  graph.first_bend.assign(graph.task_count, 0);
  graph.bend_count.assign(graph.task_count, 0);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> links;
  links.reserve(plan.edge_count());
  for (std::uint32_t task = 0; task < graph.task_count; ++task) {
    const auto successors = plan.successors(TaskId{task});
    const std::uint32_t own = graph.layer[task];
    std::uint32_t furthest = own;  // layer to which a chain of bends has to reach
    for (const TaskId successor : successors) {
      const std::uint32_t span = graph.layer[index_of(successor)] - own;
      if (span <= longest_bent) furthest = std::max(furthest, own + span - 1);
    }
    if (graph.layer.size() - graph.task_count + (furthest - own) > most_bends) furthest = own;
    graph.first_bend[task] = graph.node_count();
    graph.bend_count[task] = furthest - own;
    for (std::uint32_t at = own + 1; at <= furthest; ++at) {
      links.emplace_back(at == own + 1 ? task : graph.node_count() - 1, graph.node_count());
      graph.layer.push_back(at);
    }
    for (const TaskId successor : successors) {
      const std::uint32_t span = graph.layer[index_of(successor)] - own;
      if (span == 1) {
        links.emplace_back(task, number(successor));
      } else if (own + span - 1 <= furthest) {
        links.emplace_back(graph.first_bend[task] + span - 2, number(successor));
      }
    }
  }
  graph.above = group(graph.node_count(), links, true);
  graph.below = group(graph.node_count(), links, false);
  const std::uint32_t depth = graph.layer.empty() ? 0 : *std::max_element(graph.layer.begin(), graph.layer.end()) + 1;
  graph.layers.resize(depth);
  for (std::uint32_t node = 0; node < graph.node_count(); ++node) graph.layers[graph.layer[node]].push_back(node);
  return graph;
}

}  // namespace baton::detail
