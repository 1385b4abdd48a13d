// SPDX-License-Identifier: MIT
#include "scheduler/resources.hpp"

#include "base/fault_point.hpp"
#include "scheduler/run_core.hpp"

#include <algorithm>

namespace baton::detail {

void Resources::declare(std::string_view name, std::uint64_t units) {
  {
    const std::lock_guard lock(mutex_);
    resources_[std::string(name)].units = units;
  }
  serve({ResourceRequest{std::string(name), 0}});
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

void Resources::take_locked(const std::vector<ResourceRequest>& requests) noexcept {
  for (const ResourceRequest& request : requests) get(request.name).used += request.amount;
}

bool Resources::try_acquire(RunCore& run, std::uint32_t task, const std::vector<ResourceRequest>& requests) {
  const Key key{run.id(), task};
  {
    const std::lock_guard lock(mutex_);
    if (!can_have_locked(key, Waiter{&run, &requests})) return false;
    take_locked(requests);
    const auto waiter = waiters_.find(key);
    if (waiter == waiters_.end()) return true;
    take_out_locked(waiter);
  }
  serve(requests);
  run.drop();
  return true;
}

void Resources::wait_for(RunCore& run, std::uint32_t task, const std::vector<ResourceRequest>& requests) {
  const Key key{run.id(), task};
  {
    const std::lock_guard lock(mutex_);
    const auto [waiter, is_new] = waiters_.try_emplace(key, Waiter{&run, &requests});
    waiter->second.called = false;
    if (is_new) {
      try {
        for (const ResourceRequest& request : requests) {
          fault_point(FaultPoint::resource_queue);
          get(request.name).queue.insert(key);
        }
      } catch (...) {
        take_out_locked(waiter);
        throw;
      }
      run.keep();
    }
  }
  serve(requests);  // units may have come back meanwhile
}

void Resources::give_back(const std::vector<ResourceRequest>& requests) noexcept {
  yield_point("resources: give back");
  {
    const std::lock_guard lock(mutex_);
    for (const ResourceRequest& request : requests) get(request.name).used -= request.amount;
  }
  serve(requests);
}

Resources::Waiters::value_type* Resources::call_head_locked(const Resource& resource) noexcept {
  if (resource.queue.empty()) return nullptr;
  const auto head = waiters_.find(*resource.queue.begin());
  if (head->second.called || !can_have_locked(head->first, head->second)) return nullptr;
  head->second.called = true;
  head->second.run->keep();
  return &*head;
}

void Resources::serve(const std::vector<ResourceRequest>& requests) noexcept {
  for (const ResourceRequest& request : requests) {
    RunCore* run = nullptr;
    std::uint32_t task = 0;
    {
      const std::lock_guard lock(mutex_);
      if (const auto* const head = call_head_locked(get(request.name))) {
        run = head->second.run;
        task = head->first.second;
      }
    }
    if (run != nullptr) deliver(*run, task);
  }
}

Resources::Waiters::node_type Resources::take_out_locked(Waiters::iterator waiter) noexcept {
  for (const ResourceRequest& request : *waiter->second.requests) get(request.name).queue.erase(waiter->first);
  return waiters_.extract(waiter);
}

bool Resources::remove(RunCore& run, std::uint32_t task) noexcept {
  yield_point("resources: remove");
  Waiter removed{};
  {
    const std::lock_guard lock(mutex_);
    const auto waiter = waiters_.find(Key{run.id(), task});
    if (waiter == waiters_.end()) return false;
    removed = take_out_locked(waiter).mapped();
  }
  serve(*removed.requests);
  run.drop();
  return !removed.called;
}

void Resources::remove_called(RunCore& run) noexcept {
  Waiters removed;
  {
    const std::lock_guard lock(mutex_);
    auto waiter = waiters_.lower_bound(Key{run.id(), 0});
    while (waiter != waiters_.end() && waiter->first.first == run.id()) {
      const auto here = waiter++;
      if (here->second.called) removed.insert(take_out_locked(here));
    }
  }
  for (const auto& [key, waiter] : removed) {
    serve(*waiter.requests);
    run.drop();
  }
}

// Without serving in between: the next waiters of this run are about to go too.
void Resources::drop_stopped(RunCore& run) noexcept {
  Waiters removed;
  {
    const std::lock_guard lock(mutex_);
    auto next = waiters_.lower_bound(Key{run.id(), 0});
    while (next != waiters_.end() && next->first.first == run.id()) {
      const auto waiter = next++;
      if (run.stops(waiter->first.second)) removed.insert(take_out_locked(waiter));
    }
  }
  for (const auto& [key, waiter] : removed) {
    serve(*waiter.requests);
    if (!waiter.called) run.deliver({key.second, Message::Kind::drop});
    run.drop();
  }
}

void Resources::deliver(RunCore& run, std::uint32_t task) noexcept {
  yield_point("resources: a waiter is called");
  run.deliver({task, Message::Kind::granted});
  run.drop();
}

}  // namespace baton::detail
