// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/scheduler/observer.hpp>
#include <baton/scheduler/snapshot.hpp>

#include <atomic>
#include <cstdint>
#include <limits>
#include <mutex>
#include <vector>

namespace baton::detail {

/// A moment that may not have come. Written by one event, read at any time.
class Moment {
 public:
  void set(TimePoint time) noexcept { value_.store(time.time_since_epoch().count(), std::memory_order_release); }
  void reset() noexcept { value_.store(never, std::memory_order_release); }
  [[nodiscard]] std::optional<TimePoint> get() const noexcept {
    const Duration::rep value = value_.load(std::memory_order_acquire);
    if (value == never) return std::nullopt;
    return TimePoint{Duration{value}};
  }

 private:
  static constexpr Duration::rep never = std::numeric_limits<Duration::rep>::min();
  std::atomic<Duration::rep> value_{never};
};

/// Keeps what the tasks of one run did when. Some 60 bytes a task. Thread-safe; looking at it stops nobody.
///
/// Each event counts the version up by one and leaves it at its task. A look reads the version first, and then the
/// tasks; a task that an event is just changing is waited for. So what a look at version v has not seen has a version
/// above v.
class BATON_API Recorder final : public Observer {
 public:
  explicit Recorder(const Plan& plan) : plan_(plan), tasks_(plan.size()) {}

  void on_event(const Event& event) override;

  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  [[nodiscard]] Snapshot look(std::uint64_t run) const;
  [[nodiscard]] SnapshotChanges changes(std::uint64_t since) const;
  [[nodiscard]] TaskTiming look_at(TaskId task) const noexcept { return tasks_[index_of(task)].look(); }

 private:
  // The events of one task come one after the other.
  struct Entry {
    static constexpr std::uint64_t being_changed = UINT64_MAX;

    Moment ready, started, parked, ended;
    std::atomic<std::uint32_t> attempt{0};
    std::atomic<std::uint32_t> worker{0};
    std::atomic<TaskState> state{TaskState::pending};
    std::atomic<WaitReason> reason{WaitReason::none};
    std::atomic<std::uint64_t> version{0};

    void note(const Event& event) noexcept;
    [[nodiscard]] TaskTiming look() const noexcept;
    /// The version of what `look` returns now or later.
    [[nodiscard]] std::uint64_t settled_version() const noexcept;
  };

  void note_run(const Event& event) noexcept;
  void note_error(const Event& event);
  template <typename Result>
  void look_at_run(Result& result) const noexcept;

  const Plan plan_;
  std::vector<Entry> tasks_;
  Moment started_, ended_;
  std::atomic<RunState> state_{RunState::running};
  std::atomic<bool> paused_{false};
  alignas(64) std::atomic<std::uint64_t> version_{0};
  struct Failure {
    TaskError error;
    std::uint64_t version;
  };
  mutable std::mutex mutex_;
  std::vector<Failure> failures_;  // guarded by mutex_
};

}  // namespace baton::detail
