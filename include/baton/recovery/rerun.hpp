// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/state.hpp>
#include <baton/graph/inputs.hpp>
#include <baton/graph/plan.hpp>
#include <baton/graph/task.hpp>
#include <baton/scheduler/run.hpp>
#include <baton/scheduler/scheduler.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

namespace detail {
struct RerunData;
}

/// The outcomes that are no success and no skip: failed, cancelled, omitted.
[[nodiscard]] BATON_API std::vector<TaskState> went_wrong();

/// What is to run again of an ended run, besides what follows from that.
struct RerunOptions {
  /// Tasks that ended like this run again. The others keep how they ended, also where that was no success: a failed
  /// task that does not run again is a failed task of the new run.
  std::vector<TaskState> outcomes = went_wrong();
  /// These run again however they ended.
  std::vector<AnyTask> tasks{};
  /// The same by name (`#17` for a nameless one).
  std::vector<std::string> names{};
  /// New values of inputs. One that is given a value counts as changed; the others keep the value that they had.
  Inputs inputs{};
};

/// What becomes of a task when a run is made of an earlier one.
enum class RerunAction : std::uint8_t {
  reuse,  ///< It does not run: it ends as it ended, and its result is moved into the new run.
  rerun,  ///< It runs again.
  added,  ///< It runs; the earlier run had no such task.
};

/// Why.
enum class RerunReason : std::uint8_t {
  unchanged,             ///< Nothing below applies: it is reused.
  outcome,               ///< It ended in one of the ways that RerunOptions::outcomes names.
  named,                 ///< RerunOptions named it.
  input_changed,         ///< It is an input that is given a value.
  predecessor_runs,      ///< The cause runs, whose result or outcome it sees.
  cause_runs,            ///< It was omitted, and the cause, a task before it, runs.
  result_taken,          ///< The cause took its result, and runs, or does not take it any more.
  result_handed_over,    ///< Its result was moved into another run.
  result_in_use,         ///< A body that took longer than it may still reads its result.
  undone,                ///< Its compensation was called.
  cleanup,               ///< It is a compensation, or runs in any case (`finally`).
  type_changed,          ///< It returns another type, or became an input, or is none any more.
  dependencies_changed,  ///< What it is given comes from other tasks; the cause is one that is new to it, if there is.
  added,                 ///< The earlier run had no such task.
};

/// The name of an action as written above.
[[nodiscard]] BATON_API std::string_view to_string(RerunAction action) noexcept;
/// The name of a reason as written above.
[[nodiscard]] BATON_API std::string_view to_string(RerunReason reason) noexcept;

/// What a RerunPlan says of one task.
struct RerunTask {
  RerunAction action = RerunAction::reuse;      ///< Whether it runs.
  RerunReason reason = RerunReason::unchanged;  ///< Why. Where several reasons apply, one of its own, if there is.
  std::optional<TaskId> cause{};                ///< The other task that the reason is about.
  std::optional<TaskId> earlier{};              ///< The same task in the earlier run's plan; none where it is added.
  std::optional<TaskState> outcome{};           ///< How it ended there.
  friend bool operator==(const RerunTask&, const RerunTask&) = default;
};

/// What will run, and why, when an ended run is run again. Changes nothing until `rerun` carries it out.
///
/// Holds the earlier run and the plan. Threads may look at it at the same time; one at a time may move it.
class BATON_API RerunPlan {
 public:
  /// Takes over; `other` may only be assigned to and destroyed afterwards.
  RerunPlan(RerunPlan&& other) noexcept;
  /// The same.
  RerunPlan& operator=(RerunPlan&& other) noexcept;
  ~RerunPlan();

  /// The run whose results are reused.
  [[nodiscard]] const Run& from() const noexcept;
  /// What is to run.
  [[nodiscard]] const Plan& plan() const noexcept;
  /// What becomes of a task of `plan()`, and why.
  [[nodiscard]] RerunTask task(TaskId id) const;
  /// The same. @throws UsageError for a handle of another workflow.
  [[nodiscard]] RerunTask task(AnyTask handle) const { return task(plan().id(handle)); }
  /// The reason in words: "it depends on task 'load', which runs".
  [[nodiscard]] std::string why(TaskId id) const;
  /// The same. @throws UsageError for a handle of another workflow.
  [[nodiscard]] std::string why(AnyTask handle) const { return why(plan().id(handle)); }
  /// How many tasks of `plan()` that becomes of.
  [[nodiscard]] std::size_t count(RerunAction action) const noexcept;
  /// Which ones, in order of id.
  [[nodiscard]] std::vector<TaskId> tasks(RerunAction action) const;
  /// The tasks of `from().plan()` that `plan()` has no more, in order of id. Their results stay where they are.
  [[nodiscard]] const std::vector<TaskId>& orphaned() const noexcept;

  /// For the engine.
  explicit RerunPlan(std::unique_ptr<detail::RerunData> data) noexcept;
  /// For the engine.
  [[nodiscard]] detail::RerunData& data() noexcept { return *data_; }

 private:
  std::unique_ptr<detail::RerunData> data_;
};

/// Plans to run `plan` with what `from`, an ended run, has done.
///
/// A task is reused when it ended otherwise than `options.outcomes` say, `options` do not name it, its inputs are
/// unchanged, all that it is given comes from tasks that are reused, and its result is still there. With another plan
/// than that of `from`, usually one of the same workflow after changes, tasks are matched by name (nameless ones only
/// when both plans are of the same workflow), and the type of the result and the tasks that give it something must be
/// the same too. That a body or a setting is another one is not seen: name such a task where it is to run.
///
/// Tasks that only come after one that runs are reused all the same. Linear in tasks and edges.
///
/// @throws UsageError       `from` is no run, or has not ended; an outcome of the options is none.
/// @throws DefinitionError  the options name tasks or inputs that `plan` does not have: each is named.
[[nodiscard]] BATON_API RerunPlan plan_rerun(const Run& from, const Plan& plan, RerunOptions options = {});
/// The same with the plan of `from`.
[[nodiscard]] BATON_API RerunPlan plan_rerun(const Run& from, RerunOptions options = {});

/// The counts, and a line for each of the first `most` tasks that run with the reason why, for a person to read.
[[nodiscard]] BATON_API std::string to_string(const RerunPlan& plan, std::size_t most = 20);

/// Carries out what was planned, as a new run, and returns without waiting for any task. Reused tasks have ended from
/// the beginning: `task_ended` with attempt 0 is all that observers are told of them, right after `run_started`.
///
/// Their results are moved: the new run has them, at other addresses, and `Run::result` of the earlier run throws.
/// References to them that the earlier run gave out are to moved-from values. `options.inputs` must be empty, since
/// plan_rerun takes the inputs. `plan` is used up, and can still be looked at.
///
/// @throws DefinitionError  as Scheduler::start, and where `options` has inputs. Nothing has changed, so that mending
///                          that and calling again works.
/// @throws UsageError       the plan was carried out before, or a result that it reuses was handed over to another run
///                          since it was planned. Nothing has changed.
/// What moving a result throws is thrown on; then results whose move may throw may be lost, and are planned to be made
/// again the next time.
BATON_API Run rerun(Scheduler& scheduler, RerunPlan&& plan, StartOptions options = {});

}  // namespace baton
