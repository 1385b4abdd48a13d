// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <memory>

void add(baton::Workflow& flow) {
  const auto pointer = flow.task("pointer", [] { return std::make_unique<int>(1); });
  flow.task("owner", [](std::unique_ptr<int> owned) { return *owned; }, pointer);
}
