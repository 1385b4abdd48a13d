// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/state.hpp>
#include <baton/base/time.hpp>
#include <baton/graph/analysis.hpp>
#include <baton/graph/plan.hpp>
#include <baton/scheduler/observer.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace baton {

/// When a task did what. Times are those of the scheduler's clock; one that has not come is empty.
struct TaskTiming {
  TaskState state = TaskState::pending;  ///< Where it stands.
  std::uint32_t attempt = 0;             ///< Counted from 1; 0 when the body was never called.
  std::uint32_t worker = 0;              ///< The thread on which the body was called, see Event::worker.
  std::optional<TimePoint> ready{};      ///< Its predecessors had ended well.
  std::optional<TimePoint> started{};    ///< Its body was called.
  std::optional<TimePoint> parked{};     ///< Its body returned, but the task went on without it (`Context::park_for`).
  std::optional<TimePoint> ended{};      ///< It got its outcome.
  WaitReason reason = WaitReason::none;  ///< While it is waiting: for what.

  /// From the call of the body to the outcome; empty where there is not both.
  [[nodiscard]] BATON_API std::optional<Duration> duration() const noexcept;
  /// From being ready to the call of the body; empty where there is not both.
  [[nodiscard]] BATON_API std::optional<Duration> wait() const noexcept;

  friend bool operator==(const TaskTiming&, const TaskTiming&) = default;
};

/// What a failed task said.
struct TaskError {
  TaskId task{};        ///< Which.
  std::string message;  ///< The text of what its body threw.
  friend bool operator==(const TaskError&, const TaskError&) = default;
};

/// What changed in a run between two looks at it.
struct SnapshotChanges {
  std::uint64_t since = 0;             ///< The version that it continues.
  std::uint64_t version = 0;           ///< The version that it leads to.
  RunState state = RunState::running;  ///< As it is now, also when it did not change. So are the next four.
  bool paused = false;                 ///< See Snapshot.
  std::optional<TimePoint> taken{};    ///< See Snapshot.
  std::optional<TimePoint> started{};  ///< See Snapshot.
  std::optional<TimePoint> ended{};    ///< See Snapshot.
  std::vector<std::pair<TaskId, TaskTiming>> tasks;  ///< Those that changed, in order of id, as they are now.
  std::vector<TaskError> errors;                     ///< Those that were added.
};

/// What is known of a run at one moment. A plain value: nothing of it changes when the run goes on.
struct Snapshot {
  std::uint64_t run = 0;  ///< As `Run::id` gives it.
  Plan plan;              ///< Whose tasks these are.
  /// Counts the changes in the run; 0 where that is not known. What `Run::changes` continues.
  std::uint64_t version = 0;
  RunState state = RunState::running;  ///< Where the run stands.
  bool paused = false;                 ///< Whether the run goes on, but starts nothing: `Run::pause`.
  std::optional<TimePoint> taken{};    ///< The moment itself; empty where only an observer was asked.
  std::optional<TimePoint> started{};  ///< Empty when whoever recorded came later than the run.
  std::optional<TimePoint> ended{};    ///< Empty while it goes on.
  std::vector<TaskTiming> tasks;       ///< By id.
  std::vector<TaskError> errors;       ///< In the order in which the tasks failed.

  /// From the start to the end of the run; empty where there is not both.
  [[nodiscard]] BATON_API std::optional<Duration> duration() const noexcept;
  /// How many tasks are in the state `wanted`.
  [[nodiscard]] BATON_API std::size_t count(TaskState wanted) const noexcept;
  /// Brings it up to date.
  /// @throws UsageError when `changes` does not continue this version; then nothing has changed.
  BATON_API void apply(const SnapshotChanges& changes);
};

/// The path that the run's length hangs on: the longest one, where a task takes the time that it took, as far as it has
/// ended; otherwise the larger of the time it has taken so far and the time it was expected to take. Where nothing is
/// known, the path with the most tasks.
[[nodiscard]] BATON_API CriticalPath critical_path(const Snapshot& snapshot);

}  // namespace baton
