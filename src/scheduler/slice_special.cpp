// SPDX-License-Identifier: MIT
// The slow path of a slice: tasks that need more than a call, and all that end, wait or fail otherwise than in place.
#include "scheduler/attempt.hpp"
#include "scheduler/scheduler_core.hpp"
#include "scheduler/slice.hpp"

namespace baton::detail {

using Kind = Event::Kind;

Slice::Step Slice::start_specially(std::uint32_t task) noexcept {
  const std::uint32_t attention = run_.attention();
  ParkedTask parked;
  if (attention != 0) {
    if ((attention & has_messages) != 0) {
      take_messages();
      share_surplus();  // what they made ready does not wait for this body
    }
    const bool stop = (attention & (cancelling | stopping)) != 0;
    const bool doomed = (run_.byte(task).load(std::memory_order_relaxed) & task_byte::doomed) != 0;
    if (stop || doomed) {
      if ((data_.flags_of(task) & has_resources) != 0) parked = run_.unpark(task);
      return end(task, stop ? TaskState::cancelled : TaskState::omitted, parked);
    }
  }
  const std::uint8_t flags = data_.flags_of(task);
  if ((flags & has_resources) != 0) {
    parked = run_.unpark(task);
    if (!parked.holds_resources) {
      try {
        if (wait_for_resources(task, parked.has_waited) == Step::parked) return Step::parked;
      } catch (...) {
        parked.error = std::current_exception();
        return end(task, TaskState::failed, parked);
      }
      parked.holds_resources = true;
    }
  }
  if ((flags & is_pinned) != 0) {
    Executor& executor = *data_.find_settings(task)->executor;
    if (&executor != frame_.executor) {
      try {
        post_to_executor(task, executor, parked);
      } catch (...) {
        parked.error = std::current_exception();
        return end(task, TaskState::failed, parked);
      }
      return Step::parked;
    }
  }
  return start_body(task, std::move(parked));
}

/// @returns parked when the task waits, anything else when it has its units now.
Slice::Step Slice::wait_for_resources(std::uint32_t task, bool has_waited) {
  const std::vector<ResourceRequest>& requests = data_.find_settings(task)->resources;
  Resources& resources = run_.scheduler().resources;
  if (resources.try_acquire(run_, task, requests)) return Step::ended_well;
  // Said before asking: once queued, another thread may get the grant and start the task.
  run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_relaxed);
  if (!has_waited) run_.tell_task(Kind::task_waiting, task, TaskState::waiting, 0, WaitReason::resource);
  resources.wait_for(run_, task, requests);
  // cancel() raises its flag before it collects the waiters; a waiter that came after that finds the flag here.
  if ((run_.attention() & (cancelling | stopping)) != 0 && resources.remove(run_, task)) {
    run_.deliver({task, Message::Kind::drop});
  }
  return Step::parked;
}

namespace {

/// A pinned task on its way to its executor.
class PinnedTask final : public Work {
 public:
  PinnedTask(RunCore& run, std::uint32_t task, Executor& executor, ParkedTask parked)
      : run_(run), task_(task), executor_(executor), parked_(std::move(parked)) {
    run_.keep();
    run_.scheduler().clock.hold();
  }

