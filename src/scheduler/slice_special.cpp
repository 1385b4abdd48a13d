// SPDX-License-Identifier: MIT
// The slow path of a slice: tasks that need more than a call, and all that end, wait or fail otherwise than in place.
#include "base/fault_point.hpp"
#include "scheduler/attempt.hpp"
#include "scheduler/scheduler_core.hpp"
#include "scheduler/slice.hpp"

namespace baton::detail {

using Kind = Event::Kind;

Slice::Step Slice::start_specially(std::uint32_t task) noexcept {
  yield_point("start a task");
  // It ended before the run began; what has ended now only comes before it.
  if (run_.is_reused(task)) return Step::parked;
  if (is_paused(run_.attention())) return put_back(task);
  if ((run_.attention() & has_messages) != 0) {
    take_messages();
    share_surplus();  // what they made ready does not wait for this body
  }
  const std::uint8_t flags = data_.flags_of(task);
  ParkedTask parked;
  if ((flags & (has_resources | has_control | has_policies | is_cleanup | has_rounds)) != 0) parked = run_.unpark(task);
  if (run_.should_stop(task)) return end(task, TaskState::cancelled, parked);
  try {
    if (!parked.may_start) {
      const bool doomed = (run_.byte(task).load(std::memory_order_relaxed) & task_byte::doomed) != 0;
      if (doomed || (flags & (has_control | is_cleanup)) != 0) {
        const TaskState decided = decide(task, parked);
        if (decided != TaskState::ready) return end(task, decided, parked);
        run_.tell_task(Kind::task_ready, task, TaskState::ready);
      }
      parked.may_start = true;
    }
    if ((flags & has_policies) != 0) watch_deadline(task, parked);
    if ((flags & has_resources) != 0 && !parked.holds_resources) {
      if (wait_for_resources(task, parked) == Step::parked) return Step::parked;
      parked.holds_resources = true;
    }
    if ((flags & is_pinned) != 0) {
      Executor& executor = *data_.find_settings(task)->executor;
      if (&executor != frame_.executor) {
        post_to_executor(task, executor, parked);
        return Step::parked;
      }
    }
  } catch (...) {
    ParkedTask put_away = run_.unpark(task);  // where it was to wait
    if (put_away.may_start) parked = std::move(put_away);
    parked.error = std::current_exception();
    return end(task, TaskState::failed, parked);
  }
  return start_body(task, std::move(parked));
}

/// What becomes of a task now that its predecessors have ended; `ready` when it may start.
TaskState Slice::decide(std::uint32_t task, ParkedTask& parked) {
  const RunOutcomes outcomes(run_);
  if ((data_.flags_of(task) & is_cleanup) != 0) {
    const auto undone = data_.compensates.find(task);
    if (undone != data_.compensates.end() &&
        (!run_.went_wrong() || run_.task_state(undone->second) != TaskState::succeeded)) {
      return TaskState::skipped;
    }
  }
  const StartDecision decision = decide_start(data_, task, outcomes);
  if (decision != StartDecision::start) {
    parked.after_skip = decision == StartDecision::omit_after_skip;
    return TaskState::omitted;
  }
  const auto control = data_.controls.find(task);
  if (control == data_.controls.end()) return TaskState::ready;
  Frame frame = run_.frame();
  frame.outcomes = &outcomes;
  for (const Condition& condition : control->second.conditions) {
    if (!condition.test(condition.predicate.get(), frame, data_.slots.data() + condition.first_slot)) {
      return TaskState::skipped;
    }
  }
  return TaskState::ready;
}

/// @returns parked when the task waits, anything else when it has its units now.
Slice::Step Slice::wait_for_resources(std::uint32_t task, ParkedTask& parked) {
  const std::vector<ResourceRequest>& requests = data_.find_settings(task)->resources;
  Resources& resources = run_.scheduler().resources;
  if (resources.try_acquire(run_, task, requests)) return Step::ended_well;
  // All before asking: once queued, another thread may get the grant and start the task.
  const bool has_waited = parked.has_waited;
  if (!run_.park(task, parked)) std::rethrow_exception(parked.error);
  run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_relaxed);
  if (!has_waited) run_.tell_task(Kind::task_waiting, task, TaskState::waiting, 0, WaitReason::resource);
  yield_point("resources: told");
  resources.wait_for(run_, task, requests);
  yield_point("resources: queued");
  // cancel() raises its flag before it collects the waiters; a waiter that came after that finds the flag here.
  if (run_.should_stop(task) && resources.remove(run_, task)) {
    run_.deliver({task, Message::Kind::drop});
  }
  return Step::parked;
}

