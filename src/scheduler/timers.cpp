// SPDX-License-Identifier: MIT
#include "scheduler/timers.hpp"

#include "base/fault_point.hpp"
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
  const std::lock_guard lock(mutex_);
  const Key key{when, run.id(), task, kind};
  const TaskKey of_task{run.id(), kind, task};
  const auto time = when_.emplace(of_task, when).first;
  auto entry = queue_.end();
  try {
    fault_point(FaultPoint::timer);
    entry = queue_.emplace(key, &run).first;
    if (entry == queue_.begin()) set_alarm_locked();
  } catch (...) {
    if (entry != queue_.end()) queue_.erase(entry);
    when_.erase(time);
    set_alarm_again_locked();
    throw;
  }
  run.keep();
}

/// Where the alarm cannot be moved it stays as it is: it rings too early, and nothing is due.
void Timers::set_alarm_again_locked() noexcept {
  try {
    set_alarm_locked();
  } catch (...) {
  }
}

bool Timers::remove(RunCore& run, std::uint32_t task, TimerKind kind) noexcept {
  yield_point("timers: remove");
  {
    const std::lock_guard lock(mutex_);
    const auto found = when_.find(TaskKey{run.id(), kind, task});
    if (found == when_.end()) return false;
    queue_.erase(Key{found->second, run.id(), task, kind});
    when_.erase(found);
    set_alarm_again_locked();
  }
  run.drop();
  return true;
}

// What is removed or due is kept in the nodes that it had: this must go on where there is no memory.
void Timers::drop_stopped(RunCore& run) noexcept {
  TaskTimes stopped;
  {
    const std::lock_guard lock(mutex_);
    const auto begin = when_.lower_bound(TaskKey{run.id(), TimerKind::park, 0});
    const auto end = when_.lower_bound(TaskKey{run.id(), TimerKind::timeout, 0});
    for (auto next = begin; next != end;) {
      const auto each = next++;
      const std::uint32_t task = std::get<std::uint32_t>(each->first);
      if (!run.stops(task)) continue;
      queue_.erase(Key{each->second, run.id(), task, TimerKind::park});
      stopped.insert(when_.extract(each));
    }
    if (!stopped.empty()) set_alarm_again_locked();
  }
  for (const auto& [key, when] : stopped) {
    run.deliver({std::get<std::uint32_t>(key), Message::Kind::drop});
    run.drop();
  }
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
  Queue due;
  {
    const std::lock_guard lock(mutex_);
    while (!queue_.empty() && queue_.begin()->first.when <= now) {
      const Key& key = queue_.begin()->first;
      when_.erase(TaskKey{key.run, key.kind, key.task});
      due.insert(queue_.extract(queue_.begin()));
    }
    set_alarm_locked();
  }
  for (const auto& [key, run] : due) {
    const auto [when, id, task, kind] = key;
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
