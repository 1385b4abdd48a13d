// SPDX-License-Identifier: MIT
#include "scheduler/attempt.hpp"

#include "base/fault_point.hpp"
#include "scheduler/child_run.hpp"
#include "scheduler/map_of_runs.hpp"
#include "scheduler/map_run.hpp"
#include "scheduler/scheduler_core.hpp"
#include "scheduler/spawn_tree.hpp"

#include <chrono>
#include <string>

namespace baton::detail {
namespace {

/// What a body sees of its run.
class AttemptContext final : public Context {
 public:
  /// @param live  Null for a body without limits of time.
  AttemptContext(RunCore& run, std::uint32_t task, ParkedTask& parked, LiveAttempt* live)
      : run_(run), task_(task), attempt_(parked.attempt), loop_(parked.loop), live_(live) {}

  [[nodiscard]] std::stop_token stop_token() const override { return spawned ? spawned->stop_token() : own_token(); }
  [[nodiscard]] bool stop_requested() const noexcept override {
    if (run_.stops(task_) || (live_ != nullptr && live_->stop.stop_requested())) return true;
    if (spawned && spawned->stop_requested()) return true;
    return (run_.attention() & some_cancelled) != 0 && was_cancelled();
  }
  void park_for(Duration duration) override {
    run_.reserve_park(task_);
    until = duration > Duration::zero() ? later_by(run_.scheduler().clock.now(), duration) : TimePoint{};
  }
  [[nodiscard]] TimePoint now() const noexcept override { return run_.scheduler().clock.now(); }
  [[nodiscard]] std::uint32_t attempt() const noexcept override { return attempt_; }
  [[nodiscard]] std::string task_name() const override { return run_.data().label(task_); }
  [[nodiscard]] std::string_view workflow_name() const noexcept override { return run_.data().name; }
  [[nodiscard]] std::uint64_t run_id() const noexcept override { return run_.id(); }
  [[nodiscard]] std::string path() const override {
    return loop_ ? run_.path_of(task_) + round_suffix(loop_->number) : run_.path_of(task_);
  }
  [[nodiscard]] std::uint64_t round() const noexcept override {
    if (loop_) return loop_->number;
    return run_.round();
  }
  void call(ChildCall&& asked) override {
    run_.reserve_park(task_);
    fault_point(FaultPoint::child_run);
    rest = std::make_shared<ChildRun>(run_, task_, std::move(asked), loop_.get());
  }
  [[nodiscard]] std::shared_ptr<Rounds>& rounds() noexcept override { return loop_; }
  void add(SpawnedPtr more) override {
    if (!spawned) {
      run_.reserve_park(task_);
      fault_point(FaultPoint::spawn_tree);
      spawned = std::make_shared<SpawnTree>(run_, task_, own_token());
    }
    spawned->add(std::move(more), nullptr, spawn_count_);
  }
  void call(std::unique_ptr<ElementCalls> asked) override {
    run_.reserve_park(task_);
    fault_point(FaultPoint::map_memory);
    rest = std::make_shared<MapRun>(run_, task_, std::move(asked));
  }
  void call(std::unique_ptr<ElementRuns> asked) override {
    run_.reserve_park(task_);
    fault_point(FaultPoint::map_memory);
    rest = std::make_shared<MapOfRuns>(run_, task_, std::move(asked));
  }

  [[nodiscard]] bool has_token() const noexcept { return token_.has_value(); }

  TimePoint until{};
  std::shared_ptr<Continuation> rest;
  std::shared_ptr<SpawnTree> spawned;

 private:
  [[nodiscard]] std::stop_token own_token() const {
    if (live_ != nullptr) return live_->stop.get_token();
    if (!token_) token_ = run_.stop_token(task_);
    return *token_;
  }
  /// Asks the token, which takes no lock; the run where there is no memory for one.
  [[nodiscard]] bool was_cancelled() const noexcept {
    try {
      return own_token().stop_requested();
    } catch (const std::bad_alloc&) {
      return run_.was_cancelled(task_);
    }
  }

