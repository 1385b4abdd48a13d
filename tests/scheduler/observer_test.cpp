// SPDX-License-Identifier: MIT
#include <baton/scheduler/observer.hpp>
#include <baton/scheduler/scheduler.hpp>

#include "support/event_log.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace {

using baton::Context;
using baton::Event;
using baton::Plan;
using baton::RunState;
using baton::StartOptions;
using baton::Task;
using baton::TaskId;
using baton::TaskState;
using baton::Workflow;
using baton::test::CallingObserver;
using baton::test::EventLog;
using baton::test::NotedEvent;
using baton::test::scaled;
using baton::test::Signal;
using testing::ElementsAre;
using Kind = Event::Kind;

class Observing : public baton::test::OnEachPool {
 protected:
  baton::Run run(const Plan& plan, const std::shared_ptr<baton::Observer>& observer) {
    StartOptions options;
    options.observers.push_back(observer);
    baton::Run started = scheduler.start(plan, std::move(options));
    started.wait();
    scheduler.wait_all();
    return started;
  }
};
BATON_ON_EACH_POOL(Observing);

TEST(EventKind, EachHasItsName) {
  EXPECT_EQ(to_string(Kind::run_started), "run_started");
  EXPECT_EQ(to_string(Kind::task_ready), "task_ready");
  EXPECT_EQ(to_string(Kind::task_waiting), "task_waiting");
  EXPECT_EQ(to_string(Kind::task_started), "task_started");
  EXPECT_EQ(to_string(Kind::task_ended), "task_ended");
  EXPECT_EQ(to_string(Kind::run_ended), "run_ended");
}

TEST_P(Observing, TellsEachStepOnceAndInOrder) {
  for (const auto& shape : baton::test::all_shapes(200)) {
    SCOPED_TRACE(shape.name);
    Workflow flow;
    std::vector<Task<void>> tasks;
    for (std::uint32_t i = 0; i < shape.tasks; ++i) tasks.push_back(flow.task([] {}));
    for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
    const Plan plan = flow.build();
    const auto log = std::make_shared<EventLog>();
    const baton::Run done = run(plan, log);
    const std::vector<NotedEvent> events = log->events();
    ASSERT_EQ(events.size(), 2 + 3 * std::size_t{shape.tasks});
    EXPECT_EQ(events.front().kind, Kind::run_started);
    EXPECT_EQ(events.back().kind, Kind::run_ended);
    EXPECT_EQ(events.back().run_state, RunState::succeeded);
    std::vector<std::vector<std::size_t>> of_task(plan.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      EXPECT_EQ(events[i].run, done.id());
      if (events[i].of_task()) of_task[index_of(events[i].task)].push_back(i);
    }
    for (std::uint32_t id = 0; id < plan.size(); ++id) {
      ASSERT_EQ(of_task[id].size(), 3U);
      const NotedEvent& ready = events[of_task[id][0]];
      const NotedEvent& started = events[of_task[id][1]];
      const NotedEvent& ended = events[of_task[id][2]];
      EXPECT_EQ(ready.kind, Kind::task_ready);
      EXPECT_EQ(ready.state, TaskState::ready);
      EXPECT_EQ(started.kind, Kind::task_started);
      EXPECT_EQ(started.state, TaskState::running);
      EXPECT_EQ(started.attempt, 1U);
      EXPECT_EQ(ended.kind, Kind::task_ended);
      EXPECT_EQ(ended.state, TaskState::succeeded);
      EXPECT_EQ(ended.attempt, 1U);
      EXPECT_FALSE(ended.has_error);
      EXPECT_LE(ready.time, started.time);
      EXPECT_LE(started.time, ended.time);
      EXPECT_EQ(started.worker, ended.worker);
      // All of a predecessor is told before anything of its successor.
      for (const TaskId before : plan.predecessors(TaskId{id})) {
        ASSERT_LT(of_task[index_of(before)].back(), of_task[id].front());
      }
    }
  }
}

