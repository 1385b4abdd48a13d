// SPDX-License-Identifier: MIT
// Cancelling a run, and one task of it.
//
// A task is cancelled by a note in task_cancels_ and `some_cancelled` in the run's attention, which sends every start
// and end of its tasks to the slow path. Whoever ends a task says so in its byte and then reads the attention; whoever
// cancels raises the attention and then reads the byte. So one of the two sees the other; where both do, the run's
// mutex decides: who comes first, hears the note or takes it back. A note that somebody has seen on the way is not
// taken back either. The fence between the store and the load of the one that ends the task is that of heavy_fence.hpp,
// as tasks end more often than they are cancelled.
//
// tests/models/cancel.pml tries every order in which a run is cancelled while its tasks start, wait and end; cancelling
// one task is not in it.
#include "base/fault_point.hpp"
#include "executor/heavy_fence.hpp"
#include "scheduler/attempt.hpp"
#include "scheduler/run_core.hpp"
#include "scheduler/scheduler_core.hpp"
#include "scheduler/slice.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

namespace baton::detail {
namespace {

std::string after_colon(const std::string& cause) { return cause.empty() ? cause : ": " + cause; }

std::string in_seconds(Duration time) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.9g s", std::chrono::duration<double>(time).count());
  return {text.data(), static_cast<std::size_t>(length)};
}

bool is_ending(std::uint8_t byte) {
  constexpr std::uint8_t both = task_byte::taken_up | task_byte::ending;
  return (byte & both) == both || is_outcome(task_byte::state(byte));
}

}  // namespace

// ---- The run ----

void RunCore::cancel(std::string cause) noexcept {
  if (!try_keep()) return;
  yield_point("cancel: kept");
  if (state() == RunState::running) {
    {
      const std::lock_guard lock(mutex_);
      if ((raise(cancelling) & cancelling) == 0) cancel_cause_ = std::move(cause);
    }
    yield_point("cancel: raised");
    if (deadline_) scheduler_.timers.remove(*this, Seat::no_task, TimerKind::run);
    stop_waiting_tasks();
  }
  drop();
}

std::string RunCore::cancel_cause() const {
  const RunState now = state();
  if (now != RunState::running && now != RunState::cancelled) return {};
  const std::lock_guard lock(mutex_);
  return cancel_cause_;
}

std::string RunCore::why_stopped(std::uint32_t task) const {
  const std::lock_guard lock(mutex_);
  const auto parked = parked_.find(task);
  if (parked != parked_.end() && parked->second.overdue) return baton::describe(parked->second.overdue);
  const auto own = task_cancels_.find(task);
  if (own != task_cancels_.end()) {
    return label(task) + " of " + describe() + " was cancelled" + after_colon(own->second.cause);
  }
  if ((attention() & cancelling) != 0) return describe() + " was cancelled" + after_colon(cancel_cause_);
  return describe() + " stopped at a failure";
}

void RunCore::start_deadline() noexcept {
  if (!deadline_) return;
  if (*deadline_ <= Duration::zero()) return end_at_deadline();
  try {
    scheduler_.timers.add(*this, Seat::no_task, later_by(scheduler_.clock.now(), *deadline_), TimerKind::run);
  } catch (...) {
    cancel_because([] { return "its deadline cannot be watched: " + baton::describe(std::current_exception()); });
  }
}

void RunCore::end_at_deadline() noexcept {
  cancel_because([this] { return "it has not ended within its deadline of " + in_seconds(*deadline_); });
}

/// Without memory for the cause it is cancelled without one.
template <typename Cause>
void RunCore::cancel_because(Cause&& cause) noexcept {
  std::string text;
  try {
    text = cause();
  } catch (const std::bad_alloc&) {
  }
  cancel(std::move(text));
}

// ---- One task ----

bool RunCore::was_cancelled(std::uint32_t task) {
  const std::lock_guard lock(mutex_);
  return see_cancel_locked(task);
}

