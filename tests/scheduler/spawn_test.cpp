// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/counted.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using baton::Context;
using baton::PartFailed;
using baton::Plan;
using baton::RunState;
using baton::StartOptions;
using baton::TaskState;
using baton::UsageError;
using baton::Workflow;
using baton::test::Counted;
using baton::test::message_of;
using baton::test::scaled;
using baton::test::Signal;
using baton::test::Tally;

class Spawning : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Spawning);

/// A tree of tasks in which each spawns `width` others, `depth` levels deep.
struct Tree {
  std::atomic<std::size_t>& calls;
  int width;
  int depth;
  void operator()(Context& context) const {
    ++calls;
    for (int child = 0; depth > 0 && child < width; ++child) context.spawn(Tree{calls, width, depth - 1});
  }
};

TEST_P(Spawning, ItsTaskEndsWhenAllThatWasSpawnedHas) {
  for (const std::size_t count : {1U, 64U, 10'000U}) {
    std::atomic<std::size_t> calls{0};
    Workflow flow;
    const auto walk = flow.task("walk", [&](Context& context) {
      for (std::size_t i = 0; i < count; ++i) context.spawn("page " + std::to_string(i), [&] { ++calls; });
      return 7;
    });
    const auto next = flow.task([&](int value) { return value + static_cast<int>(calls); }, walk);
    EXPECT_EQ(scheduler.start(flow.build()).get(next), 7 + static_cast<int>(count));
  }
}

TEST_P(Spawning, ATreeOf100000RunsEachOnce) {
  struct Shape {
    int width, depth;
    std::size_t size;
  };
  // Binary, wide, and a chain.
  for (const Shape& shape : {Shape{2, 16, 131'071}, Shape{100'000, 1, 100'001}, Shape{1, 100'000, 100'001}}) {
    std::atomic<std::size_t> calls{0};
    Workflow flow;
    const auto walk = flow.task(Tree{calls, shape.width, shape.depth});
    const auto next = flow.task([&] { return calls.load(); }).after(walk);
    EXPECT_EQ(scheduler.start(flow.build()).get(next), shape.size);
  }
}

TEST_P(Spawning, RunsWhileItsTaskDoes) {
  if (threads() == 1) GTEST_SKIP() << "one body at a time";
  Signal spawned;
  Workflow flow;
  flow.task([&](Context& context) {
    context.spawn([&] { spawned.set(); });
    spawned.wait();
  });
  scheduler.start(flow.build()).get();
}

TEST_P(Spawning, UsesAllThreads) {
  baton::test::Meeting meeting(threads());
  Workflow flow;
  flow.task([&](Context& context) {
    for (std::size_t i = 0; i < threads(); ++i) context.spawn([&] { meeting.join(); });
  });
  scheduler.start(flow.build()).get();
}

TEST_P(Spawning, NamesWhatItSpawnsByItsPlace) {
  std::mutex mutex;
  std::set<std::string> names;
  const auto note = [&](Context& context) {
    EXPECT_EQ(context.attempt(), 1U);
    EXPECT_EQ(context.workflow_name(), "crawl");
    EXPECT_EQ(context.path(), context.task_name());
    const std::lock_guard lock(mutex);
    names.insert(context.task_name());
  };
  Workflow flow("crawl");
  flow.task("walk", [&](Context& context) {
    context.spawn("page 7", [&](Context& inner) {
      note(inner);
      inner.spawn(note);
      inner.spawn("a picture with a long name", note);
    });
    context.spawn(note);
  });
  scheduler.start(flow.build()).get();
  EXPECT_THAT(names,
              testing::ElementsAre("walk/1", "walk/page 7", "walk/page 7/0", "walk/page 7/a picture with a long name"));
}

TEST_P(Spawning, RefusesReservedNames) {
  Workflow flow;
  const auto message = flow.task("walk", [&](Context& context) {
    return message_of<UsageError>([&] { context.spawn("a/b", [] { FAIL() << "it was refused"; }); });
  });
  EXPECT_EQ(scheduler.start(flow.build()).get(message),
            "task 'walk' spawns 'a/b': names may not contain '/', '[' or ']', which derived names use");
}

TEST_P(Spawning, FailsWithTheNameOfWhatFailed) {
  for (int bad = 0; bad < 20; ++bad) {
    Tally tally;
    Workflow flow;
    const auto walk = flow.task("walk", [&](Context& context) {
      for (int i = 0; i < 20; ++i) {
        context.spawn("page " + std::to_string(i), [i, bad] {
          if (i == bad) throw std::runtime_error("gone");
        });
      }
      return Counted(tally);
    });
    const auto next = flow.task([](const Counted&) {}, walk);
    {
      const baton::Run run = scheduler.start(flow.build());
      run.wait();
      EXPECT_EQ(run.state(walk), TaskState::failed);
      EXPECT_EQ(run.state(next), TaskState::omitted);
      EXPECT_EQ(message_of<PartFailed>([&] { std::rethrow_exception(run.error(walk)); }),
                "walk/page " + std::to_string(bad) + ": gone");
    }
    scheduler.wait_all();
    EXPECT_EQ(tally.alive, 0);
  }
}

TEST_P(Spawning, AsksWhatRunsToStopWhenOneFails) {
  if (threads() < 3) GTEST_SKIP() << "three bodies run at once";
  Signal other_runs;
  Workflow flow;
  const auto walk = flow.task("walk", [&](Context& context) {
    context.spawn([&](Context& inner) {
      other_runs.set();
      while (!inner.stop_token().stop_requested()) std::this_thread::yield();
      inner.throw_if_stopped();
    });
    other_runs.wait();
    context.spawn([] { throw std::runtime_error("no"); });
    while (!context.stop_requested()) std::this_thread::yield();
  });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(message_of<PartFailed>([&] { std::rethrow_exception(run.error(walk)); }), "walk/1: no");
}

TEST_P(Spawning, ATaskThatThrowsTakesWhatHasNotStartedAlong) {
  std::atomic<std::size_t> calls{0};
  Signal go;
  Tally tally;
  Workflow flow;
  const auto walk = flow.task("walk", [&](Context& context) {
    for (int i = 0; i < 1000; ++i) {
      context.spawn([&, value = Counted(tally)](Context& inner) {
        ++calls;
        while (!inner.stop_requested()) std::this_thread::yield();
      });
    }
    throw std::runtime_error("own");
  });
  {
    const baton::Run run = scheduler.start(flow.build());
    run.wait();
    EXPECT_EQ(run.state(walk), TaskState::failed);
    EXPECT_EQ(message_of<std::runtime_error>([&] { std::rethrow_exception(run.error(walk)); }), "own");
    EXPECT_LE(calls, threads() - 1);
  }
  scheduler.wait_all();
  EXPECT_EQ(tally.alive, 0);
}

TEST_P(Spawning, IsReachedByCancelAtAnyTime) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (std::size_t round = 0; round < scaled(100); ++round) {
    Tally tally;
    std::atomic<std::size_t> calls{0};
    const std::size_t at = random() % 2000;
    {
      std::function<void(Context&, int)> grow = [&](Context& context, int depth) {
        ++calls;
        if (depth == 0) return;
        for (int i = 0; i < 2; ++i) {
          context.spawn([&grow, depth, value = Counted(tally)](Context& inner) { grow(inner, depth - 1); });
        }
      };
      Workflow flow;
      const auto walk = flow.task([&](Context& context) {
        grow(context, 10);
        return Counted(tally);
      });
      const baton::Run run = scheduler.start(flow.build());
      while (calls < at && !run.ended()) std::this_thread::yield();
      run.cancel();
      run.wait();
      EXPECT_TRUE(run.state(walk) == TaskState::cancelled || calls == 2047) << run.state(walk) << calls;
    }
    scheduler.wait_all();
    EXPECT_EQ(tally.alive, 0);
  }
}

TEST_P(Spawning, TasksThatParkEndWhenBothAreOver) {
  std::atomic<int> calls{0};
  Workflow flow;
  const auto walk = flow.task([&](Context& context) {
    context.park_for(std::chrono::milliseconds(1));
    for (int i = 0; i < 10; ++i) context.spawn([&] { ++calls; });
  });
  const auto next = flow.task([&] { return calls.load(); }).after(walk);
  EXPECT_EQ(scheduler.start(flow.build()).get(next), 10);
}

TEST_P(Spawning, MayWaitForOtherRuns) {
  Workflow inner;
  const auto one = inner.task([](Context& context) {
    context.spawn([] {});
    return 1;
  });
  const Plan plan = inner.build();
  std::atomic<int> sum{0};
  Workflow flow;
  flow.task([&](Context& context) {
    for (int i = 0; i < 100; ++i) context.spawn([&] { sum += scheduler.start(plan).get(one); });
  });
  scheduler.start(flow.build()).get();
  EXPECT_EQ(sum, 100);
}

TEST_P(Spawning, StaysOnTheExecutorOfItsTask) {
  baton::test::CheckedPool other(2);
  baton::ThreadPool& pool_of_task = other;
  std::atomic<int> calls{0};
  Workflow flow;
  flow.task([&](Context& context) {
        for (int i = 0; i < 100; ++i) {
          context.spawn([&] { calls += pool_of_task.on_worker() ? 1 : 0; });
        }
      })
      .on(pool_of_task);
  scheduler.start(flow.build()).get();
  EXPECT_EQ(calls, 100);
}

TEST_P(Spawning, IsNotForElementsOfMaps) {
  Workflow flow;
  const auto items = flow.task([] { return std::vector<int>{1}; });
  const auto messages = flow.map(
      "map", items, [](Context& context, int) { return message_of<UsageError>([&] { context.spawn([] {}); }); });
  EXPECT_EQ(scheduler.start(flow.build()).get(messages)[0],
            "map[0]: Context::spawn is for tasks, not for their parts; map over a plan whose task spawns");
}

// ---- With policies ----

TEST_P(Spawning, IsOverBeforeTheNextAttempt) {
  std::atomic<int> inside{0};
  std::atomic<int> calls{0};
  Workflow flow;
  const auto walk = flow.task("walk", [&](Context& context) {
    EXPECT_EQ(inside, 0);
    const std::uint32_t attempt = context.attempt();
    for (int i = 0; i < 50; ++i) {
      context.spawn([&, attempt, i] {
        ++inside;
        ++calls;
        std::this_thread::yield();
        --inside;
        if (attempt < 3 && i == 25) throw std::runtime_error("not yet");
      });
    }
    return attempt;
  });
  walk.retry({.attempts = 5, .delay = std::chrono::milliseconds(0)});
  EXPECT_EQ(scheduler.start(flow.build()).get(walk), 3U);
  EXPECT_GE(calls, 52);
}

TEST_P(Spawning, IsAskedToStopWhenTheTimeOfItsTaskIsOver) {
  std::atomic<int> asked{0};
  Tally tally;
  Workflow flow;
  const auto walk = flow.task("walk", [&](Context& context) {
    for (int i = 0; i < 20; ++i) {
      context.spawn([&, value = Counted(tally)](Context& inner) {
        while (!inner.stop_token().stop_requested()) std::this_thread::yield();
        ++asked;
      });
    }
    while (!context.stop_requested()) std::this_thread::yield();
    // The token is asked by a callback of that of the attempt, so a moment later.
    const auto patience = std::chrono::steady_clock::now() + baton::test::patience;
    while (!context.stop_token().stop_requested() && std::chrono::steady_clock::now() < patience) {
      std::this_thread::yield();
    }
    EXPECT_TRUE(context.stop_token().stop_requested());
  });
  walk.timeout(std::chrono::milliseconds(20));
  {
    const baton::Run run = scheduler.start(flow.build());
    run.wait();
    EXPECT_EQ(run.state(walk), TaskState::failed);
    EXPECT_THROW(std::rethrow_exception(run.error(walk)), baton::TimedOut);
  }
  scheduler.wait_all();
  EXPECT_EQ(tally.alive, 0);
  EXPECT_EQ(asked, static_cast<int>(std::min<std::size_t>(threads() - 1, 20)));
}

TEST_P(Spawning, ThatTakesTooLongAfterItsTasksBodyIsAskedToStop) {
  Workflow flow;
  const auto walk = flow.task("walk", [&](Context& context) {
    context.spawn([](Context& inner) {
      while (!inner.stop_requested()) std::this_thread::yield();
    });
    return 1;
  });
  walk.timeout(std::chrono::milliseconds(20));
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(walk), TaskState::failed);
}

TEST(SpawningInVirtualTime, TakesNoTime) {
  for (const std::size_t threads : {1U, 2U, 4U}) {
    baton::test::CheckedPool pool(threads);
    baton::VirtualClock clock;
    baton::Scheduler scheduler(pool, {.clock = &clock});
    Workflow flow;
    flow.task([](Context& context) { context.park_for(std::chrono::hours(1)); });
    std::atomic<std::size_t> calls{0};
    const auto walk = flow.task(Tree{calls, 2, 12});
    const auto next = flow.task([](Context& context) { return context.now() == baton::TimePoint{}; }).after(walk);
    EXPECT_TRUE(scheduler.start(flow.build()).get(next));
    EXPECT_EQ(calls, 8191U);
  }
}

TEST(SpawningByHand, RunsOneBodyAPieceOfWork) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  std::atomic<std::size_t> calls{0};
  Workflow flow;
  flow.task(Tree{calls, 2, 5});
  const baton::Run run = scheduler.start(flow.build());
  std::size_t before = 0;
  while (executor.run_one()) {
    EXPECT_LE(calls, before + 1);
    before = calls;
  }
  EXPECT_TRUE(run.succeeded());
  EXPECT_EQ(calls, 63U);
}

}  // namespace
