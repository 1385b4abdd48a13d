// SPDX-License-Identifier: MIT
// Attempts that are made again, timeouts and deadlines.
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/event_log.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using baton::Context;
using baton::Duration;
using baton::Event;
using baton::Plan;
using baton::Retry;
using baton::RunState;
using baton::TaskState;
using baton::TimePoint;
using baton::Workflow;
using baton::test::scaled;
using baton::test::Signal;

/// Pools with a virtual clock.
class Retrying : public testing::TestWithParam<std::size_t> {
 protected:
  baton::test::CheckedPool pool{GetParam()};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {&clock}};
};
BATON_ON_EACH_POOL(Retrying);

TEST_P(Retrying, GoesOnUntilAnAttemptSucceeds) {
  std::vector<TimePoint> starts;
  Workflow flow;
  const auto task = flow.task("flaky",
                              [&](Context& context) {
                                starts.push_back(context.now());
                                if (context.attempt() < 4) throw std::runtime_error("broken");
                                return context.attempt();
                              })
                        .retry({.attempts = 5, .delay = 100ms, .backoff = 2.0});
  const auto next = flow.task([](std::uint32_t attempts) { return attempts * 10; }, task);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(next), 40U);
  ASSERT_EQ(starts.size(), 4U);
  EXPECT_EQ(starts[1] - starts[0], 100ms);
  EXPECT_EQ(starts[2] - starts[1], 200ms);
  EXPECT_EQ(starts[3] - starts[2], 400ms);
  EXPECT_TRUE(run.failures().empty());
}

TEST_P(Retrying, FailsWithTheLastErrorAndKeepsTheOthers) {
  Workflow flow;
  const auto task =
      flow.task("flaky",
                [](Context& context) { throw std::runtime_error("attempt " + std::to_string(context.attempt())); })
          .retry({.attempts = 3, .delay = 1h});
  const auto next = flow.task([] {}).after(task);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(next), TaskState::omitted);
  ASSERT_EQ(run.failures().size(), 1U);
  const baton::TaskFailure failure = run.failures()[0];
  EXPECT_EQ(failure.attempt, 3U);
  EXPECT_EQ(failure.message, "attempt 3");
  ASSERT_EQ(failure.earlier_errors.size(), 2U);
  EXPECT_EQ(baton::describe(failure.earlier_errors[0]), "attempt 1");
  EXPECT_EQ(baton::describe(failure.earlier_errors[1]), "attempt 2");
}

TEST_P(Retrying, ObserversSeeEachAttempt) {
  const auto log = std::make_shared<baton::test::EventLog>();
  scheduler.observe(log);
  Workflow flow;
  const auto task = flow.task([](Context& context) {
                          if (context.attempt() < 3) throw std::runtime_error("broken");
                        })
                        .retry({.attempts = 3, .delay = 1s});
  const baton::Run run = scheduler.start(flow.build());
  run.get();
  scheduler.wait_all();
  using Kind = Event::Kind;
  const auto events = log->events_of(run.plan().id(task));
  const std::vector<Kind> expected{Kind::task_ready,   Kind::task_started, Kind::task_waiting, Kind::task_started,
                                   Kind::task_waiting, Kind::task_started, Kind::task_ended};
  EXPECT_EQ(log->kinds_of(run.plan().id(task)), expected);
  EXPECT_EQ(events[2].reason, baton::WaitReason::retry);
  EXPECT_TRUE(events[2].has_error);
  EXPECT_EQ(events[5].attempt, 3U);
  EXPECT_EQ(events[6].attempt, 3U);
}

TEST_P(Retrying, ABodyThatGivesUpIsNotCalledAgain) {
  std::atomic<int> calls{0};
  Workflow flow;
  const auto task = flow.task([&] {
                          ++calls;
                          throw baton::Cancelled();
                        })
                        .retry({.attempts = 5});
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(task), TaskState::cancelled);
  EXPECT_EQ(calls, 1);
}

TEST_P(Retrying, AFilterThatThrowsGivesItsErrorToTheTask) {
  Workflow flow;
  Retry policy{.attempts = 5};
  policy.filter = [](const std::exception_ptr&, std::uint32_t) -> baton::RetryVerdict {
    throw std::logic_error("filter");
  };
  const auto task = flow.task([] { throw std::runtime_error("body"); }).retry(policy);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(task), TaskState::failed);
  EXPECT_EQ(run.failures()[0].message, "filter");
}

