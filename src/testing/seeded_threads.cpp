// SPDX-License-Identifier: MIT
#include "testing/seeded_threads.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace baton::detail {

using Role = SeededThread::Role;
using State = SeededThread::State;

namespace {

constinit thread_local SeededThread* this_thread = nullptr;

// How often time may leap to the next deadline while nothing else happens. Loops that look again and again end by it.
constexpr std::uint32_t most_leaps = 200;
// How long threads that do not take part have for bringing what all others wait for.
constexpr auto patience = std::chrono::milliseconds(10'000);

}  // namespace

SeededThreads::SeededThreads(std::uint64_t seed, const SeededOptions& options) : options_(options) {
  threads_.push_back(std::make_unique<SeededThread>(0));
  threads_[0]->role = Role::host;
  threads_[0]->name = "host";
  trace_.resize(std::max<std::size_t>(options.trace_length, 1));
  lockstep_count.fetch_add(1, std::memory_order_relaxed);
  set_own_lockstep(this);
  this_thread = threads_[0].get();
  try {
    begin(seed);
  } catch (...) {
    // Of the threads that were started none has had its turn.
    stopping_ = true;
    for (const auto& thread : threads_) {
      if (!thread->thread.joinable()) continue;
      hand_over(*threads_[0], *thread);
    }
    set_own_lockstep(nullptr);
    this_thread = nullptr;
    lockstep_count.fetch_sub(1, std::memory_order_relaxed);
    throw;
  }
}

SeededThreads::~SeededThreads() {
  if (this_thread != threads_[0].get()) {
    end_process(stuck_ ? "a SeededExecutor that is stuck is destroyed; its threads never end"
                       : "a SeededExecutor is destroyed on another thread than its host");
  }
  try {
    run_until_idle();
  } catch (const SeededStuck& stuck) {
    end_process(stuck.what());
  } catch (...) {
    // Nobody is left to be told.
  }
  if (!waiting().empty()) end_process("a SeededExecutor is destroyed while threads of it wait");
  stopping_ = true;
  for (const auto& thread : threads_) {
    if (thread->thread.joinable()) hand_over(*threads_[0], *thread);
  }
  set_own_lockstep(nullptr);
  this_thread = nullptr;
  lockstep_count.fetch_sub(1, std::memory_order_relaxed);
}

// All that a seed decides for a whole interleaving. Some of it is far from even on purpose: a fault that needs one
// switch at one point is found by seeds that switch seldom, one that needs many by those that switch often.
void SeededThreads::begin(std::uint64_t seed) {
  constexpr std::uint32_t odds[] = {1, 2, 4, 8, 16, 32};
  constexpr std::int64_t ticks[] = {20, 500, 5'000, 100'000};
  seed_ = seed;
  random_ = SeededRandom(SeededRandom::mix(seed));
  switch_odds_ = odds[random_.below(std::size(odds))];
  tick_ = ticks[random_.below(std::size(ticks))];
  most_workers_ = options_.workers + random_.below(static_cast<std::uint32_t>(options_.spare_workers) + 1);
  wakes_for_nothing_ = random_.one_in(2);
  now_ = SteadyTime(std::chrono::hours(1));
  steps_ = 0;
  progress_ = 0;
  leaps_ = 0;
  starved_ = {};
  fingerprint_ = seed;
  workers_ = 0;
  busy_ = 0;
  error_ = nullptr;
  for (const auto& thread : threads_) {
    if (thread->role != Role::host) thread->role = Role::none;
  }
  threads_[0]->weight = draw_weight();
  while (workers_ < options_.workers) {
    take_thread(Role::worker, "worker " + std::to_string(workers_ + 1));
    ++workers_;
  }
}

void SeededThreads::restart(std::uint64_t seed) {
  run_until_idle();
  const bool has_posted = [this] {
    const std::lock_guard lock(mutex_);
    return !posted_.empty();
  }();
  const auto is_at_work = [](const auto& thread) {
    return thread->role != Role::host && thread->role != Role::none && thread->state != State::idle;
  };
  if (has_posted || std::any_of(threads_.begin(), threads_.end(), is_at_work)) {
    throw UsageError("SeededExecutor::restart: threads of it wait, or a scheduler on it has not been destroyed");
  }
  begin(seed);
}

// ---- Threads ----

SeededThread& SeededThreads::take_thread(Role role, std::string name) {
  const auto found =
      std::find_if(threads_.begin(), threads_.end(), [](const auto& thread) { return thread->role == Role::none; });
  SeededThread* thread = found == threads_.end() ? nullptr : found->get();
  if (thread == nullptr) {
    candidates_.reserve(threads_.size() + 1);
    threads_.push_back(std::make_unique<SeededThread>(threads_.size()));
    thread = threads_.back().get();
    try {
      thread->thread = std::thread([this, thread] { serve(*thread); });
    } catch (...) {
      threads_.pop_back();
      throw;
    }
  }
  thread->role = role;
  thread->state = State::idle;
  thread->name = std::move(name);
  thread->weight = draw_weight();
  thread->masks = 0;
  thread->blocking = 0;
  return *thread;
}

void SeededThreads::add_thread(Role role, std::string name, std::function<void()> body) {
  SeededThread& thread = take_thread(role, std::move(name));
  thread.body = std::move(body);
  thread.place = "begin";
  thread.state = State::ready;
  ++progress_;
}

void SeededThreads::start_thread(const char* name, std::function<void()> body) {
  add_thread(Role::engine, name, std::move(body));
}

void SeededThreads::serve(SeededThread& me) noexcept {
  set_own_lockstep(this);
  this_thread = &me;
  await_turn(me);
  while (!stopping_) {
    if (me.role == Role::worker) {
      run_work();
    } else {
      try {
        me.body();
      } catch (...) {
        if (error_ == nullptr) error_ = std::current_exception();
      }
      me.body = nullptr;
      me.role = Role::none;
    }
    me.state = State::idle;
    ++progress_;
    switch_from(me);
  }
  // The host waits for the end of this thread, in which thread-local objects of the test may end.
  give_turn(*threads_[0]);
}

void SeededThreads::await_turn(SeededThread& me) noexcept {
  if (me.index == 0) {  // the role belongs to whose turn it is
    await_turn_of_host(me);
    return;
  }
  while (me.turn.exchange(0, std::memory_order_acquire) == 0) me.turn.wait(0, std::memory_order_relaxed);
}

// The host is there to see whether those whose turn it is do anything.
void SeededThreads::await_turn_of_host(SeededThread& host) noexcept {
  std::unique_lock lock(mutex_);
  while (host.turn.load(std::memory_order_acquire) == 0) {
    const std::uint64_t before = turns_.load(std::memory_order_relaxed);
    const bool came =
        host_called_.wait_for(lock, options_.patience, [&] { return host.turn.load(std::memory_order_acquire) != 0; });
    if (!came && turns_.load(std::memory_order_relaxed) == before) {
      std::fprintf(stderr,
                   "baton: SeededExecutor with seed %llu: '%s' keeps its turn since '%s' for longer than "
                   "SeededOptions::patience: it blocks, or is in a loop without a step\n",
                   static_cast<unsigned long long>(seed_), holder_.load()->name.c_str(), holder_.load()->place);
      std::abort();
    }
  }
  host.turn.store(0, std::memory_order_relaxed);
}

void SeededThreads::give_turn(SeededThread& next) noexcept {
  holder_.store(&next, std::memory_order_relaxed);
  turns_.fetch_add(1, std::memory_order_relaxed);
  if (next.role == Role::host) {
    const std::lock_guard lock(mutex_);
    next.turn.store(1, std::memory_order_release);
    host_called_.notify_one();
  } else {
    next.turn.store(1, std::memory_order_release);
    next.turn.notify_one();
  }
}

void SeededThreads::hand_over(SeededThread& me, SeededThread& next) noexcept {
  const bool stopping = stopping_;
  give_turn(next);
  await_turn(me);
  if (stopping) next.thread.join();
}

void SeededThreads::switch_from(SeededThread& me) noexcept {
  SeededThread* next = choose(me);
  // Threads that do not take part may bring what all others wait for.
  constexpr auto pause = std::chrono::milliseconds(1);
  for (; next == nullptr && starved_ < patience; starved_ += pause) {
    std::this_thread::sleep_for(pause);
    refresh_waits();
    next = choose(me);
  }
  if (next == nullptr) end_process("no thread can go on, and the host waits for one of them");
  fingerprint_ = SeededRandom::mix(fingerprint_ ^ (steps_ * 64 + next->index));
  if (next != &me) hand_over(me, *next);
}

// ---- Choosing ----

std::uint32_t SeededThreads::draw_weight() noexcept { return 1U << (2 * random_.below(4)); }

bool SeededThreads::can_go_on(const SeededThread& thread) const noexcept {
  switch (thread.state) {
    case State::idle:
      return false;
    case State::ready:
      return thread.role != Role::none;
    case State::waiting:
      break;
  }
  if (thread.for_idle) return false;
  if (thread.notified || thread.until <= now_) return true;
  return thread.condition == nullptr && thread.seen != progress_;
}

bool SeededThreads::has_work() const noexcept {
  const std::lock_guard lock(mutex_);
  return !posted_.empty();
}

SeededThread* SeededThreads::idle_worker(const SeededThread* preferred) const noexcept {
  SeededThread* found = nullptr;
  for (const auto& thread : threads_) {
    if (thread->role != Role::worker || thread->state != State::idle) continue;
    if (found == nullptr || thread.get() == preferred) found = thread.get();
  }
  return found;
}

SeededThread* SeededThreads::choose(const SeededThread& me) noexcept {
  if (stuck_) return threads_[0].get();
  candidates_.clear();
  for (const auto& thread : threads_) {
    if (can_go_on(*thread)) candidates_.push_back(thread.get());
  }
  // Which of the workers that have nothing to do takes work makes no difference, but the calling thread is at hand.
  if (busy_ < options_.workers && has_work()) {
    if (SeededThread* const worker = idle_worker(&me)) candidates_.push_back(worker);
  }
  if (candidates_.empty()) return choose_when_all_wait();
  if (wakes_for_nothing_ && random_.one_in(8)) add_a_waiting_one();
  return choose_candidate();
}

// A wait may end although nobody ended it. Not with every seed, as that would hide that somebody should have.
void SeededThreads::add_a_waiting_one() noexcept {
  const std::size_t ready = candidates_.size();
  for (const auto& thread : threads_) {
    const bool waits = thread->role != Role::none && thread->state == State::waiting && !thread->for_idle;
    if (waits && !can_go_on(*thread)) candidates_.push_back(thread.get());
  }
  if (candidates_.size() == ready) return;
  const auto chosen = static_cast<std::size_t>(random_.below(static_cast<std::uint32_t>(candidates_.size() - ready)));
  candidates_[ready] = candidates_[ready + chosen];
  candidates_.resize(ready + 1);
}

SeededThread* SeededThreads::choose_candidate() noexcept {
  if (candidates_.size() == 1) return candidates_.front();
  if (random_.one_in(16)) {
    for (SeededThread* const each : candidates_) each->weight = draw_weight();
  }
  std::uint32_t sum = 0;
  for (const SeededThread* const each : candidates_) sum += each->weight;
  std::uint32_t drawn = random_.below(sum);
  for (SeededThread* const each : candidates_) {
    if (drawn < each->weight) return each;
    drawn -= each->weight;
  }
  return candidates_.back();
}

SeededThread* SeededThreads::choose_when_all_wait() noexcept {
  SeededThread* first = nullptr;
  for (const auto& thread : threads_) {
    if (thread->state != State::waiting || thread->for_idle || thread->until == SteadyTime::max()) continue;
    if (first == nullptr || thread->until < first->until) first = thread.get();
  }
  if (first != nullptr && leaps_ < most_leaps) {
    ++leaps_;
    now_ = first->until;
    return first;
  }
  SeededThread& host = *threads_[0];
  if (host.state != State::waiting) return nullptr;
  if (!host.for_idle && host.until == SteadyTime::max()) return nullptr;
  if (!host.for_idle) now_ = std::max(now_, host.until);
  return &host;
}

// ---- Points ----

void SeededThreads::note(const SeededThread& thread, const char* place) noexcept {
  trace_[steps_ % trace_.size()] = {static_cast<std::uint32_t>(thread.index), place};
  ++steps_;
}

void SeededThreads::pass(const char* place, bool in_loop) noexcept {
  SeededThread& me = *this_thread;
  if (me.masks != 0 || stopping_) return;
  if (stuck_ || steps_ >= options_.most_steps) {
    give_up(me);
    return;
  }
  note(me, place);
  turns_.fetch_add(1, std::memory_order_relaxed);
  me.place = place;
  me.state = State::ready;
  ++progress_;
  starved_ = {};
  now();
  if (in_loop || random_.one_in(switch_odds_)) switch_from(me);
}

std::uint32_t SeededThreads::draw(std::uint32_t bound) {
  if (current() == nullptr) throw UsageError("SeededExecutor::draw: called on a thread that does not take part");
  return random_.below(bound);
}

SteadyTime SeededThreads::now() noexcept {
  now_ += std::chrono::nanoseconds(random_.below(static_cast<std::uint32_t>(2 * tick_)));
  return now_;
}

void SeededThreads::wait(std::unique_lock<std::mutex>& lock, const void* condition, const char* place,
                         SteadyTime until) noexcept {
  SeededThread& me = *this_thread;
  if (stuck_) end_process("after it was found to be stuck the host waits");
  note(me, place);
  me.place = place;
  me.condition = condition;
  me.until = until;
  me.notified = false;
  me.seen = progress_;
  me.state = State::waiting;
  lock.unlock();
  switch_from(me);
  lock.lock();
  me.state = State::ready;
}

void SeededThreads::notify(const void* condition) noexcept {
  ++progress_;
  for (const auto& thread : threads_) {
    if (thread->state != State::waiting || thread->condition != condition) continue;
    thread->notified = true;
    leaps_ = 0;
  }
}

void SeededThreads::mask(bool masked) noexcept {
  std::uint32_t& masks = this_thread->masks;
  masks = masked ? masks + 1 : masks - 1;
}

// The host may have done what threads wait for without being able to tell them.
void SeededThreads::refresh_waits() noexcept {
  ++progress_;
  for (const auto& thread : threads_) thread->notified = true;
}

void SeededThreads::wait_until(const char* place, const std::function<bool()>& ready) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  while (!ready()) wait(lock, nullptr, place, SteadyTime::max());
  leaps_ = 0;
}

