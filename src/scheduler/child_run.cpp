// SPDX-License-Identifier: MIT
#include "scheduler/child_run.hpp"

#include "scheduler/run_core.hpp"
#include "scheduler/scheduler_core.hpp"

namespace baton::detail {

ChildRun::ChildRun(RunCore& parent, ChildCall&& call) : output_(call.output) {
  StartOptions options;
  options.inputs = std::move(call.inputs);
  std::tie(child_, first_seat_) = parent.scheduler().create(*call.plan, options);
}

// A run that was created ends, whatever becomes of its task.
ChildRun::~ChildRun() {
  if (first_seat_ == nullptr) return;
  child_.cancel();
  child_.core()->pass_on(*first_seat_);
}

void ChildRun::begin(RunCore& run, std::uint32_t task) {
  run.keep();
  child_.on_end([&run, task](const Run&) {
    run.deliver({task, Message::Kind::child});
    run.drop();
  });
  child_.core()->pass_on(*std::exchange(first_seat_, nullptr));
}

bool ChildRun::finish(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept {
  if (child_.state() == RunState::cancelled) {
    parked.end = TaskState::cancelled;
    return false;
  }
  try {
    child_.get();
    const TypeRef type = run.plan().result_type(TaskId{task});
    if (type->size != 0) {
      // Nobody else has a handle of the child run, so its value may be moved.
      const void* const value = child_.core()->result(child_.plan().id(output_), type);
      type->move(run.value(task), const_cast<void*>(value));
      parked.has_value = true;
    }
    parked.end = TaskState::succeeded;
  } catch (...) {
    parked.end = TaskState::failed;
    parked.error = std::current_exception();
  }
  return false;
}

}  // namespace baton::detail
