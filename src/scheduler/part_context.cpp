// SPDX-License-Identifier: MIT
#include "scheduler/part_context.hpp"

#include <baton/base/error.hpp>
#include <baton/graph/inputs.hpp>
#include <baton/graph/map.hpp>

#include "scheduler/run_core.hpp"
#include "scheduler/scheduler_core.hpp"

namespace baton::detail {

void PartContext::refuse(std::string_view what, std::string_view instead) const {
  throw UsageError(task_name() + ": " + std::string(what) + " is for tasks, not for their parts; " +
                   std::string(instead));
}

void PartContext::park_for(Duration) {
  refuse("Context::park_for", "map over a plan whose task parks, or add a sub-workflow");
}

void PartContext::add(SpawnedPtr) { refuse("Context::spawn", "map over a plan whose task spawns"); }

std::string PartContext::task_name() const { return crew_.run().data().label(crew_.task()) + suffix(); }
std::string PartContext::path() const { return crew_.run().path_of(crew_.task()) + suffix(); }
std::uint64_t PartContext::round() const noexcept { return crew_.run().round(); }
TimePoint PartContext::now() const noexcept { return crew_.run().scheduler().clock.now(); }
std::string_view PartContext::workflow_name() const noexcept { return crew_.run().data().name; }
std::uint64_t PartContext::run_id() const noexcept { return crew_.run().id(); }

void PartContext::call(ChildCall&&) { refuse("a sub-workflow", "add it as a task"); }
void PartContext::call(std::unique_ptr<ElementCalls>) { refuse("a map", "map over a plan that has a map"); }
void PartContext::call(std::unique_ptr<ElementRuns>) { refuse("a map", "map over a plan that has a map"); }

}  // namespace baton::detail