namespace {

void give_resources_back(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept {
  if (!std::exchange(parked.holds_resources, false)) return;
  run.scheduler().resources.give_back(run.data().find_settings(task)->resources);
}

/// A pinned task on its way to its executor.
class PinnedTask final : public Work {
 public:
  /// @param parked  Is moved, once there is memory.
  PinnedTask(RunCore& run, std::uint32_t task, Executor& executor, ParkedTask& parked)
      : run_(run), task_(task), executor_(executor), parked_(std::move(parked)) {
    run_.keep();
    run_.scheduler().clock.hold();
  }

  void run(const Budget&) noexcept override {
    Message::Kind message = Message::Kind::body;
    if (run_.should_stop(task_)) {
      parked_.end = TaskState::cancelled;
    } else if (is_paused(run_.attention())) {
      message = Message::Kind::put_back;
    } else {
      BodyFrame frame{&run_, &executor_, task_, BodyFrame::innermost()};
      BodyFrame::innermost() = &frame;
      parked_ = call_body(run_, task_, std::move(parked_));
      BodyFrame::innermost() = frame.outer;
    }
    if (parked_.abandoned) {
      give_resources_back(run_, task_, parked_);
    } else {
      static_cast<void>(run_.park(task_, parked_));  // for which there is room
      run_.deliver({task_, message});
    }
    RunCore& run = run_;
    delete this;
    run.scheduler().clock.release();
    run.drop();
  }

 private:
  RunCore& run_;
  const std::uint32_t task_;
  Executor& executor_;
  ParkedTask parked_;
};

}  // namespace

void Slice::post_to_executor(std::uint32_t task, Executor& executor, ParkedTask& parked) {
  run_.reserve_park(task);
  fault_point(FaultPoint::pinned_task);
  auto* const pinned = new PinnedTask(run_, task, executor, parked);
  run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_relaxed);
  run_.tell_task(Kind::task_waiting, task, TaskState::waiting, 0, WaitReason::executor);
  executor.post(*pinned);
}

Slice::Step Slice::start_body(std::uint32_t task, ParkedTask parked) noexcept {
  yield_point("start a body");
  // Once more: getting the resources may have taken until after a cancel.
  if (run_.should_stop(task)) return end(task, TaskState::cancelled, parked);
  // The run may end while a body that takes too long is still at work.
  if ((data_.flags_of(task) & has_policies) != 0) run_.count_ended(std::exchange(ended_, 0));
  seat_->progress.start_body();
  ParkedTask result = call_body(run_, task, std::move(parked));
  yield_point("body over");
  if (seat_ != nullptr) come_in();
  if (result.abandoned) {
    give_resources_back(run_, task, result);
    return Step::parked;
  }
  const bool may_go_on = result.rest || result.calls_again() || result.until != TimePoint{} ||
                         (result.end == TaskState::failed && (data_.flags_of(task) & has_policies) != 0);
  if (!may_go_on) return end(task, result.end, result);
  if (seat_ != nullptr) {
    end_parked(task, std::move(result));
  } else if (run_.park(task, result)) {
    run_.deliver({task, Message::Kind::body});
  } else {  // nothing else has begun for it: that would have a record
    drop_value(task, result);
    return end(task, result.end, result);
  }
  return Step::parked;
}

void Slice::take_messages() noexcept {
  for (const Message& message : run_.take_messages()) take(message);
  while (const std::optional<Message> message = run_.take_spare_message()) take(*message);
}

