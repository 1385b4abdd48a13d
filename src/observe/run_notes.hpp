// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/state.hpp>
#include <baton/base/time.hpp>
#include <baton/scheduler/observer.hpp>

#include "scheduler/recorder.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <vector>

namespace baton::detail {

/// What it takes to say how long the tasks of a run waited and ran: a moment and a state for each, 9 bytes. A Recorder
/// knows more.
///
/// Thread-safe, as far as the events of one task come one after the other.
class RunNotes {
 public:
  /// For the run of `first`, the first event that came of it.
  explicit RunNotes(const Event& first);

  /// What an event of a task changed.
  struct Change {
    TaskState before;  ///< `pending` also where no event of the task had come.
    std::optional<Duration>
        lasted;  ///< What the event ended: being ready, when the body starts; the call of the body
                 ///< (and what it parked for), when the task ends. Empty if not seen from its start.
  };
  Change note(const Event& task_event) noexcept;

  /// When the run started; empty where that event did not come.
  [[nodiscard]] std::optional<TimePoint> started() const noexcept { return started_; }
  /// How many tasks are in each state, as far as events have told. O(tasks).
  [[nodiscard]] std::array<std::size_t, task_state_count> count() const noexcept;

 private:
  std::optional<TimePoint> started_;
  std::vector<Moment> since_;  // by task: ready or, once its body was called, started
  std::vector<std::atomic<TaskState>> states_;
};

}  // namespace baton::detail
