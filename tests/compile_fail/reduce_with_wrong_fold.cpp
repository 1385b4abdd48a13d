// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <string>
#include <vector>

void add(baton::Workflow& flow) {
  flow.reduce("sum", flow.task([] { return std::vector<int>{7}; }), 0, [](int sum) { return sum; });
}
