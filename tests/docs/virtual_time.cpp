// SPDX-License-Identifier: MIT
// What docs/how-to/test-with-virtual-time.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/executor/manual_executor.hpp>
#include <baton/observe/timeline.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <chrono>
#include <memory>

using namespace std::chrono_literals;

namespace {

void let_time_jump() {
  baton::Workflow flow{"three days"};
  auto wait = flow.task("wait", [](baton::Context& context) { context.park_for(72h); });
  auto after = flow.task("after", [](baton::Context& context) { return context.now(); }).after(wait);

  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {.clock = &clock}};
  baton::Run run = scheduler.start(flow.build());

  check(run.get(after).time_since_epoch() == 72h);
  check(clock.now().time_since_epoch() == 72h);
}

void simulate_two_machines() {
  baton::Workflow flow{"jobs"};
  for (const auto duration : {3s, 2s, 2s, 1s}) {
    flow.task([duration](baton::Context& context) { context.park_for(duration); })
        .resource("machines")
        .expected_duration(duration);
  }

  baton::ThreadPool pool{1};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {.clock = &clock}};
  scheduler.resource("machines", 2);
  scheduler.start(flow.build()).get();
  check(clock.now().time_since_epoch() == 4s);
}

void start_at_the_same_moment() {
  baton::Workflow flow{"tick"};
  flow.task([](baton::Context& context) { context.park_for(1s); });
  const baton::Plan plan = flow.build();

  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {.clock = &clock}};
  {
    const baton::VirtualClock::Hold hold{clock};
    for (int i = 0; i < 1000; ++i) scheduler.start(plan);
  }
  scheduler.wait_all();
  check(clock.now().time_since_epoch() == 1s);
}

void step_task_by_task() {
  baton::Workflow flow{"steps"};
  auto first = flow.task("first", [] {});
  auto second = flow.task("second", [] {}).after(first);

  baton::ManualExecutor executor;
  baton::Scheduler scheduler{executor};
  baton::Run run = scheduler.start(flow.build());
  check(run.state(first) == baton::TaskState::ready);

  executor.run_one();
  check(run.state(first) == baton::TaskState::succeeded);
  check(run.state(second) == baton::TaskState::ready);

  executor.run_until_idle();
  check(run.succeeded());
}

void look_at_times() {
  baton::Workflow flow{"times"};
  auto slow = flow.task("slow", [](baton::Context& context) { context.park_for(5min); });

  baton::ThreadPool pool{1};
  baton::VirtualClock clock;
  const auto timeline = std::make_shared<baton::Timeline>();
  baton::Scheduler scheduler{pool, {.clock = &clock}};
  scheduler.observe(timeline);
  baton::Run run = scheduler.start(flow.build());
  run.wait();

  const auto timing = timeline->find_task(run.id(), run.plan().id(slow));
  check(timing->duration() == 5min);
}

}  // namespace

int main() {
  let_time_jump();
  simulate_two_machines();
  start_at_the_same_moment();
  step_task_by_task();
  look_at_times();
}
