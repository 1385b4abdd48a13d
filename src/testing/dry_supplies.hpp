// SPDX-License-Identifier: MIT
#pragma once

#include "graph/plan_data.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace baton::detail {

/// The resources of a dry run, served as those of a scheduler (scheduler/resources.hpp): a task gets all its units at
/// once, and only when it is the first in the queue of each of its resources.
class DrySupplies {
 public:
  using Limits = std::map<std::string, std::uint64_t, std::less<>>;

  /// @throws UsageError  some task asks for more than there is.
  DrySupplies(const PlanData& plan, const Limits& limits);

  /// Gives the task its units, or queues it. Tasks that may ask again are added to `called`.
  bool acquire(std::uint32_t task, std::vector<std::uint32_t>& called);
  void give_back(std::uint32_t task, std::vector<std::uint32_t>& called);
  /// Takes the task from the queues.
  void remove(std::uint32_t task, std::vector<std::uint32_t>& called);

 private:
  struct Supply {
    std::uint64_t left = UINT64_MAX;
    bool is_limited = false;
    std::set<std::uint32_t> queue{};
  };
  [[nodiscard]] const std::vector<ResourceRequest>& requests_of(std::uint32_t task) const;
  [[nodiscard]] bool can_have(std::uint32_t task) const;
  void serve(std::uint32_t task, std::vector<std::uint32_t>& called);

  const PlanData& plan_;
  std::map<std::string, Supply, std::less<>> supplies_;
  std::set<std::uint32_t> called_;  // of those that are queued
};

}  // namespace baton::detail
