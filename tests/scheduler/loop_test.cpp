// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/counted.hpp"
#include "support/event_log.hpp"
#include "support/messages.hpp"
#include "support/nested_rounds.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/small_stack.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using baton::AtLimit;
using baton::Context;
using baton::Event;
using baton::Input;
using baton::Inputs;
using baton::LoopLimit;
using baton::LoopOptions;
using baton::Plan;
using baton::RunFailed;
using baton::RunState;
using baton::take;
using baton::Task;
using baton::TaskState;
using baton::VirtualClock;
using baton::Workflow;
using baton::test::Counted;
using baton::test::message_of;
using baton::test::Tally;
using namespace std::chrono_literals;

class Loops : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Loops);

/// A round that adds `step` to its state.
struct Adding {
  Workflow flow{"adding"};
  Input<int> state = flow.input<int>("state");
  Input<int> step = flow.input<int>("step", 1);
  Task<int> next = flow.task("add", [](int sum, int by) { return sum + by; }, state, step);
  Plan plan = flow.build();
};

/// Whether a loop of numbers has come to `end`.
auto reaches(int end) {
  return [end](int state) { return state >= end; };
}

// ---- Rounds that are runs of a plan ----

TEST_P(Loops, GoOnUntilDone) {
  const Adding adding;
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto two = flow.task([] { return 2; });
  const auto ten = flow.loop("ten", zero, adding.plan, adding.state, adding.next, reaches(10), {.limit = 100});
  const auto even = flow.loop("even", ten, adding.plan, adding.state, adding.next, reaches(15), {.limit = 3},
                              baton::bind(adding.step, two));
  const auto both = flow.task([](int a, int b) { return 100 * a + b; }, ten, even);
  EXPECT_EQ(scheduler.start(flow.build()).get(both), 1016);
}

TEST_P(Loops, TakeAtLeastOneRoundUnlessAskedFirst) {
  const Adding adding;
  Workflow flow;
  const auto ten = flow.task([] { return 10; });
  const auto once = flow.loop("once", ten, adding.plan, adding.state, adding.next, reaches(10), {.limit = 5});
  const LoopOptions first{.limit = 5, .ask_first = true};
  const auto never = flow.loop("never", ten, adding.plan, adding.state, adding.next, reaches(10), first);
  const auto twice = flow.loop("twice", ten, adding.plan, adding.state, adding.next, reaches(12), first);
  const auto no_call =
      flow.loop("no call", ten, [](int) -> int { throw std::logic_error("called"); }, reaches(10), first);
  const baton::Run run = scheduler.start(flow.build());
  run.get();
  EXPECT_EQ(run.result(once), 11);
  EXPECT_EQ(run.result(never), 10);
  EXPECT_EQ(run.result(twice), 12);
  EXPECT_EQ(run.result(no_call), 10);
}

TEST_P(Loops, FailAtTheirLimit) {
  const Adding adding;
  std::atomic<int> calls{0};
  Workflow flow{"flow"};
  const auto zero = flow.task([] { return 0; });
  const auto plan = flow.loop("plan", zero, adding.plan, adding.state, adding.next, reaches(4), {.limit = 3});
  const auto function =
      flow.loop("function", zero, [&](int state) { return ++calls, state; }, reaches(4), {.limit = 3});
  const auto after = flow.task([] {}).after(plan);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.state(after), TaskState::omitted);
  EXPECT_EQ(calls, 3);
  for (const auto& task : {plan, function}) {
    try {
      std::rethrow_exception(run.error(task));
    } catch (const LoopLimit& error) {
      EXPECT_EQ(error.limit(), 3U);
    }
  }
  EXPECT_THAT(message_of<RunFailed>([&] { run.get(); }),
              testing::HasSubstr("\n  task 'plan': loop 'plan' was not done after 3 rounds, which is its limit; raise "
                                 "LoopOptions::limit, or choose AtLimit::succeed to go on with the last state"));
}

TEST_P(Loops, EndWellAtTheirLimitWhereThatIsChosen) {
  const Adding adding;
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const LoopOptions options{.limit = 7, .at_limit = AtLimit::succeed};
  const auto plan = flow.loop("plan", zero, adding.plan, adding.state, adding.next, reaches(1000), options);
  const auto function = flow.loop("function", zero, [](int state) { return state + 2; }, reaches(1000), options);
  const auto in_time = flow.loop("in time", zero, [](int state) { return state + 1; }, reaches(7), {.limit = 7});
  const baton::Run run = scheduler.start(flow.build());
  run.get();
  EXPECT_EQ(run.result(plan), 7);
  EXPECT_EQ(run.result(function), 14);
  EXPECT_EQ(run.result(in_time), 7);
}

