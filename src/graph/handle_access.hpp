// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/task.hpp>

namespace baton {

/// Takes handles apart, for the engine.
struct HandleAccess {
  static detail::WorkflowIdentity identity(const AnyTask& task) { return task.identity(); }
  static std::uint32_t index(const AnyTask& task) { return task.index_; }
  static AnyTask make(detail::WorkflowIdentity identity, std::uint32_t index) { return {identity, index}; }
};

}  // namespace baton
