// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/inputs.hpp>
#include <baton/graph/loop.hpp>
#include <baton/scheduler/run.hpp>

#include "scheduler/continuation.hpp"

#include <exception>
#include <string>
#include <vector>

namespace baton::detail {

class Seat;

/// Why the task of a child run has failed. The text has a line for each failed task, by its whole path.
class ChildFailed final : public RunFailed {
 public:
  using RunFailed::RunFailed;
};

/// How many failed tasks of a run its error names.
inline constexpr std::size_t most_named_failures = 20;

/// Whether `error` is a ChildFailed, whose text names its task.
[[nodiscard]] bool is_child_failure(const std::exception_ptr& error) noexcept;
/// What a failure looks like in the text of an error: `task 'train/evaluate': disk full`.
/// @param path  Of the run in which the task failed; empty for one that the host has started.
[[nodiscard]] std::string describe_failure(const TaskFailure& failure, std::string_view path);

/// What the task of a child run that has failed fails with: a ChildFailed.
[[nodiscard]] std::exception_ptr child_error(const Run& child) noexcept;

/// The result of a task of a child run that has succeeded; null where it has none. Nobody else has a handle of that
/// run, so the value may be moved.
[[nodiscard]] void* result_to_move(const Run& child, AnyTask output);

/// The run of a sub-workflow, whose task ends as it ends, with its output; or one round of a loop, which is called
/// again when that has ended well, with its output as the state.
class ChildRun final : public Continuation {
 public:
  /// Creates the run for `task` of `parent`; it starts by `begin`.
  /// @param loop  Of the task; null for a sub-workflow.
  /// @throws DefinitionError  as Scheduler::start.
  ChildRun(RunCore& parent, std::uint32_t task, ChildCall&& call, const Rounds* loop);
  ~ChildRun() override;

  void begin(RunCore& run, std::uint32_t task) override;
  void cancel() noexcept override;
  void set_paused(bool paused) noexcept override { paused ? child_.pause() : child_.resume(); }
  bool finish(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept override;

 private:
  void take_output(RunCore& run, std::uint32_t task, ParkedTask& parked);

  RunCore& parent_;  // which calls this
  const std::uint32_t task_;
  Run child_;
  Seat* first_seat_ = nullptr;  // until that has been posted
  AnyTask output_;
};

}  // namespace baton::detail
