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

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using baton::Context;
using baton::MapOptions;
using baton::Outcome;
using baton::PartFailed;
using baton::Plan;
using baton::RunFailed;
using baton::RunState;
using baton::StartOptions;
using baton::take;
using baton::Task;
using baton::TaskState;
using baton::UsageError;
using baton::Workflow;
using baton::test::Counted;
using baton::test::message_of;
using baton::test::scaled;
using baton::test::Signal;
using baton::test::Tally;

class Maps : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Maps);

std::vector<int> numbers(std::size_t count) {
  std::vector<int> list(count);
  std::iota(list.begin(), list.end(), 0);
  return list;
}

Task<std::vector<int>> add_numbers(Workflow& flow, std::size_t count) {
  return flow.task("numbers", [count] { return numbers(count); });
}

void spin(std::chrono::microseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

// ---- Results ----

TEST_P(Maps, OfAnySizeCallEachElementOnceAndKeepTheOrder) {
  for (const std::size_t count : {0U, 1U, 2U, 64U, 10'000U, 1'000'000U}) {
    std::vector<std::atomic<std::uint8_t>> calls(count);
    Workflow flow;
    const auto items = add_numbers(flow, count);
    const auto squares = flow.map("square", items, [&](int number) {
      ++calls[static_cast<std::size_t>(number)];
      return std::int64_t{number} * number;
    });
    const auto texts = flow.map("text", items, [](const int& number) { return std::to_string(number); });
    const auto next = flow.task([](const std::vector<std::int64_t>& list) { return list.size(); }, squares);
    const baton::Run run = scheduler.start(flow.build());
    ASSERT_EQ(run.get(next), count);
    ASSERT_EQ(run.result(texts).size(), count);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(calls[i], 1) << i << " of " << count;
      ASSERT_EQ(run.result(squares)[i], static_cast<std::int64_t>(i * i)) << i << " of " << count;
      ASSERT_EQ(run.result(texts)[i], std::to_string(i)) << count;
    }
  }
}

TEST_P(Maps, OfElementsThatTakeVeryDifferentTimesCallEachOnce) {
  const std::size_t count = 4000;
  for (std::size_t round = 0; round < scaled(3); ++round) {
    std::vector<std::atomic<int>> calls(count);
    Workflow flow;
    const auto items = add_numbers(flow, count);
    flow.map("work", items, [&](int number) {
      // Short for long enough that many are claimed at once, and then some that take their time.
      if (number % 1000 > 950) spin(std::chrono::microseconds(100));
      ++calls[static_cast<std::size_t>(number)];
    });
    scheduler.start(flow.build()).get();
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(calls[i], 1) << i;
  }
}

TEST_P(Maps, GiveResultsThatCanOnlyBeMovedOrHaveNoDefault) {
  struct NoDefault {
    explicit NoDefault(int number) : value(number) {}
    int value;
  };
  Workflow flow;
  const auto items = add_numbers(flow, 1000);
  const auto pointers = flow.map("pointers", items, [](int number) { return std::make_unique<int>(number); });
  const auto others = flow.map("others", items, [](int number) { return NoDefault(number); });
  const auto bits = flow.map("bits", items, [](int number) { return number % 3 == 0; });
  const baton::Run run = scheduler.start(flow.build());
  run.get();
  for (std::size_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(*run.result(pointers)[i], static_cast<int>(i));
    EXPECT_EQ(run.result(others)[i].value, static_cast<int>(i));
    EXPECT_EQ(run.result(bits)[i], i % 3 == 0);
  }
}

TEST_P(Maps, MoveElementsOutOfATakenRange) {
  Workflow flow;
  const auto pointers = flow.task("pointers", [] {
    std::vector<std::unique_ptr<int>> list(500);
    for (int i = 0; i < 500; ++i) list[static_cast<std::size_t>(i)] = std::make_unique<int>(i);
    return list;
  });
  const auto moved = flow.map("moved", take(pointers), [](std::unique_ptr<int> pointer) { return pointer; });
  const baton::Run run = scheduler.start(flow.build());
  const auto& list = run.get(moved);
  for (std::size_t i = 0; i < 500; ++i) EXPECT_EQ(*list[i], static_cast<int>(i));
}

TEST_P(Maps, AreOverAnyRandomAccessRange) {
  Workflow flow;
  const auto array = flow.task([] { return std::array<int, 3>{1, 2, 3}; });
  const auto deque = flow.task([] { return std::deque<std::string>{"a", "b"}; });
  const auto bools = flow.task([] { return std::vector<bool>{true, false}; });
  const auto input = flow.input<std::vector<int>>("input", {7, 8});
  const auto from_array = flow.map("array", array, [](int number) { return number + 1; });
  const auto from_deque = flow.map("deque", deque, [](const std::string& text) { return text + text; });
  const auto from_bools = flow.map("bools", bools, [](bool bit) { return bit ? 1 : 0; });
  const auto from_input = flow.map("from input", input, [](int number) { return number + 1; });
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_THAT(run.get(from_array), testing::ElementsAre(2, 3, 4));
  EXPECT_THAT(run.result(from_deque), testing::ElementsAre("aa", "bb"));
  EXPECT_THAT(run.result(from_bools), testing::ElementsAre(1, 0));
  EXPECT_THAT(run.result(from_input), testing::ElementsAre(8, 9));
}

TEST_P(Maps, PassFurtherArgumentsToAllElements) {
  Workflow flow;
  const auto items = add_numbers(flow, 100);
  const auto factor = flow.task([] { return 3; });
  const std::vector<Task<int>> terms{flow.task([] { return 10; }), flow.task([] { return 20; })};
  const auto results = flow.map(
      "add", items,
      [](Context& context, int number, int by, const baton::Values<int>& add) {
        return context.task_name() + ": " + std::to_string(number * by + add[0] + add[1]);
      },
      MapOptions{.limit = 2}, factor, terms);
  const baton::Run run = scheduler.start(flow.build());
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(run.get(results)[i], "add[" + std::to_string(i) + "]: " + std::to_string(i * 3 + 30));
  }
}

