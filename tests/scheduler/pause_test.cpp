// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/graph/loop.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/by_hand.hpp"
#include "support/event_log.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using baton::Context;
using baton::Event;
using baton::Plan;
using baton::RunState;
using baton::StartOptions;
using baton::Task;
using baton::TaskState;
using baton::Workflow;
using baton::test::CallingObserver;
using baton::test::EventLog;
using baton::test::Recorder;
using baton::test::scaled;
using baton::test::Shape;
using baton::test::Signal;
using Kind = Event::Kind;

struct PausingByHand : testing::Test, baton::test::ByHand {};

class Pausing : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Pausing);

StartOptions paused_start() {
  StartOptions options;
  options.paused = true;
  return options;
}

std::uint64_t calls_of(const Recorder& recorder, const Shape& shape) {
  std::uint64_t calls = 0;
  for (std::uint32_t task = 0; task < shape.tasks; ++task) calls += recorder.calls(task);
  return calls;
}

TEST_F(PausingByHand, BeforeTheStartRunsNothingUntilResumed) {
  for (const bool at_once : {false, true}) {
    int calls = 0;
    Workflow flow;
    const auto first = flow.task([&] { ++calls; });
    for (int i = 0; i < 200; ++i) flow.task([&] { ++calls; }).after(first);
    const baton::Run run = scheduler.start(flow.build(), at_once ? StartOptions{} : paused_start());
    EXPECT_EQ(run.pause(), at_once);
    EXPECT_TRUE(run.paused());
    executor.run_until_idle();
    EXPECT_EQ(calls, 0);
    EXPECT_EQ(run.state(), RunState::running);
    EXPECT_EQ(run.state(first), TaskState::ready);
    EXPECT_TRUE(run.resume());
    EXPECT_FALSE(run.paused());
    executor.run_until_idle();
    EXPECT_EQ(calls, 201);
    EXPECT_TRUE(run.succeeded());
  }
}

TEST_F(PausingByHand, AfterEachTaskStartsNoOther) {
  for (const Shape& shape : {baton::test::random_dag(40, 2, 3), baton::test::chain(40), baton::test::isolated(130)}) {
    for (std::uint32_t steps = 0; steps < shape.tasks; ++steps) {
      Recorder recorder(shape);
      const baton::Run run = scheduler.start(recorder.plan());
      for (std::uint32_t step = 0; step < steps; ++step) executor.run_one();
      run.pause();
      executor.run_until_idle();
      ASSERT_EQ(calls_of(recorder, shape), steps) << shape;
      ASSERT_EQ(run.counts()[TaskState::succeeded], steps) << shape;
      ASSERT_GT(run.counts()[TaskState::ready], 0U) << shape;
      run.resume();
      executor.run_until_idle();
      ASSERT_TRUE(run.succeeded()) << shape;
      recorder.expect_one_run();
    }
  }
}

TEST_F(PausingByHand, SaysWhetherItChangedSomething) {
  Workflow flow;
  flow.task([] {});
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_FALSE(run.resume()) << "it was not paused";
  EXPECT_TRUE(run.pause());
  EXPECT_FALSE(run.pause());
  EXPECT_TRUE(run.resume()) << "one ends any number";
  EXPECT_FALSE(run.resume());
  executor.run_until_idle();
  EXPECT_TRUE(run.succeeded());
  EXPECT_FALSE(run.pause()) << "it has ended";
  EXPECT_FALSE(run.paused());
  EXPECT_FALSE(run.resume());

  const baton::Run other = scheduler.start(run.plan());
  other.cancel();
  EXPECT_FALSE(other.pause()) << "it is being cancelled";
  EXPECT_FALSE(other.paused());
  executor.run_until_idle();
  EXPECT_EQ(other.state(), RunState::cancelled);

  const baton::Run empty = scheduler.start(Workflow{}.build(), paused_start());
  EXPECT_TRUE(empty.succeeded());
  EXPECT_FALSE(empty.paused());
}