TEST_P(Retrying, GivesItsResourcesBackMeanwhile) {
  scheduler.resource("door", 1);
  std::atomic<int> inside{0};
  Workflow flow;
  TimePoint other_at;
  flow.task("flaky",
            [&](Context& context) {
              EXPECT_EQ(++inside, 1);
              --inside;
              if (context.attempt() == 1) throw std::runtime_error("broken");
            })
      .resource("door")
      .retry({.attempts = 2, .delay = 1h})
      .priority(1);
  flow.task([&](Context& context) {
        EXPECT_EQ(++inside, 1);
        other_at = context.now();
        --inside;
      })
      .resource("door");
  const baton::Run run = scheduler.start(flow.build());
  run.get();
  EXPECT_LT(other_at.time_since_epoch(), 1h) << "the other task had the door during the delay";
}

TEST_P(Retrying, CancelCutsADelayShort) {
  Signal waits;
  const auto observer = std::make_shared<baton::test::CallingObserver>([&](const Event& event) {
    if (event.kind == Event::Kind::task_waiting) waits.set();
  });
  Workflow flow;
  const auto task =
      flow.task([] { throw std::runtime_error("broken"); }).retry({.attempts = 2, .delay = 24h, .max_delay = 24h});
  baton::Run run;
  {
    const baton::VirtualClock::Hold hold(clock);
    baton::StartOptions options;
    options.observers.push_back(observer);
    run = scheduler.start(flow.build(), std::move(options));
    waits.wait();
    run.cancel();
    run.wait();
  }
  EXPECT_EQ(run.state(task), TaskState::cancelled);
  EXPECT_EQ(run.state(), RunState::cancelled);
  scheduler.wait_all();
  EXPECT_EQ(clock.now().time_since_epoch(), 0ns);
}

TEST_P(Retrying, WorksForSubworkflowsAndParkedTasksAndOtherExecutors) {
  std::atomic<int> inner_calls{0};
  Workflow inner;
  const auto number = inner.task([&] {
    if (++inner_calls < 3) throw std::runtime_error("inner");
    return 5;
  });
  const Plan inner_plan = inner.build();
  baton::ThreadPool lane(1);
  Workflow flow;
  const auto child = flow.subworkflow("child", inner_plan, number).retry({.attempts = 3});
  const auto parked = flow.task([](Context& context) {
                            context.park_for(1h);
                            if (context.attempt() == 1) throw std::runtime_error("parked");
                            return 2;
                          })
                          .retry({.attempts = 2});
  const auto pinned = flow.task([&](Context& context) {
                            EXPECT_TRUE(lane.on_worker());
                            if (context.attempt() == 1) throw std::runtime_error("pinned");
                            return 3;
                          })
                          .on(lane)
                          .retry({.attempts = 2});
  const auto sum = flow.task([](int a, int b, int c) { return a + b + c; }, child, parked, pinned);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(sum), 10);
  EXPECT_EQ(inner_calls, 3);
  scheduler.wait_all();
}

TEST_P(Retrying, AStormMakesExactlyAsManyAttempts) {
  const std::size_t count = scaled(10'000);
  std::atomic<std::uint64_t> attempts{0};
  Workflow flow;
  for (std::size_t i = 0; i < count; ++i) {
    flow.task([&] {
          ++attempts;
          throw std::runtime_error("broken");
        })
        .retry({.attempts = 5, .delay = 1s, .jitter = 0.5});
  }
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(attempts, count * 5);
  EXPECT_EQ(run.counts()[TaskState::failed], count);
}

TEST_P(Retrying, TheSeedRepeatsTheDelays) {
  const auto end_of = [&](std::optional<std::uint64_t> seed) {
    baton::VirtualClock own;
    baton::Scheduler own_scheduler(pool, {&own});
    Workflow flow;
    for (int i = 0; i < 20; ++i) {
      flow.task([] { throw std::runtime_error("broken"); }).retry({.attempts = 3, .delay = 1s, .jitter = 1.0});
    }
    baton::StartOptions options;
    options.seed = seed;
    own_scheduler.start(flow.build(), std::move(options)).wait();
    own_scheduler.wait_all();
    return own.now();
  };
  EXPECT_EQ(end_of(42), end_of(42));
  EXPECT_NE(end_of(42), end_of(43));
  EXPECT_NE(end_of(std::nullopt), end_of(std::nullopt));
}

TEST(Retry, NonsenseIsRefusedFieldByField) {
  Workflow flow;
  const auto task = flow.task([] {});
  try {
    task.retry({.attempts = 0, .delay = -1s, .backoff = 0.5, .jitter = 2});
    FAIL() << "accepted";
  } catch (const baton::UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "retry: attempts must be at least 1, delay must not be negative, backoff must be at least 1, jitter "
                 "must be from 0 to 1");
  }
  EXPECT_THROW(task.timeout(0s), baton::UsageError);
  EXPECT_THROW(task.deadline(-1s), baton::UsageError);
}

