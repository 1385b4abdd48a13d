// SPDX-License-Identifier: MIT
#pragma once

// Work-stealing deque (Chase and Lev 2005). Owner: push and pop at bottom_. Thieves: steal at top_.
//
// (1) Only the owner writes bottom_ and ring_.
// (2) top_ only grows, so a CAS on it that succeeds cannot be an ABA.
// (3) A slot in [top_, bottom_) is never overwritten: push() takes a larger ring instead. Rings that were left are
//     kept until the deque ends, since a thief may still read a slot of them.
// (4) The last item goes to whoever moves top_ past it.
//
// Le et al. (2013) weaken the orderings by stand-alone fences. Here the accesses that they fence are themselves
// sequentially consistent, which ThreadSanitizer understands and which costs the same on x86.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace baton::detail {

/// Whether another thread may touch the deque during a call of its owner. The owner may say `none` as long as no
/// thread that could was ever started by it or before it; that saves the two expensive stores.
enum class Thieves : bool { none, possible };

template <typename T>
class Deque {
 public:
  Deque() : ring_(new Ring(first_capacity)) {}
  Deque(const Deque&) = delete;
  Deque& operator=(const Deque&) = delete;
  ~Deque() { delete ring_.load(std::memory_order_relaxed); }

  /// Owner only. False: full, and there is no memory for a larger ring; nothing was pushed.
  bool push(T& item, Thieves thieves = Thieves::possible) noexcept {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);  // own
    Ring* ring = ring_.load(std::memory_order_relaxed);                   // own
    if (bottom - known_top_ >= ring->capacity()) {
      known_top_ = top_.load(std::memory_order_acquire);  // slots before it have been read: they may be reused
      if (bottom - known_top_ >= ring->capacity()) ring = grow(bottom);
      if (ring == nullptr) return false;
    }
    ring->slot(bottom).store(&item, std::memory_order_relaxed);  // the next line publishes it
    if (thieves == Thieves::none) {
      bottom_.store(bottom + 1, std::memory_order_relaxed);  // whoever starts a thief publishes it
    } else {
      bottom_.store(bottom + 1, std::memory_order_seq_cst);  // releases the slot; the caller looks for sleepers next
    }
    return true;
  }

  /// Owner only. Takes the newest item, or null.
  T* pop(Thieves thieves = Thieves::possible) noexcept {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;  // own
    if (bottom < top_.load(std::memory_order_relaxed)) return nullptr;  // empty for good: (2), only the owner adds
    if (thieves == Thieves::none) {
      bottom_.store(bottom, std::memory_order_relaxed);
      return ring_.load(std::memory_order_relaxed)->slot(bottom).load(std::memory_order_relaxed);
    }
    // Claims the newest item. This store and the next load are ordered with a thief's loads of top_ and bottom_: at
    // least one of the two sides sees the other, or both would take the last item.
    bottom_.store(bottom, std::memory_order_seq_cst);
    std::int64_t top = top_.load(std::memory_order_seq_cst);
    T* item = ring_.load(std::memory_order_relaxed)->slot(bottom).load(std::memory_order_relaxed);  // own stores
    if (top < bottom) return item;
    if (top != bottom || !take(top)) item = nullptr;       // (4)
    bottom_.store(bottom + 1, std::memory_order_relaxed);  // empty: a thief that sees it late finds nothing, rightly
    return item;
  }

  /// Any thread. Takes the oldest item; null if there is none or another thread was faster.
  T* steal() noexcept {
    std::int64_t top = top_.load(std::memory_order_seq_cst);
    const std::int64_t bottom = bottom_.load(std::memory_order_seq_cst);  // acquires the slots before it
    if (top >= bottom) return nullptr;
    Ring* const ring = ring_.load(std::memory_order_acquire);         // at least as new as the bottom just read
    T* const item = ring->slot(top).load(std::memory_order_relaxed);  // perhaps stale: then the next line fails, (3)
    return take(top) ? item : nullptr;
  }

  /// Any thread. Whether there is nothing to steal.
  [[nodiscard]] bool empty() const noexcept {
    const std::int64_t top = top_.load(std::memory_order_seq_cst);  // a sleeper's last look: ordered with push()
    return top >= bottom_.load(std::memory_order_seq_cst);
  }

 private:
  static constexpr std::int64_t first_capacity = 256;

  class Ring {
   public:
    explicit Ring(std::int64_t capacity)
        : mask_(capacity - 1), slots_(new std::atomic<T*>[static_cast<std::size_t>(capacity)]) {}
    void keep(Ring* left) noexcept { left_.reset(left); }
    [[nodiscard]] std::int64_t capacity() const noexcept { return mask_ + 1; }
    [[nodiscard]] std::atomic<T*>& slot(std::int64_t index) noexcept {
      return slots_[static_cast<std::size_t>(index & mask_)];
    }

   private:
    std::int64_t mask_;
    std::unique_ptr<std::atomic<T*>[]> slots_;
    std::unique_ptr<Ring> left_;  // the ring before this one: (3)
  };

  bool take(std::int64_t& top) noexcept {
    return top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst, std::memory_order_relaxed);
  }

  Ring* grow(std::int64_t bottom) noexcept {
    Ring* const old = ring_.load(std::memory_order_relaxed);
    Ring* larger = nullptr;
    try {
      larger = new Ring(old->capacity() * 2);
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
    for (std::int64_t index = known_top_; index < bottom; ++index) {
      larger->slot(index).store(old->slot(index).load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    larger->keep(old);
    ring_.store(larger, std::memory_order_release);  // a thief sees the slots that were copied
    return larger;
  }

  alignas(64) std::atomic<std::int64_t> top_{0};     // thieves' cache line
  alignas(64) std::atomic<std::int64_t> bottom_{0};  // owner's cache line
  std::int64_t known_top_ = 0;                       // owner's: some earlier value of top_
  std::atomic<Ring*> ring_;
};

}  // namespace baton::detail
