// SPDX-License-Identifier: MIT
#include <baton/testing/virtual_clock.hpp>

#include "scheduler/alarm_queue.hpp"

#include <atomic>

namespace baton {

struct VirtualClock::State {
  detail::AlarmQueue alarms;
  std::atomic<Duration::rep> now{0};  // written under alarms.mutex
  // Guarded by alarms.mutex.
  std::uint64_t holds = 0;
  bool ringing = false;  // some thread is in advance_locked

  // The decision is under one lock, by whoever ends the last thing that is going on.
  void advance_locked(std::unique_lock<std::mutex>& lock) noexcept {
    if (ringing) return;  // that thread looks again
    ringing = true;
    while (holds == 0 && !alarms.empty_locked()) {
      now.store(std::max(now.load(std::memory_order_relaxed), alarms.first_locked().time_since_epoch().count()),
                std::memory_order_release);
      alarms.ring_first(lock);
    }
    ringing = false;
  }
};

VirtualClock::VirtualClock() : state_(std::make_unique<State>()) {}
VirtualClock::~VirtualClock() = default;

TimePoint VirtualClock::now() const noexcept {
  return TimePoint(Duration(state_->now.load(std::memory_order_acquire)));
}

void VirtualClock::set(Alarm& alarm, TimePoint when) {
  const std::lock_guard lock(state_->alarms.mutex);
  state_->alarms.set_locked(alarm, when);
}

void VirtualClock::unset(Alarm& alarm) noexcept { state_->alarms.unset(alarm); }

void VirtualClock::cancel(Alarm& alarm) noexcept { state_->alarms.cancel(alarm); }

void VirtualClock::hold() noexcept {
  const std::lock_guard lock(state_->alarms.mutex);
  ++state_->holds;
}

void VirtualClock::release() noexcept {
  detail::yield_point("virtual clock: release");
  std::unique_lock lock(state_->alarms.mutex);
  if (--state_->holds == 0) state_->advance_locked(lock);
}

}  // namespace baton
