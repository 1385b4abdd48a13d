// SPDX-License-Identifier: MIT
// What docs/how-to/inject-faults.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/testing/faults.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <new>
#include <numeric>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

/// What the page tests: adds up parts that are downloaded, with a pause before, and keeps count of open connections.
struct Download {
  int connections = 0;
  baton::Workflow flow{"download"};
  baton::Plan plan;

  Download() {
    auto open = flow.task("open", [&] { ++connections; }).compensate([&] { --connections; });
    auto nap = flow.task("nap", [](baton::Context& context) { context.park_for(1h); }).after(open);
    auto parts = flow.task("parts", [] { return std::vector<int>{1, 2, 3}; }).after(nap);
    auto sizes = flow.map("size", parts, [](int part) { return 10 * part; });
    flow.task("close", [&](const std::vector<int>&) { --connections; }, sizes);
    plan = flow.build();
  }
};

void one_fault() {
  Download download;
  const baton::Plan& plan = download.plan;
  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {.clock = &clock}};

  baton::Faults faults;
  faults.fail("map_memory", 1);

  baton::Run run = scheduler.start(plan);
  run.wait();
  check(run.state() == baton::RunState::failed);
  check(run.failures().at(0).task_name == "size");
  check(run.failures().at(0).message == "std::bad_alloc");
  check(download.connections == 0);

  check(scheduler.run(plan).succeeded());
}

void each_fault() {
  Download download;
  const baton::Plan& plan = download.plan;
  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {.clock = &clock}};

  baton::Faults faults;
  scheduler.run(plan);
  std::uint64_t timers = faults.passes("timer");
  check(timers > 0);
  for (std::uint64_t pass = 1; pass <= timers; ++pass) {
    faults.clear();
    faults.fail("timer", pass);
    baton::Run run = scheduler.start(plan);
    run.wait();
    check(faults.failed("timer") == 1);
    check(!run.succeeded());
    check(download.connections == 0);
  }
}

void a_list() {
  for (const baton::FaultPointInfo& point : baton::Faults::points()) {
    std::cout << point.name << ": " << point.what << '\n';
  }
}

}  // namespace

int main() {
  one_fault();
  each_fault();
  a_list();
}