TEST_P(Maps, LeaveNoValueBehind) {
  Tally tally;
  for (const bool fails : {false, true}) {
    Workflow flow;
    const auto items = flow.task([&] {
      std::vector<Counted> list;
      list.reserve(3000);
      for (int i = 0; i < 3000; ++i) list.emplace_back(tally, i);
      return list;
    });
    const auto moved = flow.map("move", take(items), [](Counted&& value) { return Counted(std::move(value)); });
    flow.map("look", moved, [fails](const Counted& value) {
      if (fails && value.value() == 1234) throw std::runtime_error("no");
      return Counted(value);
    });
    {
      const baton::Run run = scheduler.start(flow.build());
      run.wait();
      EXPECT_EQ(run.succeeded(), !fails);
      for (std::size_t i = 0; i < 3000; ++i) EXPECT_EQ(run.result(moved)[i].value(), static_cast<int>(i));
    }
    scheduler.wait_all();
    EXPECT_EQ(tally.alive, 0);
  }
}

// ---- Failing ----

TEST_P(Maps, FailWithTheNameOfTheElementWhicheverItIs) {
  const std::size_t count = 20;
  for (std::size_t bad = 0; bad < count; ++bad) {
    std::atomic<std::size_t> calls{0};
    Workflow flow;
    const auto items = add_numbers(flow, count);
    const auto pages = flow.map("render", items, [&](int number) {
      ++calls;
      if (static_cast<std::size_t>(number) == bad) throw std::runtime_error("disk full");
      return number;
    });
    const auto next = flow.task([](const std::vector<int>&) {}, pages);
    const baton::Run run = scheduler.start(flow.build());
    run.wait();
    const std::string name = "render[" + std::to_string(bad) + "]";
    EXPECT_EQ(run.state(), RunState::failed);
    EXPECT_EQ(run.state(pages), TaskState::failed);
    EXPECT_EQ(run.state(next), TaskState::omitted);
    ASSERT_EQ(run.failures().size(), 1U);
    EXPECT_EQ(run.failures()[0].message, name + ": disk full");
    try {
      std::rethrow_exception(run.error(pages));
    } catch (const PartFailed& error) {
      EXPECT_EQ(error.name(), name);
      EXPECT_EQ(baton::describe(error.cause()), "disk full");
    }
    EXPECT_GE(calls, bad == 0 ? 1U : 2U);
    EXPECT_LE(calls, count);
    if (threads() == 1) {
      EXPECT_EQ(calls, bad + 1);
    }
  }
}

