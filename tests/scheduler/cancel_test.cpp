// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/event_log.hpp"
#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

namespace {

using baton::Context;
using baton::Event;
using baton::Plan;
using baton::RunState;
using baton::StartOptions;
using baton::Task;
using baton::TaskState;
using baton::Workflow;
using baton::test::CallingObserver;
using baton::test::scaled;
using baton::test::Signal;

class Cancelling : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Cancelling);

void expect_cancelled(const baton::Run& run) {
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_EQ(run.counts().ended(), run.plan().size());
  EXPECT_GT(run.counts()[TaskState::cancelled], 0U);
  EXPECT_EQ(run.counts()[TaskState::failed], 0U);
  EXPECT_EQ(run.counts()[TaskState::omitted], 0U);
}

TEST(CancellingByHand, BeforeTheStartRunsNothing) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  std::atomic<int> calls{0};
  Workflow flow;
  for (int i = 0; i < 200; ++i) flow.task([&] { ++calls; });
  const baton::Run run = scheduler.start(flow.build());
  run.cancel();
  run.cancel();
  EXPECT_EQ(run.state(), RunState::running) << "cancel returns at once";
  executor.run_until_idle();
  EXPECT_EQ(calls, 0);
  expect_cancelled(run);
  EXPECT_EQ(run.counts()[TaskState::cancelled], 200U);
}

TEST(CancellingByHand, AfterEachTaskStartsNoOther) {
  const auto shape = baton::test::random_dag(40, 2, 3);
  for (std::uint32_t steps = 0; steps <= shape.tasks; ++steps) {
    baton::ManualExecutor executor;
    baton::Scheduler scheduler(executor);
    baton::test::Recorder recorder(shape);
    const baton::Run run = scheduler.start(recorder.plan());
    for (std::uint32_t step = 0; step < steps; ++step) executor.run_one();
    run.cancel();
    executor.run_until_idle();
    EXPECT_EQ(run.counts()[TaskState::succeeded], steps);
    EXPECT_EQ(run.counts()[TaskState::cancelled], shape.tasks - steps);
    EXPECT_EQ(run.state(), steps == shape.tasks ? RunState::succeeded : RunState::cancelled);
    std::uint32_t calls = 0;
    for (std::uint32_t task = 0; task < shape.tasks; ++task) calls += recorder.calls(task);
    EXPECT_EQ(calls, steps);
  }
}

TEST_P(Cancelling, AfterTheEndChangesNothing) {
  Workflow flow;
  const auto task = flow.task([] { return 1; });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  run.cancel();
  run.cancel();
  EXPECT_EQ(run.state(), RunState::succeeded);
  EXPECT_EQ(run.get(task), 1);
}

TEST_P(Cancelling, AsksRunningBodiesToStop) {
  Signal running;
  Workflow flow;
  const auto body = flow.task([&](Context& context) {
    running.set();
    while (!context.stop_requested()) std::this_thread::yield();
    EXPECT_TRUE(context.stop_token().stop_requested());
    context.throw_if_stopped();
    ADD_FAILURE() << "it did not throw";
  });
  const auto next = flow.task([] { ADD_FAILURE() << "it was started"; }).after(body);
  const baton::Run run = scheduler.start(flow.build());
  running.wait();
  run.cancel();
  run.wait();
  expect_cancelled(run);
  EXPECT_EQ(run.state(body), TaskState::cancelled);
  EXPECT_EQ(run.state(next), TaskState::cancelled);
  EXPECT_EQ(run.error(body), nullptr);
  EXPECT_TRUE(run.failures().empty());
}

TEST_P(Cancelling, CallsStopCallbacks) {
  Signal running;
  Signal stopped;
  Workflow flow;
  flow.task([&](Context& context) {
    const std::stop_callback callback(context.stop_token(), [&] { stopped.set(); });
    running.set();
    stopped.wait();
  });
  flow.task([] {}).after(flow.task([] {}));
  const baton::Run run = scheduler.start(flow.build());
  running.wait();
  run.cancel();
  run.wait();
}

TEST_P(Cancelling, TokenMayOutliveTheRun) {
  std::stop_token token;
  Workflow flow;
  flow.task([&](Context& context) { token = context.stop_token(); });
  {
    const baton::Run run = scheduler.start(flow.build());
    run.wait();
  }
  EXPECT_FALSE(token.stop_requested());
}

TEST_P(Cancelling, InsideATaskStartsNoOther) {
  for (std::size_t round = 0; round < scaled(50); ++round) {
    std::atomic<int> calls{0};
    baton::Run run;
    Signal started;
    Workflow flow;
    const auto first = flow.task([&] {
      started.wait();
      run.cancel();
      run.cancel();
    });
    for (int i = 0; i < 100; ++i) flow.task([&] { ++calls; }).after(first);
    run = scheduler.start(flow.build());
    started.set();
    run.wait();
    EXPECT_EQ(calls, 0);
    expect_cancelled(run);
  }
}

