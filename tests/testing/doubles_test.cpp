// SPDX-License-Identifier: MIT
#include "support/messages.hpp"

#include <baton/executor/manual_executor.hpp>
#include <baton/executor/thread_pool.hpp>
#include <baton/graph/workflow.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/doubles.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace baton::test {
namespace {

using testing::HasSubstr;

Duration since_zero(TimePoint time) { return time.time_since_epoch(); }

/// Runs plans on one thread and virtual time.
struct Stage {
  ManualExecutor executor{};
  VirtualClock clock{};
  Scheduler scheduler{executor, {.clock = &clock}};

  baton::Run run(const Workflow& flow, StartOptions options = {}) {
    baton::Run started = scheduler.start(flow.build(), std::move(options));
    executor.run_until_idle();
    return started;
  }
  [[nodiscard]] Duration now() const { return since_zero(clock.now()); }
};

// ---- Results ----

TEST(Doubles, ReturnACopyInEachRunWithoutCallingTheBody) {
  Workflow flow;
  int bodies = 0;
  const auto load = flow.task("load", [&] {
    ++bodies;
    return std::vector<int>{1};
  });
  const auto grow = flow.task(
      "grow",
      [](std::vector<int>&& all) {
        all.push_back(9);
        return std::move(all);
      },
      take(load));
  Doubles doubles;
  doubles.returns("load", std::vector<int>{7, 8});
  doubles.apply(flow);

  Stage stage;
  const Plan plan = flow.build();
  for (int i = 0; i < 3; ++i) {
    const auto run = stage.scheduler.start(plan);
    stage.executor.run_until_idle();
    EXPECT_EQ(run.result(grow), (std::vector<int>{7, 8, 9}));
  }
  EXPECT_EQ(bodies, 0);
  EXPECT_EQ(doubles.calls("load"), 3);
}

TEST(Doubles, ReturnNothingForATaskWithoutResult) {
  Workflow flow;
  bool called = false;
  flow.task("mail", [&] { called = true; });
  Doubles doubles;
  doubles.returns("mail");
  doubles.apply(flow);
  EXPECT_TRUE(Stage().run(flow).succeeded());
  EXPECT_FALSE(called);
  EXPECT_EQ(doubles.calls("mail"), 1);
}

TEST(Doubles, RunABodyWhoseResultMayOnlyMove) {
  Workflow flow;
  const auto make = flow.task("make", [] { return std::make_unique<int>(1); });
  const auto number = flow.task("number", [] { return 1U; });
  Doubles doubles;
  doubles.runs("make", [] { return std::make_unique<int>(5); }).runs("number", [](Context& context) {
    return context.attempt() + 10;
  });
  doubles.apply(flow);
  const auto run = Stage().run(flow);
  EXPECT_EQ(*run.result(make), 5);
  EXPECT_EQ(run.result(number), 11U);
}

TEST(Doubles, StandInForBodiesWhoseTypesAreKnownAtRunTime) {
  Workflow flow;
  const AnyTask task = flow.untyped_task("any", type_of<int>(), {}, [](UntypedCall& call) { call.set(1); }, {});
  const AnyTask with_argument = flow.untyped_task("more", type_of<int>(), {type_of<int>()},
                                                  [](UntypedCall& call) { call.set(call.get<int>(0) + 1); }, {task});
  Doubles doubles;
  doubles.returns("any", 5).delays("more", 1s);
  doubles.apply(flow);
  EXPECT_EQ(Stage().run(flow).result(flow.task_named<int>("more")), 6);
  EXPECT_TRUE(with_argument);
}

TEST(Doubles, RefuseAResultOfAnotherTypeAndChangeNothing) {
  Workflow flow("shop");
  const auto count = flow.task("count orders", [] { return 1; });
  flow.task("send", [] {});
  Doubles doubles;
  doubles.returns("send").returns("count orders", std::string("many"));
  EXPECT_EQ(message_of<UsageError>([&] { doubles.apply(flow); }),
            "doubles: task 'count orders' returns int, its double 'count orders' std::string");
  EXPECT_EQ(Stage().run(flow).result(count), 1);
  EXPECT_THAT(message_of<UsageError>([&] { static_cast<void>(doubles.calls("send")); }),
              HasSubstr("no task that has a double"));

  Doubles without;
  without.returns("count *");
  EXPECT_THAT(message_of<UsageError>([&] { without.apply(flow); }),
              HasSubstr("returns int, its double 'count *' void"));
}

// ---- Names ----

TEST(Doubles, NameTheNearestTasksWhenAPatternMatchesNone) {
  Workflow flow("shop");
  for (const char* name : {"load orders", "load users", "render", "send mails"}) flow.task(name, [] {});
  Doubles doubles;
  doubles.returns("lod orders");
  EXPECT_EQ(message_of<UsageError>([&] { doubles.apply(flow); }),
            "doubles: no task of workflow 'shop' matches 'lod orders'; the nearest names are 'load orders', 'load "
            "users', 'render'");
  Workflow empty;
  EXPECT_EQ(message_of<UsageError>([&] { doubles.apply(empty); }),
            "doubles: no task of the workflow matches 'lod orders'");
}

TEST(Doubles, RefuseInputsElementsAndEmptyPatterns) {
  Workflow flow("shop");
  flow.input<int>("day");
  flow.task("render", [] {});
  Doubles doubles;
  doubles.returns("day", 1);
  EXPECT_EQ(message_of<UsageError>([&] { doubles.apply(flow); }),
            "doubles: 'day' is an input of workflow 'shop', which has no body; give it a value by Inputs::set");
  EXPECT_THAT(message_of<UsageError>([&] { doubles.returns("render[3]", 1); }),
              HasSubstr("'render[3]' is no task: elements of a map"));
  EXPECT_THAT(message_of<UsageError>([&] { doubles.delays("", 1s); }), HasSubstr("the pattern is empty"));
  EXPECT_THAT(message_of<UsageError>([&] { doubles.delays("render", -1s); }), HasSubstr("negative"));
  EXPECT_THAT(message_of<UsageError>([&] { doubles.fails("render", 1, 0); }), HasSubstr("0 times"));
  EXPECT_THAT(message_of<UsageError>([&] { doubles.fails("render", std::exception_ptr()); }),
              HasSubstr("no exception"));
}

TEST(Doubles, ArePickedByPatterns) {
  struct Case {
    const char* pattern;
    std::vector<std::string> names;
  };
  const std::vector<std::string> all{"fetch", "fetch a", "fetch ab", "prefetch a", "#5", "fetch a/compensate"};
  const std::vector<Case> cases{
      {"*", {"fetch", "fetch a", "fetch ab", "prefetch a", "#5"}},  // inputs have no body
      {"fetch", {"fetch"}},
      {"fetch*", {"fetch", "fetch a", "fetch ab"}},
      {"fetch ?", {"fetch a"}},
      {"fetch ??", {"fetch ab"}},
      {"*fetch*a", {"fetch a", "prefetch a"}},
      {"*a*b", {"fetch ab"}},
      {"**etch**", {"fetch", "fetch a", "fetch ab", "prefetch a"}},
      {"#5", {"#5"}},
      {"*/compensate", {"fetch a/compensate"}},
      {"fetch ?/*", {"fetch a/compensate"}},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.pattern);
    Workflow flow;
    flow.task("fetch", [] {});
    flow.task("fetch a", [] {}).compensate([] {});
    flow.task("fetch ab", [] {});
    flow.task([] {});
    flow.task("prefetch a", [] {});
    flow.input<int>("day", 1);
    Doubles doubles;
    doubles.returns(each.pattern);
    doubles.apply(flow);
    std::vector<std::string> doubled;
    for (const std::string& name : all) {
      if (message_of<UsageError>([&] { static_cast<void>(doubles.calls(name)); }) == "(nothing was thrown)")
        doubled.push_back(name);
    }
    EXPECT_EQ(doubled, each.names);
  }
}