TEST_P(Maps, NameTheFirstOfTheElementsThatFailTogether) {
  Workflow flow;
  const auto items = add_numbers(flow, threads());
  baton::test::Meeting meeting(threads());
  const auto all = flow.map("all", items, [&](int) {
    meeting.join();
    throw std::runtime_error("no");
  });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(message_of<PartFailed>([&] { std::rethrow_exception(run.error(all)); }), "all[0]: no");
}

TEST_P(Maps, ThatFailAskRunningElementsToStopAndStartNoOther) {
  if (threads() == 1) GTEST_SKIP() << "one element at a time";
  std::atomic<int> calls{0};
  Signal other_runs;
  Signal told;
  Workflow flow;
  const auto items = add_numbers(flow, 1'000'000);
  const auto map = flow.map("map", items, [&](Context& context, int number) {
    ++calls;
    if (number == 0) {
      other_runs.wait();
      throw std::runtime_error("no");
    }
    const std::stop_callback callback(context.stop_token(), [&] { told.set(); });
    other_runs.set();
    told.wait();
    EXPECT_TRUE(context.stop_requested());
    context.throw_if_stopped();
  });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(map), TaskState::failed);
  EXPECT_LE(calls, static_cast<int>(threads()));
}

TEST_P(Maps, ThatCollectOutcomesGoOnAfterFailures) {
  const std::size_t count = 3000;
  Workflow flow;
  const auto items = add_numbers(flow, count);
  const auto outcomes = flow.map_outcomes("map", items, [](int number) {
    if (number % 3 == 1) throw std::runtime_error(std::to_string(number));
    if (number % 3 == 2) throw baton::Cancelled();
    return std::make_unique<int>(number);
  });
  const auto voids = flow.map_outcomes("voids", items, [](int number) {
    if (number == 5) throw std::runtime_error("five");
  });
  const baton::Run run = scheduler.start(flow.build());
  ASSERT_EQ(run.get(outcomes).size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    const Outcome<std::unique_ptr<int>>& outcome = run.result(outcomes)[i];
    if (i % 3 == 0) {
      EXPECT_EQ(*outcome.value(), static_cast<int>(i));
    } else if (i % 3 == 1) {
      EXPECT_EQ(outcome.state(), TaskState::failed);
      EXPECT_EQ(baton::describe(outcome.error()), std::to_string(i));
    } else {
      EXPECT_EQ(outcome.state(), TaskState::cancelled);
    }
    EXPECT_EQ(run.result(voids)[i].succeeded(), i != 5);
  }
}

TEST_P(Maps, WhoseElementGivesUpEndCancelled) {
  Workflow flow;
  const auto map = flow.map("map", add_numbers(flow, 100), [](int number) {
    if (number == 40) throw baton::Cancelled();
  });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(map), TaskState::cancelled);
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST_P(Maps, WithoutRoomForTheResultsFail) {
  struct Endless {
    [[nodiscard]] const char* begin() const { return nullptr; }
    [[nodiscard]] const char* end() const { return nullptr; }
    [[nodiscard]] std::size_t size() const { return SIZE_MAX / 2; }
  };
  Workflow flow;
  const auto map = flow.map("map", flow.task([] { return Endless{}; }), [](char letter) { return int{letter}; });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(map), TaskState::failed);
}