TEST_P(Observing, BodiesOnOneWorkerNeverOverlap) {
  Workflow flow;
  for (std::size_t i = 0; i < scaled(2000); ++i) flow.task([] { std::this_thread::yield(); });
  const auto log = std::make_shared<EventLog>();
  run(flow.build(), log);
  std::map<std::uint32_t, TaskId> inside;
  for (const NotedEvent& event : log->events()) {
    if (event.kind == Kind::task_started) {
      EXPECT_TRUE(inside.emplace(event.worker, event.task).second);
    } else if (event.kind == Kind::task_ended) {
      EXPECT_EQ(inside.at(event.worker), event.task);
      inside.erase(event.worker);
    }
  }
}

TEST_P(Observing, TellsOutcomesErrorsAndReasons) {
  scheduler.resource("seat", 1);
  Workflow flow;
  const auto good = flow.task([] {});
  const auto bad = flow.task([] { throw std::runtime_error("no"); });
  const auto omitted = flow.task([] {}).after(bad, good);
  const auto parked = flow.task([](Context& context) { context.park_for(std::chrono::microseconds(1)); });
  const auto child = flow.subworkflow("child", [] {
    Workflow inner;
    inner.task([] {});
    return inner.build();
  }());
  const Plan plan = flow.build();
  const auto log = std::make_shared<EventLog>();
  const baton::Run done = run(plan, log);
  const auto kinds = [&](const baton::AnyTask& task) { return log->kinds_of(plan.id(task)); };
  EXPECT_THAT(kinds(good), ElementsAre(Kind::task_ready, Kind::task_started, Kind::task_ended));
  EXPECT_THAT(kinds(bad), ElementsAre(Kind::task_ready, Kind::task_started, Kind::task_ended));
  EXPECT_THAT(kinds(omitted), ElementsAre(Kind::task_ended)) << "it never was ready";
  EXPECT_THAT(kinds(parked), ElementsAre(Kind::task_ready, Kind::task_started, Kind::task_waiting, Kind::task_ended));
  EXPECT_THAT(kinds(child), ElementsAre(Kind::task_ready, Kind::task_started, Kind::task_waiting, Kind::task_ended));
  EXPECT_EQ(log->events_of(plan.id(bad)).back().state, TaskState::failed);
  EXPECT_TRUE(log->events_of(plan.id(bad)).back().has_error);
  EXPECT_EQ(log->events_of(plan.id(omitted)).back().state, TaskState::omitted);
  EXPECT_EQ(log->events_of(plan.id(omitted)).back().attempt, 0U);
  EXPECT_EQ(log->events_of(plan.id(parked))[2].reason, baton::WaitReason::timer);
  EXPECT_EQ(log->events_of(plan.id(parked))[2].state, TaskState::waiting);
  EXPECT_EQ(log->events_of(plan.id(parked)).back().attempt, 1U);
  EXPECT_EQ(log->events_of(plan.id(child))[2].reason, baton::WaitReason::child);
  EXPECT_EQ(log->events().back().run_state, RunState::failed);
}

/// Notes what it is told, and wants only what it is made for.
class Picky final : public baton::Observer {
 public:
  Picky(baton::EventKinds kinds, bool needs_time) : kinds_(kinds), needs_time_(needs_time) {}
  [[nodiscard]] baton::EventKinds kinds() const noexcept override { return kinds_; }
  [[nodiscard]] bool needs_time() const noexcept override { return needs_time_; }
  void on_event(const Event& event) override {
    ++told_[static_cast<std::size_t>(event.kind)];
    if (event.time != baton::TimePoint{}) ++timed_;
  }
  [[nodiscard]] std::uint32_t told(Kind kind) const { return told_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] std::uint32_t timed() const { return timed_; }

 private:
  const baton::EventKinds kinds_;
  const bool needs_time_;
  std::array<std::atomic<std::uint32_t>, 6> told_{};
  std::atomic<std::uint32_t> timed_{0};
};

TEST(EventKinds, AreASet) {
  baton::EventKinds kinds;
  EXPECT_TRUE(kinds.empty());
  kinds |= {Kind::task_ended, Kind::run_started};
  EXPECT_FALSE(kinds.empty());
  EXPECT_TRUE(kinds.contains(Kind::task_ended));
  EXPECT_TRUE(kinds.contains(Kind::run_started));
  EXPECT_FALSE(kinds.contains(Kind::task_ready));
  for (int kind = 0; kind < 6; ++kind) EXPECT_TRUE(baton::EventKinds::all().contains(static_cast<Kind>(kind)));
}

