// SPDX-License-Identifier: MIT
#include "support/event_log.hpp"
#include "support/messages.hpp"
#include "support/scale.hpp"

#include <baton/executor/manual_executor.hpp>
#include <baton/executor/thread_pool.hpp>
#include <baton/graph/workflow.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/doubles.hpp>
#include <baton/testing/dry_run.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace baton::test {
namespace {

template <typename Index>
std::string name_of(Index task) {
  return std::string("t").append(std::to_string(task));
}

using testing::HasSubstr;

/// A body, or another function of the user's, that must not be called.
struct Untouched {
  template <typename... Arguments>
  int operator()(const Arguments&...) const {
    ADD_FAILURE() << "a dry run has called something of the user's";
    return 1;
  }
};

std::vector<std::string> names_in_order(const DryRun& run) {
  std::vector<std::string> names;
  for (const TaskId id : run.order()) names.push_back(run.plan().task_name(id));
  return names;
}

// ---- What it works out ----

TEST(DryRun, StartsATaskWithTheFirstThatItIsGiven) {
  Workflow flow;
  const auto slow = flow.task("slow", Untouched{});
  const auto fast = flow.task("fast", Untouched{});
  flow.task("user", Untouched{}, first(slow, fast));
  const Plan plan = flow.build();
  DryRunOptions options;
  options.threads(3).lasts("slow", 10s).lasts("fast", 2s).lasts("user", 1s);
  const DryRun run = dry_run(plan, options);
  EXPECT_EQ(run.task("user").start, 2s);
  EXPECT_EQ(run.makespan(), 10s);
  EXPECT_EQ(dry_run(plan, DryRunOptions(options).fails("fast")).task("user").start, 10s);
  const DryRun lost = dry_run(plan, DryRunOptions(options).fails("fast").fails("slow"));
  EXPECT_EQ(lost.task("user").outcome, TaskState::omitted);
  EXPECT_EQ(lost.task("user").end, 10s);
}

TEST(DryRun, CallsNothingOfTheUsers) {
  Workflow flow;
  const auto pages = flow.task("pages", [] {
    ADD_FAILURE();
    return std::vector<int>{1};
  });
  flow.map("map", pages, Untouched{});
  const auto number = flow.task("number", Untouched{});
  flow.task("asked", Untouched{}, number).when([](int) { return Untouched{}() == 1; }, number);
  number.compensate([](int) { Untouched{}(); });
  flow.task("fails", Untouched{}).after(number).retry({.filter = [](const std::exception_ptr&, std::uint32_t) {
    ADD_FAILURE();
    return RetryVerdict{};
  }});
  const DryRun run = dry_run(flow.build(), DryRunOptions().fails("fails"));
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.task("fails").attempts, 3);
  EXPECT_EQ(run.task("asked").outcome, TaskState::succeeded);
  EXPECT_EQ(run.task("number/compensate").outcome, TaskState::succeeded);
}

TEST(DryRun, TellsTimesOfAChainAndOfWhatRunsBesideIt) {
  Workflow flow;
  const auto load = flow.task("load", [] {});
  const auto check = flow.task("check", [] {}).after(load);
  const auto render = flow.task("render", [] {}).after(load);
  flow.task("send", [] {}).after(check, render);
  render.expected_duration(30s);
  const Plan plan = flow.build();
  const auto options = DryRunOptions().lasts("*", 10s).lasts("render", 30s);

  const DryRun two = dry_run(plan, DryRunOptions(options).threads(2));
  EXPECT_EQ(two.makespan(), 50s);
  EXPECT_EQ(two.task("render"), (DryRunTask{TaskState::succeeded, 1, 10s, 40s}));
  EXPECT_EQ(two.task("check"), (DryRunTask{TaskState::succeeded, 1, 10s, 20s}));
  EXPECT_EQ(two[load], (DryRunTask{TaskState::succeeded, 1, 0s, 10s}));
  EXPECT_EQ(dry_run(plan, options).makespan(), 60s);  // one thread
  EXPECT_EQ(dry_run(plan).makespan(), 30s);           // what is expected; the others take no time
  EXPECT_EQ(two.state(), RunState::succeeded);
}

