// SPDX-License-Identifier: MIT
#include <baton/scheduler/scheduler.hpp>

#include "support/event_log.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// What can be asked of a run while it goes on, and the life of a task.
namespace {

using baton::Context;
using baton::Event;
using baton::Plan;
using baton::RunState;
using baton::StartOptions;
using baton::Task;
using baton::TaskCounts;
using baton::TaskId;
using baton::TaskState;
using baton::WaitReason;
using baton::Workflow;
using baton::test::scaled;
using baton::test::Signal;

class Counts : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Counts);

TEST_P(Counts, AddUpWhileTheRunGoesOn) {
  scheduler.resource("seat", 2);
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (std::size_t i = 0; i < scaled(3000); ++i) {
    const auto task = flow.task([i](Context& context) {
      if (i % 10 == 0) context.park_for(std::chrono::microseconds(i % 100));
      if (i % 97 == 96) throw std::runtime_error("no");
    });
    if (i % 7 == 0) task.resource("seat");
    if (i >= 50) task.after(tasks[i - 50]);
    tasks.push_back(task);
  }
  const Plan plan = flow.build();
  const baton::Run run = scheduler.start(plan);
  std::vector<TaskState> before = run.states();
  std::size_t ended_before = 0;
  while (!run.ended()) {
    const TaskCounts counts = run.counts();
    ASSERT_EQ(counts.total(), plan.size());
    ASSERT_GE(counts.ended(), ended_before);
    ended_before = counts.ended();
    const std::vector<TaskState> now = run.states();
    ASSERT_EQ(now.size(), plan.size());
    for (std::size_t i = 0; i < now.size(); ++i) {
      ASSERT_TRUE(!baton::is_outcome(before[i]) || now[i] == before[i]) << "an outcome changed";
    }
    before = now;
  }
  const TaskCounts counts = run.counts();
  EXPECT_EQ(counts.ended(), plan.size());
  EXPECT_EQ(counts[TaskState::succeeded] + counts[TaskState::failed] + counts[TaskState::omitted], plan.size());
}

TEST_P(Counts, OfAFinishedRunAreThoseOfItsStates) {
  Workflow flow;
  const auto bad = flow.task([] { throw 1; });
  for (int i = 0; i < 10; ++i) flow.task([] {}).after(bad);
  for (int i = 0; i < 5; ++i) flow.task([] {});
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  TaskCounts expected;
  for (const TaskState state : run.states()) ++expected.by_state[static_cast<std::size_t>(state)];
  EXPECT_EQ(run.counts().by_state, expected.by_state);
  EXPECT_EQ(expected[TaskState::failed], 1U);
  EXPECT_EQ(expected[TaskState::omitted], 10U);
  EXPECT_EQ(expected[TaskState::succeeded], 5U);
}

TEST_P(Counts, ShowEachStateWhileItLasts) {
  scheduler.resource("seat", 1);
  Signal running;
  Signal go;
  Workflow flow;
  const auto runs = flow.task([&] {
    running.set();
    go.wait();
  });
  const auto pending = flow.task([] {}).after(runs);
  const baton::Run run = scheduler.start(flow.build());
  running.wait();
  EXPECT_EQ(run.state(runs), TaskState::running);
  EXPECT_EQ(run.state(pending), TaskState::pending);
  EXPECT_EQ(run.counts()[TaskState::running], 1U);
  EXPECT_EQ(run.counts()[TaskState::pending], 1U);
  go.set();
  run.wait();
  EXPECT_EQ(run.state(pending), TaskState::succeeded);
}

TEST_P(Counts, ContextTellsWhatABodyIsPartOf) {
  Workflow flow{"nightly"};
  const auto named = flow.task("load", [](Context& context) {
    return context.task_name() + " of " + std::string(context.workflow_name()) + ", attempt " +
           std::to_string(context.attempt());
  });
  const auto nameless = flow.task([](Context& context) { return context.task_name(); });
  const auto stop = flow.task([](Context& context) {
    context.throw_if_stopped();
    return context.stop_requested() || context.stop_token().stop_requested();
  });
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(named), "load of nightly, attempt 1");
  EXPECT_EQ(run.result(nameless), "#1");
  EXPECT_FALSE(run.result(stop));
}

/// Follows each task through its states by the events, and keeps every step that was ever seen.
class Follower : public baton::Observer {
 public:
  using Step = std::pair<std::string, std::string>;

