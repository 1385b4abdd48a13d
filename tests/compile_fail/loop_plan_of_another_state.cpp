// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  baton::Workflow inner;
  const auto state = inner.input<double>("state");
  const auto next = inner.task("next", [](double n) { return n + 1; }, state);
  const auto zero = flow.task("zero", [] { return 0; });
  flow.loop("count", zero, inner.build(), state, next, [](int n) { return n == 3; }, {.limit = 3});
}