TEST(Retry, OfATaskThatTakesAValueIsRefusedByBuild) {
  Workflow flow;
  const auto made = flow.task("made", [] { return std::make_unique<int>(1); });
  flow.task("taker", [](std::unique_ptr<int>) {}, take(made)).retry({.attempts = 2});
  EXPECT_THROW(static_cast<void>(flow.build()), baton::DefinitionError);
}

// ---- Timeouts ----

TEST_P(Retrying, AParkedTaskAndASubworkflowTimeOut) {
  Workflow inner;
  const auto slow = inner.task([](Context& context) {
    context.park_for(10h);
    return 1;
  });
  Workflow flow;
  const auto parked = flow.task("parked",
                                [](Context& context) {
                                  context.park_for(10h);
                                  return std::make_shared<int>(1);
                                })
                          .timeout(1h);
  const auto child = flow.subworkflow("child", inner.build(), slow).timeout(2h);
  const auto fine = flow.task([](Context& context) { context.park_for(1h); }).timeout(90min);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(parked), TaskState::failed);
  EXPECT_EQ(run.state(child), TaskState::failed);
  EXPECT_EQ(run.state(fine), TaskState::succeeded);
  EXPECT_THROW(std::rethrow_exception(run.error(parked)), baton::TimedOut);
  EXPECT_EQ(run.failures()[0].message, "attempt 1 of task 'parked' has not ended within 3600.000000 s");
  scheduler.wait_all();
  EXPECT_EQ(clock.now().time_since_epoch(), 2h) << "nobody waits for the rest";
}

TEST_P(Retrying, ATimeoutCountsForEachAttemptAndADeadlineForAll) {
  Workflow flow;
  std::atomic<int> attempts{0};
  const auto park = [&](Context& context) {
    ++attempts;
    context.park_for(10h);
  };
  flow.task(park).timeout(1h).retry({.attempts = 3, .delay = 1h, .backoff = 1, .max_delay = 1h});
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(attempts, 3);
  scheduler.wait_all();
  EXPECT_EQ(clock.now().time_since_epoch(), 5h);
  EXPECT_EQ(run.failures()[0].earlier_errors.size(), 2U);

  attempts = 0;
  Workflow second;
  const auto task = second.task("slow", park)
                        .timeout(1h)
                        .deadline(150min)
                        .retry({.attempts = 9, .delay = 1h, .backoff = 1, .max_delay = 1h});
  const baton::Run limited = scheduler.start(second.build());
  limited.wait();
  EXPECT_EQ(attempts, 2);
  EXPECT_THROW(std::rethrow_exception(limited.error(task)), baton::TimedOut);
  scheduler.wait_all();
  EXPECT_EQ(clock.now().time_since_epoch(), 5h + 150min);
}

TEST_P(Retrying, ADeadlineCoversDelaysAndResources) {
  scheduler.resource("door", 1);
  Workflow flow;
  const auto holder = flow.task([](Context& context) { context.park_for(10h); }).resource("door").priority(1);
  const auto waiter = flow.task([] {}).resource("door").deadline(1h);
  const auto retrier =
      flow.task([] { throw std::runtime_error("broken"); }).deadline(2h).retry({.delay = 5h, .max_delay = 5h});
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(holder), TaskState::succeeded);
  EXPECT_THROW(std::rethrow_exception(run.error(waiter)), baton::TimedOut);
  EXPECT_THROW(std::rethrow_exception(run.error(retrier)), baton::TimedOut);
  Workflow after;
  after.task([] {}).resource("door");
  scheduler.start(after.build()).get();
}

/// Pools in real time.
class TimingOut : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(TimingOut);