TEST_P(Loops, TakeEachRoundOnceAndInOrder) {
  const std::size_t rounds = baton::test::scaled(2000);
  std::vector<std::size_t> seen;  // no lock: a round must see what the one before has done
  std::atomic<int> busy{0};
  Workflow inner;
  const auto state = inner.input<std::size_t>("state");
  const auto a = inner.task([](std::size_t n) { return n; }, state);
  const auto b = inner.task([](std::size_t n) { return n; }, state);
  const auto next = inner.task(
      [&](std::size_t left, std::size_t right) {
        EXPECT_EQ(busy.fetch_add(1), 0);
        EXPECT_EQ(left, right);
        seen.push_back(left);
        busy.fetch_sub(1);
        return left + 1;
      },
      a, b);
  const Plan plan = inner.build();
  Workflow flow;
  const auto zero = flow.task([] { return std::size_t{0}; });
  const auto last =
      flow.loop("loop", zero, plan, state, next, [&](std::size_t n) { return n == rounds; }, {.limit = rounds});
  EXPECT_EQ(scheduler.start(flow.build()).get(last), rounds);
  ASSERT_EQ(seen.size(), rounds);
  for (std::size_t round = 0; round < rounds; ++round) EXPECT_EQ(seen[round], round);
}

TEST_P(Loops, OfAHundredThousandRoundsNeedNeitherStackNorMemory) {
  constexpr int rounds = 100'000;
  Tally tally;
  Workflow inner;
  const auto state = inner.input<std::shared_ptr<Counted>>("state");
  std::atomic<std::int64_t> most{0};
  const auto next = inner.task(
      [&](std::shared_ptr<Counted>&& before) {
        auto after = std::make_shared<Counted>(tally, before->value() + 1);
        most = std::max(most.load(), tally.alive.load());
        return after;
      },
      take(state));
  const Plan plan = inner.build();
  Workflow flow;
  const auto zero = flow.task([&] { return std::make_shared<Counted>(tally, 0); });
  const auto done = [](const std::shared_ptr<Counted>& value) { return value->value() == rounds; };
  const auto of_plans = flow.loop("plans", take(zero), plan, state, next, done, {.limit = rounds});
  const auto zero_too = flow.task([] { return 0; });
  const auto of_calls = flow.loop("calls", zero_too, [](int n) { return n + 1; }, reaches(rounds), {.limit = rounds});
  const Plan outer = flow.build();
  const baton::test::SmallStacks small;
  baton::ThreadPool on_small_stacks(threads());
  baton::Scheduler with_small_stacks(on_small_stacks);
  const baton::Run run = with_small_stacks.start(outer);
  EXPECT_EQ(run.get(of_plans)->value(), rounds);
  EXPECT_EQ(run.result(of_calls), rounds);
  // A child run, with what its input was, may be retired a little after its end was told.
  with_small_stacks.wait_all();
  EXPECT_LE(most, 20);
  EXPECT_EQ(tally.alive, 1);
}

TEST_P(Loops, InLoopsAndSubWorkflowsInLoopsGetTheirStates) {
  // for i in 0..5: sub-workflow: for j in 0..4: sum += step
  const Adding adding;
  Workflow middle{"middle"};
  const auto sum = middle.input<int>("sum");
  const auto step = middle.input<int>("step");
  const auto end = middle.task([](int from, int by) { return from + 4 * by; }, sum, step);
  struct State {
    int sum;
    int end;
    int step;
  };
  const auto begin = middle.task([](int from, int to, int by) { return State{from, to, by}; }, sum, end, step);
  const auto inner = middle.loop(
      "inner", begin, [](const State& s) { return State{s.sum + s.step, s.end, s.step}; },
      [](const State& s) { return s.sum >= s.end; }, {.limit = 4});
  const auto result = middle.task([](const State& s) { return s.sum; }, inner);
  const Plan middle_plan = middle.build();
  Workflow wrapping{"wrapping"};
  const auto wrapped = wrapping.input<int>("sum");
  const auto three = wrapping.task([] { return 3; });
  const auto sub =
      wrapping.subworkflow("sub", middle_plan, result, baton::bind(sum, wrapped), baton::bind(step, three));
  const Plan wrapping_plan = wrapping.build();
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto outer = flow.loop("outer", zero, wrapping_plan, wrapped, sub, reaches(5 * 12), {.limit = 5});
  const auto more = flow.loop("more", outer, adding.plan, adding.state, adding.next, reaches(70), {.limit = 10});
  EXPECT_EQ(scheduler.start(flow.build()).get(more), 70);
}

TEST_P(Loops, ManyAtOnceAndInOverlappingRunsAreIndependent) {
  const Adding adding;
  Workflow flow;
  std::vector<Task<int>> ends;
  const auto zero = flow.task([] { return 0; });
  for (int i = 0; i < 50; ++i) {
    const std::string name = std::to_string(i);
    ends.push_back(
        flow.loop("plan " + name, zero, adding.plan, adding.state, adding.next, reaches(i), {.limit = 1000}));
    ends.push_back(flow.loop("function " + name, zero, [](int n) { return n + 1; }, reaches(i), {.limit = 1000}));
  }
  const Plan plan = flow.build();
  std::vector<baton::Run> runs;
  for (std::size_t i = 0; i < baton::test::scaled(20); ++i) runs.push_back(scheduler.start(plan));
  for (const baton::Run& run : runs) {
    run.get();
    for (std::size_t i = 0; i < ends.size(); ++i)
      EXPECT_EQ(run.result(ends[i]), std::max<int>(1, static_cast<int>(i / 2)));
  }
}

