// SPDX-License-Identifier: MIT
#include <baton/scheduler/snapshot.hpp>

#include <baton/base/error.hpp>

#include <algorithm>
#include <string>

namespace baton {
namespace {

std::optional<Duration> between(std::optional<TimePoint> from, std::optional<TimePoint> to) noexcept {
  if (!from || !to) return std::nullopt;
  return *to - *from;
}

/// How long a task took, or has to be reckoned with.
Duration reckon(const Snapshot& snapshot, TaskId id) {
  const TaskTiming& task = snapshot.tasks[index_of(id)];
  if (task.ended) return std::max(task.duration().value_or(Duration::zero()), Duration::zero());
  const Duration expected = snapshot.plan.expected_duration(id).value_or(Duration::zero());
  return std::max({expected, between(task.started, snapshot.taken).value_or(Duration::zero()), Duration::zero()});
}

}  // namespace

std::optional<Duration> TaskTiming::duration() const noexcept { return between(started, ended); }
std::optional<Duration> TaskTiming::wait() const noexcept { return between(ready, started); }
std::optional<Duration> Snapshot::duration() const noexcept { return between(started, ended); }

std::size_t Snapshot::count(TaskState wanted) const noexcept {
  const auto has_state = [wanted](const TaskTiming& task) { return task.state == wanted; };
  return static_cast<std::size_t>(std::count_if(tasks.begin(), tasks.end(), has_state));
}

void Snapshot::apply(const SnapshotChanges& changes) {
  if (changes.since != version) {
    throw UsageError("these changes continue version " + std::to_string(changes.since) + ", not this snapshot's " +
                     std::to_string(version));
  }
  errors.insert(errors.end(), changes.errors.begin(), changes.errors.end());
  for (const auto& [task, timing] : changes.tasks) tasks[index_of(task)] = timing;
  version = changes.version;
  state = changes.state;
  paused = changes.paused;
  taken = changes.taken;
  started = changes.started;
  ended = changes.ended;
}

CriticalPath critical_path(const Snapshot& snapshot) {
  std::vector<Duration> durations;
  durations.reserve(snapshot.tasks.size());
  for (std::size_t task = 0; task < snapshot.tasks.size(); ++task) {
    durations.push_back(reckon(snapshot, TaskId{static_cast<std::uint32_t>(task)}));
  }
  return critical_path(snapshot.plan, durations);
}

}  // namespace baton
