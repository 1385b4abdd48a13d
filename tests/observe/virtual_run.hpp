// SPDX-License-Identifier: MIT
#pragma once

#include <baton/baton.hpp>
#include <baton/observe/timeline.hpp>

#include "support/by_hand.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace baton::test {

using namespace std::chrono_literals;

struct VirtualRun : ByHand {
  /// Runs `plan` to its end, with all its events.
  Run run(const Plan& plan, const std::shared_ptr<Observer>& observer) {
    const Run run = scheduler.start(plan, {.observers = {observer}});
    executor.run_until_idle();
    EXPECT_TRUE(run.ended());
    return run;
  }
};

/// What the events of this thread have in Event::worker.
inline std::uint32_t own_worker() {
  Workflow flow;
  flow.task([] {});
  const auto timeline = std::make_shared<Timeline>();
  const Run run = VirtualRun{}.run(flow.build(), timeline);
  return timeline->find_task(run.id(), TaskId{0}).value().worker;
}

/// A body that takes `duration` without holding a thread.
inline auto parking(Duration duration) {
  return [duration](Context& context) { context.park_for(duration); };
}

/// An event made by hand, for orders that a scheduler makes only now and then.
inline Event task_event(Event::Kind kind, const Plan& plan, std::size_t task, Duration time, TaskState state) {
  Event event{};
  event.kind = kind;
  event.plan = &plan;
  event.run = 7;
  event.time = TimePoint{time};
  event.task = static_cast<TaskId>(task);
  event.attempt = kind == Event::Kind::task_ready ? 0 : 1;
  event.state = state;
  if (kind == Event::Kind::task_waiting) event.reason = WaitReason::timer;
  return event;
}
inline Event run_event(Event::Kind kind, const Plan& plan, Duration time, RunState state) {
  Event event{};
  event.kind = kind;
  event.plan = &plan;
  event.run = 7;
  event.time = TimePoint{time};
  event.run_state = state;
  return event;
}

/// A plan of `tasks` tasks without names, edges and work.
inline Plan plan_of(std::size_t tasks, std::string_view name = "") {
  Workflow flow{name};
  for (std::size_t i = 0; i < tasks; ++i) flow.task([] {});
  return std::move(flow).build();
}

}  // namespace baton::test
