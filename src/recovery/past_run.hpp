// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/plan.hpp>
#include <baton/scheduler/run.hpp>

#include <cstdint>
#include <vector>

namespace baton::detail {

inline constexpr std::uint32_t no_such_task = UINT32_MAX;

/// What is known of a task of a plan from an earlier run, whatever kept that run.
struct PastTask {
  /// Where its result is.
  enum class Result : std::uint8_t {
    there,        ///< It may be reused. Also where the task has none, or did not succeed.
    taken,        ///< The task that it was given to may have changed it.
    handed_over,  ///< Another run has it.
    in_use,       ///< A late body still reads it.
  };

  std::uint32_t earlier = no_such_task;     ///< Its number there.
  std::uint32_t new_source = no_such_task;  ///< A task that gives it something now and did not then.
  TaskState outcome = TaskState::pending;
  Result result = Result::there;
  bool was_undone = false;   ///< Its compensation was called, whatever came of that.
  bool same_type = true;     ///< Of its result; and an input or none, as it was.
  bool same_sources = true;  ///< The same tasks give it something.
};

/// An earlier run as seen from a plan.
struct PastRun {
  std::vector<PastTask> tasks;          ///< By task of the plan.
  std::vector<TaskId> orphaned;         ///< Those of the earlier plan that this one has no more.
  std::vector<std::uint64_t> moved_to;  ///< By task of the earlier plan: the run that has its result, or 0; or empty.
  std::vector<std::uint32_t> winners;   ///< By contest of the plan: the task that won, or no_such_task; or empty.
};

/// What `from`, which has ended, did for the tasks of `plan`. Linear in the tasks and edges of both plans.
[[nodiscard]] PastRun look_at_past(const Run& from, const Plan& plan);

}  // namespace baton::detail
