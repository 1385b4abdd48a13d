// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  flow.loop("count", 0, [](int n) { return n + 1; }, [](int n) { return n == 3; }, {.limit = 3});
}
