// SPDX-License-Identifier: MIT
#include <baton/executor/future.hpp>

#include "pool.hpp"
#include "spin.hpp"

#include <baton/base/error.hpp>

#include <algorithm>
#include <string>

namespace baton::detail {
namespace {

constexpr Duration park_limit = std::chrono::seconds{1};

std::atomic<std::uint64_t> rescued{0};

void count(bool sound) noexcept {
  if (!sound) rescued.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

std::uint64_t rescued_futures() noexcept { return rescued.load(std::memory_order_relaxed); }

void throw_invalid_future(const char* call) {
  throw UsageError("Future::" + std::string(call) + ": there is no result to wait for, or it was taken");
}

FutureState::~FutureState() = default;

void FutureState::run(const Budget&) noexcept {
  try_carry_out();
  release();
}

// False: another thread does it, or has.
bool FutureState::try_carry_out() noexcept {
  if ((state_.fetch_or(claimed_bit, std::memory_order_acquire) & claimed_bit) != 0) return false;
  carry_out();
  // Releases the result; acquires the announcement of a sleeper, which is looked at by notify(). The caller holds a
  // reference still.
  const std::uint32_t before = state_.fetch_or(ready_bit, std::memory_order_acq_rel);
  if ((before & awaited_bit) != 0) event_of(this).notify();
  return true;
}

bool FutureState::announce_sleep() noexcept {
  return (state_.fetch_or(awaited_bit, std::memory_order_acq_rel) & ready_bit) != 0;
}

void FutureState::wait() noexcept {
  if (ready()) return;
  if (this_worker != nullptr && &this_worker->pool == home_ && try_carry_out()) return;
  for (Spin spin; spin.again();) {
    if (ready()) return;
  }
  const BlockingScope scope;
  while (!ready()) count(sleep_unless(event_of(this), park_limit, [this] { return announce_sleep(); }));
}

bool FutureState::wait_for(Duration limit) noexcept {
  if (ready() || limit <= Duration::zero()) return ready();
  const BlockingScope scope;
  const TimePoint deadline = deadline_after(limit);
  for (;;) {
    const Duration left = deadline - std::chrono::steady_clock::now();
    if (ready() || left <= Duration::zero()) return ready();
    EventCount& event = event_of(this);
    if (left > park_limit) {
      count(sleep_unless(event, park_limit, [this] { return announce_sleep(); }));
    } else {
      const EventCount::Key key = event.announce();
      if (!announce_sleep()) event.wait_until(key, deadline);
      event.retract();
    }
  }
}

void FutureState::release() noexcept {
  // The last reference needs no read-modify-write: nobody is left to take part.
  if (references_.load(std::memory_order_acquire) == 1 || references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete this;
  }
}

}  // namespace baton::detail
