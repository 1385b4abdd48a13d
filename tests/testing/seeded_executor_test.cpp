// SPDX-License-Identifier: MIT
#include "support/shapes.hpp"

#include <baton/executor/manual_executor.hpp>
#include <baton/graph/workflow.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/seeded_executor.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace baton::test {
namespace {

/// Everything that a round says about its interleaving.
struct Story {
  std::uint64_t fingerprint = 0;
  std::uint64_t steps = 0;
  std::vector<SeededStep> trace{};
  std::vector<std::uint32_t> order{};  // of the bodies
  TimePoint end{};
  friend bool operator==(const Story&, const Story&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Story& story) {
    out << story.steps << " steps:";
    for (const SeededStep& step : story.trace) out << "\n" << step.thread << ": " << step.place;
    return out;
  }
};

/// A run with resources, pauses, sub-workflow and nested wait, and one that is cancelled, on a graph of many tasks.
Story play_round(SeededExecutor& executor) {
  Story story;
  {
    VirtualClock clock;
    Scheduler scheduler{executor, {.clock = &clock}};
    scheduler.resource("slots", 2);
    Workflow inner{"inner"};
    inner.task("pause", [](Context& context) { context.park_for(3s); });
    const Plan inner_plan = inner.build();
    const Shape shape = random_dag(60, 2, 5);
    Workflow flow{"many"};
    std::vector<Task<void>> tasks;
    for (std::uint32_t task = 0; task < shape.tasks; ++task) {
      if (task == 30) {
        tasks.push_back(flow.subworkflow("inner", inner_plan));
        continue;
      }
      tasks.push_back(flow.task([&, task](Context& context) {
        story.order.push_back(task);
        SeededExecutor::step("body");
        if (task % 10 == 0) context.park_for(1s);
        if (task == 33) scheduler.start(inner_plan).wait();
      }));
      if (task % 3 == 0) tasks.back().resource("slots", 1 + task % 2);
    }
    for (const auto& [from, to] : shape.edges) tasks[to].after(tasks[from]);
    const baton::Run run = scheduler.start(flow.build());
    const baton::Run cancelled = scheduler.start(flow.build());
    executor.add_thread("canceller", [&] { cancelled.cancel(); });
    executor.finish();
    EXPECT_TRUE(run.succeeded());
    EXPECT_TRUE(cancelled.ended());
    story.end = clock.now();
  }
  executor.finish();
  story.fingerprint = executor.fingerprint();
  story.steps = executor.steps();
  story.trace = executor.trace();
  return story;
}

TEST(SeededExecutor, ASeedRepeatsItsInterleaving) {
  SeededOptions options;
  options.trace_length = 100'000;
  std::set<std::uint64_t> different;
  SeededExecutor used{0, options};
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    used.restart(seed);
    const Story story = play_round(used);
    EXPECT_GT(story.steps, 100U);
    EXPECT_EQ(story.trace.size(), story.steps);
    different.insert(story.fingerprint);
    used.restart(seed);
    ASSERT_EQ(play_round(used), story) << "seed " << seed << ", played again";
  }
  EXPECT_EQ(different.size(), 100U);
}

TEST(SeededExecutor, ARestartedOneIsAsGoodAsNew) {
  SeededExecutor used{1000};
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    used.restart(seed);
    const Story story = play_round(used);
    Story fresh;
    std::thread host([&] {  // each thread may be the host of one
      SeededExecutor executor{seed};
      fresh = play_round(executor);
    });
    host.join();
    ASSERT_EQ(fresh, story) << "seed " << seed;
  }
}

TEST(SeededExecutor, SeedsChooseTheOrderOfReadyWork) {
  std::set<std::vector<int>> orders;
  SeededExecutor executor{0};
  for (std::uint64_t seed = 1; seed <= 100'000 && orders.size() < 24; ++seed) {
    executor.restart(seed);
    Scheduler scheduler{executor};
    std::vector<int> order;
    for (int run = 0; run < 4; ++run) {
      Workflow flow;
      flow.task([&order, run] { order.push_back(run); });
      scheduler.start(flow.build());
    }
    executor.finish();
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 24U);
}

TEST(SeededExecutor, SeedsChooseWhereThreadsTakeTurns) {
  std::set<std::string> words;
  SeededExecutor executor{0};
  for (std::uint64_t seed = 1; seed <= 100'000 && words.size() < 70; ++seed) {
    executor.restart(seed);
    std::string word;
    for (const char letter : {'a', 'b'}) {
      executor.add_thread(std::string(1, letter), [&word, letter] {
        for (int index = 0; index < 4; ++index) {
          word += letter;
          SeededExecutor::step("letter");
        }
      });
    }
    executor.finish();
    words.insert(word);
  }
  EXPECT_EQ(words.size(), 70U);  // 8 over 4
}

