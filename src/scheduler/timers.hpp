// SPDX-License-Identifier: MIT
#pragma once

#include <baton/scheduler/clock.hpp>

#include <cstdint>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

namespace baton::detail {

class RunCore;

/// The parked tasks of all runs, by the time at which they end. Thread-safe.
///
/// Those of one moment are delivered in the order of run and task, so that virtual time repeats exactly.
class Timers final : public Alarm {
 public:
  explicit Timers(Clock& clock) : clock_(clock) {}
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  /// Delivers Message::timer to `run` at `when`, unless removed before. Keeps the run alive until then.
  void add(RunCore& run, std::uint32_t task, TimePoint when);
  /// @returns whether the timer was there; then nothing is delivered any more.
  bool remove(RunCore& run, std::uint32_t task);
  /// Removes all timers of `run`. @returns their tasks.
  std::vector<std::uint32_t> remove_all(RunCore& run);

  void ring() noexcept override;

 private:
  using Key = std::tuple<TimePoint, std::uint64_t, std::uint32_t>;  // when, run, task
  using TaskKey = std::pair<std::uint64_t, std::uint32_t>;          // run, task
  void set_alarm_locked();

  Clock& clock_;
  std::mutex mutex_;
  std::map<Key, RunCore*> queue_;
  std::map<TaskKey, TimePoint> when_;
};

}  // namespace baton::detail
