// SPDX-License-Identifier: MIT
#include "scheduler/start_decision.hpp"

#include <algorithm>
#include <vector>

namespace baton::detail {

bool holds(std::span<const CompiledStep> rule, const Endings& endings) {
  std::vector<bool> answers;
  answers.reserve(rule.size());
  for (const CompiledStep& step : rule) {
    switch (step.op) {
      case RuleStep::Op::outcome:
        answers.push_back((step.states >> static_cast<unsigned>(endings.of(step.operand).state) & 1U) != 0);
        break;
      case RuleStep::Op::negation:
        answers.back() = !answers.back();
        break;
      case RuleStep::Op::at_least: {
        const auto first = answers.end() - static_cast<std::ptrdiff_t>(step.operand);
        const bool enough = std::count(first, answers.end(), true) >= static_cast<std::ptrdiff_t>(step.least);
        answers.erase(first, answers.end());
        answers.push_back(enough);
        break;
      }
    }
  }
  return answers.back();
}

std::span<const PlanContest> contests_of(const PlanData& plan, std::uint32_t task) {
  const auto [begin, end] =
      std::equal_range(plan.contests.begin(), plan.contests.end(), PlanContest{task, {}},
                       [](const PlanContest& a, const PlanContest& b) { return a.task < b.task; });
  return {begin, end};
}

namespace {

bool is_won(const PlanContest& contest, const Endings& endings) {
  return std::any_of(contest.contenders.begin(), contest.contenders.end(),
                     [&](std::uint32_t each) { return endings.of(each).state == TaskState::succeeded; });
}

bool all_contests_won(const PlanData& plan, std::uint32_t task, const Endings& endings) {
  const std::span<const PlanContest> contests = contests_of(plan, task);
  return std::all_of(contests.begin(), contests.end(),
                     [&](const PlanContest& contest) { return is_won(contest, endings); });
}

/// Whether `before` is a contender of a contest that was won, so that its own end does not matter, and may be to come.
bool is_settled(const PlanData& plan, std::uint32_t task, std::uint32_t before, const Endings& endings) {
  const std::span<const PlanContest> contests = contests_of(plan, task);
  return std::any_of(contests.begin(), contests.end(), [&](const PlanContest& contest) {
    return std::find(contest.contenders.begin(), contest.contenders.end(), before) != contest.contenders.end() &&
           is_won(contest, endings);
  });
}

/// Whether what the task is given is there.
bool has_values(const PlanData& plan, std::uint32_t task, const Endings& endings) {
  const std::span<const std::uint32_t> uses = plan.uses_of(task);
  if (!all_contests_won(plan, task, endings)) return false;
  return std::all_of(uses.begin(), uses.end(), [&](std::uint32_t use) {
    return (use & use_mask) != needs_value || endings.of(use & ~use_mask).state == TaskState::succeeded;
  });
}

bool default_rule_holds(const PlanData& plan, std::uint32_t task, const Endings& endings) {
  std::vector<std::uint32_t> any_outcome_will_do;
  for (const std::uint32_t use : plan.uses_of(task)) {
    if ((use & wants_outcome) != 0) any_outcome_will_do.push_back(use & ~use_mask);
  }
  std::sort(any_outcome_will_do.begin(), any_outcome_will_do.end());
  const std::span<const TaskId> predecessors = plan.predecessors_of(task);
  return std::all_of(predecessors.begin(), predecessors.end(), [&](TaskId id) {
    const auto before = static_cast<std::uint32_t>(id);
    return endings.of(before).well() ||
           std::binary_search(any_outcome_will_do.begin(), any_outcome_will_do.end(), before);
  });
}

}  // namespace

StartDecision decide_start(const PlanData& plan, std::uint32_t task, const Endings& endings) {
  if (!plan.may_skip()) return StartDecision::omit;  // it was asked for because something did not succeed
  const auto control = plan.controls.find(task);
  const bool any_end_will_do = (plan.flags_of(task) & is_cleanup) != 0;
  const bool has_rule = control != plan.controls.end() && !control->second.rule.empty();
  if (has_values(plan, task, endings) &&
      (has_rule ? holds(control->second.rule, endings) : any_end_will_do || default_rule_holds(plan, task, endings))) {
    return StartDecision::start;
  }
  const std::span<const TaskId> predecessors = plan.predecessors_of(task);
  const bool all_well = std::all_of(predecessors.begin(), predecessors.end(), [&](TaskId before) {
    const auto each = static_cast<std::uint32_t>(before);
    return endings.of(each).well() || is_settled(plan, task, each, endings);
  });
  return all_well ? StartDecision::omit_after_skip : StartDecision::omit;
}

}  // namespace baton::detail
