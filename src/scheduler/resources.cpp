// SPDX-License-Identifier: MIT
#include "scheduler/resources.hpp"

#include "scheduler/run_core.hpp"

#include <algorithm>

namespace baton::detail {

void Resources::declare(std::string_view name, std::uint64_t units) {
  Called called;
  {
    const std::lock_guard lock(mutex_);
    resources_[std::string(name)].units = units;
    serve_locked({std::string(name)}, called);
  }
  deliver(called);
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
  const Key key{run.id(), task};
  Called called;
  {
    const std::lock_guard lock(mutex_);
    if (!can_have_locked(key, Waiter{&run, &requests})) return false;
    take_locked(requests);
    const auto waiter = waiters_.find(key);
    if (waiter == waiters_.end()) return true;
    erase_locked(waiter, called);
  }
  deliver(called);
  run.drop();
  return true;
}

void Resources::wait_for(RunCore& run, std::uint32_t task, const std::vector<ResourceRequest>& requests) {
  const Key key{run.id(), task};
  Called called;
  {
    const std::lock_guard lock(mutex_);
    const auto [waiter, is_new] = waiters_.try_emplace(key, Waiter{&run, &requests});
    waiter->second.called = false;
    if (is_new) run.keep();
    std::vector<std::string> names;
    for (const ResourceRequest& request : requests) {
      get(request.name).queue.insert(key);
      names.push_back(request.name);
    }
    serve_locked(names, called);  // units may have come back meanwhile
  }
  deliver(called);
}

void Resources::give_back(const std::vector<ResourceRequest>& requests) {
  yield_point("resources: give back");
  Called called;
  {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    names.reserve(requests.size());
    for (const ResourceRequest& request : requests) {
      get(request.name).used -= request.amount;
      names.push_back(request.name);
    }
    serve_locked(names, called);
  }
  deliver(called);
}

void Resources::serve_locked(const std::vector<std::string>& names, Called& called) {
  for (const std::string& name : names) {
    const Resource& resource = get(name);
    if (resource.queue.empty()) continue;
    const auto head = waiters_.find(*resource.queue.begin());
    if (head->second.called || !can_have_locked(head->first, head->second)) continue;
    head->second.called = true;
    head->second.run->keep();
    called.emplace_back(head->second.run, head->first.second);
  }
}

void Resources::erase_locked(std::map<Key, Waiter>::iterator waiter, Called& called) {
  std::vector<std::string> names;
  for (const ResourceRequest& request : *waiter->second.requests) {
    get(request.name).queue.erase(waiter->first);
    names.push_back(request.name);
  }
  waiters_.erase(waiter);
  serve_locked(names, called);
}

bool Resources::remove(RunCore& run, std::uint32_t task) {
  yield_point("resources: remove");
  Called called;
  bool was_called = false;
  {
    const std::lock_guard lock(mutex_);
    const auto waiter = waiters_.find(Key{run.id(), task});
    if (waiter == waiters_.end()) return false;
    was_called = waiter->second.called;
    erase_locked(waiter, called);
  }
  deliver(called);
  run.drop();
  return !was_called;
}

void Resources::remove_called(RunCore& run) {
  std::size_t count = 0;
  Called called;
  {
    const std::lock_guard lock(mutex_);
    auto waiter = waiters_.lower_bound(Key{run.id(), 0});
    while (waiter != waiters_.end() && waiter->first.first == run.id()) {
      const auto here = waiter++;
      if (!here->second.called) continue;
      erase_locked(here, called);
      ++count;
    }
  }
  deliver(called);
  for (; count > 0; --count) run.drop();
}

std::vector<std::uint32_t> Resources::remove_stopped(RunCore& run) {
  std::vector<std::uint32_t> tasks;
  std::size_t count = 0;
  Called called;
  {
    const std::lock_guard lock(mutex_);
    auto next = waiters_.lower_bound(Key{run.id(), 0});
    while (next != waiters_.end() && next->first.first == run.id()) {
      const auto waiter = next++;
      if (!run.stops(waiter->first.second)) continue;
      if (!waiter->second.called) tasks.push_back(waiter->first.second);
      ++count;
      // Without serving in between: the next waiters of this run are about to go too.
      for (const ResourceRequest& request : *waiter->second.requests) get(request.name).queue.erase(waiter->first);
      waiters_.erase(waiter);
    }
    std::vector<std::string> names;
    for (const auto& [name, resource] : resources_) names.push_back(name);
    if (count > 0) serve_locked(names, called);
  }
  deliver(called);
  for (; count > 0; --count) run.drop();
  return tasks;
}

void Resources::deliver(const Called& called) {
  for (const auto& [run, task] : called) {
    yield_point("resources: a waiter is called");
    run->deliver({task, Message::Kind::granted});
    run->drop();
  }
}

}  // namespace baton::detail
