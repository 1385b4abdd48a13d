// SPDX-License-Identifier: MIT
#include <baton/testing/faults.hpp>

#include <baton/base/error.hpp>
#include <baton/executor/thread_pool.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/counted.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <new>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using baton::Context;
using baton::Event;
using baton::FaultPointInfo;
using baton::Faults;
using baton::Input;
using baton::Plan;
using baton::RunState;
using baton::Scheduler;
using baton::StartOptions;
using baton::Task;
using baton::TaskId;
using baton::TaskState;
using baton::UsageError;
using baton::VirtualClock;
using baton::Workflow;
using baton::test::CheckedPool;
using baton::test::Counted;
using baton::test::message_of;
using baton::test::patience;
using baton::test::Tally;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

// ---- The workflow that uses everything ----

struct Doubling {
  Workflow flow{"doubling"};
  Input<int> number = flow.input<int>("number");
  Task<int> result = flow.task("double", [](int value) { return 2 * value; }, number);
  Plan plan = flow.build();
};

/// One of each that needs something from the engine. Succeeds.
class Everything {
 public:
  explicit Everything(Tally& tally) : tally_(tally) {
    const auto start = flow_.task("start", [&tally] { return Counted(tally, 7); });
    fan_out(flow_.task("many", [](const Counted&) { return std::vector<int>(40, 1); }, start));
    limits();
    nested(start);
    resources();
    cleanup(start);
    plan_ = flow_.build();
  }

  [[nodiscard]] const Plan& plan() const { return plan_; }

 private:
  void fan_out(const Task<std::vector<int>>& many) {
    flow_.map("map", many, [](Context& context, int value) { return value + (context.stop_requested() ? 1 : 0); });
    flow_.map("map with tokens", many,
              [](Context& context, int value) { return value + (context.stop_token().stop_requested() ? 1 : 0); });
    flow_.map("map of runs", many, doubling_.plan, doubling_.number, doubling_.result);
    flow_.task("spawn", [](Context& context) {
      for (int part = 0; part < 5; ++part) {
        context.spawn([](Context& inner) {
          for (int each = 0; each < 3; ++each) inner.spawn([] {});
        });
      }
    });
  }

  void limits() {
    flow_
        .task("flaky",
              [](Context& context) {
                if (context.attempt() < 3) throw std::runtime_error("not yet");
              })
        .retry({.attempts = 3, .delay = 1h});
    flow_.task("limited", [](Context& context) { context.park_for(1min); }).timeout(1h).deadline(5h);
    flow_.task("asks", [](Context& context) { static_cast<void>(context.stop_token()); });
    flow_.task("naps", [this](Context& context) {
      context.park_for(5min);
      return Counted(tally_);
    });
    flow_.task("elsewhere", [](Context& context) { context.park_for(1min); }).on(other_);
    flow_.task("spawns elsewhere", [](Context& context) { context.spawn([] {}); }).on(other_);
    flow_.task("may fail", [] { throw std::runtime_error("as it may"); }).allow_failure();
  }

  void nested(const Task<Counted>& start) {
    const auto two = flow_.task("two", [](const Counted&) { return 2; }, start);
    const auto four = flow_.subworkflow("child", doubling_.plan, doubling_.result, baton::bind(doubling_.number, two));
    flow_.loop("loop", four, doubling_.plan, doubling_.number, doubling_.result, [](int value) { return value > 50; },
               {.limit = 10});
  }

  void resources() {
    for (int i = 0; i < 4; ++i) flow_.task([](Context& context) { context.park_for(1min); }).resource("disk");
    for (int i = 0; i < 2; ++i) flow_.task([] {}).resource("disk").resource("tape");
  }

  void cleanup(const Task<Counted>& start) {
    const auto booked = flow_.task(
                                 "book", [this](const Counted&) { return Counted(tally_); }, start)
                            .compensate([](Context&, const Counted&) {})
                            .retry({.attempts = 2, .delay = 1s});
    flow_.finally("report", [] {}).after(booked);
  }

