// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/graph/retry.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/by_hand.hpp"
#include "support/event_log.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

// Causes of a cancel, and cancelling one task of a run.
namespace {

using namespace std::chrono_literals;
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
using baton::test::message_of;
using baton::test::scaled;
using baton::test::Signal;

struct CancellingATaskByHand : testing::Test, baton::test::ByHand {};
using CauseByHand = CancellingATaskByHand;

class CancellingATask : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(CancellingATask);

// ---- Causes ----

TEST_F(CauseByHand, IsToldByTheRun) {
  Workflow flow("nightly");
  flow.task("load", [] {});
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.cancel_cause(), "");
  run.cancel("the disk is full");
  run.cancel("too late");
  EXPECT_EQ(run.cancel_cause(), "the disk is full");
  executor.run_until_idle();
  EXPECT_EQ(run.cancel_cause(), "the disk is full");
  EXPECT_EQ(message_of<baton::RunFailed>([&] { run.get(); }),
            "run " + std::to_string(run.id()) + " of workflow 'nightly' was cancelled: the disk is full");
}

TEST_F(CauseByHand, OfACancelThatCameTooLateIsNone) {
  Workflow flow;
  flow.task([] {});
  const baton::Run run = scheduler.start(flow.build());
  executor.run_until_idle();
  run.cancel("too late");
  EXPECT_TRUE(run.succeeded());
  EXPECT_EQ(run.cancel_cause(), "");
}

TEST_F(CauseByHand, IsWhatTheFirstCancelSaid) {
  Workflow flow;
  flow.task([] {});
  const baton::Run run = scheduler.start(flow.build());
  run.cancel();
  run.cancel("second");
  executor.run_until_idle();
  EXPECT_EQ(run.cancel_cause(), "");
}

TEST_F(CauseByHand, OfADestroyedSchedulerSaysSo) {
  Workflow flow;
  flow.task([] {});
  baton::Run run;
  {
    baton::Scheduler other(executor);
    run = other.start(flow.build());
  }
  EXPECT_EQ(run.cancel_cause(), "its scheduler was destroyed");
}

/// The causes of the runs that ended, by the order of their ends.
struct Causes : baton::Observer {
  void on_event(const Event& event) override {
    const std::lock_guard lock(mutex);
    if (event.kind == Event::Kind::run_ended) of_runs.emplace_back(event.cause);
    if (event.kind == Event::Kind::task_ended) of_tasks.emplace_back(event.cause);
  }
  std::mutex mutex;
  std::vector<std::string> of_runs;
  std::vector<std::string> of_tasks;
};

TEST_F(CauseByHand, OfAChildIsItsParents) {
  Workflow inner("inner");
  inner.task([](Context& context) { context.park_for(1h); });
  Workflow outer("outer");
  const auto child = outer.subworkflow("child", inner.build());
  const Plan plan = outer.build();
  const auto causes = std::make_shared<Causes>();
  scheduler.observe(causes);
  std::vector<std::string> expected;
  for (const bool whole_run : {true, false}) {
    const baton::VirtualClock::Hold hold(clock);
    const baton::Run run = scheduler.start(plan);
    executor.run_until_idle();
    whole_run ? run.cancel("enough") : static_cast<void>(run.cancel(child, "enough"));
    executor.run_until_idle();
    EXPECT_EQ(run.state(), RunState::cancelled);
    const std::string name = "run " + std::to_string(run.id()) + " of workflow 'outer'";
    expected.push_back((whole_run ? name : "task 'child' of " + name) + " was cancelled: enough");
    expected.emplace_back(whole_run ? "enough" : "");
  }
  EXPECT_EQ(causes->of_runs, expected);
}

// ---- One task ----

TEST_F(CancellingATaskByHand, ThatIsReadyEndsItAtOnce) {
  int calls = 0;
  Workflow flow;
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 100; ++i)
    tasks.push_back(flow.task(std::string("t").append(std::to_string(i)), [&] { return ++calls; }));
  const auto next = flow.task([](int value) { return value; }, tasks[70]);
  const auto far = flow.task([] {}).after(next);
  const auto causes = std::make_shared<Causes>();
  const baton::Run run = scheduler.start(flow.build(), {.paused = true, .observers = {causes}});
  executor.run_until_idle();
  EXPECT_TRUE(run.cancel(tasks[70], "not wanted"));
  EXPECT_FALSE(run.cancel(tasks[70], "once more"));
  executor.run_until_idle();
  EXPECT_EQ(run.state(tasks[70]), TaskState::cancelled) << "also while the run is paused";
  EXPECT_EQ(run.cancel_cause(tasks[70]), "not wanted");
  EXPECT_EQ(causes->of_tasks, std::vector<std::string>{"not wanted"});
  run.resume();
  executor.run_until_idle();
  EXPECT_EQ(calls, 99);
  EXPECT_EQ(run.state(next), TaskState::omitted);
  EXPECT_EQ(run.cause(far), run.plan().id(tasks[70]));
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_EQ(run.cancel_cause(), "") << "it was not the run";
  EXPECT_EQ(message_of<baton::RunFailed>([&] { run.get(); }),
            "run " + std::to_string(run.id()) + " was cancelled\n  task 't70' was cancelled: not wanted");
}

