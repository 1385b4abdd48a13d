// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  const auto prepare = flow.task("prepare", [] {});
  flow.loop("count", prepare, [] {}, [] { return true; }, {.limit = 3});
}
