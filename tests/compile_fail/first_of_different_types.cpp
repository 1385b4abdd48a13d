// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  const auto number = flow.task("number", [] { return 1; });
  const auto text = flow.task("text", [] { return "one"; });
  static_cast<void>(baton::first(number, text));
}
