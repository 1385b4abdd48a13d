// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/state.hpp>
#include <baton/base/time.hpp>
#include <baton/graph/plan.hpp>

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>

namespace baton {

/// Why a task is `waiting`.
enum class WaitReason : std::uint8_t {
  none,
  resource,  ///< Units of a resource are held by others.
  timer,     ///< `Context::park_for`: the body is done, its time is not over.
  child,     ///< What it has begun has not ended: a sub-workflow's run, elements of a map, what it has spawned.
  executor,  ///< Posted to the executor of `Task::on`, not started there yet.
  retry,     ///< Its attempt failed; the next one is made after a delay.
};

/// The name of a reason as written above.
[[nodiscard]] BATON_API std::string_view to_string(WaitReason reason) noexcept;

/// Something that happened in a run. Valid during the call of the observer.
struct Event {
  /// What happened.
  enum class Kind : std::uint8_t {
    run_started,   ///< Before anything of the run is called.
    task_ready,    ///< Its predecessors have ended well; once a task, none for one that is not to run.
    task_waiting,  ///< Parked, see `reason`; any number of times.
    task_started,  ///< Its body is about to be called; not for tasks that end without that.
    task_ended,    ///< With its outcome in `state`; once a task.
    run_ended,     ///< With `run_state`; after every other event of the run.
    run_paused,    ///< From now on no task of it starts.
    run_resumed,   ///< After a run_paused: tasks start again, or end, as the run is being stopped.
  };

  Kind kind;                  ///< Says which of the fields below mean something.
  const Plan* plan;           ///< Of the run; a copy of the plan may be kept.
  std::uint64_t run;          ///< As `Run::id` gives it.
  TimePoint time;             ///< Of the scheduler's clock; only set where an observer needs it.
  TaskId task{};              ///< For the events of tasks.
  std::uint32_t attempt = 0;  ///< Counted from 1; 0 when the body was never called.
  std::uint32_t worker = 0;   ///< A small number of the thread on which it happened, the same for the same thread.
  TaskState state = TaskState::pending;       ///< After the event.
  WaitReason reason = WaitReason::none;       ///< For task_waiting.
  RunState run_state = RunState::running;     ///< For run_ended.
  const std::exception_ptr* error = nullptr;  ///< For task_ended with `failed`, and task_waiting for `retry`.
  std::string_view path{};                    ///< As `Run::path` gives it: empty unless the run is a child run.
  std::uint64_t parent = 0;                   ///< As `Run::parent_id` gives it.
  /// For run_ended with `cancelled`, and for task_ended of a task that was cancelled by itself: why, if that was said.
  std::string_view cause{};
};

/// The name of an event, "task_started" for instance.
[[nodiscard]] BATON_API std::string_view to_string(Event::Kind kind) noexcept;

/// Whether an event is one of a task; otherwise it is one of the run.
[[nodiscard]] constexpr bool is_of_task(Event::Kind kind) noexcept {
  using enum Event::Kind;
  return kind == task_ready || kind == task_waiting || kind == task_started || kind == task_ended;
}

/// A set of kinds of events.
class EventKinds {
 public:
  /// None.
  constexpr EventKinds() noexcept = default;
  /// Those of the list.
  constexpr EventKinds(std::initializer_list<Event::Kind> kinds) noexcept {
    for (const Event::Kind kind : kinds) bits_ = static_cast<std::uint16_t>(bits_ | bit(kind));
  }
  /// All there are.
  [[nodiscard]] static constexpr EventKinds all() noexcept {
    using enum Event::Kind;
    return {run_started, task_ready, task_waiting, task_started, task_ended, run_ended, run_paused, run_resumed};
  }

  /// Whether there is no kind.
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
  /// Whether `kind` is one of them.
  [[nodiscard]] constexpr bool contains(Event::Kind kind) const noexcept { return (bits_ & bit(kind)) != 0; }
  /// Adds those of `other`.
  constexpr EventKinds& operator|=(EventKinds other) noexcept {
    bits_ = static_cast<std::uint16_t>(bits_ | other.bits_);
    return *this;
  }

 private:
  static constexpr std::uint16_t bit(Event::Kind kind) noexcept {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(kind));
  }
  std::uint16_t bits_ = 0;
};

/// Is told what happens in the runs of a scheduler, or of one run.
class BATON_API Observer {
 public:
  virtual ~Observer();

  /// The kinds of events that it wants to be told; by default all. Asked once, when the observer is added. Each kind
  /// that nobody wants makes a task cheaper.
  [[nodiscard]] virtual EventKinds kinds() const noexcept;
  /// Whether it reads `Event::time`; by default it does. Asked once, as above. Looking at the clock costs more than
  /// most events.
  [[nodiscard]] virtual bool needs_time() const noexcept;

  /// Called on the thread on which `event` happened, concurrently for different tasks, in order for one task, and
  /// before the task's successors are released: keep it short. What it throws is dropped and counted
  /// (`Scheduler::observer_errors`). It may cancel runs, but wait neither for them nor for anything that
  /// another task of the run is still to do.
  virtual void on_event(const Event& event) = 0;
};

}  // namespace baton
