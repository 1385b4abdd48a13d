// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/event_log.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

// Random graphs with random failures on pools of random size, against a model that does one task after the other.
namespace {

using baton::Context;
using baton::FailureMode;
using baton::Plan;
using baton::RunState;
using baton::Scheduler;
using baton::StartOptions;
using baton::Task;
using baton::TaskId;
using baton::TaskState;
using baton::Values;
using baton::Workflow;
using baton::test::Shape;

/// What a task of the random graph does.
enum class Deed { succeeds, fails, gives_up, parks, parks_and_fails };

struct Case {
  Shape shape;
  std::vector<Deed> deeds;
  std::vector<bool> needs_resource;
  std::vector<std::int64_t> times;  // of those that park
};

Case random_case(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Case result;
  result.shape = baton::test::random_dag(1 + random() % 120, static_cast<double>(random() % 30) / 10, seed);
  const std::uint64_t failures = random() % 20;  // a twentieth of the tasks each
  for (std::uint32_t task = 0; task < result.shape.tasks; ++task) {
    const std::uint64_t draw = random() % 60;
    result.deeds.push_back(draw < failures     ? (draw % 4 == 0   ? Deed::gives_up
                                                  : draw % 4 == 1 ? Deed::parks_and_fails
                                                                  : Deed::fails)
                           : random() % 5 == 0 ? Deed::parks
                                               : Deed::succeeds);
    result.needs_resource.push_back(random() % 6 == 0);
    result.times.push_back(static_cast<std::int64_t>(random() % 50));
  }
  return result;
}

struct Outcome {
  TaskState state;
  std::uint64_t value = 0;
};

std::uint64_t mix(std::uint32_t task, const auto& values) {
  std::uint64_t sum = task + 1;
  for (const std::uint64_t value : values) sum = sum * 6364136223846793005ULL + value;
  return sum;
}

/// By task, what must come of it.
std::vector<Outcome> model(const Case& of) {
  const auto predecessors = of.shape.predecessors();
  std::vector<Outcome> outcomes;
  for (std::uint32_t task = 0; task < of.shape.tasks; ++task) {
    std::vector<std::uint64_t> values;
    bool all_succeeded = true;
    for (const std::uint32_t before : predecessors[task]) {
      all_succeeded = all_succeeded && outcomes[before].state == TaskState::succeeded;
      values.push_back(outcomes[before].value);
    }
    switch (all_succeeded ? of.deeds[task] : Deed::succeeds) {
      case Deed::fails:
      case Deed::parks_and_fails:
        outcomes.push_back({TaskState::failed});
        break;
      case Deed::gives_up:
        outcomes.push_back({TaskState::cancelled});
        break;
      default:
        outcomes.push_back(all_succeeded ? Outcome{TaskState::succeeded, mix(task, values)}
                                         : Outcome{TaskState::omitted});
    }
  }
  return outcomes;
}

struct Built {
  Workflow flow;
  std::vector<Task<std::uint64_t>> tasks;

