// SPDX-License-Identifier: MIT
#pragma once

#include "graph/cycles.hpp"

namespace baton::detail {

class Definition;

/// The edges that put cleanup in its place: the end of the work after all work; compensations after it, each after
/// those of the tasks that came after its own; the other cleanup after all compensations. Tasks are numbers of the
/// definition.
///
/// O(tasks + edges) for each compensated task, as far as the next compensated ones after it.
/// @param declared  All edges but these.
[[nodiscard]] Edges order_cleanup(const Definition& definition, const Edges& declared);

}  // namespace baton::detail
