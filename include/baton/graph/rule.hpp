// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/state.hpp>
#include <baton/graph/task.hpp>

#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace baton {

namespace detail {

/// A step of a rule in postfix: a question about one task, or an operation on the answers before it.
struct RuleStep {
  enum class Op : std::uint8_t {
    outcome,   ///< Whether the outcome of `task` is in `states`.
    negation,  ///< Of the last answer.
    at_least,  ///< Whether `least` of the last `count` answers are yes.
  };
  Op op = Op::outcome;
  std::uint16_t states = 0;  ///< One bit a TaskState.
  std::uint32_t count = 0;
  std::uint32_t least = 0;
  AnyTask task{};
};

}  // namespace detail

/// When a task is to run, told by the outcomes of tasks before it: see AnyTask::depends.
///
/// Made of `succeeded(task)` and the like, `&&`, `||`, `!`, and `all`, `any`, `none`, `at_least` over many. A value.
class BATON_API Rule {
 public:
  /// Whether both hold.
  friend Rule operator&&(Rule a, Rule b) { return count_of({std::move(a), std::move(b)}, 2); }
  /// Whether one of both holds.
  friend Rule operator||(Rule a, Rule b) { return count_of({std::move(a), std::move(b)}, 1); }
  /// Whether it does not hold.
  friend Rule operator!(Rule rule) {
    rule.steps_.push_back({detail::RuleStep::Op::negation, 0, 0, 0, AnyTask{}});
    return rule;
  }

  /// For `all`, `any`, `none` and `at_least`: whether `least` of `rules` hold.
  [[nodiscard]] static Rule count_of(const std::vector<Rule>& rules, std::size_t least);
  /// For `succeeded` and the like: whether the outcome of `task` is one of `states`, a bit a TaskState.
  Rule(AnyTask task, std::uint16_t states) { steps_.push_back({detail::RuleStep::Op::outcome, states, 0, 0, task}); }
  /// For the builder.
  [[nodiscard]] const std::vector<detail::RuleStep>& steps() const noexcept { return steps_; }

 private:
  Rule() = default;
  std::vector<detail::RuleStep> steps_;
};

/// The body of `task` returned.
[[nodiscard]] BATON_API Rule succeeded(AnyTask task);
/// `task` threw, ran out of time, or could not be started.
[[nodiscard]] BATON_API Rule failed(AnyTask task);
/// The condition of `task` was false.
[[nodiscard]] BATON_API Rule skipped(AnyTask task);
/// The rule of `task` did not hold.
[[nodiscard]] BATON_API Rule omitted(AnyTask task);
/// `task` was cancelled.
[[nodiscard]] BATON_API Rule cancelled(AnyTask task);
/// `task` ended, in whatever way: always holds, and makes the task that depends on it wait.
[[nodiscard]] BATON_API Rule ended(AnyTask task);

/// One of the six questions above.
using OutcomeTest = Rule (*)(AnyTask task);

/// Whether at least `least` of `rules` hold.
/// @throws UsageError when there are fewer, so that it could never hold.
[[nodiscard]] BATON_API Rule at_least(std::size_t least, const std::vector<Rule>& rules);
/// Whether every one of `rules` holds, as of none.
[[nodiscard]] inline Rule all(const std::vector<Rule>& rules) { return Rule::count_of(rules, rules.size()); }
/// Whether one of `rules` holds; not so of none.
[[nodiscard]] inline Rule any(const std::vector<Rule>& rules) { return Rule::count_of(rules, 1); }
/// Whether none of `rules` holds.
[[nodiscard]] inline Rule none(const std::vector<Rule>& rules) { return !any(rules); }

namespace detail {

template <typename Tasks>
concept TaskRange = requires(const Tasks& tasks) {
  std::begin(tasks) == std::end(tasks);
  static_cast<AnyTask>(*std::begin(tasks));
};

template <typename Tasks>
std::vector<Rule> ask_each(OutcomeTest test, const Tasks& tasks) {
  std::vector<Rule> rules;
  for (const auto& task : tasks) rules.push_back(test(static_cast<AnyTask>(task)));
  return rules;
}

}  // namespace detail

/// Whether `test` holds of at least `least` of `tasks`, a range of handles.
template <detail::TaskRange Tasks>
[[nodiscard]] Rule at_least(std::size_t least, OutcomeTest test, const Tasks& tasks) {
  return at_least(least, detail::ask_each(test, tasks));
}
/// Whether `test` holds of all `tasks`.
template <detail::TaskRange Tasks>
[[nodiscard]] Rule all(OutcomeTest test, const Tasks& tasks) {
  return all(detail::ask_each(test, tasks));
}
/// Whether `test` holds of one of `tasks`.
template <detail::TaskRange Tasks>
[[nodiscard]] Rule any(OutcomeTest test, const Tasks& tasks) {
  return any(detail::ask_each(test, tasks));
}
/// Whether `test` holds of none of `tasks`.
template <detail::TaskRange Tasks>
[[nodiscard]] Rule none(OutcomeTest test, const Tasks& tasks) {
  return none(detail::ask_each(test, tasks));
}

}  // namespace baton
