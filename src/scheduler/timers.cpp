// SPDX-License-Identifier: MIT
#include "scheduler/timers.hpp"

#include "scheduler/attempt.hpp"

namespace baton::detail {

Timers::~Timers() { clock_.cancel(*this); }

void Timers::set_alarm_locked() {
  if (queue_.empty()) {
    clock_.unset(*this);  // or virtual time would go on to a time that nobody waits for
  } else {
    clock_.set(*this, queue_.begin()->first.when);
  }
}

void Timers::add(RunCore& run, std::uint32_t task, TimePoint when, TimerKind kind) {
  run.keep();
  const std::lock_guard lock(mutex_);
  const Key key{when, run.id(), task, kind};
  queue_.emplace(key, &run);
  when_.emplace(TaskKey{run.id(), kind, task}, when);
  if (queue_.begin()->first == key) set_alarm_locked();
}

bool Timers::remove(RunCore& run, std::uint32_t task, TimerKind kind) {
  yield_point("timers: remove");
  {
    const std::lock_guard lock(mutex_);
    const auto found = when_.find(TaskKey{run.id(), kind, task});
    if (found == when_.end()) return false;
    queue_.erase(Key{found->second, run.id(), task, kind});
    when_.erase(found);
    set_alarm_locked();
  }
  run.drop();
  return true;
}

std::vector<std::uint32_t> Timers::remove_stopped(RunCore& run) {
  std::vector<std::uint32_t> tasks;
  {
    const std::lock_guard lock(mutex_);
    const auto begin = when_.lower_bound(TaskKey{run.id(), TimerKind::park, 0});
    const auto end = when_.lower_bound(TaskKey{run.id(), TimerKind::timeout, 0});
    for (auto next = begin; next != end;) {
      const auto each = next++;
      const std::uint32_t task = std::get<std::uint32_t>(each->first);
      if (!run.stops(task)) continue;
      queue_.erase(Key{each->second, run.id(), task, TimerKind::park});
      when_.erase(each);
      tasks.push_back(task);
    }
    if (!tasks.empty()) set_alarm_locked();
  }
  for (std::size_t task = 0; task < tasks.size(); ++task) run.drop();
  return tasks;
}

namespace {

Message::Kind message_of(TimerKind kind) noexcept {
  switch (kind) {
    case TimerKind::timeout:
      return Message::Kind::timeout;
    case TimerKind::deadline:
      return Message::Kind::deadline;
    case TimerKind::park:
    case TimerKind::run:
      break;
  }
  return Message::Kind::timer;
}

}  // namespace

void Timers::ring() noexcept {
  const TimePoint now = clock_.now();
  yield_point("timers: ring");
  struct Due {
    RunCore* run;
    std::uint32_t task;
    TimerKind kind;
  };
  std::vector<Due> due;
  {
    const std::lock_guard lock(mutex_);
    while (!queue_.empty() && queue_.begin()->first.when <= now) {
      const auto& [key, run] = *queue_.begin();
      due.push_back({run, key.task, key.kind});
      when_.erase(TaskKey{key.run, key.kind, key.task});
      queue_.erase(queue_.begin());
    }
    set_alarm_locked();
  }
  for (const auto& [run, task, kind] : due) {
    yield_point("timers: one is due");
    if (kind == TimerKind::run) {
      run->end_at_deadline();
    } else {
      if (kind != TimerKind::park) {
        stop_late_body(*run, task, kind);
        stop_late_rest(*run, task, kind);
      }
      run->deliver({task, message_of(kind)});
    }
    run->drop();
  }
}

}  // namespace baton::detail
