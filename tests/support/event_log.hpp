// SPDX-License-Identifier: MIT
#pragma once

#include <baton/scheduler/observer.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace baton::test {

/// An event as far as it can be kept.
struct NotedEvent {
  Event::Kind kind;
  std::uint64_t run;
  TimePoint time;
  TaskId task;
  std::uint32_t attempt;
  std::uint32_t worker;
  TaskState state;
  WaitReason reason;
  RunState run_state;
  bool has_error;

  explicit NotedEvent(const Event& event)
      : kind(event.kind),
        run(event.run),
        time(event.time),
        task(event.task),
        attempt(event.attempt),
        worker(event.worker),
        state(event.state),
        reason(event.reason),
        run_state(event.run_state),
        has_error(event.error != nullptr && *event.error != nullptr) {}
  [[nodiscard]] bool of_task() const { return is_of_task(kind); }
};

/// Keeps every event, in the order in which they arrive.
class EventLog : public Observer {
 public:
  void on_event(const Event& event) override {
    const std::lock_guard lock(mutex_);
    events_.emplace_back(event);
  }

  [[nodiscard]] std::vector<NotedEvent> events() const {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  [[nodiscard]] std::vector<NotedEvent> events_of(TaskId task) const {
    std::vector<NotedEvent> found;
    for (const NotedEvent& event : events()) {
      if (event.of_task() && event.task == task) found.push_back(event);
    }
    return found;
  }
  [[nodiscard]] std::vector<Event::Kind> kinds_of(TaskId task) const {
    std::vector<Event::Kind> found;
    for (const NotedEvent& event : events_of(task)) found.push_back(event.kind);
    return found;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<NotedEvent> events_;
};

/// Calls a function for each event.
class CallingObserver : public Observer {
 public:
  explicit CallingObserver(std::function<void(const Event&)> function) : function_(std::move(function)) {}
  void on_event(const Event& event) override { function_(event); }

 private:
  std::function<void(const Event&)> function_;
};

}  // namespace baton::test
