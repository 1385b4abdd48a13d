// SPDX-License-Identifier: MIT
#pragma once

#include "report.hpp"
#include "source.hpp"

#include <baton/scheduler/observer.hpp>
#include <baton/scheduler/scheduler.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace etl {

/// How to load.
struct LoadSettings {
  fs::path out;                ///< Where the files go.
  std::uint32_t attempts = 5;  ///< For each file.
  bool is_full = false;        ///< Reads every file, whatever the load before has left.
  std::uint64_t seed = 1;      ///< Of the delays between attempts.
};

/// Reads what has changed at the source, adds up, and writes report, rejected lines and state to `settings.out`; the
/// calling thread works along.
/// @param observers  Told of the run, besides the scheduler's.
/// @throws baton::RunFailed
Report load(baton::Scheduler& scheduler, const Source& source, const LoadSettings& settings,
            std::vector<std::shared_ptr<baton::Observer>> observers);

}  // namespace etl