TEST_F(CancellingATaskByHand, ThatIsPendingEndsItInItsTurn) {
  int calls = 0;
  Workflow flow;
  const auto first = flow.task([&] { ++calls; });
  const auto second = flow.task([&] { ++calls; }).after(first);
  const auto third = flow.task([&] { ++calls; }).after(second);
  const auto other = flow.task([&] { ++calls; }).after(first);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_TRUE(run.cancel(second, "no"));
  EXPECT_EQ(run.state(second), TaskState::pending);
  executor.run_until_idle();
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(run.state(second), TaskState::cancelled);
  EXPECT_EQ(run.state(third), TaskState::omitted);
  EXPECT_EQ(run.cause(third), run.plan().id(second));
  EXPECT_EQ(run.state(other), TaskState::succeeded);
}

TEST_F(CancellingATaskByHand, ThatHasEndedChangesNothing) {
  Workflow flow;
  const auto well = flow.task([] { return 7; });
  const auto ill = flow.task([] { throw std::runtime_error("no"); });
  const auto omitted = flow.task([] {}).after(ill);
  const auto last = flow.task([] {}).after(well);
  const baton::Run run = scheduler.start(flow.build());
  while (!is_outcome(run.state(omitted)) || !is_outcome(run.state(well))) executor.run_one();
  for (const TaskId task : {run.plan().id(well), run.plan().id(ill), run.plan().id(omitted)}) {
    EXPECT_FALSE(run.cancel(task, "late"));
    EXPECT_EQ(run.cancel_cause(task), "");
  }
  executor.run_until_idle();
  EXPECT_EQ(run.result(well), 7);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_FALSE(run.cancel(last)) << "the run has ended";
  Workflow stranger;
  const auto foreign = stranger.task([] {});
  EXPECT_THROW(run.cancel(foreign), baton::UsageError);
}

TEST_F(CancellingATaskByHand, ThatIsCalledAsksItsBodyAndNoOther) {
  baton::Run run;
  Task<std::stop_token> self;
  Workflow flow;
  const auto other = flow.task([](Context& context) {
    context.park_for(1h);
    return context.stop_token();
  });
  self = flow.task([&](Context& context) {
    bool called = false;
    const std::stop_callback callback(context.stop_token(), [&] { called = true; });
    EXPECT_FALSE(context.stop_requested());
    EXPECT_TRUE(run.cancel(self, "by itself"));
    EXPECT_FALSE(run.cancel(self, "once more"));
    EXPECT_TRUE(called);
    EXPECT_TRUE(context.stop_requested());
    EXPECT_TRUE(context.stop_token().stop_requested());
    return context.stop_token();
  });
  const auto bystander = flow.task([](Context& context) {
                               EXPECT_FALSE(context.stop_requested());
                               EXPECT_FALSE(context.stop_token().stop_requested());
                             })
                             .after(flow.task([] {}));
  const auto next = flow.task([](const std::stop_token&) {}, self);
  run = scheduler.start(flow.build());
  executor.run_until_idle();
  EXPECT_EQ(run.state(self), TaskState::cancelled) << "although it returned";
  EXPECT_EQ(run.state(next), TaskState::omitted);
  EXPECT_EQ(run.state(bystander), TaskState::succeeded);
  EXPECT_EQ(run.state(other), TaskState::succeeded);
  EXPECT_FALSE(run.result(other).stop_requested());
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_THROW((void)run.result(self), baton::UsageError);
}