bool RunCore::see_cancel_locked(std::uint32_t task) {
  const auto note = task_cancels_.find(task);
  if (note == task_cancels_.end()) return false;
  note->second.seen = true;
  return true;
}

std::string RunCore::task_cancel_cause(std::uint32_t task) const {
  const std::lock_guard lock(mutex_);
  const auto found = task_cancels_.find(task);
  return found != task_cancels_.end() && found->second.heard ? found->second.cause : std::string{};
}

std::vector<std::pair<std::uint32_t, std::string>> RunCore::cancelled_tasks(std::size_t most) const {
  std::vector<std::pair<std::uint32_t, std::string>> tasks;
  {
    const std::lock_guard lock(mutex_);
    tasks.reserve(task_cancels_.size());
    for (const auto& [task, cancel] : task_cancels_) {
      if (cancel.heard) tasks.emplace_back(task, cancel.cause);
    }
  }
  std::sort(tasks.begin(), tasks.end());
  if (tasks.size() > most) tasks.resize(most);
  return tasks;
}

bool RunCore::cancel_task(std::uint32_t task, std::string cause) {
  if (!try_keep()) return false;
  yield_point("cancel a task: kept");
  bool decided = false;
  try {
    decided = state() == RunState::running && note_task_cancel(task, std::move(cause));
  } catch (...) {
    drop();
    throw;
  }
  yield_point("cancel a task: decided");
  if (decided) reach_cancelled(task);
  drop();
  return decided;
}

bool RunCore::note_task_cancel(std::uint32_t task, std::string cause) {
  {
    const std::lock_guard lock(mutex_);
    if (is_ending(byte(task).load(std::memory_order_acquire))) return false;
    fault_point(FaultPoint::task_cancel);
    if (!task_cancels_.try_emplace(task, TaskCancel{std::move(cause)}).second) return false;
    raise(some_cancelled);
  }
  yield_point("cancel a task: noted");
  if (has_heavy_fence()) heavy_fence();
  if (!is_ending(byte(task).load(std::memory_order_seq_cst))) return true;
  const std::lock_guard lock(mutex_);
  const auto note = task_cancels_.find(task);
  if (note->second.heard || note->second.seen) return true;
  task_cancels_.erase(note);
  return false;
}

/// Ends what the task waits for, or asks its body.
void RunCore::reach_cancelled(std::uint32_t task) noexcept {
  std::shared_ptr<Continuation> rest;
  std::optional<std::stop_source> source;
  {
    const std::lock_guard lock(mutex_);
    if (const auto parked = parked_.find(task); parked != parked_.end()) rest = parked->second.rest;
    if (const auto live = live_attempts_.find(task); live != live_attempts_.end()) source.emplace(live->second->stop);
    if (const auto own = stop_sources_.find(task); own != stop_sources_.end()) source.emplace(own->second);
  }
  if (source) source->request_stop();  // calls the host's, so without the lock
  yield_point("cancel a task: asked");
  if (rest) rest->cancel();
  if (scheduler_.resources.remove(*this, task)) deliver({task, Message::Kind::drop});
  if (scheduler_.timers.remove(*this, task)) deliver({task, Message::Kind::drop});
  yield_point("cancel a task: is it ready");
  if (task_byte::state(byte(task).load(std::memory_order_seq_cst)) == TaskState::ready)
    deliver({task, Message::Kind::claim});
}

const std::string* RunCore::hear_cancel(std::uint32_t task) {
  const std::lock_guard lock(mutex_);
  const auto note = task_cancels_.find(task);
  if (note == task_cancels_.end()) return nullptr;
  note->second.heard = true;
  return &note->second.cause;
}

// ---- One element of a map ----

