// SPDX-License-Identifier: MIT
#include <baton/recovery/rerun.hpp>

#include <baton/base/error.hpp>

#include "recovery/rerun_data.hpp"
#include "scheduler/run_reuse.hpp"

#include <utility>

namespace baton {

std::vector<TaskState> went_wrong() { return {TaskState::failed, TaskState::cancelled, TaskState::omitted}; }

RerunPlan::RerunPlan(std::unique_ptr<detail::RerunData> data) noexcept : data_(std::move(data)) {}
RerunPlan::RerunPlan(RerunPlan&& other) noexcept = default;
RerunPlan& RerunPlan::operator=(RerunPlan&& other) noexcept = default;
RerunPlan::~RerunPlan() = default;

const Run& RerunPlan::from() const noexcept { return data_->from; }
const Plan& RerunPlan::plan() const noexcept { return data_->plan; }
std::size_t RerunPlan::count(RerunAction action) const noexcept {
  return data_->counts[static_cast<std::size_t>(action)];
}
const std::vector<TaskId>& RerunPlan::orphaned() const noexcept { return data_->past.orphaned; }

RerunTask RerunPlan::task(TaskId id) const {
  const auto number = static_cast<std::uint32_t>(id);
  const detail::RerunVerdict& verdict = data_->verdicts[number];
  const detail::PastTask& past = data_->past.tasks[number];
  RerunTask task;
  task.action = data_->action(number);
  task.reason = verdict.reason;
  if (verdict.cause != detail::no_such_task) task.cause = TaskId{verdict.cause};
  if (past.earlier != detail::no_such_task) {
    task.earlier = TaskId{past.earlier};
    task.outcome = past.outcome;
  }
  return task;
}

std::vector<TaskId> RerunPlan::tasks(RerunAction action) const {
  std::vector<TaskId> found;
  found.reserve(count(action));
  for (std::uint32_t task = 0; task < data_->verdicts.size(); ++task) {
    if (data_->action(task) == action) found.push_back(TaskId{task});
  }
  return found;
}

namespace {

void check_run(const Run& from) {
  if (!from) throw UsageError("plan_rerun: the handle refers to no run");
  if (!from.ended()) {
    throw UsageError("plan_rerun: run " + std::to_string(from.id()) + " has not ended; wait for it, or cancel it");
  }
}

std::uint16_t bits_of(const std::vector<TaskState>& outcomes) {
  std::uint16_t bits = 0;
  for (const TaskState state : outcomes) {
    if (!is_outcome(state)) throw UsageError("plan_rerun: '" + std::string(to_string(state)) + "' is no outcome");
    bits = static_cast<std::uint16_t>(bits | 1U << static_cast<unsigned>(state));
  }
  return bits;
}

detail::RerunWishes resolve(const Run& from, const Plan& plan, RerunOptions& options) {
  detail::RerunWishes wishes;
  wishes.outcomes = bits_of(options.outcomes);
  std::vector<std::string> faults;
  wishes.named.reserve(options.tasks.size() + options.names.size());
  for (const AnyTask& task : options.tasks) {
    if (plan.contains(task)) {
      wishes.named.push_back(static_cast<std::uint32_t>(plan.id(task)));
    } else {
      faults.emplace_back(
          "a handle of a task to run again names none of its plan (it is of another workflow, or the task was removed "
          "or added later)");
    }
  }
  for (const std::string& name : options.names) {
    if (const auto task = plan.find(name)) {
      wishes.named.push_back(static_cast<std::uint32_t>(*task));
    } else {
      faults.push_back("there is no task '" + name + "' to run again");
    }
  }
  wishes.inputs.reserve(options.inputs.entries().size());
  for (const Inputs::Entry& entry : options.inputs.entries()) {
    if (plan.contains(entry.input)) {
      wishes.inputs.push_back(static_cast<std::uint32_t>(plan.id(entry.input)));
    } else {
      faults.emplace_back("a value is given for an input of another workflow");
    }
  }
  if (!faults.empty()) {
    throw DefinitionError("plan '" + std::string(plan.name()) + "', to continue run " + std::to_string(from.id()),
                          std::move(faults));
  }
  return wishes;
}

}  // namespace

RerunPlan plan_rerun(const Run& from, const Plan& plan, RerunOptions options) {
  check_run(from);
  auto data = std::make_unique<detail::RerunData>();
  const detail::RerunWishes wishes = resolve(from, plan, options);
  data->from = from;
  data->plan = plan;
  data->past = detail::look_at_past(from, plan);
  data->verdicts = detail::decide_rerun(plan, data->past, wishes);
  data->inputs = std::move(options.inputs);
  for (std::uint32_t task = 0; task < data->verdicts.size(); ++task) {
    ++data->counts[static_cast<std::size_t>(data->action(task))];
  }
  return RerunPlan(std::move(data));
}

RerunPlan plan_rerun(const Run& from, RerunOptions options) {
  check_run(from);
  return plan_rerun(from, from.plan(), std::move(options));
}

Run rerun(Scheduler& scheduler, RerunPlan&& plan, StartOptions options) {
  detail::RerunData& data = plan.data();
  if (data.carried_out_as != 0) {
    throw UsageError("this rerun of run " + std::to_string(data.from.id()) + " was carried out already, as run " +
                     std::to_string(data.carried_out_as) + "; plan another one");
  }
  if (!options.inputs.entries().empty()) {
    throw DefinitionError("plan '" + std::string(data.plan.name()) + "' cannot run again",
                          {"StartOptions::inputs has values; give them to plan_rerun, in RerunOptions::inputs, since "
                           "they decide what runs"});
  }
  detail::Reuse reuse{data.from, {}};
  reuse.source.reserve(data.verdicts.size());
  for (std::uint32_t task = 0; task < data.verdicts.size(); ++task) {
    reuse.source.push_back(data.verdicts[task].reuses() ? data.past.tasks[task].earlier : detail::Reuse::none);
  }
  reuse.winners.reserve(data.past.winners.size());
  for (const std::uint32_t winner : data.past.winners) {
    const bool stays = winner != detail::no_such_task && data.verdicts[winner].reuses();
    reuse.winners.push_back(stays ? winner : detail::Reuse::none);
  }
  std::swap(options.inputs, data.inputs);
  try {
    Run run = detail::start_reusing(scheduler, data.plan, options, reuse);
    data.carried_out_as = run.id();
    return run;
  } catch (...) {
    std::swap(options.inputs, data.inputs);
    throw;
  }
}

}  // namespace baton
