// SPDX-License-Identifier: MIT
#pragma once

#include "support/shapes.hpp"

#include <baton/graph/workflow.hpp>

#include <vector>

namespace baton::test {

/// A plan of this shape; tasks have no names.
inline Plan plan_of(const Shape& shape) {
  Workflow flow{shape.name};
  std::vector<Task<void>> tasks;
  tasks.reserve(shape.tasks);
  for (std::uint32_t task = 0; task < shape.tasks; ++task) tasks.push_back(flow.task([] {}));
  for (const auto& [from, to] : shape.edges) tasks[to].after(tasks[from]);
  return flow.build();
}

}  // namespace baton::test