// ---- Limits ----

TEST_P(Maps, HaveAsManyElementsInFlightAsTheLimitAllowsAndNeverMore) {
  for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, std::size_t{100}}) {
    const std::size_t expected = std::min(limit, threads());
    baton::test::Meeting meeting(expected);
    std::atomic<std::size_t> inside{0};
    std::atomic<std::size_t> most{0};
    Workflow flow;
    const auto items = add_numbers(flow, expected * 200);
    flow.map(
        "map", items,
        [&](int number) {
          const std::size_t now = ++inside;
          std::size_t seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          if (static_cast<std::size_t>(number) < expected) meeting.join();  // claimed one by one: all come
          std::this_thread::yield();
          --inside;
        },
        MapOptions{.limit = limit});
    scheduler.start(flow.build()).get();
    EXPECT_EQ(most, expected) << limit;
  }
}

TEST_P(Maps, LetOtherRunsGoOn) {
  // A long map must not keep the pool to itself.
  std::atomic<bool> stop{false};
  Workflow map;
  map.map("map", add_numbers(map, 1'000'000), [&](int) {
    if (!stop) spin(std::chrono::microseconds(5));
  });
  const baton::Run run = scheduler.start(map.build());
  for (int i = 0; i < 20; ++i) {
    Workflow other;
    const auto one = other.task([] { return 1; });
    EXPECT_EQ(scheduler.start(other.build()).get(one), 1);
  }
  EXPECT_FALSE(run.ended());
  stop = true;
  run.get();
}

// ---- Cancelling ----

TEST_P(Maps, CancelledAtAnyTimeEndAndStartNothingMore) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (std::size_t round = 0; round < scaled(200); ++round) {
    Tally tally;
    std::atomic<bool> cancelled{false};
    std::atomic<std::size_t> late{0};
    std::atomic<bool> go{false};
    const int at = static_cast<int>(random() % 1000);
    {
      Workflow flow;
      const auto map = flow.map("map", add_numbers(flow, 1000), [&](int number) {
        if (cancelled) ++late;
        if (number == at) go = true;
        return Counted(tally, number);
      });
      const baton::Run run = scheduler.start(flow.build());
      if (round % 2 == 0) {
        while (!go) std::this_thread::yield();
      }
      run.cancel();
      cancelled = true;
      run.wait();
      EXPECT_TRUE(run.state(map) == TaskState::cancelled || run.state(map) == TaskState::succeeded);
    }
    scheduler.wait_all();
    EXPECT_LE(late, threads());  // each thread may be about to call one
    EXPECT_EQ(tally.alive, 0);
  }
}

TEST_P(Maps, CancelledFromAnElementStopThere) {
  std::atomic<int> calls{0};
  baton::Run run;
  Signal known;
  Workflow flow;
  const auto map = flow.map("map", add_numbers(flow, 100'000), [&](Context& context, int number) {
    ++calls;
    if (number == 50) {
      known.wait();
      run.cancel();
      EXPECT_TRUE(context.stop_requested());
      EXPECT_TRUE(context.stop_token().stop_requested());
    }
  });
  run = scheduler.start(flow.build());
  known.set();
  run.wait();
  EXPECT_EQ(run.state(map), TaskState::cancelled);
  if (threads() == 1) {
    EXPECT_EQ(calls, 51);
  }
}

TEST_P(Maps, StopWhenTheRunStopsAtAFailure) {
  Signal begun;
  Workflow flow;
  const auto map = flow.map("map", add_numbers(flow, 1'000'000), [&](Context& context, int) {
    begun.set();
    while (!context.stop_requested()) std::this_thread::yield();
  });
  const auto bad = flow.task([&] {
    begun.wait();
    throw std::runtime_error("no");
  });
  if (threads() == 1) GTEST_SKIP() << "the map has the only thread";
  StartOptions options;
  options.failure_mode = baton::FailureMode::stop;
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  run.wait();
  EXPECT_EQ(run.state(bad), TaskState::failed);
  EXPECT_EQ(run.state(map), TaskState::cancelled);
}