// ---- The state ----

TEST_P(Loops, StateIsMovedNotCopied) {
  Tally tally;
  Workflow inner;
  const auto state = inner.input<Counted>("state");
  const auto next = inner.task([](Counted&& value) { return std::move(value); }, take(state));
  const Plan plan = inner.build();
  Workflow flow;
  const auto made = flow.task([&] { return Counted(tally, 5); });
  std::atomic<int> asked{0};
  const auto done = [&](const Counted&) { return ++asked % 10 == 0; };
  const auto first = flow.loop("first", take(made), plan, state, next, done, {.limit = 100});
  const auto second =
      flow.loop("second", take(first), [](Counted&& value) { return std::move(value); }, done, {.limit = 100});
  const auto value = flow.task([](Counted&& last) { return last.value(); }, take(second));
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(value), 5);
  EXPECT_EQ(asked, 20);
  EXPECT_EQ(tally.copies, 0);
  // One copy where the state that it begins with is shared.
  Workflow sharing;
  const auto shared = sharing.task([&] { return Counted(tally, 6); });
  const auto third = sharing.loop("third", shared, plan, state, next, done, {.limit = 100});
  const baton::Run other = scheduler.start(sharing.build());
  EXPECT_EQ(other.get(third).value(), 6);
  EXPECT_EQ(other.result(shared).value(), 6);
  EXPECT_EQ(tally.copies, 1);
  scheduler.wait_all();  // values may end with the engine's share in the run, and tell the tally
}

TEST_P(Loops, StateOfAHundredMegabytesStaysWhereItIs) {
  constexpr std::size_t size = std::size_t{100} << 20U;
  using Block = std::vector<char>;
  Workflow inner;
  const auto state = inner.input<Block>("state");
  const auto next = inner.task(
      [](Block&& block) {
        ++block.front();
        return std::move(block);
      },
      take(state));
  const Plan plan = inner.build();
  Workflow flow;
  std::atomic<const char*> place{nullptr};
  const auto made = flow.task([&] {
    Block block(size);
    place = block.data();
    return block;
  });
  const auto moved = flow.loop("loop", take(made), plan, state, next,
                               [](const Block& block) { return block.front() == 50; }, {.limit = 50});
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(moved).data(), place);
  EXPECT_EQ(run.result(moved).size(), size);
}

TEST_P(Loops, StateMayBeOfATypeThatOnlyMoves) {
  using Box = std::unique_ptr<int>;
  Workflow inner;
  const auto state = inner.input<Box>("state");
  const auto next = inner.task([](Box box) { return std::make_unique<int>(*box + 1); }, take(state));
  const Plan plan = inner.build();
  Workflow flow;
  const auto made = flow.task([] { return std::make_unique<int>(0); });
  const auto done = [](const Box& box) { return *box % 10 == 0; };
  const auto first = flow.loop("first", take(made), plan, state, next, done, {.limit = 10});
  const auto second =
      flow.loop("second", take(first), [](Box box) { return std::make_unique<int>(*box + 2); }, done, {.limit = 5});
  const auto value = flow.task([](Box box) { return *box; }, take(second));
  EXPECT_EQ(scheduler.start(flow.build()).get(value), 20);
}

TEST_P(Loops, ArgumentsReachEveryRoundWithoutCopies) {
  Tally tally;
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto data = flow.task([&] { return Counted(tally, 3); });
  const std::vector<Task<int>> group{flow.task([] { return 1; }), flow.task([] { return 2; })};
  const auto sum = flow.loop(
      "sum", zero,
      [](Context& context, int state, const Counted& by, const baton::Values<int>& more) {
        return state + by.value() + more[0] + more[1] + static_cast<int>(context.round());
      },
      [](int state) { return state > 20; }, {.limit = 10}, data, group);
  EXPECT_EQ(scheduler.start(flow.build()).get(sum), 6 + 7 + 8);
  EXPECT_EQ(tally.copies, 0);
  scheduler.wait_all();  // as above
}

// ---- Errors and cancelling ----

/// A round that fails at `bad`.
struct Failing {
  explicit Failing(int bad)
      : next(flow.task(
            "evaluate",
            [bad](int n) {
              if (n == bad) throw std::runtime_error("no data");
              return n + 1;
            },
            state)) {}
  Workflow flow{"round"};
  Input<int> state = flow.input<int>("state");
  Task<int> next;
  Plan plan = flow.build();
};