TEST(SeededExecutor, AtMostAsManyWorkersAsAskedForAreInBodies) {
  for (std::size_t workers = 1; workers <= 4; ++workers) {
    std::size_t most = 0;
    SeededExecutor executor{0, {.workers = workers}};
    EXPECT_EQ(executor.concurrency(), workers);
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      executor.restart(seed);
      Scheduler scheduler{executor};
      std::size_t inside = 0;
      Workflow flow;
      for (int task = 0; task < 12; ++task) {
        flow.task([&] {
          EXPECT_TRUE(executor.on_worker());
          most = std::max(most, ++inside);
          EXPECT_LE(inside, workers);
          for (int step = 0; step < 10; ++step) SeededExecutor::step("body");
          --inside;
        });
      }
      const baton::Run run = scheduler.start(flow.build());
      EXPECT_FALSE(executor.on_worker());
      executor.finish();
      EXPECT_TRUE(run.succeeded());
    }
    EXPECT_EQ(most, workers);
  }
}

TEST(SeededExecutor, TheHostMayWaitForARun) {
  SeededExecutor executor{0};
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    executor.restart(seed);
    VirtualClock clock;
    Scheduler scheduler{executor, {.clock = &clock}};
    Workflow flow;
    const auto value = flow.task([](Context& context) {
      context.park_for(72h);
      return 42;
    });
    EXPECT_EQ(scheduler.start(flow.build()).get(value), 42);
    EXPECT_EQ(scheduler.run(flow.build()).get(value), 42);
    EXPECT_EQ(clock.now().time_since_epoch(), 144h);
    bool released = false;
    Workflow endless;
    endless.task([&] { SeededExecutor::wait_until("released", [&] { return released; }); });
    const baton::Run run = scheduler.start(endless.build());
    EXPECT_FALSE(run.wait_for(1h));  // of the engine's time: at once
    released = true;
    EXPECT_TRUE(run.wait_for(1h));
  }
}

TEST(SeededExecutor, AScriptsExceptionReachesTheHost) {
  SeededExecutor executor{1};
  executor.add_thread("script", [] { throw std::runtime_error("no"); });
  EXPECT_THROW(executor.finish(), std::runtime_error);
  executor.finish();
}

TEST(SeededExecutor, WhoWaitsInVainIsNamedWithTheSeed) {
  SeededExecutor executor{77};
  bool open = false;
  executor.add_thread("lonely", [&] { SeededExecutor::wait_until("the gate", [&] { return open; }); });
  executor.run_until_idle();
  EXPECT_THAT(executor.waiting(), testing::ElementsAre("lonely at 'the gate'"));
  try {
    executor.finish();
    ADD_FAILURE() << "it did not throw";
  } catch (const SeededStuck& stuck) {
    EXPECT_THAT(stuck.what(), testing::HasSubstr("seed 77"));
    EXPECT_THAT(stuck.what(), testing::HasSubstr("lonely at 'the gate'"));
  }
  EXPECT_THROW(executor.restart(78), UsageError);
  open = true;
  executor.finish();
  EXPECT_THAT(executor.waiting(), testing::IsEmpty());
}

TEST(SeededExecutor, GoingRoundInCirclesHasABound) {
  SeededOptions options;
  options.most_steps = 5000;
  static auto* const never_destroyed = new std::vector<SeededExecutor*>;  // their threads do not end
  auto* const executor = never_destroyed->emplace_back(new SeededExecutor{5, options});
  executor->add_thread("circle", [] {
    for (;;) SeededExecutor::step("round");
  });
  try {
    executor->run_until_idle();
    ADD_FAILURE() << "it did not throw";
  } catch (const SeededStuck& stuck) {
    EXPECT_THAT(stuck.what(), testing::HasSubstr("seed 5"));
    EXPECT_THAT(stuck.what(), testing::HasSubstr("circle: round"));
  }
  SeededExecutor next{6};  // this thread is free to be a host again
  next.finish();
}

TEST(SeededExecutor, TheTraceIsBounded) {
  SeededOptions options;
  options.trace_length = 3;
  SeededExecutor executor{1, options};
  executor.add_thread("script", [] {
    for (const char* place : {"a", "b", "c", "d"}) SeededExecutor::step(place);
  });
  executor.finish();
  EXPECT_THAT(executor.trace(),
              testing::ElementsAre(SeededStep{"script", "b"}, SeededStep{"script", "c"}, SeededStep{"script", "d"}));
}

TEST(SeededExecutor, MisuseIsNamed) {
  EXPECT_THROW(SeededExecutor(1, {.workers = 0}), UsageError);
  EXPECT_THROW(SeededExecutor::wait_until("nowhere", [] { return true; }), UsageError);
  SeededExecutor::step("nowhere");  // nobody to go on
  SeededExecutor executor{1};
  EXPECT_THROW(SeededExecutor(2), UsageError);
  executor.add_thread("script", [&] {
    EXPECT_THROW(executor.run_until_idle(), UsageError);
    EXPECT_THROW(executor.restart(2), UsageError);
  });
  executor.finish();
}

}  // namespace
}  // namespace baton::test