// ---- What elements may do ----

TEST_P(Maps, MayWaitForOtherRunsInTheirElements) {
  Workflow inner;
  const auto input = inner.input<int>("x");
  const auto doubled =
      inner.map("double", inner.task([](int x) { return numbers(static_cast<std::size_t>(x)); }, input),
                [](int number) { return 2 * number; });
  const Plan plan = inner.build();
  Workflow flow;
  const auto sums = flow.map("sum", add_numbers(flow, 200), [&](int number) {
    const baton::Run run = scheduler.start(plan, baton::Inputs().set(input, number));
    const std::vector<int>& list = run.get(doubled);
    return std::accumulate(list.begin(), list.end(), 0);
  });
  const baton::Run run = scheduler.start(flow.build());
  for (int i = 0; i < 200; ++i) EXPECT_EQ(run.get(sums)[static_cast<std::size_t>(i)], i * (i - 1));
}

TEST_P(Maps, RefuseToWaitForTheirOwnRun) {
  baton::Run run;
  Signal known;
  Workflow flow;
  const auto messages = flow.map("map", add_numbers(flow, 1), [&](int) {
    known.wait();
    return message_of<UsageError>([&] { run.wait(); });
  });
  run = scheduler.start(flow.build());
  known.set();
  EXPECT_THAT(run.get(messages)[0], testing::HasSubstr("waits for its own run"));
}

TEST_P(Maps, RefuseWhatIsForTasks) {
  Workflow flow;
  const auto messages = flow.map("map", add_numbers(flow, 1), [](Context& context, int) {
    EXPECT_EQ(context.attempt(), 1U);
    return message_of<UsageError>([&] { context.park_for(std::chrono::hours(1)); });
  });
  EXPECT_EQ(scheduler.start(flow.build()).get(messages)[0],
            "map[0]: Context::park_for is for tasks, not for their parts; map over a plan whose task parks, or add a "
            "sub-workflow");
}

TEST_P(Maps, HoldTheirResourcesAsAWhole) {
  scheduler.resource("disk", 1);
  std::atomic<int> in_map{0};
  Workflow flow;
  const auto items = add_numbers(flow, 1000);
  for (const char* const name : {"a", "b", "c"}) {
    auto inside = std::make_shared<std::atomic<int>>(0);
    flow.map(
            name, items,
            [&in_map, inside](int) {
              if (inside->fetch_add(1) == 0) ++in_map;
              EXPECT_EQ(in_map, 1);
              if (inside->load() == 1000) --in_map;
            },
            MapOptions{.limit = 1})
        .resource("disk");
  }
  scheduler.start(flow.build()).get();
}