TEST_P(Loops, FailWithTheRoundThatFailed) {
  const Failing failing(2);
  Workflow flow{"flow"};
  const auto zero = flow.task([] { return 0; });
  const auto plan = flow.loop("epoch", zero, failing.plan, failing.state, failing.next, reaches(100), {.limit = 100});
  const auto function = flow.loop("step", zero,
                                  [](int n) {
                                    if (n == 3) throw std::out_of_range("too far");
                                    return n + 1;
                                  },
                                  reaches(100), {.limit = 100});
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(plan), TaskState::failed);
  EXPECT_THROW(std::rethrow_exception(run.error(plan)), RunFailed);
  EXPECT_THROW(std::rethrow_exception(run.error(function)), std::out_of_range);
  const std::string message = message_of<RunFailed>([&] { run.get(); });
  EXPECT_THAT(message, testing::HasSubstr("\n  task 'epoch[2]/evaluate': no data"));
  EXPECT_THAT(message, testing::HasSubstr("\n  task 'step[3]': too far"));
}

TEST_P(Loops, WhosePredicateThrowsFail) {
  const Adding adding;
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto done = [](int n) {
    if (n == 2) throw std::runtime_error("cannot tell");
    return false;
  };
  const auto plan = flow.loop("plan", zero, adding.plan, adding.state, adding.next, done, {.limit = 10});
  const auto function = flow.loop("function", zero, [](int n) { return n + 1; }, done, {.limit = 10});
  const auto two = flow.task([] { return 2; });
  const auto first = flow.loop("first", two, [](int n) { return n; }, done, {.limit = 10, .ask_first = true});
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  for (const auto& task : {plan, function, first}) EXPECT_EQ(run.state(task), TaskState::failed);
  const std::string message = message_of<RunFailed>([&] { run.get(); });
  EXPECT_THAT(message, testing::HasSubstr("\n  task 'plan[1]': cannot tell"));
  EXPECT_THAT(message, testing::HasSubstr("\n  task 'function[1]': cannot tell"));
  EXPECT_THAT(message, testing::HasSubstr("\n  task 'first': cannot tell"));
}

TEST_P(Loops, RoundThatCannotRunFailsTheLoop) {
  Workflow inner{"inner"};
  const auto state = inner.input<int>("state");
  const auto next = inner.task("next", [](int n) { return n; }, state).resource("disk");
  scheduler.resource("disk", 1);
  const Plan plan = inner.build();
  baton::Scheduler* const own = &scheduler;
  Workflow flow;
  const auto zero = flow.task([own] {
    own->resource("disk", 0);
    return 0;
  });
  const auto loop = flow.loop("loop", zero, plan, state, next, [](int) { return false; }, {.limit = 3});
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(loop), TaskState::failed);
  EXPECT_EQ(run.failures().front().task_name, "loop[0]");
}

TEST_P(Loops, RoundThatCancelsItselfCancelsTheLoop) {
  Workflow inner;
  const auto state = inner.input<int>("state");
  const auto next = inner.task(
      [](int n) {
        if (n == 3) throw baton::Cancelled();
        return n + 1;
      },
      state);
  const Plan plan = inner.build();
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto loop = flow.loop("loop", zero, plan, state, next, [](int) { return false; }, {.limit = 10});
  const auto function = flow.loop(
      "function", zero, [](int) -> int { throw baton::Cancelled(); }, [](int) { return false; }, {.limit = 10});
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_EQ(run.state(loop), TaskState::cancelled);
  EXPECT_EQ(run.state(function), TaskState::cancelled);
}

TEST_P(Loops, CancelReachesTheRoundAndNoOtherBegins) {
  baton::test::Signal third;
  std::atomic<int> begun{0};
  Workflow innermost;
  const auto state = innermost.input<int>("state");
  const auto next = innermost.task(
      [&](Context& context, int n) {
        if (++begun == 3) {
          third.set();
          while (!context.stop_requested()) std::this_thread::yield();
        }
        return n + 1;
      },
      state);
  const Plan plan = innermost.build();
  Workflow middle;
  const auto zero = middle.task([] { return 0; });
  const auto loop = middle.loop("loop", zero, plan, state, next, [](int) { return false; }, {.limit = 1000});
  const Plan middle_plan = middle.build();
  Workflow flow;
  const auto outer = flow.subworkflow("outer", middle_plan, loop);
  const baton::Run run = scheduler.start(flow.build());
  third.wait();
  run.cancel();
  run.wait();
  scheduler.wait_all();
  EXPECT_EQ(run.state(outer), TaskState::cancelled);
  EXPECT_EQ(begun, 3);
}

