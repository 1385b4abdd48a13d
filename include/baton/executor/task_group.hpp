// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/executor/thread_pool.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace baton {

namespace detail {

struct Worker;

/// A body of a task group, on its way to the worker that runs it. 48 bytes, reused through lists of the workers.
struct Closure {
  enum class Action : bool { run, drop };

  static constexpr std::size_t capture_size = 24;
  template <typename Body>
  static constexpr bool holds = sizeof(Body) <= capture_size && alignof(Body) <= alignof(void*);

  void (*end)(Closure& self, Action action) noexcept;  ///< Calls the body if it is to run, then destroys it.
  Closure* next;                                       ///< Its place in a queue or a free list.
  TaskGroup* group;
  alignas(void*) std::byte capture[capture_size];  ///< The body, or a pointer to it if it does not fit.
};

}  // namespace detail

/// Bodies that run on a pool and are waited for together (fork and join):
///
///     baton::TaskGroup group{pool};
///     group.run([&] { left = sort(low); });
///     right = sort(high);
///     group.wait();
///
/// Made for recursion: groups may be nested to any depth on a pool of any size, since a worker that waits runs what
/// is waited for, then what other groups left to be stolen (nested `helping_depth` deep at most), and only then
/// sleeps, replaced by a spare thread. It never runs posted work meanwhile. Without a spare thread, beyond the pool's
/// limit, it still helps, and looks every 10 ms for something to help with.
///
/// `run` may be called on any thread, `wait` as its comment says. A `run` on a thread that is not a worker of the pool
/// costs more. The pool must outlive the group.
class BATON_API TaskGroup {
 public:
  /// How many bodies of other groups may be stacked above one another while a worker waits.
  static constexpr std::uint32_t helping_depth = 32;

  /// A group without bodies. On a worker of `pool` it belongs to that thread, see `wait`.
  explicit TaskGroup(ThreadPool& pool) noexcept;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Waits as `wait` does; drops the exception if there is one, so call `wait` first where that matters.
  ~TaskGroup() {
    if (local_ != 0 || shared_.load(std::memory_order_acquire) != 0) finish();
  }

  /// Calls `body()` on a worker, on the calling one if no other comes first; what it returns is dropped.
  ///
  /// @param body  Copied or moved here, also if it can only be moved, and destroyed before the group counts it as
  ///              ended. Up to 24 bytes are kept without an allocation of their own.
  /// @throws UsageError  the pool was shut down; the body was dropped.
  /// @throws whatever copying `body` throws, or std::bad_alloc; the group is as before.
  ///
  /// While another thread is in `wait`, only bodies of this group may call it.
  template <typename F>
  void run(F&& body) {
    using Body = std::decay_t<F>;
    static_assert(std::is_invocable_v<Body&>, "TaskGroup::run: the body must be callable without arguments");
    static_assert(std::is_nothrow_destructible_v<Body>, "TaskGroup::run: destroying the body must not throw");
    Cell cell{take_cell()};
    if constexpr (detail::Closure::holds<Body>) {
      ::new (static_cast<void*>(cell.closure->capture)) Body(std::forward<F>(body));
      cell.closure->end = [](detail::Closure& self, detail::Closure::Action action) noexcept {
        Body& kept = *std::launder(reinterpret_cast<Body*>(self.capture));
        if (action == detail::Closure::Action::run) call(kept, *self.group);
        std::destroy_at(&kept);
      };
    } else {
      ::new (static_cast<void*>(cell.closure->capture)) Body*(new Body(std::forward<F>(body)));
      cell.closure->end = [](detail::Closure& self, detail::Closure::Action action) noexcept {
        const std::unique_ptr<Body> kept(*std::launder(reinterpret_cast<Body**>(self.capture)));
        if (action == detail::Closure::Action::run) call(*kept, *self.group);
      };
    }
    start(*std::exchange(cell.closure, nullptr));
  }

  /// Blocks until every body has ended, also those that bodies added; then the group can be used again.
  ///
  /// To be called on the thread that made the group; for a group that was made outside the pool, on any thread, one at
  /// a time. A body of the group must not wait for it.
  ///
  /// @throws the first exception that left a body since the last wait; the others are counted, see `failures`.
  /// @throws UsageError  called on another thread than the worker that made the group; nothing was waited for.
  void wait();

  /// How many bodies ended by an exception before the last `wait` returned or threw, and after the one before.
  [[nodiscard]] std::size_t failures() const noexcept { return failures_reported_; }

 private:
  friend detail::Pool;

  struct Cell {  // gives the cell back if the body cannot be copied into it
    detail::Closure* closure;
    ~Cell() {
      if (closure != nullptr) give_back(*closure);
    }
  };

  template <typename Body>
  static void call(Body& body, TaskGroup& group) noexcept {
    try {
      static_cast<void>(body());
    } catch (...) {
      group.keep_error();
    }
  }

  static detail::Closure* take_cell();
  static void give_back(detail::Closure& cell) noexcept;
  void start(detail::Closure& closure);
  void keep_error() noexcept;
  void finish() noexcept;
  void await() noexcept;
  void sleep(detail::Worker* me) noexcept;
  [[nodiscard]] bool ended() const noexcept;
  [[nodiscard]] bool announce_sleep() noexcept;

  // Bodies that have not ended: local_ + shared_ / 2. Either part alone may be negative.
  detail::Pool* pool_;
  detail::Worker* owner_;                // the worker that made the group; null if it was made elsewhere
  std::int64_t local_ = 0;               // started minus ended by owner_, which alone uses it
  std::atomic<std::int64_t> shared_{0};  // twice the number started minus ended by others; lowest bit: a waiter sleeps
  std::atomic<std::size_t> failures_{0};
  std::exception_ptr error_;  // written by the body that raised failures_ from 0
  std::size_t failures_reported_ = 0;
};

}  // namespace baton
