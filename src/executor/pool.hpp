// SPDX-License-Identifier: MIT
#pragma once

// How threads find work, sleep and are woken.
//
// A thread takes, in this order: bodies from its own deque, the oldest posted work (in turn with bodies injected from
// outside), bodies from the other deques. When there is nothing it searches for a short while, then sleeps.
//
//   producer:  publish the work (queue or deque); then notify(): if somebody sleeps and nobody searches, call a
//              sleeper. The one called counts as searching from that moment on.
//   searcher:  after it has found something or given up, lower searching_. If it found something, was the last one and
//              somebody sleeps: look whether there is more, and notify().
//   sleeper:   list itself and raise sleeping_; look for work once more: if there is some, become a searcher; else
//   sleep.
//
// (1) No lost wake-up: publishing, the producer's loads of sleeping_ and searching_, all changes of these and every
//     last look are sequentially consistent. A producer that saw no sleeper is seen by the last look of whoever lists
//     itself later. One that saw a searcher is seen by whoever lowers searching_ to 0 after that: it looks once more,
//     either at once or before it sleeps. If nobody slept then, whoever goes to sleep later looks for itself.
//     A push to a deque is no more than a release store. The fence that is missing between it and the producer's loads
//     is passed on all cores by those who look, between what they change and their look (heavy_fence.hpp). Until the
//     first push to any deque, which is sequentially consistent, they need not; nor where they find work without it.
// (2) Work-conserving: of several pieces published while one thread searched, the first is taken by it, and it calls
//     the next thread before it begins. That holds also when it finds them only by its last look before it sleeps.
// (3) mutex_ guards the lists. Lists, states and `called` change together, so a thread is called once for each time
//     that it lists itself, and sleeping_ is the length of idle_.
// (4) unblocked_ counts the threads that are active or idle. It is threads_, apart from: fewer while the limit of spare
//     threads is reached; more from the end of a blocking call until a thread has become a spare one, which an idle
//     one does at once and an active one when it has run what it runs. While there are more, none is idle.
// (5) The pool stops when each thread is idle or spare, the queues are empty and, by the same lock, get closed: from
//     then on no work can come, as only workers and the queues bring any.
// (6) User code is called with no lock held.
//
// tests/executor/pool_model_test.cpp tries every order of these steps, and tests/models/park_notify.pml those of the
// event count with them. A change here is a change there.

#include "event_count.hpp"
#include "fifo_queue.hpp"
#include "this_thread.hpp"
#include "worker.hpp"

#include <baton/executor/thread_pool.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace baton::detail {

class Pool {
 public:
  explicit Pool(ThreadPoolOptions options);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  /// Ends the threads when everything has run. Not on a worker of this pool.
  void shutdown() noexcept;

  /// False: the pool has stopped.
  bool post(Work& work) noexcept;
  /// The same for a submitted function: refused outside the workers as soon as `shutdown` has begun.
  bool submit(Work& work) noexcept;
  /// The same for a body of a group, on a thread that is not a worker of this pool.
  bool inject(Closure& closure) noexcept;
  /// Queues a body of a group at `me`, the calling worker; without memory for that, runs it.
  void spawn(Worker& me, Closure& closure) noexcept;

  /// Runs one thing that `take` finds, if any.
  bool run_one(Worker& me) noexcept;
  /// Runs one body that may be run above a wait for `awaited`. False: there is none at the moment.
  bool help(Worker& me, const TaskGroup& awaited) noexcept;

  /// See Executor.
  bool begin_blocking(Worker& me) noexcept;
  void end_blocking(Worker& me) noexcept;

  [[nodiscard]] std::size_t threads() const noexcept { return threads_; }
  [[nodiscard]] Duration park_limit() const noexcept { return options_.park_limit; }
  [[nodiscard]] ThreadPoolStats stats() const;
  void count_rescued() noexcept { rescued_.fetch_add(1, std::memory_order_relaxed); }

  /// The worker that the calling thread is in this pool, or null.
  [[nodiscard]] Worker* current() const noexcept {
    return this_worker != nullptr && &this_worker->pool == this ? this_worker : nullptr;
  }

 private:
  struct Job {  // at most one of the two
    Closure* closure = nullptr;
    Work* work = nullptr;
    explicit operator bool() const noexcept { return closure != nullptr || work != nullptr; }
  };