TEST_F(PausingByHand, ABodyMayPauseItsOwnRun) {
  baton::Run run;
  int calls = 0;
  Workflow flow;
  auto last = flow.task([&] { run.pause(); });
  for (int i = 0; i < 10; ++i) last = flow.task([&] { ++calls; }).after(last);
  run = scheduler.start(flow.build());
  executor.run_until_idle();
  EXPECT_EQ(calls, 0) << "not even the next one of a chain";
  EXPECT_EQ(run.counts()[TaskState::succeeded], 1U);
  EXPECT_EQ(run.counts()[TaskState::ready], 1U);
  EXPECT_EQ(run.counts()[TaskState::pending], 9U);
  run.resume();
  executor.run_until_idle();
  EXPECT_EQ(calls, 10);
  EXPECT_TRUE(run.succeeded());
}

TEST_F(PausingByHand, TheLastBodyEndsTheRun) {
  baton::Run run;
  Workflow flow;
  flow.task([&] { run.pause(); });
  run = scheduler.start(flow.build());
  executor.run_until_idle();
  EXPECT_TRUE(run.succeeded()) << "there was nothing left to start";
  EXPECT_FALSE(run.paused());
}

TEST_F(PausingByHand, CancelEndsIt) {
  int calls = 0;
  Workflow flow;
  for (int i = 0; i < 300; ++i) flow.task([&] { ++calls; });
  const baton::Run run = scheduler.start(flow.build());
  for (int i = 0; i < 5; ++i) executor.run_one();
  run.pause();
  executor.run_until_idle();
  run.cancel();
  EXPECT_FALSE(run.paused());
  executor.run_until_idle();
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_EQ(run.counts()[TaskState::cancelled], 295U);
}

TEST_F(PausingByHand, DestroyingTheSchedulerEndsIt) {
  baton::Run run;
  {
    baton::Scheduler other(executor);
    Workflow flow;
    for (int i = 0; i < 300; ++i) flow.task([&] { ADD_FAILURE() << "it was started"; });
    run = other.start(flow.build(), paused_start());
  }
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST_F(PausingByHand, AFailureThatStopsTheRunEndsIt) {
  baton::Run run;
  Workflow flow;
  const auto fails = flow.task([&] {
    run.pause();
    throw std::runtime_error("no");
  });
  for (int i = 0; i < 100; ++i) flow.task([] {}).after(flow.task([] {}).after(fails));
  StartOptions options;
  options.failure_mode = baton::FailureMode::stop;
  run = scheduler.start(flow.build(), std::move(options));
  executor.run_until_idle();
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.counts()[TaskState::cancelled], 200U);
}

TEST_F(PausingByHand, WhatIsDoomedIsOmittedAfterwards) {
  baton::Run run;
  Workflow flow;
  const auto fails = flow.task([&] {
    run.pause();
    throw std::runtime_error("no");
  });
  const auto next = flow.task([] { ADD_FAILURE() << "it was started"; }).after(fails);
  run = scheduler.start(flow.build());
  executor.run_until_idle();
  EXPECT_EQ(run.state(), RunState::running);
  EXPECT_TRUE(run.paused());
  run.resume();
  executor.run_until_idle();
  EXPECT_EQ(run.state(next), TaskState::omitted);
  EXPECT_EQ(run.state(), RunState::failed);
}

TEST_F(PausingByHand, TimersAreOverAndTheirTasksEnd) {
  Workflow flow;
  const auto parks = flow.task([](Context& context) { context.park_for(3h); });
  const auto next = flow.task([] {}).after(parks);
  Workflow elsewhere;
  elsewhere.task([](Context& context) { context.park_for(5h); });
  const Plan other_plan = elsewhere.build();
  baton::Run run;
  baton::Run other;
  {
    const baton::VirtualClock::Hold hold(clock);
    run = scheduler.start(flow.build());
    other = scheduler.start(other_plan);
    executor.run_until_idle();
    run.pause();
  }
  executor.run_until_idle();
  EXPECT_TRUE(other.succeeded()) << "time goes on for others";
  EXPECT_EQ(clock.now().time_since_epoch(), 5h);
  EXPECT_EQ(run.state(parks), TaskState::succeeded);
  EXPECT_EQ(run.state(next), TaskState::ready);
  EXPECT_EQ(run.state(), RunState::running);
  run.resume();
  executor.run_until_idle();
  EXPECT_TRUE(run.succeeded());
}

