// SPDX-License-Identifier: MIT
#pragma once

// Work-stealing deque (Chase and Lev 2005) with a part that its owner has to itself. Owner: push and pop at bottom_.
// Thieves: steal at top_.
//
//      top_         open_ = split_                 bottom_
//       |  public: both  |  private: the owner alone  |
//
// The plain deque:
//
// (1) Only the owner writes bottom_ and ring_.
// (2) top_ only grows, so a CAS on it that succeeds cannot be an ABA. What lies before it is gone.
// (3) A slot in [top_, bottom_) is never overwritten: push() takes a larger ring instead. Rings that were left are
//     kept until the deque ends, since a thief may still read a slot of them.
// (4) The last public item goes to whoever moves top_ past it.
//
// The private part, which spares the owner two full fences, one a push and one a pop:
//
// (5) split_ and open_ only grow; top_ and open_ are never beyond split_. An item at or above split_ is taken by the
//     owner without a fence: it lowers bottom_, then reads split_ (`light_fence` between). One below split_ it takes
//     as in the plain deque. Thieves steal below open_ only.
// (6) A thief that finds nothing below open_ publishes for the owner, which may be in a long body: it raises split_ to
//     take in half of what it sees (half, so that the items which a recursion works on stay private, while a thousand
//     items cost ten fences), makes all cores pass a fence, and only then raises open_ as far. The fence comes before
//     or after the owner's load of split_ in (5). Before: the owner sees split_ raised and takes its item by (4).
//     After: whoever sees open_ raised sees bottom_ lowered, as thieves read bottom_ after open_, and lets the item
//     alone.
// (7) While one thief publishes, between split_ and open_, others look elsewhere: a second fence would bring nothing.
//     Whoever sees items does not go to sleep, so it comes again.
// (8) When the owner finds the deque empty while bottom_ is below split_, it moves past what is left: top_ to split_ by
//     a CAS, then bottom_. What it pushes next is private again. Moving on, rather than lowering split_, keeps (2) and
//     (5): a thief that has read the old top_ and the old open_ fails with its CAS.
// (9) Without heavy_fence() everything is public, split_ and open_ being endless, and the stores of bottom_ are
//     sequentially consistent; unless there are no thieves, where everything is private.
//
// push() orders nothing but the slot before bottom_. Whoever must not miss an item for good passes heavy_fence()
// between saying so, where the owner looks after the push, and its last look; see `used` and pool.hpp.
//
// Le et al. (2013) weaken the orderings by stand-alone fences. Here the accesses that they fence are themselves
// sequentially consistent, which ThreadSanitizer understands and which costs the same on x86. What it does not see, the
// order of (6), concerns atomic variables only.
//
// tests/executor/deque_model_test.cpp tries every order of these steps. A change here is a change there.

#include "heavy_fence.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <new>

namespace baton::detail {

/// Whether another thread may touch the deque during a call of its owner.
enum class Thieves : bool { none, possible };

template <typename T>
class Deque {
 public:
  /// With Thieves::none until `expect_thieves`, which saves the expensive stores on systems without a heavy fence.
  explicit Deque(Thieves thieves = Thieves::possible, bool heavy = has_heavy_fence()) : heavy_(heavy) {
    if (thieves == Thieves::possible) expect_thieves();
  }
  Deque(const Deque&) = delete;
  Deque& operator=(const Deque&) = delete;
  ~Deque() { delete ring_.load(std::memory_order_relaxed); }

  /// Owner only, before it starts the first thread that may touch the deque.
  void expect_thieves() noexcept {
    if (heavy_) return;
    ordered_ = true;
    split_.store(endless, std::memory_order_relaxed);  // whoever starts the thread publishes them
    open_.store(endless, std::memory_order_relaxed);
  }

  /// Owner only. False: full, and there is no memory for a larger ring; nothing was pushed.
  bool push(T& item) noexcept {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);  // own
    if (bottom - known_top_ >= capacity_) {
      known_top_ = top_.load(std::memory_order_acquire);  // slots before it have been read: they may be reused
      if (bottom - known_top_ >= capacity_ && !grow(bottom)) return false;
    }
    Ring* const ring = ring_.load(std::memory_order_relaxed);    // own
    ring->slot(bottom).store(&item, std::memory_order_relaxed);  // the next line publishes it
    if (ordered_) {
      bottom_.store(bottom + 1, std::memory_order_seq_cst);  // releases the slot; the caller looks for sleepers next
    } else {
      bottom_.store(bottom + 1, std::memory_order_release);
      light_fence();  // the caller looks for sleepers next
    }
    return true;
  }