  // pool.cpp: finding and running work
  void live(Worker& me) noexcept;
  Job take(Worker& me) noexcept;
  Job search(Worker& me, bool counted) noexcept;
  Closure* steal(Worker& me) noexcept;
  void run(Worker& me, Job job) noexcept;
  bool end_call(bool open, std::atomic<std::uint64_t>& begun, std::atomic<std::uint64_t>& ended) noexcept;
  static void run(Worker& me, Closure& closure) noexcept;
  /// May miss what another worker has put into its deque a moment ago.
  [[nodiscard]] bool has_work() const noexcept;
  /// A last look: (1).
  [[nodiscard]] bool has_work_now() const noexcept;
  [[nodiscard]] bool forks() const noexcept;

  // pool_sleep.cpp: sleeping, waking and stopping
  void notify() noexcept {
    if (sleeping_.load(std::memory_order_seq_cst) != 0 && searching_.load(std::memory_order_seq_cst) == 0) call_idle();
  }
  void call_idle() noexcept;
  bool sleep(Worker& me) noexcept;
  bool sleep_while_listed(Worker& me) noexcept;
  void doze(Worker& me) noexcept;
  void retire_if_surplus(Worker& me) noexcept;
  void list_idle_locked(Worker& me) noexcept;
  void list_spare_locked(Worker& me) noexcept;
  void unlist_idle_locked(Worker& me) noexcept;
  void call_locked(Worker& worker, bool counted) noexcept;
  void try_stop_locked() noexcept;
  [[nodiscard]] bool stuck(const Worker& me) const noexcept;
  [[nodiscard]] std::uint64_t progress() const noexcept;

  // pool_threads.cpp: starting, replacing and ending threads
  void start_thread_locked();
  void thread_main(Worker& me) noexcept;
  bool replace(Worker& me) noexcept;
  [[nodiscard]] bool surplus() const noexcept { return unblocked_.load(std::memory_order_relaxed) > threads_; }

  [[nodiscard]] std::size_t worker_count() const noexcept { return worker_count_.load(std::memory_order_acquire); }
  [[nodiscard]] Worker& worker(std::size_t index) const noexcept { return *workers_[index]; }

  // Constant after construction.
  const ThreadPoolOptions options_;
  const std::size_t threads_;
  const std::size_t workers_max_;
  const Affinity affinity_;  // of the thread that made the pool

  // Own synchronisation.
  FifoQueue<Work> posted_;
  FifoQueue<Closure> injected_;
  alignas(64) std::atomic<std::size_t> sleeping_{0};  // with searching_ on a line that is written only at low load
  std::atomic<std::size_t> searching_{0};
  std::atomic<std::size_t> unblocked_{0};  // written with mutex_
  std::atomic<bool> closing_{false};       // written with mutex_
  std::atomic<bool> stopped_{false};       // written with mutex_
  std::atomic<std::size_t> worker_count_{0};
  std::unique_ptr<std::unique_ptr<Worker>[]> workers_;     // those before worker_count_ never change
  alignas(64) std::atomic<std::uint64_t> calls_begun_{0};  // post on threads that are not workers
  std::atomic<std::uint64_t> calls_ended_{0};
  std::atomic<std::uint64_t> injections_begun_{0};
  std::atomic<std::uint64_t> injections_ended_{0};
  std::atomic<std::uint64_t> rescued_{0};  // by threads waiting for a group

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::vector<Worker*> idle_;  // the one that went to sleep last is called first: its caches are warm
  std::vector<Worker*> spares_;
  std::vector<std::thread> handles_;

  std::mutex join_mutex_;  // taken before mutex_: one shutdown at a time
};

/// How many waits for futures ended by their limit although the result was there, in this process.
[[nodiscard]] std::uint64_t rescued_futures() noexcept;

/// While it exists, the calling thread may block: a spare thread stands in, if the thread is a worker of some pool.
class BlockingScope {
 public:
  BlockingScope() noexcept
      : worker_(this_worker), replaced_(worker_ != nullptr && worker_->pool.begin_blocking(*worker_)) {}
  BlockingScope(const BlockingScope&) = delete;
  BlockingScope& operator=(const BlockingScope&) = delete;
  ~BlockingScope() {
    if (worker_ != nullptr) worker_->pool.end_blocking(*worker_);
  }
  /// False: the thread is no worker, or the limit of spare threads is reached.
  [[nodiscard]] bool replaced() const noexcept { return replaced_; }

 private:
  Worker* worker_;
  bool replaced_;
};

}  // namespace baton::detail
