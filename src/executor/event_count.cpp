// SPDX-License-Identifier: MIT
#include "event_count.hpp"

#include <cstddef>
#include <new>

#if BATON_FUTEX
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>
#endif

namespace baton::detail {

#if BATON_FUTEX

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

void FutexGate::wait(const std::atomic<std::uint32_t>& epoch, std::uint32_t key, TimePoint deadline) noexcept {
  const auto since_epoch = deadline.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
  timespec until{};
  until.tv_sec = static_cast<decltype(until.tv_sec)>(seconds.count());
  until.tv_nsec = static_cast<decltype(until.tv_nsec)>((since_epoch - seconds).count());
  while (epoch.load(std::memory_order_acquire) == key) {
    // steady_clock is CLOCK_MONOTONIC, which this form of the call measures an absolute time by.
    const long result =
        syscall(SYS_futex, &epoch, FUTEX_WAIT_BITSET_PRIVATE, key, &until, nullptr, FUTEX_BITSET_MATCH_ANY);
    if (result != 0 && errno != EINTR && errno != EAGAIN) return;  // the time is over
  }
}

void FutexGate::open(std::atomic<std::uint32_t>& epoch) noexcept {
  epoch.fetch_add(1, std::memory_order_seq_cst);
  syscall(SYS_futex, &epoch, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

#endif

void MutexGate::wait(const std::atomic<std::uint32_t>& epoch, std::uint32_t key, TimePoint deadline) noexcept {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return epoch.load(std::memory_order_acquire) != key; });
}

void MutexGate::open(std::atomic<std::uint32_t>& epoch) noexcept {
  const std::lock_guard lock(mutex_);  // a waiter is before its look at the epoch, or asleep: never between
  epoch.fetch_add(1, std::memory_order_seq_cst);
  changed_.notify_all();
}

TimePoint deadline_after(Duration limit) noexcept {
  const TimePoint now = std::chrono::steady_clock::now();
  return limit > TimePoint::max() - now ? TimePoint::max() : now + limit;
}

EventCount& event_of(const void* address) noexcept {
  struct alignas(64) Slot {
    EventCount event;
  };
  constexpr std::size_t slots = 64;
  struct Table {
    alignas(Slot) std::byte memory[slots][sizeof(Slot)];
    Table() noexcept {
      for (auto& slot : memory) ::new (static_cast<void*>(slot)) Slot;
    }
  };
  static Table table;  // the slots in it are never destroyed: threads may still notify while static objects end
  const std::size_t index = (reinterpret_cast<std::uintptr_t>(address) >> 4) * 0x9E3779B97F4A7C15u >> 58;
  return std::launder(reinterpret_cast<Slot*>(table.memory[index]))->event;
}

}  // namespace baton::detail
