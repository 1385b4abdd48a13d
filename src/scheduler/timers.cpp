// SPDX-License-Identifier: MIT
#include "scheduler/timers.hpp"

#include "scheduler/run_core.hpp"

namespace baton::detail {

Timers::~Timers() { clock_.cancel(*this); }

void Timers::set_alarm_locked() {
  if (queue_.empty()) {
    clock_.unset(*this);  // or virtual time would go on to a time that nobody waits for
  } else {
    clock_.set(*this, std::get<TimePoint>(queue_.begin()->first));
  }
}

void Timers::add(RunCore& run, std::uint32_t task, TimePoint when) {
  run.keep();
  const std::lock_guard lock(mutex_);
  const Key key{when, run.id(), task};
  queue_.emplace(key, &run);
  when_.emplace(TaskKey{run.id(), task}, when);
  if (queue_.begin()->first == key) set_alarm_locked();
}

bool Timers::remove(RunCore& run, std::uint32_t task) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = when_.find(TaskKey{run.id(), task});
    if (found == when_.end()) return false;
    queue_.erase(Key{found->second, run.id(), task});
    when_.erase(found);
    set_alarm_locked();
  }
  run.drop();
  return true;
}

std::vector<std::uint32_t> Timers::remove_all(RunCore& run) {
  std::vector<std::uint32_t> tasks;
  {
    const std::lock_guard lock(mutex_);
    const auto begin = when_.lower_bound(TaskKey{run.id(), 0});
    auto end = begin;
    for (; end != when_.end() && end->first.first == run.id(); ++end) {
      queue_.erase(Key{end->second, run.id(), end->first.second});
      tasks.push_back(end->first.second);
    }
    when_.erase(begin, end);
    if (!tasks.empty()) set_alarm_locked();
  }
  for (std::size_t task = 0; task < tasks.size(); ++task) run.drop();
  return tasks;
}

void Timers::ring() noexcept {
  const TimePoint now = clock_.now();
  std::vector<std::pair<RunCore*, std::uint32_t>> due;
  {
    const std::lock_guard lock(mutex_);
    while (!queue_.empty() && std::get<TimePoint>(queue_.begin()->first) <= now) {
      const auto& [key, run] = *queue_.begin();
      due.emplace_back(run, std::get<std::uint32_t>(key));
      when_.erase(TaskKey{std::get<std::uint64_t>(key), std::get<std::uint32_t>(key)});
      queue_.erase(queue_.begin());
    }
    set_alarm_locked();
  }
  for (const auto& [run, task] : due) {
    run->deliver({task, Message::Kind::timer});
    run->drop();
  }
}

}  // namespace baton::detail
