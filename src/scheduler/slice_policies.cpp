// SPDX-License-Identifier: MIT
// The slow path of a slice: attempts that are made again, and limits of time.
#include "scheduler/attempt.hpp"
#include "scheduler/retry_decision.hpp"
#include "scheduler/scheduler_core.hpp"
#include "scheduler/slice.hpp"

namespace baton::detail {

/// Starts the time of a task that has a deadline, when it is taken up first.
void Slice::watch_deadline(std::uint32_t task, ParkedTask& parked) {
  const TaskSettings& settings = *data_.find_settings(task);
  if (!settings.deadline || parked.deadline_at) return;
  SchedulerCore& scheduler = run_.scheduler();
  parked.deadline_at = later_by(scheduler.clock.now(), *settings.deadline);
  scheduler.timers.add(run_, task, *parked.deadline_at, TimerKind::deadline);
}

void Slice::forget_limits(std::uint32_t task) noexcept {
  const TaskSettings& settings = *data_.find_settings(task);
  Timers& timers = run_.scheduler().timers;
  if (settings.timeout) timers.remove(run_, task, TimerKind::timeout);
  if (settings.deadline) timers.remove(run_, task, TimerKind::deadline);
}

namespace {

/// How long a task whose attempt failed with `error` waits for the next one. Where the filter throws, that is the
/// error.
std::optional<Duration> retry_after(RunCore& run, std::uint32_t task, std::uint32_t attempt, TimePoint first_started,
                                    std::exception_ptr& error) noexcept {
  const TaskSettings& settings = *run.data().find_settings(task);
  if (!settings.retry) return std::nullopt;
  try {
    return decide_retry(*settings.retry, attempt, error, run.scheduler().clock.now() - first_started,
                        mix(run.seed(), task));
  } catch (...) {
    error = std::current_exception();
    return std::nullopt;
  }
}

}  // namespace

/// Parks a task whose attempt failed until the next one. @returns false when it has had its last.
bool Slice::try_again(std::uint32_t task, ParkedTask& parked) noexcept {
  if ((data_.flags_of(task) & has_policies) == 0 || parked.is_last || parked.attempt == 0) return false;
  const std::optional<Duration> delay = retry_after(run_, task, parked.attempt, parked.first_started, parked.error);
  if (!delay) return false;
  try {
    parked.earlier_errors.push_back(parked.error);
  } catch (const std::bad_alloc&) {
    return false;  // it has to fail with this one
  }
  SchedulerCore& scheduler = run_.scheduler();
  if (parked.timeout_at) scheduler.timers.remove(run_, task, TimerKind::timeout);
  parked.timeout_at.reset();
  if (std::exchange(parked.holds_resources, false)) {
    scheduler.resources.give_back(data_.find_settings(task)->resources);
  }
  parked.has_waited = false;
  parked.awaits_retry = true;
  if (parked.loop) parked.loop->is_broken = true;  // begins anew
  parked.until = later_by(scheduler.clock.now(), *delay);
  wait_until(task, std::move(parked), WaitReason::retry);
  return true;
}

/// The time of an attempt, or of the whole task, is over.
void Slice::time_out(std::uint32_t task, TimerKind kind) noexcept {
  if (is_outcome(run_.task_state(task))) return;
  if (time_out_body(task)) return;
  stop_late_rest(run_, task, kind);
  const TimePoint now = run_.scheduler().clock.now();
  const bool waits = run_.with_parked(task, [&](const ParkedTask* parked) {
    return parked != nullptr && !parked->rest && is_late(*parked, kind, now);
  });
  if (!waits) return;  // about to start, or to end: the start looks at the time
  yield_point("time out: it waits");
  SchedulerCore& scheduler = run_.scheduler();
  if (!scheduler.timers.remove(run_, task) && !scheduler.resources.remove(run_, task)) return;
  ParkedTask parked = run_.unpark(task);
  drop_value(task, parked);
  parked.until = TimePoint{};
  parked.awaits_retry = false;
  parked.end = TaskState::failed;
  parked.error = timed_out(run_, task, parked.attempt, kind);
  parked.is_last = kind == TimerKind::deadline;
  end_parked(task, std::move(parked));
}

/// The same while the body is being called, which has been asked to stop. @returns false when it is not.
bool Slice::time_out_body(std::uint32_t task) noexcept {
  ParkedTask ended;
  const bool is_called = run_.with_attempt(task, [&](const LiveAttempt* live) {
    if (live == nullptr) return false;
    if (!live->timed_out || live->abandoned) return true;  // the timer was that of an earlier attempt
    ended.attempt = live->attempt;
    ended.first_started = live->first_started;
    ended.error = live->timed_out;
    ended.is_last = live->is_last;
    return true;
  });
  if (!ended.error) return is_called;
  // Where it is to be tried again, the thread of the body sees to that once it has returned.
  if (!ended.is_last && retry_after(run_, task, ended.attempt, ended.first_started, ended.error)) return true;
  yield_point("time out: the last attempt");
  const bool abandoned = run_.with_attempt(task, [&](LiveAttempt* live) {
    if (live == nullptr || live->attempt != ended.attempt || live->abandoned) return false;  // it ends by itself
    live->abandoned = true;
    ended.earlier_errors.swap(live->earlier_errors);
    return true;
  });
  if (!abandoned) return true;
  end(task, TaskState::failed, ended);
  pass_on_end<true>(task);
  return true;
}

}  // namespace baton::detail
