// SPDX-License-Identifier: MIT
#include "observe/trace_drawing.hpp"

#include <algorithm>

namespace baton::detail {

std::uint32_t ParkedLanes::take(TimePoint from) {
  for (const std::uint32_t lane : free_) {
    // An event may come a little later than one of another task with a later time.
    if (free_since_[lane] <= from) {
      free_.erase(lane);
      return lane;
    }
  }
  free_since_.push_back(from);
  return static_cast<std::uint32_t>(free_since_.size() - 1);
}

void ParkedLanes::give_back(std::uint32_t lane, TimePoint since) {
  free_since_[lane] = since;
  free_.insert(lane);
}

std::optional<std::uint64_t> WaitingRows::take(TimePoint from, TimePoint to, std::size_t most, std::uint64_t& next_id) {
  for (Row& row : rows_) {
    if (row.free_since > from) continue;
    row.free_since = to;
    return row.id;
  }
  if (rows_.size() >= most) return std::nullopt;
  rows_.push_back({to, next_id});
  return next_id++;
}

std::vector<DrawnTask*> choose_arrows(std::span<const TaskId> tasks, std::vector<DrawnTask>& drawn, std::size_t most,
                                      std::uint32_t most_from) {
  const auto later = [](const DrawnTask* a, const DrawnTask* b) { return a->to > b->to; };
  std::vector<DrawnTask*> chosen;  // a heap with the earliest on top
  chosen.reserve(std::min(most, tasks.size()) + 1);
  for (const TaskId task : tasks) {
    DrawnTask& from = drawn[index_of(task)];
    if (from.lane == run_lane || from.arrows >= most_from) continue;
    if (chosen.size() == most && !later(&from, chosen.front())) continue;
    chosen.push_back(&from);
    std::push_heap(chosen.begin(), chosen.end(), later);
    if (chosen.size() <= most) continue;
    std::pop_heap(chosen.begin(), chosen.end(), later);
    chosen.pop_back();
  }
  std::sort_heap(chosen.begin(), chosen.end(), later);
  return chosen;
}

}  // namespace baton::detail