TEST_F(PausingByHand, ItsTasksDoNotHoldUpOthersThatWaitForAResource) {
  scheduler.resource("seat", 1);
  Workflow flow;
  for (int i = 0; i < 3; ++i) flow.task([](Context& context) { context.park_for(1s); }).resource("seat");
  const Plan plan = flow.build();
  // The run that was started first goes first; at each moment of its life it is paused once.
  for (int steps = 0; steps < 12; ++steps) {
    baton::Run first;
    baton::Run second;
    {
      const baton::VirtualClock::Hold hold(clock);
      first = scheduler.start(plan);
      second = scheduler.start(plan);
      for (int step = 0; step < steps; ++step) executor.run_one();
      if (!first.pause()) break;
    }
    executor.run_until_idle();
    EXPECT_TRUE(second.succeeded()) << "paused after " << steps << " steps";
    EXPECT_EQ(first.state(), RunState::running);
    first.resume();
    executor.run_until_idle();
    EXPECT_TRUE(first.succeeded()) << "paused after " << steps << " steps";
  }
}

TEST_F(PausingByHand, AnExecutorOfItsOwnGivesTheTaskBack) {
  baton::ManualExecutor gui;
  scheduler.resource("seat", 1);
  int calls = 0;
  Workflow flow;
  const auto pinned = flow.task([&] { ++calls; }).on(gui).resource("seat");
  const baton::Run run = scheduler.start(flow.build());
  executor.run_until_idle();
  EXPECT_EQ(run.state(pinned), TaskState::waiting);
  run.pause();
  gui.run_until_idle();
  executor.run_until_idle();
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(run.state(pinned), TaskState::ready);

  Workflow other_flow;
  other_flow.task([] {}).resource("seat");
  const baton::Run other = scheduler.start(other_flow.build());
  executor.run_until_idle();
  EXPECT_TRUE(other.succeeded()) << "its unit was given back";

  run.resume();
  executor.run_until_idle();
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(gui.run_one());
  executor.run_until_idle();
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(run.succeeded());
}

TEST_F(PausingByHand, ABodyOnAnotherExecutorEnds) {
  baton::ManualExecutor gui;
  baton::Run run;
  Workflow flow;
  const auto pinned = flow.task([&] { run.pause(); }).on(gui);
  const auto next = flow.task([] {}).after(pinned);
  run = scheduler.start(flow.build());
  executor.run_until_idle();
  gui.run_until_idle();
  executor.run_until_idle();
  EXPECT_EQ(run.state(pinned), TaskState::succeeded);
  EXPECT_EQ(run.state(next), TaskState::ready);
  run.resume();
  executor.run_until_idle();
  EXPECT_TRUE(run.succeeded());
}

TEST_F(PausingByHand, ReachesSubworkflows) {
  int calls = 0;
  Workflow innermost;
  for (int i = 0; i < 5; ++i) innermost.task([&] { ++calls; });
  Workflow middle;
  middle.subworkflow("innermost", innermost.build());
  Workflow outer;
  outer.subworkflow("middle", middle.build());
  const Plan plan = outer.build();
  // At each moment of its life.
  int interrupted = 0;
  for (int steps = 0;; ++steps) {
    calls = 0;
    const baton::Run run = scheduler.start(plan);
    for (int step = 0; step < steps; ++step) executor.run_one();
    if (!run.pause()) break;
    const int before = calls;
    executor.run_until_idle();
    ASSERT_EQ(calls, before) << "paused after " << steps << " steps";
    if (before < 5) {
      ++interrupted;
      ASSERT_EQ(run.state(), RunState::running);
    }
    if (steps % 2 == 0) {
      run.resume();
      executor.run_until_idle();
      ASSERT_EQ(calls, 5);
      ASSERT_TRUE(run.succeeded()) << "paused after " << steps << " steps";
    } else {
      run.cancel();
      executor.run_until_idle();
      ASSERT_EQ(calls, before) << "paused after " << steps << " steps";
      ASSERT_TRUE(run.ended());
    }
  }
  EXPECT_GE(interrupted, 5);
  scheduler.wait_all();
}

