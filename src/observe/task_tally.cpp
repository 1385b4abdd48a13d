// SPDX-License-Identifier: MIT
#include "observe/task_tally.hpp"

#include <chrono>
#include <utility>

namespace baton::detail {

void TaskTally::clear() {
  for (Seat& seat : seats_) {
    const std::lock_guard lock(seat.mutex);
    seat.taken = false;
    seat.count = {};
  }
  for (Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    part.tasks.clear();
  }
}

void TaskTally::add_run(std::uint64_t run, const Plan& plan) {
  auto added = std::make_shared<TalliedRun>(plan);
  const std::lock_guard lock(runs_mutex_);
  runs_.insert_or_assign(run, std::move(added));
}

bool TaskTally::remove_run(std::uint64_t run) {
  Runs::node_type gone;  // destroyed after the lock
  const std::lock_guard lock(runs_mutex_);
  gone = runs_.extract(run);
  removals_.fetch_add(1, std::memory_order_release);
  return !gone.empty();
}

void TaskTally::start(const Event& event) {
  Seat& seat = seats_[event.worker % seats_.size()];
  const std::lock_guard lock(seat.mutex);
  if (seat.taken) {
    const Key moved{seat.task.run, seat.task.task};
    Part& part = part_of(moved);
    const std::lock_guard table_lock(part.mutex);
    part.tasks.insert_or_assign(moved, seat.task.started);
  }
  seat.task = {event.run, event.task, event.time};
  seat.taken = true;
}

void TaskTally::end(const Event& event) {
  const Key key{event.run, event.task};
  Seat& seat = seats_[event.worker % seats_.size()];
  std::optional<TimePoint> started;
  std::unique_lock lock(seat.mutex);
  if (event.attempt > 0 && !(started = take_locked(seat, key))) {
    lock.unlock();
    started = take_from_elsewhere(key);
    lock.lock();
  }
  count_locked(seat, event, started);
}

void TaskTally::put_aside(const Event& event) {
  const Key key{event.run, event.task};
  Seat& seat = seats_[event.worker % seats_.size()];
  {
    const std::lock_guard lock(seat.mutex);
    if (take_locked(seat, key)) return;
  }
  static_cast<void>(take_from_elsewhere(key));
}

void TaskTally::count_locked(Seat& seat, const Event& event, std::optional<TimePoint> started) {
  TaskCount& count = seat.count;
  ++count.ended;
  if (event.attempt > 0) ++count.called;
  if (event.state == TaskState::failed) ++count.failed;
  TalliedRun* const run = find_run(seat, event.run);
  if (run == nullptr || !run->work.known()) return;
  run->work.note_end(event.task);
  const double expected = run->work.of(event.task);
  if (event.attempt == 0) count.omitted += expected;
  if (event.attempt > 0) count.worked += expected;
  if (started && expected > 0) count.busy += std::chrono::duration<double>(event.time - *started).count();
}

TalliedRun* TaskTally::find_run(Seat& seat, std::uint64_t run) {
  const std::uint64_t removals = removals_.load(std::memory_order_acquire);
  if (seat.last_run == run && seat.known_run != nullptr && seat.removals == removals) return seat.known_run;
  const std::lock_guard lock(runs_mutex_);
  const auto found = runs_.find(run);
  seat.last_run = run;
  seat.removals = removals;
  seat.known_run = found == runs_.end() ? nullptr : found->second.get();
  return seat.known_run;
}

std::optional<TimePoint> TaskTally::take_locked(Seat& seat, const Key& key) {
  if (!seat.taken || seat.task.run != key.run || seat.task.task != key.task) return std::nullopt;
  seat.taken = false;
  return seat.task.started;
}

std::optional<TimePoint> TaskTally::take_from_elsewhere(const Key& key) {
  if (const auto started = take_from_table(key)) return started;
  for (Seat& seat : seats_) {
    const std::lock_guard lock(seat.mutex);
    if (const auto started = take_locked(seat, key)) return started;
  }
  return take_from_table(key);
}

std::optional<TimePoint> TaskTally::take_from_table(const Key& key) {
  Part& part = part_of(key);
  const std::lock_guard lock(part.mutex);
  const auto found = part.tasks.extract(key);
  return found.empty() ? std::nullopt : std::optional(found.mapped());
}

TaskCount TaskTally::count() const {
  TaskCount sum;
  for (const Seat& seat : seats_) {
    const std::lock_guard lock(seat.mutex);
    sum.ended += seat.count.ended;
    sum.called += seat.count.called;
    sum.failed += seat.count.failed;
    sum.worked += seat.count.worked;
    sum.busy += seat.count.busy;
    sum.omitted += seat.count.omitted;
  }
  return sum;
}

void TaskTally::for_each_running(const std::function<void(const RunningTask&)>& each) const {
  for (const Seat& seat : seats_) {
    const std::lock_guard lock(seat.mutex);
    if (seat.taken) each(seat.task);
  }
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    for (const auto& [key, started] : part.tasks) each({key.run, key.task, started});
  }
}

}  // namespace baton::detail
