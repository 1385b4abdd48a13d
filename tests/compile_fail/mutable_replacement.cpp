// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void change(baton::Workflow& flow) {
  const auto number = flow.task("number", [] { return 1; });
  flow.replace(number, [n = 0]() mutable { return ++n; });
}
