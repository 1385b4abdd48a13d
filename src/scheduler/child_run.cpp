// SPDX-License-Identifier: MIT
#include "scheduler/child_run.hpp"

#include "scheduler/run_core.hpp"
#include "scheduler/scheduler_core.hpp"

#include <algorithm>

namespace baton::detail {
namespace {

std::unique_ptr<const RunPlace> place_of(const RunCore& parent, std::uint32_t task, const Rounds* loop) {
  RunPlace place = parent.place_of_child(task);
  if (loop != nullptr) {
    place.path += round_suffix(loop->number);
    place.round = loop->number;
  }
  return std::make_unique<const RunPlace>(std::move(place));
}

/// `text` so that what follows its first line stands below it.
std::string indented(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return result;
}

}  // namespace

bool is_child_failure(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const ChildFailed&) {
    return true;
  } catch (...) {
    return false;
  }
}

std::string describe_failure(const TaskFailure& failure, std::string_view path) {
  if (is_child_failure(failure.error)) return failure.message;
  std::string name(path);
  if (!name.empty()) name += '/';
  return "task '" + name + failure.task_name + "': " + indented(failure.message);
}

ChildRun::ChildRun(RunCore& parent, std::uint32_t task, ChildCall&& call, const Rounds* loop)
    : parent_(parent), task_(task), output_(call.output) {
  StartOptions options;
  options.inputs = std::move(call.inputs);
  std::tie(child_, first_seat_) = parent.scheduler().create(*call.plan, options, SchedulerCore::Caller::only_starts,
                                                            nullptr, place_of(parent, task, loop));
}

// A run that was created ends, whatever becomes of its task.
ChildRun::~ChildRun() {
  if (first_seat_ == nullptr) return;
  child_.cancel();
  child_.core()->pass_on(*first_seat_);
}

void ChildRun::begin(RunCore& run, std::uint32_t task) {
  run.keep();
  try {
    child_.on_end([&run, task](const Run&) {
      run.deliver({task, Message::Kind::child});
      run.drop();
    });
  } catch (...) {
    run.drop();
    throw;  // the destructor ends the child
  }
  yield_point("child: about to start");
  child_.core()->pass_on(*std::exchange(first_seat_, nullptr));
}

void ChildRun::cancel() noexcept {
  std::string cause;
  try {
    cause = parent_.why_stopped(task_);
  } catch (const std::bad_alloc&) {  // then it is cancelled without a cause
  }
  child_.cancel(std::move(cause));
}

bool ChildRun::finish(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept {
  if (child_.state() == RunState::cancelled) {
    parked.end = TaskState::cancelled;
    return false;
  }
  try {
    if (!child_.succeeded()) std::rethrow_exception(child_error(child_));
    take_output(run, task, parked);
    parked.end = TaskState::succeeded;
  } catch (...) {
    parked.end = TaskState::failed;
    parked.error = std::current_exception();
    if (parked.loop) parked.loop->is_broken = true;
  }
  return false;
}

void ChildRun::take_output(RunCore& run, std::uint32_t task, ParkedTask& parked) {
  const TypeRef type = run.plan().result_type(TaskId{task});
  if (type->size == 0) return;
  void* const value = result_to_move(child_, output_);
  if (parked.loop) {
    parked.loop->keep(value);
    parked.loop->again = true;
  } else {
    type->move(run.value(task), value);
    parked.has_value = true;
  }
}

void* result_to_move(const Run& child, AnyTask output) {
  const TaskId id = child.plan().id(output);
  const TypeRef type = child.plan().result_type(id);
  return type->size == 0 ? nullptr : const_cast<void*>(child.core()->result(id, type));
}

std::exception_ptr child_error(const Run& child) noexcept try {
  std::vector<TaskFailure> failures = child.failures();
  const std::string_view path = child.path();
  const std::size_t named = std::min(failures.size(), most_named_failures);
  std::string text;
  for (std::size_t at = 0; at < named; ++at) {
    if (at != 0) text += '\n';
    text += describe_failure(failures[at], path);
  }
  if (failures.size() > named) {
    text += "\nand " + std::to_string(failures.size() - named) + " more in '" + std::string(path) + "'";
  }
  return std::make_exception_ptr(ChildFailed(text, std::move(failures)));
} catch (...) {
  return std::current_exception();
}

}  // namespace baton::detail
