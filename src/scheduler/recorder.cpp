// SPDX-License-Identifier: MIT
#include "scheduler/recorder.hpp"

#include <baton/base/error.hpp>

#include "base/fault_point.hpp"
#include "executor/spin.hpp"

#include <utility>

namespace baton::detail {

// The mark before, the version behind: a reader that finds the same version on both sides of its look has seen no
// change in between. Each store releases and each load acquires, which keeps them in this order.
void Recorder::Entry::note(const Event& event) noexcept {
  version.store(being_changed, std::memory_order_relaxed);
  switch (event.kind) {
    case Event::Kind::task_ready:
      ready.set(event.time);
      break;
    case Event::Kind::task_waiting:
      if (event.reason == WaitReason::timer || event.reason == WaitReason::child) parked.set(event.time);
      break;
    case Event::Kind::task_started:
      started.set(event.time);
      parked.reset();  // an earlier attempt may have been
      attempt.store(event.attempt, std::memory_order_release);
      worker.store(event.worker, std::memory_order_release);
      break;
    case Event::Kind::task_ended:
      ended.set(event.time);
      break;
    case Event::Kind::run_started:
    case Event::Kind::run_ended:
    case Event::Kind::run_paused:
    case Event::Kind::run_resumed:
      break;
  }
  reason.store(event.reason, std::memory_order_release);
  state.store(event.state, std::memory_order_release);
}

std::uint64_t Recorder::Entry::settled_version() const noexcept {
  std::uint64_t now = version.load(std::memory_order_acquire);
  // A few stores take that long, unless their thread has no core.
  for (Spin spin; now == being_changed; now = version.load(std::memory_order_acquire)) {
    if (!spin.again()) std::this_thread::yield();
  }
  return now;
}

TaskTiming Recorder::Entry::look() const noexcept {
  for (;;) {
    const std::uint64_t before = settled_version();
    TaskTiming timing;
    timing.state = state.load(std::memory_order_acquire);
    timing.reason = reason.load(std::memory_order_acquire);
    timing.attempt = attempt.load(std::memory_order_acquire);
    timing.worker = worker.load(std::memory_order_acquire);
    timing.ready = ready.get();
    timing.started = started.get();
    timing.parked = parked.get();
    timing.ended = ended.get();
    if (version.load(std::memory_order_relaxed) == before) return timing;
  }
}

void Recorder::on_event(const Event& event) {
  if (!is_of_task(event.kind)) return note_run(event);
  // Before the state: who sees the failure finds its message.
  std::exception_ptr why;
  try {
    if (event.kind == Event::Kind::task_ended && event.error != nullptr && *event.error) note_error(event);
  } catch (...) {
    why = std::current_exception();
  }
  Entry& entry = tasks_[index_of(event.task)];
  entry.note(event);
  entry.version.store(version_.fetch_add(1, std::memory_order_acq_rel) + 1, std::memory_order_release);
  if (why) std::rethrow_exception(why);  // is counted, as what any observer throws
}

void Recorder::note_error(const Event& event) {
  fault_point(FaultPoint::recorded_error);
  std::string message = describe(*event.error);
  const std::lock_guard lock(mutex_);
  failures_.push_back({{event.task, std::move(message)}, 0});
  failures_.back().version = version_.fetch_add(1, std::memory_order_acq_rel) + 1;
}

void Recorder::note_run(const Event& event) noexcept {
  if (event.kind == Event::Kind::run_started) {
    started_.set(event.time);
  } else if (event.kind == Event::Kind::run_ended) {
    ended_.set(event.time);
    paused_.store(false, std::memory_order_release);
    state_.store(event.run_state, std::memory_order_release);
  } else {
    paused_.store(event.kind == Event::Kind::run_paused, std::memory_order_release);
  }
  version_.fetch_add(1, std::memory_order_acq_rel);
}

template <typename Result>
void Recorder::look_at_run(Result& result) const noexcept {
  result.version = version_.load(std::memory_order_acquire);
  result.state = state_.load(std::memory_order_acquire);
  result.paused = paused_.load(std::memory_order_acquire);
  result.started = started_.get();
  result.ended = ended_.get();
}

Snapshot Recorder::look(std::uint64_t run) const {
  Snapshot snapshot;
  snapshot.run = run;
  snapshot.plan = plan_;
  look_at_run(snapshot);
  snapshot.tasks.reserve(tasks_.size());
  for (const Entry& task : tasks_) snapshot.tasks.push_back(task.look());
  const std::lock_guard lock(mutex_);
  snapshot.errors.reserve(failures_.size());
  for (const Failure& failure : failures_) {
    if (failure.version <= snapshot.version) snapshot.errors.push_back(failure.error);
  }
  return snapshot;
}

SnapshotChanges Recorder::changes(std::uint64_t since) const {
  SnapshotChanges changes;
  look_at_run(changes);
  if (since > changes.version) {
    throw UsageError("the changes since version " + std::to_string(since) + " were asked of a run at version " +
                     std::to_string(changes.version) + "; give a version that a snapshot of this run had");
  }
  changes.since = since;
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    if (tasks_[task].settled_version() > since)
      changes.tasks.emplace_back(TaskId{static_cast<std::uint32_t>(task)}, tasks_[task].look());
  }
  const std::lock_guard lock(mutex_);
  for (const Failure& failure : failures_) {
    if (failure.version > since && failure.version <= changes.version) changes.errors.push_back(failure.error);
  }
  return changes;
}

}  // namespace baton::detail