TEST_P(Loops, CancelAtAnyMomentEndsThem) {
  const Adding adding;
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  std::vector<Task<int>> loops;
  for (int i = 0; i < 4; ++i) {
    const std::string name = std::to_string(i);
    const auto never = [](int) { return false; };
    const std::uint64_t for_ever = UINT64_MAX;
    loops.push_back(
        flow.loop("plan " + name, zero, adding.plan, adding.state, adding.next, never, {.limit = for_ever}));
    loops.push_back(flow.loop("function " + name, zero, [](int n) { return n ^ 1; }, never, {.limit = for_ever}));
  }
  const Plan plan = flow.build();
  for (std::size_t i = 0; i < baton::test::scaled(200); ++i) {
    const baton::Run run = scheduler.start(plan);
    for (std::size_t spin = 0; spin < i; ++spin) std::this_thread::yield();
    run.cancel();
    run.wait();
    EXPECT_EQ(run.state(), RunState::cancelled);
    for (const auto& loop : loops) EXPECT_EQ(run.state(loop), TaskState::cancelled);
  }
  scheduler.wait_all();
  EXPECT_EQ(scheduler.running(), 0U);
}

TEST_P(Loops, FailureModeStopEndsThemToo) {
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto endless =
      flow.loop("endless", zero, [](int n) { return n ^ 1; }, [](int) { return false; }, {.limit = UINT64_MAX});
  std::atomic<bool> looped{false};
  const auto other = flow.loop("other", zero,
                               [&](int n) {
                                 looped = true;
                                 return n + 1;
                               },
                               reaches(20), {.limit = 100});
  flow.task([](int) { throw std::runtime_error("no"); }, other);
  baton::StartOptions options;
  options.failure_mode = baton::FailureMode::stop;
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  run.wait();
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.state(endless), TaskState::cancelled);
  EXPECT_TRUE(looped);
}

TEST_P(Loops, OfFunctionsLetOthersHaveTheirTurn) {
  // One endless loop a worker, and still something else gets done.
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  for (std::size_t i = 0; i < threads(); ++i) {
    flow.loop(
        "loop " + std::to_string(i), zero, [](int n) { return n ^ 1; }, [](int) { return false; },
        {.limit = UINT64_MAX});
  }
  const baton::Run endless = scheduler.start(flow.build());
  Workflow other;
  const auto seven = other.task([] { return 7; });
  EXPECT_EQ(scheduler.start(other.build()).get(seven), 7);
  endless.cancel();
  endless.wait();
}

// ---- Settings of the task ----

TEST_P(Loops, HoldTheirResourcesFromTheFirstRoundToTheLast) {
  scheduler.resource("gpu", 1);
  std::atomic<int> inside{0};
  const auto round = [&](Context& context, int n) {
    EXPECT_EQ(context.attempt(), 1U);
    EXPECT_EQ(context.round() == 0 ? inside.fetch_add(1) : 0, 0);
    if (n == 99) inside.fetch_sub(1);
    return n + 1;
  };
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  for (int i = 0; i < 10; ++i) {
    flow.loop("loop " + std::to_string(i), zero, round, reaches(100), {.limit = 100}).resource("gpu");
  }
  scheduler.start(flow.build()).get();
  Workflow again;
  const auto task = again.task([] { return 1; }).resource("gpu");
  EXPECT_EQ(scheduler.start(again.build()).get(task), 1);
}

TEST_P(Loops, OnAnExecutorAreCalledThere) {
  baton::ThreadPool own(1);
  std::atomic<int> elsewhere{0};
  const Adding adding;
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto calls = flow.loop("calls", zero,
                               [&](int n) {
                                 if (!own.on_worker()) ++elsewhere;
                                 return n + 1;
                               },
                               reaches(100), {.limit = 100})
                         .on(own);
  const auto runs = flow.loop("runs", zero, adding.plan, adding.state, adding.next,
                              [&](int n) {
                                if (!own.on_worker()) ++elsewhere;
                                return n >= 50;
                              },
                              {.limit = 100})
                        .on(own);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(calls), 100);
  EXPECT_EQ(run.result(runs), 50);
  EXPECT_EQ(elsewhere, 0);
}

TEST_P(Loops, WaitInsideARoundWorks) {
  Workflow other;
  const auto one = other.task([] { return 1; });
  const Plan plan = other.build();
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto loop =
      flow.loop("loop", zero, [&](int n) { return n + scheduler.start(plan).get(one); }, reaches(200), {.limit = 200});
  EXPECT_EQ(scheduler.start(flow.build()).get(loop), 200);
}

TEST_P(Loops, AreOneCallAndOneWaitToObservers) {
  const Adding adding;
  const auto log = std::make_shared<baton::test::EventLog>();
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto plan = flow.loop("plan", zero, adding.plan, adding.state, adding.next, reaches(5), {.limit = 100});
  const auto function = flow.loop("function", zero, [](int n) { return n + 1; }, reaches(5), {.limit = 100});
  baton::StartOptions options;
  options.record = true;
  options.observers.push_back(log);
  const Plan built = flow.build();
  const baton::Run run = scheduler.start(built, std::move(options));
  run.wait();
  scheduler.wait_all();
  using enum Event::Kind;
  EXPECT_THAT(log->kinds_of(built.id(plan)), testing::ElementsAre(task_ready, task_started, task_waiting, task_ended));
  EXPECT_THAT(log->kinds_of(built.id(function)), testing::ElementsAre(task_ready, task_started, task_ended));
  EXPECT_EQ(log->events_of(built.id(plan))[2].reason, baton::WaitReason::child);
  EXPECT_EQ(run.snapshot().tasks[baton::index_of(built.id(plan))].attempt, 1U);
}

