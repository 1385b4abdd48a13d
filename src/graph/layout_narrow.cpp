// SPDX-License-Identifier: MIT
#include "graph/layered_graph.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

// Where many long edges cross, what Brandes and Köpf align pushes the rest apart. Here each layer in turn is moved to
// where the sum of its squared distances from its neighbours is least, links of long edges counting more (the weights
// of Gansner, Koutsofios, North and Vo, "A technique for drawing directed graphs", IEEE TSE 19 (1993)). With the order
// and the gaps kept this is isotonic regression: linear by pooling neighbours that want to pass each other (Ayer et
// al., 1955). Chains of bends are made straight afterwards, as far as there is room.

namespace baton::detail {
namespace {

constexpr double pull_to_middle = 0.02;  // of the weight of a layer's links; keeps deep graphs from drifting

class Narrow {
 public:
  Narrow(const LayeredGraph& graph, const NodeSizes& sizes)
      : graph_(graph), sizes_(sizes), x_(graph.node_count()), position_(graph.positions()) {
    packed_.reserve(graph.layers.size());
    for (const auto& layer : graph.layers) pack(layer);
  }

  std::vector<double> run() {
    const int rounds = graph_.node_count() < 20'000 ? 12 : graph_.node_count() < 100'000 ? 6 : 4;
    for (int round = 0; round < rounds; ++round) {
      // One-sided at first: what lies far apart comes together faster.
      const double other_side = round < 2 ? 0 : 1;
      for (const auto& layer : graph_.layers) settle(layer, 1, other_side);
      for (auto layer = graph_.layers.rbegin(); layer != graph_.layers.rend(); ++layer) settle(*layer, other_side, 1);
    }
    for (std::uint32_t task = 0; task < graph_.task_count; ++task) align(task);
    for (std::uint32_t task = 0; task < graph_.task_count; ++task) straighten(task);
    return std::move(x_);
  }

 private:
  /// Nodes that want to pass each other and so stand side by side.
  struct Pool {
    double sum, weight;
    std::size_t nodes;
    [[nodiscard]] double mean() const { return sum / weight; }
  };

  struct Room {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
  };

  [[nodiscard]] double gap(std::uint32_t left, std::uint32_t right) const {
    return sizes_.between(graph_.is_bend(left), graph_.is_bend(right));
  }

  void pack(const std::vector<std::uint32_t>& layer);
  void settle(const std::vector<std::uint32_t>& layer, double above, double below);
  [[nodiscard]] Room room_of(std::uint32_t node) const;
  void align(std::uint32_t task);
  void straighten(std::uint32_t task);

