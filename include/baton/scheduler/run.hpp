// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/error.hpp>
#include <baton/base/export.hpp>
#include <baton/base/state.hpp>
#include <baton/base/time.hpp>
#include <baton/graph/plan.hpp>
#include <baton/graph/task.hpp>
#include <baton/scheduler/snapshot.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace baton {

namespace detail {
class RunCore;
}

/// One failed task of a run.
struct TaskFailure {
  TaskId task;               ///< In the plan of the run.
  std::string task_name;     ///< As `Plan::task_name` gives it; for a loop with the round that failed: `epoch[2]`.
  std::uint32_t attempt;     ///< The last one, counted from 1.
  std::exception_ptr error;  ///< What the body threw.
  std::string message;       ///< Its text.
  bool allowed = false;      ///< By Task::allow_failure: the run does not fail because of it.
  std::vector<std::exception_ptr> earlier_errors{};  ///< What the attempts before the last one failed with, in order.
};

/// Thrown by Run::get when a run did not succeed. `what()` names the run, and each failed task with its cause.
class BATON_API RunFailed : public Error {
 public:
  /// @param failures  The failed tasks, the one that failed first in front.
  RunFailed(const std::string& message, std::vector<TaskFailure> failures);
  RunFailed(const RunFailed&) = default;
  RunFailed& operator=(const RunFailed&) = default;
  ~RunFailed() override;

  /// The failed tasks, the one that failed first in front. Empty when the run was cancelled before any failed.
  [[nodiscard]] const std::vector<TaskFailure>& failures() const noexcept { return failures_; }

 private:
  std::vector<TaskFailure> failures_;
};

/// How many tasks of a run are in each state. The counts add up to the number of tasks.
struct TaskCounts {
  std::array<std::size_t, task_state_count> by_state{};  ///< Indexed by the number of the state.

  /// The number of tasks in `state`.
  [[nodiscard]] std::size_t operator[](TaskState state) const noexcept {
    return by_state[static_cast<std::size_t>(state)];
  }
  /// The number of tasks.
  [[nodiscard]] std::size_t total() const noexcept;
  /// The number of tasks that have an outcome.
  [[nodiscard]] std::size_t ended() const noexcept;
};

/// How far a map has come.
struct MapProgress {
  std::size_t done = 0;      ///< Elements that have their result, or their outcome where those are collected.
  std::size_t elements = 0;  ///< All of them.
};

