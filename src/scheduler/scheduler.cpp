// SPDX-License-Identifier: MIT
#include <baton/scheduler/scheduler.hpp>

#include <baton/base/error.hpp>
#include <baton/executor/thread_pool.hpp>

#include "scheduler/run_core.hpp"
#include "scheduler/run_reuse.hpp"
#include "scheduler/scheduler_core.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace baton {
namespace detail {
namespace {

void check_inputs(const Plan& plan, Inputs& inputs, const Reuse* reuse, std::vector<std::string>& faults) {
  const PlanData& data = plan.data();
  for (const Inputs::Entry& entry : inputs.entries()) {
    if (!plan.contains(entry.input)) faults.emplace_back("a value is given for an input of another workflow");
  }
  for (const PlanInput& input : data.inputs) {
    const bool given = std::any_of(inputs.entries().begin(), inputs.entries().end(), [&](const Inputs::Entry& entry) {
      return plan.contains(entry.input) && plan.id(entry.input) == TaskId{input.task};
    });
    if (!given && !input.fallback && (reuse == nullptr || !reuse->has(input.task))) {
      faults.push_back("input '" + data.label(input.task) +
                       "' has no value; give it one by Inputs::set, or a default in the workflow");
    }
  }
}

}  // namespace

std::pair<Run, Seat*> SchedulerCore::create(const Plan& plan, StartOptions& options, Caller caller, const Reuse* reuse,
                                            std::unique_ptr<const RunPlace> place) {
  std::vector<std::string> faults;
  check_inputs(plan, options.inputs, reuse, faults);
  if (!plan.data().settings.empty()) {
    for (std::string& fault : resources.faults(plan.data())) faults.push_back(std::move(fault));
  }
  if (!faults.empty()) throw DefinitionError("plan '" + std::string(plan.name()) + "' cannot run", std::move(faults));

  const std::size_t workers = executor.concurrency() + (caller == Caller::works_along ? 1 : 0);
  RunCore* const core = RunCore::create(*this, plan, options, workers, reuse, std::move(place));
  Run run(core);
  yield_point("create a run: made");
  {
    const std::lock_guard lock(mutex);
    core->next_live = first_live;
    if (first_live != nullptr) first_live->previous_live = core;
    first_live = core;
    ++live_count;
  }
  yield_point("create a run: listed");
  // Only now: an observer that is added from here on finds the run in the list, one added before is seen.
  if (!observers.empty()) core->raise(observed);
  Seat* const seat = core->take_seat();
  core->mark_roots(*seat);
  if ((core->attention() & observed) != 0) {
    Event event{};
    event.kind = Event::Kind::run_started;
    core->tell(event);
    core->tell_first_tasks();
  }
  if (options.paused) core->pause();
  core->start_deadline();
  core->decide_if_nothing_is_left();
  return {std::move(run), seat};
}

void SchedulerCore::retire(RunCore& run) noexcept {
  yield_point("retire a run");
  {
    const std::lock_guard lock(mutex);
    (run.previous_live != nullptr ? run.previous_live->next_live : first_live) = run.next_live;
    if (run.next_live != nullptr) run.next_live->previous_live = run.previous_live;
    --live_count;
    ++retiring;
  }
  yield_point("retire a run: off the list");
  run.dereference();  // may end values of the host's, so without the lock
  const std::lock_guard lock(mutex);
  if (--retiring == 0 && live_count == 0) retired.notify_all();
}

std::vector<Run> SchedulerCore::runs_of_host() const {
  std::vector<Run> runs;
  const std::lock_guard lock(mutex);
  for (RunCore* run = first_live; run != nullptr; run = run->next_live) {
    if (run->place() != nullptr) continue;
    run->reference();
    runs.emplace_back(run);
  }
  return runs;
}

// What a task has started is cancelled through its task: before that, its end would be that of something else.
void SchedulerCore::cancel_all(const std::string& cause) noexcept {
  try {
    for (const Run& run : runs_of_host()) run.cancel(cause);
    return;
  } catch (const std::bad_alloc&) {
  }
  // Without a list and without a cause: one by one, until there is none that was not cancelled.
  const auto next = [this] {
    const std::lock_guard lock(mutex);
    RunCore* run = first_live;
    while (run != nullptr &&
           (run->place() != nullptr || run->state() != RunState::running || (run->attention() & cancelling) != 0)) {
      run = run->next_live;
    }
    if (run != nullptr) run->reference();
    return Run(run);
  };
  for (Run run = next(); run; run = next()) run.cancel();
}

bool SchedulerCore::below_on_this_stack() const noexcept {
  for (const BodyFrame* frame = BodyFrame::innermost(); frame != nullptr; frame = frame->outer) {
    if (&frame->run->scheduler() == this) return true;
  }
  return false;
}

void SchedulerCore::wait_all() {
  for (;;) {
    // An executor that the host drives by hand needs this thread.
    while (executor.try_run_one()) {
    }
    std::unique_lock lock(mutex);
    if (retired.wait_until(lock, "wait for all runs", engine_time() + std::chrono::milliseconds(20),
                           [this] { return live_count == 0 && retiring == 0; })) {
      return;
    }
  }
}

}  // namespace detail

