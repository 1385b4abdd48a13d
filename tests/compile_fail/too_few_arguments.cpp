// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  const auto number = flow.task("number", [] { return 1; });
  flow.task("sum", [](int a, int b) { return a + b; }, number);
}
