// SPDX-License-Identifier: MIT
#include "testing/dry_supplies.hpp"

#include <baton/base/error.hpp>

#include <algorithm>

namespace baton::detail {

DrySupplies::DrySupplies(const PlanData& plan, const Limits& limits) : plan_(plan) {
  for (const auto& [name, units] : limits) supplies_[name] = {.left = units, .is_limited = true};
  std::map<std::uint32_t, std::string> faults;  // settings have no order of their own
  for (const auto& [task, settings] : plan.settings) {
    for (const ResourceRequest& request : settings.resources) {
      const Supply& supply = supplies_[request.name];
      if (request.amount <= supply.left) continue;
      faults[task] = "dry run: task '" + plan.label(task) + "' asks for " + std::to_string(request.amount) +
                     " of resource '" + request.name + "', of which there are only " + std::to_string(supply.left);
    }
  }
  if (!faults.empty()) throw UsageError(faults.begin()->second);
}

const std::vector<ResourceRequest>& DrySupplies::requests_of(std::uint32_t task) const {
  return plan_.find_settings(task)->resources;
}

bool DrySupplies::can_have(std::uint32_t task) const {
  const std::vector<ResourceRequest>& requests = requests_of(task);
  return std::all_of(requests.begin(), requests.end(), [&](const ResourceRequest& request) {
    const Supply& supply = supplies_.find(request.name)->second;
    return request.amount <= supply.left && (supply.queue.empty() || *supply.queue.begin() >= task);
  });
}

bool DrySupplies::acquire(std::uint32_t task, std::vector<std::uint32_t>& called) {
  if (!can_have(task)) {
    called_.erase(task);
    for (const ResourceRequest& request : requests_of(task)) supplies_.find(request.name)->second.queue.insert(task);
    return false;
  }
  for (const ResourceRequest& request : requests_of(task)) {
    Supply& supply = supplies_.find(request.name)->second;
    if (supply.is_limited) supply.left -= request.amount;
  }
  if (called_.contains(task)) remove(task, called);
  return true;
}

void DrySupplies::give_back(std::uint32_t task, std::vector<std::uint32_t>& called) {
  for (const ResourceRequest& request : requests_of(task)) {
    Supply& supply = supplies_.find(request.name)->second;
    if (supply.is_limited) supply.left += request.amount;
  }
  serve(task, called);
}

void DrySupplies::remove(std::uint32_t task, std::vector<std::uint32_t>& called) {
  for (const ResourceRequest& request : requests_of(task)) supplies_.find(request.name)->second.queue.erase(task);
  called_.erase(task);
  serve(task, called);
}

/// Calls the heads of the queues in which `task` was, where their units are there.
void DrySupplies::serve(std::uint32_t task, std::vector<std::uint32_t>& called) {
  for (const ResourceRequest& request : requests_of(task)) {
    const std::set<std::uint32_t>& queue = supplies_.find(request.name)->second.queue;
    if (queue.empty() || called_.contains(*queue.begin()) || !can_have(*queue.begin())) continue;
    called_.insert(*queue.begin());
    called.push_back(*queue.begin());
  }
}

}  // namespace baton::detail