// ---- What build reports ----

TEST(LoopFaults, AreReportedByBuild) {
  const Adding adding;
  Workflow stranger;
  const auto foreign_input = stranger.input<int>("x");
  const auto foreign = stranger.task([] { return 1; });
  Workflow takes{"takes"};
  const auto state = takes.input<int>("state");
  const auto made = takes.task("made", [](int n) { return n; }, state);
  takes.task([](int&&) {}, take(made));
  const Plan taking = takes.build();
  Workflow needs{"needs"};
  const auto begin = needs.input<int>("begin");
  const auto more = needs.input<int>("more");
  const auto sum = needs.task([](int a, int b) { return a + b; }, begin, more);
  const Plan needing = needs.build();

  Workflow flow{"flow"};
  const auto zero = flow.task("zero", [] { return 0; });
  const auto done = reaches(1);
  flow.loop("endless", zero, [](int n) { return n; }, done, {});
  flow.loop("state in", zero, adding.plan, foreign_input, adding.next, done, {.limit = 1});
  flow.loop("state out", zero, adding.plan, adding.state, foreign, done, {.limit = 1});
  flow.loop("nothing", zero, adding.plan, adding.state, Task<int>{}, done, {.limit = 1});
  flow.loop("twice", zero, adding.plan, adding.state, adding.next, done, {.limit = 1}, baton::bind(adding.state, zero));
  flow.loop("taken", zero, taking, state, made, done, {.limit = 1});
  flow.loop("hungry", zero, needing, begin, sum, done, {.limit = 1});
  try {
    static_cast<void>(flow.build());
    FAIL() << "was built";
  } catch (const baton::DefinitionError& error) {
    EXPECT_THAT(
        error.faults(),
        testing::UnorderedElementsAre(
            "task 'endless': a loop needs a limit; set LoopOptions::limit to the most rounds that it may take",
            "task 'state in': it binds an input that is not one of plan 'adding'",
            "task 'state in': nothing feeds the input 'state' of plan 'adding'; pass bind(input, task)",
            "task 'state out': its output is not a task of plan 'adding'",
            "task 'nothing': its state after a round is a handle of no task; pass a task of plan 'adding'",
            "task 'twice': it binds the input 'state' of plan 'adding', which gets the loop's state",
            "task 'taken': its state after a round is the result of task 'made' of plan 'takes', which another task "
            "takes; pass the handle to that without take()",
            "task 'hungry': nothing feeds the input 'more' of plan 'needs'; pass bind(input, task)"));
  }
}

TEST(LoopFaults, GoAwayWithTheLoop) {
  Workflow flow;
  const auto zero = flow.task("zero", [] { return 0; });
  const auto wrong = flow.loop("wrong", zero, [](int n) { return n; }, reaches(1), {});
  const auto replaced = flow.loop("replaced", zero, [](int n) { return n; }, reaches(1), {});
  flow.remove(wrong);
  flow.replace(replaced, [] { return 5; });
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  EXPECT_EQ(scheduler.run(flow.build()).result(replaced), 5);
}

// ---- One thread, virtual time ----

TEST(LoopsByHand, RunOnAManualExecutor) {
  const Adding adding;
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  std::vector<int> order;
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto calls = flow.loop("calls", zero,
                               [&](int n) {
                                 order.push_back(n);
                                 return n + 1;
                               },
                               reaches(3), {.limit = 10});
  const auto runs = flow.loop("runs", zero, adding.plan, adding.state, adding.next, reaches(1000), {.limit = 1000});
  const baton::Run run = scheduler.start(flow.build());
  while (!run.ended()) ASSERT_TRUE(executor.try_run_one());
  EXPECT_EQ(run.get(calls), 3);
  EXPECT_EQ(run.result(runs), 1000);
  EXPECT_THAT(order, testing::ElementsAre(0, 1, 2));
}

class LoopsInVirtualTime : public testing::TestWithParam<std::size_t> {
 protected:
  baton::test::CheckedPool pool{GetParam()};
  VirtualClock clock;
  baton::Scheduler scheduler{pool, {.clock = &clock}};
};
BATON_ON_EACH_POOL(LoopsInVirtualTime);

