// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  flow.task("count", [n = 0]() mutable { return ++n; });
}