namespace {

/// Ends a try_keep.
struct Kept {
  RunCore& run;
  explicit Kept(RunCore& kept) : run(kept) {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() { run.drop(); }
};

[[noreturn]] void refuse_element(const std::string& map, const std::string& why) {
  throw UsageError("Run::cancel_element: " + map + why);
}

}  // namespace

bool RunCore::cancel_element(std::uint32_t task, std::size_t element, const std::string& cause) {
  if (!try_keep()) return false;
  const Kept kept{*this};
  std::shared_ptr<Continuation> rest;
  {
    const std::lock_guard lock(mutex_);
    if (const auto parked = parked_.find(task); parked != parked_.end()) rest = parked->second.rest;
  }
  const std::string map = label(task) + " of " + describe();
  if (!rest) {
    const TaskState now = task_state(task);
    if (now != TaskState::pending && now != TaskState::ready) return false;
    refuse_element(map, " has no elements yet: ask once Run::map_progress knows them, or cancel the task");
  }
  const std::optional<MapProgress> known = rest->map_progress();
  if (!known) refuse_element(map, " is not a map: cancel the task");
  if (element >= known->elements) {
    refuse_element(map, " has no element " + std::to_string(element) + ": it has " + std::to_string(known->elements) +
                            ", counted from 0");
  }
  return rest->cancel_element(element, cause);
}

// ---- Stop tokens ----

std::stop_token RunCore::stop_token(std::uint32_t task) {
  const std::lock_guard lock(mutex_);
  if (stop_sources_.find(task) == stop_sources_.end()) fault_point(FaultPoint::stop_token);
  const auto [source, is_new] = stop_sources_.try_emplace(task);
  if (is_new && (stops(task) || see_cancel_locked(task))) source->second.request_stop();
  return source->second.get_token();
}

void RunCore::forget_stop_token(std::uint32_t task) noexcept {
  const std::lock_guard lock(mutex_);
  stop_sources_.erase(task);
}

// ---- In a slice ----

/// Whether a task that is about to get its outcome was cancelled: then that is its outcome, and its value is dropped.
/// @returns the cause, or null.
const std::string* Slice::hear_cancel(std::uint32_t task, const ParkedTask& parked) noexcept {
  std::atomic<std::uint8_t>& byte = run_.byte(task);
  const TaskState now = task_byte::state(byte.load(std::memory_order_relaxed));
  const std::uint8_t ending = task_byte::of(now) | task_byte::ending;
  if (has_heavy_fence()) {
    byte.store(ending, std::memory_order_relaxed);
    light_fence();
  } else {
    byte.exchange(ending, std::memory_order_seq_cst);
  }
  yield_point("end a task: said");
  if ((run_.attention_in_order() & some_cancelled) == 0) return nullptr;
  const std::string* const cause = run_.hear_cancel(task);
  if (cause != nullptr && parked.has_value && !data_.is_input(task)) run_.destroy_value(task);
  return cause;
}

/// Ends a task whose body has returned, in a run that wants attention.
Slice::Step Slice::end_attentively(std::uint32_t task) noexcept {
  if ((run_.attention() & some_cancelled) != 0) {
    ParkedTask called;
    called.attempt = 1;
    called.has_value = true;
    return end(task, TaskState::succeeded, called);
  }
  run_.byte(task).store(task_byte::of(TaskState::succeeded), std::memory_order_release);
  run_.tell_task(Event::Kind::task_ended, task, TaskState::succeeded, 1);
  return Step::ended_well;
}

void Slice::end_if_ready(std::uint32_t task) noexcept {
  Word& block = run_.block(task / 64);
  std::uint64_t ready = block.load(std::memory_order_relaxed);
  if (atomic_) {
    ready = block.fetch_and(~bit(task), std::memory_order_acq_rel);
  } else {
    block.store(ready & ~bit(task), std::memory_order_relaxed);
  }
  if ((ready & bit(task)) == 0) return;  // who has it, or will, sees that it was cancelled
  const ParkedTask parked = run_.unpark(task);
  end(task, TaskState::cancelled, parked);
  pass_on_end<true>(task);
}

}  // namespace baton::detail
