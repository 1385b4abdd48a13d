// SPDX-License-Identifier: MIT
#include <baton/executor/task_group.hpp>

#include "pool.hpp"
#include "spin.hpp"

#include <baton/base/error.hpp>

#include <cstdio>
#include <cstdlib>

namespace baton {

TaskGroup::TaskGroup(ThreadPool& pool) noexcept : pool_(pool.pool_.get()), owner_(pool_->current()) {}

detail::Closure* TaskGroup::take_cell() {
  return detail::this_worker != nullptr ? detail::this_worker->take_cell() : new detail::Closure;
}

void TaskGroup::give_back(detail::Closure& cell) noexcept {
  if (detail::this_worker != nullptr) {
    detail::this_worker->give_back(cell);
  } else {
    delete &cell;
  }
}

void TaskGroup::start(detail::Closure& closure) {
  closure.group = this;
  detail::Worker* const me = detail::this_worker;
  if (me != nullptr && me == owner_) {
    ++local_;
    pool_->spawn(*me, closure);
    return;
  }
  shared_.fetch_add(2, std::memory_order_relaxed);  // seen by whoever sees the closure
  if (me != nullptr && &me->pool == pool_) {
    pool_->spawn(*me, closure);
  } else if (!pool_->inject(closure)) {
    shared_.fetch_sub(2, std::memory_order_relaxed);
    closure.end(closure, detail::Closure::Action::drop);
    give_back(closure);
    throw UsageError("TaskGroup::run: the pool was shut down");
  }
}

void TaskGroup::keep_error() noexcept {
  // Whoever waits reads it when the bodies have ended, which is ordered by shared_.
  if (failures_.fetch_add(1, std::memory_order_relaxed) == 0) error_ = std::current_exception();
}

void TaskGroup::wait() {
  if (owner_ != nullptr && owner_ != detail::this_worker) {
    throw UsageError("TaskGroup::wait: called on another thread than the worker that made the group");
  }
  await();
  failures_reported_ = failures_.load(std::memory_order_relaxed);
  if (failures_reported_ != 0) {
    failures_.store(0, std::memory_order_relaxed);
    std::rethrow_exception(std::exchange(error_, nullptr));
  }
}

void TaskGroup::finish() noexcept {
  if (owner_ != nullptr && owner_ != detail::this_worker) {
    std::fputs("baton: a TaskGroup with bodies still to run is destroyed on another thread than its own\n", stderr);
    std::abort();
  }
  await();
}

void TaskGroup::await() noexcept {
  detail::Worker* const me = pool_->current();
  detail::Spin spin;
  while (!ended()) {
    if (me != nullptr && pool_->help(*me, *this)) {
      spin = {};
    } else if (me == nullptr || !spin.again()) {
      sleep(me);
    }
  }
  if (local_ != 0) {
    local_ = 0;
    shared_.store(0, std::memory_order_relaxed);  // the owner alone is left
  }
}

void TaskGroup::sleep(detail::Worker* me) noexcept {
  if (local_ != 0) {  // from now on whoever ends the last body sees that it is the last
    shared_.fetch_add(2 * std::exchange(local_, 0), std::memory_order_relaxed);
  }
  const detail::BlockingScope scope;
  const bool only_sleep = me == nullptr || scope.replaced();
  // Without a replacement this worker has to look again and again whether it can help.
  constexpr Duration look_again = std::chrono::milliseconds{10};
  do {
    const bool sound = detail::sleep_unless(detail::event_of(this), only_sleep ? pool_->park_limit() : look_again,
                                            [this] { return announce_sleep(); });
    if (!sound) pool_->count_rescued();
  } while (only_sleep && !ended());
  if (ended()) shared_.fetch_and(~std::int64_t{1}, std::memory_order_relaxed);
}

bool TaskGroup::ended() const noexcept { return local_ + (shared_.load(std::memory_order_acquire) >> 1) == 0; }

// Returns whether there is no need to sleep.
bool TaskGroup::announce_sleep() noexcept { return (shared_.fetch_or(1, std::memory_order_acq_rel) >> 1) == 0; }

}  // namespace baton
