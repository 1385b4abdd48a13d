// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/time.hpp>
#include <baton/graph/plan.hpp>
#include <baton/scheduler/observer.hpp>

#include "observe/trace_entries.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace baton::detail {

/// The moment that came first, to whichever thread.
class FirstMoment {
 public:
  void note(TimePoint time) noexcept {
    Duration::rep expected = none;
    if (value_.load(std::memory_order_relaxed) == none) {
      value_.compare_exchange_strong(expected, time.time_since_epoch().count(), std::memory_order_relaxed);
    }
  }
  /// To be asked only after `note`.
  [[nodiscard]] TimePoint get() const noexcept { return TimePoint{Duration{value_.load(std::memory_order_relaxed)}}; }

 private:
  static constexpr Duration::rep none = std::numeric_limits<Duration::rep>::min();
  std::atomic<Duration::rep> value_{none};
};

/// Gives each parked task the first lane that is free.
class ParkedLanes {
 public:
  std::uint32_t take(TimePoint from);
  void give_back(std::uint32_t lane, TimePoint since);

 private:
  std::vector<TimePoint> free_since_;
  std::set<std::uint32_t> free_;
};

/// Gives tasks that have waited a row each, as long as there are enough.
class WaitingRows {
 public:
  /// The id of a row that is free in that time, or nothing. `next_id` is counted up for new rows.
  std::optional<std::uint64_t> take(TimePoint from, TimePoint to, std::size_t most, std::uint64_t& next_id);

 private:
  struct Row {
    TimePoint free_since;
    std::uint64_t id;
  };
  std::vector<Row> rows_;
};

/// Where the last interval of a task was drawn: from where arrows leave it.
struct DrawnTask {
  TimePoint from, to;
  Lane lane = run_lane;  ///< That one where nothing was drawn.
  std::uint32_t arrows = 0;

  /// The last moment that viewers count to the interval.
  [[nodiscard]] TimePoint last() const noexcept { return to > from ? to - Duration{1} : from; }
};

/// Of `tasks`, those that arrows shall come from: at most `most`, those that ended last, without those that have
/// `most_from` arrows already. The one that ended last comes first.
std::vector<DrawnTask*> choose_arrows(std::span<const TaskId> tasks, std::vector<DrawnTask>& drawn, std::size_t most,
                                      std::uint32_t most_from);

/// Where a task is drawn that goes on without its body.
struct ParkedPlace {
  std::uint32_t lane;
  WaitReason reason;
};

/// What a trace keeps of a run that goes on, besides the times of its tasks.
struct RunDrawing {
  std::optional<TimePoint> paused;
  std::set<Lane> named;
  ParkedLanes parked;
  std::unordered_map<std::uint32_t, ParkedPlace> parked_tasks;
  WaitingRows waiting;
  std::unordered_map<std::uint32_t, std::vector<std::pair<TimePoint, WaitReason>>> waits;  // task: from when, for what
  std::vector<DrawnTask> tasks;  // by id; empty where no arrows are drawn
};

}  // namespace baton::detail
