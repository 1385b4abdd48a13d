// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <vector>

namespace baton::detail {

class Definition;
struct IncomingEdges;

/// What edges do besides ordering two tasks.
enum class EdgeUse : std::uint8_t {
  order,  ///< None of them does more.
  data,   ///< With each the one task sees something of the other: its result, or how it ended.
  mixed,
};

struct EdgeUses {
  EdgeUse use = EdgeUse::order;
  std::vector<bool> order_only{};  ///< By place in IncomingEdges::sources; only of mixed ones.
};

/// Which of `edges`, those of `definition`, only order. Linear in tasks, edges and wires, and next to nothing where the
/// answer is the same for all.
/// @param any_declared  Whether edges were declared, besides those that follow from arguments.
EdgeUses find_edge_uses(const Definition& definition, const IncomingEdges& edges, bool any_declared);

}  // namespace baton::detail
