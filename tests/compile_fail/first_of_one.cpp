// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  const auto one = flow.task("one", [] { return 1; });
  static_cast<void>(baton::first(one));
}
