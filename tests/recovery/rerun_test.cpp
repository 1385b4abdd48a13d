// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>
#include <baton/executor/manual_executor.hpp>
#include <baton/recovery/rerun.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/counted.hpp"
#include "support/event_log.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using baton::AnyTask;
using baton::DefinitionError;
using baton::Event;
using baton::Plan;
using baton::RerunAction;
using baton::RerunOptions;
using baton::RerunPlan;
using baton::RerunReason;
using baton::RunState;
using baton::Scheduler;
using baton::StartOptions;
using baton::Task;
using baton::TaskState;
using baton::UsageError;
using baton::Workflow;
using baton::test::Counted;
using baton::test::message_of;
using baton::test::Tally;
using testing::ElementsAre;
using testing::HasSubstr;

std::string number(const baton::Run& run) { return std::to_string(run.id()); }

/// Fails when `fails`, else returns `value`.
struct Step {
  std::shared_ptr<std::atomic<bool>> fails = std::make_shared<std::atomic<bool>>(true);
  std::shared_ptr<std::atomic<int>> calls = std::make_shared<std::atomic<int>>(0);

  int operator()(int value) const {
    ++*calls;
    if (*fails) throw std::runtime_error("bad line 3");
    return value + 1;
  }
};

class Rerun : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Rerun);

// ---- What it is for ----

TEST_P(Rerun, RunsWhatFailedAndWhatDependsOnIt) {
  Workflow flow{"import"};
  std::atomic<int> loads{0};
  auto load = flow.task("load", [&] { return ++loads; });
  Step step;
  auto parse = flow.task("parse", step, load);
  auto report = flow.task("report", [](int parsed) { return parsed * 100; }, parse);
  auto other = flow.task("other", [] { return 7; });
  const Plan plan = flow.build();
  const baton::Run first = scheduler.run(plan);
  ASSERT_EQ(first.state(), RunState::failed);

  *step.fails = false;
  RerunPlan again = baton::plan_rerun(first);
  EXPECT_EQ(to_string(again), "run " + number(first) +
                                  " of workflow 'import' again: 2 tasks run, 2 are reused\n"
                                  "  'parse' runs: it failed\n"
                                  "  'report' runs: it was omitted");
  EXPECT_EQ(again.why(load), "it succeeded, and nothing that it depends on runs");
  const baton::Run second = baton::rerun(scheduler, std::move(again));
  EXPECT_EQ(second.get(report), 200);
  EXPECT_EQ(second.result(load), 1);
  EXPECT_EQ(second.result(other), 7);
  EXPECT_NE(second.id(), first.id());
  EXPECT_EQ(loads, 1);
  EXPECT_EQ(*step.calls, 2);
  EXPECT_EQ(message_of<UsageError>([&] { (void)first.result(load); }),
            "run " + number(first) +
                " of workflow 'import': task 'load' has no result any more: it was handed over to run " +
                number(second));
  EXPECT_EQ(first.state(load), TaskState::succeeded);
}

TEST_P(Rerun, MayFailAgainAndBeRunAgain) {
  Workflow flow;
  auto load = flow.task("load", [] { return std::make_unique<int>(41); });
  Step step;
  auto parse = flow.task("parse", [step](const std::unique_ptr<int>& value) { return step(*value); }, load);
  const Plan plan = flow.build();
  baton::Run run = scheduler.run(plan);
  for (int round = 0; round < 5; ++round) {
    run = baton::rerun(scheduler, baton::plan_rerun(run));
    run.wait();
    EXPECT_EQ(run.state(), RunState::failed);
    EXPECT_EQ(*run.result(load), 41);
    EXPECT_EQ(*step.calls, round + 2);
  }
  *step.fails = false;
  EXPECT_EQ(baton::rerun(scheduler, baton::plan_rerun(run)).get(parse), 42);
}

