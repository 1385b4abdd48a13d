// SPDX-License-Identifier: MIT
#include <baton/graph/spawn.hpp>

namespace baton::detail {

Spawned::~Spawned() = default;

}  // namespace baton::detail
