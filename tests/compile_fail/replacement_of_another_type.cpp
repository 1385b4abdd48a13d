// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <string>

void change(baton::Workflow& flow) {
  const auto number = flow.task("number", [] { return 1; });
  flow.replace(number, [] { return std::string("one"); });
}