  explicit Built(const Case& of) {
    const auto predecessors = of.shape.predecessors();
    for (std::uint32_t task = 0; task < of.shape.tasks; ++task) {
      std::vector<Task<std::uint64_t>> before;
      for (const std::uint32_t each : predecessors[task]) before.push_back(tasks[each]);
      tasks.push_back(flow.task(
          [deed = of.deeds[task], time = of.times[task], task](Context& context, const Values<std::uint64_t>& values) {
            if (deed == Deed::parks || deed == Deed::parks_and_fails) context.park_for(baton::Duration(time));
            if (deed == Deed::fails || deed == Deed::parks_and_fails) throw std::runtime_error(std::to_string(task));
            if (deed == Deed::gives_up) throw baton::Cancelled();
            return mix(task, values);
          },
          before));
      if (of.needs_resource[task]) tasks.back().resource("seat");
    }
  }
};

/// That each omitted task names a failed or cancelled ancestor.
void expect_causes(const baton::Run& run) {
  const Plan& plan = run.plan();
  for (std::uint32_t id = 0; id < plan.size(); ++id) {
    const std::optional<TaskId> cause = run.cause(TaskId{id});
    ASSERT_EQ(cause.has_value(), run.state(TaskId{id}) == TaskState::omitted);
    if (!cause) continue;
    const TaskState of_cause = run.state(*cause);
    ASSERT_TRUE(of_cause == TaskState::failed || of_cause == TaskState::cancelled);
    std::vector<TaskId> reached{TaskId{id}};
    for (std::size_t at = 0; at < reached.size() && reached.back() != *cause; ++at) {
      for (const TaskId before : plan.predecessors(reached[at])) {
        if (std::find(reached.begin(), reached.end(), before) == reached.end()) reached.push_back(before);
        if (before == *cause) break;
      }
    }
    ASSERT_NE(std::find(reached.begin(), reached.end(), *cause), reached.end());
  }
}

void expect_as_model(const Case& of, const Built& built, const baton::Run& run) {
  const std::vector<Outcome> expected = model(of);
  std::size_t failed = 0;
  bool any_ill = false;
  for (std::uint32_t task = 0; task < of.shape.tasks; ++task) {
    ASSERT_EQ(run.state(built.tasks[task]), expected[task].state) << "task " << task;
    if (expected[task].state == TaskState::succeeded) {
      ASSERT_EQ(run.result(built.tasks[task]), expected[task].value) << "task " << task;
    }
    failed += expected[task].state == TaskState::failed;
    any_ill = any_ill || expected[task].state != TaskState::succeeded;
    ASSERT_EQ(run.error(built.tasks[task]) != nullptr, expected[task].state == TaskState::failed);
  }
  ASSERT_EQ(run.failures().size(), failed);
  for (const baton::TaskFailure& failure : run.failures()) {
    ASSERT_EQ(failure.message, std::to_string(run.plan().creation_index(failure.task)));
  }
  ASSERT_EQ(run.succeeded(), !any_ill);
  if (failed > 0) {
    ASSERT_EQ(run.state(), RunState::failed);
  }
  expect_causes(run);
}

class AgainstTheModel : public testing::TestWithParam<std::size_t> {
 protected:
  baton::test::CheckedPool pool{GetParam()};
  baton::VirtualClock clock;
  Scheduler scheduler{pool, {.clock = &clock}};
};
BATON_ON_EACH_POOL(AgainstTheModel);

TEST_P(AgainstTheModel, RandomGraphsWithRandomFailuresEndAsTheyMust) {
  scheduler.resource("seat", 2);
  for (std::uint64_t seed = 1; seed <= baton::test::scaled(150); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case of = random_case(seed);
    const Built built(of);
    const Plan plan = built.flow.build();
    std::vector<baton::Run> runs;
    for (int copy = 0; copy < 3; ++copy) runs.push_back(scheduler.start(plan));
    for (const baton::Run& run : runs) {
      run.wait();
      expect_as_model(of, built, run);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(AgainstTheModel, RandomGraphsObservedEndAsTheyMust) {
  scheduler.resource("seat", 1);
  for (std::uint64_t seed = 1001; seed <= 1000 + baton::test::scaled(50); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case of = random_case(seed);
    const Built built(of);
    const auto log = std::make_shared<baton::test::EventLog>();
    StartOptions options;
    options.observers.push_back(log);
    const baton::Run run = scheduler.start(built.flow.build(), std::move(options));
    run.wait();
    scheduler.wait_all();
    expect_as_model(of, built, run);
    if (HasFatalFailure()) return;
    // The events, played again, give the same states.
    std::vector<TaskState> states(of.shape.tasks, TaskState::pending);
    for (const auto& event : log->events()) {
      if (event.of_task()) states[index_of(event.task)] = event.state;
    }
    EXPECT_EQ(states, run.states());
  }
}

TEST_P(AgainstTheModel, RandomGraphsCancelledAtRandomEndConsistently) {
  scheduler.resource("seat", 2);
  for (std::uint64_t seed = 2001; seed <= 2000 + baton::test::scaled(150); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Case of = random_case(seed);
    const Built built(of);
    const std::vector<Outcome> expected = model(of);
    StartOptions options;
    options.failure_mode = seed % 3 == 0 ? FailureMode::stop : FailureMode::finish_independent;
    const baton::Run run = scheduler.start(built.flow.build(), std::move(options));
    for (std::uint64_t spin = 0; spin < seed % 40; ++spin) std::this_thread::yield();
    if (seed % 5 != 0) run.cancel();
    run.wait();
    const auto predecessors = of.shape.predecessors();
    for (std::uint32_t task = 0; task < of.shape.tasks; ++task) {
      const TaskState state = run.state(built.tasks[task]);
      ASSERT_TRUE(baton::is_outcome(state));
      ASSERT_TRUE(state == expected[task].state || state == TaskState::cancelled) << "task " << task << ": " << state;
      if (state == TaskState::succeeded) {
        ASSERT_EQ(run.result(built.tasks[task]), expected[task].value);
        for (const std::uint32_t before : predecessors[task]) {
          ASSERT_EQ(run.state(built.tasks[before]), TaskState::succeeded);
        }
      }
    }
  }
  scheduler.wait_all();
  // All units are back.
  Workflow flow;
  flow.task([] {}).resource("seat", 2);
  scheduler.start(flow.build()).get();
}

TEST(AgainstTheModelByHand, RandomGraphsEndTheSameEachTime) {
  for (std::uint64_t seed = 3001; seed <= 3000 + baton::test::scaled(50); ++seed) {
    const Case of = random_case(seed);
    const Built built(of);
    const Plan plan = built.flow.build();
    std::vector<std::vector<std::pair<TaskId, std::int64_t>>> orders;
    for (int round = 0; round < 2; ++round) {
      baton::ManualExecutor executor;
      baton::VirtualClock clock;
      Scheduler scheduler(executor, {.clock = &clock});
      scheduler.resource("seat", 2);
      auto& order = orders.emplace_back();
      StartOptions options;
      options.observers.push_back(std::make_shared<baton::test::CallingObserver>([&](const baton::Event& event) {
        if (event.kind == baton::Event::Kind::task_ended)
          order.emplace_back(event.task, event.time.time_since_epoch().count());
      }));
      const baton::Run run = scheduler.start(plan, std::move(options));
      executor.run_until_idle();
      ASSERT_TRUE(run.ended()) << "seed " << seed;
      expect_as_model(of, built, run);
    }
    EXPECT_EQ(orders[0], orders[1]) << "seed " << seed;
  }
}

RC_GTEST_PROP(AgainstTheModelByChance, AnyGraphEndsAsItMust, (std::uint64_t seed)) {
  const auto threads = static_cast<std::size_t>(*rc::gen::inRange(1, 5));
  const Case of = random_case(seed);
  const Built built(of);
  baton::test::CheckedPool pool(threads);
  baton::VirtualClock clock;
  Scheduler scheduler(pool, {.clock = &clock});
  scheduler.resource("seat", 1);
  const baton::Run run = scheduler.run(built.flow.build());
  const std::vector<Outcome> expected = model(of);
  for (std::uint32_t task = 0; task < of.shape.tasks; ++task) {
    RC_ASSERT(run.state(built.tasks[task]) == expected[task].state);
  }
}

}  // namespace
