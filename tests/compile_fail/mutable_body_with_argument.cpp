// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  const auto number = flow.task("number", [] { return 1; });
  flow.task("sum", [n = 0](baton::Context&, int value) mutable { return n += value; }, number);
}
