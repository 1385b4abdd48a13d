// SPDX-License-Identifier: MIT
#include "observe/expected_work.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

namespace baton::detail {
namespace {

double seconds(Duration duration) noexcept { return std::chrono::duration<double>(duration).count(); }

}  // namespace

ExpectedWork::ExpectedWork(const Plan& plan) : plan_(plan) {
  std::size_t told = 0;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan.expected_duration(static_cast<TaskId>(i))) ++told;
    total_ += of(static_cast<TaskId>(i));
  }
  if (told * 2 < plan.size() || total_ <= 0) {
    total_ = 0;
  } else {
    ended_ = std::make_unique<std::atomic<bool>[]>(plan.size());  // NOLINT(modernize-avoid-c-arrays)
  }
}

double ExpectedWork::of(TaskId task) const noexcept {
  return std::max(0.0, seconds(plan_.expected_duration(task).value_or(Duration::zero())));
}

void ExpectedWork::note_end(TaskId task) noexcept {
  if (known()) ended_[index_of(task)].store(true, std::memory_order_relaxed);
}

double ExpectedWork::rest_of_critical_path(const std::unordered_map<TaskId, double>& progress) {
  if (!known()) return 0;
  if (order_.empty()) find_paths();
  const auto has_ended = [&](TaskId task) { return ended_[index_of(task)].load(std::memory_order_relaxed); };
  while (next_ < order_.size() && has_ended(order_[next_])) ++next_;
  double longest = 0;
  for (std::size_t i = next_; i < order_.size() && ahead_[index_of(order_[i])] > longest; ++i) {
    if (has_ended(order_[i])) continue;
    const auto done = progress.find(order_[i]);
    longest = std::max(longest, ahead_[index_of(order_[i])] - (done == progress.end() ? 0 : done->second));
  }
  return longest;
}

void ExpectedWork::find_paths() {
  ahead_.resize(plan_.size());
  const std::vector<TaskId> forwards = plan_.topological_order();
  for (auto task = forwards.rbegin(); task != forwards.rend(); ++task) {
    float longest = 0;
    for (const TaskId successor : plan_.successors(*task)) longest = std::max(longest, ahead_[index_of(successor)]);
    ahead_[index_of(*task)] = longest + static_cast<float>(of(*task));
  }
  order_ = forwards;
  std::sort(order_.begin(), order_.end(),
            [&](TaskId a, TaskId b) { return ahead_[index_of(a)] > ahead_[index_of(b)]; });
}

void RecentRate::note(TimePoint now, double done) noexcept {
  const double time = seconds(now - last_);
  if (time <= 0) return;
  const double memory = std::max(5.0, seconds(now - first_) / 4);
  const double keep = std::exp(-time / memory);
  sum_ = sum_ * keep + std::max(0.0, done - done_);
  weight_ = weight_ * keep + time;
  done_ = std::max(done, done_);
  last_ = now;
}

}  // namespace baton::detail
