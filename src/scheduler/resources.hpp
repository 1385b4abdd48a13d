// SPDX-License-Identifier: MIT
#pragma once

#include "graph/plan_data.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace baton::detail {

class RunCore;

/// The counted resources of a scheduler and the tasks that wait for them. Thread-safe.
///
/// A task gets all units it asks for at once, or waits. Waiters are served in the order of run, then of id, which is
/// the plan's priority. A waiter gets its units only when it is the first in the queue of each of its resources: the
/// first waiter of all is first everywhere, so somebody can always go on, and a large request is not overtaken by small
/// ones. The first waiter is called when its units are there and then asks again: a task that has just become ready and
/// goes before it may have them instead.
class Resources {
 public:
  void declare(std::string_view name, std::uint64_t units);
  /// What keeps a run of `plan` from ever getting its resources.
  std::vector<std::string> faults(const PlanData& plan) const;

  /// Gives the task its units if it can have them at once.
  bool try_acquire(RunCore& run, std::uint32_t task, const std::vector<ResourceRequest>& requests);
  /// Queues the task; Message::granted is delivered when it may ask again, which may be at once.
  /// @throws std::bad_alloc  there is no memory; it is in no queue then.
  void wait_for(RunCore& run, std::uint32_t task, const std::vector<ResourceRequest>& requests);
  void give_back(const std::vector<ResourceRequest>& requests) noexcept;
  /// @returns whether the task was waiting; then nothing is delivered any more.
  bool remove(RunCore& run, std::uint32_t task) noexcept;
  /// Removes the waiters of `run` that were called and have not asked since, so that those behind them may go on. For
  /// a run that is paused: its tasks will ask anew.
  void remove_called(RunCore& run) noexcept;
  /// Removes the waiters of `run` that are to end early, and delivers Message::Kind::drop of those that were not
  /// called.
  void drop_stopped(RunCore& run) noexcept;

 private:
  using Key = std::pair<std::uint64_t, std::uint32_t>;  // run, task
  struct Resource {
    std::uint64_t units = 0;
    std::uint64_t used = 0;
    std::set<Key> queue{};
    [[nodiscard]] bool has(std::uint64_t amount) const { return used <= units && amount <= units - used; }
  };
  struct Waiter {
    RunCore* run;
    const std::vector<ResourceRequest>* requests;
    bool called = false;  // may have its units now, if it asks before any that comes first
  };
  using Waiters = std::map<Key, Waiter>;

  Resource& get(const std::string& name) { return resources_.find(name)->second; }
  void take_locked(const std::vector<ResourceRequest>& requests) noexcept;
  [[nodiscard]] bool can_have_locked(const Key& key, const Waiter& waiter);
  /// Takes it out of its queues. @returns its node, as what goes on without memory must not need any.
  Waiters::node_type take_out_locked(Waiters::iterator waiter) noexcept;
  /// The head of the queue of `resource`, where its units are there and it has not been called; null otherwise. It is
  /// called then, with an engine reference.
  Waiters::value_type* call_head_locked(const Resource& resource) noexcept;
  /// Calls the heads of the queues of `requests` whose units are there.
  void serve(const std::vector<ResourceRequest>& requests) noexcept;
  static void deliver(RunCore& run, std::uint32_t task) noexcept;

  mutable std::mutex mutex_;
  std::map<std::string, Resource, std::less<>> resources_;
  Waiters waiters_;
};

}  // namespace baton::detail
