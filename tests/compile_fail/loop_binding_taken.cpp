// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  baton::Workflow inner;
  const auto state = inner.input<int>("state");
  const auto by = inner.input<int>("by");
  const auto next = inner.task("next", [](int n, int step) { return n + step; }, state, by);
  const auto zero = flow.task("zero", [] { return 0; });
  const auto step = flow.task("step", [] { return 1; });
  flow.loop(
      "count", zero, inner.build(), state, next, [](int n) { return n == 3; }, {.limit = 3},
      bind(by, baton::take(step)));
}
