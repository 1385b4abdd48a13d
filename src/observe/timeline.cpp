// SPDX-License-Identifier: MIT
#include <baton/observe/timeline.hpp>

#include <baton/base/error.hpp>

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace baton {
namespace {

/// A moment that may not have come. Written by one event, read at any time.
class Moment {
 public:
  void set(TimePoint time) noexcept { value_.store(time.time_since_epoch().count(), std::memory_order_relaxed); }
  [[nodiscard]] std::optional<TimePoint> get() const noexcept {
    const Duration::rep value = value_.load(std::memory_order_relaxed);
    if (value == never) return std::nullopt;
    return TimePoint{Duration{value}};
  }

 private:
  static constexpr Duration::rep never = std::numeric_limits<Duration::rep>::min();
  std::atomic<Duration::rep> value_{never};
};

// The events of one task come one after the other, so nothing here needs a lock. `state` is written last, with release,
// and read first, with acquire: who sees a state sees the moments that led to it.
struct TaskEntry {
  Moment ready, started, parked, ended;
  std::atomic<std::uint32_t> attempt{0};
  std::atomic<std::uint32_t> worker{0};
  std::atomic<TaskState> state{TaskState::pending};

  void note(const Event& event) noexcept {
    switch (event.kind) {
      case Event::Kind::task_ready:
        ready.set(event.time);
        break;
      case Event::Kind::task_waiting:
        if (event.reason == WaitReason::timer || event.reason == WaitReason::child) parked.set(event.time);
        break;
      case Event::Kind::task_started:
        started.set(event.time);
        attempt.store(event.attempt, std::memory_order_relaxed);
        worker.store(event.worker, std::memory_order_relaxed);
        break;
      case Event::Kind::task_ended:
        ended.set(event.time);
        break;
      case Event::Kind::run_started:
      case Event::Kind::run_ended:
        return;
    }
    state.store(event.state, std::memory_order_release);
  }

  [[nodiscard]] TaskTiming look() const noexcept {
    TaskTiming timing;
    timing.state = state.load(std::memory_order_acquire);
    timing.attempt = attempt.load(std::memory_order_relaxed);
    timing.worker = worker.load(std::memory_order_relaxed);
    timing.ready = ready.get();
    timing.started = started.get();
    timing.parked = parked.get();
    timing.ended = ended.get();
    return timing;
  }
};

struct RunEntry {
  explicit RunEntry(const Plan& its_plan) : plan(its_plan), tasks(its_plan.size()) {}

  const Plan plan;
  std::vector<TaskEntry> tasks;
  Moment started, ended;
  std::atomic<RunState> state{RunState::running};
  mutable std::mutex mutex;
  std::vector<TaskError> errors;  // guarded by mutex

  void note(const Event& event) {
    if (event.kind == Event::Kind::run_started) {
      started.set(event.time);
    } else if (event.kind == Event::Kind::run_ended) {
      ended.set(event.time);
      state.store(event.run_state, std::memory_order_release);
    } else {
      // Before the state: who sees the failure finds its message.
      if (event.error != nullptr && *event.error) {
        std::string message = describe(*event.error);
        const std::lock_guard lock(mutex);
        errors.push_back({event.task, std::move(message)});
      }
      tasks[index_of(event.task)].note(event);
    }
  }

  [[nodiscard]] RunRecord look(std::uint64_t run) const {
    RunRecord record;
    record.run = run;
    record.plan = plan;
    record.state = state.load(std::memory_order_acquire);
    record.started = started.get();
    record.ended = ended.get();
    record.tasks.reserve(tasks.size());
    for (const TaskEntry& task : tasks) record.tasks.push_back(task.look());
    const std::lock_guard lock(mutex);
    record.errors = errors;
    return record;
  }
};

std::optional<Duration> between(std::optional<TimePoint> from, std::optional<TimePoint> to) noexcept {
  if (!from || !to) return std::nullopt;
  return *to - *from;
}

}  // namespace

std::optional<Duration> TaskTiming::duration() const noexcept { return between(started, ended); }
std::optional<Duration> RunRecord::duration() const noexcept { return between(started, ended); }

std::size_t RunRecord::count(TaskState wanted) const noexcept {
  const auto has_state = [wanted](const TaskTiming& task) { return task.state == wanted; };
  return static_cast<std::size_t>(std::count_if(tasks.begin(), tasks.end(), has_state));
}

struct Timeline::State {
  mutable std::shared_mutex mutex;  // of the map; entries look after themselves
  std::map<std::uint64_t, RunEntry> runs;

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
  const auto note = [&](RunEntry& entry) { entry.note(event); };
  while (!state_->with_run(event.run, note)) {
    const std::lock_guard lock(state_->mutex);
    state_->runs.try_emplace(event.run, *event.plan);
  }
}

std::optional<RunRecord> Timeline::find_run(std::uint64_t run) const {
  std::optional<RunRecord> record;
  state_->with_run(run, [&](const RunEntry& entry) { record = entry.look(run); });
  return record;
}

std::optional<TaskTiming> Timeline::find_task(std::uint64_t run, TaskId task) const {
  std::optional<TaskTiming> timing;
  state_->with_run(run, [&](const RunEntry& entry) {
    if (index_of(task) < entry.tasks.size()) timing = entry.tasks[index_of(task)].look();
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
