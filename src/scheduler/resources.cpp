// SPDX-License-Identifier: MIT
#include "scheduler/resources.hpp"

#include "scheduler/run_core.hpp"

#include <algorithm>

namespace baton::detail {

void Resources::declare(std::string_view name, std::uint64_t units) {
  Granted granted;
  {
    const std::lock_guard lock(mutex_);
    resources_[std::string(name)].units = units;
    serve_locked({std::string(name)}, granted);
  }
  deliver(granted);
}

std::vector<std::string> Resources::faults(const PlanData& plan) const {
  std::vector<std::pair<std::uint32_t, std::string>> found;  // settings have no order of their own
  const std::lock_guard lock(mutex_);
  for (const auto& [task, settings] : plan.settings) {
    for (const ResourceRequest& request : settings.resources) {
      const auto resource = resources_.find(request.name);
      const std::string who = "task '" + plan.label(task) + "' asks for " + std::to_string(request.amount) +
                              " of resource '" + request.name + "'";
      if (resource == resources_.end()) {
        found.emplace_back(task, who + ", which the scheduler does not have; declare it by Scheduler::resource");
      } else if (request.amount > resource->second.units) {
        found.emplace_back(task, who + ", of which there are only " + std::to_string(resource->second.units));
      }
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> faults;
  faults.reserve(found.size());
  for (auto& [task, text] : found) faults.push_back(std::move(text));
  return faults;
}

/// Whether `waiter` is, or would be, the first in each of its queues, and the units are there.
bool Resources::can_have_locked(const Key& key, const Waiter& waiter) {
  return std::all_of(waiter.requests->begin(), waiter.requests->end(), [&](const ResourceRequest& request) {
    const Resource& resource = get(request.name);
    return resource.has(request.amount) && (resource.queue.empty() || !(*resource.queue.begin() < key));
  });
}

void Resources::take_locked(const std::vector<ResourceRequest>& requests) {
  for (const ResourceRequest& request : requests) get(request.name).used += request.amount;
}

bool Resources::try_acquire(RunCore& run, std::uint32_t task, const std::vector<ResourceRequest>& requests) {
  const std::lock_guard lock(mutex_);
  if (!can_have_locked(Key{run.id(), task}, Waiter{&run, &requests})) return false;
  take_locked(requests);
  return true;
}

bool Resources::acquire(RunCore& run, std::uint32_t task, const std::vector<ResourceRequest>& requests) {
  const Key key{run.id(), task};
  const Waiter waiter{&run, &requests};
  const std::lock_guard lock(mutex_);
  if (can_have_locked(key, waiter)) {
    take_locked(requests);
    return true;
  }
  for (const ResourceRequest& request : requests) get(request.name).queue.insert(key);
  waiters_.emplace(key, waiter);
  run.keep();
  return false;
}

void Resources::give_back(const std::vector<ResourceRequest>& requests) {
  Granted granted;
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    names.reserve(requests.size());
    for (const ResourceRequest& request : requests) {
      get(request.name).used -= request.amount;
      names.push_back(request.name);
    }
    serve_locked(std::move(names), granted);
  }
  deliver(granted);
}

void Resources::serve_locked(std::vector<std::string> names, Granted& granted) {
  while (!names.empty()) {
    Resource& resource = get(names.back());
    const auto head = resource.queue.empty() ? waiters_.end() : waiters_.find(*resource.queue.begin());
    if (head == waiters_.end() || !can_have_locked(head->first, head->second)) {
      names.pop_back();
      continue;
    }
    const auto [key, waiter] = *head;
    waiters_.erase(head);
    take_locked(*waiter.requests);
    for (const ResourceRequest& request : *waiter.requests) {
      get(request.name).queue.erase(key);
      if (request.name != names.back()) names.insert(names.begin(), request.name);  // it has a new head
    }
    granted.emplace_back(waiter.run, key.second);
  }
}

void Resources::erase_locked(std::map<Key, Waiter>::iterator waiter, Granted& granted) {
  std::vector<std::string> names;
  for (const ResourceRequest& request : *waiter->second.requests) {
    get(request.name).queue.erase(waiter->first);
    names.push_back(request.name);
  }
  waiters_.erase(waiter);
  serve_locked(std::move(names), granted);
}

bool Resources::remove(RunCore& run, std::uint32_t task) {
  Granted granted;
  {
    const std::lock_guard lock(mutex_);
    const auto waiter = waiters_.find(Key{run.id(), task});
    if (waiter == waiters_.end()) return false;
    erase_locked(waiter, granted);
  }
  deliver(granted);
  run.drop();
  return true;
}

std::vector<std::uint32_t> Resources::remove_all(RunCore& run) {
  std::vector<std::uint32_t> tasks;
  Granted granted;
  {
    const std::lock_guard lock(mutex_);
    for (auto waiter = waiters_.lower_bound(Key{run.id(), 0});
         waiter != waiters_.end() && waiter->first.first == run.id(); waiter = waiters_.lower_bound(Key{run.id(), 0})) {
      tasks.push_back(waiter->first.second);
      // Without serving in between: the next waiters of this run are about to go too.
      for (const ResourceRequest& request : *waiter->second.requests) get(request.name).queue.erase(waiter->first);
      waiters_.erase(waiter);
    }
    std::vector<std::string> names;
    for (const auto& [name, resource] : resources_) names.push_back(name);
    if (!tasks.empty()) serve_locked(std::move(names), granted);
  }
  deliver(granted);
  for (std::size_t task = 0; task < tasks.size(); ++task) run.drop();
  return tasks;
}

void Resources::deliver(const Granted& granted) {
  for (const auto& [run, task] : granted) {
    run->deliver({task, Message::Kind::granted});
    run->drop();
  }
}

}  // namespace baton::detail
