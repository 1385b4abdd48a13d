// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <string>
#include <vector>

void add(baton::Workflow& flow) {
  flow.map("double", flow.task([] { return 7; }), [](int value) { return 2 * value; });
}
