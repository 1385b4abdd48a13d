// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>

int main() {
  baton::Workflow flow{"hello"};
  auto a = flow.task("a", [] { return 2; });
  auto b = flow.task("b", [](int x) { return x + 1; }, a);

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.start(flow.build());
  run.wait();
  return run.result(b) == 3 ? 0 : 1;
}
