// SPDX-License-Identifier: MIT
#include <baton/scheduler/scheduler.hpp>

#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

// Repeated and overlapping runs.
namespace {

using baton::Inputs;
using baton::Plan;
using baton::RunState;
using baton::Task;
using baton::TaskState;
using baton::Values;
using baton::Workflow;
using baton::test::Recorder;
using baton::test::scaled;
using baton::test::Shape;

/// A plan whose tasks compute, from one input, a number that tells every single call.
struct Sum {
  Workflow flow;
  baton::Input<std::uint64_t> seed = flow.input<std::uint64_t>("seed");
  Task<std::uint64_t> total;
  Shape shape;

  explicit Sum(const Shape& of) : shape(of) {
    const auto predecessors = shape.predecessors();
    std::vector<Task<std::uint64_t>> tasks;
    for (std::uint32_t task = 0; task < shape.tasks; ++task) {
      std::vector<Task<std::uint64_t>> before;
      for (const std::uint32_t each : predecessors[task]) before.push_back(tasks[each]);
      tasks.push_back(flow.task(
          [task](std::uint64_t start, const Values<std::uint64_t>& values) { return combine(task, start, values); },
          seed, before));
    }
    total = flow.task([](const Values<std::uint64_t>& values) { return combine(99, 0, values); }, tasks);
  }

  static std::uint64_t combine(std::uint64_t task, std::uint64_t start, const auto& values) {
    std::uint64_t sum = start * 31 + task;
    for (const std::uint64_t value : values) sum = sum * 1'000'003 + value;
    return sum;
  }

  [[nodiscard]] std::uint64_t expected(std::uint64_t start) const {
    const auto predecessors = shape.predecessors();
    std::vector<std::uint64_t> results;
    for (std::uint32_t task = 0; task < shape.tasks; ++task) {
      std::vector<std::uint64_t> before;
      for (const std::uint32_t each : predecessors[task]) before.push_back(results[each]);
      results.push_back(combine(task, start, before));
    }
    return combine(99, 0, results);
  }
};

class Overlapping : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Overlapping);

TEST_P(Overlapping, TenThousandRunsOfOnePlanAreExact) {
  const Sum sum(baton::test::random_dag(30, 2, 5));
  const Plan plan = sum.flow.build();
  std::vector<baton::Run> runs;
  const std::size_t count = scaled(10'000);
  for (std::uint64_t i = 0; i < count; ++i) runs.push_back(scheduler.start(plan, Inputs().set(sum.seed, i)));
  for (std::uint64_t i = 0; i < count; ++i) {
    runs[i].wait();
    ASSERT_EQ(runs[i].get(sum.total), sum.expected(i)) << i;
    ASSERT_EQ(runs[i].counts()[TaskState::succeeded], plan.size());
  }
}

TEST_P(Overlapping, RunsOfDifferentPlansFromManyThreadsAllEnd) {
  constexpr std::size_t starters = 4;
  std::vector<Sum> sums;
  std::vector<Plan> plans;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    sums.emplace_back(baton::test::random_dag(5 * seed, 2, seed));
    plans.push_back(sums.back().flow.build());
  }
  std::atomic<std::size_t> right{0};
  const std::size_t each = scaled(500);
  {
    std::vector<std::jthread> threads;
    for (std::size_t starter = 0; starter < starters; ++starter) {
      threads.emplace_back([&, starter] {
        std::vector<baton::Run> runs;
        for (std::size_t i = 0; i < each; ++i) {
          const std::size_t which = (i + starter) % plans.size();
          runs.push_back(scheduler.start(plans[which], Inputs().set(sums[which].seed, i)));
          if (i % 16 == 0) runs[i / 2].wait();
        }
        for (std::size_t i = 0; i < each; ++i) {
          const std::size_t which = (i + starter) % plans.size();
          right += runs[i].get(sums[which].total) == sums[which].expected(i);
        }
      });
    }
  }
  EXPECT_EQ(right, starters * each);
}

TEST_P(Overlapping, StateIsNewInEachRound) {
  Recorder recorder(baton::test::random_dag(300, 2, 9));
  const Plan plan = recorder.plan();
  for (std::size_t round = 0; round < scaled(100); ++round) {
    scheduler.start(plan).wait();
    recorder.expect_one_run();
  }
}