TEST_P(TimingOut, ABodyIsAskedToStopAndWhatItReturnsIsDropped) {
  Workflow flow;
  const auto slow = flow.task("slow",
                              [](Context& context) {
                                while (!context.stop_requested()) std::this_thread::yield();
                                EXPECT_TRUE(context.stop_token().stop_requested());
                                return std::make_shared<int>(1);
                              })
                        .timeout(5ms);
  const auto next = flow.task([](const std::shared_ptr<int>&) {}, slow);
  const auto other = flow.task([] { return 1; });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(slow), TaskState::failed);
  EXPECT_EQ(run.state(next), TaskState::omitted);
  EXPECT_EQ(run.result(other), 1);
  EXPECT_EQ(run.failures()[0].message, "attempt 1 of task 'slow' has not ended within 0.005000 s");
}

TEST_P(TimingOut, ALateBodyKeepsItsResourcesAndTheRunDoesNotWaitForItWhereAnotherThreadIsFree) {
  scheduler.resource("door", 1);
  Signal let_go;
  std::atomic<bool> returned{false};
  Workflow flow;
  flow.task([&] {
        let_go.wait();
        returned = true;
      })
      .timeout(5ms)
      .resource("door");
  const baton::Run run = scheduler.start(flow.build());
  if (threads() > 1) {
    run.wait();
    EXPECT_FALSE(returned);
    Workflow second;
    const auto wants = second.task([&] { return returned.load(); }).resource("door");
    const baton::Run waiting = scheduler.start(second.build());
    EXPECT_FALSE(waiting.ended());
    let_go.set();
    EXPECT_TRUE(waiting.get(wants)) << "the door was free only once the late body had returned";
  } else {
    let_go.set();
    run.wait();
  }
  scheduler.wait_all();
  EXPECT_TRUE(returned);
}

TEST_P(TimingOut, NoAttemptStartsBesideALateBody) {
  std::atomic<int> inside{0};
  std::atomic<int> attempts{0};
  Workflow flow;
  const auto task = flow.task([&](Context& context) {
                          EXPECT_EQ(++inside, 1);
                          ++attempts;
                          if (context.attempt() < 3) {
                            while (!context.stop_requested()) std::this_thread::yield();
                            std::this_thread::yield();
                          }
                          --inside;
                          return context.attempt();
                        })
                        .timeout(2ms)
                        .retry({.attempts = 3, .delay = 0s});
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  // The third one returns at once, unless the machine is so slow that it is too late as well.
  EXPECT_EQ(attempts, 3);
  EXPECT_EQ(run.state(task) == TaskState::succeeded, run.failures().empty());
}

TEST_P(TimingOut, RacesAgainstTheReturnHaveOneOutcome) {
  for (std::size_t round = 0; round < scaled(100); ++round) {
    std::atomic<int> ends{0};
    const auto observer = std::make_shared<baton::test::CallingObserver>([&](const Event& event) {
      if (event.kind == Event::Kind::task_ended) ++ends;
    });
    baton::StartOptions options;
    options.observers.push_back(observer);
    Workflow flow;
    std::vector<baton::Task<std::shared_ptr<int>>> tasks;
    for (int i = 0; i < 8; ++i) {
      tasks.push_back(flow.task([](Context& context) {
                            const auto until = context.now() + 200us;
                            while (context.now() < until && !context.stop_requested()) {
                            }
                            return std::make_shared<int>(1);
                          })
                          .timeout(200us));
      flow.task([](const std::shared_ptr<int>&) {}, tasks.back());
    }
    const baton::Run run = scheduler.start(flow.build(), std::move(options));
    run.wait();
    scheduler.wait_all();
    EXPECT_EQ(ends, 16);
    EXPECT_EQ(run.counts().ended(), 16U);
    EXPECT_EQ(run.counts()[TaskState::failed], run.failures().size());
    EXPECT_EQ(run.counts()[TaskState::omitted], run.failures().size());
  }
}

TEST_P(TimingOut, CancelAndTimeoutTogetherAreOneEnd) {
  for (std::size_t round = 0; round < scaled(100); ++round) {
    Workflow flow;
    const auto task = flow.task([](Context& context) {
                            while (!context.stop_requested()) std::this_thread::yield();
                          })
                          .timeout(100us)
                          .retry({.attempts = 1000, .delay = 0s});
    const baton::Run run = scheduler.start(flow.build());
    std::this_thread::yield();
    run.cancel();
    run.wait();
    EXPECT_TRUE(run.ended());
    EXPECT_TRUE(baton::is_outcome(run.state(task)));
  }
}

}  // namespace
