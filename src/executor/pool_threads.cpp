// SPDX-License-Identifier: MIT
#include "pool.hpp"

#include <baton/base/error.hpp>
#include <baton/executor/cpu_count.hpp>

#include "base/fault_point.hpp"

#include <algorithm>
#include <system_error>

namespace baton::detail {
namespace {

constexpr std::size_t most_spare_threads = 65'536;  // more than a system lets us have; the lists have a place for each

ThreadPoolOptions checked(ThreadPoolOptions options) {
  options.park_limit = std::max<Duration>(options.park_limit, std::chrono::milliseconds{1});
  return options;
}

}  // namespace

Pool::Pool(ThreadPoolOptions options)
    : options_(checked(std::move(options))),
      threads_(options_.threads != 0 ? options_.threads : available_cores()),
      workers_max_(threads_ + std::min(options_.spare_threads, most_spare_threads)),
      unblocked_(threads_),
      workers_(std::make_unique<std::unique_ptr<Worker>[]>(workers_max_)) {
  idle_.reserve(workers_max_);
  spares_.reserve(workers_max_);
  handles_.reserve(workers_max_);
  try {
    const std::lock_guard lock(mutex_);
    while (worker_count() < threads_) start_thread_locked();
  } catch (const std::system_error& error) {
    const std::string failed = std::to_string(worker_count() + 1) + " of " + std::to_string(threads_);
    shutdown();
    throw Error("thread pool '" + options_.name + "': thread " + failed + " cannot be started: " + error.what());
  } catch (...) {
    shutdown();
    throw;
  }
}

Pool::~Pool() {
  // A thread that posted the last work may not have left post() yet.
  const auto outside = [this] {
    return calls_begun_.load(std::memory_order_relaxed) != calls_ended_.load(std::memory_order_acquire) ||
           injections_begun_.load(std::memory_order_relaxed) != injections_ended_.load(std::memory_order_acquire);
  };
  while (outside()) std::this_thread::yield();
}

void Pool::shutdown() noexcept {
  const BlockingScope scope;  // for a worker of another pool
  const std::lock_guard one_at_a_time(join_mutex_);
  {
    const std::lock_guard lock(mutex_);
    closing_.store(true, std::memory_order_relaxed);  // from now on the last thread to go to sleep stops the pool
    try_stop_locked();
  }
  const auto stopped = [this] { return stopped_.load(std::memory_order_acquire); };
  while (!stopped()) {
    if (!sleep_unless(event_of(this), options_.park_limit, stopped)) count_rescued();
  }
  for (std::thread& handle : handles_) handle.join();  // no thread is left that could start another
  handles_.clear();
}

void Pool::start_thread_locked() {
  const std::size_t index = worker_count();
  const bool alone = threads_ == 1 && index == 0;
  workers_[index] = std::make_unique<Worker>(*this, index, alone ? Thieves::none : Thieves::possible);
  Worker& worker = *workers_[index];
  try {
    fault_point(FaultPoint::pool_thread);
    handles_.emplace_back([this, &worker] { thread_main(worker); });
  } catch (...) {
    workers_[index].reset();
    throw;
  }
  worker_count_.store(index + 1, std::memory_order_seq_cst);  // before anything can be in its deque: see thread_main
}

void Pool::thread_main(Worker& me) noexcept {
  // Until its start is noted in worker_count_, others would not find what it puts into its deque.
  {
    const std::lock_guard started(mutex_);
  }
  set_thread_name(options_.name, me.index);
  if (me.index >= threads_) affinity_.apply();  // not that of the worker it stands in for, which may be pinned
  this_worker = &me;
  if (options_.on_thread_start) options_.on_thread_start(me.index);
  live(me);
  if (options_.on_thread_stop) options_.on_thread_stop(me.index);
  this_worker = nullptr;
}

bool Pool::begin_blocking(Worker& me) noexcept {
  if (me.blocking++ == 0) me.replaced = replace(me);
  return me.replaced;
}

bool Pool::replace(Worker& me) noexcept {
  Worker* spare = nullptr;
  {
    const std::lock_guard lock(mutex_);
    me.state = Worker::State::blocked;
    if (unblocked_.fetch_sub(1, std::memory_order_relaxed) > threads_) return true;  // a surplus thread is there
    if (spares_.empty()) {
      if (worker_count() == workers_max_) return false;
      me.deque.expect_thieves();  // in a pool of one, it is this very worker that starts the second thread
      try {
        start_thread_locked();
      } catch (...) {  // no thread or no memory to be had: as if the limit were reached
        return false;
      }
    } else {
      spare = spares_.back();
      spares_.pop_back();
      call_locked(*spare, false);
    }
    unblocked_.fetch_add(1, std::memory_order_relaxed);
  }
  if (spare != nullptr) spare->wakeup.notify();
  return true;
}

void Pool::end_blocking(Worker& me) noexcept {
  if (--me.blocking != 0) return;
  const std::lock_guard lock(mutex_);
  me.state = Worker::State::active;
  unblocked_.fetch_add(1, std::memory_order_relaxed);
  if (!surplus() || idle_.empty()) return;
  // It need not even wake up to become a spare one. The oldest one, since one that listed itself later looks for work
  // later: if the oldest has not had its last look yet, the next one's comes after that.
  Worker& idle = *idle_.front();
  unlist_idle_locked(idle);
  list_spare_locked(idle);
}

ThreadPoolStats Pool::stats() const {
  ThreadPoolStats stats;
  stats.threads = threads_;
  const std::size_t count = worker_count();
  stats.spare_threads = count - std::min(count, threads_);
  stats.posted = calls_begun_.load(std::memory_order_relaxed);
  stats.rescued_wakeups = rescued_.load(std::memory_order_relaxed) + rescued_futures();
  for (std::size_t index = 0; index < count; ++index) {
    const Worker& each = worker(index);
    stats.posted += each.posted.value();
    stats.posted_run += each.posted_run.value();
    stats.closures_run += each.closures_run.value();
    stats.steals += each.steals.value();
    stats.parks += each.parks.value();
    stats.rescued_wakeups += each.rescued.value();
  }
  return stats;
}

}  // namespace baton::detail
