// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <string>

void add(baton::Workflow& flow) {
  const auto number = flow.task("number", [] { return 1; });
  flow.task("length", [](const std::string& text) { return text.size(); }, number);
}