TEST_P(Cancelling, NoTaskStartsAfterItHasReturned) {
  for (std::size_t round = 0; round < scaled(100); ++round) {
    std::atomic<bool> cancelled{false};
    std::atomic<int> late{0};
    std::atomic<int> calls{0};
    Workflow flow;
    std::vector<Task<void>> chains;
    for (int i = 0; i < 2000; ++i) {
      const auto task = flow.task([&] {
        // A body that had begun when cancel returned may see the flag once for each thread.
        if (cancelled) ++late;
        ++calls;
      });
      if (i >= 20) task.after(chains[static_cast<std::size_t>(i - 20)]);
      chains.push_back(task);
    }
    const baton::Run run = scheduler.start(flow.build());
    while (calls < static_cast<int>(round % 100) * 10) std::this_thread::yield();
    run.cancel();
    cancelled = true;
    run.wait();
    EXPECT_LE(late, static_cast<int>(threads()));
    EXPECT_EQ(run.counts()[TaskState::succeeded], static_cast<std::size_t>(calls));
    EXPECT_EQ(run.counts().ended(), 2000U);
  }
}

TEST_P(Cancelling, FromManyThreadsAtOnceEnds) {
  for (std::size_t round = 0; round < scaled(50); ++round) {
    Workflow flow;
    for (int i = 0; i < 500; ++i) flow.task([] {});
    const baton::Run run = scheduler.start(flow.build());
    {
      std::vector<std::jthread> cancellers;
      for (int i = 0; i < 4; ++i) cancellers.emplace_back([&] { run.cancel(); });
    }
    run.wait();
    EXPECT_EQ(run.counts().ended(), 500U);
  }
}

TEST_P(Cancelling, FromAnObserverAtEachEventEnds) {
  const Plan plan = [] {
    Workflow flow;
    auto last = flow.task([] {});
    for (int i = 0; i < 5; ++i) last = flow.task([] {}).after(last, flow.task([] {}));
    return flow.build();
  }();
  std::atomic<int> seen{0};
  for (int at = 1; at < 60; ++at) {
    seen = 0;
    StartOptions options;
    std::atomic<bool> cancelled{false};
    options.observers.push_back(std::make_shared<CallingObserver>([&](const Event& event) {
      if (++seen == at) {
        scheduler.cancel_all();
        cancelled = event.kind != Event::Kind::run_ended;
      }
    }));
    const baton::Run run = scheduler.start(plan, std::move(options));
    run.wait();
    scheduler.wait_all();
    EXPECT_EQ(run.counts().ended(), plan.size());
    if (!cancelled) break;
  }
  EXPECT_GT(seen, 10);
}

