// SPDX-License-Identifier: MIT
#include <baton/graph/loop.hpp>

#include <baton/graph/workflow.hpp>

#include "graph/definition.hpp"
#include "graph/handle_access.hpp"

#include <algorithm>

namespace baton {

LoopLimit::LoopLimit(const std::string& name, std::uint64_t limit)
    : Error("loop '" + name + "' was not done after " + std::to_string(limit) + (limit == 1 ? " round" : " rounds") +
            ", which is its limit; raise LoopOptions::limit, or choose AtLimit::succeed to go on with the last state"),
      limit_(limit) {}
LoopLimit::~LoopLimit() = default;

namespace detail {

Rounds::~Rounds() = default;

void refuse_loop_limit(const Context& context, std::uint64_t limit) { throw LoopLimit(context.task_name(), limit); }

}  // namespace detail

void Workflow::check_loop(AnyTask loop, const LoopOptions& options) {
  if (options.limit != 0) return;
  const std::uint32_t index = HandleAccess::index(loop);
  definition_->faults.push_back(
      {"task " + definition_->label(index) +
           ": a loop needs a limit; set LoopOptions::limit to the most rounds that it may take",
       index, true});
}

void Workflow::check_plan_loop(AnyTask loop, const Plan& plan, AnyTask state_in, AnyTask state_out,
                               const std::vector<AnyTask>& inputs) {
  std::vector<AnyTask> all{state_in};
  all.insert(all.end(), inputs.begin(), inputs.end());
  check_subworkflow(loop, plan, state_out, all);
  const std::uint32_t index = HandleAccess::index(loop);
  const auto fault = [&](const std::string& text) {
    definition_->faults.push_back({"task " + definition_->label(index) + ": " + text, index, true});
  };
  const std::string whose = " of plan '" + std::string(plan.name()) + "'";
  if (plan.contains(state_in) && std::find(inputs.begin(), inputs.end(), state_in) != inputs.end()) {
    fault("it binds the input '" + plan.task_name(plan.id(state_in)) + "'" + whose + ", which gets the loop's state");
  }
  if (!state_out) {
    fault("its state after a round is a handle of no task; pass a task" + whose);
  } else if (plan.contains(state_out) && plan.data().is_taken(static_cast<std::uint32_t>(plan.id(state_out)))) {
    fault("its state after a round is the result of task '" + plan.task_name(plan.id(state_out)) + "'" + whose +
          ", which another task takes; pass the handle to that without take()");
  }
}

}  // namespace baton
