// SPDX-License-Identifier: MIT
#include <baton/scheduler/clock.hpp>

#include "base/fault_point.hpp"
#include "scheduler/alarm_queue.hpp"

namespace baton {
namespace {

TimePoint steady_now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

}  // namespace

Clock::~Clock() = default;
void Clock::hold() noexcept {}
void Clock::release() noexcept {}

// ---- SteadyClock ----

struct SteadyClock::State {
  detail::AlarmQueue alarms;
  bool stopping = false;  // guarded by alarms.mutex
  std::thread thread;     // started under alarms.mutex, joined by the destructor

  void serve() {
    std::unique_lock lock(alarms.mutex);
    while (!stopping) {
      if (alarms.empty_locked()) {
        alarms.changed.wait(lock, "clock: no alarms", [this] { return stopping || !alarms.empty_locked(); });
      } else if (const TimePoint first = alarms.first_locked(); first > steady_now()) {
        alarms.changed.wait_until(lock, "clock: an alarm", first, [this, first] {
          return stopping || alarms.empty_locked() || alarms.first_locked() != first;
        });
      } else {
        alarms.ring_first(lock);
      }
    }
  }
};

SteadyClock::SteadyClock() : state_(std::make_unique<State>()) {}

SteadyClock::~SteadyClock() {
  {
    const std::lock_guard lock(state_->alarms.mutex);
    state_->stopping = true;
    state_->alarms.changed.notify_all();
  }
  if (state_->thread.joinable()) state_->thread.join();
}

TimePoint SteadyClock::now() const noexcept { return steady_now(); }

void SteadyClock::set(Alarm& alarm, TimePoint when) {
  const std::lock_guard lock(state_->alarms.mutex);
  if (!state_->thread.joinable()) {
    detail::fault_point(detail::FaultPoint::clock_thread);
    state_->thread = std::thread([state = state_.get()] { state->serve(); });
  }
  state_->alarms.set_locked(alarm, when);
  state_->alarms.changed.notify_all();
}

void SteadyClock::unset(Alarm& alarm) noexcept { state_->alarms.unset(alarm); }

void SteadyClock::cancel(Alarm& alarm) noexcept { state_->alarms.cancel(alarm); }

// ---- PolledClock ----

struct PolledClock::State {
  detail::AlarmQueue alarms;
};

PolledClock::PolledClock() : state_(std::make_unique<State>()) {}
PolledClock::~PolledClock() = default;
TimePoint PolledClock::now() const noexcept { return steady_now(); }

void PolledClock::set(Alarm& alarm, TimePoint when) {
  const std::lock_guard lock(state_->alarms.mutex);
  state_->alarms.set_locked(alarm, when);
}

void PolledClock::unset(Alarm& alarm) noexcept { state_->alarms.unset(alarm); }

void PolledClock::cancel(Alarm& alarm) noexcept { state_->alarms.cancel(alarm); }

std::size_t PolledClock::poll() {
  const TimePoint now = steady_now();  // once, so that alarms which ringing sets anew wait for the next poll
  std::size_t rung = 0;
  std::unique_lock lock(state_->alarms.mutex);
  while (!state_->alarms.empty_locked() && state_->alarms.first_locked() <= now) {
    state_->alarms.ring_first(lock);
    ++rung;
  }
  return rung;
}

std::optional<TimePoint> PolledClock::next_deadline() const {
  const std::lock_guard lock(state_->alarms.mutex);
  if (state_->alarms.empty_locked()) return std::nullopt;
  return state_->alarms.first_locked();
}

}  // namespace baton
