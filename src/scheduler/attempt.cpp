// SPDX-License-Identifier: MIT
#include "scheduler/attempt.hpp"

#include "scheduler/child_run.hpp"
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
  void call(ChildCall&& asked) override { rest = std::make_shared<ChildRun>(run_, std::move(asked)); }

  TimePoint until{};
  std::shared_ptr<Continuation> rest;

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
    parked.has_value = !context.rest;
    parked.rest = std::move(context.rest);
  } catch (const Cancelled&) {
    parked.end = TaskState::cancelled;
  } catch (...) {
    parked.end = TaskState::failed;
    parked.error = std::current_exception();
  }
  parked.until = context.until;
  return parked;
}

}  // namespace baton::detail