TEST_F(PausingByHand, ReachesLoopsBetweenRoundsAndInThem) {
  int calls = 0;
  Workflow round;
  const auto state = round.input<int>("state");
  const auto next = round.task([&](int value) { return ++calls, value + 1; }, state);
  const Plan inner = round.build();
  scheduler.resource("seat", 1);
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto done = [](int value) { return value == 4; };
  const auto of_plans = flow.loop("plans", zero, inner, state, next, done, {.limit = 10});
  const auto of_calls = flow.loop(
      "calls", of_plans, [&](int value) { return ++calls, value - 1; }, [](int value) { return value == 0; },
      {.limit = 10});
  of_calls.resource("seat");
  const Plan plan = flow.build();
  int interrupted = 0;
  for (int steps = 0;; ++steps) {
    calls = 0;
    const baton::Run run = scheduler.start(plan);
    for (int step = 0; step < steps; ++step) executor.run_one();
    if (!run.pause()) break;
    const int before = calls;
    executor.run_until_idle();
    ASSERT_EQ(calls, before) << "paused after " << steps << " steps";
    ASSERT_EQ(run.state(), RunState::running);
    ++interrupted;
    run.resume();
    executor.run_until_idle();
    ASSERT_EQ(calls, 8);
    ASSERT_EQ(run.result(of_calls), 0);
  }
  EXPECT_GT(interrupted, 8);
}

TEST_F(PausingByHand, CleanupWaitsForItsEndToo) {
  for (const bool cancels : {false, true}) {
    baton::Run run;
    int cleaned = 0;
    Workflow flow;
    flow.task([&] { run.pause(); });
    flow.finally("clean up", [&] { ++cleaned; });
    run = scheduler.start(flow.build());
    executor.run_until_idle();
    EXPECT_EQ(cleaned, 0);
    EXPECT_EQ(run.state(), RunState::running);
    cancels ? run.cancel() : static_cast<void>(run.resume());
    executor.run_until_idle();
    EXPECT_EQ(cleaned, 1) << "a cancel does not stop it";
    EXPECT_TRUE(run.ended());
  }
}

TEST_F(PausingByHand, IsSeenInSnapshots) {
  Workflow flow;
  flow.task([] {});
  const Plan plan = flow.build();
  for (const bool record : {false, true}) {
    StartOptions options;
    options.record = record;
    options.paused = true;
    const baton::Run run = scheduler.start(plan, std::move(options));
    baton::Snapshot snapshot = run.snapshot();
    EXPECT_TRUE(snapshot.paused);
    run.resume();
    EXPECT_FALSE(run.snapshot().paused);
    if (record) {
      const baton::SnapshotChanges changes = run.changes(snapshot.version);
      EXPECT_GT(changes.version, snapshot.version) << "who looks for changes finds this one";
      EXPECT_FALSE(changes.paused);
      snapshot.apply(changes);
      EXPECT_FALSE(snapshot.paused);
      run.pause();
      EXPECT_TRUE(run.changes(snapshot.version).paused);
      run.resume();
    }
    run.pause();
    run.cancel();
    executor.run_until_idle();
    EXPECT_FALSE(run.snapshot().paused);
  }
}

