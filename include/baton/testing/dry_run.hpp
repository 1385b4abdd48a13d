// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/state.hpp>
#include <baton/base/time.hpp>
#include <baton/graph/plan.hpp>
#include <baton/graph/task.hpp>
#include <baton/scheduler/scheduler.hpp>

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

/// What a dry run takes for granted. Patterns of names are those of Doubles; where two say the same sort of thing of a
/// task, the later one counts. What a pattern matches is looked up by `dry_run`.
class BATON_API DryRunOptions {
 public:
  /// For `fails`: every attempt.
  static constexpr std::uint32_t always = std::numeric_limits<std::uint32_t>::max();

  /// So many bodies are called at once; 1 where not said. @throws UsageError when it is 0.
  DryRunOptions& threads(std::size_t count);
  /// There are so many units of the resource; as many as are asked for where not said.
  DryRunOptions& resource(std::string_view name, std::uint64_t units);
  /// As StartOptions::failure_mode.
  DryRunOptions& failure_mode(FailureMode mode);
  /// As StartOptions::seed; 0 where not said.
  DryRunOptions& seed(std::uint64_t number);

  /// Each attempt of tasks that match takes so long, and has a thread meanwhile. Other tasks take their
  /// `expected_duration`, or no time where they have none.
  /// @throws UsageError when the pattern is none, or the duration negative.
  DryRunOptions& lasts(std::string_view pattern, Duration duration);
  /// The first `times` attempts of tasks that match fail when their time is over.
  /// @throws UsageError when the pattern is none, or `times` is 0.
  DryRunOptions& fails(std::string_view pattern, std::uint32_t times = always);
  /// The conditions (`when`) of tasks that match are false; all others are true.
  /// @throws UsageError when the pattern is none.
  DryRunOptions& skips(std::string_view pattern);
  /// Tasks that match are the arms of choices that are taken: whatever else has a condition on the same task's result
  /// is skipped. Without that all arms of a choice run.
  /// @throws UsageError when the pattern is none.
  DryRunOptions& chooses(std::string_view pattern);

 private:
  friend class DryRun;
  enum class Sort : std::uint8_t { lasts, fails, skips, chooses };
  struct Saying {
    Sort sort;
    std::string pattern;
    Duration duration{};
    std::uint32_t times = 0;
  };

  std::size_t threads_ = 1;
  std::map<std::string, std::uint64_t, std::less<>> resources_;
  FailureMode failure_mode_ = FailureMode::finish_independent;
  std::uint64_t seed_ = 0;
  std::vector<Saying> sayings_;
};

/// What becomes of a task in a dry run. Times count from the start of the run.
struct DryRunTask {
  TaskState outcome = TaskState::pending;  ///< How it ends.
  std::uint32_t attempts = 0;              ///< How often its body would be called.
  Duration start{};                        ///< When that is first; `end` where it is never.
  Duration end{};                          ///< When it ends.
  friend bool operator==(const DryRunTask&, const DryRunTask&) = default;
};

/// What would happen in a run of a plan: see dry_run. A value; thread-safe as long as nobody assigns to it.
class BATON_API DryRun {
 public:
  /// The plan that it is about.
  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  /// How the run would end.
  [[nodiscard]] RunState state() const noexcept { return state_; }
  /// When the last task would end.
  [[nodiscard]] Duration makespan() const noexcept { return makespan_; }
  /// All tasks by their ids.
  [[nodiscard]] std::span<const DryRunTask> tasks() const noexcept { return tasks_; }
  /// All tasks in the order in which their bodies would be called first or, where they would not, in which they end.
  [[nodiscard]] const std::vector<TaskId>& order() const noexcept { return order_; }
  /// What becomes of a task of the plan.
  [[nodiscard]] const DryRunTask& operator[](TaskId id) const { return tasks_[index_of(id)]; }
  /// The same by handle. @throws UsageError when it is not one of the plan.
  [[nodiscard]] const DryRunTask& operator[](AnyTask task) const { return (*this)[plan_.id(task)]; }
  /// The same by name. @throws UsageError when there is no such task; the message has the nearest names.
  [[nodiscard]] const DryRunTask& task(std::string_view name) const;

 private:
  friend BATON_API DryRun dry_run(const Plan& plan, const DryRunOptions& options);
  DryRun(const Plan& plan, const DryRunOptions& options);

  Plan plan_;
  std::size_t threads_ = 1;
  RunState state_ = RunState::succeeded;
  Duration makespan_{};
  std::vector<DryRunTask> tasks_;
  std::vector<TaskId> order_;
  friend BATON_API std::string to_string(const DryRun& run);
};

/// Works out what a run of `plan` would do, without calling anything of the user's: no body, condition, retry filter,
/// compensation or element of a map. Each task is taken to succeed, as far as the options do not say otherwise, and
/// what follows from that is decided as by a scheduler: rules, retries, timeouts and deadlines, resources, cleanup.
///
/// Deterministic. Free threads take the ready task that comes first in the plan; that order is a scheduler's too, but
/// not to the last step, so its times may differ where threads or units are scarce. A task with an executor of its own
/// (`on`) holds no thread. Sub-workflows, maps and loops are one task each. A body that runs when the run stops goes on
/// to its end, one whose time is over ends at once. Any failure is worth another attempt: filters are not asked.
///
/// O((tasks + edges) log tasks), and tasks x patterns.
///
/// @throws UsageError  a pattern matches no task, a task without a condition is to be skipped or chosen, or a task asks
///         for more units than there are.
[[nodiscard]] BATON_API DryRun dry_run(const Plan& plan, const DryRunOptions& options = {});

/// A line about the run, then a table with a line for each task, in the order of `DryRun::order`.
[[nodiscard]] BATON_API std::string to_string(const DryRun& run);
BATON_API std::ostream& operator<<(std::ostream& out, const DryRun& run);

}  // namespace baton
