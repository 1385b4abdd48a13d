// SPDX-License-Identifier: MIT
// What docs/how-to/test-with-seeds.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/testing/seeded_executor.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <set>

using namespace std::chrono_literals;

namespace {

void cancel_a_download() {
  baton::SeededExecutor executor{1};
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    executor.restart(seed);
    int connections = 0;
    baton::Workflow flow{"download"};
    auto open = flow.task("open", [&] { ++connections; });
    auto fetch = flow.task("fetch", [](baton::Context& context) { context.park_for(72h); }).after(open);
    auto close = flow.task("close", [&] { --connections; }).after(fetch);

    baton::VirtualClock clock;
    baton::Scheduler scheduler{executor, {.clock = &clock}};
    baton::Run run = scheduler.start(flow.build());
    executor.add_thread("user", [run] { run.cancel(); });
    executor.finish();

    check(run.ended());
    check(connections == 0 || run.state(close) == baton::TaskState::cancelled);
  }
}

void wait_for_each_other() {
  baton::SeededExecutor executor{1};
  bool asked = false;
  bool answered = false;
  baton::Workflow flow{"talk"};
  flow.task("ask", [&] {
    asked = true;
    baton::SeededExecutor::wait_until("the answer", [&] { return answered; });
  });
  flow.task("answer", [&] {
    baton::SeededExecutor::wait_until("the question", [&] { return asked; });
    answered = true;
  });
  baton::Scheduler scheduler{executor};
  baton::Run run = scheduler.start(flow.build());
  executor.finish();
  check(run.succeeded());
}

int lost_updates() {
  std::set<int> counts;
  baton::SeededExecutor executor{1};
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    executor.restart(seed);
    int count = 0;
    baton::Workflow flow{"count"};
    for (int task = 0; task < 2; ++task) {
      flow.task([&] {
        const int before = count;
        baton::SeededExecutor::step("between reading and writing");
        count = before + 1;
      });
    }
    baton::Scheduler scheduler{executor};
    scheduler.start(flow.build());
    executor.finish();
    counts.insert(count);
  }
  check(counts == std::set<int>{1, 2});
  return static_cast<int>(counts.size());
}

void look_at_steps() {
  baton::SeededExecutor executor{17};
  executor.add_thread("user", [] { baton::SeededExecutor::step("first"); });
  executor.finish();
  for (const baton::SeededStep& step : executor.trace()) std::cout << step.thread << ": " << step.place << '\n';
  check(executor.trace().back() == baton::SeededStep{"user", "first"});
}

}  // namespace

int main() {
  cancel_a_download();
  wait_for_each_other();
  check(lost_updates() == 2);
  look_at_steps();
}