  void on_event(const Event& event) override {
    if (event.kind == Event::Kind::run_started || event.kind == Event::Kind::run_ended) return;
    const std::lock_guard lock(mutex_);
    const auto [at, fresh] = last_.try_emplace({event.run, event.task}, "pending");
    std::string now{to_string(event.state)};
    if (event.state == TaskState::waiting)
      now += event.reason == WaitReason::resource ? " for a resource"
             : event.reason == WaitReason::timer  ? " for time"
             : event.reason == WaitReason::child  ? " for a child"
                                                  : " for an executor";
    steps_.emplace(at->second, now);
    at->second = now;
  }
  [[nodiscard]] std::set<Step> steps() const {
    const std::lock_guard lock(mutex_);
    return steps_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::uint64_t, TaskId>, std::string> last_;
  std::set<Step> steps_;
};

/// Every step that a task may take from one state to another, each of which some run takes. A step that is not in the
/// table is a defect, a step that is never taken a missing test.
const std::set<Follower::Step>& all_steps() {
  static const std::set<Follower::Step> steps{
      {"pending", "ready"},
      {"pending", "omitted"},
      {"pending", "cancelled"},
      {"ready", "running"},
      {"ready", "cancelled"},
      {"ready", "waiting for a resource"},
      {"ready", "waiting for an executor"},
      {"waiting for a resource", "running"},
      {"waiting for a resource", "cancelled"},
      {"waiting for a resource", "waiting for an executor"},
      {"waiting for an executor", "running"},
      {"waiting for an executor", "cancelled"},
      {"running", "succeeded"},
      {"running", "failed"},
      {"running", "cancelled"},
      {"running", "waiting for time"},
      {"running", "waiting for a child"},
      {"waiting for time", "succeeded"},
      {"waiting for time", "failed"},
      {"waiting for time", "cancelled"},
      {"waiting for a child", "succeeded"},
      {"waiting for a child", "failed"},
      {"waiting for a child", "cancelled"},
  };
  return steps;
}

TEST_P(Counts, EveryStepOfATaskIsOneOfTheTableAndEachIsTaken) {
  scheduler.resource("seat", 1);
  baton::test::CheckedPool lane(1);
  const auto follower = std::make_shared<Follower>();
  scheduler.observe(follower);
  const Plan good_child = [] {
    Workflow inner;
    inner.task([] {});
    return inner.build();
  }();
  const Plan bad_child = [] {
    Workflow inner;
    inner.task([] { throw 1; });
    return inner.build();
  }();
  const Plan long_child = [] {
    Workflow inner;
    inner.task([](Context& context) { context.park_for(std::chrono::hours(1)); });
    return inner.build();
  }();
  const auto forever = [](Context& context) { context.park_for(std::chrono::hours(1)); };
  const auto briefly = [](Context& context) { context.park_for(std::chrono::microseconds(1)); };
  for (std::size_t round = 0; round < 50 && follower->steps() != all_steps(); ++round) {
    {
      Workflow flow;
      const auto bad = flow.task([] { throw 1; });
      flow.task([] {}).after(bad);
      flow.task([] { throw baton::Cancelled(); });
      flow.task(briefly);
      flow.task([](Context& context) {
        context.park_for(std::chrono::microseconds(1));
        throw 2;
      });
      flow.subworkflow("good", good_child);
      flow.subworkflow("bad", bad_child);
      for (int i = 0; i < 10; ++i) flow.task(briefly).resource("seat");
      for (int i = 0; i < 10; ++i) flow.task([] {}).on(lane);
      for (int i = 0; i < 10; ++i) flow.task([] {}).on(lane).resource("seat");
      scheduler.start(flow.build()).wait();
    }
    Signal lane_is_busy;
    Signal go;
    auto blocked = lane->submit([&] {
      lane_is_busy.set();
      go.wait();
    });
    lane_is_busy.wait();
    Workflow flow;
    const auto parked = flow.task(forever).priority(9);
    flow.task([] {}).after(parked);
    flow.subworkflow("long", long_child).priority(8);
    flow.task(forever).resource("seat").priority(7);
    const auto waits = flow.task([] {}).resource("seat").priority(6);
    const auto pinned = flow.task([] {}).on(lane).priority(5);
    Signal cancelled;
    const auto gate = flow.task([&] { cancelled.wait(); }).priority(-1);
    for (int i = 0; i < 100; ++i) flow.task([] {}).priority(-2).after(flow.task([] {}).priority(-3));
    const baton::Run run = scheduler.start(flow.build());
    while (run.state(gate) != TaskState::running || run.state(waits) != TaskState::waiting ||
           run.state(pinned) != TaskState::waiting) {
      std::this_thread::yield();
    }
    run.cancel();
    cancelled.set();
    go.set();
    run.wait();
    blocked.wait();
    scheduler.wait_all();
  }
  EXPECT_EQ(follower->steps(), all_steps());
  scheduler.unobserve(follower);
}

}  // namespace