TEST_P(Observing, TellsOnlyTheKindsThatAreWanted) {
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (int i = 0; i < 1000; ++i) {
    tasks.push_back(flow.task([] {}));
    if (i > 0) tasks.back().after(tasks[static_cast<std::size_t>(i / 2)]);
  }
  const Plan plan = flow.build();
  const auto ends = std::make_shared<Picky>(baton::EventKinds{Kind::task_ended, Kind::run_ended}, false);
  run(plan, ends);
  EXPECT_EQ(ends->told(Kind::task_ended), 1000U);
  EXPECT_EQ(ends->told(Kind::run_ended), 1U);
  EXPECT_EQ(ends->timed(), 0U) << "nobody needed the time";
  const auto ready = std::make_shared<Picky>(baton::EventKinds{Kind::task_ready}, true);
  scheduler.observe(ready);
  run(plan, ends);
  EXPECT_EQ(ends->told(Kind::task_ended), 2000U);
  EXPECT_EQ(ends->told(Kind::task_ready) + ends->told(Kind::task_started) + ends->told(Kind::run_started), 0U);
  EXPECT_EQ(ready->told(Kind::task_ready), 1000U);
  EXPECT_EQ(ready->told(Kind::task_ended), 0U);
  EXPECT_EQ(ready->timed(), 1000U);
  scheduler.unobserve(ready);
  const auto nothing = std::make_shared<Picky>(baton::EventKinds{}, true);
  run(plan, nothing);
  EXPECT_EQ(ready->told(Kind::task_ready), 1000U);
  EXPECT_EQ(nothing->timed(), 0U);
}

TEST_P(Observing, OfOneRunTellsOnlyOfThat) {
  Workflow flow;
  for (int i = 0; i < 50; ++i) flow.task([] {});
  const Plan plan = flow.build();
  const auto log = std::make_shared<EventLog>();
  std::vector<baton::Run> others;
  for (int i = 0; i < 20; ++i) others.push_back(scheduler.start(plan));
  const baton::Run mine = run(plan, log);
  for (const baton::Run& other : others) other.wait();
  for (const NotedEvent& event : log->events()) EXPECT_EQ(event.run, mine.id());
  EXPECT_EQ(log->events().size(), 152U);
}

TEST_P(Observing, OfASchedulerTellsOfAllRuns) {
  const auto log = std::make_shared<EventLog>();
  scheduler.observe(log);
  Workflow flow;
  for (int i = 0; i < 10; ++i) flow.task([] {});
  const Plan plan = flow.build();
  std::vector<baton::Run> runs;
  for (int i = 0; i < 50; ++i) runs.push_back(scheduler.start(plan));
  scheduler.wait_all();
  std::map<std::uint64_t, int> events;
  for (const NotedEvent& event : log->events()) ++events[event.run];
  EXPECT_EQ(events.size(), 50U);
  for (const baton::Run& run : runs) EXPECT_EQ(events[run.id()], 32);
  scheduler.unobserve(log);
  scheduler.start(plan).wait();
  EXPECT_EQ(log->events().size(), 50U * 32U);
}

TEST_P(Observing, AddedInARunTellsTheRest) {
  Signal first_done;
  Signal go;
  Workflow flow;
  const auto first = flow.task([&] {
    first_done.set();
    go.wait();
  });
  const auto second = flow.task([] {}).after(first);
  const Plan plan = flow.build();
  const baton::Run run = scheduler.start(plan);
  first_done.wait();
  const auto log = std::make_shared<EventLog>();
  scheduler.observe(log);
  go.set();
  run.wait();
  scheduler.wait_all();
  EXPECT_THAT(log->kinds_of(plan.id(second)), ElementsAre(Kind::task_ready, Kind::task_started, Kind::task_ended));
  EXPECT_EQ(log->events().back().kind, Kind::run_ended);
  scheduler.unobserve(log);
}

TEST_P(Observing, OnceRemovedIsNotBeingCalled) {
  Workflow flow;
  for (int i = 0; i < 300; ++i) flow.task([] {});
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(50); ++round) {
    auto alive = std::make_unique<std::atomic<int>>(0);
    const auto observer = std::make_shared<CallingObserver>([&alive](const Event&) { ++*alive; });
    scheduler.observe(observer);
    const baton::Run run = scheduler.start(plan);
    for (std::size_t spin = 0; spin < round; ++spin) std::this_thread::yield();
    scheduler.unobserve(observer);
    alive.reset();  // a call now would crash
    run.wait();
  }
}