// ---- Failures ----

TEST(Doubles, FailTheFirstAttemptsAndThenCallTheRealBody) {
  Workflow flow;
  int bodies = 0;
  const auto fetch =
      flow.task("fetch page", [&] { return ++bodies; }).retry({.attempts = 3, .delay = 24h, .max_delay = 48h});
  Doubles doubles;
  doubles.fails("fetch *", std::runtime_error("no network"), 2);
  doubles.apply(flow);
  Stage stage;
  const auto run = stage.run(flow);
  EXPECT_EQ(run.result(flow.task_named<int>("fetch page")), 1);
  EXPECT_TRUE(fetch);
  EXPECT_EQ(stage.now(), 72h);
  EXPECT_EQ(doubles.calls("fetch page"), 3);

  // In each run anew.
  EXPECT_TRUE(stage.run(flow).succeeded());
  EXPECT_EQ(doubles.calls("fetch page"), 6);
  EXPECT_EQ(bodies, 2);
}

TEST(Doubles, FailTheFirstAttemptsAndThenReturnAResult) {
  Workflow flow;
  const auto fetch = flow.task("fetch", []() -> int { throw std::logic_error("the real one"); });
  fetch.retry({.attempts = 2});
  Doubles doubles;
  doubles.returns("fetch", 7).fails("fetch", std::runtime_error("no network"), 1);
  doubles.apply(flow);
  EXPECT_EQ(Stage().run(flow).result(fetch), 7);
}

