// SPDX-License-Identifier: MIT
// The guess at the time that is left.
#include "observe/virtual_run.hpp"

#include <baton/observe/progress.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace baton;
using namespace baton::test;

/// What the lines about a run of `plan` say at the end, once each `interval`; "-" where they tell no time that is left.
std::vector<std::string> left_each(Duration interval, const Plan& plan) {
  std::ostringstream out;
  VirtualRun virtual_run;
  virtual_run.run(plan, std::make_shared<ProgressObserver>(
                            ProgressOptions{.style = ProgressStyle::lines, .out = &out, .interval = interval}));
  std::vector<std::string> left;
  std::istringstream lines(out.str());
  for (std::string line; std::getline(lines, line);) {
    const std::string last = line.substr(line.rfind(", ") + 2);
    left.push_back(last.ends_with(" left") ? last.substr(0, last.size() - 5) : "-");
  }
  return left;
}

/// `tasks` tasks one after the other that take `taken` each.
AnyTask add_chain(Workflow& flow, int tasks, Duration taken, std::optional<Duration> expected = std::nullopt) {
  auto last = flow.task(parking(taken));
  if (expected) last.expected_duration(*expected);
  for (int i = 1; i < tasks; ++i) {
    last = flow.task(parking(taken)).after(last);
    if (expected) last.expected_duration(*expected);
  }
  return last;
}

using Texts = std::vector<std::string>;

TEST(ProgressLeft, IsTakenFromTheRateOnceAFewTasksHaveEnded) {
  Workflow flow;
  add_chain(flow, 8, 1s);
  EXPECT_EQ(left_each(1s, flow.build()), (Texts{"-", "-", "-", "4 s", "3 s", "2 s", "1 s", "-", "-"}));
}

TEST(ProgressLeft, IsNotToldInTheFirstSecond) {
  Workflow flow;
  add_chain(flow, 10, 200ms);
  EXPECT_EQ(left_each(200ms, flow.build()), (Texts{"-", "-", "-", "-", "1 s", "1 s", "1 s", "1 s", "1 s", "-", "-"}));
}

TEST(ProgressLeft, FollowsTheRateOfTheLastTime) {
  // 100 tasks of 0.1 s, then 100 of 1 s: an average over all would say 20 s after half of these.
  Workflow flow;
  const AnyTask half = add_chain(flow, 100, 100ms);
  auto last = flow.task(parking(1s)).after(half);
  for (int i = 1; i < 100; ++i) last = flow.task(parking(1s)).after(last);
  const auto left = left_each(10s, flow.build());
  EXPECT_EQ(left.at(0), "10 s");
  EXPECT_EQ(left.at(5), "50 s");
}

TEST(ProgressLeft, TakesWhatTasksAreExpectedToTake) {
  // Twice as slow as expected: of 10 + 20 seconds, 10 are done after 20. Half of the tasks are left.
  Workflow flow;
  const AnyTask half = add_chain(flow, 10, 2s, 1s);
  auto last = half;
  for (int i = 0; i < 10; ++i) last = flow.task(parking(4s)).expected_duration(2s).after(last);
  const auto left = left_each(4s, flow.build());
  EXPECT_EQ(left.at(4), "40 s");
  EXPECT_EQ(left.at(9), "20 s");
}

TEST(ProgressLeft, IsNoLessThanTheLongestPathAhead) {
  // A hundred tasks at once, and a chain: much work is done, but the chain has 8 of its 10 seconds to go.
  Workflow flow;
  for (int i = 0; i < 100; ++i) flow.task(parking(2s)).expected_duration(2s);
  add_chain(flow, 10, 1s, 1s);
  const auto left = left_each(2s, flow.build());
  EXPECT_EQ(left.at(0), "8 s");
  EXPECT_EQ(left.at(1), "6 s");
}

TEST(ProgressLeft, CountsWhatARunningTaskHasDone) {
  Workflow flow;
  add_chain(flow, 10, 1s, 1s);
  flow.task("long", parking(100s)).expected_duration(100s);
  const auto left = left_each(10s, flow.build());
  EXPECT_EQ(left.at(0), "1 min 30 s");
}

TEST(ProgressLeft, TasksThatAreNotToRunTakeNoTime) {
  Workflow flow;
  auto first = flow.task([](Context& context) {
                     context.park_for(1s);
                     throw std::runtime_error("no");
                   })
                   .expected_duration(1s);
  for (int i = 0; i < 100; ++i) first = flow.task([] {}).expected_duration(100s).after(first);
  add_chain(flow, 10, 1s, 1s);
  EXPECT_EQ(left_each(2s, flow.build()).at(0), "8 s");
}

TEST(ProgressLeft, WhereFewTasksSayWhatTheyTakeTheRateCounts) {
  Workflow flow;
  add_chain(flow, 8, 1s);
  flow.task("unused", parking(1s)).expected_duration(24h);
  EXPECT_EQ(left_each(4s, flow.build()).at(0), "4 s");
}

TEST(ProgressLeft, ExpectedTimesOfAnySizeDoNoHarm) {
  for (const Duration wrong : {Duration::max(), Duration::zero()}) {
    Workflow flow;
    add_chain(flow, 20, 1s, wrong);
    EXPECT_EQ(left_each(2s, flow.build()).size(), 11U);
  }
}

}  // namespace