  /// Owner only. Takes the newest item, or null.
  T* pop() noexcept {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed) - 1;  // own
    if (bottom >= split_.load(std::memory_order_relaxed)) {                   // so there is an item: (5)
      bottom_.store(bottom, std::memory_order_relaxed);
      light_fence();  // (6)
      if (bottom >= split_.load(std::memory_order_relaxed)) return own(bottom);
    } else if (bottom < top_.load(std::memory_order_relaxed)) {  // empty for good: (2), only the owner adds
      move_on(bottom + 1);
      return nullptr;
    }
    return pop_public(bottom);
  }

  /// Any thread. Takes the oldest item; null if there is none or another thread was faster.
  T* steal() noexcept {
    View seen = look();
    if (seen.top >= seen.bottom) return nullptr;
    if (seen.top >= seen.open) {
      if (!publish(seen)) return nullptr;
      seen = look();
      if (seen.top >= seen.bottom || seen.top >= seen.open) return nullptr;
    }
    Ring* const ring = ring_.load(std::memory_order_acquire);  // at least as new as the bottom just read
    T* const item =
        ring->slot(seen.top).load(std::memory_order_relaxed);  // perhaps stale: then the next line fails, (3)
    return take(seen.top, seen.top + 1) ? item : nullptr;
  }

  /// Any thread. Whether there is nothing to take. May miss what was pushed a moment ago: see the top of this file.
  [[nodiscard]] bool empty() const noexcept {
    const std::int64_t top = top_.load(std::memory_order_seq_cst);  // a sleeper's last look: ordered with push()
    return top >= bottom_.load(std::memory_order_seq_cst);
  }

  /// Any thread. Whether anything has ever been pushed. The first push is ordered as if it were sequentially
  /// consistent: while this is false, `empty` does not miss anything.
  [[nodiscard]] bool used() const noexcept { return ring_.load(std::memory_order_seq_cst) != nullptr; }

 private:
  static constexpr std::int64_t first_capacity = 256;
  static constexpr std::int64_t endless = std::numeric_limits<std::int64_t>::max();

  class Ring {
   public:
    explicit Ring(std::int64_t capacity)
        : mask_(capacity - 1), slots_(new std::atomic<T*>[static_cast<std::size_t>(capacity)]) {}
    void keep(Ring* left) noexcept { left_.reset(left); }
    [[nodiscard]] std::atomic<T*>& slot(std::int64_t index) noexcept {
      return slots_[static_cast<std::size_t>(index & mask_)];
    }

   private:
    std::int64_t mask_;
    std::unique_ptr<std::atomic<T*>[]> slots_;
    std::unique_ptr<Ring> left_;  // the ring before this one: (3)
  };

  struct View {
    std::int64_t top, open, bottom;
  };

  /// By a thief. The braces say the order, which matters: for top_ and bottom_ as in pop_public, for open_ see (6).
  View look() const noexcept {
    return View{top_.load(std::memory_order_seq_cst), open_.load(std::memory_order_acquire),
                bottom_.load(std::memory_order_seq_cst)};  // acquires the slots before it
  }

  /// The item at `index`, by its owner, who stored it.
  T* own(std::int64_t index) noexcept {
    return ring_.load(std::memory_order_relaxed)->slot(index).load(std::memory_order_relaxed);
  }

  bool take(std::int64_t top, std::int64_t next) noexcept {
    return top_.compare_exchange_strong(top, next, std::memory_order_seq_cst, std::memory_order_relaxed);
  }

  /// Takes the item at `bottom`, the newest one, which is below split_, or null if a thief was faster.
  T* pop_public(std::int64_t bottom) noexcept {
    // Claims the newest item. This store and the next load are ordered with a thief's loads of top_ and bottom_: at
    // least one of the two sides sees the other, or both would take the last item.
    bottom_.store(bottom, std::memory_order_seq_cst);
    const std::int64_t top = top_.load(std::memory_order_seq_cst);
    T* item = own(bottom);
    if (top < bottom) return item;
    if (top != bottom || !take(top, top + 1)) item = nullptr;  // (4)
    bottom_.store(bottom + 1, std::memory_order_relaxed);  // empty: a thief that sees it late finds nothing, rightly
    move_on(bottom + 1);
    return item;
  }

  /// (8), when all before `bottom` has been taken.
  void move_on(std::int64_t bottom) noexcept {
    const std::int64_t split = split_.load(std::memory_order_relaxed);  // if it grows meanwhile, there is a next time
    if (bottom >= split || split == endless || !take(bottom, split)) return;
    bottom_.store(split, std::memory_order_release);  // whoever sees it fails with a CAS of a top before this one
  }

  /// (6), by a thief that has seen private items and no others. False: another one is at it (7).
  bool publish(const View& seen) noexcept {
    // Neither shrinks. If they are equal now, nobody is between the two steps; if the CAS succeeds, that still holds.
    std::int64_t split = seen.open;
    const std::int64_t half = seen.top + (seen.bottom - seen.top + 1) / 2;
    if (!split_.compare_exchange_strong(split, half, std::memory_order_seq_cst, std::memory_order_relaxed))
      return false;
    heavy_fence();                                 // after split_, before open_: (6)
    open_.store(half, std::memory_order_release);  // whoever acquires it has the fence behind it
    return true;
  }

  /// A larger ring, with room for an item at `bottom`. False: there is no memory for it.
  bool grow(std::int64_t bottom) noexcept {
    const std::int64_t capacity = capacity_ == 0 ? first_capacity : capacity_ * 2;
    Ring* const old = ring_.load(std::memory_order_relaxed);
    Ring* larger = nullptr;
    try {
      larger = new Ring(capacity);
    } catch (const std::bad_alloc&) {
      return false;
    }
    for (std::int64_t index = known_top_; index < bottom; ++index) {
      larger->slot(index).store(old->slot(index).load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    larger->keep(old);
    ring_.store(larger, std::memory_order_seq_cst);  // a thief sees the slots that were copied; see also used()
    capacity_ = capacity;
    return true;
  }

  alignas(64) std::atomic<std::int64_t> top_{0};  // thieves' cache line, which the owner reads
  std::atomic<std::int64_t> split_{0};
  std::atomic<std::int64_t> open_{0};
  alignas(64) std::atomic<std::int64_t> bottom_{0};  // owner's cache line
  std::int64_t known_top_ = 0;                       // owner's: some earlier value of top_
  std::int64_t capacity_ = 0;                        // owner's: of the ring
  std::atomic<Ring*> ring_{nullptr};
  const bool heavy_;
  bool ordered_ = false;  // owner's: (9)
};

}  // namespace baton::detail
