// SPDX-License-Identifier: MIT
#include "graph/cleanup_order.hpp"

#include "graph/definition.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace baton::detail {
namespace {

class CleanupOrder {
 public:
  CleanupOrder(const Definition& definition, const Edges& declared)
      : definition_(definition),
        cleanup_(definition.cleanup),
        first_(definition.tasks.size() + 1, 0),
        targets_(declared.size()) {
    for (const auto& [from, to] : declared) ++first_[from + 1];
    std::partial_sum(first_.begin(), first_.end(), first_.begin());
    std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
    for (const auto& [from, to] : declared) targets_[next[from]++] = to;
  }

  Edges find() {
    end_work();
    compensate_backwards();
    end_with_the_rest();
    return std::move(edges_);
  }

 private:
  template <typename Visit>
  void for_each_successor(std::uint32_t task, Visit&& visit) const {
    for (std::size_t at = first_[task]; at < first_[task + 1]; ++at) visit(targets_[at]);
  }
  void end_work();
  void compensate_backwards();
  void end_with_the_rest();

  const Definition& definition_;
  const Cleanup& cleanup_;
  std::vector<std::size_t> first_;      // by task, into targets_
  std::vector<std::uint32_t> targets_;  // successors
  std::vector<std::uint32_t> leaves_;   // compensations that no other one comes after
  Edges edges_;
};

void CleanupOrder::end_work() {
  for (std::uint32_t task = 0; task < definition_.tasks.size(); ++task) {
    if (!definition_.is_live(task) || cleanup_.has(task)) continue;
    bool is_last = true;
    for_each_successor(task, [&](std::uint32_t to) { is_last = is_last && cleanup_.has(to); });
    if (is_last) edges_.emplace_back(task, cleanup_.end_of_work);
  }
}

void CleanupOrder::compensate_backwards() {
  std::vector<std::uint32_t> seen(definition_.tasks.size(), Cleanup::none);  // by whom
  std::vector<bool> has_later(definition_.tasks.size(), false);
  std::vector<std::uint32_t> walk;
  for (const auto& [task, compensation] : cleanup_.compensations) {
    edges_.emplace_back(cleanup_.end_of_work, compensation);
    walk.assign(1, task);
    while (!walk.empty()) {
      const std::uint32_t at = walk.back();
      walk.pop_back();
      for_each_successor(at, [&, by = task, undo = compensation](std::uint32_t to) {
        if (cleanup_.has(to) || std::exchange(seen[to], by) == by) return;
        const auto later = cleanup_.compensations.find(to);
        if (later == cleanup_.compensations.end()) {
          walk.push_back(to);
        } else if (to != by) {
          edges_.emplace_back(later->second, undo);
          has_later[later->second] = true;
        }
      });
    }
  }
  for (const auto& [task, compensation] : cleanup_.compensations) {
    if (!has_later[compensation]) leaves_.push_back(compensation);
  }
}

void CleanupOrder::end_with_the_rest() {
  std::vector<bool> is_compensation(definition_.tasks.size(), false);
  for (const auto& [task, compensation] : cleanup_.compensations) is_compensation[compensation] = true;
  for (const std::uint32_t task : cleanup_.tasks) {
    if (task == cleanup_.end_of_work || is_compensation[task]) continue;
    edges_.emplace_back(cleanup_.end_of_work, task);
    for (const std::uint32_t compensation : leaves_) edges_.emplace_back(compensation, task);
  }
}

}  // namespace

Edges order_cleanup(const Definition& definition, const Edges& declared) {
  return CleanupOrder(definition, declared).find();
}

}  // namespace baton::detail
