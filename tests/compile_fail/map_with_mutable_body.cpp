// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <string>
#include <vector>

void add(baton::Workflow& flow) {
  flow.map("double", flow.task([] { return std::vector<int>{7}; }), [n = 0](int) mutable { return ++n; });
}