TEST_P(Overlapping, RunsHaveNumbersOfTheirOwn) {
  Workflow flow;
  const auto task = flow.task([](baton::Context& context) { return context.run_id(); });
  const Plan plan = flow.build();
  std::vector<baton::Run> runs;
  std::set<std::uint64_t> ids;
  for (int i = 0; i < 1000; ++i) runs.push_back(scheduler.start(plan));
  for (const baton::Run& run : runs) {
    EXPECT_EQ(run.get(task), run.id());
    ids.insert(run.id());
  }
  EXPECT_EQ(ids.size(), runs.size());
}

TEST_P(Overlapping, ALongRunDoesNotStarveAShortOne) {
  // The long run goes on until the short one has ended.
  std::atomic<bool> enough{false};
  Workflow longer;
  for (int chain = 0; chain < 16; ++chain) {
    auto task = longer.task([] {});
    for (int i = 0; i < 100; ++i) {
      task = longer
                 .task([&enough] {
                   for (int spin = 0; spin < 20'000 && !enough; ++spin)
                     std::atomic_signal_fence(std::memory_order_seq_cst);
                 })
                 .after(task);
    }
  }
  Workflow shorter;
  auto task = shorter.task([] {});
  for (int i = 0; i < 100; ++i) task = shorter.task([] {}).after(task);
  const baton::Run long_run = scheduler.start(longer.build());
  const baton::Run short_run = scheduler.start(shorter.build());
  short_run.wait();
  enough = true;
  long_run.wait();
  EXPECT_TRUE(long_run.succeeded());
}

TEST_P(Overlapping, FailedRunLeavesPlanAndPoolInOrder) {
  std::atomic<bool> fail{true};
  std::atomic<int> after{0};
  Workflow flow;
  const auto task = flow.task([&] {
    if (fail) throw std::runtime_error("no luck");
  });
  flow.task([&] { ++after; }).after(task);
  const Plan plan = flow.build();
  for (int round = 0; round < 20; ++round) {
    fail = true;
    const baton::Run failed = scheduler.start(plan);
    failed.wait();
    EXPECT_EQ(failed.state(), RunState::failed);
    fail = false;
    const baton::Run good = scheduler.start(plan);
    good.wait();
    EXPECT_EQ(good.state(), RunState::succeeded);
    EXPECT_TRUE(good.failures().empty());
    EXPECT_EQ(after, round + 1);
  }
}

TEST_P(Overlapping, PlansOutliveTheirWorkflow) {
  std::vector<baton::Run> runs;
  for (int i = 0; i < 200; ++i) {
    Workflow flow;
    const auto text = flow.task([i] { return std::string(100, static_cast<char>('a' + i % 26)); });
    flow.task([](const std::string& value) { return value.size(); }, text);
    runs.push_back(scheduler.start(std::move(flow).build()));
  }
  for (const baton::Run& run : runs) {
    run.wait();
    EXPECT_TRUE(run.succeeded());
  }
}

TEST_P(Overlapping, EditsOfTheWorkflowShowInPlansBuiltAfterwardsOnly) {
  std::atomic<int> value{0};
  Workflow flow;
  const auto task = flow.task([&] { value = 1; });
  const Plan first = flow.build();
  flow.replace(task, [&] { value = 2; });
  const Plan second = flow.build();
  scheduler.start(first).wait();
  EXPECT_EQ(value, 1);
  scheduler.start(second).wait();
  EXPECT_EQ(value, 2);
  scheduler.start(first).wait();
  EXPECT_EQ(value, 1);
}

TEST_P(Overlapping, CountsRunsThatGoOn) {
  EXPECT_EQ(scheduler.running(), 0U);
  std::atomic<bool> go{false};
  Workflow flow;
  flow.task([&] { go.wait(false); });
  const Plan plan = flow.build();
  std::vector<baton::Run> runs;
  for (int i = 0; i < 5; ++i) runs.push_back(scheduler.start(plan));
  EXPECT_EQ(scheduler.running(), 5U);
  go = true;
  go.notify_all();
  scheduler.wait_all();
  EXPECT_EQ(scheduler.running(), 0U);
  for (const baton::Run& run : runs) EXPECT_TRUE(run.ended());
}

TEST_P(Overlapping, TwoSchedulersShareAPool) {
  baton::Scheduler other(pool);
  const Sum sum(baton::test::random_dag(20, 2, 3));
  const Plan plan = sum.flow.build();
  std::vector<baton::Run> runs;
  for (std::uint64_t i = 0; i < scaled(500); ++i) {
    runs.push_back((i % 2 == 0 ? scheduler : other).start(plan, Inputs().set(sum.seed, i)));
  }
  for (std::uint64_t i = 0; i < runs.size(); ++i) EXPECT_EQ(runs[i].get(sum.total), sum.expected(i));
}

}  // namespace
