// SPDX-License-Identifier: MIT
#include "pool.hpp"

#include <algorithm>

namespace baton::detail {

void Pool::call_idle() noexcept {
  Worker* called = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (idle_.empty() || searching_.load(std::memory_order_seq_cst) != 0) return;
    called = idle_.back();
    searching_.fetch_add(1, std::memory_order_seq_cst);  // from now on other producers rely on it
    unlist_idle_locked(*called);
    call_locked(*called, true);
  }
  called->wakeup.notify();  // outside the lock, which the worker takes first of all
}

// Returns whether the worker now counts as searching.
bool Pool::sleep(Worker& me) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_.load(std::memory_order_relaxed)) return false;
    if (surplus()) {
      list_spare_locked(me);
    } else {
      list_idle_locked(me);
    }
  }
  return sleep_while_listed(me);
}

// Between two pieces of work.
void Pool::retire_if_surplus(Worker& me) noexcept {
  if (!surplus()) return;
  {
    const std::lock_guard lock(mutex_);
    if (!surplus() || !me.deque.empty()) return;
    list_spare_locked(me);
  }
  sleep_while_listed(me);
}

// Returns whether the worker now counts as searching.
bool Pool::sleep_while_listed(Worker& me) noexcept {
  for (;;) {
    doze(me);
    const std::lock_guard lock(mutex_);
    if (me.state == Worker::State::active) return me.counted;
    if (me.state == Worker::State::idle && has_work()) {
      unlist_idle_locked(me);
      me.state = Worker::State::active;
      // Of all that was published while this thread was the searcher it may be the only one to know: (2).
      searching_.fetch_add(1, std::memory_order_seq_cst);
      return true;
    }
  }
}

// Sleeps once, unless the worker was called meanwhile or, being idle, sees work.
void Pool::doze(Worker& me) noexcept {
  const auto idle = [&me] { return me.listed_idle.load(std::memory_order_relaxed); };  // may end at any time: harmless
  const auto called = [&me] { return me.called.load(std::memory_order_seq_cst); };
  const EventCount::Key key = me.wakeup.announce();
  if (!called() && !(idle() && has_work_now())) {
    me.parks.add_one();
    if (!me.wakeup.wait_until(key, deadline_after(options_.park_limit)) && idle() && stuck(me)) {
      // Perhaps its producer is just about to call somebody: a wake-up is lost only if nobody comes for it.
      const std::uint64_t before = progress();
      const bool noticed = me.wakeup.wait_until(key, deadline_after(lost_after));
      if (!noticed && idle() && stuck(me) && progress() == before) me.rescued.add_one();
    }
  }
  me.wakeup.retract();
}

// The lists have room for all workers, see the constructor.
void Pool::list_idle_locked(Worker& me) noexcept {
  me.state = Worker::State::idle;
  me.listed_idle.store(true, std::memory_order_relaxed);
  me.called.store(false, std::memory_order_relaxed);
  idle_.push_back(&me);
  sleeping_.fetch_add(1, std::memory_order_seq_cst);
  if (closing_.load(std::memory_order_relaxed)) try_stop_locked();
}

// No last look for work is needed: as long as there is a surplus nobody is idle, and the others will look.
void Pool::list_spare_locked(Worker& me) noexcept {
  me.state = Worker::State::spare;
  me.listed_idle.store(false, std::memory_order_relaxed);
  me.called.store(false, std::memory_order_relaxed);
  spares_.push_back(&me);
  unblocked_.fetch_sub(1, std::memory_order_relaxed);
  if (closing_.load(std::memory_order_relaxed)) try_stop_locked();
}

void Pool::unlist_idle_locked(Worker& me) noexcept {
  idle_.erase(std::find(idle_.begin(), idle_.end(), &me));
  sleeping_.fetch_sub(1, std::memory_order_seq_cst);
}

void Pool::call_locked(Worker& worker, bool counted) noexcept {
  worker.state = Worker::State::active;
  worker.counted = counted;
  worker.called.store(true, std::memory_order_seq_cst);
}

void Pool::try_stop_locked() noexcept {
  if (idle_.size() + spares_.size() != worker_count() || has_work()) return;
  // Outside threads bring bodies only to injected_. When posted_ then turns out to have got something, the pool goes
  // on, and only new bodies from outside are refused.
  if (!injected_.close() || !posted_.close()) return;
  stopped_.store(true, std::memory_order_release);
  for (std::vector<Worker*>* const list : {&idle_, &spares_}) {
    for (Worker* const worker : *list) {
      call_locked(*worker, false);
      worker->wakeup.notify();
    }
    list->clear();
  }
  sleeping_.store(0, std::memory_order_seq_cst);
  event_of(this).notify();
}

// Work is queued, and nobody has been asked to take it.
bool Pool::stuck(const Worker& me) const noexcept {
  return !me.called.load(std::memory_order_seq_cst) && searching_.load(std::memory_order_seq_cst) == 0 && has_work();
}

std::uint64_t Pool::progress() const noexcept {
  std::uint64_t begun = 0;
  for (std::size_t index = 0; index < worker_count(); ++index) {
    begun += worker(index).posted_run.value() + worker(index).closures_run.value();
  }
  return begun;
}

}  // namespace baton::detail
