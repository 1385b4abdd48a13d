// SPDX-License-Identifier: MIT
#pragma once

#include <baton/scheduler/clock.hpp>

#include "executor/lockstep.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <thread>

namespace baton::detail {

/// What all clocks share: the alarms that are set, in order of time, and the rule that cancel waits for a ringing
/// alarm.
class AlarmQueue {
 public:
  /// Takes no memory for an alarm that is set or is ringing, so that who has one can always move it.
  void set_locked(Alarm& alarm, TimePoint when) {
    Queue::node_type node = take_locked(alarm);
    if (!node && ringing_ == &alarm) node = std::move(rung_);
    if (!node) {
      queue_.emplace(when, &alarm);  // behind others of that time
    } else {
      node.key() = when;
      queue_.insert(std::move(node));  // the same
    }
  }

  void unset(Alarm& alarm) noexcept {
    const std::lock_guard lock(mutex);
    take_locked(alarm);
  }

  void cancel(Alarm& alarm) noexcept {
    std::unique_lock lock(mutex);
    take_locked(alarm);
    changed.wait(lock, "clock: an alarm rings",
                 [&] { return ringing_ != &alarm || ringer_ == std::this_thread::get_id(); });
  }

  [[nodiscard]] bool empty_locked() const noexcept { return queue_.empty(); }
  [[nodiscard]] TimePoint first_locked() const noexcept { return queue_.begin()->first; }

  /// Takes the first alarm and rings it, with `lock` released meanwhile. One thread at a time.
  void ring_first(std::unique_lock<std::mutex>& lock) noexcept {
    ringing_ = queue_.begin()->second;
    ringer_ = std::this_thread::get_id();
    rung_ = queue_.extract(queue_.begin());
    lock.unlock();
    ringing_->ring();
    lock.lock();
    ringing_ = nullptr;
    rung_ = {};
    changed.notify_all();
  }

  mutable std::mutex mutex;
  EngineCondition changed;

 private:
  using Queue = std::multimap<TimePoint, Alarm*>;
  Queue::node_type take_locked(Alarm& alarm) noexcept {
    const auto found =
        std::find_if(queue_.begin(), queue_.end(), [&](const auto& entry) { return entry.second == &alarm; });
    return found != queue_.end() ? queue_.extract(found) : Queue::node_type{};
  }

  // Guarded by mutex.
  Queue queue_;
  Queue::node_type rung_;  // of the one that is ringing
  Alarm* ringing_ = nullptr;
  std::thread::id ringer_;
};

}  // namespace baton::detail
