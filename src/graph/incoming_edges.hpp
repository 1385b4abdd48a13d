// SPDX-License-Identifier: MIT
#pragma once

#include "graph/buffer.hpp"

#include <cstdint>
#include <span>

namespace baton::detail {

class Definition;

/// The predecessors of each task, by its number in the definition; each once.
struct IncomingEdges {
  Buffer<std::uint32_t> first;  // those of t are sources[first[t]] to sources[first[t + 1] - 1]
  Buffer<std::uint32_t> sources;
  bool forward = true;  // each edge goes from a lower to a higher number
  std::uint32_t max_degree = 0;

  [[nodiscard]] std::uint32_t degree(std::uint32_t task) const { return first[task + 1] - first[task]; }
  [[nodiscard]] std::span<const std::uint32_t> of(std::uint32_t task) const {
    return {sources.begin() + first[task], degree(task)};
  }
};

/// What the edges and the wires of `definition` say. When `consume`, the memory of its edges is used again.
/// @throws UsageError when there are more than fit into a plan.
IncomingEdges collect_incoming_edges(Definition& definition, bool consume);

}  // namespace baton::detail
