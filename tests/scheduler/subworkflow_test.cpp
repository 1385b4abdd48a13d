// SPDX-License-Identifier: MIT
#include <baton/scheduler/scheduler.hpp>

#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

using baton::Input;
using baton::Plan;
using baton::RunFailed;
using baton::RunState;
using baton::StartOptions;
using baton::take;
using baton::Task;
using baton::TaskState;
using baton::Workflow;
using baton::test::message_of;

class Subworkflows : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Subworkflows);

struct Adder {
  Workflow flow{"adder"};
  Input<int> a = flow.input<int>("a");
  Input<int> b = flow.input<int>("b", 100);
  Task<int> sum = flow.task("sum", [](int x, int y) { return x + y; }, a, b);
  Plan plan = flow.build();
};

TEST_P(Subworkflows, GetInputsAndGiveAResult) {
  const Adder adder;
  Workflow flow;
  const auto one = flow.task([] { return 1; });
  const auto two = flow.task([] { return 2; });
  const auto both =
      flow.subworkflow("both", adder.plan, adder.sum, baton::bind(adder.a, one), baton::bind(adder.b, two));
  const auto fallback = flow.subworkflow("fallback", adder.plan, adder.sum, baton::bind(adder.a, both));
  const auto last = flow.task([](int x, int y) { return x * y; }, both, fallback);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(last), 3 * 103);
  EXPECT_EQ(run.result(both), 3);
  EXPECT_EQ(run.result(fallback), 103);
}

TEST_P(Subworkflows, OfOnePlanInManyPlacesAreIndependent) {
  const Adder adder;
  Workflow flow;
  std::vector<Task<int>> results;
  for (int i = 0; i < 200; ++i) {
    const auto number = flow.task([i] { return i; });
    results.push_back(
        flow.subworkflow("child " + std::to_string(i), adder.plan, adder.sum, baton::bind(adder.a, number)));
  }
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < baton::test::scaled(5); ++round) {
    const baton::Run run = scheduler.start(plan);
    run.wait();
    for (int i = 0; i < 200; ++i) EXPECT_EQ(run.result(results[static_cast<std::size_t>(i)]), i + 100);
  }
}

TEST_P(Subworkflows, NestedTenDeepEnd) {
  Workflow innermost;
  Input<int> input = innermost.input<int>("x");
  Task<int> output = innermost.task([](int value) { return value + 1; }, input);
  Plan plan = innermost.build();
  for (int depth = 0; depth < 10; ++depth) {
    Workflow flow;
    const Input<int> x = flow.input<int>("x");
    const auto child = flow.subworkflow("child", plan, output, baton::bind(input, x));
    output = flow.task([](int value) { return value + 1; }, child);
    input = x;
    plan = flow.build();
  }
  EXPECT_EQ(scheduler.start(plan, baton::Inputs().set(input, 5)).get(output), 16);
}

TEST_P(Subworkflows, OfManyTasksAreRunOnceAndInOrder) {
  baton::test::Recorder recorder(baton::test::random_dag(1000, 2, 4));
  const Plan inner = recorder.plan();
  Workflow flow;
  std::atomic<bool> ended{false};
  const auto first = flow.task([] {});
  const auto child = flow.subworkflow("child", inner).after(first);
  flow.task([&] { ended = recorder.calls(999) == 1; }).after(child);
  scheduler.start(flow.build()).get();
  EXPECT_TRUE(ended);
  recorder.expect_one_run();
}

TEST_P(Subworkflows, WithoutTasksEndWell) {
  Workflow flow;
  const auto child = flow.subworkflow("child", Plan{});
  const auto next = flow.task([] { return 1; }).after(child);
  EXPECT_EQ(scheduler.start(flow.build()).get(next), 1);
}

TEST_P(Subworkflows, HoldNoWorker) {
  // As many children as there are workers wait for one another.
  baton::test::Meeting meeting(threads());
  Workflow inner;
  inner.task([&] { meeting.join(); });
  const Plan plan = inner.build();
  Workflow flow;
  for (std::size_t i = 0; i < threads(); ++i) flow.subworkflow("child " + std::to_string(i), plan);
  scheduler.start(flow.build()).get();
}

TEST_P(Subworkflows, ResultsThatOnlyMoveArrive) {
  Workflow inner;
  const Input<std::unique_ptr<int>> x = inner.input<std::unique_ptr<int>>("x");
  const auto out = inner.task(
      [](std::unique_ptr<int> value) {
        ++*value;
        return value;
      },
      take(x));
  const Plan plan = inner.build();
  Workflow flow;
  const auto made = flow.task([] { return std::make_unique<int>(4); });
  const auto child = flow.subworkflow("child", plan, out, baton::bind(x, take(made)));
  const auto number = flow.task([](std::unique_ptr<int> value) { return *value; }, take(child));
  EXPECT_EQ(scheduler.start(flow.build()).get(number), 5);
}