TEST(DryRun, StartsReadyTasksInTheOrderOfThePlan) {
  Workflow flow;
  for (const char* name : {"a", "b", "c", "d"}) flow.task(name, [] {});
  flow.task_named<void>("c").priority(1);
  const DryRun run = dry_run(flow.build(), DryRunOptions().lasts("*", 1s));
  EXPECT_EQ(names_in_order(run), (std::vector<std::string>{"c", "a", "b", "d"}));
  EXPECT_EQ(run.task("d").start, 3s);
}

TEST(DryRun, TakesNoTimeForWhatHasNoBody) {
  Workflow flow;
  const auto day = flow.input<int>("day");
  flow.task("load", [](int) {}, day);
  flow.finally("close", [] {});
  const DryRun run = dry_run(flow.build(), DryRunOptions().lasts("*", 10s).fails("l*"));
  EXPECT_EQ(run.makespan(), 20s);
  EXPECT_EQ(run[day], (DryRunTask{TaskState::succeeded, 1, 0s, 0s}));
  EXPECT_EQ(run.task("close").start, 10s);
}

TEST(DryRun, SharesResourcesOut) {
  Workflow flow;
  for (const char* name : {"a", "b", "c"}) flow.task(name, [] {}).resource("machines");
  flow.task("big", [] {}).resource("machines", 2).resource("disk", 100);
  flow.task("free", [] {});
  const Plan plan = flow.build();
  const auto options = DryRunOptions().threads(8).lasts("*", 10s).resource("machines", 2);
  const DryRun run = dry_run(plan, options);
  EXPECT_EQ(run.task("b").start, 0s);
  EXPECT_EQ(run.task("c").start, 10s);
  EXPECT_EQ(run.task("big").start, 20s);  // not before both are free
  EXPECT_EQ(run.task("free").start, 0s);
  EXPECT_EQ(dry_run(plan, DryRunOptions().threads(8).lasts("*", 10s)).makespan(), 10s);
  EXPECT_EQ(
      message_of<UsageError>([&] { static_cast<void>(dry_run(plan, DryRunOptions(options).resource("machines", 1))); }),
      "dry run: task 'big' asks for 2 of resource 'machines', of which there are only 1");
}

TEST(DryRun, ATaskOnAnExecutorOfItsOwnHoldsNoThread) {
  ManualExecutor other;
  Workflow flow;
  flow.task("elsewhere", [] {}).on(other);
  flow.task("here", [] {});
  EXPECT_EQ(dry_run(flow.build(), DryRunOptions().lasts("*", 5s)).makespan(), 5s);
}

TEST(DryRun, TriesAgainAsThePolicySays) {
  Workflow flow;
  flow.task("fetch", [] {}).retry({.attempts = 4, .delay = 24h, .backoff = 2, .max_delay = 100h});
  const Plan plan = flow.build();
  const DryRun twice = dry_run(plan, DryRunOptions().lasts("fetch", 1h).fails("fetch", 2));
  EXPECT_EQ(twice.task("fetch"), (DryRunTask{TaskState::succeeded, 3, 0h, 75h}));
  const DryRun always = dry_run(plan, DryRunOptions().lasts("fetch", 1h).fails("fetch"));
  EXPECT_EQ(always.task("fetch"), (DryRunTask{TaskState::failed, 4, 0h, 172h}));
}

