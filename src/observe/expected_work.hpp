// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/time.hpp>
#include <baton/graph/plan.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace baton::detail {

/// What the tasks of one run are expected to take, where the plan says so, and which have ended. Times are in seconds.
///
/// Some 13 bytes a task, or nothing where the plan does not say.
class ExpectedWork {
 public:
  explicit ExpectedWork(const Plan& plan);

  /// Whether at least half of the tasks have an expected duration. Otherwise everything here is 0.
  [[nodiscard]] bool known() const noexcept { return ended_ != nullptr; }
  [[nodiscard]] double total() const noexcept { return total_; }
  /// What `task` is expected to take; 0 where the plan does not say.
  [[nodiscard]] double of(TaskId task) const noexcept;
  /// Thread-safe.
  void note_end(TaskId task) noexcept;

  /// The longest path through the tasks that have not ended, of which `progress` has done some. One thread at a time.
  [[nodiscard]] double rest_of_critical_path(const std::unordered_map<TaskId, double>& progress);

 private:
  void find_paths();

  const Plan plan_;
  double total_ = 0;
  std::unique_ptr<std::atomic<bool>[]> ended_;  // NOLINT(modernize-avoid-c-arrays): atomics do not move
  std::vector<float> ahead_;                    // of each task, with its own time; made when first asked for
  std::vector<TaskId> order_;                   // by that, the longest first
  std::size_t next_ = 0;                        // all before it in `order_` have ended
};

/// A rate over the last time: at least some seconds, later a part of all the time.
class RecentRate {
 public:
  void restart(TimePoint now) noexcept { *this = RecentRate{now, now}; }
  /// So much has been done in all until now.
  void note(TimePoint now, double done) noexcept;
  /// A second; 0 where nothing is known.
  [[nodiscard]] double per_second() const noexcept { return weight_ > 0 ? sum_ / weight_ : 0; }

  RecentRate() noexcept = default;

 private:
  RecentRate(TimePoint first, TimePoint last) noexcept : first_(first), last_(last) {}

  TimePoint first_, last_;
  double done_ = 0;
  double sum_ = 0;     // what was done, of which what is long ago counts less
  double weight_ = 0;  // the time, in the same manner
};

}  // namespace baton::detail