  RunCore& run_;
  const std::uint32_t task_;
  const std::uint32_t attempt_;
  std::shared_ptr<Rounds>& loop_;
  LiveAttempt* const live_;
  mutable std::optional<std::stop_token> token_;  // once it was asked for
  std::uint32_t spawn_count_ = 0;
};

/// Calls the body, and notes in `parked` what came of it.
void call(RunCore& run, std::uint32_t task, ParkedTask& parked, LiveAttempt* live) noexcept {
  const TaskRecord& record = run.data().records[task];
  AttemptContext context(run, task, parked, live);
  const RunOutcomes outcomes(run);
  Frame frame = run.frame();
  frame.context = &context;
  frame.outcomes = &outcomes;
  try {
    record.invoke(record.capture, frame, task);
    parked.end = TaskState::succeeded;
    parked.has_value = !context.rest && !parked.calls_again();
    parked.rest = std::move(context.rest);
  } catch (const Cancelled&) {
    parked.end = TaskState::cancelled;
  } catch (...) {
    parked.end = TaskState::failed;
    parked.error = std::current_exception();
    if (parked.loop) parked.loop->is_broken = true;
  }
  if (context.spawned) {
    if (parked.end != TaskState::succeeded) context.spawned->cancel();
    parked.rest = std::move(context.spawned);
  }
  parked.until = context.until;
  parked.has_token = parked.has_token || context.has_token();
}

/// @returns false where it cannot be limited, so that the attempt has failed.
bool begin_limits(RunCore& run, std::uint32_t task, ParkedTask& parked, LiveAttempt& live, bool begins) noexcept try {
  fault_point(FaultPoint::attempt);
  live.earlier_errors = parked.earlier_errors;
  live.stop = std::stop_source();
  run.begin_attempt(task, live);
  if (parked.timeout_at && begins) run.scheduler().timers.add(run, task, *parked.timeout_at, TimerKind::timeout);
  return true;
} catch (...) {
  parked.end = TaskState::failed;
  parked.error = std::current_exception();
  if (parked.loop) parked.loop->is_broken = true;
  return false;
}

/// The same with limits of time: what comes of a body that has taken too long is dropped.
void call_with_limits(RunCore& run, std::uint32_t task, ParkedTask& parked, bool begins) noexcept {
  LiveAttempt live{parked.attempt,
                   parked.first_started,
                   parked.timeout_at,
                   parked.deadline_at,
                   {},
                   std::stop_source(std::nostopstate)};
  if (begin_limits(run, task, parked, live, begins)) {
    yield_point("attempt: limited");
    call(run, task, parked, &live);
    yield_point("attempt: returned");
  }
  run.end_attempt(task);
  // From here on nobody else knows of `live`.
  if (!live.timed_out) return;
  if (parked.rest) parked.rest->cancel();
  if (parked.rest && live.abandoned) parked.rest->abandon(parked.rest);
  if (parked.rest && (live.abandoned || !parked.rest->is_early())) parked.rest = nullptr;
  parked.until = TimePoint{};
  if (parked.has_value) run.destroy_value(task);
  parked.has_value = false;
  parked.end = TaskState::failed;
  parked.error = live.timed_out;
  parked.is_last = live.is_last;
  parked.abandoned = live.abandoned;
}

}  // namespace

TaskState RunOutcomes::state(std::uint32_t task) const noexcept { return run_.task_state(task); }
std::exception_ptr RunOutcomes::error(std::uint32_t task) const { return run_.error(task); }
Ending RunOutcomes::of(std::uint32_t task) const noexcept {
  const std::uint8_t byte = run_.end_byte(task);
  return {task_byte::state(byte), byte == task_byte::omitted_after_skip};
}

std::exception_ptr timed_out(RunCore& run, std::uint32_t task, std::uint32_t attempt, TimerKind kind) noexcept try {
  const TaskSettings& settings = *run.data().find_settings(task);
  const Duration limit = kind == TimerKind::deadline ? *settings.deadline : *settings.timeout;
  const std::string seconds = std::to_string(std::chrono::duration<double>(limit).count());
  return std::make_exception_ptr(TimedOut(kind == TimerKind::deadline
                                              ? run.label(task) + " has not ended within its deadline of " + seconds +
                                                    " s; attempts: " + std::to_string(attempt)
                                              : "attempt " + std::to_string(attempt) + " of " + run.label(task) +
                                                    " has not ended within " + seconds + " s"));
} catch (...) {
  return std::current_exception();
}

void stop_late_body(RunCore& run, std::uint32_t task, TimerKind kind) noexcept {
  std::stop_source stop{std::nostopstate};
  const TimePoint now = run.scheduler().clock.now();
  run.with_attempt(task, [&](LiveAttempt* live) {
    if (live == nullptr || live->abandoned || !is_late(*live, kind, now)) return;
    live->timed_out = timed_out(run, task, live->attempt, kind);
    live->is_last = live->is_last || kind == TimerKind::deadline;
    stop = live->stop;
  });
  stop.request_stop();  // calls the host's callbacks, so without the lock
}

void stop_late_rest(RunCore& run, std::uint32_t task, TimerKind kind) noexcept {
  const TimePoint now = run.scheduler().clock.now();
  const auto late = run.with_parked(task, [&](ParkedTask* parked) -> std::shared_ptr<Continuation> {
    if (parked == nullptr || !parked->rest || parked->overdue || !is_late(*parked, kind, now)) return nullptr;
    parked->overdue = timed_out(run, task, parked->attempt, kind);
    parked->is_last = kind == TimerKind::deadline;
    return parked->rest;
  });
  if (late) late->cancel();
}

ParkedTask call_body(RunCore& run, std::uint32_t task, ParkedTask parked) noexcept {
  const TaskSettings* const limits =
      (run.data().flags_of(task) & has_policies) != 0 ? run.data().find_settings(task) : nullptr;
  // To those who look, the rounds of a loop are one call.
  const bool begins = !parked.loop || parked.loop->is_broken;
  if (limits != nullptr) {
    const TimePoint now = run.scheduler().clock.now();
    const bool past_deadline = is_late(parked, TimerKind::deadline, now);
    if (past_deadline || (!begins && is_late(parked, TimerKind::timeout, now))) {
      parked.end = TaskState::failed;
      parked.error = timed_out(run, task, parked.attempt, past_deadline ? TimerKind::deadline : TimerKind::timeout);
      parked.is_last = past_deadline;
      return parked;
    }
    if (parked.attempt == 0) parked.first_started = now;
    if (limits->timeout && begins) parked.timeout_at = later_by(now, *limits->timeout);
  }
  if (begins) ++parked.attempt;
  run.byte(task).store(task_byte::of(TaskState::running), std::memory_order_relaxed);
  if (begins) run.tell_task(Event::Kind::task_started, task, TaskState::running, parked.attempt);
  if (limits != nullptr && (limits->timeout || limits->deadline)) {
    call_with_limits(run, task, parked, begins);
  } else {
    call(run, task, parked, nullptr);
  }
  return parked;
}

}  // namespace baton::detail
