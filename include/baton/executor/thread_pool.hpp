// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/executor/executor.hpp>
#include <baton/executor/future.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace baton {

class TaskGroup;

/// Something to be called with the index of a thread; empty when default-constructed. Copies share the callable,
/// which several threads call at once, through const.
class ThreadHook {
 public:
  /// Empty.
  ThreadHook() = default;

  /// Calls a copy of `callable` as `callable(std::size_t)`.
  template <typename F>
    requires(!std::same_as<std::remove_cvref_t<F>, ThreadHook> && std::is_invocable_v<const F&, std::size_t>)
  ThreadHook(F callable)  // NOLINT(google-explicit-constructor): a lambda is given where a hook is wanted
      : callable_(std::make_shared<const F>(std::move(callable))),
        call_([](const void* object, std::size_t index) { (*static_cast<const F*>(object))(index); }) {}

  /// Whether there is something to be called.
  explicit operator bool() const noexcept { return call_ != nullptr; }
  /// Calls it; not to be done with an empty one.
  void operator()(std::size_t index) const { call_(callable_.get(), index); }

 private:
  std::shared_ptr<const void> callable_;
  void (*call_)(const void* object, std::size_t index) = nullptr;
};

/// How a ThreadPool is set up.
struct ThreadPoolOptions {
  /// Workers. 0: one for each core this process may use, see available_cores().
  std::size_t threads = 0;

  /// Threads are called `name-0`, `name-1`, ...; the system shows 15 characters, so a long name is cut.
  std::string name = "baton";

  /// Called on each thread with its index before it runs anything, and before it ends; to pin it, for instance.
  /// Spare threads count on from `threads`; they start with the affinity that the pool's creator had.
  /// An exception that leaves a hook ends the process.
  ThreadHook on_thread_start{};
  ThreadHook on_thread_stop{};  ///< See on_thread_start.

  /// Spare threads that may exist at once, to stand in for workers that block (see Executor::begin_blocking). They
  /// are started when first needed and then kept.
  std::size_t spare_threads = 256;

  /// How long a thread sleeps at most before it looks for work by itself; a millisecond or more. It finds some only if
  /// a wake-up was lost, which is a defect that ThreadPoolStats::rescued_wakeups counts.
  Duration park_limit = std::chrono::seconds{1};
};

/// What a pool has done so far. While threads are busy the figures may be a little apart from one another; what
/// happened before a Future was ready or a TaskGroup was waited for is in them.
struct ThreadPoolStats {
  std::uint64_t posted = 0;           ///< Pieces of work posted, submitted functions among them.
  std::uint64_t posted_run = 0;       ///< Of these, those that have begun to run.
  std::uint64_t closures_run = 0;     ///< Bodies of task groups that have begun to run.
  std::uint64_t steals = 0;           ///< Bodies of task groups taken from another worker.
  std::uint64_t parks = 0;            ///< Times a thread went to sleep for want of work.
  std::uint64_t rescued_wakeups = 0;  ///< Sleeps that ended by their limit although there was reason to wake: 0.
  std::size_t threads = 0;            ///< Workers that the pool was asked for.
  std::size_t spare_threads = 0;      ///< Threads started beyond these.
};

/// A fixed number of threads that run posted work, submitted functions and the bodies of task groups.
///
/// Posted work and submitted functions start in the order in which they came, from whatever thread; work that posts
/// itself again goes to the back, so that long runs share the threads. Bodies of task groups wait at the worker that
/// made them and are stolen by others. Threads without work sleep.
///
/// The number of threads that work at a time is `concurrency()`: a worker that blocks in a way the pool knows of
/// (TaskGroup::wait, Future::wait, begin_blocking) is replaced by a spare thread meanwhile.
///
/// After fork() the child has none of the threads: there it must neither use nor destroy the pool.
///
/// Thread-safe, apart from destruction.
class BATON_API ThreadPool final : public Executor {
 public:
  /// Starts the threads.
  ///
  /// @throws Error  a thread cannot be started; those that were are ended again. Calling again later may succeed.
  explicit ThreadPool(ThreadPoolOptions options = {});

  /// A pool of `threads` workers, 0 for one for each available core; otherwise with default options.
  explicit ThreadPool(std::size_t threads);

  /// As `shutdown`. On a worker of this pool, where it would wait for itself, it prints a message and ends the process.
  ~ThreadPool() override;

  /// Runs everything that was posted, also what that posts and submits in turn, then ends the threads. Other threads
  /// can submit nothing from now on. Returns when the threads have ended; a second call does nothing.
  ///
  /// @throws UsageError  called on a worker of this pool.
  void shutdown();

  /// Calls `function()` on a worker.
  ///
  /// @param function  Copied or moved here, also if it can only be moved, and destroyed before its result is visible.
  /// @returns         Where its result or its exception can be had.
  /// @throws UsageError  the pool was shut down, or is just being shut down and this is none of its workers; nothing
  ///                     was submitted.
  /// @throws whatever copying `function` throws, or std::bad_alloc; nothing was submitted.
  template <typename F>
  auto submit(F&& function) {
    using Body = std::decay_t<F>;
    static_assert(std::is_invocable_v<Body&>, "submit: the function must be callable without arguments");
    static_assert(std::is_nothrow_destructible_v<Body>, "submit: destroying the function must not throw");
    using Result = std::invoke_result_t<Body&>;
    static_assert(std::is_void_v<Result> || (std::is_object_v<Result> && std::is_move_constructible_v<Result>),
                  "submit: the function must return void or a movable value; return a pointer instead of a reference");
    auto state = std::make_unique<detail::SubmittedFunction<Body, Result>>(*pool_, std::forward<F>(function));
    if (!try_submit(*state)) throw_shut_down("submit");
    return Future<Result>(state.release());
  }

  /// See Executor::post. After `shutdown` has returned it ends the process: the work could never run.
  void post(Work& work) noexcept override;

  /// The number of threads asked for.
  [[nodiscard]] std::size_t concurrency() const noexcept override;
  [[nodiscard]] bool on_worker() const noexcept override;

  /// False beyond the limit of spare threads, and on a thread that is not a worker of this pool.
  bool begin_blocking() noexcept override;
  void end_blocking() noexcept override;

  /// Runs a body of a task group or a piece of posted work, on a worker of this pool; elsewhere returns false.
  bool try_run_one() noexcept override;

  /// Counts since the pool was made. Each is right for some moment of the call.
  [[nodiscard]] ThreadPoolStats stats() const;

 private:
  friend TaskGroup;

  bool try_submit(Work& work) noexcept;
  [[noreturn]] static void throw_shut_down(const char* call);

  std::unique_ptr<detail::Pool> pool_;
};

}  // namespace baton
