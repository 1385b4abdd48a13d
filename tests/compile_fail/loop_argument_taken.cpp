// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  const auto zero = flow.task("zero", [] { return 0; });
  const auto step = flow.task("step", [] { return 1; });
  const auto round = [](int n, int by) { return n + by; };
  flow.loop("count", zero, round, [](int n) { return n == 3; }, {.limit = 3}, baton::take(step));
}
