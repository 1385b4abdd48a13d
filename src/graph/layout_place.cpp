// SPDX-License-Identifier: MIT
#include "graph/layered_graph.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <unordered_set>

// Brandes and Köpf, "Fast and simple horizontal coordinate assignment", GD 2001. Nodes are aligned with a median
// neighbour, in each of four ways (looking up or down, from the left or from the right), and what is aligned, a block,
// moves as one. Each node stands at the mean of the two middle ones of its four places. The blocks are placed as in a
// graph of their own, by longest paths from the left and then back from the right, instead of by the classes of the
// paper, which leave boxes overlapping in some cases (Brandes, Walter and Zink, 2020).

namespace baton::detail {
namespace {

constexpr double most_spread = 1.5;  // times the narrowest width; beyond that place_narrowly does better

std::uint64_t link(std::uint32_t upper, std::uint32_t lower) { return std::uint64_t{upper} << 32 | lower; }

/// Links to which the chains of long edges shall not give way: those that cross a link between two bends.
std::unordered_set<std::uint64_t> find_conflicts(const LayeredGraph& graph,
                                                 const std::vector<std::uint32_t>& position) {
  std::unordered_set<std::uint64_t> conflicts;
  const auto bend_above = [&](std::uint32_t node) -> const std::uint32_t* {
    if (!graph.is_bend(node)) return nullptr;
    const auto above = graph.above.of(node);
    return !above.empty() && graph.is_bend(above[0]) ? above.data() : nullptr;
  };
  for (std::size_t at = 1; at < graph.layers.size(); ++at) {
    const auto& layer = graph.layers[at];
    std::uint32_t left = 0;
    std::size_t scanned = 0;
    for (std::size_t index = 0; index < layer.size(); ++index) {
      const std::uint32_t* const inner = bend_above(layer[index]);
      if (inner == nullptr && index + 1 < layer.size()) continue;
      const std::uint32_t right = inner != nullptr ? position[*inner] : UINT32_MAX;
      for (; scanned <= index; ++scanned) {
        for (const std::uint32_t above : graph.above.of(layer[scanned])) {
          const bool crosses = position[above] < left || position[above] > right;
          if (crosses && !(graph.is_bend(above) && graph.is_bend(layer[scanned]))) {
            conflicts.insert(link(above, layer[scanned]));
          }
        }
      }
      left = right;
    }
  }
  return conflicts;
}

/// One of the four ways. From the right is done as from the left in a mirror.
class Placement {
 public:
  Placement(const LayeredGraph& graph, const NodeSizes& sizes, const std::vector<std::uint32_t>& position,
            const std::unordered_set<std::uint64_t>& conflicts, bool upwards, bool mirrored)
      : graph_(graph),
        sizes_(sizes),
        position_(position),
        conflicts_(conflicts),
        upwards_(upwards),
        mirrored_(mirrored),
        root_(graph.node_count()),
        next_(graph.node_count()) {}

  std::vector<double> run() {
    align();
    std::vector<double> x = place_blocks();
    for (std::uint32_t node = 0; node < graph_.node_count(); ++node) x[node] = x[root_[node]];
    if (mirrored_) {
      for (double& each : x) each = -each;
    }
    return x;
  }

 private:
  template <typename Visit>
  void for_each_in(const std::vector<std::uint32_t>& layer, Visit&& visit) const {
    if (mirrored_) {
      std::for_each(layer.rbegin(), layer.rend(), visit);
    } else {
      std::for_each(layer.begin(), layer.end(), visit);
    }
  }
  [[nodiscard]] std::int64_t place_of(std::uint32_t node) const {
    const auto place = std::int64_t{position_[node]};
    return mirrored_ ? -place : place;
  }

  void align();
  void align_node(std::uint32_t node, std::int64_t& last);
  std::vector<double> place_blocks() const;

