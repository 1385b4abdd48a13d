// SPDX-License-Identifier: MIT
#include "scheduler/watch.hpp"

#include "scheduler/run_core.hpp"

#include <algorithm>

namespace baton::detail {
namespace {

constexpr auto tick = std::chrono::microseconds(500);
// Without runs the thread goes on for a while: the next one often comes soon, and waking it costs more than a run.
constexpr int idle_ticks = 40;

}  // namespace

Watch::~Watch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool Watch::add(RunCore& run) noexcept try {
  if (run.watched.load(std::memory_order_relaxed)) return true;
  const std::lock_guard lock(mutex_);
  if (run.watched.load(std::memory_order_relaxed)) return true;
  if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
  runs_.push_back(&run);
  run.watch_index = runs_.size() - 1;
  run.watch_bodies = run.bodies_started();
  run.watched.store(true, std::memory_order_seq_cst);
  // decide() stores the state and then reads `watched`; here it is the other way round, so that one sees the other.
  if (run.state_in_order() != RunState::running) {
    runs_.pop_back();
    run.watch_index = SIZE_MAX;
  } else if (asleep_) {
    changed_.notify_all();
  }
  return true;
} catch (...) {
  return false;
}

void Watch::remove(RunCore& run) noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t index = run.watch_index;
  if (index >= runs_.size() || runs_[index] != &run) return;
  runs_[index] = runs_.back();
  runs_[index]->watch_index = index;
  runs_.pop_back();
}

void Watch::serve() {
  std::unique_lock lock(mutex_);
  int idle = 0;
  auto last = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration spent{};
  while (!stopping_) {
    idle = runs_.empty() ? idle + 1 : 0;
    if (idle > idle_ticks) {
      asleep_ = true;
      changed_.wait(lock, [&] { return stopping_ || !runs_.empty(); });
      asleep_ = false;
    } else {
      changed_.wait_for(lock, std::max<std::chrono::steady_clock::duration>(tick, 20 * spent),
                        [&] { return stopping_; });
    }
    const auto begin = std::chrono::steady_clock::now();
    look(begin - last);
    last = begin;
    lock.unlock();
    for (RunCore* const run : slow_) {
      run->call_for_help();
      run->drop();
    }
    slow_.clear();
    spent = std::chrono::steady_clock::now() - begin;
    lock.lock();
  }
}

void Watch::look(std::chrono::steady_clock::duration since_last) {
  for (RunCore* const run : runs_) {
    const std::uint64_t bodies = run->bodies_started();
    const std::uint64_t started = bodies - std::exchange(run->watch_bodies, bodies);
    if (!is_brisk(started, since_last) && run->needs_help() && run->try_keep()) slow_.push_back(run);
  }
}

}  // namespace baton::detail