TEST_P(Rerun, OfARunInWhichAllIsWellEndsAtOnceUnlessSomethingIsNamed) {
  Workflow flow;
  std::atomic<int> calls{0};
  auto a = flow.task("a", [&] { return ++calls; });
  auto b = flow.task("b", [&](int x) { return x + ++calls; }, a);
  auto c = flow.task("c", [&](int x) { return x + ++calls; }, b);
  baton::Run run = scheduler.run(flow.build());
  run = baton::rerun(scheduler, baton::plan_rerun(run));
  EXPECT_EQ(run.get(c), 6);
  EXPECT_EQ(calls, 3);
  bool told = false;
  run.on_end([&](const baton::Run&) { told = true; });
  EXPECT_TRUE(told);

  RerunOptions options;
  options.names = {"b"};
  RerunPlan named = baton::plan_rerun(run, std::move(options));
  EXPECT_EQ(named.task(b).reason, RerunReason::named);
  EXPECT_EQ(named.why(b), "it was named");
  EXPECT_EQ(named.why(c), "it depends on task 'b', which runs");
  EXPECT_EQ(named.task(c).cause, named.plan().id(b));
  run = baton::rerun(scheduler, std::move(named));
  EXPECT_EQ(run.get(c), 10);
  EXPECT_EQ(run.result(a), 1);
}

TEST_P(Rerun, OfARunWithoutTasks) {
  baton::Run run = scheduler.run(Workflow("none").build());
  EXPECT_EQ(to_string(baton::plan_rerun(run)),
            "run " + number(run) + " of workflow 'none' again: 0 tasks run, 0 are reused");
  EXPECT_TRUE((run = baton::rerun(scheduler, baton::plan_rerun(run))).ended());
}

TEST_P(Rerun, OfACancelledRunGoesOnWhereThatStopped) {
  Workflow flow;
  std::atomic<int> calls{0};
  std::vector<Task<int>> chain;
  chain.push_back(flow.task([&] { return ++calls; }));
  baton::Run first;
  std::atomic<bool> cancels{true};
  for (int task = 1; task < 100; ++task) {
    chain.push_back(flow.task(
        [&, task](baton::Context& context, int before) {
          if (task == 50 && cancels) throw baton::Cancelled();
          ++calls;
          return context.run_id() > 0 ? before + 1 : 0;
        },
        chain.back()));
  }
  first = scheduler.run(flow.build());
  ASSERT_EQ(first.state(), RunState::cancelled);
  EXPECT_EQ(calls, 50);
  cancels = false;
  EXPECT_EQ(baton::rerun(scheduler, baton::plan_rerun(first)).get(chain.back()), 100);
  EXPECT_EQ(calls, 100);
}

// ---- Order without data ----

TEST_P(Rerun, LeavesTasksAloneThatOnlyComeAfterOneThatRuns) {
  Workflow flow;
  std::atomic<int> ran_after{0};
  auto first = flow.task("first", [] { return 1; });
  auto alone = flow.task("alone", [&] { return ++ran_after; });
  flow.edge(first, alone);
  auto user = flow.task("user", [&](int a, int b) { return a * 10 + b; }, first, alone);
  std::vector<Task<void>> many;
  for (int task = 0; task < 200; ++task) many.push_back(flow.task([&] { ++ran_after; }));
  auto joined = flow.task("joined", [&] { return ++ran_after; });
  for (const auto& each : many) flow.edge(each, joined);
  for (const auto& each : many) flow.edge(first, each);
  const Plan plan = flow.build();
  baton::Run run = scheduler.run(plan);
  const int before = ran_after;
  const auto log = std::make_shared<baton::test::EventLog>();
  for (int round = 0; round < 3; ++round) {
    RerunOptions options;
    options.tasks = {first};
    if (round == 2) options.tasks.insert(options.tasks.end(), many.begin(), many.end());
    StartOptions start;
    if (round == 1) start.observers = {log};
    run = baton::rerun(scheduler, baton::plan_rerun(run, std::move(options)), std::move(start));
    run.wait();
    EXPECT_TRUE(run.succeeded());
    EXPECT_EQ(ran_after, before + (round == 2 ? 200 : 0));
    EXPECT_EQ(run.result(user), 11);
    EXPECT_EQ(run.result(joined), before);
    EXPECT_EQ(run.counts()[TaskState::succeeded], plan.size());
  }
  EXPECT_THAT(log->kinds_of(plan.id(alone)), ElementsAre(Event::Kind::task_ended));
  EXPECT_THAT(log->kinds_of(plan.id(joined)), ElementsAre(Event::Kind::task_ended));
}

