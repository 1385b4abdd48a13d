// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/state.hpp>
#include <baton/base/time.hpp>
#include <baton/graph/plan.hpp>
#include <baton/scheduler/observer.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace baton {

/// When a task did what. Times are those of the scheduler's clock; one that has not come is empty.
struct TaskTiming {
  TaskState state = TaskState::pending;
  std::uint32_t attempt = 0;           ///< Counted from 1; 0 when the body was never called.
  std::uint32_t worker = 0;            ///< The thread on which the body was called, see Event::worker.
  std::optional<TimePoint> ready{};    ///< Its predecessors had ended well.
  std::optional<TimePoint> started{};  ///< Its body was called.
  std::optional<TimePoint> parked{};   ///< Its body returned, but the task went on without it (`Context::park_for`).
  std::optional<TimePoint> ended{};    ///< It got its outcome.

  /// From the call of the body to the outcome; empty where there is not both.
  [[nodiscard]] std::optional<Duration> duration() const noexcept;

  friend bool operator==(const TaskTiming&, const TaskTiming&) = default;
};

/// What a failed task said.
struct TaskError {
  TaskId task{};
  std::string message;
};

/// What is known of a run at one moment.
struct RunRecord {
  std::uint64_t run = 0;
  Plan plan;
  RunState state = RunState::running;
  std::optional<TimePoint> started{};  ///< Empty when the observer came later than the run.
  std::optional<TimePoint> ended{};
  std::vector<TaskTiming> tasks;  ///< By id.
  std::vector<TaskError> errors;  ///< In the order in which the tasks failed.

  /// From the start to the end of the run; empty where there is not both.
  [[nodiscard]] std::optional<Duration> duration() const noexcept;
  /// How many tasks are in the state `wanted`.
  [[nodiscard]] std::size_t count(TaskState wanted) const noexcept;
};

/// Keeps what the tasks of each run did when: what traces and reports are made of.
///
/// About 50 bytes a task, until `forget`. Thread-safe: runs may be looked at while they go on; a task that changes
/// meanwhile is seen before or after the change, and its neighbours perhaps the other way round.
class BATON_API Timeline final : public Observer {
 public:
  Timeline();
  ~Timeline() override;

  void on_event(const Event& event) override;

  /// What is known of a run now, or nothing where no event of it came. O(tasks).
  [[nodiscard]] std::optional<RunRecord> find_run(std::uint64_t run) const;
  /// One task of a run, or nothing where no event of the run came, or it has no such task. O(1).
  [[nodiscard]] std::optional<TaskTiming> find_task(std::uint64_t run, TaskId task) const;
  /// The runs that are kept, oldest first.
  [[nodiscard]] std::vector<std::uint64_t> runs() const;
  /// Drops a run and its memory. One that goes on comes back, incomplete, with its next event.
  void forget(std::uint64_t run);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace baton
