// SPDX-License-Identifier: MIT
#include "pool.hpp"

#include "spin.hpp"

namespace baton::detail {

void Pool::live(Worker& me) noexcept {
  bool counted = false;  // in searching_
  while (!stopped_.load(std::memory_order_acquire)) {
    Job job = counted ? Job{} : take(me);
    if (!job) job = search(me, counted);
    counted = false;
    if (job) {
      run(me, job);
      retire_if_surplus(me);
    } else {
      counted = sleep(me);
    }
  }
}

Pool::Job Pool::take(Worker& me) noexcept {
  if (Closure* const closure = me.deque.pop()) return {.closure = closure};
  // In turn, so that neither a stream of posted work nor one of injected bodies keeps the other waiting.
  me.injected_first = !me.injected_first;
  if (me.injected_first) {
    if (Closure* const closure = injected_.pop()) return {.closure = closure};
  }
  if (Work* const work = posted_.pop()) return {.work = work};
  if (Closure* const closure = injected_.pop()) return {.closure = closure};
  return {.closure = steal(me)};
}

Pool::Job Pool::search(Worker& me, bool counted) noexcept {
  if (!counted) {
    // More searchers than half of the workers find nothing faster, and take time from those who run something.
    if (2 * searching_.load(std::memory_order_relaxed) > threads_) return {};
    searching_.fetch_add(1, std::memory_order_seq_cst);
  }
  Job job = take(me);
  for (Spin spin; !job && spin.again();) job = take(me);
  const bool last = searching_.fetch_sub(1, std::memory_order_seq_cst) == 1;
  // Where nobody sleeps there is nobody to call, and whoever goes to sleep later looks for itself.
  if (job && last && sleeping_.load(std::memory_order_seq_cst) != 0 && has_work_now()) notify();
  return job;
}

Closure* Pool::steal(Worker& me) noexcept {
  const std::size_t count = worker_count();
  if (count == 1) return nullptr;
  me.random = me.random * 6364136223846793005u + 1442695040888963407u;
  std::size_t victim = static_cast<std::size_t>(me.random >> 33) % count;
  for (std::size_t tried = 0; tried < count; ++tried) {
    if (victim != me.index) {
      if (Closure* const closure = worker(victim).deque.steal()) {
        me.steals.add_one();
        return closure;
      }
    }
    if (++victim == count) victim = 0;
  }
  return nullptr;
}

void Pool::run(Worker& me, Job job) noexcept {
  if (job.closure != nullptr) {
    run(me, *job.closure);
  } else {
    me.posted_run.add_one();
    job.work->run(Budget{});
  }
}

void Pool::run(Worker& me, Closure& closure) noexcept {
  TaskGroup& group = *closure.group;
  me.closures_run.add_one();
  closure.end(closure, Closure::Action::run);
  me.give_back(closure);
  if (group.owner_ == &me) {
    --group.local_;
    return;
  }
  // Releases what the body wrote, and acquires the sleeper's announcement. The group may be gone after this line.
  const std::int64_t before = group.shared_.fetch_sub(2, std::memory_order_acq_rel);
  if (before == 3) event_of(&group).notify();  // the last one, and the waiter sleeps
}

bool Pool::post(Work& work) noexcept {
  if (Worker* const me = current()) {
    me->posted.add_one();
    if (!posted_.push(work)) return false;
    notify();
    return true;
  }
  // The work may signal another thread, which ends the pool while this one is still in here: ~Pool waits for it.
  calls_begun_.fetch_add(1, std::memory_order_relaxed);
  return end_call(posted_.push(work), calls_begun_, calls_ended_);
}

bool Pool::end_call(bool open, std::atomic<std::uint64_t>& begun, std::atomic<std::uint64_t>& ended) noexcept {
  if (open) {
    notify();
    ended.fetch_add(1, std::memory_order_release);  // the last touch
  } else {
    begun.fetch_sub(1, std::memory_order_release);  // it does not count as posted
  }
  return open;
}

bool Pool::submit(Work& work) noexcept {
  // Without this a host that goes on submitting could keep a pool from ending.
  if (closing_.load(std::memory_order_relaxed) && current() == nullptr) return false;
  return post(work);
}

bool Pool::inject(Closure& closure) noexcept {
  if (closing_.load(std::memory_order_relaxed)) return false;
  injections_begun_.fetch_add(1, std::memory_order_relaxed);
  return end_call(injected_.push(closure), injections_begun_, injections_ended_);
}

void Pool::spawn(Worker& me, Closure& closure) noexcept {
  if (me.deque.push(closure)) {
    notify();
  } else {
    run(me, closure);
  }
}

bool Pool::run_one(Worker& me) noexcept {
  const Job job = take(me);
  if (job) run(me, job);
  return static_cast<bool>(job);
}

bool Pool::help(Worker& me, const TaskGroup& awaited) noexcept {
  const bool may_stack = me.helping < TaskGroup::helping_depth;
  Closure* closure = me.deque.pop();
  if (closure != nullptr && closure->group == &awaited) {
    run(me, *closure);
    return true;
  }
  if (!may_stack) {
    if (closure != nullptr) spawn(me, *closure);  // finds room: the pop has just made it
    return false;
  }
  if (closure == nullptr) closure = injected_.pop();
  if (closure == nullptr) closure = steal(me);
  if (closure == nullptr) return false;
  ++me.helping;
  run(me, *closure);
  --me.helping;
  return true;
}

bool Pool::has_work() const noexcept {
  if (!posted_.empty() || !injected_.empty()) return true;
  const std::size_t count = worker_count_.load(std::memory_order_seq_cst);
  for (std::size_t index = 0; index < count; ++index) {
    if (!worker(index).deque.empty()) return true;
  }
  return false;
}

bool Pool::has_work_now() const noexcept {
  if (has_work()) return true;
  // The fence costs a wake-up for posted work as much as the wake-up itself: not where no group was ever used.
  if (!has_heavy_fence() || !forks()) return false;
  heavy_fence();
  return has_work();
}

bool Pool::forks() const noexcept {
  const std::size_t count = worker_count_.load(std::memory_order_seq_cst);
  if (count == 1) return false;  // the worker that asks sees what it has queued itself
  for (std::size_t index = 0; index < count; ++index) {
    if (worker(index).deque.used()) return true;
  }
  return false;
}

}  // namespace baton::detail