void SeededThreads::run_until_idle() {
  SeededThread& host = *threads_[0];
  if (this_thread != &host)
    throw UsageError("SeededExecutor: run_until_idle, finish and restart are for its host only");
  refresh_waits();
  leaps_ = 0;
  note(host, "run_until_idle");
  host.place = "run_until_idle";
  host.for_idle = true;
  host.until = SteadyTime::max();
  host.state = State::waiting;
  switch_from(host);
  host.for_idle = false;
  host.state = State::ready;
  if (stuck_) {
    set_own_lockstep(nullptr);
    this_thread = nullptr;
    throw SeededStuck(describe("its threads go round in circles"));
  }
  if (error_ != nullptr) std::rethrow_exception(std::exchange(error_, nullptr));
}

void SeededThreads::finish() {
  run_until_idle();
  if (!waiting().empty()) throw SeededStuck(describe("no thread can go on"));
}

// ---- Work ----

SeededThread* SeededThreads::current() const noexcept {
  return this_lockstep() == static_cast<const Lockstep*>(this) ? this_thread : nullptr;
}

void SeededThreads::post(Work& work) noexcept {
  const std::lock_guard lock(mutex_);
  posted_.push_back(&work);
}

// Most often the first: work that waits long is seldom what a fault needs.
Work* SeededThreads::take_work() noexcept {
  const std::lock_guard lock(mutex_);
  if (posted_.empty()) return nullptr;
  const std::uint32_t at = random_.one_in(2) ? random_.below(static_cast<std::uint32_t>(posted_.size())) : 0;
  const auto taken = posted_.begin() + static_cast<std::ptrdiff_t>(at);
  Work* const work = *taken;
  posted_.erase(taken);
  return work;
}

