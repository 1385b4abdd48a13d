// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  const auto number = flow.task("number", [] { return 1; });
  flow.task("twice", [](int value) { return 2 * value; }, number, number);
}