TEST_P(Observing, MayRemoveItselfInItsCall) {
  std::atomic<int> calls{0};
  std::shared_ptr<CallingObserver> observer;
  observer = std::make_shared<CallingObserver>([&](const Event& event) {
    ++calls;
    if (event.kind == Kind::task_started) scheduler.unobserve(observer);
  });
  scheduler.observe(observer);
  Workflow flow;
  const auto first = flow.task([] {});
  flow.task([] {}).after(first);
  scheduler.start(flow.build()).get();
  scheduler.wait_all();
  EXPECT_EQ(calls, 3) << "run_started, task_ready, task_started";
}

TEST_P(Observing, AddingAndRemovingDuringRunsIsSafe) {
  Workflow flow;
  std::vector<Task<void>> layer;
  for (int i = 0; i < 2000; ++i) layer.push_back(flow.task([] {}));
  const Plan plan = flow.build();
  std::atomic<bool> stop{false};
  std::vector<std::jthread> changers;
  for (int i = 0; i < 3; ++i) {
    changers.emplace_back([&] {
      while (!stop) {
        const auto log = std::make_shared<EventLog>();
        scheduler.observe(log);
        std::this_thread::yield();
        scheduler.unobserve(log);
      }
    });
  }
  for (std::size_t round = 0; round < scaled(20); ++round) {
    const baton::Run run = scheduler.start(plan);
    run.wait();
    EXPECT_TRUE(run.succeeded());
  }
  stop = true;
}

TEST_P(Observing, ARunThatStartsWhileAnObserverIsAddedIsToldWholeOrFromThenOn) {
  // Whoever is in the list when a task ends is told.
  for (std::size_t round = 0; round < scaled(500); ++round) {
    Signal added;
    Workflow gated;
    gated.task([&] { added.wait(); });
    const Plan gated_plan = gated.build();
    const auto log = std::make_shared<EventLog>();
    baton::Run run;
    {
      std::jthread starter([&] { run = scheduler.start(gated_plan); });
      scheduler.observe(log);
    }
    added.set();
    run.wait();
    scheduler.wait_all();
    ASSERT_FALSE(log->events().empty());
    EXPECT_EQ(log->events().back().kind, Kind::run_ended);
    scheduler.unobserve(log);
  }
}

TEST_P(Observing, AThrowIsCountedAndChangesNothing) {
  const auto thrower = std::make_shared<CallingObserver>([](const Event&) { throw std::runtime_error("observer"); });
  const auto log = std::make_shared<EventLog>();
  scheduler.observe(thrower);
  scheduler.observe(log);
  Workflow flow;
  const auto first = flow.task([] { return 1; });
  const auto second = flow.task([](int value) { return value; }, first);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(second), 1);
  scheduler.wait_all();
  EXPECT_EQ(scheduler.observer_errors(), 8U);
  EXPECT_EQ(log->events().size(), 8U);
}

TEST_P(Observing, KeepsTheObserverAliveAndLetsItGo) {
  auto log = std::make_shared<EventLog>();
  const std::weak_ptr<EventLog> watch = log;
  Workflow flow;
  flow.task([] {});
  {
    StartOptions options;
    options.observers.push_back(std::move(log));
    const baton::Run run = scheduler.start(flow.build(), std::move(options));
    run.wait();
  }
  scheduler.wait_all();
  EXPECT_TRUE(watch.expired());
}

TEST_P(Observing, MayStartOtherRuns) {
  Workflow other;
  std::atomic<int> calls{0};
  other.task([&] { ++calls; });
  const Plan other_plan = other.build();
  Workflow flow;
  for (int i = 0; i < 20; ++i) flow.task([] {});
  run(flow.build(), std::make_shared<CallingObserver>([&](const Event& event) {
        if (event.kind == Kind::task_ended) static_cast<void>(scheduler.start(other_plan));
      }));
  scheduler.wait_all();
  EXPECT_EQ(calls, 20);
}

}  // namespace
