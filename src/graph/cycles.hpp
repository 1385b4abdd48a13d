// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace baton::detail {

using Edges = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

struct [[nodiscard]] CycleReport {
  /// Each cycle starts with its smallest task, which is not repeated at the end. The order is that
  /// of the smallest task of the tangle (strongly connected component), then of the cycles' tasks.
  std::vector<std::vector<std::uint32_t>> cycles;
  /// Whether there are more cycles than these.
  bool truncated = false;
};

/// The cycles of a graph, up to `limit` of them; none where the graph is acyclic.
///
/// A task that depends on itself is a cycle. Of a tangle of up to 32 tasks, all elementary cycles
/// are listed; of a larger one, its self-dependencies and one cycle, the shortest that a search of
/// bounded effort finds. While `limit` allows, each tangle is named by at least one cycle.
///
/// @param edges  Pairs of numbers below `tasks`, in any order; repeated ones count once.
///
/// O(tasks + edges * log(edges)) and, for each listed cycle, a search of at most 32 tasks. Uses no
/// recursion that grows with the graph.
CycleReport find_cycles(std::uint32_t tasks, const Edges& edges, std::size_t limit = 100);

}  // namespace baton::detail
