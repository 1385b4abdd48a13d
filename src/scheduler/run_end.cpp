// SPDX-License-Identifier: MIT
// How a run ends, and how threads wait for that.
#include "scheduler/run_core.hpp"

#include "base/fault_point.hpp"
#include "scheduler/scheduler_core.hpp"
#include "scheduler/slice.hpp"

#include <algorithm>

namespace baton::detail {
namespace {

// What a body holds while it runs, its thread gives back while it sleeps: its seat, so that others can go on with its
// run, and its hold on the clock, so that virtual time can reach what it waits for.
void let_go(BodyFrame* innermost) noexcept {
  for (BodyFrame* frame = innermost; frame != nullptr; frame = frame->outer) {
    if (frame->sleeps.fetch_add(1, std::memory_order_acq_rel) != 0) continue;
    if (frame->slice == nullptr || !frame->slice->give_up_seat()) frame->run->scheduler().clock.release();
  }
}

// Two parts, as time must stand still from the moment on at which nobody else would see to that, which is under a lock,
// and moving it on takes locks. The holds come first: a thread may be about to let go again.
void hold_clocks(BodyFrame* innermost) noexcept {
  for (BodyFrame* frame = innermost; frame != nullptr; frame = frame->outer) frame->run->scheduler().clock.hold();
}

void wake_up(BodyFrame* innermost) noexcept {
  for (BodyFrame* frame = innermost; frame != nullptr; frame = frame->outer) {
    if (frame->sleeps.fetch_sub(1, std::memory_order_acq_rel) != 1) frame->run->scheduler().clock.release();
  }
}

/// What a callback throws is counted.
void call_back(const std::function<void(const Run&)>& callback, const Run& run,
               std::atomic<std::uint64_t>& errors) noexcept {
  try {
    callback(run);
  } catch (...) {
    errors.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace

// ---- The end ----

void RunCore::count_ended(std::uint64_t tasks) noexcept {
  if (tasks != 0 && left_.fetch_sub(tasks, std::memory_order_acq_rel) == tasks) decide();
}

void RunCore::decide() noexcept {
  const bool cancelled = any_cancelled_.load(std::memory_order_relaxed);
  const bool failed = any_failed_.load(std::memory_order_relaxed);
  const bool was_cancelled = cancelled && ((attention() & cancelling) != 0 || !failed);
  const RunState end = was_cancelled ? RunState::cancelled : failed ? RunState::failed : RunState::succeeded;
  if ((attention() & observed) != 0) {
    Event event{};
    event.kind = Event::Kind::run_ended;
    event.run_state = end;
    std::string cause;
    try {
      if (was_cancelled) cause = cancel_cause();
    } catch (const std::bad_alloc&) {  // then observers are not told why
    }
    event.cause = cause;
    tell(event);
  }
  if (deadline_) scheduler_.timers.remove(*this, Seat::no_task, TimerKind::run);
  yield_point("decide");
  scheduler_.watch.close(*this);  // first: who has waited may shut the executor down
  std::vector<std::function<void(const Run&)>> callbacks;
  yield_point("decide: about to say so");
  {
    const std::lock_guard lock(mutex_);
    const Unbroken one_step;
    state_.store(end, std::memory_order_seq_cst);
    callbacks.swap(callbacks_);
    for (const SleepingFrame* sleeping = std::exchange(sleeping_frames_, nullptr); sleeping != nullptr;
         sleeping = sleeping->next) {
      hold_clocks(sleeping->innermost);
      wake_up(sleeping->innermost);
    }
    changed_.notify_all();
  }
  yield_point("decide: said");
  if (!callbacks.empty()) {
    reference();
    const Run self(this);
    for (const auto& callback : callbacks) call_back(callback, self, *errors_);
  }
  drop();  // the reference of the undecided run
}

void RunCore::on_end(std::function<void(const Run&)> callback) {
  yield_point("on_end");
  {
    const std::lock_guard lock(mutex_);
    if (state() == RunState::running) {
      fault_point(FaultPoint::end_callback);
      callbacks_.push_back(std::move(callback));
      return;
    }
  }
  reference();
  call_back(callback, Run(this), *errors_);
}

// ---- Waiting ----

namespace {

std::string name_of(const BodyFrame& frame) {
  return frame.task < frame.run->data().task_count ? frame.run->label(frame.task) : "a callback";
}

}  // namespace

void BodyFrame::check_stack() {
  constexpr std::size_t most_bodies = 100;
  const BodyFrame* const top = innermost();
  std::size_t bodies = 0;
  for (const BodyFrame* frame = top; frame != nullptr; frame = frame->outer) ++bodies;
  if (bodies <= most_bodies) return;
  throw UsageError(name_of(*top) + " of " + top->run->describe() + " waits for another run, and " +
                   std::to_string(most_bodies) +
                   " bodies wait further down on the same thread, whose stack could overflow; a sub-workflow waits "
                   "without a thread");
}

void RunCore::check_wait_is_possible() const {
  const BodyFrame* const top = BodyFrame::innermost();
  for (const BodyFrame* frame = top; frame != nullptr; frame = frame->outer) {
    if (frame->run != this) continue;
    const std::string what =
        frame == top ? "its own run"
                     : describe() + ", whose " + name_of(*frame) + " is waiting further down on the same thread";
    throw UsageError(name_of(*top) + " of " + top->run->describe() + " waits for " + what + ": neither could ever end");
  }
  BodyFrame::check_stack();
}

Executor* RunCore::executor_here() const noexcept {
  if (const BodyFrame* const frame = BodyFrame::innermost()) return frame->executor;
  return executor_.on_worker() ? &executor_ : nullptr;
}

void RunCore::wait() {
  if (state() != RunState::running) return;
  check_wait_is_possible();
  Executor* const here = executor_here();
  if (here == &executor_) {
    work_along(nullptr);
  } else {
    // Bodies of this run belong on its own executor: this thread only waits.
    while (state() == RunState::running) sleep(here, Sleep::serving_others, SteadyTime::max());
  }
}

bool RunCore::wait_for(Duration timeout) {
  const SteadyTime now = engine_time();
  const SteadyTime until = timeout < SteadyTime::max() - now ? now + timeout : SteadyTime::max();
  while (state() == RunState::running && engine_time() < until) sleep(executor_here(), Sleep::idle, until);
  return state() != RunState::running;
}

void RunCore::work_along(Seat* seat) {
  if (!try_keep()) return;  // quiet already; otherwise it stays so that seats may be taken until this returns
  Executor* const here = executor_here();
  Duration patience = std::chrono::milliseconds(1);
  bool is_of_use = true;  // as far as the last attempt told
  while (state() == RunState::running) {
    if (seat == nullptr && is_of_use && anything_to_do()) seat = take_seat();
    if (seat != nullptr) {
      is_of_use = Slice(*this, *seat, here).work_until_dry();
      seat = nullptr;
      patience = std::chrono::milliseconds(1);
      continue;
    }
    is_of_use = true;
    // Bounded, since others' work may reach an executor that only this thread drives.
    seat = sleep(here, Sleep::helping, engine_time() + patience);
    patience = std::min<Duration>(2 * patience, std::chrono::milliseconds(100));
  }
  if (seat != nullptr) Slice(*this, *seat, here).work_until_dry();
  drop();
}

Seat* RunCore::sleep(Executor* here, Sleep kind, SteadyTime until) {
  BodyFrame* const frame = BodyFrame::innermost();
  const bool helps = kind == Sleep::helping;
  Executor& driven = here != nullptr ? *here : executor_;
  std::unique_lock lock(mutex_);
  if (state() != RunState::running) return nullptr;
  SleepingFrame sleeping{frame};
  if (frame != nullptr) sleeping.next = std::exchange(sleeping_frames_, &sleeping);
  lock.unlock();
  yield_point("sleep: listed");
  let_go(frame);
  // Without a replacement, work that this run may depend on has no thread but this one.
  const bool replaced = here != nullptr && here->begin_blocking();
  while (kind != Sleep::idle && !replaced && state() == RunState::running && driven.try_run_one()) {
  }
  if (here != nullptr && !replaced) {
    until = std::min(until, engine_time() + std::chrono::milliseconds(1));
  }
  lock.lock();
  if (helps) sleeping_helpers_.fetch_add(1, std::memory_order_seq_cst);  // not before: until here it may be busy
  Seat* seat = nullptr;
  const auto woken = [&] {
    if (state() != RunState::running || (helps && handed_seats_ != nullptr)) return true;
    if (helps) seat = revoke_seat();  // all threads of the executor may be busy for long
    return seat != nullptr;
  };
  if (until == SteadyTime::max()) {
    changed_.wait(lock, "wait for a run", woken);
  } else {
    changed_.wait_until(lock, "wait for a run", until, woken);
  }
  if (helps) {
    sleeping_helpers_.fetch_sub(1, std::memory_order_seq_cst);
    if (seat == nullptr && handed_seats_ != nullptr) {
      seat = std::exchange(handed_seats_, handed_seats_->next_handed);
      --handed_count_;
    }
  }
  // decide() takes the holds back for the threads that it finds, so that no time passes before they wake. This one is
  // not found any more.
  SleepingFrame** link = &sleeping_frames_;
  while (*link != nullptr && *link != &sleeping) link = &(*link)->next;
  const bool taken_back = *link == nullptr;
  if (!taken_back) *link = sleeping.next;
  if (!taken_back) hold_clocks(frame);
  lock.unlock();
  yield_point("sleep: over");
  if (!taken_back) wake_up(frame);
  if (here != nullptr) here->end_blocking();
  return seat;
}

bool RunCore::hand_to_helper(Seat& seat) noexcept {
  if (sleeping_helpers_.load(std::memory_order_seq_cst) == 0) return false;
  yield_point("hand to a helper");
  const std::lock_guard lock(mutex_);
  // Under the lock a counted helper is asleep, and takes one seat when it wakes.
  if (sleeping_helpers_.load(std::memory_order_relaxed) <= handed_count_) return false;
  seat.next_handed = std::exchange(handed_seats_, &seat);
  ++handed_count_;
  changed_.notify_all();
  return true;
}

void RunCore::wake_helpers() noexcept {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

}  // namespace baton::detail
