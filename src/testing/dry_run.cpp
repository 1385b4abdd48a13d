// SPDX-License-Identifier: MIT
#include <baton/testing/dry_run.hpp>

#include <baton/base/error.hpp>

#include "graph/plan_data.hpp"
#include "testing/dry_simulation.hpp"
#include "testing/name_pattern.hpp"

#include <algorithm>
#include <utility>

namespace baton {

// ---- Options ----

DryRunOptions& DryRunOptions::threads(std::size_t count) {
  if (count == 0) throw UsageError("dry run: without a thread nothing runs; ask for at least one");
  threads_ = count;
  return *this;
}

DryRunOptions& DryRunOptions::resource(std::string_view name, std::uint64_t units) {
  resources_.insert_or_assign(std::string(name), units);
  return *this;
}

DryRunOptions& DryRunOptions::failure_mode(FailureMode mode) {
  failure_mode_ = mode;
  return *this;
}

DryRunOptions& DryRunOptions::seed(std::uint64_t number) {
  seed_ = number;
  return *this;
}

DryRunOptions& DryRunOptions::lasts(std::string_view pattern, Duration duration) {
  detail::check_pattern("dry run", pattern);
  if (duration < Duration::zero()) {
    throw UsageError("dry run: the duration of '" + std::string(pattern) +
                     "' is negative: " + std::to_string(duration.count()) + " ns");
  }
  sayings_.push_back({.sort = Sort::lasts, .pattern = std::string(pattern), .duration = duration});
  return *this;
}

DryRunOptions& DryRunOptions::fails(std::string_view pattern, std::uint32_t times) {
  detail::check_pattern("dry run", pattern);
  if (times == 0) {
    throw UsageError("dry run: '" + std::string(pattern) + "' is to fail 0 times; leave the call out");
  }
  sayings_.push_back({.sort = Sort::fails, .pattern = std::string(pattern), .times = times});
  return *this;
}

DryRunOptions& DryRunOptions::skips(std::string_view pattern) {
  detail::check_pattern("dry run", pattern);
  sayings_.push_back({.sort = Sort::skips, .pattern = std::string(pattern)});
  return *this;
}

DryRunOptions& DryRunOptions::chooses(std::string_view pattern) {
  detail::check_pattern("dry run", pattern);
  sayings_.push_back({.sort = Sort::chooses, .pattern = std::string(pattern)});
  return *this;
}

// ---- What they say of a plan ----

namespace {

using detail::PlanData;

/// The tasks with a body of the user's, by name: neither inputs nor what only puts cleanup in its place.
struct Named {
  Named() = default;
  explicit Named(const PlanData& plan) {
    for (std::uint32_t task = 0; task < plan.task_count; ++task) {
      std::string name = plan.label(task);
      if (plan.is_input(task) || name.find('[') != std::string::npos) continue;
      ids.push_back(task);
      names.push_back(std::move(name));
    }
  }
  /// @throws UsageError when there is none.
  [[nodiscard]] std::vector<std::uint32_t> matching(const std::string& pattern) const {
    std::vector<std::uint32_t> tasks;
    for (const std::size_t place : detail::find_matches(pattern, names)) tasks.push_back(ids[place]);
    if (!tasks.empty()) return tasks;
    throw UsageError("dry run: no task of the plan matches '" + pattern + "'" + detail::nearest_names(pattern, names));
  }

  std::vector<std::uint32_t> ids;
  std::vector<std::string> names;
};

/// Those of the tasks that have a condition.
std::vector<std::uint32_t> with_conditions(const PlanData& plan, const std::vector<std::uint32_t>& tasks,
                                           const std::string& pattern) {
  std::vector<std::uint32_t> found;
  for (const std::uint32_t task : tasks) {
    const auto control = plan.controls.find(task);
    if (control != plan.controls.end() && !control->second.conditions.empty()) found.push_back(task);
  }
  if (!found.empty()) return found;
  throw UsageError("dry run: '" + pattern + "' can neither be skipped nor chosen: task '" + plan.label(tasks.front()) +
                   "' has no condition (when)");
}

/// The tasks that the conditions of `task` look at.
std::vector<std::uint32_t> looked_at(const PlanData& plan, std::uint32_t task) {
  std::vector<std::uint32_t> tasks;
  for (const detail::Condition& condition : plan.controls.find(task)->second.conditions) {
    tasks.insert(tasks.end(), condition.wires.begin(), condition.wires.end());
  }
  return tasks;
}

/// Skips what has a condition on a task on which one of `chosen` has one, but for those.
void skip_others(const PlanData& plan, const std::vector<bool>& chosen, std::vector<bool>& skipped) {
  std::vector<bool> decides(plan.task_count);
  for (const auto& [task, control] : plan.controls) {
    if (!chosen[task]) continue;
    for (const std::uint32_t selector : looked_at(plan, task)) decides[selector] = true;
  }
  for (const auto& [task, control] : plan.controls) {
    if (chosen[task]) continue;
    for (const std::uint32_t selector : looked_at(plan, task)) {
      if (decides[selector]) skipped[task] = true;
    }
  }
}

}  // namespace

// ---- The run ----

DryRun::DryRun(const Plan& plan, const DryRunOptions& options) : plan_(plan), threads_(options.threads_) {
  using Sort = DryRunOptions::Sort;
  const PlanData& data = plan.data();
  detail::DryBehaviour behaviour;
  behaviour.threads = options.threads_;
  behaviour.stops_at_failure = options.failure_mode_ == FailureMode::stop;
  behaviour.seed = options.seed_;
  behaviour.durations.resize(data.task_count);
  behaviour.skipped.resize(data.task_count);
  for (const auto& [task, settings] : data.settings) {
    behaviour.durations[task] = std::max(Duration::zero(), settings.expected_duration.value_or(Duration::zero()));
  }

  std::vector<bool> chosen(data.task_count);
  const Named tasks = options.sayings_.empty() ? Named() : Named(data);
  for (const DryRunOptions::Saying& saying : options.sayings_) {
    std::vector<std::uint32_t> matching = tasks.matching(saying.pattern);
    if (saying.sort == Sort::skips || saying.sort == Sort::chooses) {
      matching = with_conditions(data, matching, saying.pattern);
    }
    for (const std::uint32_t task : matching) {
      if (saying.sort == Sort::lasts) behaviour.durations[task] = saying.duration;
      if (saying.sort == Sort::fails) behaviour.failures[task] = saying.times;
      if (saying.sort == Sort::skips) behaviour.skipped[task] = true;
      if (saying.sort == Sort::chooses) chosen[task] = true;
    }
  }
  skip_others(data, chosen, behaviour.skipped);

  detail::DrySimulation simulation(data, behaviour, detail::DrySupplies(data, options.resources_));
  simulation.run();
  state_ = simulation.any_failed() ? RunState::failed : RunState::succeeded;
  tasks_ = std::move(simulation.tasks());
  order_ = std::move(simulation.order());
  for (const DryRunTask& task : tasks_) makespan_ = std::max(makespan_, task.end);
}

DryRun dry_run(const Plan& plan, const DryRunOptions& options) { return DryRun(plan, options); }

const DryRunTask& DryRun::task(std::string_view name) const {
  if (const auto id = plan_.find(name)) return (*this)[*id];
  throw UsageError("dry run: the plan has no task '" + std::string(name) + "'" +
                   detail::nearest_names(name, Named(plan_.data()).names));
}

}  // namespace baton
