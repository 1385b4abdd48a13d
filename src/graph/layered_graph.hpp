// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/plan.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace baton::detail {

/// Neighbours of each node, in one array.
struct Neighbours {
  std::vector<std::uint32_t> first;  // one more than nodes
  std::vector<std::uint32_t> nodes;

  [[nodiscard]] std::span<const std::uint32_t> of(std::uint32_t node) const {
    return {nodes.data() + first[node], first[node + 1] - first[node]};
  }
};

/// A plan made ready for drawing: each link leads to the next layer.
///
/// Nodes are the tasks, by id, and behind them *bends*: a task whose edges reach further has one in each layer on the
/// way, which those edges share.
struct LayeredGraph {
  std::uint32_t task_count = 0;
  std::vector<std::uint32_t> layer;                // of each node
  std::vector<std::vector<std::uint32_t>> layers;  // the nodes of each, in the order in which they stand
  Neighbours above, below;
  std::vector<std::uint32_t> first_bend;  // of each task: the one in the layer behind it, the others follow
  std::vector<std::uint32_t> bend_count;  // of each task

  [[nodiscard]] std::uint32_t node_count() const { return static_cast<std::uint32_t>(layer.size()); }
  [[nodiscard]] bool is_bend(std::uint32_t node) const { return node >= task_count; }
  /// Of each node, counted from 0: where it stands in its layer.
  [[nodiscard]] std::vector<std::uint32_t> positions() const;
};

/// The layers of a plan, in a first order.
[[nodiscard]] LayeredGraph make_layers(const Plan& plan);

/// Changes the order within the layers so that links cross less.
void reduce_crossings(LayeredGraph& graph);
/// The number of crossings of links, for the order as it is.
[[nodiscard]] std::uint64_t count_crossings(const LayeredGraph& graph);

/// How much room nodes need along their layer.
struct NodeSizes {
  double task, gap;  // a bend has no size of its own

  [[nodiscard]] double half(bool is_bend) const { return is_bend ? 0 : task / 2; }
  /// Between the centres of neighbours. Lines may be nearer to each other than boxes.
  [[nodiscard]] double between(bool is_bend, bool next_is_bend) const {
    const double share = is_bend && next_is_bend ? 0.3 : is_bend || next_is_bend ? 0.6 : 1;
    return half(is_bend) + half(next_is_bend) + share * gap;
  }
};
/// The centre of each node along its layer, for a graph with tasks; the smallest border is 0.
[[nodiscard]] std::vector<double> place_along_layers(const LayeredGraph& graph, const NodeSizes& sizes);
/// The same by a method that makes less straight and takes less room, from anywhere.
[[nodiscard]] std::vector<double> place_narrowly(const LayeredGraph& graph, const NodeSizes& sizes);
/// What the widest layer needs; no drawing is narrower.
[[nodiscard]] double narrowest_width(const LayeredGraph& graph, const NodeSizes& sizes);

}  // namespace baton::detail