Scheduler::Scheduler(Executor& executor, SchedulerOptions options)
    : core_(std::make_unique<detail::SchedulerCore>(executor, options.clock)) {}

Scheduler::~Scheduler() {
  if (core_->below_on_this_stack()) {
    std::fputs("baton: a Scheduler is destroyed inside one of its own tasks, whose end it would have to wait for\n",
               stderr);
    std::abort();
  }
  static const std::string cause = "its scheduler was destroyed";
  core_->cancel_all(cause);
  core_->wait_all();
}

Run Scheduler::start(const Plan& plan, StartOptions options) {
  auto [run, seat] = core_->create(plan, options);
  run.core()->pass_on(*seat);
  return run;
}

Run Scheduler::start(const Plan& plan, Inputs inputs) {
  StartOptions options;
  options.inputs = std::move(inputs);
  return start(plan, std::move(options));
}

Run Scheduler::run(const Plan& plan, StartOptions options) {
  if (options.paused) {
    throw UsageError("plan '" + std::string(plan.name()) +
                     "' is to be run to its end, but paused from the start: nobody has a handle to resume it; use "
                     "Scheduler::start");
  }
  detail::BodyFrame::check_stack();
  auto [run, seat] = core_->create(plan, options, detail::SchedulerCore::Caller::works_along);
  run.core()->work_along(seat);
  return run;
}

Run Scheduler::run(const Plan& plan, Inputs inputs) {
  StartOptions options;
  options.inputs = std::move(inputs);
  return run(plan, std::move(options));
}

void Scheduler::resource(std::string_view name, std::uint64_t units) { core_->resources.declare(name, units); }

void Scheduler::observe(std::shared_ptr<Observer> observer) {
  core_->observers.add(std::move(observer));
  detail::yield_point("observe: added");
  // A run that starts meanwhile is in the list, or looks for observers once it is.
  const std::lock_guard lock(core_->mutex);
  for (detail::RunCore* run = core_->first_live; run != nullptr; run = run->next_live) run->raise(detail::observed);
}

void Scheduler::unobserve(const std::shared_ptr<Observer>& observer) { core_->observers.remove(observer); }

std::uint64_t Scheduler::observer_errors() const noexcept { return core_->errors->load(std::memory_order_relaxed); }

void Scheduler::cancel_all(const std::string& cause) { core_->cancel_all(cause); }

void Scheduler::wait_all() const {
  if (core_->below_on_this_stack()) throw UsageError("Scheduler::wait_all inside one of its own tasks could never end");
  core_->wait_all();
}

std::size_t Scheduler::running() const noexcept {
  const std::lock_guard lock(core_->mutex);
  return core_->live_count;
}

Executor& Scheduler::executor() const noexcept { return core_->executor; }
Clock& Scheduler::clock() const noexcept { return core_->clock; }

Run run(const Workflow& flow) {
  const Plan plan = flow.build();
  ThreadPool pool;
  Scheduler scheduler(pool);
  return scheduler.run(plan);
}

}  // namespace baton