TEST_F(PausingByHand, IsTold) {
  Workflow flow;
  const auto first = flow.task([] {});
  flow.task([] {}).after(first);
  const auto log = std::make_shared<EventLog>();
  const baton::Run run = scheduler.start(flow.build(), {.paused = true, .observers = {log}});
  run.pause();
  executor.run_until_idle();
  run.resume();
  executor.run_one();
  run.pause();
  executor.run_until_idle();
  run.cancel();
  executor.run_until_idle();
  std::vector<Kind> kinds;
  for (const auto& event : log->events()) {
    if (!event.of_task() || event.kind == Kind::task_ended) kinds.push_back(event.kind);
  }
  EXPECT_THAT(kinds, testing::ElementsAre(Kind::run_started, Kind::run_paused, Kind::run_resumed, Kind::task_ended,
                                          Kind::run_paused, Kind::run_resumed, Kind::task_ended, Kind::run_ended));
}

TEST_F(PausingByHand, AnObserverMayChangeItAgain) {
  Workflow flow;
  flow.task([] {});
  baton::Run run;
  int told = 0;
  const auto observer = std::make_shared<CallingObserver>([&](const Event& event) {
    if (event.kind != Kind::run_paused && event.kind != Kind::run_resumed) return;
    EXPECT_EQ(event.kind, told % 2 == 0 ? Kind::run_paused : Kind::run_resumed);
    if (++told >= 10) return;
    event.kind == Kind::run_paused ? run.resume() : run.pause();
  });
  run = scheduler.start(flow.build(), {.observers = {observer}});
  run.pause();
  EXPECT_EQ(told, 10);
  executor.run_until_idle();
  EXPECT_TRUE(run.succeeded());
}

// ---- On threads ----

TEST_P(Pausing, WaitDoesNotReturn) {
  std::atomic<int> calls{0};
  Workflow flow;
  for (int i = 0; i < 1000; ++i) flow.task([&] { ++calls; });
  const baton::Run run = scheduler.start(flow.build(), paused_start());
  std::atomic<bool> is_resumed{false};
  {
    std::vector<std::jthread> waiters;
    for (int i = 0; i < 3; ++i) {
      waiters.emplace_back([&] {
        run.wait();
        EXPECT_TRUE(is_resumed);
        EXPECT_EQ(calls, 1000);
      });
    }
    EXPECT_FALSE(run.wait_for(5ms));
    EXPECT_EQ(calls, 0);
    is_resumed = true;
    EXPECT_TRUE(run.resume());
  }
  EXPECT_TRUE(run.succeeded());
}

TEST_P(Pausing, FromTheStartIsRefusedWhereNobodyCouldResume) {
  Workflow flow("nightly");
  flow.task([] {});
  EXPECT_EQ(baton::test::message_of<baton::UsageError>([&] { scheduler.run(flow.build(), paused_start()); }),
            "plan 'nightly' is to be run to its end, but paused from the start: nobody has a handle to resume it; use "
            "Scheduler::start");
  EXPECT_EQ(scheduler.running(), 0U);
}

TEST_P(Pausing, AWaitThatWorksAlongGoesOnAfterIt) {
  std::atomic<int> calls{0};
  Workflow flow;
  for (int i = 0; i < 1000; ++i) flow.task([&] { ++calls; });
  const Plan inner = flow.build();
  Workflow outer;
  baton::Run inside;
  Signal started;
  outer.task([&] {
    inside = scheduler.start(inner, paused_start());
    started.set();
    inside.wait();
    EXPECT_EQ(calls, 1000);
  });
  const baton::Run run = scheduler.start(outer.build());
  started.wait();
  EXPECT_FALSE(run.wait_for(5ms));
  EXPECT_EQ(calls, 0);
  EXPECT_TRUE(inside.resume());
  run.wait();
  EXPECT_EQ(calls, 1000);
}

