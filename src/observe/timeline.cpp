// SPDX-License-Identifier: MIT
#include <baton/observe/timeline.hpp>

#include "scheduler/recorder.hpp"

#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace baton {

struct Timeline::State {
  mutable std::shared_mutex mutex;  // of the map; entries look after themselves
  std::map<std::uint64_t, detail::Recorder> runs;

  /// Calls `use(entry)` while the entry cannot go. False where there is none.
  template <typename Use>
  bool with_run(std::uint64_t run, Use use) {
    const std::shared_lock lock(mutex);
    const auto found = runs.find(run);
    if (found == runs.end()) return false;
    use(found->second);
    return true;
  }
};

Timeline::Timeline() : state_(std::make_unique<State>()) {}
Timeline::~Timeline() = default;

void Timeline::on_event(const Event& event) {
  const auto note = [&](detail::Recorder& entry) { entry.on_event(event); };
  while (!state_->with_run(event.run, note)) {
    const std::lock_guard lock(state_->mutex);
    state_->runs.try_emplace(event.run, *event.plan);
  }
}

std::optional<Snapshot> Timeline::find_run(std::uint64_t run) const {
  std::optional<Snapshot> record;
  state_->with_run(run, [&](const detail::Recorder& entry) { record = entry.look(run); });
  return record;
}

std::optional<TaskTiming> Timeline::find_task(std::uint64_t run, TaskId task) const {
  std::optional<TaskTiming> timing;
  state_->with_run(run, [&](const detail::Recorder& entry) {
    if (index_of(task) < entry.plan().size()) timing = entry.look_at(task);
  });
  return timing;
}

std::vector<std::uint64_t> Timeline::runs() const {
  std::vector<std::uint64_t> numbers;
  const std::shared_lock lock(state_->mutex);
  for (const auto& [number, entry] : state_->runs) numbers.push_back(number);
  return numbers;
}

void Timeline::forget(std::uint64_t run) {
  const std::lock_guard lock(state_->mutex);
  state_->runs.erase(run);
}

}  // namespace baton