TEST(DryRun, EndsAttemptsAtTheTimeoutAndTasksAtTheDeadline) {
  Workflow flow;
  flow.task("slow", [] {}).timeout(2h).retry({.attempts = 2, .delay = 0s});
  flow.task("late", [] {}).deadline(5h).retry({.attempts = 99, .delay = 0s});
  flow.task("patient", [] {}).deadline(30min).retry({.attempts = 2, .delay = 1h, .max_delay = 1h});
  flow.task("holder", [] {}).resource("desk").priority(1);
  flow.task("queued", [] {}).resource("desk").deadline(1h);
  const DryRun run = dry_run(flow.build(), DryRunOptions()
                                               .threads(9)
                                               .lasts("slow", 3h)
                                               .lasts("late", 2h)
                                               .fails("late")
                                               .fails("patient")
                                               .lasts("holder", 9h)
                                               .resource("desk", 1));
  EXPECT_EQ(run.task("slow"), (DryRunTask{TaskState::failed, 2, 0h, 4h}));
  EXPECT_EQ(run.task("late"), (DryRunTask{TaskState::failed, 3, 0h, 5h}));
  EXPECT_EQ(run.task("patient"), (DryRunTask{TaskState::failed, 1, 0h, 30min}));
  EXPECT_EQ(run.task("queued"), (DryRunTask{TaskState::failed, 0, 1h, 1h}));
}

TEST(DryRun, OmitsWhatDependsOnAFailureAndGoesOnElsewhere) {
  Workflow flow;
  const auto bad = flow.task("bad", [] { return 1; });
  flow.task("uses", [](int) {}, bad);
  flow.task("handles", [] {}).depends(failed(bad));
  flow.task("other", [] {});
  const DryRun run = dry_run(flow.build(), DryRunOptions().fails("bad"));
  EXPECT_EQ(run.task("bad").outcome, TaskState::failed);
  EXPECT_EQ(run.task("uses").outcome, TaskState::omitted);
  EXPECT_EQ(run.task("handles").outcome, TaskState::succeeded);
  EXPECT_EQ(run.task("other").outcome, TaskState::succeeded);
  EXPECT_EQ(run.state(), RunState::failed);
}

TEST(DryRun, StopsAtAFailureButForCleanup) {
  Workflow flow;
  flow.task("book", [] {}).compensate([] {});
  flow.task("running", [] {});
  const auto bad = flow.task("bad", [] {});
  flow.task("waits", [] {}).resource("desk").priority(-1);
  flow.task("holder", [] {}).resource("desk");
  flow.task("retried", [] {}).retry({.attempts = 2, .delay = 1h, .max_delay = 1h});
  flow.task("later", [] {}).after(flow.task_named<void>("running"));
  flow.finally("close", [] {});
  const auto options = DryRunOptions()
                           .threads(9)
                           .resource("desk", 1)
                           .lasts("bad", 10s)
                           .lasts("running", 30s)
                           .lasts("holder", 20s)
                           .fails("retried")
                           .fails("bad");
  const DryRun run = dry_run(flow.build(), DryRunOptions(options).failure_mode(FailureMode::stop));
  EXPECT_EQ(run.task("running"), (DryRunTask{TaskState::succeeded, 1, 0s, 30s}));
  EXPECT_EQ(run.task("waits"), (DryRunTask{TaskState::cancelled, 0, 10s, 10s}));
  EXPECT_EQ(run.task("retried"), (DryRunTask{TaskState::cancelled, 1, 0s, 10s}));
  EXPECT_EQ(run.task("later"), (DryRunTask{TaskState::cancelled, 0, 30s, 30s}));
  EXPECT_EQ(run.task("book/compensate"), (DryRunTask{TaskState::succeeded, 1, 30s, 30s}));
  EXPECT_EQ(run.task("close").outcome, TaskState::succeeded);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(dry_run(flow.build(), options).task("later").outcome, TaskState::succeeded);
  EXPECT_TRUE(bad);
}

