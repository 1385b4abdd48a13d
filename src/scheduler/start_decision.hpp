// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>

#include "graph/plan_data.hpp"

#include <cstdint>
#include <span>

namespace baton::detail {

/// How a predecessor ended.
struct Ending {
  TaskState state;
  bool after_skip;  ///< Omitted, and nothing had gone wrong: because of a skip, or as its rule was not meant to hold.

  /// Whether a task that only comes after it may run.
  [[nodiscard]] bool well() const noexcept {
    return state == TaskState::succeeded || state == TaskState::skipped || after_skip;
  }
};

/// Tells how tasks that have ended did so.
class Endings {
 public:
  [[nodiscard]] virtual Ending of(std::uint32_t task) const noexcept = 0;

 protected:
  ~Endings() = default;
};

/// Whether `rule`, in postfix, holds.
[[nodiscard]] bool holds(std::span<const CompiledStep> rule, const Endings& endings);

/// The contests of `task`, which follow each other in those of the plan.
[[nodiscard]] std::span<const PlanContest> contests_of(const PlanData& plan, std::uint32_t task);

enum class StartDecision : std::uint8_t {
  start,            ///< As far as its predecessors are concerned; its conditions may still say no.
  omit,             ///< Something before it went wrong.
  omit_after_skip,  ///< Nothing did: see Ending::after_skip.
};

/// Whether `task`, all of whose predecessors have ended, is to run. Says nothing else than the outcomes do.
[[nodiscard]] BATON_API StartDecision decide_start(const PlanData& plan, std::uint32_t task, const Endings& endings);

}  // namespace baton::detail
