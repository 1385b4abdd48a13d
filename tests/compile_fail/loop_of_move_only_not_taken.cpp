// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <memory>

void add(baton::Workflow& flow) {
  const auto box = flow.task("box", [] { return std::make_unique<int>(0); });
  const auto done = [](const std::unique_ptr<int>& n) { return *n == 3; };
  flow.loop("count", box, [](std::unique_ptr<int> n) { return n; }, done, {.limit = 3});
}
