// SPDX-License-Identifier: MIT
#include <baton/graph/map.hpp>

namespace baton::detail {

Elements::~Elements() = default;
ElementCalls::~ElementCalls() = default;
ElementRuns::~ElementRuns() = default;

}  // namespace baton::detail
