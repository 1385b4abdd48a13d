// SPDX-License-Identifier: MIT
#include <baton/graph/rule.hpp>

#include <baton/base/error.hpp>

#include <string>

namespace baton {
namespace {

template <typename... State>
constexpr std::uint16_t states(State... state) noexcept {
  return static_cast<std::uint16_t>((0U | ... | (1U << static_cast<unsigned>(state))));
}

}  // namespace

Rule Rule::count_of(const std::vector<Rule>& rules, std::size_t least) {
  Rule result;
  for (const Rule& rule : rules) result.steps_.insert(result.steps_.end(), rule.steps_.begin(), rule.steps_.end());
  result.steps_.push_back({detail::RuleStep::Op::at_least, 0, static_cast<std::uint32_t>(rules.size()),
                           static_cast<std::uint32_t>(least), AnyTask{}});
  return result;
}

Rule at_least(std::size_t least, const std::vector<Rule>& rules) {
  if (least > rules.size()) {
    throw UsageError("at_least asks for " + std::to_string(least) + " of " + std::to_string(rules.size()) +
                     " rules, which could never hold");
  }
  return Rule::count_of(rules, least);
}

Rule succeeded(AnyTask task) { return {task, states(TaskState::succeeded)}; }
Rule failed(AnyTask task) { return {task, states(TaskState::failed)}; }
Rule skipped(AnyTask task) { return {task, states(TaskState::skipped)}; }
Rule omitted(AnyTask task) { return {task, states(TaskState::omitted)}; }
Rule cancelled(AnyTask task) { return {task, states(TaskState::cancelled)}; }
Rule ended(AnyTask task) {
  return {task, states(TaskState::succeeded, TaskState::failed, TaskState::skipped, TaskState::omitted,
                       TaskState::cancelled)};
}

}  // namespace baton