TEST(Doubles, FailEveryAttemptWithTheGivenException) {
  Workflow flow;
  const auto task = flow.task("fetch", [] {});
  task.retry({.attempts = 4, .delay = 1s, .filter = retry_on<std::out_of_range>()});
  const auto next = flow.task("next", [] {}).after(task);
  Doubles doubles;
  doubles.fails("fetch", std::make_exception_ptr(std::out_of_range("page 7")));
  doubles.apply(flow);
  const auto run = Stage().run(flow);
  EXPECT_EQ(run.state(task), TaskState::failed);
  EXPECT_EQ(run.state(next), TaskState::omitted);
  EXPECT_EQ(doubles.calls("fetch"), 4);
  EXPECT_THROW(std::rethrow_exception(run.error(task)), std::out_of_range);
}

TEST(Doubles, CancelATaskByThrowingCancelled) {
  Workflow flow;
  const auto task = flow.task("fetch", [] {});
  Doubles doubles;
  doubles.fails("fetch", Cancelled());
  doubles.apply(flow);
  EXPECT_EQ(Stage().run(flow).state(task), TaskState::cancelled);
}

TEST(Doubles, LetTheLaterSayingOfASortCount) {
  Workflow flow;
  const auto a = flow.task("fetch a", [] { return 0; });
  const auto b = flow.task("fetch b", [] { return 0; });
  Doubles doubles;
  doubles.returns("fetch *", 1).returns("fetch b", 2).delays("fetch b", 2h).delays("*", 1h);
  doubles.apply(flow);
  Stage stage;
  const auto run = stage.run(flow);
  EXPECT_EQ(run.result(a), 1);
  EXPECT_EQ(run.result(b), 2);
  EXPECT_EQ(stage.now(), 1h);
}

// ---- Delays ----

TEST(Doubles, DelayTheRealBodyByTheClockWithoutAThread) {
  Workflow flow;
  std::vector<Task<Duration>> tasks;
  for (int i = 0; i < 100; ++i) {
    tasks.push_back(flow.task("render " + std::to_string(i), [](Context& context) {
      EXPECT_EQ(context.path(), context.task_name());  // the delay does not make a loop of it
      context.park_for(1h);
      return since_zero(context.now());
    }));
  }
  Doubles doubles;
  doubles.delays("render *", 3h);
  doubles.apply(flow);
  Stage stage;
  const auto run = stage.run(flow);
  for (const auto& task : tasks) EXPECT_EQ(run.result(task), 3h);
  EXPECT_EQ(stage.now(), 4h);
}

TEST(Doubles, DelayFailuresAndEachAttempt) {
  Workflow flow;
  const auto task = flow.task("fetch", [](Context& context) { return since_zero(context.now()); });
  task.retry({.attempts = 3, .delay = 1h, .backoff = 1, .max_delay = 1h});
  Doubles doubles;
  doubles.delays("fetch", 10h).fails("fetch", std::runtime_error("no network"), 2);
  doubles.apply(flow);
  Stage stage;
  EXPECT_EQ(stage.run(flow).result(task), 32h);  // 10, 1, 10, 1, 10
  EXPECT_EQ(doubles.calls("fetch"), 3);
}

