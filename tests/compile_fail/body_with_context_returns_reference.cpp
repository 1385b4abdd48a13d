// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  const auto number = flow.task([] { return 1; });
  flow.task([](baton::Context&, const int& value) -> const int& { return value; }, number);
}
