// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include <gtest/gtest.h>

#include <type_traits>

namespace {

// The body must not be tried with a Context when it can be called without one: its result would not even be deduced.
TEST(Bodies, MayTakeAnyNumberOfArguments) {
  baton::Workflow flow;
  const auto number = flow.task([] { return 7; });
  const auto sum = flow.task([](const auto&... values) { return (values + ...); }, number, number, number);
  static_assert(std::is_same_v<decltype(sum), const baton::Task<int>>);
  EXPECT_EQ(flow.build().edge_count(), 1U);
}

}  // namespace
