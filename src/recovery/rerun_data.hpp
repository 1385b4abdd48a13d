// SPDX-License-Identifier: MIT
#pragma once

#include <baton/recovery/rerun.hpp>

#include "recovery/past_run.hpp"
#include "recovery/rerun_decision.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace baton::detail {

/// What a RerunPlan holds.
struct RerunData {
  Run from;
  Plan plan;
  PastRun past;
  std::vector<RerunVerdict> verdicts;  // by task of `plan`
  Inputs inputs;
  std::array<std::size_t, 3> counts{};  // by RerunAction
  std::uint64_t carried_out_as = 0;     // the run; 0: not yet

  [[nodiscard]] RerunAction action(std::uint32_t task) const {
    if (verdicts[task].reuses()) return RerunAction::reuse;
    return past.tasks[task].earlier == no_such_task ? RerunAction::added : RerunAction::rerun;
  }
};

}  // namespace baton::detail