void Slice::take(const Message& message) noexcept {
  const std::uint32_t task = message.task;
  if (message.kind == Message::Kind::timeout || message.kind == Message::Kind::deadline) {
    time_out(task, message.kind == Message::Kind::timeout ? TimerKind::timeout : TimerKind::deadline);
    return;
  }
  if (message.kind == Message::Kind::claim) return end_if_ready(task);
  ParkedTask parked = run_.unpark_for_now(task);
  switch (message.kind) {
    case Message::Kind::ended_well:
      pass_on_end<false>(task);
      return;
    case Message::Kind::ended_ill:
      pass_on_end<true>(task);
      return;
    case Message::Kind::granted:
      parked.has_waited = true;
      start_again(task, std::move(parked));
      return;
    case Message::Kind::put_back:
      give_resources_back(run_, task, parked);
      start_again(task, std::move(parked));
      return;
    case Message::Kind::end_due:
      ++ended_;
      return;
    case Message::Kind::timer:
      parked.until = TimePoint{};
      if (parked.awaits_retry) {
        parked.awaits_retry = false;
        start_again(task, std::move(parked));
        return;
      }
      break;
    case Message::Kind::drop:
      drop_value(task, parked);
      parked.until = TimePoint{};
      parked.end = TaskState::cancelled;
      parked.error = nullptr;
      break;
    case Message::Kind::child:
      if (parked.overdue) {
        parked.rest->finish(run_, task, parked);
        drop_value(task, parked);
        parked.rest = nullptr;
        parked.end = TaskState::failed;
        parked.error = std::exchange(parked.overdue, nullptr);
      } else if (!parked.rest->finish(run_, task, parked)) {
        parked.rest = nullptr;
      }
      break;
    case Message::Kind::body:
    case Message::Kind::timeout:
    case Message::Kind::deadline:
    case Message::Kind::claim:
      break;
  }
  end_parked(task, std::move(parked));
}

/// Puts a task that has waited among the ready ones.
void Slice::start_again(std::uint32_t task, ParkedTask parked) noexcept {
  if (is_paused(run_.attention()) && (data_.flags_of(task) & has_resources) != 0) {
    run_.scheduler().resources.remove(run_, task);  // it asks anew; or it would hold up those behind it
  }
  if (!run_.park(task, parked)) {
    run_.scheduler().resources.remove(run_, task);
    end_given_up(task, parked);
    return;
  }
  make_ready_again(task, 0);
}

/// Puts a task that was taken up among the ready ones. Who cancels it may have looked before it was there, and while
/// the run is paused nobody starts it: so this looks, too.
void Slice::make_ready_again(std::uint32_t task, std::uint8_t byte) noexcept {
  run_.byte(task).exchange(byte, std::memory_order_seq_cst);
  yield_point("ready again: said");
  make_ready(task);
  if (run_.should_stop(task)) end_if_ready(task);
}

void Slice::drop_value(std::uint32_t task, ParkedTask& parked) noexcept {
  if (std::exchange(parked.has_value, false)) run_.destroy_value(task);
}

/// Goes on with a task that is not on its way through run_chain: begins what it still waits for, or ends it.
void Slice::end_parked(std::uint32_t task, ParkedTask parked) noexcept {
  const bool stop = run_.should_stop(task);
  if (parked.rest) {
    begin_rest(task, std::move(parked));
    return;
  }
  if (parked.until != TimePoint{} && !stop) {
    wait_until(task, std::move(parked), WaitReason::timer);
    return;
  }
  if (parked.until != TimePoint{} && stop) {
    drop_value(task, parked);
    parked.end = TaskState::cancelled;
    parked.error = nullptr;
  }
  if (parked.calls_again() && parked.end == TaskState::succeeded) {
    if (!stop) {
      begin_next_round(task, std::move(parked));
      return;
    }
    parked.end = TaskState::cancelled;
  }
  if (parked.end == TaskState::failed && !stop && try_again(task, parked)) return;
  run_.give_up_room(task);
  if (end(task, parked.end, parked) == Step::ended_well) {
    pass_on_end<false>(task);
  } else {
    pass_on_end<true>(task);
  }
}

/// Parks a task until `parked.until`.
void Slice::wait_until(std::uint32_t task, ParkedTask parked, WaitReason reason) noexcept {
  const TimePoint until = parked.until;
  const std::uint32_t attempt = parked.attempt;
  const std::exception_ptr error = reason == WaitReason::retry ? parked.error : nullptr;
  if (!run_.park(task, parked)) {
    end_given_up(task, parked);
    return;
  }
  run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_release);
  run_.tell_task(Kind::task_waiting, task, TaskState::waiting, attempt, reason, error ? &error : nullptr);
  Timers& timers = run_.scheduler().timers;
  yield_point("park: told");
  try {
    timers.add(run_, task, until);
  } catch (...) {
    give_up_waiting(task, std::current_exception());  // without a timer, nobody else takes it up
    return;
  }
  yield_point("park: timer added");
  // As for resources: cancel() may have collected the timers before this one was there.
  if (run_.should_stop(task) && timers.remove(run_, task)) {
    run_.deliver({task, Message::Kind::drop});
  }
}

