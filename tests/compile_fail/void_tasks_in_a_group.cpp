// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

void add(baton::Workflow& flow) {
  const std::vector<baton::Task<void>> prepared{flow.task([] {}), flow.task([] {})};
  flow.task("work", [] {}, prepared);
}
