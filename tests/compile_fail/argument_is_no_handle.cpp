// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  flow.task("twice", [](int value) { return 2 * value; }, 21);
}