TEST_P(Subworkflows, FailureNamesTheInnerTask) {
  Workflow inner{"inner"};
  inner.task("disk", [] { throw std::runtime_error("disk full"); });
  const Plan plan = inner.build();
  Workflow middle{"middle"};
  middle.subworkflow("part", plan);
  const Plan middle_plan = middle.build();
  Workflow outer{"outer"};
  const auto child = outer.subworkflow("whole", middle_plan);
  const auto next = outer.task("next", [] {}).after(child);
  const auto beside = outer.task("beside", [] { return 1; });
  const baton::Run run = scheduler.start(outer.build());
  run.wait();
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.state(child), TaskState::failed);
  EXPECT_EQ(run.state(next), TaskState::omitted);
  EXPECT_EQ(run.cause(next), run.plan().id(child));
  EXPECT_EQ(run.result(beside), 1);
  const std::string message = message_of<RunFailed>([&] { run.get(); });
  EXPECT_EQ(message,
            "run " + std::to_string(run.id()) + " of workflow 'outer' failed\n  task 'whole/part/disk': disk full");
  EXPECT_THROW(std::rethrow_exception(run.error(child)), RunFailed);
}

TEST_P(Subworkflows, ThatCannotRunFailTheirTask) {
  Workflow inner{"inner"};
  inner.task("reads", [] {}).resource("disk");
  const Plan plan = inner.build();
  Workflow outer{"outer"};
  const auto child = outer.subworkflow("child", plan);
  baton::Run run;
  // A resource may be reported when the outer run starts, or when the inner one does.
  try {
    run = scheduler.start(outer.build());
  } catch (const baton::DefinitionError&) {
    return;
  }
  run.wait();
  EXPECT_EQ(run.state(child), TaskState::failed);
  EXPECT_EQ(run.failures().front().message,
            "plan 'inner' cannot run: task 'reads' asks for 1 of resource 'disk', which the scheduler does not have; "
            "declare it by Scheduler::resource");
}

TEST_P(Subworkflows, OutputThatWasHandedOverInsideFailsTheTask) {
  Workflow inner{"inner"};
  const auto made = inner.task("made", [] { return 1; });
  inner.task("taker", [](int&&) {}, take(made));
  const Plan plan = inner.build();
  Workflow outer;
  const auto child = outer.subworkflow("child", plan, made);
  const baton::Run run = scheduler.start(outer.build());
  run.wait();
  EXPECT_EQ(run.state(child), TaskState::failed);
}

TEST_P(Subworkflows, StopWithTheRunThatStopsAtAFailure) {
  if (threads() < 2) return;  // the failing task needs a worker beside the one that waits for the stop
  baton::test::Signal running;
  std::atomic<int> calls{0};
  Workflow inner;
  const auto body = inner.task([&](baton::Context& context) {
    running.set();
    while (!context.stop_requested()) std::this_thread::yield();
    context.throw_if_stopped();
  });
  inner.task([&] { ++calls; }).after(body);
  const Plan plan = inner.build();
  Workflow flow;
  const auto child = flow.subworkflow("child", plan).priority(1);
  flow.task([&] {
    running.wait();
    throw std::runtime_error("no");
  });
  StartOptions options;
  options.failure_mode = baton::FailureMode::stop;
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  run.wait();
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.state(child), TaskState::cancelled);
  EXPECT_EQ(calls, 0);
}

TEST_P(Subworkflows, AreRunsThatTheSchedulerCounts) {
  baton::test::Signal running;
  baton::test::Signal go;
  Workflow inner;
  inner.task([&] {
    running.set();
    go.wait();
  });
  Workflow flow;
  const auto child = flow.subworkflow("child", inner.build());
  const baton::Run run = scheduler.start(flow.build());
  running.wait();
  EXPECT_EQ(scheduler.running(), 2U);
  EXPECT_EQ(run.state(child), TaskState::waiting);
  go.set();
  run.wait();
  scheduler.wait_all();
}

TEST_P(Subworkflows, OfAChainOfAThousandEnd) {
  const Adder adder;
  Workflow flow;
  auto value = flow.task([] { return 0; });
  const auto one = flow.task([] { return 1; });
  for (int i = 0; i < 1000; ++i) {
    value = flow.subworkflow("child " + std::to_string(i), adder.plan, adder.sum, baton::bind(adder.a, value),
                             baton::bind(adder.b, one));
  }
  EXPECT_EQ(scheduler.start(flow.build()).get(value), 1000);
}

}  // namespace
