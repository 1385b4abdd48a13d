// SPDX-License-Identifier: MIT
#pragma once

#include "wfformat.hpp"

#include <baton/graph/plan.hpp>
#include <baton/observe/timeline.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace replay {

/// What to replay, and how.
struct Settings {
  std::size_t workers = 0;             ///< Tasks that may run at once; 0: no limit.
  std::optional<std::size_t> failing;  ///< The number of a task that fails after its runtime.
  std::optional<std::size_t> target;   ///< The number of a task: only it and what it needs is run.
  std::optional<double> scale;         ///< Real seconds that a recorded second takes; nothing: virtual time.
};

/// The workflow as recorded. Task `n` of it is the task with creation index `n` of the plan.
/// @throws baton::DefinitionError when it has cycles.
baton::Plan plan_all(const RecordedWorkflow& recorded, const Settings& settings);

/// The part of the workflow that `settings.target`, which is set, needs.
/// @param all  The plan of the whole.
baton::Plan plan_target(const RecordedWorkflow& recorded, const baton::Plan& all, const Settings& settings);

/// Runs `plan` to its end, each task taking its recorded runtime.
/// @param observers  Told of the run.
baton::Snapshot run(const baton::Plan& plan, const Settings& settings,
                    std::vector<std::shared_ptr<baton::Observer>> observers);

/// The largest number of tasks that were running at the same moment. A task that ends at the moment at which another
/// starts does not overlap it, one that takes no time counts for that moment.
std::size_t max_running(const baton::Snapshot& record);

}  // namespace replay