TEST_P(LoopsInVirtualTime, RoundsTakeTheTimeThatTheyPark) {
  Workflow inner;
  const auto state = inner.input<int>("state");
  const auto next = inner.task(
      [](Context& context, int n) {
        context.park_for(1h);
        return n + 1;
      },
      state);
  const Plan plan = inner.build();
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto of_plans = flow.loop("plans", zero, plan, state, next, reaches(72), {.limit = 100});
  std::vector<baton::TimePoint> times;
  const auto of_calls = flow.loop("calls", zero,
                                  [&](Context& context, int n) {
                                    times.push_back(context.now());
                                    context.park_for(2h);
                                    return n + 1;
                                  },
                                  reaches(3), {.limit = 100});
  const auto after_plans = flow.task([](Context& context, int) { return context.now(); }, of_plans);
  const auto after_calls = flow.task([](Context& context, int) { return context.now(); }, of_calls);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(after_plans), baton::TimePoint(72h));
  EXPECT_EQ(run.result(after_calls), baton::TimePoint(6h));
  EXPECT_THAT(times, testing::ElementsAre(baton::TimePoint(0h), baton::TimePoint(2h), baton::TimePoint(4h)));
}

TEST_P(LoopsInVirtualTime, CancelWhileARoundParksEndsThem) {
  Tally tally;
  std::atomic<int> calls{0};
  baton::test::Signal parked;
  baton::StartOptions options;
  options.observers.push_back(std::make_shared<baton::test::CallingObserver>([&](const Event& event) {
    if (event.kind == Event::Kind::task_waiting && event.reason == baton::WaitReason::timer && calls == 2) parked.set();
  }));
  auto hold = std::make_unique<VirtualClock::Hold>(clock);
  Workflow flow;
  const auto zero = flow.task([&] { return Counted(tally, 0); });
  const auto loop = flow.loop(
      "calls", take(zero),
      [&](Context& context, Counted&& value) {
        if (++calls == 2) context.park_for(5h);
        return std::move(value);
      },
      [](const Counted&) { return false; }, {.limit = 100});
  baton::Run run = scheduler.start(flow.build(), std::move(options));
  parked.wait();
  run.cancel();
  run.wait();
  EXPECT_EQ(run.state(loop), TaskState::cancelled);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(clock.now(), baton::TimePoint{});
  run = {};
  scheduler.wait_all();
  EXPECT_EQ(tally.alive, 0);
}

// ---- Places and names ----

struct Noted {
  std::mutex mutex;
  std::vector<std::string> paths;
  void note(const Context& context) {
    const std::lock_guard lock(mutex);
    paths.push_back(context.path() + " " + std::to_string(context.round()));
  }
};

TEST_P(Loops, AndSubWorkflowsNameTheirTasks) {
  Noted noted;
  Workflow round{"round"};
  const auto state = round.input<int>("state");
  const auto next = round.task(
      "evaluate",
      [&](Context& context, int n) {
        noted.note(context);
        return n + 1;
      },
      state);
  const auto nameless = round.task([&](Context& context) { noted.note(context); }).after(next);
  const auto zero = round.task("zero", [] { return 0; }).after(nameless);
  round.loop("steps", zero,
             [&](Context& context, int n) {
               noted.note(context);
               return n + 1;
             },
             reaches(2), {.limit = 2});
  const Plan round_plan = round.build();
  Workflow training{"training"};
  const auto begin = training.task("begin", [&](Context& context) {
    noted.note(context);
    return 0;
  });
  const auto epochs = training.loop("epoch", begin, round_plan, state, next, reaches(2), {.limit = 2});
  const Plan training_plan = training.build();
  Workflow flow{"flow"};
  const auto whole = flow.subworkflow("train", training_plan, epochs);
  flow.task("end", [&](Context& context) { noted.note(context); }).after(whole);

  std::mutex mutex;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> runs;  // id and parent, by path
  const auto observer = std::make_shared<baton::test::CallingObserver>([&](const Event& event) {
    const std::lock_guard lock(mutex);
    const auto entry = std::pair(event.run, event.parent);
    const auto [found, fresh] = runs.emplace(std::string(event.path), entry);
    EXPECT_EQ(found->second, entry);
  });
  scheduler.observe(observer);
  const baton::Run run = scheduler.start(flow.build());
  run.get();
  scheduler.wait_all();
  EXPECT_EQ(run.path(), "");
  EXPECT_EQ(run.parent_id(), 0U);
  EXPECT_THAT(noted.paths, testing::ElementsAre("train/begin 0", "train/epoch[0]/evaluate 0", "train/epoch[0]/#2 0",
                                                "train/epoch[0]/steps[0] 0", "train/epoch[0]/steps[1] 1",
                                                "train/epoch[1]/evaluate 1", "train/epoch[1]/#2 1",
                                                "train/epoch[1]/steps[0] 0", "train/epoch[1]/steps[1] 1", "end 0"));
  ASSERT_EQ(runs.size(), 4U);
  EXPECT_EQ(runs[""], std::pair(run.id(), std::uint64_t{0}));
  EXPECT_EQ(runs["train"].second, run.id());
  EXPECT_EQ(runs["train/epoch[0]"].second, runs["train"].first);
  EXPECT_EQ(runs["train/epoch[1]"].second, runs["train"].first);
}