TEST_P(Cancelling, TenThousandQueuedTasksEnds) {
  Signal running;
  Signal go;
  std::atomic<int> calls{0};
  Workflow flow;
  const auto gate = flow.task([&](Context&) {
                          running.set();
                          go.wait();
                        })
                        .priority(1);
  for (int i = 0; i < 10'000; ++i) flow.task([&] { ++calls; }).after(gate);
  const baton::Run run = scheduler.start(flow.build());
  running.wait();
  run.cancel();
  go.set();
  run.wait();
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(run.counts()[TaskState::cancelled] + run.counts()[TaskState::succeeded], 10'001U);
  EXPECT_GE(run.counts()[TaskState::cancelled], 10'000U);
}

TEST_P(Cancelling, LeavesOtherRunsAlone) {
  baton::test::Recorder recorder(baton::test::random_dag(2000, 2, 8));
  const Plan plan = recorder.plan();
  for (std::size_t round = 0; round < scaled(10); ++round) {
    Workflow flow;
    for (int i = 0; i < 1000; ++i) flow.task([] {});
    const baton::Run doomed = scheduler.start(flow.build());
    const baton::Run other = scheduler.start(plan);
    doomed.cancel();
    doomed.wait();
    other.wait();
    EXPECT_TRUE(other.succeeded());
    recorder.expect_one_run();
  }
}

TEST_P(Cancelling, EndsParkedTasksAtOnce) {
  // On real time: an hour would be noticed.
  Workflow flow;
  std::vector<Task<int>> parked;
  for (int i = 0; i < 100; ++i) {
    parked.push_back(flow.task([](Context& context) {
      context.park_for(std::chrono::hours(1));
      return 1;
    }));
  }
  std::atomic<int> waiting{0};
  StartOptions options;
  options.observers.push_back(std::make_shared<CallingObserver>([&](const Event& event) {
    if (event.kind == Event::Kind::task_waiting && ++waiting == 100) waiting.notify_all();
  }));
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  for (int seen = 0; (seen = waiting) < 100;) waiting.wait(seen);
  run.cancel();
  run.wait();
  expect_cancelled(run);
  EXPECT_EQ(run.counts()[TaskState::cancelled], 100U);
}

TEST_P(Cancelling, EndsTasksThatWaitForAResource) {
  scheduler.resource("seat", 1);
  Signal running;
  Signal go;
  Workflow holder;
  holder
      .task([&] {
        running.set();
        go.wait();
      })
      .resource("seat");
  const baton::Run held = scheduler.start(holder.build());
  running.wait();
  Workflow flow;
  std::atomic<int> calls{0};
  for (int i = 0; i < 100; ++i) flow.task([&] { ++calls; }).resource("seat");
  const baton::Run run = scheduler.start(flow.build());
  run.cancel();
  go.set();
  run.wait();
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_EQ(run.counts()[TaskState::cancelled], 100U);
  EXPECT_EQ(calls, 0);
  // The units are back.
  Workflow again;
  again.task([&] { ++calls; }).resource("seat");
  scheduler.start(again.build()).get();
  EXPECT_EQ(calls, 1);
}

TEST_P(Cancelling, GoesDownIntoSubworkflows) {
  Signal running;
  std::atomic<int> stopped{0};
  Workflow inner;
  const auto body = inner.task([&](Context& context) {
    running.set();
    while (!context.stop_requested()) std::this_thread::yield();
    ++stopped;
    context.throw_if_stopped();
  });
  inner.task([] { ADD_FAILURE() << "it was started"; }).after(body);
  Plan plan = inner.build();
  for (int depth = 0; depth < 5; ++depth) {
    Workflow outer;
    outer.subworkflow("inner", plan);
    plan = outer.build();
  }
  const baton::Run run = scheduler.start(plan);
  running.wait();
  run.cancel();
  run.wait();
  expect_cancelled(run);
  EXPECT_EQ(stopped, 1);
  scheduler.wait_all();
}

TEST_P(Cancelling, OfARunThatATaskWaitsForReturnsThere) {
  Signal running;
  Workflow inner;
  inner.task([&](Context& context) {
    running.set();
    while (!context.stop_requested()) std::this_thread::yield();
    context.throw_if_stopped();
  });
  const baton::Run first = scheduler.start(inner.build());
  running.wait();
  Workflow outer;
  const auto state = outer.task([&] {
    first.wait();
    return first.state();
  });
  const baton::Run second = scheduler.start(outer.build());
  first.cancel();
  EXPECT_EQ(second.get(state), RunState::cancelled);
}

TEST_P(Cancelling, OfAllRunsEndsThemAll) {
  Workflow flow;
  for (int i = 0; i < 50; ++i) {
    flow.task([](Context& context) {
      while (!context.stop_requested()) std::this_thread::yield();
      context.throw_if_stopped();
    });
  }
  const Plan plan = flow.build();
  std::vector<baton::Run> runs;
  for (int i = 0; i < 20; ++i) runs.push_back(scheduler.start(plan));
  scheduler.cancel_all();
  scheduler.wait_all();
  for (const baton::Run& run : runs) expect_cancelled(run);
}

TEST_P(Cancelling, RacesWithTheEndWithoutHarm) {
  Workflow flow;
  auto last = flow.task([] {});
  for (int i = 0; i < 3; ++i) last = flow.task([] {}).after(last);
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(2000); ++round) {
    const baton::Run run = scheduler.start(plan);
    for (std::size_t spin = 0; spin < round % 50; ++spin) std::this_thread::yield();
    run.cancel();
    run.wait();
    const auto counts = run.counts();
    ASSERT_EQ(counts[TaskState::succeeded] + counts[TaskState::cancelled], 4U);
    ASSERT_EQ(run.state(), counts[TaskState::cancelled] == 0 ? RunState::succeeded : RunState::cancelled);
  }
}

TEST_P(Cancelling, ByABodyOnItsOwnEndsItCancelled) {
  Workflow flow{"f"};
  const auto gave_up = flow.task("gave up", []() -> int { throw baton::Cancelled("not today"); });
  const auto next = flow.task("next", [](int value) { return value; }, gave_up);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(gave_up), TaskState::cancelled);
  EXPECT_EQ(run.state(next), TaskState::omitted);
  EXPECT_EQ(run.cause(next), run.plan().id(gave_up));
  EXPECT_NE(run.state(), RunState::succeeded);
}

}  // namespace