TEST(Doubles, DelayIntoTheTimeoutAndTheDeadline) {
  Workflow flow;
  int bodies = 0;
  const auto slow = flow.task("slow", [&] { ++bodies; });
  slow.timeout(1h).retry({.attempts = 2, .delay = 1h});
  const auto late = flow.task("late", [&] { ++bodies; });
  late.deadline(5h).retry({.attempts = 99, .delay = 0s});
  Doubles doubles;
  doubles.delays("slow", 2h).delays("late", 2h).fails("late", std::runtime_error("not yet"));
  doubles.apply(flow);
  Stage stage;
  const auto run = stage.run(flow);
  EXPECT_THROW(std::rethrow_exception(run.error(slow)), TimedOut);
  EXPECT_THROW(std::rethrow_exception(run.error(late)), TimedOut);
  EXPECT_EQ(doubles.calls("slow"), 2);
  EXPECT_EQ(doubles.calls("late"), 3);
  EXPECT_EQ(bodies, 0);
  EXPECT_EQ(stage.now(), 5h);
}

TEST(Doubles, AreCancelledDuringTheirDelay) {
  Workflow flow;
  const auto slow = flow.task("slow", [] { FAIL() << "the body of a task that was cancelled"; });
  const auto fails = flow.task("fails", [] { throw std::runtime_error("stop"); });
  Doubles doubles;
  doubles.delays("slow", 2h).delays("fails", 1h);
  doubles.apply(flow);
  Stage stage;
  const auto run = stage.run(flow, {.failure_mode = FailureMode::stop});
  EXPECT_EQ(run.state(slow), TaskState::cancelled);
  EXPECT_EQ(run.state(fails), TaskState::failed);
  EXPECT_EQ(stage.now(), 1h);
}

// ---- What stays ----

TEST(Doubles, LeaveConditionsResourcesAndCompensationsAlone) {
  Workflow flow;
  std::vector<std::string> undone;
  const auto size = flow.task("size", [] { return 1; });
  const auto large = flow.task("large", [] {}).when([](int n) { return n > 10; }, size);
  for (const char* name : {"a", "b"}) flow.task(name, [] {}).resource("desk");
  const auto book = flow.task("book", [] { return 1; });
  book.compensate([&](int n) { undone.push_back("book " + std::to_string(n)); });
  const auto pay = flow.task("pay", [] {}).after(book);
  Doubles doubles;
  doubles.returns("large").delays("?", 1h).returns("book", 5).fails("pay", std::runtime_error("no money"));
  doubles.apply(flow);
  Stage stage;
  stage.scheduler.resource("desk", 1);
  const auto run = stage.run(flow);
  EXPECT_EQ(run.state(flow.task_named<void>("large")), TaskState::skipped);
  EXPECT_EQ(doubles.calls("large"), 0);
  EXPECT_EQ(stage.now(), 2h);
  EXPECT_EQ(undone, std::vector<std::string>{"book 5"});
  EXPECT_TRUE(large);
  EXPECT_TRUE(pay);
}

TEST(Doubles, StandInForCompensationsAndFinallyTasks) {
  Workflow flow;
  flow.task("book", [] { return 1; }).compensate([](int) { FAIL() << "the real compensation"; });
  flow.finally("close", [] { FAIL() << "the real end"; });
  flow.task("pay", [] {}).after(flow.task_named<int>("book"));
  Doubles doubles;
  doubles.fails("pay", std::runtime_error("no money")).returns("book/compensate").returns("close");
  doubles.apply(flow);
  Stage().run(flow);
  EXPECT_EQ(doubles.calls("book/compensate"), 1);
  EXPECT_EQ(doubles.calls("close"), 1);
}

// ---- Tasks with an inside ----

TEST(Doubles, ReplaceTheResultOfAMapAndOfALoop) {
  Workflow flow;
  const auto pages = flow.task("pages", [] { return std::vector<int>{1, 2, 3}; });
  const auto render = flow.map("render", pages, [](int page) { return page * 2; });
  const auto zero = flow.task("zero", [] { return 0; });
  const auto rounds =
      flow.loop("train", zero, [](int n) { return n + 1; }, [](int n) { return n == 3; }, {.limit = 10});
  Doubles doubles;
  doubles.returns("render", std::vector<int>{7}).returns("train", 30);
  doubles.apply(flow);
  const auto run = Stage().run(flow);
  EXPECT_EQ(run.result(render), std::vector<int>{7});
  EXPECT_EQ(run.result(rounds), 30);
}

