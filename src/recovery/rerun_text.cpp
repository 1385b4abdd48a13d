// SPDX-License-Identifier: MIT
#include <baton/recovery/rerun.hpp>

#include "graph/plan_data.hpp"
#include "recovery/rerun_data.hpp"

#include <algorithm>
#include <utility>

namespace baton {

std::string_view to_string(RerunAction action) noexcept {
  switch (action) {
    case RerunAction::reuse:
      return "reuse";
    case RerunAction::rerun:
      return "rerun";
    case RerunAction::added:
      return "added";
  }
  return "?";
}

std::string_view to_string(RerunReason reason) noexcept {
  switch (reason) {
    case RerunReason::unchanged:
      return "unchanged";
    case RerunReason::outcome:
      return "outcome";
    case RerunReason::named:
      return "named";
    case RerunReason::input_changed:
      return "input_changed";
    case RerunReason::predecessor_runs:
      return "predecessor_runs";
    case RerunReason::cause_runs:
      return "cause_runs";
    case RerunReason::result_taken:
      return "result_taken";
    case RerunReason::result_handed_over:
      return "result_handed_over";
    case RerunReason::result_in_use:
      return "result_in_use";
    case RerunReason::undone:
      return "undone";
    case RerunReason::cleanup:
      return "cleanup";
    case RerunReason::type_changed:
      return "type_changed";
    case RerunReason::dependencies_changed:
      return "dependencies_changed";
    case RerunReason::added:
      return "added";
  }
  return "?";
}

namespace {

std::string in_words(TaskState outcome) {
  const bool is_passive = outcome != TaskState::succeeded && outcome != TaskState::failed;
  return (is_passive ? "it was " : "it ") + std::string(to_string(outcome));
}

std::string why_type_changed(const detail::RerunData& data, TaskId id, TaskId earlier) {
  const bool was_input = data.from.plan().data().is_input(static_cast<std::uint32_t>(earlier));
  const bool is_input = data.plan.data().is_input(static_cast<std::uint32_t>(id));
  if (was_input != is_input) return was_input ? "it was an input, and is none any more" : "it is an input now";
  return "it returns " + readable_name(*data.plan.result_type(id)->id) + ", it returned " +
         readable_name(*data.from.plan().result_type(earlier)->id);
}

std::string why_taken(const std::string& cause, bool is_input) {
  const std::string why = cause.empty() ? "the task that took its result does not take it any more"
                                        : "its result was taken by " + cause + ", which runs";
  return is_input ? why + "; it needs a value" : why;
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : many);
}

}  // namespace

std::string RerunPlan::why(TaskId id) const {
  const RerunTask is = task(id);
  const std::string cause = is.cause ? "task '" + plan().task_name(*is.cause) + "'" : "";
  switch (is.reason) {
    case RerunReason::unchanged:
      return in_words(*is.outcome) + ", and nothing that it depends on runs";
    case RerunReason::outcome:
      return in_words(*is.outcome);
    case RerunReason::named:
      return "it was named";
    case RerunReason::input_changed:
      return "it is given a value";
    case RerunReason::predecessor_runs:
      return "it depends on " + cause + ", which runs";
    case RerunReason::cause_runs:
      return "it was omitted, and " + cause + " before it runs";
    case RerunReason::result_taken:
      return why_taken(cause, plan().data().is_input(static_cast<std::uint32_t>(id)));
    case RerunReason::result_handed_over:
      return "its result was handed over to run " + std::to_string(data_->past.moved_to[index_of(*is.earlier)]);
    case RerunReason::result_in_use:
      return "its result is still read by a body that was not waited for";
    case RerunReason::undone:
      return "it was undone";
    case RerunReason::cleanup:
      return "it comes when all work is over, in each run";
    case RerunReason::type_changed:
      return why_type_changed(*data_, id, *is.earlier);
    case RerunReason::dependencies_changed:
      return cause.empty() ? "it does not depend any more on all that it depended on"
                           : "it depends on " + cause + ", as it did not before";
    case RerunReason::added:
      return "run " + std::to_string(from().id()) + " had no such task";
  }
  return {};
}

std::string to_string(const RerunPlan& plan, std::size_t most) {
  const std::size_t added = plan.count(RerunAction::added);
  const std::size_t running = plan.count(RerunAction::rerun) + added;
  std::string text = "run " + std::to_string(plan.from().id());
  if (!plan.plan().name().empty()) text += " of workflow '" + std::string(plan.plan().name()) + "'";
  text += " again: " + counted(running, "task runs", "tasks run");
  if (added != 0) text += " (" + std::to_string(added) + " new)";
  text += ", " + counted(plan.count(RerunAction::reuse), "is reused", "are reused");
  if (!plan.orphaned().empty()) {
    text += ", " + counted(plan.orphaned().size(), "is no longer there", "are no longer there");
  }
  std::size_t shown = 0;
  for (std::uint32_t task = 0; task < plan.plan().size() && shown < std::min(most, running); ++task) {
    const TaskId id{task};
    if (plan.task(id).action == RerunAction::reuse) continue;
    text += "\n  '" + plan.plan().task_name(id) + "' runs: " + plan.why(id);
    ++shown;
  }
  if (shown < running) text += "\n  and " + std::to_string(running - shown) + " more";
  const std::size_t gone = std::min(most, plan.orphaned().size());
  for (std::size_t at = 0; at < gone; ++at) {
    text += "\n  '" + plan.from().plan().task_name(plan.orphaned()[at]) + "' is no longer there";
  }
  if (gone < plan.orphaned().size()) text += "\n  and " + std::to_string(plan.orphaned().size() - gone) + " more";
  return text;
}

}  // namespace baton