TEST_P(Maps, StayOnTheExecutorOfTheirTask) {
  baton::test::CheckedPool other(2);
  baton::ThreadPool& pool_of_map = other;
  std::atomic<int> elsewhere{0};
  Workflow flow;
  flow.map("map", add_numbers(flow, 10'000),
           [&](int) {
             if (!pool_of_map.on_worker()) ++elsewhere;
           })
      .on(pool_of_map);
  scheduler.start(flow.build()).get();
  EXPECT_EQ(elsewhere, 0);
}

TEST_P(Maps, OfOnePlanRunAtOnce) {
  Workflow flow;
  const auto size = flow.input<std::size_t>("size");
  const auto doubled = flow.map("double", flow.task(numbers, size), [](int number) { return 2 * number; });
  const Plan plan = flow.build();
  std::vector<baton::Run> runs;
  for (std::size_t i = 0; i < 100; ++i) runs.push_back(scheduler.start(plan, baton::Inputs().set(size, i * 10)));
  for (std::size_t i = 0; i < 100; ++i) {
    const std::vector<int>& list = runs[i].get(doubled);
    ASSERT_EQ(list.size(), i * 10);
    for (std::size_t j = 0; j < list.size(); ++j) EXPECT_EQ(list[j], static_cast<int>(2 * j));
  }
}

TEST_P(Maps, AreTriedAgainAsAWhole) {
  std::atomic<int> failures{0};
  Workflow flow;
  const auto map = flow.map("map", add_numbers(flow, 1000), [&](int number) {
    if (number == 500 && failures.fetch_add(1) < 2) throw std::runtime_error("not yet");
    return number;
  });
  map.retry({.attempts = 5, .delay = std::chrono::milliseconds(0)});
  EXPECT_EQ(scheduler.start(flow.build()).get(map), numbers(1000));
  EXPECT_EQ(failures, 3);
}

TEST_P(Maps, WhoseTimeIsOverStop) {
  Workflow flow;
  const auto map = flow.map("map", add_numbers(flow, 1000), [&](Context& context, int) {
    while (!context.stop_requested()) std::this_thread::yield();
  });
  map.timeout(std::chrono::milliseconds(20));
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(map), TaskState::failed);
  EXPECT_THROW(std::rethrow_exception(run.error(map)), baton::TimedOut);
}

// ---- Time ----

TEST(MapsInVirtualTime, TakeNoTime) {
  for (const std::size_t threads : {1U, 2U, 4U}) {
    baton::test::CheckedPool pool(threads);
    baton::VirtualClock clock;
    baton::Scheduler scheduler(pool, {.clock = &clock});
    Workflow flow;
    flow.task([](Context& context) { context.park_for(std::chrono::hours(1)); });
    std::atomic<int> late{0};
    const auto map = flow.map("map", add_numbers(flow, 20'000), [&](Context& context, int) {
      if (context.now() != baton::TimePoint{}) ++late;
    });
    const auto next = flow.task([](Context& context) { return context.now() == baton::TimePoint{}; }).after(map);
    const baton::Run run = scheduler.start(flow.build());
    EXPECT_TRUE(run.get(next));
    EXPECT_EQ(late, 0);
    EXPECT_EQ(clock.now().time_since_epoch(), std::chrono::hours(1));
  }
}

TEST(MapsInVirtualTime, LetItPassWhileTheirElementsWait) {
  for (const std::size_t threads : {1U, 2U, 4U}) {
    baton::test::CheckedPool pool(threads);
    baton::VirtualClock clock;
    baton::Scheduler scheduler(pool, {.clock = &clock});
    Workflow inner;
    inner.task([](Context& context) { context.park_for(std::chrono::hours(1)); });
    const Plan plan = inner.build();
    Workflow flow;
    flow.map("map", add_numbers(flow, 5), [&](int) { scheduler.start(plan).get(); }, MapOptions{.limit = 1});
    scheduler.start(flow.build()).get();
    EXPECT_EQ(clock.now().time_since_epoch(), std::chrono::hours(5));
  }
}

// ---- By hand ----

TEST(MapsByHand, RunOneElementAPieceOfWorkInOrder) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  std::vector<int> order;
  Workflow flow;
  const auto map = flow.map("map", add_numbers(flow, 50), [&](int number) {
    order.push_back(number);
    return number;
  });
  const baton::Run run = scheduler.start(flow.build());
  std::size_t before = 0;
  while (executor.run_one()) {
    EXPECT_LE(order.size(), before + 1);
    before = order.size();
  }
  EXPECT_EQ(run.get(map), numbers(50));
  EXPECT_EQ(order, numbers(50));
}

