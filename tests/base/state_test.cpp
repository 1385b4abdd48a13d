// SPDX-License-Identifier: MIT
#include <baton/base/state.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using baton::RunState;
using baton::TaskState;
using baton::to_string;

const std::vector<std::pair<TaskState, std::string_view>> task_states{
    {TaskState::pending, "pending"}, {TaskState::waiting, "waiting"},     {TaskState::ready, "ready"},
    {TaskState::running, "running"}, {TaskState::succeeded, "succeeded"}, {TaskState::failed, "failed"},
    {TaskState::skipped, "skipped"}, {TaskState::omitted, "omitted"},     {TaskState::cancelled, "cancelled"}};

TEST(TaskState, EachHasItsName) {
  EXPECT_EQ(task_states.size(), baton::task_state_count);
  for (const auto& [state, name] : task_states) {
    EXPECT_EQ(to_string(state), name);
    std::ostringstream out;
    out << state;
    EXPECT_EQ(out.str(), name);
  }
}

TEST(TaskState, NumbersAreAnIndex) {
  std::set<std::size_t> numbers;
  for (const auto& [state, name] : task_states) numbers.insert(static_cast<std::size_t>(state));
  EXPECT_EQ(numbers.size(), baton::task_state_count);
  EXPECT_EQ(*numbers.rbegin(), baton::task_state_count - 1);
}

TEST(TaskState, TheLastFiveAreOutcomes) {
  for (std::size_t i = 0; i < task_states.size(); ++i) {
    EXPECT_EQ(baton::is_outcome(task_states[i].first), i >= 4) << task_states[i].second;
  }
}

TEST(RunState, EachHasItsName) {
  EXPECT_EQ(to_string(RunState::running), "running");
  EXPECT_EQ(to_string(RunState::succeeded), "succeeded");
  EXPECT_EQ(to_string(RunState::failed), "failed");
  EXPECT_EQ(to_string(RunState::cancelled), "cancelled");
  std::ostringstream out;
  out << RunState::failed;
  EXPECT_EQ(out.str(), "failed");
}

}  // namespace