  const LayeredGraph& graph_;
  const NodeSizes& sizes_;
  const std::vector<std::uint32_t>& position_;
  const std::unordered_set<std::uint64_t>& conflicts_;
  const bool upwards_, mirrored_;
  std::vector<std::uint32_t> root_, next_;  // of each node: the first of its block; the one aligned with it, in a ring
  std::vector<std::uint32_t> near_;
};

void Placement::align() {
  std::iota(root_.begin(), root_.end(), 0U);
  std::iota(next_.begin(), next_.end(), 0U);
  const std::size_t depth = graph_.layers.size();
  for (std::size_t at = 0; at < depth; ++at) {
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    for_each_in(graph_.layers[upwards_ ? depth - 1 - at : at], [&](std::uint32_t node) { align_node(node, last); });
  }
}

void Placement::align_node(std::uint32_t node, std::int64_t& last) {
  const auto neighbours = (upwards_ ? graph_.below : graph_.above).of(node);
  if (neighbours.empty()) return;
  near_.assign(neighbours.begin(), neighbours.end());
  std::sort(near_.begin(), near_.end(), [this](std::uint32_t a, std::uint32_t b) { return place_of(a) < place_of(b); });
  const std::size_t lower = (near_.size() - 1) / 2;
  const std::size_t upper = near_.size() / 2;
  for (std::size_t at = lower; at <= upper && next_[node] == node; ++at) {
    const std::uint32_t other = near_[at];
    const std::uint64_t between = upwards_ ? link(node, other) : link(other, node);
    if (place_of(other) <= last || conflicts_.count(between) != 0) continue;
    next_[other] = node;
    root_[node] = root_[other];
    next_[node] = root_[node];
    last = place_of(other);
  }
}

std::vector<double> Placement::place_blocks() const {
  struct Gap {
    std::uint32_t left, right;
    double size;
  };
  std::vector<Gap> gaps;
  gaps.reserve(graph_.node_count());
  for (const auto& layer : graph_.layers) {
    std::uint32_t before = UINT32_MAX;
    for_each_in(layer, [&](std::uint32_t node) {
      if (before != UINT32_MAX) {
        gaps.push_back({root_[before], root_[node], sizes_.between(graph_.is_bend(before), graph_.is_bend(node))});
      }
      before = node;
    });
  }
  std::vector<std::uint32_t> first(std::size_t{graph_.node_count()} + 1, 0);
  std::vector<std::uint32_t> waits(graph_.node_count(), 0);
  for (const Gap& gap : gaps) {
    ++first[gap.left + 1];
    ++waits[gap.right];
  }
  std::partial_sum(first.begin(), first.end(), first.begin());
  std::vector<const Gap*> by_left(gaps.size());
  std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
  for (const Gap& gap : gaps) by_left[next[gap.left]++] = &gap;

  std::vector<double> x(graph_.node_count(), 0);
  std::vector<std::uint32_t> order;
  order.reserve(graph_.node_count());
  for (std::uint32_t node = 0; node < graph_.node_count(); ++node) {
    if (root_[node] == node && waits[node] == 0) order.push_back(node);
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    const std::uint32_t block = order[at];
    for (std::uint32_t edge = first[block]; edge < first[block + 1]; ++edge) {
      const Gap& gap = *by_left[edge];
      x[gap.right] = std::max(x[gap.right], x[block] + gap.size);
      if (--waits[gap.right] == 0) order.push_back(gap.right);
    }
  }
  // Back to the right, where there is room: nearer to what stands there.
  for (auto block = order.rbegin(); block != order.rend(); ++block) {
    double most = std::numeric_limits<double>::infinity();
    for (std::uint32_t edge = first[*block]; edge < first[*block + 1]; ++edge) {
      most = std::min(most, x[by_left[edge]->right] - by_left[edge]->size);
    }
    if (most != std::numeric_limits<double>::infinity()) x[*block] = std::max(x[*block], most);
  }
  return x;
}

struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  [[nodiscard]] double width() const { return high - low; }
};

Extent extent_of(const LayeredGraph& graph, const NodeSizes& sizes, const std::vector<double>& x) {
  Extent extent;
  for (std::uint32_t node = 0; node < graph.node_count(); ++node) {
    const double half = sizes.half(graph.is_bend(node));
    extent.low = std::min(extent.low, x[node] - half);
    extent.high = std::max(extent.high, x[node] + half);
  }
  return extent;
}

/// The mean of the two middle ones of the four ways.
std::vector<double> place_by_alignment(const LayeredGraph& graph, const NodeSizes& sizes) {
  const std::vector<std::uint32_t> position = graph.positions();
  const auto conflicts = find_conflicts(graph, position);

  std::array<std::vector<double>, 4> ways;
  std::array<Extent, 4> extents;
  for (std::size_t way = 0; way < ways.size(); ++way) {
    ways[way] = Placement(graph, sizes, position, conflicts, way % 2 == 1, way >= 2).run();
    extents[way] = extent_of(graph, sizes, ways[way]);
  }
  const auto narrowest = *std::min_element(extents.begin(), extents.end(),
                                           [](const Extent& a, const Extent& b) { return a.width() < b.width(); });
  std::vector<double> x(graph.node_count());
  for (std::uint32_t node = 0; node < graph.node_count(); ++node) {
    std::array<double, 4> places;
    for (std::size_t way = 0; way < ways.size(); ++way) {
      const double shift = way < 2 ? narrowest.low - extents[way].low : narrowest.high - extents[way].high;
      places[way] = ways[way][node] + shift;
    }
    std::sort(places.begin(), places.end());
    x[node] = (places[1] + places[2]) / 2;
  }
  return x;
}

}  // namespace

std::vector<double> place_along_layers(const LayeredGraph& graph, const NodeSizes& sizes) {
  std::vector<double> x = place_by_alignment(graph, sizes);
  Extent extent = extent_of(graph, sizes, x);
  if (extent.width() > most_spread * narrowest_width(graph, sizes)) {
    std::vector<double> narrow = place_narrowly(graph, sizes);
    const Extent other = extent_of(graph, sizes, narrow);
    if (other.width() < extent.width()) {
      x = std::move(narrow);
      extent = other;
    }
  }
  for (double& each : x) each -= extent.low;
  return x;
}

}  // namespace baton::detail