TEST_P(Rerun, LeavesTasksAloneWhoseOrderGoesAgainstTheNumbersOfTasks) {
  Workflow flow;
  std::atomic<int> calls{0};
  auto early = flow.task("early", [&] { ++calls; });
  auto late = flow.task("late", [&] { ++calls; });
  late.priority(10);
  flow.edge(early, late);
  baton::Run run = scheduler.run(flow.build());
  RerunOptions options;
  options.tasks = {early};
  run = baton::rerun(scheduler, baton::plan_rerun(run, std::move(options)));
  run.wait();
  EXPECT_TRUE(run.succeeded());
  EXPECT_EQ(calls, 3);
}

TEST_P(Rerun, StaysWellThoughATaskBeforeAReusedOneFailsNow) {
  Workflow flow;
  std::atomic<bool> fails{false};
  auto before = flow.task("before", [&] {
    if (fails) throw std::runtime_error("now");
  });
  auto after = flow.task("after", [] { return 5; });
  flow.edge(before, after);
  auto last = flow.task("last", [](int x) { return x; }, after);
  baton::Run run = scheduler.run(flow.build());
  fails = true;
  RerunOptions options;
  options.tasks = {before, last};
  run = baton::rerun(scheduler, baton::plan_rerun(run, std::move(options)));
  run.wait();
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.result(after), 5);
  EXPECT_EQ(run.result(last), 5);
}

// ---- Outcomes that are kept ----

TEST_P(Rerun, KeepsFailuresThatAreNotToRunAgain) {
  Workflow flow;
  auto bad = flow.task("bad", []() -> int { throw std::runtime_error("for good"); });
  auto after = flow.task("after", [](int x) { return x; }, bad);
  std::atomic<bool> gives_up{true};
  auto other = flow.task("other", [&] {
    if (gives_up) throw baton::Cancelled();
  });
  const baton::Run first = scheduler.run(flow.build());
  gives_up = false;
  RerunOptions options;
  options.outcomes = {TaskState::cancelled};
  const auto log = std::make_shared<baton::test::EventLog>();
  StartOptions start;
  start.observers = {log};
  start.failure_mode = baton::FailureMode::stop;
  RerunPlan plan = baton::plan_rerun(first, std::move(options));
  EXPECT_EQ(plan.why(bad), "it failed, and nothing that it depends on runs");
  const baton::Run second = baton::rerun(scheduler, std::move(plan), std::move(start));
  EXPECT_THAT(message_of<baton::RunFailed>([&] { second.get(); }), HasSubstr("task 'bad': for good"));
  EXPECT_EQ(second.state(), RunState::failed);
  EXPECT_EQ(second.state(bad), TaskState::failed);
  EXPECT_EQ(second.state(after), TaskState::omitted);
  EXPECT_EQ(second.cause(after), second.plan().id(bad));
  EXPECT_EQ(second.state(other), TaskState::succeeded);
  ASSERT_EQ(second.failures().size(), 1U);
  EXPECT_EQ(second.failures()[0].task, second.plan().id(bad));
  const auto told = log->events_of(second.plan().id(bad));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].has_error);
}

TEST_P(Rerun, OmitsAgainWhatAKeptFailureCauses) {
  Workflow flow;
  auto bad = flow.task("bad", []() -> int { throw std::runtime_error("for good"); });
  auto after = flow.task("after", [](int x) { return x; }, bad);
  const baton::Run first = scheduler.run(flow.build());
  RerunOptions options;
  options.outcomes = {TaskState::omitted};
  const baton::Run second = baton::rerun(scheduler, baton::plan_rerun(first, std::move(options)));
  second.wait();
  EXPECT_EQ(second.state(after), TaskState::omitted);
  EXPECT_EQ(second.state(), RunState::failed);
}

// ---- Inputs ----

