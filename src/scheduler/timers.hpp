// SPDX-License-Identifier: MIT
#pragma once

#include <baton/scheduler/clock.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <mutex>
#include <tuple>

namespace baton::detail {

class RunCore;

/// What a timer is for. A task has one of each kind at most.
enum class TimerKind : std::uint8_t {
  park,      ///< The task waits for it.
  timeout,   ///< Of its attempt.
  deadline,  ///< Of the task.
  run,       ///< The deadline of the whole run; of Seat::no_task.
};

/// The timers of the tasks of all runs, by time. Thread-safe.
///
/// Those of one moment are delivered in the order of run and task, so that virtual time repeats exactly.
class Timers final : public Alarm {
 public:
  explicit Timers(Clock& clock) : clock_(clock) {}
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  /// Delivers the message of that kind to `run` at `when`, unless removed before. Keeps the run alive until then.
  /// @throws std::bad_alloc, std::system_error  there is no memory, or no thread for the clock; there is no timer then.
  void add(RunCore& run, std::uint32_t task, TimePoint when, TimerKind kind = TimerKind::park);
  /// @returns whether the timer was there; then nothing is delivered any more.
  bool remove(RunCore& run, std::uint32_t task, TimerKind kind = TimerKind::park) noexcept;
  /// Removes the timers of `run` that tasks wait for which are to end early, and delivers Message::Kind::drop of those.
  void drop_stopped(RunCore& run) noexcept;

  void ring() noexcept override;

 private:
  using TaskKey = std::tuple<std::uint64_t, TimerKind, std::uint32_t>;  // run, kind, task
  using TaskTimes = std::map<TaskKey, TimePoint>;
  struct Key {
    TimePoint when;
    std::uint64_t run;
    std::uint32_t task;
    TimerKind kind;
    friend auto operator<=>(const Key&, const Key&) = default;  // NOLINT(modernize-use-nullptr): a false alarm
  };
  using Queue = std::map<Key, RunCore*>;
  void set_alarm_locked();
  void set_alarm_again_locked() noexcept;

  Clock& clock_;
  std::mutex mutex_;
  Queue queue_;
  TaskTimes when_;
};

}  // namespace baton::detail
