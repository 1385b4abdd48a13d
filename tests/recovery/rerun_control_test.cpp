// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>
#include <baton/recovery/rerun.hpp>

#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <stdexcept>
#include <string>
#include <vector>

// Reruns of workflows with conditions, rules, allowed failures, retries and limits of time.
namespace {

using baton::RerunAction;
using baton::RerunOptions;
using baton::RerunPlan;
using baton::RerunReason;
using baton::RunState;
using baton::TaskState;
using baton::Workflow;

class RerunWithControl : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(RerunWithControl);

TEST_P(RerunWithControl, DecidesRulesAgainWhoseTasksRun) {
  Workflow flow;
  std::atomic<bool> fails{true};
  std::atomic<int> clean_ups{0};
  auto work = flow.task("work", [&] {
    if (fails) throw std::runtime_error("broken");
  });
  auto clean_up = flow.task("clean up", [&] { ++clean_ups; });
  clean_up.depends(baton::failed(work));
  const baton::Run first = scheduler.run(flow.build());
  ASSERT_EQ(first.state(clean_up), TaskState::succeeded);
  fails = false;
  RerunPlan plan = baton::plan_rerun(first);
  EXPECT_EQ(plan.task(clean_up).reason, RerunReason::predecessor_runs);
  const baton::Run second = baton::rerun(scheduler, std::move(plan));
  second.get();
  EXPECT_EQ(second.state(clean_up), TaskState::omitted);
  EXPECT_EQ(clean_ups, 1);
}

TEST_P(RerunWithControl, TellsARuleFromAnEdgeBesideIt) {
  Workflow flow;
  auto work = flow.task("work", [] {});
  auto ruled = flow.task("ruled", [] {});
  ruled.depends(baton::ended(work));
  auto ordered = flow.task("ordered", [] {}).after(work);
  const baton::Run first = scheduler.run(flow.build());
  RerunOptions options;
  options.tasks = {work};
  RerunPlan plan = baton::plan_rerun(first, std::move(options));
  EXPECT_EQ(plan.task(ruled).action, RerunAction::rerun);
  EXPECT_EQ(plan.task(ordered).action, RerunAction::reuse);
  baton::rerun(scheduler, std::move(plan)).get();
}

TEST_P(RerunWithControl, ShowsOutcomesOfReusedTasksToThoseThatAsk) {
  Workflow flow;
  auto bad = flow.task("bad", []() -> int { throw std::runtime_error("for good"); });
  auto good = flow.task("good", [] { return 4; });
  bad.allow_failure();
  std::atomic<bool> fails{true};
  auto look = flow.task(
      "look",
      [&](const baton::Outcome<const int&>& a, const baton::Outcome<const int&>& b) {
        if (fails) throw std::runtime_error("not yet");
        return std::string(to_string(a.state())) + (a.error() ? " with error, " : ", ") + std::to_string(b.value());
      },
      outcome(bad), outcome(good));
  const baton::Run first = scheduler.run(flow.build());
  fails = false;
  RerunOptions options;
  options.names = {"look"};
  options.outcomes = {};
  const baton::Run second = baton::rerun(scheduler, baton::plan_rerun(first, std::move(options)));
  EXPECT_EQ(second.get(look), "failed with error, 4");
  EXPECT_TRUE(second.succeeded()) << "the failure is allowed here too";
  ASSERT_EQ(second.failures().size(), 1U);
  EXPECT_TRUE(second.failures()[0].allowed);
}

TEST_P(RerunWithControl, KeepsWhatWasSkippedUntilWhatDecidedThatRuns) {
  Workflow flow;
  auto wanted = flow.input<bool>("wanted", false);
  auto part = flow.task("part", [] { return 5; });
  part.when([](bool yes) { return yes; }, wanted);
  auto after = flow.task("after", [](int x) { return x; }, part);  // omitted because of the skip
  std::atomic<bool> fails{true};
  auto whole = flow.task(
      "whole",
      [&](const baton::Maybe<int>& value) {
        if (fails) throw std::runtime_error("not yet");
        return value ? *value : -1;
      },
      maybe(part));
  auto last = flow.task("last", [] { return 8; });
  last.after(after, whole);
  const baton::Run first = scheduler.run(flow.build());
  ASSERT_EQ(first.state(part), TaskState::skipped);
  ASSERT_EQ(first.state(after), TaskState::omitted);
  fails = false;
  RerunOptions options;
  options.outcomes = {TaskState::failed};
  const baton::Run second = baton::rerun(scheduler, baton::plan_rerun(first, std::move(options)));
  EXPECT_EQ(second.get(whole), -1);
  EXPECT_EQ(second.state(part), TaskState::skipped);
  EXPECT_EQ(second.state(after), TaskState::omitted);
  EXPECT_EQ(second.result(last), 8) << "a reused task that was omitted after a skip is still one";

  RerunOptions changed;
  changed.inputs.set(wanted, true);
  const baton::Run third = baton::rerun(scheduler, baton::plan_rerun(second, std::move(changed)));
  EXPECT_EQ(third.get(whole), 5);
  EXPECT_EQ(third.result(after), 5);
}

TEST_P(RerunWithControl, TakesARetryThatWasAdded) {
  Workflow flow;
  std::atomic<int> calls{0};
  auto flaky = flow.task("flaky", [&] {
    if (++calls % 3 != 0) throw std::runtime_error("flaky");
    return calls.load();
  });
  const baton::Run first = scheduler.run(flow.build());
  ASSERT_EQ(first.state(), RunState::failed);
  calls = 0;
  flaky.retry({.attempts = 3, .delay = std::chrono::milliseconds(1)});
  const baton::Run second = baton::rerun(scheduler, baton::plan_rerun(first, flow.build()));
  EXPECT_EQ(second.get(flaky), 3);
}

TEST(RerunAfterCompensation, RunsAgainWhatWasUndoneAndTheCleanup) {
  baton::test::CheckedPool pool(2);
  baton::Scheduler scheduler(pool);
  Workflow flow;
  std::atomic<bool> is_broken{true};
  std::atomic<int> booked{0};
  std::atomic<int> cancelled{0};
  std::atomic<int> closed{0};
  std::atomic<int> looked{0};
  const auto look = flow.task("look", [&] { return ++looked; });
  const auto book = flow.task("book", [&](int) { return ++booked; }, look).compensate([&](int) { ++cancelled; });
  const auto pay = flow.task(
      "pay",
      [&](int) {
        if (is_broken) throw std::runtime_error("broken");
      },
      book);
  const auto close = flow.finally("close", [&] { ++closed; });
  const baton::Run first = scheduler.start(flow.build());
  first.wait();
  EXPECT_EQ(cancelled, 1);
  RerunPlan plan = baton::plan_rerun(first);
  EXPECT_EQ(plan.task(look).action, RerunAction::reuse);
  EXPECT_EQ(plan.task(book).reason, RerunReason::undone);
  EXPECT_EQ(plan.task(close).reason, RerunReason::cleanup);
  is_broken = false;
  const baton::Run second = baton::rerun(scheduler, std::move(plan));
  second.get();
  EXPECT_EQ(second.state(pay), TaskState::succeeded);
  EXPECT_EQ(looked, 1);
  EXPECT_EQ(booked, 2);
  EXPECT_EQ(cancelled, 1);
  EXPECT_EQ(closed, 2);
}

TEST(RerunAfterATimeout, LeavesALateBodyWhatItReads) {
  baton::test::CheckedPool pool(3);
  baton::Scheduler scheduler(pool);
  Workflow flow;
  std::atomic<bool> is_late{true};
  std::atomic<bool> read_the_same{false};
  std::latch done(1);
  std::latch go(1);
  auto text = flow.task("text", [] { return std::string("a text that is longer than a short string may be"); });
  auto other = flow.task("other", [] { return std::string("another text that is longer than a short string"); });
  auto slow = flow.task(
      "slow",
      [&](const std::string& value) {
        if (!is_late.exchange(false)) return value.size();
        const std::string before = value;
        go.wait();
        read_the_same = value == before;
        done.count_down();
        return std::size_t{0};
      },
      text);
  slow.timeout(std::chrono::milliseconds(1));
  const baton::Run first = scheduler.start(flow.build());
  first.wait();
  ASSERT_EQ(first.state(slow), TaskState::failed);
  slow.timeout(std::chrono::hours(1));
  RerunPlan plan = baton::plan_rerun(first, flow.build());
  EXPECT_EQ(plan.task(text).reason, RerunReason::result_in_use);
  EXPECT_EQ(plan.why(text), "its result is still read by a body that was not waited for");
  EXPECT_EQ(plan.task(other).action, RerunAction::reuse);
  const baton::Run second = baton::rerun(scheduler, std::move(plan));
  EXPECT_GT(second.get(slow), 20U);
  go.count_down();
  done.wait();
  EXPECT_TRUE(read_the_same);
}

}  // namespace
