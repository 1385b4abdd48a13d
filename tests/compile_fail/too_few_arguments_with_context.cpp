// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

int twice(baton::Context&, int value) { return 2 * value; }

void add(baton::Workflow& flow) { flow.task("twice", twice); }