TEST_P(Pausing, OfAMillionReadyTasksTakesEffectAtOnce) {
  constexpr std::size_t size = 1'000'000;
  std::atomic<bool> is_paused{false};
  std::atomic<std::size_t> late{0};
  std::atomic<std::size_t> calls{0};
  Workflow flow;
  for (std::size_t i = 0; i < size; ++i) {
    flow.task([&] {
      if (is_paused.load(std::memory_order_relaxed)) late.fetch_add(1, std::memory_order_relaxed);
      calls.fetch_add(1, std::memory_order_relaxed);
    });
  }
  baton::ManualExecutor last;  // the run cannot end before the test is done with it
  flow.task([] {}).on(last);
  const baton::Run run = scheduler.start(std::move(flow).build());
  std::size_t pauses_in_time = 0;
  for (std::size_t part = 1; part < 8; ++part) {
    while (calls < part * size / 10) std::this_thread::yield();
    late = 0;
    EXPECT_TRUE(run.pause());
    is_paused = true;
    // All threads of the pool come by: those that were in a slice have left it.
    baton::test::Meeting meeting(threads());
    std::vector<baton::Future<void>> members;
    for (std::size_t i = 0; i < threads(); ++i) members.push_back(pool->submit([&] { meeting.join(); }));
    for (auto& member : members) member.get();
    const std::size_t seen = calls;
    EXPECT_LE(late, threads()) << "no more than were being called";
    EXPECT_FALSE(run.wait_for(1ms));
    EXPECT_EQ(calls, seen) << "nobody is at work";
    pauses_in_time += seen < size ? 1 : 0;
    is_paused = false;
    EXPECT_TRUE(run.resume());
  }
  EXPECT_GT(pauses_in_time, 0U);
  while (!run.ended()) {
    if (last.run_until_idle() == 0) std::this_thread::yield();
  }
  EXPECT_EQ(calls, size);
  EXPECT_EQ(run.counts()[TaskState::succeeded], size + 1);
}

/// Threads that pause and resume `run` as a seed says, until they are stopped.
class Storm {
 public:
  Storm(const baton::Run& run, std::uint64_t seed, std::size_t threads) {
    for (std::size_t thread = 0; thread < threads; ++thread) {
      threads_.emplace_back([run, seed, thread](const std::stop_token& stop) {
        std::mt19937_64 random(seed * 31 + thread);
        while (!stop.stop_requested() && !run.ended()) {
          random() % 2 == 0 ? run.pause() : run.resume();
          for (std::uint64_t spin = random() % 2000; spin > 0; --spin) {
            if (run.ended()) return;
          }
          if (random() % 4 == 0) std::this_thread::yield();
        }
      });
    }
  }
  void stop() { threads_.clear(); }

 private:
  std::vector<std::jthread> threads_;
};

TEST_P(Pausing, InStormsLosesNothing) {
  const std::vector<Shape> shapes{baton::test::isolated(100'000), baton::test::chain(100'000),
                                  baton::test::random_dag(100'000, 2, 11), baton::test::binary_tree(100'000)};
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::uint64_t round = 0;
  for (const Shape& shape : shapes) {
    Recorder recorder(shape);
    const Plan plan = recorder.plan();
    for (std::size_t i = 0; i < scaled(5); ++i) {
      const auto log = std::make_shared<EventLog>();
      StartOptions options;
      if (i % 5 == 4) options.observers.push_back(log);
      const baton::Run run = scheduler.start(plan, std::move(options));
      Storm storm(run, seed + round++, 3);
      // The storm goes on for a part of the run, or ends it.
      while (!run.ended() && run.counts()[TaskState::succeeded] < shape.tasks * (i % 4) / 4) std::this_thread::yield();
      storm.stop();
      run.resume();
      run.wait();
      ASSERT_EQ(run.counts()[TaskState::succeeded], shape.tasks) << shape;
      recorder.expect_one_run();
    }
  }
}