TEST_P(Rerun, WithAnotherInputRunsWhatDependsOnIt) {
  Workflow flow;
  auto rate = flow.input<double>("rate");
  auto amount = flow.input<int>("amount", 10);
  std::atomic<int> calls{0};
  auto cost = flow.task("cost", [&](double r, int n) { return ++calls, r * n; }, rate, amount);
  auto size = flow.task("size", [&](int n) { return ++calls, n * 2; }, amount);
  const Plan plan = flow.build();
  baton::Run run = scheduler.run(plan, baton::Inputs().set(rate, 0.5));
  RerunOptions options;
  options.inputs.set(rate, 2.0);
  RerunPlan again = baton::plan_rerun(run, std::move(options));
  EXPECT_EQ(again.task(rate).reason, RerunReason::input_changed);
  EXPECT_EQ(again.count(RerunAction::rerun), 2U);
  run = baton::rerun(scheduler, std::move(again));
  EXPECT_EQ(run.get(cost), 20);
  EXPECT_EQ(run.result(size), 20);
  EXPECT_EQ(run.result(rate), 2.0);
  EXPECT_EQ(calls, 3);
}

TEST_P(Rerun, NeedsAValueForAnInputThatIsGone) {
  Workflow flow;
  auto text = flow.input<std::string>("text");
  Step step;
  auto length =
      flow.task("length", [step](std::string&& taken) { return step(static_cast<int>(taken.size())); }, take(text));
  const Plan plan = flow.build();
  const baton::Run run = scheduler.run(plan, baton::Inputs().set(text, "a text that is not short at all"));
  *step.fails = false;
  RerunPlan without = baton::plan_rerun(run);
  EXPECT_EQ(without.why(text), "its result was taken by task 'length', which runs; it needs a value");
  EXPECT_THAT(message_of<DefinitionError>([&] { baton::rerun(scheduler, std::move(without)); }),
              HasSubstr("input 'text' has no value"));
  RerunOptions options;
  options.inputs.set(text, "four");
  EXPECT_EQ(baton::rerun(scheduler, baton::plan_rerun(run, std::move(options))).get(length), 5);
}

TEST_P(Rerun, TakesTheDefaultOfAnInputThatNeverRan) {
  baton::ManualExecutor executor;
  Scheduler own(executor);
  Workflow flow;
  auto text = flow.input<std::string>("text", "default");
  auto must = flow.input<std::string>("must");
  auto both = flow.task([](const std::string& a, const std::string& b) { return a + b; }, text, must);
  const baton::Run run = own.start(flow.build(), baton::Inputs().set(text, "given").set(must, "given"));
  run.cancel();
  executor.run_until_idle();
  ASSERT_EQ(run.state(), RunState::cancelled);
  EXPECT_THAT(message_of<DefinitionError>([&] { baton::rerun(own, baton::plan_rerun(run)); }),
              HasSubstr("input 'must' has no value"));
  RerunOptions options;
  options.inputs.set(must, "!");
  const baton::Run again = baton::rerun(own, baton::plan_rerun(run, std::move(options)));
  executor.run_until_idle();
  EXPECT_EQ(again.get(both), "default!");
}

// ---- Values ----

TEST_P(Rerun, RunsAgainWhoseResultWasTaken) {
  Workflow flow;
  std::atomic<int> makes{0};
  auto make = flow.task("make", [&] { return std::make_unique<int>(++makes); });
  Step step;
  auto use = flow.task("use", [step](std::unique_ptr<int> value) { return step(*value); }, take(make));
  auto later = flow.task("later", [](int x) { return x; }, use);
  const baton::Run first = scheduler.run(flow.build());
  *step.fails = false;
  RerunPlan plan = baton::plan_rerun(first);
  EXPECT_EQ(plan.task(make).reason, RerunReason::result_taken);
  EXPECT_EQ(plan.why(make), "its result was taken by task 'use', which runs");
  baton::Run run = baton::rerun(scheduler, std::move(plan));
  EXPECT_EQ(run.get(later), 3);
  // Nobody misses what was taken as long as whoever took it does not run.
  RerunOptions options;
  options.tasks = {later};
  run = baton::rerun(scheduler, baton::plan_rerun(run, std::move(options)));
  EXPECT_EQ(run.get(later), 3);
  EXPECT_EQ(makes, 2);
}

TEST_P(Rerun, ReusesWhatWasToBeTakenByATaskThatNeverRan) {
  Workflow flow;
  std::atomic<int> makes{0};
  auto make = flow.task("make", [&] { return std::make_unique<int>(++makes); });
  std::atomic<bool> fails{true};
  auto gate = flow.task("gate", [&] {
    if (fails) throw std::runtime_error("closed");
  });
  auto use = flow.task("use", [](std::unique_ptr<int> value) { return *value; }, take(make)).after(gate);
  const baton::Run first = scheduler.run(flow.build());
  fails = false;
  EXPECT_EQ(baton::rerun(scheduler, baton::plan_rerun(first)).get(use), 1);
  EXPECT_EQ(makes, 1);
}

