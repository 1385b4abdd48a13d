// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/time.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace replay {

struct RecordedTask {
  std::string id;
  baton::Duration runtime{};  ///< Zero where the file has no runtimes.
};

/// What a file in WfFormat 1.5 (github.com/wfcommons/WfFormat) says of a workflow, as far as a replay needs it.
struct RecordedWorkflow {
  std::string name;
  std::vector<RecordedTask> tasks;                         ///< In the order of the file, which need not be topological.
  std::vector<std::pair<std::size_t, std::size_t>> edges;  ///< From parent to child; a pair may occur twice.
  bool has_runtimes = false;

  [[nodiscard]] baton::Duration total_runtime() const;
};

/// Reads a file.
///
/// @throws baton::DefinitionError with everything that is wrong with it, each fault naming the file. Cycles are left to
///         baton::Workflow::build.
RecordedWorkflow load_wfformat(const std::string& path);

/// The number of the task called `id`.
///
/// @throws baton::DefinitionError when there is none; the message names a similar one, if there is.
std::size_t find_task(const RecordedWorkflow& workflow, std::string_view id);

}  // namespace replay