TEST_P(Loops, NestedDeeplyNameAFailureOnce) {
  Workflow innermost{"innermost"};
  innermost.task("a", [] { throw std::runtime_error("first\nsecond"); });
  innermost.task("b", [] { throw std::runtime_error("other"); });
  Plan plan = innermost.build();
  std::string path;
  for (int depth = 0; depth < 50; ++depth) {
    Workflow flow{"level"};
    flow.subworkflow("sub", plan);
    plan = flow.build();
    path += "sub/";
  }
  const baton::Run run = scheduler.start(plan);
  const std::string message = message_of<RunFailed>([&] { run.get(); });
  const std::string a = "\n  task '" + path + "a': first\n    second";
  const std::string b = "\n  task '" + path + "b': other";
  const std::string head = "run " + std::to_string(run.id()) + " of workflow 'level' failed";
  EXPECT_THAT(message, testing::AnyOf(head + a + b, head + b + a));
}

TEST_P(Loops, MessagesOfAChildRunNameItsPath) {
  std::string message;
  Workflow inner{"inner"};
  inner.task("task", [&](Context& context) {
    EXPECT_EQ(context.path(), "sub/task");
    throw std::runtime_error("no");
  });
  const auto observer = std::make_shared<baton::test::CallingObserver>([&](const Event& event) {
    if (event.kind == Event::Kind::run_started && !event.path.empty()) message = event.path;
  });
  scheduler.observe(observer);
  Workflow flow;
  flow.subworkflow("sub", inner.build());
  scheduler.start(flow.build()).wait();
  EXPECT_EQ(message, "sub");
}

// ---- Drawn by a seed ----

/// Checks a run that has ended.
void expect_depth_first(const baton::Run& run, const baton::test::NestedRounds& nested, std::uint64_t seed) {
  EXPECT_EQ(run.get(nested.last()), static_cast<int>(nested.expected().size())) << "seed " << seed;
  EXPECT_EQ(nested.called(), nested.expected()) << "seed " << seed;
}

TEST_P(Loops, InsideOneAnotherTakeEachRoundOnceDepthFirst) {
  std::size_t calls = 0;
  for (std::uint64_t seed = 1; seed <= baton::test::scaled(100); ++seed) {
    const baton::test::NestedRounds nested(seed, 3);
    const baton::Run run = scheduler.start(nested.plan(), nested.inputs());
    run.wait();
    expect_depth_first(run, nested, seed);
    calls += nested.expected().size();
  }
  EXPECT_GT(calls, baton::test::scaled(1000));
}

TEST_P(LoopsInVirtualTime, InsideOneAnotherTakeTheTimeOfAllCalls) {
  for (std::uint64_t seed = 1; seed <= baton::test::scaled(50); ++seed) {
    const baton::test::NestedRounds nested(seed, 3, 1h);
    const baton::TimePoint start = clock.now();
    const baton::Run run = scheduler.start(nested.plan(), nested.inputs());
    run.wait();
    expect_depth_first(run, nested, seed);
    EXPECT_EQ(clock.now() - start, nested.parked()) << "seed " << seed;
  }
}

TEST(LoopsByHand, InsideOneAnotherTakeEachRoundOnceDepthFirst) {
  for (std::uint64_t seed = 1; seed <= baton::test::scaled(100); ++seed) {
    const baton::test::NestedRounds nested(seed, 4);
    baton::ManualExecutor executor;
    baton::Scheduler scheduler(executor);
    const baton::Run run = scheduler.start(nested.plan(), nested.inputs());
    while (!run.ended()) ASSERT_TRUE(executor.try_run_one());
    expect_depth_first(run, nested, seed);
  }
}

// Cancelled in the middle of one call: what has been called is the beginning of the whole, and nothing comes later.
TEST_P(Loops, InsideOneAnotherStopWhereTheyAreCancelled) {
  for (std::uint64_t seed = 1; seed <= baton::test::scaled(100); ++seed) {
    const baton::test::NestedRounds nested(seed, 3);
    const baton::Run run = scheduler.start(nested.plan(), nested.inputs());
    for (std::uint64_t i = 0; i < seed; ++i) std::this_thread::yield();
    run.cancel();
    run.wait();
    scheduler.wait_all();
    const std::vector<std::string>& all = nested.expected();
    const std::vector<std::string>& called = nested.called();
    ASSERT_LE(called.size(), all.size()) << "seed " << seed;
    EXPECT_TRUE(std::equal(called.begin(), called.end(), all.begin())) << "seed " << seed;
    EXPECT_TRUE(run.succeeded() || run.state() == RunState::cancelled) << "seed " << seed;
    EXPECT_TRUE(!run.succeeded() || called.size() == all.size()) << "seed " << seed;
  }
}

}  // namespace
