// SPDX-License-Identifier: MIT
#pragma once

#include "executor/heavy_fence.hpp"

#include <atomic>
#include <cstdint>

namespace baton::detail {

// How the workers of a run share its ready set and counts.
//
// While tasks are short a second worker costs more than it brings: the counters then travel between the cores. So a run
// begins *exclusive*: the worker in one seat, the owner, uses plain loads and stores. Once somebody breaks in, the run
// is *shared*, and all use atomic read-modify-writes. Whoever may be needed breaks in at once; see Slice::join.
//
// Protocol
//  (1) The owner is *inside* while it touches what is shared: it stores that in its Progress, and then reads the state;
//      on seeing anything but `exclusive` it uses atomic operations from there on. It stores `in_body` (release) before
//      each body.
//  (2) Who wants to break in turns the state to `asked`, makes all cores pass a fence, and reads where the owner is.
//      Unless that is inside, the owner will see `asked` before it touches anything: the state is turned to `shared`.
//      Where it is inside, whoever breaks in waits until the owner has seen it.
//      The fence stands in for the one that the owner leaves out between its store and its load (heavy_fence.hpp).
//      After `away` the owner does not leave it out, so an owner that is away needs none.
//  (3) A worker that is alone becomes the owner by turning the state to `exclusive` and then counting the taken seats
//      again. Who takes a seat reads the state afterwards. Both are sequentially consistent, so one sees the other.

/// Where the worker of a seat is, and how many bodies were started from there.
class Progress {
 public:
  enum Place : std::uint64_t { away, inside, in_body };

  // ---- The worker only ----
  void set_away() noexcept { word_.store(count() | away, std::memory_order_release); }
  void come_in_from_away() noexcept { word_.store(count() | inside, std::memory_order_seq_cst); }
  void come_in() noexcept {
    word_.store(count() | inside, std::memory_order_relaxed);
    light_fence();
  }
  void start_body() noexcept { word_.store((count() + one_body) | in_body, std::memory_order_release); }

  // ---- Any thread ----
  [[nodiscard]] Place place() const noexcept {
    return static_cast<Place>(word_.load(std::memory_order_seq_cst) & place_mask);
  }
  [[nodiscard]] std::uint64_t bodies() const noexcept { return word_.load(std::memory_order_relaxed) / one_body; }

 private:
  static constexpr std::uint64_t place_mask = 3;
  static constexpr std::uint64_t one_body = 4;
  [[nodiscard]] std::uint64_t count() const noexcept { return word_.load(std::memory_order_relaxed) & ~place_mask; }

  std::atomic<std::uint64_t> word_{away};
};

/// The state of one run.
class Sharing {
 public:
  enum State : std::uint32_t {
    exclusive,
    asked,
    shared,
    hushed,  ///< Shared, but nobody calls for more workers: tasks are short.
  };

  explicit Sharing(std::uint32_t seats) noexcept : state_(seats == 1 || has_heavy_fence() ? exclusive : shared) {}

  [[nodiscard]] State state() const noexcept { return static_cast<State>(state_.load(std::memory_order_seq_cst)); }
  /// The seat that may be exclusive, unless the state is shared or hushed.
  [[nodiscard]] std::uint32_t owner() const noexcept { return owner_.load(std::memory_order_acquire); }

  /// The owner's answer to `asked`.
  void admit() noexcept { turn(asked, shared); }
  /// (2). @returns false when the owner stayed inside for long, as when its thread has no core; then the state stays
  /// `asked`, and it has to be tried again.
  bool break_in(const Progress& owner) noexcept;
  void hush() noexcept { turn(shared, hushed); }
  void unhush() noexcept { turn(hushed, shared); }
  /// (3), for a worker that is inside. @param is_alone  Says whether no other seat is taken.
  template <typename IsAlone>
  bool take_over(std::uint32_t seat, IsAlone&& is_alone) noexcept {
    if (!has_heavy_fence()) return false;
    owner_.store(seat, std::memory_order_release);
    if (!turn(shared, exclusive) && !turn(hushed, exclusive)) return false;
    if (is_alone()) return true;
    state_.store(shared, std::memory_order_seq_cst);
    return false;
  }

 private:
  bool turn(std::uint32_t from, State to) noexcept {
    return state_.compare_exchange_strong(from, to, std::memory_order_seq_cst);
  }

  std::atomic<std::uint32_t> state_;
  std::atomic<std::uint32_t> owner_{0};
};

}  // namespace baton::detail
