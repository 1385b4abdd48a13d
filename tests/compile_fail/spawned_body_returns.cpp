// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <string>
#include <vector>

void add(baton::Workflow& flow) {
  flow.task([](baton::Context& context) { context.spawn([] { return 1; }); });
}
