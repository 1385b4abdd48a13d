// SPDX-License-Identifier: MIT
#pragma once

// Sleeping until a condition holds, without a lock around the condition and without losing a wake-up.
//
//   waiter:    key = announce(); look at the condition once more; unless it holds, wait(key, limit); retract().
//   notifier:  make the condition true; notify().
//
// (1) announce() raises waiters_ before it reads epoch_ and before the caller looks at the condition.
// (2) notify() looks at waiters_ after the condition was made true. The two accesses to the condition and the two to
//     waiters_ are sequentially consistent, or the condition is changed and looked at by read-modify-writes of one
//     variable. So either the waiter sees the condition, or the notifier sees the waiter: a waiter that looked too
//     early, and a notifier that saw nobody, cannot both be.
// (3) epoch_ only grows. A notifier that sees a waiter raises it, and wait() does not sleep once it differs from the
//     key: a notice between announce() and wait() is not lost.
// (4) Every wait has a limit.
//
// tests/models/park_notify.pml tries every order of these steps. A change here is a change there.

#include <baton/base/time.hpp>

#include <atomic>
#include <cstdint>

#if defined(__linux__) && !defined(BATON_NO_FUTEX)
#define BATON_FUTEX 1
#else
#define BATON_FUTEX 0
#endif

#include <condition_variable>
#include <mutex>

namespace baton::detail {

#if BATON_FUTEX
/// The kernel compares the epoch with the key.
class FutexGate {
 public:
  void wait(const std::atomic<std::uint32_t>& epoch, std::uint32_t key, TimePoint deadline) noexcept;
  void open(std::atomic<std::uint32_t>& epoch) noexcept;
};
#endif

/// The epoch changes under a mutex.
class MutexGate {
 public:
  void wait(const std::atomic<std::uint32_t>& epoch, std::uint32_t key, TimePoint deadline) noexcept;
  void open(std::atomic<std::uint32_t>& epoch) noexcept;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// See above. Thread-safe; any number of waiters and notifiers. Outlives each call on it.
template <typename Gate>
class BasicEventCount {
 public:
  using Key = std::uint32_t;

  [[nodiscard]] Key announce() noexcept {
    waiters_.fetch_add(1, std::memory_order_seq_cst);  // (2)
    return epoch_.load(std::memory_order_seq_cst);     // not before the line above: (1)
  }

  /// Blocks until a notice came after the `announce` that gave `key`. False: `deadline` has passed without one.
  /// May be called again with the same key.
  bool wait_until(Key key, TimePoint deadline) noexcept {
    if (epoch_.load(std::memory_order_acquire) == key) gate_.wait(epoch_, key, deadline);
    return epoch_.load(std::memory_order_acquire) != key;  // what was written before the notice is visible
  }

  void retract() noexcept { waiters_.fetch_sub(1, std::memory_order_relaxed); }  // late is harmless: a notice too many

  void notify() noexcept {
    if (waiters_.load(std::memory_order_seq_cst) != 0) gate_.open(epoch_);  // (2)
  }

 private:
  std::atomic<Key> epoch_{0};
  std::atomic<std::uint32_t> waiters_{0};
  [[no_unique_address]] Gate gate_;
};

#if BATON_FUTEX
using EventCount = BasicEventCount<FutexGate>;
#else
using EventCount = BasicEventCount<MutexGate>;
#endif

/// The moment `limit` from now; a limit that reaches beyond the end of the clock means its end.
[[nodiscard]] TimePoint deadline_after(Duration limit) noexcept;

/// A notice that comes later than this after a waiter's own limit counts as lost. Long, as a notifier may have to wait
/// for a core on a machine with more to do than it can.
inline constexpr Duration lost_after = std::chrono::seconds{1};

/// Sleeps once on `event`, for `limit` at most, unless `condition()` holds.
///
/// @returns false if a wake-up was lost: the limit was over, the condition held, and yet no notice came.
template <typename Gate, typename Condition>
bool sleep_unless(BasicEventCount<Gate>& event, Duration limit, Condition&& condition) noexcept {
  const auto key = event.announce();
  bool sound = true;
  if (!condition() && !event.wait_until(key, deadline_after(limit))) {
    sound = !condition() || event.wait_until(key, deadline_after(lost_after)) || !condition();
  }
  event.retract();
  return sound;
}

/// The event for those who wait for something at `address`. Several addresses share one, so that a notice may mean
/// nothing; it exists until the process ends, so that a notifier need not keep what it has just completed.
[[nodiscard]] EventCount& event_of(const void* address) noexcept;

}  // namespace baton::detail