/// Fails a task that was parked for something which cannot be had.
void Slice::give_up_waiting(std::uint32_t task, std::exception_ptr why) noexcept {
  ParkedTask parked = run_.unpark(task);
  parked.rest = nullptr;
  parked.give_up(parked.overdue ? std::exchange(parked.overdue, nullptr) : std::move(why));
  end_given_up(task, parked);
}

void Slice::end_given_up(std::uint32_t task, ParkedTask& parked) noexcept {
  drop_value(task, parked);
  run_.give_up_room(task);
  end(task, parked.end, parked);
  pass_on_end<true>(task);
}

/// Makes a loop ready again, for the next call of its body.
void Slice::begin_next_round(std::uint32_t task, ParkedTask parked) noexcept {
  parked.loop->again = false;
  start_again(task, std::move(parked));
}

/// Parks a task until what its continuation begins is over.
void Slice::begin_rest(std::uint32_t task, ParkedTask parked) noexcept {
  const std::shared_ptr<Continuation> rest = parked.rest;
  const std::uint32_t attempt = parked.attempt;
  const bool is_told = !parked.loop || parked.loop->number == 0;  // the rounds of a loop are one wait
  static_cast<void>(run_.park(task, parked));                     // for which there is room: see AttemptContext
  run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_release);
  if (is_told) run_.tell_task(Kind::task_waiting, task, TaskState::waiting, attempt, WaitReason::child);
  yield_point("continuation: told");
  // As for timers: cancel() and pause() may have looked for continuations before this one was there.
  if (run_.should_stop(task)) rest->cancel();
  if (is_paused(run_.attention())) run_.share_pause_with(task, *rest);
  if ((data_.flags_of(task) & has_policies) != 0) {
    stop_late_rest(run_, task, TimerKind::timeout);
    stop_late_rest(run_, task, TimerKind::deadline);
  }
  yield_point("continuation: begins");
  try {
    rest->begin(run_, task);
  } catch (...) {
    give_up_waiting(task, std::current_exception());
  }
}

/// Releases the successors of a task that has ended outside run_chain.
template <bool ill>
void Slice::pass_on_end(std::uint32_t task) noexcept {
  ++ended_;
  const std::uint32_t next = release_successors<ill>(data_.records[task]);
  if (next != no_task) {
    run_.byte(next).store(0, std::memory_order_relaxed);
    make_ready(next);
  }
}

template void Slice::pass_on_end<true>(std::uint32_t task) noexcept;  // for slice_policies.cpp

/// The one place where a task gets its outcome, but for the plain success of call_plainly.
Slice::Step Slice::end(std::uint32_t task, TaskState state, const ParkedTask& parked) noexcept {
  const std::string* const cause = hear_cancel(task, parked);
  if (cause != nullptr) state = TaskState::cancelled;
  std::uint32_t attention = state == TaskState::succeeded ? 0U : some_doomed;
  if (state == TaskState::failed) {
    const TaskSettings* const settings = data_.find_settings(task);
    const bool allowed = settings != nullptr && settings->allows_failure;
    run_.add_failure(task, parked, allowed);
    if (!allowed && run_.failure_mode() == FailureMode::stop) attention |= stopping;
  } else if (state == TaskState::cancelled) {
    run_.note_cancelled();
  }
  yield_point("end a task");
  if (state != TaskState::succeeded && data_.is_input(task)) run_.destroy_value(task);  // it was there from the start
  if ((attention & ~run_.attention()) != 0) {
    run_.raise(attention);
    if ((attention & stopping) != 0) run_.stop_waiting_tasks();
  }
  if ((data_.flags_of(task) & has_policies) != 0) forget_limits(task);
  run_.byte(task).store(
      state == TaskState::omitted && parked.after_skip ? task_byte::omitted_after_skip : task_byte::of(state),
      std::memory_order_release);
  run_.tell_task(Kind::task_ended, task, state, parked.attempt, WaitReason::none,
                 state == TaskState::failed ? &parked.error : nullptr,
                 cause != nullptr ? std::string_view(*cause) : std::string_view{});
  if (parked.has_token) run_.forget_stop_token(task);
  yield_point("end a task: told");
  // Last, so that whoever gets the units starts after this task's end has been told.
  if (parked.holds_resources) run_.scheduler().resources.give_back(data_.find_settings(task)->resources);
  return state == TaskState::succeeded ? Step::ended_well : Step::ended_ill;
}

}  // namespace baton::detail