TEST_F(CancellingATaskByHand, ItsTokenIsAskedWithItsRunUntilItHasEnded) {
  std::stop_token ended;
  std::stop_token parked;
  Workflow flow;
  flow.task([&](Context& context) { ended = context.stop_token(); });
  flow.task([&](Context& context) {
    parked = context.stop_token();
    context.park_for(1h);
  });
  const baton::VirtualClock::Hold hold(clock);
  const baton::Run run = scheduler.start(flow.build());
  executor.run_until_idle();
  run.cancel();
  EXPECT_FALSE(ended.stop_requested());
  EXPECT_TRUE(parked.stop_requested());
  executor.run_until_idle();
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST_F(CancellingATaskByHand, WithoutAContextEndsItWhenItReturnsOrThrows) {
  for (const bool throws : {false, true}) {
    baton::Run run;
    Task<std::string> self;
    Workflow flow;
    self = flow.task([&] {
      EXPECT_TRUE(run.cancel(self, "meanwhile"));
      if (throws) throw std::runtime_error("no");
      return std::string(100, 'x');
    });
    const auto next = flow.task([](const std::string&) {}, self);
    run = scheduler.start(flow.build());
    executor.run_until_idle();
    EXPECT_EQ(run.state(self), TaskState::cancelled);
    EXPECT_EQ(run.cancel_cause(self), "meanwhile");
    EXPECT_EQ(run.state(next), TaskState::omitted);
    EXPECT_TRUE(run.failures().empty());
    EXPECT_EQ(run.state(), RunState::cancelled);
  }
}

TEST_F(CancellingATaskByHand, EndsWhatItWaitsForAtOnce) {
  baton::ManualExecutor gui;
  scheduler.resource("seat", 1);
  Workflow inner;
  const auto inner_parks = inner.task([](Context& context) { context.park_for(10h); });
  inner.task([] { ADD_FAILURE() << "it was started"; }).after(inner_parks);
  Workflow flow;
  const auto holds = flow.task([](Context& context) { context.park_for(1h); }).resource("seat").priority(9);
  const auto seat = flow.task([] { ADD_FAILURE() << "it was started"; }).resource("seat");
  const auto timer = flow.task([](Context& context) { context.park_for(2h); });
  const auto retry = flow.task([] { throw std::runtime_error("no"); }).retry({.attempts = 5, .delay = 1h});
  const auto child = flow.subworkflow("child", inner.build());
  const auto pinned = flow.task([] { ADD_FAILURE() << "it was started"; }).on(gui);
  const Plan plan = flow.build();
  baton::Run run;
  {
    const baton::VirtualClock::Hold hold(clock);
    run = scheduler.start(plan);
    executor.run_until_idle();
    const std::vector<baton::AnyTask> waiting{seat, timer, retry, child};
    for (const baton::AnyTask task : waiting) {
      ASSERT_EQ(run.state(task), TaskState::waiting);
      EXPECT_TRUE(run.cancel(task, "not needed"));
      executor.run_until_idle();
      EXPECT_EQ(run.state(task), TaskState::cancelled);
      EXPECT_FALSE(run.cancel(task));
    }
    EXPECT_TRUE(run.cancel(pinned));
    executor.run_until_idle();
    EXPECT_EQ(run.state(pinned), TaskState::waiting) << "until its executor gets to it";
    gui.run_until_idle();
    executor.run_until_idle();
    EXPECT_EQ(run.state(pinned), TaskState::cancelled);
    EXPECT_EQ(run.state(holds), TaskState::waiting);
  }
  executor.run_until_idle();
  EXPECT_EQ(clock.now().time_since_epoch(), 1h) << "nobody waits for longer";
  EXPECT_EQ(run.state(holds), TaskState::succeeded);
  EXPECT_EQ(run.counts()[TaskState::cancelled], 5U);
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST_F(CancellingATaskByHand, AFailureOfAnotherTaskCountsMore) {
  Workflow flow;
  const auto cancelled = flow.task([] {});
  flow.task([] { throw std::runtime_error("no"); });
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_TRUE(run.cancel(cancelled));
  executor.run_until_idle();
  EXPECT_EQ(run.state(), RunState::failed);
}

TEST_F(CancellingATaskByHand, AtEachStepOfARunEndsEachTaskOnce) {
  Workflow flow;
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 12; ++i) {
    tasks.push_back(i < 3 ? flow.task([i] { return i; })
                          : flow.task([](int a, int b) { return a + b; }, tasks[static_cast<std::size_t>(i) - 3],
                                      tasks[static_cast<std::size_t>(i) - 2]));
  }
  const Plan plan = flow.build();
  for (std::size_t victim = 0; victim < tasks.size(); ++victim) {
    for (int steps = 0; steps <= 12; ++steps) {
      const baton::Run run = scheduler.start(plan);
      for (int step = 0; step < steps; ++step) executor.run_one();
      const bool was_ended = is_outcome(run.state(tasks[victim]));
      EXPECT_EQ(run.cancel(tasks[victim]), !was_ended);
      executor.run_until_idle();
      ASSERT_TRUE(run.ended());
      ASSERT_EQ(run.state(tasks[victim]), was_ended ? TaskState::succeeded : TaskState::cancelled);
      ASSERT_EQ(run.state(), was_ended ? RunState::succeeded : RunState::cancelled);
      ASSERT_EQ(run.counts().ended(), 12U);
    }
  }
}

// ---- On threads ----

TEST_P(CancellingATask, ThatPollsEndsItAlone) {
  Signal running;
  Workflow flow;
  const auto polls = flow.task([&](Context& context) {
    running.set();
    while (!context.stop_requested()) std::this_thread::yield();
  });
  const auto next = flow.task([] { ADD_FAILURE() << "it was started"; }).after(polls);
  std::vector<Task<void>> others;
  for (int i = 0; i < 1000; ++i) others.push_back(flow.task([] {}));
  const baton::Run run = scheduler.start(flow.build());
  running.wait();
  EXPECT_TRUE(run.cancel(polls, "enough"));
  run.wait();
  EXPECT_EQ(run.state(polls), TaskState::cancelled);
  EXPECT_EQ(run.state(next), TaskState::omitted);
  EXPECT_EQ(run.counts()[TaskState::succeeded], 1000U);
}

TEST_P(CancellingATask, RacingItsEndDecidesOnce) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr std::size_t size = 2'000;
  std::atomic<std::size_t> calls{0};
  Workflow flow;
  std::vector<Task<std::shared_ptr<int>>> tasks;
  const auto value = std::make_shared<int>(1);
  for (std::size_t i = 0; i < size; ++i) {
    // With a Context: so that the answer is exact. Values are counted, none is lost or dropped twice.
    tasks.push_back(flow.task([&](Context&) {
      calls.fetch_add(1, std::memory_order_relaxed);
      return value;
    }));
    if (i >= 20) tasks[i].after(tasks[i - 20]);
  }
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(20); ++round) {
    {
      calls = 0;
      std::vector<std::size_t> victims(200);
      for (std::size_t& victim : victims) victim = random() % size;
      const baton::Run run = scheduler.start(plan);
      std::vector<std::atomic<int>> decided(size);
      {
        std::vector<std::jthread> cancellers;
        for (int thread = 0; thread < 2; ++thread) {
          cancellers.emplace_back([&] {
            for (const std::size_t victim : victims) decided[victim] += run.cancel(tasks[victim]) ? 1 : 0;
          });
        }
      }
      run.wait();
      ASSERT_EQ(run.counts().ended(), size);
      std::size_t cancelled = 0;
      for (std::size_t task = 0; task < size; ++task) {
        const TaskState state = run.state(tasks[task]);
        ASSERT_LE(decided[task], 1);
        ASSERT_EQ(decided[task] == 1, state == TaskState::cancelled) << "task " << task << " is " << state;
        cancelled += state == TaskState::cancelled ? 1 : 0;
      }
      ASSERT_EQ(run.state(), cancelled == 0 ? RunState::succeeded : RunState::cancelled);
      ASSERT_EQ(static_cast<std::size_t>(value.use_count()), 1 + run.counts()[TaskState::succeeded]);
    }
    scheduler.wait_all();
  }
}