bool SeededThreads::run_work() noexcept {
  Work* const work = take_work();
  if (work == nullptr) return false;
  SeededThread& me = *this_thread;
  me.state = State::ready;
  note(me, "take work");
  ++progress_;
  leaps_ = 0;
  starved_ = {};
  const std::uint32_t most = options_.longest_slice;
  const std::uint32_t tasks = most == 0 ? UINT32_MAX : 1 + random_.below(most);
  if (me.blocking == 0) ++busy_;
  work->run(Budget{.tasks = tasks});
  if (me.blocking == 0) --busy_;
  return true;
}

bool SeededThreads::try_run_one() noexcept {
  const SeededThread* const me = current();
  return me != nullptr && me->role == Role::worker && run_work();
}

bool SeededThreads::begin_blocking() noexcept {
  SeededThread* const me = current();
  if (me == nullptr || me->role != Role::worker) return false;
  if (me->blocking++ == 0) --busy_;
  if (idle_worker(nullptr) != nullptr) return true;
  if (workers_ >= most_workers_) return false;
  try {
    take_thread(Role::worker, "worker " + std::to_string(workers_ + 1));
  } catch (...) {
    return false;
  }
  ++workers_;
  return true;
}

void SeededThreads::end_blocking() noexcept {
  SeededThread* const me = current();
  if (me == nullptr || me->role != Role::worker) return;
  if (--me->blocking == 0) ++busy_;
}

