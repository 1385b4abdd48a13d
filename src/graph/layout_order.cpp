// SPDX-License-Identifier: MIT
#include "graph/layered_graph.hpp"

#include <algorithm>
#include <numeric>

namespace baton::detail {
namespace {

/// Crossings of the links between a layer and the next one: inversions, counted by a tree of sums. Barth, Mutzel and
/// Jünger, "Simple and efficient bilayer cross counting", JGAA 8 (2004).
std::uint64_t count_between(const LayeredGraph& graph, std::size_t upper, const std::vector<std::uint32_t>& position) {
  std::size_t leaves = 1;
  while (leaves < graph.layers[upper + 1].size()) leaves *= 2;
  std::vector<std::uint32_t> tree(2 * leaves, 0);
  std::vector<std::uint32_t> ends;
  std::uint64_t crossings = 0;
  for (const std::uint32_t node : graph.layers[upper]) {
    ends.clear();
    for (const std::uint32_t below : graph.below.of(node)) ends.push_back(position[below]);
    std::sort(ends.begin(), ends.end());
    for (const std::uint32_t end : ends) {
      for (std::size_t at = leaves + end; at > 1; at /= 2) {
        ++tree[at];
        if (at % 2 == 0) crossings += tree[at + 1];
      }
    }
  }
  return crossings;
}

/// Orders each layer by where the neighbours in the one before it stand, on average.
class Sweep {
 public:
  explicit Sweep(LayeredGraph& graph) : graph_(graph), position_(graph.positions()), wish_(graph.node_count()) {}

  void down() {
    for (std::size_t at = 1; at < graph_.layers.size(); ++at) sort(graph_.layers[at], graph_.above);
  }
  void up() {
    for (std::size_t at = graph_.layers.size() - 1; at-- > 0;) sort(graph_.layers[at], graph_.below);
  }

 private:
  void sort(std::vector<std::uint32_t>& layer, const Neighbours& neighbours) {
    for (const std::uint32_t node : layer) {
      const auto near = neighbours.of(node);
      double sum = 0;
      for (const std::uint32_t each : near) sum += position_[each];
      wish_[node] = near.empty() ? position_[node] : sum / static_cast<double>(near.size());
    }
    std::stable_sort(layer.begin(), layer.end(),
                     [this](std::uint32_t a, std::uint32_t b) { return wish_[a] < wish_[b]; });
    for (std::uint32_t at = 0; at < layer.size(); ++at) position_[layer[at]] = at;
  }

  LayeredGraph& graph_;
  std::vector<std::uint32_t> position_;
  std::vector<double> wish_;
};

}  // namespace

std::uint64_t count_crossings(const LayeredGraph& graph) {
  const std::vector<std::uint32_t> position = graph.positions();
  std::uint64_t crossings = 0;
  for (std::size_t upper = 0; upper + 1 < graph.layers.size(); ++upper) {
    crossings += count_between(graph, upper, position);
  }
  return crossings;
}

void reduce_crossings(LayeredGraph& graph) {
  if (graph.layers.size() < 2) return;
  const int rounds = graph.node_count() < 10'000 ? 12 : graph.node_count() < 100'000 ? 6 : 3;
  auto best = graph.layers;
  std::uint64_t fewest = count_crossings(graph);
  int without_gain = 0;
  Sweep sweep(graph);
  for (int round = 0; round < rounds && fewest > 0 && without_gain < 4; ++round) {
    sweep.down();
    sweep.up();
    const std::uint64_t crossings = count_crossings(graph);
    without_gain = crossings < fewest ? 0 : without_gain + 1;
    if (crossings >= fewest) continue;
    fewest = crossings;
    best = graph.layers;
  }
  graph.layers = std::move(best);
}

}  // namespace baton::detail