TEST(Doubles, DelayAndFailMapsLoopsAndSubWorkflowsAsAWhole) {
  Workflow inner("inner");
  const auto inside = inner.task("inside", [] { return 4; });
  const Plan plan = inner.build();
  Workflow flow;
  const auto pages = flow.task("pages", [] { return std::vector<int>{1, 2, 3}; });
  const auto render = flow.map("render", pages, [](int page) { return page * 2; });
  const auto zero = flow.task("zero", [] { return 0; });
  int calls = 0;
  const auto train = flow.loop(
      "train", zero,
      [&](Context& context, int n) {
        ++calls;
        context.park_for(1h);
        return n + 1;
      },
      [](int n) { return n == 3; }, {.limit = 10});
  const auto sub = flow.subworkflow("sub", plan, inside);
  for (const AnyTask& task : {AnyTask(render), AnyTask(train), AnyTask(sub)})
    task.retry({.attempts = 2, .delay = 1h, .max_delay = 1h});
  Doubles doubles;
  for (const char* name : {"render", "train", "sub"}) {
    doubles.delays(name, 10h).fails(name, std::runtime_error("not at first"), 1);
  }
  doubles.apply(flow);
  Stage stage;
  const auto run = stage.run(flow);
  EXPECT_EQ(run.result(render), (std::vector<int>{2, 4, 6}));
  EXPECT_EQ(run.result(train), 3);
  EXPECT_EQ(run.result(sub), 4);
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(stage.now(), 24h);  // 10, 1, 10 and three rounds
  for (const char* name : {"render", "train", "sub"}) EXPECT_EQ(doubles.calls(name), 2);
}

TEST(Doubles, ReachTasksInsideByTheirOwnWorkflow) {
  Workflow inner("inner");
  const auto number = inner.input<int>("number");
  const auto twice = inner.task("twice", [](int n) { return 2 * n; }, number);
  Doubles doubles;
  doubles.returns("twice", 100);
  doubles.apply(inner);
  Workflow flow;
  const auto numbers = flow.task("numbers", [] { return std::vector<int>{1, 2, 3}; });
  const auto all = flow.map("all", numbers, inner.build(), number, twice);
  EXPECT_EQ(Stage().run(flow).result(all), (std::vector<int>{100, 100, 100}));
  EXPECT_EQ(doubles.calls("twice"), 3);
}

// ---- Life ----

TEST(Doubles, LeaveTheOriginalOfACopyAlone) {
  Workflow flow;
  const auto task = flow.task("load", [] { return 1; });
  Workflow copy = flow;
  Doubles doubles;
  doubles.returns("load", 2);
  doubles.apply(copy);
  Stage stage;
  EXPECT_EQ(stage.run(flow).result(task), 1);
  EXPECT_EQ(stage.run(copy).result(copy.counterpart(task)), 2);
}

TEST(Doubles, AreNotNeededOnceTheyAreApplied) {
  Plan plan;
  Task<std::string> task;
  {
    Workflow flow;
    task = flow.task("load", [] { return std::string("real"); });
    Doubles doubles;
    doubles.returns("load", std::string("a text that does not fit into a small string"));
    doubles.apply(flow);
    plan = std::move(flow).build();
  }
  Stage stage;
  const auto run = stage.scheduler.start(plan);
  stage.executor.run_until_idle();
  EXPECT_EQ(run.result(task), "a text that does not fit into a small string");
}

TEST(Doubles, CountCallsOfManyThreads) {
  Workflow flow;
  const auto first = flow.task("first", [] {});
  for (int i = 0; i < 2000; ++i) flow.task("fetch " + std::to_string(i), [] {}).after(first);
  Doubles doubles;
  doubles.returns("fetch *").delays("fetch 1??", 1min);
  doubles.apply(flow);
  const Plan plan = flow.build();
  ThreadPool pool(4);
  VirtualClock clock;
  Scheduler scheduler(pool, {.clock = &clock});
  for (int i = 0; i < 10; ++i) scheduler.start(plan);
  EXPECT_LE(doubles.calls("fetch *"), 20000);  // while they run
  scheduler.wait_all();
  EXPECT_EQ(doubles.calls("fetch *"), 20000);
  EXPECT_EQ(doubles.calls("fetch 7"), 10);
}

}  // namespace
}  // namespace baton::test
