// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/error.hpp>
#include <baton/graph/diagram.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace baton::detail {

/// How a state is shown; nothing is told by colour alone.
struct StateStyle {
  std::string_view sign;
  std::string_view fill;  // light enough for black text
};

inline constexpr std::array<StateStyle, task_state_count> state_styles{{
    {"○", "#f5f5f5"},  // pending
    {"…", "#fff3c4"},  // waiting
    {"◎", "#e0ecff"},  // ready
    {"►", "#9cc9ff"},  // running
    {"✓", "#b7e4c0"},  // succeeded
    {"✗", "#ffb3ad"},  // failed
    {"»", "#e6e0f0"},  // skipped
    {"⊘", "#d0d0d0"},  // omitted
    {"■", "#f7d6b5"},  // cancelled
}};

inline const StateStyle& style_of(TaskState state) { return state_styles[static_cast<std::size_t>(state)]; }

/// The options, checked and by task.
class Look {
 public:
  Look(const Plan& plan, const DiagramOptions& options)
      : states_(options.states), next_(options.highlighted.empty() ? 0 : plan.size(), off_path) {
    if (!states_.empty() && states_.size() != plan.size()) {
      const std::string tasks = std::to_string(plan.size()) + " tasks";
      const std::string given = std::to_string(states_.size());
      throw UsageError("a diagram of " + tasks + " needs as many states, " + given + " were given");
    }
    for (const TaskId id : options.highlighted) {
      if (index_of(id) >= plan.size()) throw_not_in(plan, id);
      next_[index_of(id)] = path_end;
    }
    for (std::size_t i = 1; i < options.highlighted.size(); ++i) {
      next_[index_of(options.highlighted[i - 1])] = index_of(options.highlighted[i]);
    }
  }

  [[nodiscard]] const StateStyle* find_style(TaskId id) const {
    return states_.empty() ? nullptr : &style_of(states_[index_of(id)]);
  }
  [[nodiscard]] bool is_thick(TaskId id) const {
    return !next_.empty() && next_[index_of(id)] != off_path;  // on the path
  }
  [[nodiscard]] bool is_thick(TaskId from, TaskId to) const {
    return !next_.empty() && next_[index_of(from)] == index_of(to);
  }

 private:
  [[noreturn]] static void throw_not_in(const Plan& plan, TaskId id) {
    const std::string tasks = std::to_string(plan.size()) + " tasks";
    const std::string number = std::to_string(index_of(id));
    throw UsageError("task id " + number + " is not in a plan of " + tasks);
  }

  static constexpr std::size_t off_path = SIZE_MAX;
  static constexpr std::size_t path_end = SIZE_MAX - 1;

  std::span<const TaskState> states_;
  std::vector<std::size_t> next_;  // by task, on the path; empty without one
};

/// Calls `visit` with each task in order of id.
template <typename Visit>
void for_each_task(const Plan& plan, Visit visit) {
  for (std::size_t task = 0; task < plan.size(); ++task) visit(static_cast<TaskId>(task));
}

/// Calls `visit` with both ends of each edge, in order of id.
template <typename Visit>
void for_each_edge(const Plan& plan, Visit visit) {
  for_each_task(plan, [&](TaskId from) {
    for (const TaskId to : plan.successors(from)) visit(from, to);
  });
}

}  // namespace baton::detail
