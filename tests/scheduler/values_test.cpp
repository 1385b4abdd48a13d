// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/counted.hpp"
#include "support/event_log.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

// Values are made once, not copied, and destroyed once, whatever becomes of their task.
namespace {

using baton::Context;
using baton::Input;
using baton::Inputs;
using baton::Plan;
using baton::RunState;
using baton::StartOptions;
using baton::take;
using baton::Task;
using baton::TaskState;
using baton::Values;
using baton::Workflow;
using baton::test::Counted;
using baton::test::Tally;

class ValuesOfTasks : public baton::test::OnEachPool {
 protected:
  Tally tally;

  /// Starts `plan`, waits until it has ended, and lets go of it.
  RunState run(const Plan& plan, StartOptions options = {}) {
    const baton::Run started = scheduler.start(plan, std::move(options));
    started.wait();
    return started.state();
  }
  void expect_all_gone() {
    scheduler.wait_all();
    EXPECT_EQ(tally.alive, 0);
  }
};
BATON_ON_EACH_POOL(ValuesOfTasks);

TEST_P(ValuesOfTasks, AreNeverCopied) {
  Workflow flow;
  const auto value = flow.task([this] { return Counted(tally, 5); });
  std::vector<Task<Counted>> group;
  for (int i = 0; i < 10; ++i)
    group.push_back(flow.task([this, i](const Counted&) { return Counted(tally, i); }, value));
  const auto sum = flow.task(
      [](const Values<Counted>& values, const Counted& one) {
        int total = one.value();
        for (const Counted& each : values) total += each.value();
        return total;
      },
      group, value);
  const auto taken = flow.task([](Counted&& last) { return last.value(); },
                               take(flow.task([this](const Counted&) { return Counted(tally, 9); }, value)));
  const Plan plan = flow.build();
  {
    const baton::Run done = scheduler.start(plan);
    EXPECT_EQ(done.get(sum), 50);
    EXPECT_EQ(done.result(taken), 9);
    EXPECT_EQ(done.result(value).value(), 5);
  }
  expect_all_gone();
  EXPECT_EQ(tally.made, 12);
  EXPECT_EQ(tally.copies, 0);
  EXPECT_EQ(tally.moves, 0) << "a returned value is constructed in its place";
}

TEST_P(ValuesOfTasks, AreMovedOnceToATakerByValue) {
  Workflow flow;
  const auto value = flow.task([this] { return Counted(tally, 5); });
  const auto number = flow.task([](Counted mine) { return mine.value(); }, take(value));
  const Plan plan = flow.build();
  EXPECT_EQ(scheduler.start(plan).get(number), 5);
  expect_all_gone();
  EXPECT_EQ(tally.copies, 0);
  EXPECT_EQ(tally.moves, 1);
}

TEST_P(ValuesOfTasks, LiveAsLongAsAHandle) {
  Workflow flow;
  flow.task([this] { return Counted(tally); });
  baton::Run done = scheduler.start(flow.build());
  done.wait();
  scheduler.wait_all();
  EXPECT_EQ(tally.alive, 1);
  done = baton::Run();
  EXPECT_EQ(tally.alive, 0);
}

TEST_P(ValuesOfTasks, AreDestroyedWhenNobodyKeepsAHandle) {
  Workflow flow;
  for (int i = 0; i < 100; ++i) flow.task([this] { return Counted(tally); });
  const Plan plan = flow.build();
  for (int i = 0; i < 50; ++i) static_cast<void>(scheduler.start(plan));
  expect_all_gone();
  EXPECT_EQ(tally.made, 5000);
}

TEST_P(ValuesOfTasks, AreDestroyedOnceWhenOtherTasksFail) {
  Workflow flow;
  const auto good = flow.task([this] { return Counted(tally); });
  const auto bad = flow.task(
      [this](const Counted&) -> Counted {
        const Counted local(tally);
        throw std::runtime_error("no");
      },
      good);
  flow.task([this](const Counted&, Counted&&) { return Counted(tally); }, good, take(bad));
  EXPECT_EQ(run(flow.build()), RunState::failed);
  expect_all_gone();
  EXPECT_EQ(tally.made, 2);
}

TEST_P(ValuesOfTasks, WhoseConstructionThrowsAreNotDestroyed) {
  struct Fragile : Counted {
    explicit Fragile(Tally& tally, bool fail) : Counted(tally) {
      if (fail) throw std::runtime_error("half made");
    }
  };
  Workflow flow;
  for (int i = 0; i < 50; ++i) flow.task([this, i] { return Fragile(tally, i % 2 == 0); });
  EXPECT_EQ(run(flow.build()), RunState::failed);
  expect_all_gone();
  EXPECT_EQ(tally.made, 50);
}

TEST_P(ValuesOfTasks, AreDestroyedOnceInACancelledRun) {
  baton::test::Signal reached;
  Workflow flow;
  const auto first = flow.task([this] { return Counted(tally); });
  const auto second = flow.task(
      [&, this](Context& context, const Counted&) {
        Counted local(tally);
        reached.set();
        while (!context.stop_requested()) std::this_thread::yield();
        context.throw_if_stopped();
        return local;
      },
      first);
  flow.task([this](const Counted&) { return Counted(tally); }, second);
  {
    const baton::Run started = scheduler.start(flow.build());
    reached.wait();
    started.cancel();
    started.wait();
    EXPECT_EQ(started.state(second), TaskState::cancelled);
  }
  expect_all_gone();
}

TEST_P(ValuesOfTasks, OfParkedTasksAreDestroyedOnce) {
  // Once the time is over, and once by a cancel before that.
  for (const bool cancel : {false, true}) {
    baton::VirtualClock clock;
    baton::Scheduler with_clock(pool, {.clock = &clock});
    auto waiting = std::make_shared<std::atomic<int>>(0);
    auto observer = std::make_shared<baton::test::CallingObserver>([waiting](const baton::Event& event) {
      if (event.kind == baton::Event::Kind::task_waiting && ++*waiting == 100) waiting->notify_all();
    });
    Workflow flow;
    std::vector<Task<Counted>> parked;
    for (int i = 0; i < 100; ++i) {
      parked.push_back(flow.task([this](Context& context) {
        context.park_for(std::chrono::hours(1));
        return Counted(tally);
      }));
    }
    flow.task([](const Values<Counted>&) {}, parked);
    {
      auto hold = std::make_unique<baton::VirtualClock::Hold>(clock);
      StartOptions options;
      options.observers.push_back(observer);
      const baton::Run started = with_clock.start(flow.build(), std::move(options));
      for (int seen = 0; (seen = *waiting) < 100;) waiting->wait(seen);
      if (cancel) started.cancel();
      hold.reset();
      started.wait();
      EXPECT_EQ(started.state(), cancel ? RunState::cancelled : RunState::succeeded);
    }
    with_clock.wait_all();
    EXPECT_EQ(tally.alive, 0);
  }
  EXPECT_EQ(tally.made, 200);
}

TEST_P(ValuesOfTasks, OfInputsAreDestroyedOnce) {
  Workflow flow;
  const Input<Counted> input = flow.input<Counted>("x");
  const auto number = flow.task([](const Counted& value) { return value.value(); }, input);
  const Plan plan = flow.build();
  {
    const baton::Run done = scheduler.start(plan, Inputs().set(input, Counted(tally, 8)));
    EXPECT_EQ(done.get(number), 8);
  }
  expect_all_gone();
  EXPECT_EQ(tally.copies, 0);
}

TEST_P(ValuesOfTasks, OfFallbacksAreCopiedOnceARun) {
  {
    Workflow flow;
    const Input<Counted> input = flow.input<Counted>("x", Counted(tally, 3));
    const auto number = flow.task([](const Counted& value) { return value.value(); }, input);
    const Plan plan = flow.build();
    EXPECT_EQ(scheduler.start(plan).get(number), 3);
    EXPECT_EQ(scheduler.start(plan).get(number), 3);
    EXPECT_EQ(tally.copies, 2);
    EXPECT_EQ(scheduler.start(plan, Inputs().set(input, Counted(tally, 4))).get(number), 4);
    EXPECT_EQ(tally.copies, 2);
  }
  expect_all_gone();
}

TEST_P(ValuesOfTasks, OfInputsOfACancelledRunAreDestroyedOnce) {
  Workflow flow;
  const Input<Counted> given = flow.input<Counted>("given");
  flow.input<Counted>("fallback", Counted(tally));
  flow.task([](const Counted&) {}, given);
  const Plan plan = std::move(flow).build();
  const std::int64_t before = tally.alive;
  StartOptions options;
  options.inputs.set(given, Counted(tally));
  options.observers.push_back(std::make_shared<baton::test::CallingObserver>([this](const baton::Event& event) {
    if (event.kind == baton::Event::Kind::run_started) scheduler.cancel_all();
  }));
  EXPECT_EQ(run(plan, std::move(options)), RunState::cancelled);
  scheduler.wait_all();
  EXPECT_EQ(tally.alive, before);
}

TEST_P(ValuesOfTasks, OfInputsOfARunThatStoppedAtAFailureAreDestroyedOnce) {
  Workflow flow;
  const auto bad = flow.task([] { throw std::runtime_error("no"); });
  const Input<Counted> given = flow.input<Counted>("given");
  given.after(bad);
  flow.task([](const Counted&) {}, given);
  const Plan plan = flow.build();
  for (const auto mode : {baton::FailureMode::stop, baton::FailureMode::finish_independent}) {
    StartOptions options;
    options.failure_mode = mode;
    options.inputs.set(given, Counted(tally));
    EXPECT_EQ(run(plan, std::move(options)), RunState::failed);
    expect_all_gone();
  }
}

TEST_P(ValuesOfTasks, OfARefusedStartAreDestroyed) {
  Workflow flow;
  const Input<Counted> given = flow.input<Counted>("given");
  flow.input<Counted>("missing");
  const Plan plan = flow.build();
  EXPECT_THROW(scheduler.start(plan, Inputs().set(given, Counted(tally))), baton::DefinitionError);
  expect_all_gone();
}

TEST_P(ValuesOfTasks, OfFallbacksThatThrowWhenCopiedFailTheStart) {
  struct Fragile : Counted {
    explicit Fragile(Tally& tally) : Counted(tally) {}
    Fragile(Fragile&&) = default;
    Fragile(const Fragile& other) : Counted(other) { throw std::runtime_error("no copy"); }
  };
  {
    Workflow flow;
    flow.input<Counted>("a", Counted(tally));
    flow.input<Fragile>("b", Fragile(tally));
    flow.input<Counted>("c", Counted(tally));
    const Plan plan = flow.build();
    EXPECT_THROW(scheduler.start(plan), std::runtime_error);
    EXPECT_EQ(scheduler.running(), 0U);
    EXPECT_EQ(tally.alive, 3);
  }
  expect_all_gone();
}

TEST_P(ValuesOfTasks, OfASubworkflowAreMovedOutOfIt) {
  Workflow inner;
  const Input<Counted> x = inner.input<Counted>("x");
  const auto made = inner.task([this](const Counted& value) { return Counted(tally, value.value() + 1); }, x);
  const Plan plan = inner.build();
  Workflow outer;
  const auto start = outer.task([this] { return Counted(tally, 1); });
  const auto result = outer.subworkflow("inner", plan, made, baton::bind(x, take(start)));
  {
    const baton::Run done = scheduler.start(outer.build());
    EXPECT_EQ(done.get(result).value(), 2);
  }
  expect_all_gone();
  EXPECT_EQ(tally.copies, 0);
}

TEST_P(ValuesOfTasks, InCapturesAreDestroyedWithTheLastPlan) {
  auto flow = std::make_unique<Workflow>();
  flow->task([held = Counted(tally)] { return held.value(); });
  flow->task([held = std::make_shared<Counted>(tally)] { return held->value(); });
  auto plan = std::make_unique<Plan>(flow->build());
  flow.reset();
  {
    const baton::Run done = scheduler.start(*plan);
    plan.reset();
    done.wait();
    EXPECT_EQ(tally.alive, 2);
  }
  expect_all_gone();
  EXPECT_EQ(tally.copies, 0);
}

}  // namespace
