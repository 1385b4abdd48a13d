// SPDX-License-Identifier: MIT
#include "scheduler/watch.hpp"

#include "base/fault_point.hpp"
#include "scheduler/run_core.hpp"

#include <algorithm>
#include <utility>

namespace baton::detail {
namespace {

constexpr auto tick = std::chrono::microseconds(500);
// While nothing is started, as during one long body, it looks less often after a while.
constexpr auto slow_tick = std::chrono::milliseconds(5);
constexpr int quiet_ticks = 40;
// With very many runs it looks less often too, so as to take a twentieth of a core; but how long a look took may be due
// to the system, which had other work for this thread's core.
constexpr auto longest_tick = std::chrono::milliseconds(50);
// Without runs the thread goes on for a while: the next one often comes soon, and waking it costs more than a run.
constexpr int idle_ticks = 40;

}  // namespace

Watch::~Watch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.is_started()) thread_.join();
}

bool Watch::add(RunCore& run) noexcept try {
  if (run.watch.state.load(std::memory_order_relaxed) != Entry::off) return true;
  const std::lock_guard lock(mutex_);
  if (!thread_.is_started()) {
    fault_point(FaultPoint::watch_thread);
    thread_.start("watch", [this] { serve(); });
  }
  runs_.reserve(runs_.size() + 1);
  auto expected = Entry::off;
  // close() turns the state and then takes the lock if it was on: one of both sees the other.
  if (!run.watch.state.compare_exchange_strong(expected, Entry::on)) return true;
  run.watch.index = runs_.size();
  run.watch.bodies = run.bodies_started();
  runs_.push_back(&run);
  quiet_ = 0;
  if (std::exchange(dozes_, false)) changed_.notify_all();
  return true;
} catch (...) {
  return false;
}

void Watch::close(RunCore& run) noexcept {
  if (run.watch.state.exchange(Entry::closed) != Entry::on) return;
  yield_point("watch: close");
  std::unique_lock lock(mutex_);
  take_off(run);
  // What an executor does in `post` may be to run the work at once: then this is further up on the watch's own stack.
  if (thread_.is_this()) return;
  helped_.wait(lock, "watch: it calls for help", [&] { return being_helped_ != &run; });
}

void Watch::take_off(RunCore& run) noexcept {
  runs_[run.watch.index] = runs_.back();
  runs_[run.watch.index]->watch.index = run.watch.index;
  runs_.pop_back();
}

void Watch::serve() {
  std::unique_lock lock(mutex_);
  int idle = 0;  // ticks without runs
  auto last = engine_time();
  std::chrono::steady_clock::duration spent{};
  while (!stopping_) {
    idle = runs_.empty() ? idle + 1 : 0;
    dozes_ = idle > idle_ticks || (quiet_ > quiet_ticks && !runs_.empty());
    if (idle > idle_ticks) {
      changed_.wait(lock, "watch: no runs", [&] { return stopping_ || !dozes_; });
    } else {
      const auto patience = std::clamp<std::chrono::steady_clock::duration>(20 * spent, tick, longest_tick);
      const bool doze = dozes_;
      changed_.wait_until(lock, "watch: a tick", engine_time() + (doze ? slow_tick : patience),
                          [&] { return stopping_ || dozes_ != doze; });
    }
    const auto begin = engine_time();
    look(begin - last);
    last = begin;
    for (RunCore* const run : slow_) help(lock, *run);
    slow_.clear();
    for (RunCore* const run : at_rest_) drop(lock, *run);
    at_rest_.clear();
    spent = engine_time() - begin;
  }
}

/// Finds the runs that need help, and those that need no watching for now; keeps both.
void Watch::look(std::chrono::steady_clock::duration since_last) {
  ++quiet_;
  for (std::size_t at = runs_.size(); at-- > 0;) {
    RunCore& run = *runs_[at];
    const std::uint64_t bodies = run.bodies_started();
    const std::uint64_t started = bodies - std::exchange(run.watch.bodies, bodies);
    if (started != 0) quiet_ = 0;
    const bool rests = started == 0 && run.is_at_rest();
    const bool slow = !rests && !is_brisk(started, since_last) && run.needs_help();
    if ((!rests && !slow) || !run.try_keep()) continue;
    if (slow) {
      slow_.push_back(&run);
    } else {
      at_rest_.push_back(&run);
      let_rest(run);
    }
  }
}

void Watch::let_rest(RunCore& run) noexcept {
  auto expected = Entry::on;
  if (!run.watch.state.compare_exchange_strong(expected, Entry::off)) return;  // close() is about to take it off
  take_off(run);
  // Who came meanwhile may rely on the watch; and may have added the run itself, or closed it.
  auto off = Entry::off;
  if (run.neglect() || !run.watch.state.compare_exchange_strong(off, Entry::on)) return;
  run.watch.index = runs_.size();
  runs_.push_back(&run);  // there is room: it was there
}

void Watch::drop(std::unique_lock<std::mutex>& lock, RunCore& run) {
  lock.unlock();
  yield_point("watch: drop");
  run.drop();
  lock.lock();
}

void Watch::help(std::unique_lock<std::mutex>& lock, RunCore& run) {
  if (run.watch.state.load() == Entry::on) {
    being_helped_ = &run;
    lock.unlock();
    yield_point("watch: help");
    run.call_for_help();
    lock.lock();
    being_helped_ = nullptr;
    helped_.notify_all();
  }
  drop(lock, run);
}

}  // namespace baton::detail
