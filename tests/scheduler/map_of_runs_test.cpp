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
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using baton::Context;
using baton::DefinitionError;
using baton::Input;
using baton::MapOptions;
using baton::Outcome;
using baton::Plan;
using baton::RunState;
using baton::take;
using baton::Task;
using baton::TaskState;
using baton::Workflow;
using baton::test::Counted;
using baton::test::message_of;
using baton::test::scaled;
using baton::test::Tally;

class MapsOfRuns : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(MapsOfRuns);

std::vector<int> numbers(std::size_t count) {
  std::vector<int> list(count);
  std::iota(list.begin(), list.end(), 0);
  return list;
}

/// A workflow that doubles a number and adds another.
struct Order {
  Workflow flow{"order"};
  Input<int> number = flow.input<int>("number");
  Input<int> shift = flow.input<int>("shift", 0);
  Task<int> doubled = flow.task("double", [](int value) { return 2 * value; }, number);
  Task<int> result = flow.task("add", [](int a, int b) { return a + b; }, doubled, shift);
  Plan plan = flow.build();
};

TEST_P(MapsOfRuns, GiveTheResultsInOrder) {
  const Order order;
  for (const std::size_t count : {0U, 1U, 64U, 10'000U}) {
    Workflow flow;
    const auto items = flow.task([count] { return numbers(count); });
    const auto shift = flow.task([] { return 1; });
    const auto results =
        flow.map("order", items, order.plan, order.number, order.result, {}, baton::bind(order.shift, shift));
    const baton::Run run = scheduler.start(flow.build());
    ASSERT_EQ(run.get(results).size(), count);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(run.result(results)[i], static_cast<int>(2 * i + 1));
  }
}

TEST_P(MapsOfRuns, MoveValuesInAndOut) {
  Tally tally;
  Workflow inner;
  const auto input = inner.input<std::unique_ptr<Counted>>("value");
  const auto output = inner.task([](std::unique_ptr<Counted> value) { return value; }, take(input));
  const Plan plan = inner.build();
  Workflow flow;
  const auto items = flow.task([&] {
    std::vector<std::unique_ptr<Counted>> list(300);
    for (int i = 0; i < 300; ++i) list[static_cast<std::size_t>(i)] = std::make_unique<Counted>(tally, i);
    return list;
  });
  const auto results = flow.map("move", take(items), plan, input, output);
  {
    const baton::Run run = scheduler.start(flow.build());
    for (std::size_t i = 0; i < 300; ++i) EXPECT_EQ(run.get(results)[i]->value(), static_cast<int>(i));
  }
  scheduler.wait_all();
  EXPECT_EQ(tally.alive, 0);
  EXPECT_EQ(tally.copies + tally.moves, 0);
}

TEST_P(MapsOfRuns, HaveAsManyInFlightAsTheLimitAllowsAndNeverMore) {
  // Runs that wait take no thread, so that more are in flight than there are threads.
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{3}, std::size_t{50}}) {
    baton::VirtualClock clock;
    baton::Scheduler timed(pool, {.clock = &clock});
    std::atomic<std::size_t> inside{0};
    std::atomic<std::size_t> most{0};
    Workflow inner;
    const auto input = inner.input<int>("x");
    const auto park = inner.task(
        [&](Context& context, int) {
          const std::size_t now = ++inside;
          std::size_t seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          context.park_for(std::chrono::hours(1));
        },
        input);
    const auto output = inner.task([&] { --inside; }).after(park);
    const Plan plan = inner.build();
    Workflow flow;
    flow.map("park", flow.task([] { return numbers(200); }), plan, input, output, {.limit = limit});
    timed.start(flow.build()).get();
    const std::size_t expected = limit == 0 ? 2 * threads() : limit;
    EXPECT_EQ(most, expected) << limit;
    EXPECT_EQ(clock.now().time_since_epoch(), std::chrono::hours((200 + expected - 1) / expected));
  }
}

TEST_P(MapsOfRuns, FailWithTheNameOfTheElement) {
  Workflow inner("order");
  const auto input = inner.input<int>("x");
  const auto output =
      inner.task("check", [](int x) { return x == 77 ? throw std::runtime_error("no stock") : x; }, input);
  const Plan plan = inner.build();
  Workflow flow;
  const auto items = flow.task([] { return numbers(1000); });
  const auto map = flow.map("order", items, plan, input, output);
  const auto outcomes = flow.map_outcomes("outcomes", items, plan, input, output);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(map), TaskState::failed);
  EXPECT_EQ(message_of<baton::RunFailed>([&] { std::rethrow_exception(run.error(map)); }),
            "task 'order[77]/check': no stock");
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(run.result(outcomes)[i].succeeded(), i != 77);
}

