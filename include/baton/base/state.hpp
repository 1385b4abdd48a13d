// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace baton {

/// Where a task of a run stands. The last five are outcomes: once there, a task never changes again.
enum class TaskState : std::uint8_t {
  pending,    ///< A predecessor has not ended yet. Held by its predecessors.
  waiting,    ///< Parked for a resource or a timer. Held by the scheduler, no thread.
  ready,      ///< May start. Held by the run's ready set or by an executor.
  running,    ///< Its body is being called. Held by a thread.
  succeeded,  ///< The body returned; its value, if any, is in the run.
  failed,     ///< The body threw, or could not be started.
  skipped,    ///< Its own condition was false.
  omitted,    ///< Its rule over its predecessors' outcomes does not hold; it has a cause.
  cancelled,  ///< The run was cancelled, or stopped at a failure, before the task succeeded.
};

/// The number of enumerators of TaskState.
inline constexpr std::size_t task_state_count = 9;

/// Where a run stands. The last three are final.
enum class RunState : std::uint8_t {
  running,    ///< Some task has not ended.
  succeeded,  ///< Every task ended and none failed.
  failed,     ///< Every task ended, at least one failed, and `Run::cancel` stopped none.
  cancelled,  ///< Every task ended, at least one was cancelled, and the run is not `failed` by the line above.
};

/// Whether `state` is an outcome.
[[nodiscard]] constexpr bool is_outcome(TaskState state) noexcept { return state >= TaskState::succeeded; }

/// The name of `state` as written above, "succeeded" for instance.
[[nodiscard]] BATON_API std::string_view to_string(TaskState state) noexcept;
/// The name of `state` as written above.
[[nodiscard]] BATON_API std::string_view to_string(RunState state) noexcept;

BATON_API std::ostream& operator<<(std::ostream& out, TaskState state);
BATON_API std::ostream& operator<<(std::ostream& out, RunState state);

}  // namespace baton
