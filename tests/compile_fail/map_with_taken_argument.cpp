// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <string>
#include <vector>

void add(baton::Workflow& flow) {
  const auto other = flow.task([] { return 1; });
  flow.map(
      "add", flow.task([] { return std::vector<int>{7}; }), [](int a, int b) { return a + b; }, baton::take(other));
}
