// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <string>

void add(baton::Workflow& flow) {
  static const std::string text = "text";
  flow.task("reference", []() -> const std::string& { return text; });
}