  void run(const Budget&) noexcept override {
    if ((run_.attention() & (cancelling | stopping)) != 0) {
      parked_.end = TaskState::cancelled;
      run_.park(task_, std::move(parked_));
    } else {
      BodyFrame frame{&run_, &executor_, task_, BodyFrame::innermost()};
      BodyFrame::innermost() = &frame;
      ParkedTask result = call_body(run_, task_, std::move(parked_));
      BodyFrame::innermost() = frame.outer;
      run_.park(task_, std::move(result));
    }
    run_.deliver({task_, Message::Kind::body});
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

void Slice::post_to_executor(std::uint32_t task, Executor& executor, ParkedTask parked) {
  auto* const pinned = new PinnedTask(run_, task, executor, std::move(parked));
  run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_relaxed);
  run_.tell_task(Kind::task_waiting, task, TaskState::waiting, 0, WaitReason::executor);
  executor.post(*pinned);
}

Slice::Step Slice::start_body(std::uint32_t task, ParkedTask parked) noexcept {
  // Once more: getting the resources may have taken until after a cancel.
  if ((run_.attention() & (cancelling | stopping)) != 0) return end(task, TaskState::cancelled, parked);
  seat_->progress.start_body();
  ParkedTask result = call_body(run_, task, std::move(parked));
  if (seat_ != nullptr) come_in();
  if (!result.rest && result.until == TimePoint{}) return end(task, result.end, result);
  if (seat_ != nullptr) {
    end_parked(task, std::move(result));
  } else {
    run_.park(task, std::move(result));
    run_.deliver({task, Message::Kind::body});
  }
  return Step::parked;
}

void Slice::take_messages() noexcept {
  for (const Message& message : run_.take_messages()) take(message);
}

void Slice::take(const Message& message) noexcept {
  const std::uint32_t task = message.task;
  ParkedTask parked = run_.unpark(task);
  switch (message.kind) {
    case Message::Kind::ended_well:
      pass_on_end<false>(task);
      return;
    case Message::Kind::ended_ill:
      pass_on_end<true>(task);
      return;
    case Message::Kind::granted:
      parked.has_waited = true;
      run_.park(task, std::move(parked));
      run_.byte(task).store(0, std::memory_order_relaxed);
      make_ready(task);
      return;
    case Message::Kind::body:
      end_parked(task, std::move(parked));
      return;
    case Message::Kind::timer:
      parked.until = TimePoint{};
      break;
    case Message::Kind::drop:
      parked.until = TimePoint{};
      if (parked.has_value) run_.destroy_value(task);
      parked.has_value = false;
      parked.end = TaskState::cancelled;
      parked.error = nullptr;
      break;
    case Message::Kind::child:
      if (!parked.rest->finish(run_, task, parked)) parked.rest = nullptr;
      break;
  }
  end_parked(task, std::move(parked));
}

/// Ends a task that is not on its way through run_chain, or parks it until its time or its child run is over.
void Slice::end_parked(std::uint32_t task, ParkedTask parked) noexcept {
  const bool stop = (run_.attention() & (cancelling | stopping)) != 0;
  if (parked.rest) {
    begin_rest(task, std::move(parked));
    return;
  }
  if (parked.until != TimePoint{} && !stop) {
    const TimePoint until = parked.until;
    const std::uint32_t attempt = parked.attempt;
    run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_release);
    run_.park(task, std::move(parked));
    run_.tell_task(Kind::task_waiting, task, TaskState::waiting, attempt, WaitReason::timer);
    Timers& timers = run_.scheduler().timers;
    timers.add(run_, task, until);
    // As for resources: cancel() may have collected the timers before this one was there.
    if ((run_.attention() & (cancelling | stopping)) != 0 && timers.remove(run_, task)) {
      run_.deliver({task, Message::Kind::drop});
    }
    return;
  }
  if (parked.until != TimePoint{} && stop) {
    if (parked.has_value) run_.destroy_value(task);
    parked.end = TaskState::cancelled;
    parked.error = nullptr;
  }
  if (end(task, parked.end, parked) == Step::ended_well) {
    pass_on_end<false>(task);
  } else {
    pass_on_end<true>(task);
  }
}

/// Parks a task until what its continuation begins is over.
void Slice::begin_rest(std::uint32_t task, ParkedTask parked) noexcept {
  const std::shared_ptr<Continuation> rest = parked.rest;
  const std::uint32_t attempt = parked.attempt;
  run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_release);
  run_.park(task, std::move(parked));
  run_.tell_task(Kind::task_waiting, task, TaskState::waiting, attempt, WaitReason::child);
  // As for timers: cancel() may have looked for continuations before this one was there.
  if ((run_.attention() & (cancelling | stopping)) != 0) rest->cancel();
  rest->begin(run_, task);
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

/// The one place where a task gets its outcome, but for the plain success of call_plainly.
Slice::Step Slice::end(std::uint32_t task, TaskState state, const ParkedTask& parked) noexcept {
  std::uint32_t attention = state == TaskState::succeeded ? 0U : some_doomed;
  if (state == TaskState::failed) {
    run_.add_failure(task, parked.attempt, parked.error);
    if (run_.failure_mode() == FailureMode::stop) attention |= stopping;
  } else if (state == TaskState::cancelled) {
    run_.note_cancelled();
  }
  if (state != TaskState::succeeded && data_.is_input(task)) run_.destroy_value(task);  // it was there from the start
  if ((attention & ~run_.attention()) != 0) {
    run_.raise(attention);
    if ((attention & stopping) != 0) run_.stop_waiting_tasks();
  }
  run_.byte(task).store(task_byte::of(state), std::memory_order_release);
  run_.tell_task(Kind::task_ended, task, state, parked.attempt, WaitReason::none,
                 state == TaskState::failed ? &parked.error : nullptr);
  // Last, so that whoever gets the units starts after this task's end has been told.
  if (parked.holds_resources) run_.scheduler().resources.give_back(data_.find_settings(task)->resources);
  return state == TaskState::succeeded ? Step::ended_well : Step::ended_ill;
}

}  // namespace baton::detail
