// SPDX-License-Identifier: MIT
#pragma once

#include "files.hpp"
#include "summary.hpp"

#include <baton/scheduler/observer.hpp>
#include <baton/scheduler/scheduler.hpp>

#include <memory>
#include <vector>

namespace indexer {

/// What became of the files of a listing.
struct Reading {
  std::vector<IndexedFile> files;
  std::vector<Problem> problems;  ///< Those that could not be read, and the folders that could not be listed.
};

/// Reads every file of a listing, a task each; one that fails takes no other along.
/// @param observers  Told of this run, besides the scheduler's observers.
Reading read_all(baton::Scheduler& scheduler, const fs::path& folder, const Listing& listing,
                 const std::vector<std::shared_ptr<baton::Observer>>& observers);

/// Finds duplicates and adds up; `reading` outlives the summary, which points into it.
Summary summarize(baton::Scheduler& scheduler, const fs::path& folder, const Listing& listing, const Reading& reading);

}  // namespace indexer