TEST_P(MapsOfRuns, FailWhereAnElementCannotBeStarted) {
  Workflow inner;
  const auto input = inner.input<int>("x");
  const auto output = inner.task([](int x) { return x; }, input).resource("missing");
  const Plan plan = inner.build();
  Workflow flow;
  const auto map = flow.map("order", flow.task([] { return numbers(10); }), plan, input, output);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(map), TaskState::failed);
  EXPECT_THAT(message_of<baton::PartFailed>([&] { std::rethrow_exception(run.error(map)); }),
              testing::AllOf(testing::StartsWith("order["), testing::HasSubstr("missing")));
}

TEST_P(MapsOfRuns, AreNested) {
  // Vectors of vectors of vectors, by maps in plans of maps.
  Workflow innermost;
  const auto number = innermost.input<int>("number");
  const auto squared = innermost.task([](int x) { return x * x; }, number);
  const Plan square = innermost.build();
  Workflow middle;
  const auto row = middle.input<std::vector<int>>("row");
  const auto squares = middle.map("cell", row, square, number, squared);
  const auto sum = middle.reduce("sum", squares, 0, std::plus<>());
  const Plan sum_of_row = middle.build();
  Workflow flow;
  const auto table = flow.task([] {
    std::vector<std::vector<int>> rows;
    for (std::size_t size = 0; size < 100; ++size) rows.push_back(numbers(size));
    return rows;
  });
  const auto sums = flow.map("row", table, sum_of_row, row, sum);
  const auto lengths = flow.map("length", table, [](const std::vector<int>& list) { return list.size(); });
  const baton::Run run = scheduler.start(flow.build());
  for (std::size_t i = 0; i < 100; ++i) {
    const std::vector<int> list = numbers(i);
    EXPECT_EQ(run.get(sums)[i], std::inner_product(list.begin(), list.end(), list.begin(), 0));
    EXPECT_EQ(run.result(lengths)[i], i);
  }
}

TEST_P(MapsOfRuns, CancelledAtAnyTimeCancelTheirRuns) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (std::size_t round = 0; round < scaled(100); ++round) {
    Tally tally;
    std::atomic<int> calls{0};
    const int at = static_cast<int>(random() % 300);
    {
      Workflow inner;
      const auto input = inner.input<int>("x");
      const auto output = inner.task(
          [&](int x) {
            ++calls;
            return Counted(tally, x);
          },
          input);
      const Plan plan = inner.build();
      Workflow flow;
      const auto map = flow.map("map", flow.task([] { return numbers(300); }), plan, input, output);
      const baton::Run run = scheduler.start(flow.build());
      while (calls < at && !run.ended()) std::this_thread::yield();
      run.cancel();
      run.wait();
      EXPECT_TRUE(run.state(map) == TaskState::cancelled || calls == 300);
    }
    scheduler.wait_all();
    EXPECT_EQ(tally.alive, 0);
  }
}

TEST_P(MapsOfRuns, EndAtOnceWhenCancelledWhileTheirRunsWait) {
  baton::test::Signal begun;
  Workflow inner;
  const auto input = inner.input<int>("x");
  const auto output = inner.task(
      [&](Context& context, int) {
        context.park_for(std::chrono::hours(24));
        begun.set();
      },
      input);
  const Plan plan = inner.build();
  Workflow flow;
  flow.map("map", flow.task([] { return numbers(300); }), plan, input, output);
  const baton::Run run = scheduler.start(flow.build());
  begun.wait();
  run.cancel();
  EXPECT_TRUE(run.wait_for(baton::test::patience));
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST_P(MapsOfRuns, OfAnEmptyPlanEnd) {
  Workflow inner;
  const auto input = inner.input<int>("x");
  const Plan plan = inner.build();
  Workflow flow;
  const auto same = flow.map("same", flow.task([] { return numbers(1000); }), plan, input, input);
  EXPECT_EQ(scheduler.start(flow.build()).get(same), numbers(1000));
}

TEST(MapsOfRunsByHand, RunOnTheHostsThread) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  const Order order;
  Workflow flow;
  const auto results =
      flow.map("order", flow.task([] { return numbers(500); }), order.plan, order.number, order.result);
  const baton::Run run = scheduler.start(flow.build());
  while (executor.run_one()) {
  }
  ASSERT_TRUE(run.succeeded());
  for (std::size_t i = 0; i < 500; ++i) EXPECT_EQ(run.result(results)[i], static_cast<int>(2 * i));
}

TEST(MapsOfRunsByHand, ReportWhatIsNotOfThePlan) {
  const Order order;
  const Order other;
  Workflow flow;
  const auto items = flow.task([] { return numbers(5); });
  flow.map("orders", items, order.plan, other.number, order.result);
  EXPECT_THAT(message_of<DefinitionError>([&] { static_cast<void>(flow.build()); }),
              testing::AllOf(testing::HasSubstr("task 'orders'"), testing::HasSubstr("of plan 'order'")));
}

}  // namespace