TEST(DryRun, SkipsWhatItIsToldToAndTakesTheArmsThatAreChosen) {
  Workflow flow;
  auto way = flow.choose("way", [] { return std::string("ship"); });
  const auto ship = way.arm("ship", "by ship", [] { return 1; });
  const auto plane = way.arm("plane", "by plane", [] { return 2; });
  const auto feet = way.otherwise("on foot", [] { return 3; });
  const auto other = flow.task("other", [] { return true; });
  flow.task("extra", [] {}).when([](bool yes) { return yes; }, other);
  flow.join("arrive", ship, plane, feet);
  const Plan plan = flow.build();

  const DryRun run = dry_run(plan, DryRunOptions().chooses("by plane"));
  EXPECT_EQ(run[ship].outcome, TaskState::skipped);
  EXPECT_EQ(run[plane].outcome, TaskState::succeeded);
  EXPECT_EQ(run[feet].outcome, TaskState::skipped);
  EXPECT_EQ(run.task("extra").outcome, TaskState::succeeded);
  EXPECT_EQ(run.task("arrive").outcome, TaskState::succeeded);

  const DryRun skipped = dry_run(plan, DryRunOptions().skips("extra").skips("by *"));
  EXPECT_EQ(skipped.task("extra").outcome, TaskState::skipped);
  EXPECT_EQ(skipped[ship].outcome, TaskState::skipped);
  EXPECT_EQ(skipped[feet].outcome, TaskState::succeeded);
}

TEST(DryRun, RefusesWhatNoTaskCanDo) {
  Workflow flow;
  for (const char* name : {"load", "render"}) flow.task(name, [] {});
  const Plan plan = flow.build();
  const auto refused = [&](const DryRunOptions& options) {
    return message_of<UsageError>([&] { static_cast<void>(dry_run(plan, options)); });
  };
  EXPECT_EQ(refused(DryRunOptions().lasts("lod", 1s)),
            "dry run: no task of the plan matches 'lod'; the nearest names are 'load', 'render'");
  EXPECT_EQ(refused(DryRunOptions().skips("l*")),
            "dry run: 'l*' can neither be skipped nor chosen: task 'load' has no condition (when)");
  EXPECT_THAT(refused(DryRunOptions().chooses("load")), HasSubstr("has no condition"));
  EXPECT_THAT(message_of<UsageError>([&] { static_cast<void>(dry_run(plan).task("lod")); }),
              HasSubstr("nearest names are 'load'"));
  EXPECT_THAT(message_of<UsageError>([] { DryRunOptions().threads(0); }), HasSubstr("without a thread"));
  EXPECT_THAT(message_of<UsageError>([] { DryRunOptions().lasts("a", -1s); }), HasSubstr("negative"));
  EXPECT_THAT(message_of<UsageError>([] { DryRunOptions().fails("a", 0); }), HasSubstr("0 times"));
  EXPECT_THAT(message_of<UsageError>([] { DryRunOptions().fails("a[3]"); }), HasSubstr("elements of a map"));
}

TEST(DryRun, IsReadable) {
  Workflow flow("nightly");
  const auto load = flow.task("load", [] {}).retry({.attempts = 2, .delay = 1min});
  const auto render = flow.task("render", [] {}).after(load);
  flow.task("send", [] {}).after(render);
  std::ostringstream text;
  text << dry_run(flow.build(),
                  DryRunOptions().lasts("load", 90s).fails("load", 1).lasts("render", 26h + 1500ms).fails("render"));
  EXPECT_EQ(
      text.str(),
      "dry run of 'nightly': failed after 1 d 2 h 4 min 1 s 500 ms on 1 thread; 3 tasks: 1 succeeded, 1 failed, 1 "
      "omitted\n"
      "  start                       end  task\n"
      "    0 s                     4 min  load  after 2 attempts\n"
      "  4 min  1 d 2 h 4 min 1 s 500 ms  render  failed\n"
      "      -  1 d 2 h 4 min 1 s 500 ms  send  omitted\n");
  EXPECT_EQ(to_string(dry_run(Plan())), "dry run: succeeded after 0 s on 1 thread; 0 tasks\n");
}

// ---- Agreement with the scheduler ----

