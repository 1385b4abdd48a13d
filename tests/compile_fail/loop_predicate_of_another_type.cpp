// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <string>

void add(baton::Workflow& flow) {
  const auto zero = flow.task("zero", [] { return 0; });
  flow.loop("count", zero, [](int n) { return n + 1; }, [](const std::string&) { return true; }, {.limit = 3});
}
