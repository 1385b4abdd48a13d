// SPDX-License-Identifier: MIT
#pragma once

#include <baton/recovery/rerun.hpp>

#include "recovery/past_run.hpp"

#include <cstdint>
#include <vector>

namespace baton::detail {

/// Why a task runs, or that it is reused.
struct RerunVerdict {
  RerunReason reason = RerunReason::unchanged;
  std::uint32_t cause = no_such_task;
  [[nodiscard]] bool reuses() const noexcept { return reason == RerunReason::unchanged; }
};

/// What was asked for, by task of the plan.
struct RerunWishes {
  std::uint16_t outcomes = 0;         ///< One bit a TaskState.
  std::vector<std::uint32_t> named;   ///< Run in any case.
  std::vector<std::uint32_t> inputs;  ///< Are given a value.
};

/// Decides for each task of `plan` whether it runs. Says nothing else than its arguments do; linear in tasks and edges.
[[nodiscard]] std::vector<RerunVerdict> decide_rerun(const Plan& plan, const PastRun& past, const RerunWishes& wishes);

}  // namespace baton::detail