  Tally& tally_;
  CheckedPool other_{1};
  Workflow flow_{"everything"};
  Doubling doubling_;
  Plan plan_;
};

class Listener final : public baton::Observer {
 public:
  void on_event(const Event& event) override {
    if (event.kind == Event::Kind::run_started) ++started_;
    if (event.kind == Event::Kind::run_ended) ++ended_;
  }
  [[nodiscard]] bool has_heard_all() const { return started_ == ended_; }

 private:
  std::atomic<int> started_{0}, ended_{0};
};

/// A scheduler on which everything is run. Ends the process where a run does not end: nothing else could.
class Bench {
 public:
  Bench() {
    scheduler_.resource("disk", 1);
    scheduler_.resource("tape", 1);
    scheduler_.observe(listener_);
    neighbour_ = start_paused();
  }
  ~Bench() {
    neighbour_.resume();
    EXPECT_TRUE(ends(neighbour_));
    EXPECT_TRUE(neighbour_.succeeded()) << "a run beside it is to go on";
    scheduler_.wait_all();
    EXPECT_EQ(scheduler_.running(), 0U);
    EXPECT_TRUE(listener_->has_heard_all());
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  /// Starts a run of everything, and lets it end. @returns what was told of a fault; empty for nothing.
  std::string play(const Plan& plan) {
    StartOptions options;
    options.deadline = 1000h;
    options.record = true;
    options.observers.push_back(std::make_shared<Listener>());
    try {
      const baton::Run run = scheduler_.start(plan, std::move(options));
      std::string told = call_on_end(run);
      EXPECT_TRUE(ends(run));
      check(run);
      return told + of_failures(run);
    } catch (const std::bad_alloc&) {
      return "the start: std::bad_alloc";
    }
  }

  [[nodiscard]] std::uint64_t observer_errors() const { return scheduler_.observer_errors(); }

 private:
  static std::string call_on_end(const baton::Run& run) {
    try {
      run.on_end([](const baton::Run&) {});
      return {};
    } catch (const std::bad_alloc&) {
      return "on_end: std::bad_alloc";
    }
  }

  static bool ends(const baton::Run& run) {
    if (run.wait_for(patience)) return true;
    std::cerr << "the run does not end\n";
    std::abort();
  }

  static void check(const baton::Run& run) {
    EXPECT_EQ(run.counts().ended(), run.plan().size());
    EXPECT_EQ(run.counts().total(), run.plan().size());
    for (std::uint32_t task = 0; task < run.plan().size(); ++task) {
      EXPECT_EQ(run.error(TaskId{task}) != nullptr, run.state(TaskId{task}) == TaskState::failed);
    }
    const baton::Snapshot snapshot = run.snapshot();
    EXPECT_EQ(snapshot.state, run.state());
    for (std::uint32_t task = 0; task < run.plan().size(); ++task) {
      EXPECT_EQ(snapshot.tasks[task].state, run.state(TaskId{task}));
    }
  }

  static std::string of_failures(const baton::Run& run) {
    std::string told = run.cancel_cause();
    for (const baton::TaskFailure& failure : run.failures()) {
      if (failure.message != "as it may" && failure.message.find("not yet") == std::string::npos) {
        told += failure.message;
      }
    }
    if (told.empty() && !run.succeeded()) told = "it did not succeed, and nobody knows why";
    return told;
  }

  CheckedPool pool_{3};
  VirtualClock clock_;
  std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
  Scheduler scheduler_{pool_, {.clock = &clock_}};
  baton::Run neighbour_;

  baton::Run start_paused() {
    Workflow flow{"beside it"};
    flow.task([] {});
    StartOptions options;
    options.paused = true;
    return scheduler_.start(flow.build(), std::move(options));
  }
};

/// What the engine does without, so that nobody is to be told of it.
bool is_done_without(const std::string& point) {
  return point == "message" || point == "recorded_error" || point == "watch_thread" || point == "pool_thread";
}

/// One run with the fault, which `arm` sets up, and one without.
void play_with(Faults& faults, const std::string& point, const std::function<void()>& arm) {
  Tally tally;
  {
    Everything everything(tally);
    Bench bench;
    faults.clear();
    arm();
    const std::string told = bench.play(everything.plan());
    const bool was_hit = faults.failed(point) != 0;
    faults.clear();
    if (!was_hit || is_done_without(point)) {
      EXPECT_EQ(told, "");
    } else {
      EXPECT_THAT(told, testing::AnyOf(HasSubstr("std::bad_alloc"), HasSubstr("no memory to keep its error")));
    }
    EXPECT_EQ(bench.play(everything.plan()), "") << "the next run";
    EXPECT_EQ(bench.observer_errors() != 0, was_hit && point == "recorded_error");
  }
  EXPECT_EQ(tally.alive, 0);
}

std::uint64_t passes_of_one_run(Faults& faults, const std::string& point) {
  Tally tally;
  Everything everything(tally);
  Bench bench;
  faults.clear();
  EXPECT_EQ(bench.play(everything.plan()), "");
  return faults.passes(point);
}

class FaultPoints : public testing::TestWithParam<std::string> {};

std::vector<std::string> points_of_a_run() {
  // Those of other places have tests of their own below.
  const std::set<std::string> elsewhere{"pool_thread", "clock_thread", "watch_thread", "task_cancel"};
  std::vector<std::string> names;
  for (const FaultPointInfo& info : Faults::points()) {
    if (!elsewhere.contains(std::string(info.name))) names.emplace_back(info.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Each, FaultPoints, testing::ValuesIn(points_of_a_run()),
                         [](const auto& instance) { return instance.param; });

TEST_P(FaultPoints, EachPassOfARunMayFail) {
  Faults faults;
  const std::uint64_t passes = passes_of_one_run(faults, GetParam());
  ASSERT_GT(passes, 0U) << "the workflow does not come there";
  for (std::uint64_t pass = 1; pass <= passes && !HasFailure(); ++pass) {
    SCOPED_TRACE("pass " + std::to_string(pass) + " of " + std::to_string(passes));
    play_with(faults, GetParam(), [&] { faults.fail(GetParam(), pass); });
  }
}

TEST_P(FaultPoints, AllPassesOfARunMayFail) {
  Faults faults;
  play_with(faults, GetParam(), [&] { faults.fail_always(GetParam()); });
}

TEST_P(FaultPoints, SomePassesOfARunMayFail) {
  Faults faults;
  for (std::uint64_t seed = 1; seed <= 20 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    play_with(faults, GetParam(), [&] { faults.fail_some(GetParam(), 4, seed); });
  }
}

TEST(FaultPointsTogether, EverythingMayFailAtOnce) {
  Faults faults;
  for (std::uint64_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Tally tally;
    {
      Everything everything(tally);
      Bench bench;
      faults.clear();
      for (const std::string& point : points_of_a_run()) faults.fail_some(point, 30, seed);
      bench.play(everything.plan());
      faults.clear();
      EXPECT_EQ(bench.play(everything.plan()), "");
    }
    EXPECT_EQ(tally.alive, 0);
  }
}

// ---- Points of other places ----

TEST(FaultsOfThreads, APoolWithoutOneOfItsThreadsIsNone) {
  Faults faults;
  for (std::uint64_t thread = 1; thread <= 4; ++thread) {
    faults.clear();
    faults.fail("pool_thread", thread);
    EXPECT_THAT(message_of<baton::Error>([] { const baton::ThreadPool pool(4); }),
                HasSubstr("thread " + std::to_string(thread) + " of 4 cannot be started"));
    EXPECT_EQ(faults.passes("pool_thread"), thread);
  }
  faults.clear();
  const baton::ThreadPool pool(4);
  EXPECT_EQ(faults.passes("pool_thread"), 4U);
}

TEST(FaultsOfThreads, ASpareThreadIsDoneWithout) {
  Faults faults;
  CheckedPool pool(1);
  Scheduler scheduler(pool);
  Workflow inner{"inner"};
  inner.task([] {});
  const Plan plan = inner.build();
  Workflow outer{"outer"};
  outer.task([&] { scheduler.start(plan).get(); });
  faults.clear();
  faults.fail_always("pool_thread");
  EXPECT_TRUE(scheduler.run(outer.build()).succeeded());
  EXPECT_TRUE(scheduler.start(outer.build()).wait_for(patience));
  EXPECT_GT(faults.failed("pool_thread"), 0U);
}

TEST(FaultsOfThreads, WithoutAThreadForItsClockATaskFails) {
  Faults faults;
  CheckedPool pool(2);
  Scheduler scheduler(pool);
  Workflow flow{"flow"};
  const auto nap = flow.task("nap", [](Context& context) { context.park_for(1ms); });
  const Plan plan = flow.build();
  faults.fail("clock_thread", 1);
  const baton::Run run = scheduler.start(plan);
  ASSERT_TRUE(run.wait_for(patience));
  EXPECT_EQ(run.state(nap), TaskState::failed);
  EXPECT_THAT(run.failures().at(0).message, HasSubstr("Resource temporarily unavailable"));
  EXPECT_TRUE(scheduler.run(plan).succeeded()) << "the next one gets it";
}

TEST(FaultsOfThreads, WithoutAThreadForItsDeadlineARunIsCancelled) {
  Faults faults;
  CheckedPool pool(2);
  Scheduler scheduler(pool);
  Workflow flow{"flow"};
  flow.task("task", [] {});
  StartOptions options;
  options.deadline = 1h;
  faults.fail("clock_thread", 1);
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  ASSERT_TRUE(run.wait_for(patience));
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_THAT(run.cancel_cause(), AllOf(HasSubstr("its deadline cannot be watched"), HasSubstr("unavailable")));
}

TEST(FaultsOfThreads, TimersThatCannotBeHadLeaveTheRunToTheOthers) {
  Faults faults;
  CheckedPool pool(2);
  Scheduler scheduler(pool);
  baton::test::Signal open;
  Workflow flow{"flow"};
  const auto gate = flow.task("gate", [&] { open.wait(); });
  for (int i = 0; i < 50; ++i) flow.task([] {}).deadline(1h);
  faults.fail_always("timer");
  const baton::Run run = scheduler.start(flow.build());
  while (run.counts()[TaskState::failed] < 50) std::this_thread::yield();
  EXPECT_EQ(scheduler.running(), 1U) << "none of them may take more than its own share in the run away";
  open.set();
  ASSERT_TRUE(run.wait_for(patience));
  EXPECT_EQ(run.state(gate), TaskState::succeeded);
}

TEST(FaultsOfThreads, TheWatchIsDoneWithout) {
  Faults faults;
  faults.fail_always("watch_thread");
  CheckedPool pool(3);
  Scheduler scheduler(pool);
  Workflow flow{"flow"};
  std::atomic<int> called{0};
  for (int i = 0; i < 20'000; ++i) flow.task([&] { ++called; });
  const Plan plan = flow.build();
  int runs = 0;
  while (runs < 5 || (runs < 100 && faults.failed("watch_thread") == 0)) {
    ++runs;
    EXPECT_TRUE(scheduler.run(plan).succeeded());
  }
  EXPECT_EQ(called, runs * 20'000);
  if (faults.failed("watch_thread") == 0) GTEST_SKIP() << "here tasks are never so short that it is wanted";
}

TEST(FaultsOfCancelling, ATaskWhoseCancelHasNoMemoryGoesOn) {
  Faults faults;
  CheckedPool pool(2);
  VirtualClock clock;
  Scheduler scheduler(pool, {.clock = &clock});
  Workflow flow{"flow"};
  const auto nap = flow.task("nap", [](Context& context) { context.park_for(1h); });
  const Plan plan = flow.build();
  const auto start = [&](const VirtualClock::Hold&) { return scheduler.start(plan); };
  baton::Run run = [&] {
    const VirtualClock::Hold hold(clock);
    baton::Run held = start(hold);
    faults.fail("task_cancel", 1);
    EXPECT_THROW(held.cancel(nap), std::bad_alloc);
    return held;
  }();
  ASSERT_TRUE(run.wait_for(patience));
  EXPECT_TRUE(run.succeeded());
  run = [&] {
    const VirtualClock::Hold hold(clock);
    baton::Run held = start(hold);
    EXPECT_TRUE(held.cancel(nap));
    return held;
  }();
  ASSERT_TRUE(run.wait_for(patience));
  EXPECT_EQ(run.state(nap), TaskState::cancelled);
}

TEST(FaultsOfCancelling, ACancelledBodyLearnsOfItWithoutMemoryForItsToken) {
  Faults faults;
  CheckedPool pool(2);
  Scheduler scheduler(pool);
  baton::test::Signal started;
  Workflow flow{"flow"};
  const auto body = flow.task("body", [&](Context& context) {
    started.set();
    while (!context.stop_requested()) std::this_thread::yield();
  });
  const auto before = flow.task("before", [](Context&) {});
  faults.fail_always("stop_token");
  const baton::Run run = scheduler.start(flow.build());
  ASSERT_TRUE(started.wait());
  EXPECT_TRUE(run.cancel(body, "no longer wanted"));
  ASSERT_TRUE(run.wait_for(patience));
  EXPECT_EQ(run.state(body), TaskState::cancelled);
  EXPECT_EQ(run.state(before), TaskState::succeeded);
  EXPECT_GT(faults.failed("stop_token"), 0U);
}

TEST(FaultsOfCancelling, WhatWaitsIsCancelledWithoutMemoryForMessages) {
  Faults faults;
  CheckedPool pool(3);
  VirtualClock clock;
  Scheduler scheduler(pool, {.clock = &clock});
  scheduler.resource("disk", 1);
  Workflow flow{"flow"};
  for (int i = 0; i < 100; ++i) flow.task([](Context& context) { context.park_for(1h); });
  for (int i = 0; i < 100; ++i) flow.task([](Context& context) { context.park_for(1h); }).resource("disk");
  faults.fail_always("message");
  VirtualClock::Hold hold(clock);
  const baton::Run run = scheduler.start(flow.build());
  run.cancel("enough");
  ASSERT_TRUE(run.wait_for(patience));
  EXPECT_EQ(run.counts().ended(), 200U);
}

// ---- Faults ----

TEST(FaultsThemselves, AnUnknownPointIsRefusedWithTheNamesOfAll) {
  Faults faults;
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { faults.fail("tyre", 1); }, [&] { faults.fail_always("tyre"); },
           [&] { faults.fail_some("tyre", 2, 1); }, [&] { static_cast<void>(faults.passes("tyre")); },
           [&] { static_cast<void>(faults.failed("tyre")); }}) {
    const std::string message = message_of<UsageError>(call);
    EXPECT_THAT(message, HasSubstr("there is no point 'tyre'"));
    for (const FaultPointInfo& info : Faults::points()) EXPECT_THAT(message, HasSubstr(std::string(info.name)));
  }
}

TEST(FaultsThemselves, EachPointHasANameOfItsOwnAndASentence) {
  std::set<std::string> names;
  for (const FaultPointInfo& info : Faults::points()) {
    EXPECT_TRUE(names.emplace(info.name).second) << info.name;
    EXPECT_THAT(std::string(info.what), testing::EndsWith(".")) << info.name;
  }
  EXPECT_GE(names.size(), 12U);
}

TEST(FaultsThemselves, NoPassesAreRefused) {
  Faults faults;
  EXPECT_THAT(message_of<UsageError>([&] { faults.fail("timer", 0); }), HasSubstr("counted from 1"));
  EXPECT_THAT(message_of<UsageError>([&] { faults.fail("timer", 3, 2); }), HasSubstr("passes 3 to 2"));
  EXPECT_THAT(message_of<UsageError>([&] { faults.fail_some("timer", 0, 1); }), HasSubstr("one in 0"));
}

TEST(FaultsThemselves, ThereIsOneAtATime) {
  {
    const Faults faults;
    EXPECT_THAT(message_of<UsageError>([] { const Faults another; }), HasSubstr("there is one already"));
  }
  EXPECT_NO_THROW(const Faults another);
}

/// Which of ten starts fail.
std::string ten_starts() {
  baton::ThreadPool pool(1);
  Scheduler scheduler(pool);
  Workflow flow{"flow"};
  flow.task([] {});
  const Plan plan = flow.build();
  std::string starts;
  for (int i = 0; i < 10; ++i) {
    try {
      scheduler.run(plan);
      starts += '.';
    } catch (const std::bad_alloc&) {
      starts += 'x';
    }
  }
  return starts;
}

TEST(FaultsThemselves, TheyHoldForThePassesThatWereNamed) {
  Faults faults;
  faults.fail("run_memory", 3);
  EXPECT_EQ(ten_starts(), "..x.......");
  EXPECT_EQ(faults.passes("run_memory"), 10U);
  EXPECT_EQ(faults.failed("run_memory"), 1U);
  faults.clear();
  EXPECT_EQ(faults.passes("run_memory"), 0U);
  faults.fail("run_memory", 2, 4);
  EXPECT_EQ(ten_starts(), ".xxx......");
  faults.clear();
  EXPECT_EQ(ten_starts(), "..........");
  faults.fail_always("run_memory");
  EXPECT_EQ(ten_starts(), "xxxxxxxxxx");
}

TEST(FaultsThemselves, ASeedDecidesAndRepeats) {
  Faults faults;
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    faults.clear();
    faults.fail_some("run_memory", 2, seed);
    const std::string once = ten_starts();
    faults.clear();
    faults.fail_some("run_memory", 2, seed);
    EXPECT_EQ(ten_starts(), once);
    seen.insert(once);
  }
  EXPECT_GT(seen.size(), 5U);
}

TEST(FaultsThemselves, TheyEndWithTheObject) {
  {
    Faults faults;
    faults.fail_always("run_memory");
    EXPECT_EQ(ten_starts(), "xxxxxxxxxx");
  }
  EXPECT_EQ(ten_starts(), "..........");
}

TEST(FaultsThemselves, TheyMayComeAndGoWhileRunsGoOn) {
  baton::ThreadPool pool(2);
  Scheduler scheduler(pool);
  std::atomic<bool> enough{false};
  std::atomic<int> ended{0};
  std::thread runs([&] {
    Workflow flow{"flow"};
    flow.task([](Context& context) { context.spawn([] {}); });
    const Plan plan = flow.build();
    while (!enough) {
      try {
        scheduler.run(plan);
      } catch (const std::bad_alloc&) {
      }
      ++ended;
    }
  });
  for (int round = 0; round < 300; ++round) {
    Faults faults;
    const int before = ended;
    faults.fail_some("run_memory", 2, 1);
    faults.fail_some("spawn_part", 3, 1);
    while (ended == before) std::this_thread::yield();
  }
  enough = true;
  runs.join();
  scheduler.wait_all();
  EXPECT_EQ(scheduler.running(), 0U);
}

}  // namespace
