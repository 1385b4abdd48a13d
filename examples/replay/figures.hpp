// SPDX-License-Identifier: MIT
#pragma once

#include "wfformat.hpp"

#include <baton/base/time.hpp>
#include <baton/graph/plan.hpp>
#include <baton/observe/timeline.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace replay {

/// What a replay tells.
struct Figures {
  // Of the file.
  std::size_t tasks = 0;
  std::size_t edges = 0;
  std::size_t roots = 0;
  std::size_t leaves = 0;
  std::size_t depth = 0;
  std::size_t max_width = 0;
  std::optional<baton::Duration> critical_path;  // these three empty where the file has no runtimes
  std::optional<baton::Duration> total_runtime;
  // Of the run.
  std::optional<baton::Duration> makespan;
  std::size_t max_running = 0;
  std::size_t succeeded = 0;
  std::size_t failed = 0;
  std::size_t omitted = 0;
  std::size_t cancelled = 0;
  std::size_t skipped = 0;
};

/// @param all     The plan of the whole file.
/// @param record  Of a run of it, or of a part of it.
/// @param scale   Time of the run for one unit of recorded time.
Figures make_figures(const RecordedWorkflow& recorded, const baton::Plan& all, const baton::Snapshot& record,
                     double scale);

/// One line, an object with a member for each figure.
std::string to_json(const Figures& figures);
/// A line a figure, for people.
std::string to_table(const Figures& figures);

}  // namespace replay
