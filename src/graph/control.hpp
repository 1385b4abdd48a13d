// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/body.hpp>
#include <baton/graph/rule.hpp>

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace baton::detail {

/// A question that decides whether a task runs or is skipped.
struct Condition {
  std::shared_ptr<const void> predicate;
  ConditionTest test = nullptr;
  std::vector<std::uint32_t> wires{};  // as Definition::wires, without the count; in a plan whom it looks at
  std::uint32_t first_slot = 0;        // in a plan: where its arguments are, in PlanData::slots
};

/// A step of a rule with the task's number: that of the definition, in a plan its id.
struct CompiledStep {
  RuleStep::Op op;
  std::uint16_t states;
  std::uint32_t operand;  // the task, or how many answers are counted
  std::uint32_t least;
};

/// What decides whether a task starts, where that is more than the outcomes of its predecessors.
struct Control {
  std::vector<CompiledStep> rule{};  // empty: the default
  std::vector<Condition> conditions{};
};

/// What runs when the work is over, whichever way: tasks by their numbers in the definition.
struct Cleanup {
  static constexpr std::uint32_t none = UINT32_MAX;
  std::uint32_t end_of_work = none;  // comes after all work and before all cleanup; none: there is no cleanup
  std::unordered_map<std::uint32_t, std::uint32_t> compensations;  // by the task that they undo
  std::unordered_set<std::uint32_t> tasks;                         // all of it, that task included

  [[nodiscard]] bool empty() const noexcept { return tasks.empty(); }
  [[nodiscard]] bool has(std::uint32_t task) const { return !tasks.empty() && tasks.find(task) != tasks.end(); }
};

/// How a task uses what a predecessor gave it; kept above the number of the predecessor.
enum Use : std::uint32_t {
  needs_value = 0,
  wants_value = 1U << 30,                    ///< `maybe(task)`: also without.
  wants_outcome = 1U << 31,                  ///< `outcome(task)`.
  wants_first = wants_value | wants_outcome  ///< `first(...)`: one of several.
};
inline constexpr std::uint32_t use_mask = wants_value | wants_outcome;

}  // namespace baton::detail