/// A random workflow with everything that decides about outcomes and times, and what becomes of its tasks, said for a
/// dry run and for doubles.
class RandomCase {
 public:
  explicit RandomCase(std::uint32_t seed) : random_(seed) {
    const std::size_t size = 1 + random_() % 60;
    for (std::size_t at = 0; at < size; ++at) add_task(at);
    for (std::size_t at = 0; at < size; ++at) {
      if (chance(15)) tasks_[at].compensate([](int) {});
    }
    if (chance(50)) flow.finally("finally", [] {});
    if (!is_empty_) doubles.apply(flow);
  }

  Workflow flow;
  Doubles doubles;
  DryRunOptions options;

 private:
  bool chance(unsigned percent) { return random_() % 100 < percent; }

  void add_task(std::size_t at) {
    const std::string name = name_of(at);
    std::vector<Task<int>> data, order, outcomes, asked;
    for (std::size_t before = at > 6 ? at - 6 : 0; before < at; ++before) {
      if (chance(20)) data.push_back(tasks_[before]);
      if (chance(15)) order.push_back(tasks_[before]);
      if (chance(10)) outcomes.push_back(tasks_[before]);
      if (chance(15)) asked.push_back(tasks_[before]);
    }
    const Task<int> task = flow.task(name, [](const Values<int>&) { return 1; }, data);
    for (const auto& before : order) task.after(before);
    for (const auto& before : outcomes) task.when([](const Outcome<int>&) { return true; }, outcome(before));
    if (chance(20)) {
      task.when([] { return false; });
      options.skips(name);
    }
    if (!asked.empty()) task.depends(any(std::vector{succeeded, failed, skipped, omitted}[random_() % 4], asked));
    if (chance(10)) task.allow_failure();
    if (chance(30)) {
      task.retry({.attempts = 1 + static_cast<std::uint32_t>(random_() % 4), .delay = 700ms, .jitter = 0.5});
    }
    if (chance(15)) task.timeout(2500ms);
    if (chance(15)) task.deadline(5300ms);
    if (chance(60)) {
      const Duration duration = std::chrono::seconds(random_() % 5);
      doubles.delays(name, duration);
      options.lasts(name, duration);
      is_empty_ = false;
    }
    if (chance(30)) {
      const auto times = chance(50) ? Doubles::always : 1 + static_cast<std::uint32_t>(random_() % 3);
      doubles.fails(name, std::runtime_error("broken"), times);
      options.fails(name, times);
      is_empty_ = false;
    }
    tasks_.push_back(task);
  }

  std::mt19937 random_;
  std::vector<Task<int>> tasks_;
  bool is_empty_ = true;
};

/// What a run did, as a dry run tells it.
std::vector<DryRunTask> told_by(const EventLog& log, const Plan& plan) {
  std::vector<DryRunTask> tasks(plan.size());
  for (const NotedEvent& event : log.events()) {
    if (!event.of_task()) continue;
    DryRunTask& task = tasks[index_of(event.task)];
    const Duration now = event.time.time_since_epoch();
    if (event.kind == Event::Kind::task_started && ++task.attempts == 1) task.start = now;
    if (event.kind != Event::Kind::task_ended) continue;
    task.outcome = event.state;
    task.end = now;
    if (task.attempts == 0) task.start = now;
  }
  return tasks;
}