TEST(MapsByHand, RunAlsoWhileTheHostWaits) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  Workflow flow;
  const auto map = flow.map("map", add_numbers(flow, 10'000), [](int number) { return number; });
  EXPECT_EQ(scheduler.run(flow.build()).get(map), numbers(10'000));
}

// ---- Events ----

TEST_P(Maps, AreOneTaskForObservers) {
  struct Counter final : baton::Observer {
    void on_event(const baton::Event& event) override { ++kinds[static_cast<std::size_t>(event.kind)]; }
    std::array<std::atomic<int>, 6> kinds{};
  };
  const auto counter = std::make_shared<Counter>();
  Workflow flow;
  flow.map("map", add_numbers(flow, 1000), [](int number) { return number; });
  StartOptions options;
  options.observers.push_back(counter);
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  run.get();
  using enum baton::Event::Kind;
  EXPECT_EQ(counter->kinds[static_cast<std::size_t>(task_started)], 2);
  EXPECT_EQ(counter->kinds[static_cast<std::size_t>(task_waiting)], 1);
  EXPECT_EQ(counter->kinds[static_cast<std::size_t>(task_ended)], 2);
}

TEST_P(Maps, TellHowFarTheyHaveCome) {
  Signal half;
  Signal go;
  Workflow flow;
  const auto items = add_numbers(flow, 100);
  const auto map = flow.map(
      "map", items,
      [&](int number) {
        if (number != 50) return;
        half.set();
        go.wait();
      },
      MapOptions{.limit = 1});
  const baton::Run run = scheduler.start(flow.build());
  half.wait();
  const auto progress = run.map_progress(map);
  ASSERT_TRUE(progress);
  EXPECT_EQ(progress->elements, 100U);
  EXPECT_LE(progress->done, 50U);
  EXPECT_FALSE(run.map_progress(items));
  go.set();
  run.get();
  EXPECT_FALSE(run.map_progress(map));
}

// ---- Reducing ----

TEST_P(Maps, ReducedInOrderAndInParallelGiveTheSame) {
  for (const std::size_t count : {0U, 1U, 64U, 257U, 10'000U, 1'000'000U}) {
    Workflow flow;
    const auto items = add_numbers(flow, count);
    const auto add = [](std::int64_t sum, int number) { return sum + number; };
    const auto in_order = flow.reduce("in order", items, std::int64_t{5}, add);
    const auto in_parallel = flow.reduce("in parallel", items, std::int64_t{0}, add, std::plus<>());
    const baton::Run run = scheduler.start(flow.build());
    const auto sum = static_cast<std::int64_t>(count == 0 ? 0 : count * (count - 1) / 2);
    EXPECT_EQ(run.get(in_order), sum + 5);
    EXPECT_EQ(run.result(in_parallel), sum);
  }
}

TEST_P(Maps, ReducedInParallelKeepTheOrder) {
  Workflow flow;
  const auto items = flow.map("text", add_numbers(flow, 5000), [](int number) { return std::to_string(number) + " "; });
  const auto joined = flow.reduce(
      "join", take(items), std::string(), [](std::string text, std::string&& more) { return std::move(text) + more; },
      std::plus<>());
  std::string expected;
  for (int i = 0; i < 5000; ++i) expected += std::to_string(i) + " ";
  EXPECT_EQ(scheduler.start(flow.build()).get(joined), expected);
}

TEST_P(Maps, ReducedByAFoldThatThrowsFail) {
  Workflow flow;
  const auto items = add_numbers(flow, 1000);
  const auto fold = [](int sum, int number) { return number == 999 ? throw std::runtime_error("no") : sum + number; };
  const auto in_order = flow.reduce("in order", items, 0, fold);
  const auto in_parallel = flow.reduce("in parallel", items, 0, fold, std::plus<>());
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(message_of<std::runtime_error>([&] { std::rethrow_exception(run.error(in_order)); }), "no");
  EXPECT_EQ(message_of<std::runtime_error>([&] { std::rethrow_exception(run.error(in_parallel)); }),
            "in parallel[255]: no");
}

}  // namespace