// ---- Reports ----

std::vector<std::string> SeededThreads::waiting() const {
  std::vector<std::string> found;
  for (const auto& thread : threads_) {
    const bool at_work = thread->role == Role::worker || thread->role == Role::added;
    if (at_work && thread->state != State::idle) found.push_back(thread->name + " at '" + thread->place + "'");
  }
  return found;
}

std::vector<SeededStep> SeededThreads::trace() const {
  const std::uint64_t kept = std::min<std::uint64_t>(steps_, trace_.size());
  std::vector<SeededStep> steps;
  steps.reserve(kept);
  for (std::uint64_t step = steps_ - kept; step < steps_; ++step) {
    const Passed& passed = trace_[step % trace_.size()];
    steps.push_back({threads_[passed.thread]->name, passed.place});
  }
  return steps;
}

std::string SeededThreads::describe(const char* why) const {
  std::string text =
      "SeededExecutor with seed " + std::to_string(seed_) + ": " + why + ", after " + std::to_string(steps_) + " steps";
  for (const std::string& thread : waiting()) text += "\n  " + thread;
  text += "\nThe last steps:";
  const std::vector<SeededStep> steps = trace();
  const std::size_t first = steps.size() - std::min<std::size_t>(steps.size(), 40);
  for (std::size_t step = first; step < steps.size(); ++step) {
    text += "\n  " + steps[step].thread + ": " + steps[step].place;
  }
  return text;
}

void SeededThreads::end_process(const char* why) const noexcept {
  std::string text;
  try {
    text = describe(why);
  } catch (...) {
    text = why;
  }
  std::fprintf(stderr, "baton: %s\n", text.c_str());
  std::abort();
}

/// No thread goes on but the host, who is told.
void SeededThreads::give_up(SeededThread& me) noexcept {
  stuck_ = true;
  SeededThread& host = *threads_[0];
  if (&me == &host) return;
  if (!host.for_idle) end_process("its threads go round in circles");
  me.state = State::ready;
  hand_over(me, host);
}

}  // namespace baton::detail