  const LayeredGraph& graph_;
  const NodeSizes& sizes_;
  std::vector<double> x_;
  const std::vector<std::uint32_t> position_;
  std::vector<double> packed_;  // of each layer: where its first node stands, when all stand side by side
  std::vector<Pool> pools_;
};

/// Side by side, the middle of the layer at 0.
void Narrow::pack(const std::vector<std::uint32_t>& layer) {
  double at = 0;
  for (std::size_t i = 0; i < layer.size(); ++i) {
    if (i > 0) at += gap(layer[i - 1], layer[i]);
    x_[layer[i]] = at;
  }
  for (const std::uint32_t node : layer) x_[node] -= at / 2;
  packed_.push_back(-at / 2);
}

/// Moves a layer to where its neighbours want it; `above` and `below` say how much these count.
void Narrow::settle(const std::vector<std::uint32_t>& layer, double above, double below) {
  pools_.clear();
  const double start = packed_[graph_.layer[layer.front()]];
  double offset = 0;  // of the node from the first one, when all stand side by side
  for (std::size_t i = 0; i < layer.size(); ++i) {
    const std::uint32_t node = layer[i];
    if (i > 0) offset += gap(layer[i - 1], node);
    double sum = 0;
    double weight = 0;
    const auto add = [&](const Neighbours& neighbours, double factor) {
      for (const std::uint32_t near : neighbours.of(node)) {
        const double bends = graph_.is_bend(node) && graph_.is_bend(near) ? 8 : 1;
        sum += factor * bends * x_[near];
        weight += factor * bends;
      }
    };
    add(graph_.above, above);
    add(graph_.below, below);
    if (weight == 0) {  // it stays, but gives way
      weight = pull_to_middle;
      sum = weight * x_[node];
    }
    Pool pool{sum + weight * (pull_to_middle * start - offset), weight * (1 + pull_to_middle), 1};
    while (!pools_.empty() && pools_.back().mean() >= pool.mean()) {
      pool = {pool.sum + pools_.back().sum, pool.weight + pools_.back().weight, pool.nodes + pools_.back().nodes};
      pools_.pop_back();
    }
    pools_.push_back(pool);
  }
  std::size_t i = 0;
  offset = 0;
  for (const Pool& pool : pools_) {
    for (const std::size_t end = i + pool.nodes; i < end; ++i) {
      if (i > 0) offset += gap(layer[i - 1], layer[i]);
      x_[layer[i]] = pool.mean() + offset;
    }
  }
}

/// Where a node may go without passing or touching its neighbours in the layer.
Narrow::Room Narrow::room_of(std::uint32_t node) const {
  const auto& layer = graph_.layers[graph_.layer[node]];
  const std::uint32_t at = position_[node];
  Room room;
  if (at > 0) room.low = std::min(x_[node], x_[layer[at - 1]] + gap(layer[at - 1], node));
  if (at + 1 < layer.size()) room.high = std::max(x_[node], x_[layer[at + 1]] - gap(node, layer[at + 1]));
  return room;
}

/// Puts a task that nearly stands above or below a neighbour exactly there.
void Narrow::align(std::uint32_t task) {
  double nearest = std::numeric_limits<double>::infinity();
  for (const Neighbours* const neighbours : {&graph_.above, &graph_.below}) {
    for (const std::uint32_t near : neighbours->of(task)) {
      const double way = x_[near] - x_[task];
      if (std::abs(way) < std::abs(nearest)) nearest = way;
    }
  }
  if (std::abs(nearest) > sizes_.task / 2) return;
  const Room room = room_of(task);
  const double wish = x_[task] + nearest;
  if (wish >= room.low && wish <= room.high) x_[task] = wish;
}

/// Puts as many bends of a task's chain as possible on one line, from the top, then on the next one.
void Narrow::straighten(std::uint32_t task) {
  const std::uint32_t end = graph_.first_bend[task] + graph_.bend_count[task];
  double wish = x_[task];
  for (std::uint32_t first = graph_.first_bend[task]; first < end;) {
    Room room;
    double sum = 0;
    std::uint32_t next = first;
    for (; next < end; ++next) {
      const Room own = room_of(next);
      const Room both{std::max(room.low, own.low), std::min(room.high, own.high)};
      if (both.low > both.high) break;
      room = both;
      sum += x_[next];
    }
    if (wish < room.low || wish > room.high) wish = std::clamp(sum / (next - first), room.low, room.high);
    for (; first < next; ++first) x_[first] = wish;
  }
}

}  // namespace

std::vector<double> place_narrowly(const LayeredGraph& graph, const NodeSizes& sizes) {
  return Narrow(graph, sizes).run();
}

double narrowest_width(const LayeredGraph& graph, const NodeSizes& sizes) {
  double widest = 0;
  for (const auto& layer : graph.layers) {
    double width = sizes.half(graph.is_bend(layer.front())) + sizes.half(graph.is_bend(layer.back()));
    for (std::size_t i = 1; i < layer.size(); ++i) {
      width += sizes.between(graph.is_bend(layer[i - 1]), graph.is_bend(layer[i]));
    }
    widest = std::max(widest, width);
  }
  return widest;
}

}  // namespace baton::detail
