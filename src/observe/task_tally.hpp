// SPDX-License-Identifier: MIT
#pragma once

#include "observe/expected_work.hpp"

#include <baton/scheduler/observer.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace baton::detail {

/// A task whose body was called and that has not ended; it may be parked.
struct RunningTask {
  std::uint64_t run = 0;
  TaskId task{};
  TimePoint started{};
};

/// Counts of tasks, and sums over them in seconds.
struct TaskCount {
  std::uint64_t ended = 0;
  std::uint64_t called = 0;  // those of `ended` whose body was called
  std::uint64_t failed = 0;
  double worked = 0;   // what the called ones were expected to take
  double busy = 0;     // what these took; only those of which something was expected
  double omitted = 0;  // what the others were expected to take
};

/// A run that somebody wants to know about.
struct TalliedRun {
  explicit TalliedRun(const Plan& its_plan) : plan(its_plan), work(its_plan) {}
  const Plan plan;
  ExpectedWork work;
};

/// Which tasks run, and how many have ended. Thread-safe. Costs an event a lock that others seldom hold, and memory
/// only for tasks that run.
///
/// A seat belongs to few threads, mostly one. It holds the task that was last started there; when that is not over as
/// the next one starts there, it has been parked, or waits, and is moved to a table. A task may end elsewhere than it
/// started, so it is looked for in the own seat, the table, and the other seats, in this order; and once more in the
/// table, since it may have been moved in between.
class TaskTally {
 public:
  using Runs = std::unordered_map<std::uint64_t, std::shared_ptr<TalliedRun>>;

  /// Forgets all tasks.
  void clear();
  /// Before the events of its tasks. O(tasks) once the plan has expected durations.
  void add_run(std::uint64_t run, const Plan& plan);
  /// After the events of its tasks. @returns whether it was there.
  bool remove_run(std::uint64_t run);
  /// Changed by add_run and remove_run only, whose callers see to it that nobody looks meanwhile.
  [[nodiscard]] const Runs& runs() const noexcept { return runs_; }

  void start(const Event& event);
  void end(const Event& event);
  /// Its attempt is over, and it does not run until the next one starts.
  void put_aside(const Event& event);

  [[nodiscard]] TaskCount count() const;
  /// Calls `each(RunningTask)`, which must not call this.
  void for_each_running(const std::function<void(const RunningTask&)>& each) const;

 private:
  struct Key {
    std::uint64_t run;
    TaskId task;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      const std::uint64_t mixed = (key.run * 0x9E3779B97F4A7C15U) ^ (index_of(key.task) * 0xC2B2AE3D27D4EB4FU);
      return static_cast<std::size_t>(mixed ^ (mixed >> 29));
    }
  };
  struct alignas(64) Seat {
    mutable std::mutex mutex;
    bool taken = false;
    RunningTask task;
    TaskCount count;
    std::uint64_t last_run = 0;       // whose events came last
    TalliedRun* known_run = nullptr;  // that run; valid as long as no run has been removed since
    std::uint64_t removals = 0;       // when that was looked up
  };
  struct alignas(64) Part {
    mutable std::mutex mutex;
    std::unordered_map<Key, TimePoint, Hash> tasks;
  };

  [[nodiscard]] TalliedRun* find_run(Seat& seat, std::uint64_t run);
  Part& part_of(const Key& key) noexcept { return parts_[Hash{}(key) % parts_.size()]; }
  std::optional<TimePoint> take_from_table(const Key& key);
  std::optional<TimePoint> take_from_elsewhere(const Key& key);
  static std::optional<TimePoint> take_locked(Seat& seat, const Key& key);
  void count_locked(Seat& seat, const Event& event, std::optional<TimePoint> started);

  std::array<Seat, 64> seats_;
  std::array<Part, 16> parts_;
  mutable std::mutex runs_mutex_;
  Runs runs_;
  std::atomic<std::uint64_t> removals_{0};
};

}  // namespace baton::detail