TEST_P(Pausing, InStormsOfWaitingTasksLosesNothing) {
  baton::ThreadPool lane(1);
  scheduler.resource("seat", 2);
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::atomic<int> inside{0};
  std::atomic<int> calls{0};
  std::atomic<int> crowded{0};
  Workflow inner;
  for (int i = 0; i < 3; ++i) inner.task([&] { ++calls; });
  const Plan child = inner.build();
  Workflow flow;
  for (int i = 0; i < 100; ++i) {
    const auto parks = flow.task([&](Context& context) {
      ++calls;
      context.park_for(10us);
    });
    const auto seated = flow.task([&] {
                              if (++inside > 2) ++crowded;
                              ++calls;
                              --inside;
                            })
                            .after(parks)
                            .resource("seat");
    const auto pinned = flow.task([&] { ++calls; }).after(seated).on(lane);
    const auto both = flow.task([&] {
                            if (++inside > 2) ++crowded;
                            ++calls;
                            --inside;
                          })
                          .after(parks)
                          .resource("seat")
                          .on(lane);
    flow.subworkflow("child" + std::to_string(i), child).after(pinned, both);
  }
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(20); ++round) {
    calls = 0;
    const baton::Run run = scheduler.start(plan);
    const baton::Run other = scheduler.start(plan);
    Storm storm(run, seed + round, 3);
    other.wait();
    storm.stop();
    run.resume();
    run.wait();
    ASSERT_TRUE(run.succeeded() && other.succeeded());
    ASSERT_EQ(calls, 2 * 100 * (4 + 3));
    ASSERT_EQ(crowded, 0);
  }
}

TEST_P(Pausing, AndCancellingAtOnceEnds) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::atomic<std::size_t> calls{0};
  Workflow flow;
  std::vector<Task<void>> tasks;
  tasks.reserve(20'000);
  for (std::size_t i = 0; i < 20'000; ++i) {
    tasks.push_back(flow.task([&] { calls.fetch_add(1, std::memory_order_relaxed); }));
    if (i >= 50) tasks[i].after(tasks[i - 50]);
  }
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(60); ++round) {
    calls = 0;
    const auto log = std::make_shared<EventLog>();
    StartOptions options;
    if (round % 2 == 0) options.observers.push_back(log);
    const baton::Run run = scheduler.start(plan, std::move(options));
    {
      Storm storm(run, seed + round, 2);
      std::jthread cancels([&] {
        while (!run.ended() && calls < round * 100) {
          std::this_thread::yield();
          if (run.paused()) run.resume();
        }
        run.cancel();
      });
    }
    run.wait();
    ASSERT_EQ(run.counts()[TaskState::succeeded], calls);
    ASSERT_EQ(run.counts().ended(), 20'000U);
    scheduler.wait_all();
    if (round % 2 == 0) {
      const auto events = log->events();
      ASSERT_EQ(events.front().kind, Kind::run_started);
      ASSERT_EQ(events.back().kind, Kind::run_ended) << "nothing is told after that";
      int open = 0;
      for (const auto& event : events) {
        open += event.kind == Kind::run_paused ? 1 : event.kind == Kind::run_resumed ? -1 : 0;
        ASSERT_TRUE(open == 0 || open == 1) << "they take turns";
      }
    }
  }
}

TEST_P(Pausing, OfSubworkflowsInStormsLosesNothing) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::atomic<int> calls{0};
  Workflow inner;
  for (int i = 0; i < 10; ++i) inner.task([&] { ++calls; });
  Workflow middle;
  for (int i = 0; i < 5; ++i) middle.subworkflow("inner" + std::to_string(i), inner.build());
  Workflow outer;
  for (int i = 0; i < 5; ++i) outer.subworkflow("middle" + std::to_string(i), middle.build());
  const Plan plan = outer.build();
  for (std::size_t round = 0; round < scaled(100); ++round) {
    calls = 0;
    const baton::Run run = scheduler.start(plan);
    Storm storm(run, seed + round, 3);
    while (!run.ended() && calls < static_cast<int>(round % 10) * 20) std::this_thread::yield();
    storm.stop();
    run.resume();
    run.wait();
    ASSERT_TRUE(run.succeeded());
    ASSERT_EQ(calls, 250);
  }
}

}  // namespace
