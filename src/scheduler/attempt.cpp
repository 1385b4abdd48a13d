// SPDX-License-Identifier: MIT
#include "scheduler/attempt.hpp"

#include "scheduler/scheduler_core.hpp"

namespace baton::detail {
namespace {

/// What a body sees of its run.
class AttemptContext final : public Context {
 public:
  AttemptContext(RunCore& run, std::uint32_t task, std::uint32_t attempt) : run_(run), task_(task), attempt_(attempt) {}

  [[nodiscard]] std::stop_token stop_token() const override { return run_.stop_token(); }
  [[nodiscard]] bool stop_requested() const noexcept override {
    return (run_.attention() & (cancelling | stopping)) != 0;
  }
  void park_for(Duration duration) override {
    until = duration > Duration::zero() ? later_by(run_.scheduler().clock.now(), duration) : TimePoint{};
  }
  [[nodiscard]] TimePoint now() const noexcept override { return run_.scheduler().clock.now(); }
  [[nodiscard]] std::uint32_t attempt() const noexcept override { return attempt_; }
  [[nodiscard]] std::string task_name() const override { return run_.data().label(task_); }
  [[nodiscard]] std::string_view workflow_name() const noexcept override { return run_.data().name; }
  [[nodiscard]] std::uint64_t run_id() const noexcept override { return run_.id(); }
  void call(ChildCall&& asked) override {
    StartOptions options;
    options.inputs = std::move(asked.inputs);
    std::tie(child, first_seat) = run_.scheduler().create(*asked.plan, options);
    output = asked.output;
  }

  TimePoint until{};
  Run child;
  Seat* first_seat = nullptr;
  AnyTask output;

 private:
  RunCore& run_;
  const std::uint32_t task_;
  const std::uint32_t attempt_;
};

}  // namespace

ParkedTask call_body(RunCore& run, std::uint32_t task, ParkedTask parked) noexcept {
  ++parked.attempt;
  run.byte(task).store(task_byte::of(TaskState::running), std::memory_order_relaxed);
  run.tell_task(Event::Kind::task_started, task, TaskState::running, parked.attempt);
  const TaskRecord& record = run.data().records[task];
  AttemptContext context(run, task, parked.attempt);
  Frame frame = run.frame();
  frame.context = &context;
  try {
    record.invoke(record.capture, frame, task);
    parked.end = TaskState::succeeded;
    parked.has_value = !context.child;
  } catch (const Cancelled&) {
    parked.end = TaskState::cancelled;
  } catch (...) {
    parked.end = TaskState::failed;
    parked.error = std::current_exception();
  }
  parked.until = context.until;
  parked.child = std::move(context.child);
  parked.child_seat = context.first_seat;
  parked.child_output = context.output;
  return parked;
}

void start_child(RunCore& run, std::uint32_t task, ParkedTask parked) {
  const Run child = parked.child;
  Seat* const seat = std::exchange(parked.child_seat, nullptr);
  run.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_release);
  run.park(task, std::move(parked));
  run.tell_task(Event::Kind::task_waiting, task, TaskState::waiting, 1, WaitReason::child);
  run.keep();
  child.on_end([&run, task](const Run&) {
    run.deliver({task, Message::Kind::child});
    run.drop();
  });
  // As for timers: cancel() may have looked for children before this one was there.
  if ((run.attention() & (cancelling | stopping)) != 0) child.cancel();
  child.core()->pass_on(*seat);
}

void finish_child(RunCore& run, std::uint32_t task, ParkedTask& parked) {
  const Run child = std::exchange(parked.child, Run{});
  if (child.state() == RunState::cancelled) {
    parked.end = TaskState::cancelled;
    return;
  }
  try {
    child.get();
    const TypeRef type = run.plan().result_type(TaskId{task});
    if (type->size != 0) {
      // Nobody else has a handle of the child run, so its value may be moved.
      const void* const value = child.core()->result(child.plan().id(parked.child_output), type);
      type->move(run.value(task), const_cast<void*>(value));
    }
    parked.end = TaskState::succeeded;
  } catch (...) {
    parked.end = TaskState::failed;
    parked.error = std::current_exception();
  }
}

}  // namespace baton::detail