/// A handle of one execution of a plan. Cheap to copy; copies are the same run.
///
/// The run goes on when all handles are dropped; its results and errors live as long as a handle. They are destroyed by
/// the thread that drops the last one, or by one of the executor that is still leaving the run, a moment later:
/// `Scheduler::wait_all` waits for that too. Thread-safe.
/// A default-constructed handle refers to no run: only assignment, destruction and `operator bool` are allowed.
class BATON_API Run {
 public:
  Run() noexcept = default;
  /// Another handle of the same run.
  Run(const Run& other) noexcept;
  /// Takes over; `other` refers to no run afterwards.
  Run(Run&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  /// Makes this a handle of the run of `other`.
  Run& operator=(Run other) noexcept {
    std::swap(core_, other.core_);
    return *this;
  }
  ~Run();

  /// Whether this handle refers to a run.
  explicit operator bool() const noexcept { return core_ != nullptr; }

  /// A number that no other run of this process has.
  [[nodiscard]] std::uint64_t id() const noexcept;
  /// Where a run that a task of another one has started stands: `train/epoch[2]` for the third round of the loop
  /// `epoch` in the sub-workflow `train`. Empty for a run that the host has started. Valid as long as a handle of the
  /// run.
  [[nodiscard]] std::string_view path() const noexcept;
  /// The run whose task has started this one; 0 where the host has.
  [[nodiscard]] std::uint64_t parent_id() const noexcept;
  /// The plan that is run. Valid as long as a handle of the run.
  [[nodiscard]] const Plan& plan() const noexcept;

  /// Returns when every task has ended; nothing of the run is called afterwards but the callbacks and observers of its
  /// end.
  ///
  /// On a worker (inside a task) it first works on this run; then another thread takes the worker's place while it
  /// blocks.
  /// @throws UsageError when called inside a task of this run, or of a run that waits for this one on the same thread:
  /// it could never end; or when 100 bodies wait further down on this thread, whose stack could overflow.
  void wait() const;
  /// Returns when the run has ended or `timeout` of real time is over. Never calls bodies.
  /// @returns whether the run has ended.
  bool wait_for(Duration timeout) const;

  /// Where the run stands.
  [[nodiscard]] RunState state() const noexcept;
  /// Whether every task has ended.
  [[nodiscard]] bool ended() const noexcept { return state() != RunState::running; }
  /// Whether every task has ended, and none failed or was cancelled.
  [[nodiscard]] bool succeeded() const noexcept { return state() == RunState::succeeded; }

  /// Waits, and throws RunFailed unless the run succeeded.
  void get() const;
  /// Waits, throws RunFailed unless the run succeeded, and returns the result of `task`, valid as long as a handle of
  /// the run.
  template <typename T>
  std::add_lvalue_reference_t<const T> get(const Task<T>& task) const {
    get();
    return result(task);
  }

  /// The result of `task`, also while the run goes on. Valid as long as a handle of the run.
  /// @throws UsageError when there is none (not succeeded yet, or at all; taken by another task), or the handle is of
  ///         another workflow; the message names the task and says which.
  template <typename T>
  [[nodiscard]] std::add_lvalue_reference_t<const T> result(const Task<T>& task) const {
    static_assert(!std::is_void_v<T>, "baton: this task has no result (Task<void>)");
    if constexpr (!std::is_void_v<T>) return *static_cast<const T*>(result_of(task, type_of<T>()));
  }

  /// Where a task stands. Here and below, a handle of another workflow is a UsageError, an id must be one of the plan.
  [[nodiscard]] TaskState state(AnyTask task) const { return state(plan().id(task)); }
  /// The same by id.
  [[nodiscard]] TaskState state(TaskId task) const;
  /// What a failed task threw; null for any other.
  [[nodiscard]] std::exception_ptr error(AnyTask task) const { return error(plan().id(task)); }
  /// The same by id.
  [[nodiscard]] std::exception_ptr error(TaskId task) const;
  /// For a task that was omitted: the task before it that caused that. The nearest one that failed or was cancelled;
  /// the nearest one that was skipped where there is none; nothing where its own rule was not meant to hold.
  [[nodiscard]] std::optional<TaskId> cause(AnyTask task) const { return cause(plan().id(task)); }
  /// The same by id.
  [[nodiscard]] std::optional<TaskId> cause(TaskId task) const;
  /// Every failed task, allowed failures included, in the order in which they failed.
  [[nodiscard]] std::vector<TaskFailure> failures() const;
  /// One look at all states: O(tasks). While the run goes on tasks change between the looks at two of them.
  [[nodiscard]] TaskCounts counts() const;
  /// The state of every task, by id.
  [[nodiscard]] std::vector<TaskState> states() const;

  /// How far the elements of a map have come; nothing before they begin, once the map has ended, and for other tasks.
  [[nodiscard]] std::optional<MapProgress> map_progress(AnyTask task) const;

  /// What is known of the run now. O(tasks); stops nobody: a task that changes meanwhile is seen before or after the
  /// change, and its neighbours perhaps the other way round.
  ///
  /// Times, attempts, workers and a version are there when the run was started with `StartOptions::record`; otherwise
  /// states and errors are all there is.
  [[nodiscard]] Snapshot snapshot() const;
  /// What has changed since the snapshot of that `version`, for `Snapshot::apply`. A change that falls into the time of
  /// the look may come now, and once more with the next changes; none is missed.
  /// @throws UsageError when the run was started without `StartOptions::record`, or has not come as far as `since`.
  [[nodiscard]] SnapshotChanges changes(std::uint64_t since) const;

  /// Ends the run early: no body starts any more, running bodies are asked to stop (`Context::stop_token`), and every
  /// task that had not ended becomes `cancelled`. Returns at once; the run ends when the running bodies have returned.
  ///
  /// Calling it again, or after the end, changes nothing. May be called from anywhere, inside bodies and observers too.
  /// @param cause  Why, for whoever looks at the run: `cancel_cause`, `get`, observers.
  void cancel(std::string cause = {}) const;
  /// What the first `cancel` said; empty for a run that was not cancelled, or ended otherwise before that took effect.
  [[nodiscard]] std::string cancel_cause() const;

  /// Cancels one task; the rest of the run goes on, but for what depends on it.
  ///
  /// A task that is ready, or waits for a timer, a resource or a sub-workflow, ends `cancelled` at once; one that waits
  /// for an executor of its own, when that gets to it. A pending one ends `cancelled` when its predecessors have ended.
  /// One whose body is being called is asked to stop (`Context::stop_token`) and ends `cancelled` when its body has
  /// returned, whatever that returns or throws. Returns without waiting for any of that.
  /// @returns whether this call decided that the task ends `cancelled`: false when it has ended, is just ending, or was
  ///          cancelled before. A body without a Context that returns at the very moment of the call may be missed: its
  ///          task ends as it would have, although true was returned.
  bool cancel(AnyTask task, std::string cause = {}) const { return cancel(plan().id(task), std::move(cause)); }
  /// The same by id.
  bool cancel(TaskId task, std::string cause = {}) const;
  /// What was said when a task was cancelled that has ended so; empty for any other.
  [[nodiscard]] std::string cancel_cause(AnyTask task) const { return cancel_cause(plan().id(task)); }
  /// The same by id.
  [[nodiscard]] std::string cancel_cause(TaskId task) const;

  /// Cancels one element of a map that is at its elements (`map_progress`); counted from 0.
  ///
  /// An element that has not begun never does. One that runs is asked to stop: its body is (`Context::stop_token`), or,
  /// of a map over a plan, its run is cancelled with that cause. It ends when its bodies have returned, as cancelled
  /// whatever they do.
  ///
  /// To a map that collects outcomes the element is `cancelled`, with a Cancelled as its error that names the element
  /// and tells the cause; the others go on. Any other map ends `cancelled` once the element has ended, or would have
  /// begun, as if its body had thrown Cancelled. May be called from anywhere, as cancel.
  /// @returns whether this call decided that the element ends as cancelled: false when it has ended or was cancelled
  ///          before, when the map has ended or is ending early, and for a task whose body is being called.
  /// @throws UsageError when there is no such element, the map has not begun, or the task waits for something that is
  ///         not a map; std::bad_alloc. In either case nothing has changed.
  bool cancel_element(AnyTask map, std::size_t element, const std::string& cause = {}) const {
    return cancel_element(plan().id(map), element, cause);
  }
  /// The same by id.
  bool cancel_element(TaskId map, std::size_t element, const std::string& cause = {}) const;

  /// Starts no further body until `resume`; running ones, and those that are being called at this very moment, go on to
  /// their end. What they make ready, and what a timer or a resource makes ready, waits. Reaches the runs of
  /// sub-workflows. Time goes on; the run holds no thread meanwhile, and no resource but those of bodies that have
  /// started. The run does not end before `resume` or `cancel`, unless no task was left to start.
  ///
  /// Returns at once, and takes no memory, however many tasks there are. Pauses do not count: one `resume` ends any
  /// number. May be called from anywhere, as cancel.
  /// @returns whether this call paused the run: false when it was paused, has ended, or is being stopped by `cancel` or
  ///          by a failure (FailureMode::stop), both of which end a pause.
  bool pause() const;
  /// Ends a pause. Returns at once.
  /// @returns whether this call ended one.
  bool resume() const;
  /// Whether the run is paused; false once it has ended.
  [[nodiscard]] bool paused() const noexcept;

  /// Calls `callback` once when the run has ended, on the thread that ended it, or at once when it has already.
  /// What it throws is dropped and counted like an observer's. `wait` may return before the callback was called.
  void on_end(std::function<void(const Run&)> callback) const;

  friend bool operator==(const Run& a, const Run& b) noexcept { return a.core_ == b.core_; }

  /// For the engine: takes over one reference.
  explicit Run(detail::RunCore* core) noexcept : core_(core) {}
  /// For the engine.
  [[nodiscard]] detail::RunCore* core() const noexcept { return core_; }

 private:
  const void* result_of(AnyTask task, TypeRef type) const;

  detail::RunCore* core_ = nullptr;
};

}  // namespace baton