TEST_P(Rerun, ASecondTimeMakesAgainWhatWasHandedOver) {
  Workflow flow;
  std::atomic<int> calls{0};
  auto value = flow.task("value", [&] { return ++calls; });
  auto nothing = flow.task("nothing", [&] { ++calls; });
  auto bad = flow.task("bad", [](int) { throw std::runtime_error("again"); }, value);
  const baton::Run first = scheduler.run(flow.build());
  const baton::Run second = baton::rerun(scheduler, baton::plan_rerun(first));
  second.wait();
  RerunPlan third = baton::plan_rerun(first);
  EXPECT_EQ(third.task(value).reason, RerunReason::result_handed_over);
  EXPECT_EQ(third.why(value), "its result was handed over to run " + number(second));
  EXPECT_EQ(third.task(nothing).action, RerunAction::reuse);
  EXPECT_EQ(third.task(bad).reason, RerunReason::outcome);
  const baton::Run run = baton::rerun(scheduler, std::move(third));
  run.wait();
  EXPECT_EQ(run.result(value), 3);
  EXPECT_LE(second.result(value), 2) << "the second run keeps what it was given";
}

TEST_P(Rerun, OfOneRunByManyAtOnceGivesTheResultsToOne) {
  constexpr std::size_t rivals = 8;
  Tally tally;
  Workflow flow;
  std::atomic<int> makes{0};
  auto make = flow.task("make", [&] { return Counted(tally, ++makes); });
  Step step;
  auto use = flow.task("use", [step](const Counted& value) { return step(value.value()); }, make);
  const Plan plan = flow.build();
  for (int round = 0; round < 50; ++round) {
    makes = 0;
    *step.fails = true;
    const baton::Run first = scheduler.run(plan);
    *step.fails = false;
    std::vector<RerunPlan> plans;
    for (std::size_t rival = 0; rival < rivals; ++rival) plans.push_back(baton::plan_rerun(first));
    std::atomic<int> won{0};
    std::atomic<int> lost{0};
    std::latch begin(rivals);
    std::vector<std::thread> threads;
    for (RerunPlan& own : plans) {
      threads.emplace_back([&] {
        begin.arrive_and_wait();
        try {
          won += baton::rerun(scheduler, std::move(own)).get(use) == 2 ? 1 : 100;
        } catch (const UsageError& error) {
          lost += std::string(error.what()).find("plan it again") != std::string::npos ? 1 : 100;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(lost, static_cast<int>(rivals) - 1);
  }
  scheduler.wait_all();
  EXPECT_EQ(tally.alive, 0);
}

// ---- What cannot be done changes nothing ----

TEST_P(Rerun, RefusedHasMovedNothing) {
  Tally tally;
  Workflow flow{"w"};
  auto make = flow.task("make", [&] { return Counted(tally, 1); });
  Step step;
  auto use = flow.task("use", [step](const Counted& value) { return step(value.value()); }, make);
  auto day = flow.input<int>("day", 3);
  const baton::Run first = scheduler.run(flow.build());
  *step.fails = false;
  use.resource("disk", 2);
  const Plan edited = flow.build();
  RerunPlan plan = baton::plan_rerun(first, edited);
  const std::int64_t moves = tally.moves;
  EXPECT_THAT(message_of<DefinitionError>([&] { baton::rerun(scheduler, std::move(plan)); }),
              HasSubstr("task 'use' asks for 2 of resource 'disk', which the scheduler does not have"));
  StartOptions with_inputs;
  with_inputs.inputs.set(day, 4);
  EXPECT_THAT(message_of<DefinitionError>([&] { baton::rerun(scheduler, std::move(plan), std::move(with_inputs)); }),
              HasSubstr("give them to plan_rerun"));
  EXPECT_EQ(first.result(make).value(), 1);
  EXPECT_EQ(tally.moves, moves);
  scheduler.resource("disk", 2);
  const baton::Run second = baton::rerun(scheduler, std::move(plan));
  EXPECT_EQ(second.get(use), 2);
  EXPECT_EQ(message_of<UsageError>([&] { baton::rerun(scheduler, std::move(plan)); }),
            "this rerun of run " + number(first) + " was carried out already, as run " + number(second) +
                "; plan another one");
  EXPECT_EQ(plan.count(RerunAction::reuse), 2U) << "it can still be looked at";
}

TEST_P(Rerun, IsRefusedOfWhatHasNotEndedOrIsNotThere) {
  Workflow flow{"w"};
  std::latch go(1);
  auto waits = flow.task("waits", [&] { go.wait(); });
  auto input = flow.input<int>("n", 1);
  const Plan plan = flow.build();
  const baton::Run run = scheduler.start(plan);
  EXPECT_EQ(message_of<UsageError>([&] { (void)baton::plan_rerun(run); }),
            "plan_rerun: run " + number(run) + " has not ended; wait for it, or cancel it");
  go.count_down();
  run.wait();
  EXPECT_EQ(message_of<UsageError>([&] { (void)baton::plan_rerun(baton::Run()); }),
            "plan_rerun: the handle refers to no run");
  Workflow other;
  auto foreign = other.task([] {});
  auto foreign_input = other.input<int>("n");
  RerunOptions options;
  options.tasks = {waits, foreign};
  options.names = {"wait"};
  options.inputs.set(foreign_input, 1).set(input, 2);
  try {
    (void)baton::plan_rerun(run, std::move(options));
    FAIL();
  } catch (const DefinitionError& error) {
    EXPECT_THAT(error.faults(), ElementsAre(HasSubstr("a handle of a task to run again names none of its plan"),
                                            "there is no task 'wait' to run again",
                                            "a value is given for an input of another workflow"));
  }
  RerunOptions no_outcome;
  no_outcome.outcomes = {TaskState::running};
  EXPECT_EQ(message_of<UsageError>([&] { (void)baton::plan_rerun(run, std::move(no_outcome)); }),
            "plan_rerun: 'running' is no outcome");
}

/// Its move throws when it is told to.
class Touchy {
 public:
  explicit Touchy(Tally& tally, const std::atomic<int>& moves_left) : counted_(tally), moves_left_(&moves_left) {}
  Touchy(Touchy&& other)  // NOLINT(performance-noexcept-move-constructor): that is what it is for
      : counted_((other.may_move(), std::move(other.counted_))), moves_left_(other.moves_left_) {}
  Touchy(const Touchy&) = delete;
  Touchy& operator=(const Touchy&) = delete;
  ~Touchy() = default;

 private:
  void may_move() const {
    if (--const_cast<std::atomic<int>&>(*moves_left_) < 0) throw std::runtime_error("touchy");
  }
  Counted counted_;
  const std::atomic<int>* moves_left_;
};

TEST_P(Rerun, ThrowsWhatAMoveThrowsAndLosesNoOtherResult) {
  Tally tally;
  std::atomic<int> moves_left{1000};
  {
    Workflow flow;
    std::vector<Task<Touchy>> touchy;
    for (int task = 0; task < 4; ++task) {
      touchy.push_back(flow.task("touchy" + std::to_string(task), [&] { return Touchy(tally, moves_left); }));
    }
    auto sure = flow.task("sure", [&] { return Counted(tally, 9); });
    auto input = flow.input<std::string>("text", "some text that is on the heap, so that a leak shows");
    auto bad = flow.task("bad", [] { throw std::runtime_error("first"); });
    const baton::Run first = scheduler.run(flow.build());
    moves_left = 2;
    RerunPlan plan = baton::plan_rerun(first);
    EXPECT_EQ(message_of<std::runtime_error>([&] { baton::rerun(scheduler, std::move(plan)); }), "touchy");
    moves_left = 1000;
    EXPECT_EQ(first.result(sure).value(), 9);
    EXPECT_EQ(first.result(input).substr(0, 9), "some text");
    (void)first.result(touchy[3]);
    EXPECT_THROW((void)first.result(touchy[0]), UsageError);
    EXPECT_THROW((void)baton::rerun(scheduler, std::move(plan)), UsageError);
    RerunPlan next = baton::plan_rerun(first);
    EXPECT_EQ(next.task(touchy[0]).reason, RerunReason::result_handed_over);
    EXPECT_EQ(next.task(touchy[3]).action, RerunAction::reuse);
    EXPECT_EQ(next.count(RerunAction::rerun), 4U);  // three of them, and `bad`
    const baton::Run second = baton::rerun(scheduler, std::move(next));
    second.wait();
    EXPECT_EQ(second.counts()[TaskState::succeeded], 6U);
    EXPECT_EQ(second.state(bad), TaskState::failed);
  }
  scheduler.wait_all();
  EXPECT_EQ(tally.alive, 0);
}

// ---- What is seen of it ----

TEST_P(Rerun, TellsThatReusedTasksEndedBeforeAnythingRuns) {
  Workflow flow;
  auto load = flow.task("load", [] { return 1; });
  Step step;
  auto parse = flow.task("parse", step, load);
  const Plan plan = flow.build();
  const baton::Run first = scheduler.run(plan);
  *step.fails = false;
  const auto log = std::make_shared<baton::test::EventLog>();
  StartOptions options;
  options.observers = {log};
  options.record = true;
  const baton::Run second = baton::rerun(scheduler, baton::plan_rerun(first), std::move(options));
  second.wait();
  scheduler.wait_all();
  const auto events = log->events();
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0].kind, Event::Kind::run_started);
  EXPECT_EQ(events[1].kind, Event::Kind::task_ended);
  EXPECT_EQ(events[1].task, plan.id(load));
  EXPECT_EQ(events[1].attempt, 0U);
  EXPECT_EQ(events[1].state, TaskState::succeeded);
  EXPECT_EQ(events[2].kind, Event::Kind::task_ready);
  EXPECT_EQ(events[2].task, plan.id(parse));
  const baton::Snapshot snapshot = second.snapshot();
  EXPECT_EQ(snapshot.count(TaskState::succeeded), 2U);
  EXPECT_EQ(snapshot.tasks[index_of(plan.id(load))].attempt, 0U);
  EXPECT_FALSE(snapshot.tasks[index_of(plan.id(load))].started.has_value());
}

TEST_P(Rerun, ShowsAsManyReasonsAsFit) {
  Workflow flow{"many"};
  for (int task = 0; task < 30; ++task) {
    flow.task("bad" + std::to_string(task), [] { throw std::runtime_error("no"); });
  }
  const baton::Run run = scheduler.run(flow.build());
  const std::string text = to_string(baton::plan_rerun(run), 2);
  EXPECT_EQ(text, "run " + number(run) +
                      " of workflow 'many' again: 30 tasks run, 0 are reused\n"
                      "  'bad0' runs: it failed\n"
                      "  'bad1' runs: it failed\n"
                      "  and 28 more");
}

// ---- Tasks that need more than a call ----

TEST_P(Rerun, TakesNoTimeForWhatIsReused) {
  baton::VirtualClock clock;
  Scheduler own(pool, {&clock});
  own.resource("seat", 1);
  Workflow inner;
  auto deep = inner.task("deep", [](baton::Context& context) {
    context.park_for(std::chrono::hours(72));
    return std::string("from three days ago, and longer than a short string");
  });
  Workflow flow;
  auto child = flow.subworkflow("child", inner.build(), deep);
  auto held = flow.task("held", [](baton::Context& context) { context.park_for(std::chrono::hours(1)); });
  held.resource("seat");
  Step step;
  auto size = flow.task("size", [step](const std::string& text) { return step(static_cast<int>(text.size())); }, child);
  size.resource("seat").after(held);
  const baton::Run first = own.run(flow.build());
  ASSERT_EQ(first.state(), RunState::failed);
  const auto then = clock.now();
  *step.fails = false;
  const baton::Run second = baton::rerun(own, baton::plan_rerun(first));
  EXPECT_GT(second.get(size), 40);
  EXPECT_EQ(clock.now(), then);
  RerunOptions options;
  options.tasks = {held};
  const baton::Run third = baton::rerun(own, baton::plan_rerun(second, std::move(options)));
  third.get();
  EXPECT_EQ(clock.now(), then + std::chrono::hours(1));
}

}  // namespace
