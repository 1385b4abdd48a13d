// SPDX-License-Identifier: MIT
#pragma once

#include "deque.hpp"
#include "event_count.hpp"

#include <baton/executor/task_group.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace baton::detail {

class Pool;

/// Written by one thread, read by any: a relaxed store instead of a read-modify-write.
class OwnCounter {
 public:
  void add_one() noexcept { value_.store(value_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// What a thread of the pool has of its own. Lives as long as the pool, whatever its thread does.
struct alignas(64) Worker {
  /// What the thread is doing, as far as the pool must know.
  enum class State : std::uint8_t {
    active,   ///< Looks for work or runs some.
    blocked,  ///< Inside begin_blocking ... end_blocking; does not count as unblocked.
    idle,     ///< Listed in Pool::idle_; asleep, or about to be.
    spare,    ///< Listed in Pool::spares_; the same, but not called for work. Does not count as unblocked.
  };

  Worker(Pool& its_pool, std::size_t its_index, Thieves thieves)
      : pool(its_pool), index(its_index), deque(thieves), random(0x9E3779B97F4A7C15u * (its_index + 1)) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  Closure* take_cell();
  void give_back(Closure& cell) noexcept;

  // Constant.
  Pool& pool;
  const std::size_t index;

  // Own synchronisation.
  Deque<Closure> deque;
  OwnCounter posted;
  OwnCounter posted_run;
  OwnCounter closures_run;
  OwnCounter steals;
  OwnCounter parks;
  OwnCounter rescued;
  EventCount wakeup;
  std::atomic<bool> called{false};       // written with Pool::mutex_: whoever takes the worker off a list raises it
  std::atomic<bool> listed_idle{false};  // written with Pool::mutex_: in Pool::idle_, else in Pool::spares_

  // Guarded by Pool::mutex_.
  State state = State::active;
  bool counted = false;  // whether whoever called the worker raised Pool::searching_ for it

  // Of the thread itself.
  std::uint64_t random;
  bool injected_first = false;  // whose turn it is: posted work or bodies that came from outside
  std::uint32_t helping = 0;    // bodies of other groups stacked up by waits
  std::uint32_t blocking = 0;   // begin_blocking calls not ended
  bool replaced = false;        // what the outermost of these returned

 private:
  static constexpr std::size_t cells_kept = 1024;

  Closure* cells_ = nullptr;  // unused, linked by next
  std::size_t cell_count_ = 0;
};

/// The worker that the calling thread is; null outside every pool. One variable for the whole program, as it lives
/// in this library. The model spares a call for each access; one pointer always finds room in the static block.
#if defined(__GNUC__) && !defined(_WIN32)
__attribute__((tls_model("initial-exec")))
#endif
extern constinit thread_local Worker* this_worker;

inline Closure* Worker::take_cell() {
  if (cells_ == nullptr) return new Closure;
  --cell_count_;
  return std::exchange(cells_, cells_->next);
}

inline void Worker::give_back(Closure& cell) noexcept {
  if (cell_count_ == cells_kept) {  // made by other threads again and again
    delete &cell;
    return;
  }
  cell.next = std::exchange(cells_, &cell);
  ++cell_count_;
}

}  // namespace baton::detail
