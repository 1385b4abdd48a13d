// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>

#include <iostream>
#include <string>

int main() {
  baton::Workflow flow{"words"};
  auto text = flow.task("read", [] { return std::string("one two three two"); });

  baton::Run run = baton::run(flow);
  std::cout << run.get(text) << '\n';
}