TEST(DryRun, AgreesWithTheSchedulerOnRandomWorkflows) {
  const auto seed = static_cast<std::uint32_t>(testing::UnitTest::GetInstance()->random_seed());
  std::size_t failures = 0;
  for (std::uint32_t round = 0; round < scaled(300); ++round) {
    RandomCase random(seed * 1000 + round);
    const Plan plan = random.flow.build();
    const DryRun dry = dry_run(plan, random.options.threads(1000).seed(round));

    ManualExecutor executor;
    VirtualClock clock;
    Scheduler scheduler(executor, {.clock = &clock});
    const auto log = std::make_shared<EventLog>();
    const auto run = scheduler.start(plan, {.seed = round, .observers = {log}});
    executor.run_until_idle();

    ASSERT_EQ(dry.state(), run.state()) << "seed " << seed << ", round " << round;
    const std::vector<DryRunTask> told = told_by(*log, plan);
    for (std::size_t task = 0; task < told.size(); ++task) {
      const DryRunTask& said = dry.tasks()[task];
      ASSERT_EQ(said, told[task]) << plan.task_name(TaskId{static_cast<std::uint32_t>(task)}) << ", seed " << seed
                                  << ", round " << round << ": " << said.outcome << " from " << said.start << " to "
                                  << said.end << " after " << said.attempts << ", really " << told[task].outcome
                                  << " from " << told[task].start << " to " << told[task].end << " after "
                                  << told[task].attempts << "\n"
                                  << dry;
    }
    failures += dry.state() == RunState::failed ? 1 : 0;
  }
  EXPECT_GT(failures, 50U);  // or the rounds say little
}

TEST(DryRun, AgreesOnOutcomesWhereThreadsAndUnitsAreScarce) {
  const auto seed = static_cast<std::uint32_t>(testing::UnitTest::GetInstance()->random_seed());
  std::mt19937 random(seed);
  for (std::uint32_t round = 0; round < scaled(50); ++round) {
    Workflow flow;
    Doubles doubles;
    DryRunOptions options;
    for (int at = 0; at < 60; ++at) {
      const std::string name = name_of(at);
      const auto task = flow.task(name, [] {}).resource("desk", 1 + random() % 3);
      if (random() % 2 == 0) task.resource("disk", 1 + random() % 2);
      if (random() % 3 == 0) task.retry({.attempts = 2, .delay = 1s});
      for (int before = std::max(0, at - 9); before < at; ++before) {
        if (random() % 10 == 0) task.after(flow.task_named<void>(name_of(before)));
      }
      doubles.delays(name, 3s);
      options.lasts(name, 3s);
      if (random() % 5 != 0) continue;
      doubles.fails(name, std::runtime_error("broken"), 1);
      options.fails(name, 1);
    }
    doubles.apply(flow);
    const Plan plan = flow.build();
    const DryRun dry = dry_run(plan, options.threads(4).resource("desk", 3).resource("disk", 2));

    ThreadPool pool(2);
    VirtualClock clock;
    Scheduler scheduler(pool, {.clock = &clock});
    scheduler.resource("desk", 3);
    scheduler.resource("disk", 2);
    const auto run = scheduler.start(plan);
    run.wait();
    ASSERT_EQ(dry.state(), run.state()) << "seed " << seed << ", round " << round;
    for (std::uint32_t task = 0; task < plan.size(); ++task) {
      ASSERT_EQ(dry[TaskId{task}].outcome, run.states()[task])
          << plan.task_name(TaskId{task}) << ", seed " << seed << ", round " << round;
    }
  }
}

TEST(DryRun, RepeatsItselfToTheLastDetail) {
  for (std::uint32_t round = 0; round < 20; ++round) {
    RandomCase random(round);
    const Plan plan = random.flow.build();
    random.options.threads(2);
    EXPECT_EQ(to_string(dry_run(plan, random.options)), to_string(dry_run(plan, random.options)));
  }
}

TEST(DryRun, WorksOutAMillionTasks) {
  const auto count = static_cast<std::uint32_t>(scaled(1'000'000));
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (std::uint32_t task = 0; task < count; ++task) {
    tasks.push_back(flow.task([] {}));
    if (task >= 1000) flow.edge(tasks[task - 1000], tasks[task]);
    if (task >= 1001 && task % 1000 != 0) flow.edge(tasks[task - 1001], tasks[task]);
  }
  const DryRun run = dry_run(std::move(flow).build(), DryRunOptions().threads(1000).lasts("*", 1s));
  EXPECT_EQ(run.makespan(), std::chrono::seconds(count / 1000));
  EXPECT_EQ(run.order().size(), count);
}

}  // namespace
}  // namespace baton::test