TEST_P(CancellingATask, OfPlainBodiesInStormsKeepsCountsExact) {
  constexpr std::size_t size = 100'000;
  Workflow flow;
  std::atomic<std::size_t> calls{0};
  std::vector<Task<void>> tasks;
  tasks.reserve(size);
  for (std::size_t i = 0; i < size; ++i) {
    tasks.push_back(flow.task([&] { calls.fetch_add(1, std::memory_order_relaxed); }));
    if (i % 2 == 1) tasks[i].after(tasks[i - 1]);
  }
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(5); ++round) {
    calls = 0;
    const baton::Run run = scheduler.start(plan);
    std::atomic<std::size_t> decided{0};
    {
      std::vector<std::jthread> cancellers;
      for (std::size_t thread = 0; thread < 3; ++thread) {
        cancellers.emplace_back([&, thread] {
          std::mt19937_64 random(thread);
          for (int i = 0; i < 300 && !run.ended(); ++i) decided += run.cancel(tasks[random() % size]) ? 1U : 0U;
          if (thread == 0) run.pause();
        });
      }
    }
    run.resume();
    run.wait();
    const baton::TaskCounts counts = run.counts();
    ASSERT_EQ(counts.ended(), size);
    ASSERT_LE(counts[TaskState::cancelled], decided);
    ASSERT_GE(counts[TaskState::cancelled] + threads(), decided) << "no more were missed than can end in one moment";
    ASSERT_LE(counts[TaskState::omitted], counts[TaskState::cancelled]);
    ASSERT_GE(calls, counts[TaskState::succeeded]);
  }
}

TEST_P(CancellingATask, WhileTheRunIsCancelledEnds) {
  for (std::size_t round = 0; round < scaled(100); ++round) {
    Workflow flow;
    std::vector<Task<void>> tasks;
    for (int i = 0; i < 200; ++i) {
      tasks.push_back(flow.task([](Context& context) { context.park_for(1ms); }));
    }
    const baton::Run run = scheduler.start(flow.build());
    {
      std::jthread one([&] {
        for (const auto& task : tasks) run.cancel(task, "one");
      });
      std::jthread all([&] { run.cancel("all"); });
    }
    run.wait();
    ASSERT_EQ(run.counts().ended(), 200U);
  }
}

}  // namespace
