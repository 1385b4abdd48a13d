// SPDX-License-Identifier: MIT
#include <baton/base/state.hpp>

#include <array>
#include <ostream>

namespace baton {

std::string_view to_string(TaskState state) noexcept {
  constexpr std::array<std::string_view, task_state_count> names{
      "pending", "waiting", "ready", "running", "succeeded", "failed", "skipped", "omitted", "cancelled"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view to_string(RunState state) noexcept {
  constexpr std::array<std::string_view, 4> names{"running", "succeeded", "failed", "cancelled"};
  return names[static_cast<std::size_t>(state)];
}

std::ostream& operator<<(std::ostream& out, TaskState state) { return out << to_string(state); }
std::ostream& operator<<(std::ostream& out, RunState state) { return out << to_string(state); }

}  // namespace baton
