// SPDX-License-Identifier: MIT
// Rules over outcomes, conditions on data, choices, and what consumers get of tasks that may not have run.
#include <baton/scheduler/scheduler.hpp>

#include "support/event_log.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace {

using baton::AnyTask;
using baton::Context;
using baton::Event;
using baton::Maybe;
using baton::Outcome;
using baton::Plan;

using baton::RunState;
using baton::Task;
using baton::TaskState;
using baton::Workflow;

[[noreturn]] void fail() { throw std::runtime_error("broken"); }

class Control : public baton::test::OnEachPool {
 protected:
  /// A task that ends in `state`.
  static Task<int> ending(Workflow& flow, TaskState state) {
    switch (state) {
      case TaskState::succeeded:
        return flow.task([] { return 7; });
      case TaskState::failed:
        return flow.task([]() -> int { fail(); });
      case TaskState::skipped:
        return flow.task([] { return 7; }).when([] { return false; });
      case TaskState::cancelled:
        return flow.task([]() -> int { throw baton::Cancelled(); });
      default: {
        const auto broken = flow.task([]() -> int { fail(); });
        return flow.task([] { return 7; }).after(broken);
      }
    }
  }
  baton::Run run(const Workflow& flow) { return scheduler.run(flow.build()); }
};
BATON_ON_EACH_POOL(Control);

TEST_P(Control, AFalseConditionSkipsATrueOneDoesNot) {
  Workflow flow;
  const auto number = flow.task([] { return 5; });
  const auto large = flow.task([](int n) { return n; }, number).when([](int n) { return n > 100; }, number);
  const auto small = flow.task([](int n) { return n; }, number).when([](int n) { return n <= 100; }, number);
  const auto never = flow.task([] {}).when([] { return true; }).when([] { return false; });
  const baton::Run run = this->run(flow);
  EXPECT_EQ(run.state(large), TaskState::skipped);
  EXPECT_EQ(run.state(never), TaskState::skipped);
  EXPECT_EQ(run.get(small), 5) << "a skip is not a failure";
}

TEST_P(Control, AConditionIsAskedOnceAndOnlyWhenTheRuleHolds) {
  std::atomic<int> asked{0};
  Workflow flow;
  const auto broken = flow.task([]() -> int { fail(); });
  const auto fine = flow.task([] { return 1; });
  flow.task([] {}).after(broken).when([&] { return ++asked > 0; });
  const auto run_it = flow.task([] {}).when([&](int) { return ++asked > 0; }, fine);
  const baton::Run run = this->run(flow);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(run.state(run_it), TaskState::succeeded);
}

TEST_P(Control, AConditionThatThrowsMakesTheTaskFail) {
  Workflow flow;
  const auto task = flow.task("check", [] {}).when([]() -> bool { fail(); });
  const baton::Run run = this->run(flow);
  EXPECT_EQ(run.state(task), TaskState::failed);
  ASSERT_EQ(run.failures().size(), 1U);
  EXPECT_EQ(run.failures()[0].message, "broken");
}

TEST_P(Control, WhatOnlyComesAfterASkipRunsAndWhatNeedsItsDataDoesNot) {
  Workflow flow;
  const auto skipped = ending(flow, TaskState::skipped);
  const auto data = flow.task([](int) { return 1; }, skipped);
  const auto order = flow.task([] {}).after(skipped);
  const auto after_omitted = flow.task([] {}).after(data);
  const auto data_of_omitted = flow.task([](int) {}, data);
  const baton::Run run = this->run(flow);
  EXPECT_EQ(run.state(data), TaskState::omitted);
  EXPECT_EQ(run.state(order), TaskState::succeeded);
  EXPECT_EQ(run.state(after_omitted), TaskState::succeeded);
  EXPECT_EQ(run.state(data_of_omitted), TaskState::omitted);
  EXPECT_EQ(run.cause(data_of_omitted), run.plan().id(skipped));
  EXPECT_EQ(run.state(), RunState::succeeded);
}

TEST_P(Control, AFailureOmitsWhatOnlyComesAfterItAsWell) {
  Workflow flow;
  const auto broken = ending(flow, TaskState::failed);
  const auto skipped = ending(flow, TaskState::skipped);
  const auto after = flow.task([] {}).after(broken, skipped);
  const auto after_that = flow.task([] {}).after(after);
  const baton::Run run = this->run(flow);
  EXPECT_EQ(run.state(after), TaskState::omitted);
  EXPECT_EQ(run.state(after_that), TaskState::omitted);
  EXPECT_EQ(run.cause(after_that), run.plan().id(broken));
}

TEST_P(Control, AHandlerRunsOnFailureOnlyAndTheRunStillFails) {
  for (const bool breaks : {false, true}) {
    Workflow flow;
    const auto publish = flow.task([breaks] {
      if (breaks) fail();
    });
    const auto alert = flow.task([] {}).depends(!succeeded(publish));
    const auto report = flow.task([] {}).depends(ended(publish));
    const auto later = flow.task([] {}).after(alert);
    const baton::Run run = this->run(flow);
    EXPECT_EQ(run.state(alert), breaks ? TaskState::succeeded : TaskState::omitted);
    EXPECT_EQ(run.state(report), TaskState::succeeded);
    EXPECT_EQ(run.state(later), TaskState::succeeded) << "nothing went wrong that alert was for";
    EXPECT_EQ(run.state(), breaks ? RunState::failed : RunState::succeeded);
    if (!breaks) {
      EXPECT_EQ(run.cause(alert), std::nullopt);
    }
  }
}

TEST_P(Control, GroupsCount) {
  Workflow flow;
  std::vector<Task<int>> replicas;
  for (int i = 0; i < 5; ++i) replicas.push_back(ending(flow, i < 2 ? TaskState::failed : TaskState::succeeded));
  const auto three = flow.task([] {}).depends(at_least(3, baton::succeeded, replicas));
  const auto four = flow.task([] {}).depends(at_least(4, baton::succeeded, replicas));
  const auto every = flow.task([] {}).depends(all(baton::succeeded, replicas));
  const auto some = flow.task([] {}).depends(any(baton::failed, replicas) && none(baton::skipped, replicas));
  const auto twice = flow.task([] {}).depends(succeeded(replicas[4])).depends(failed(replicas[0]));
  const baton::Run run = this->run(flow);
  EXPECT_EQ(run.state(three), TaskState::succeeded);
  EXPECT_EQ(run.state(four), TaskState::omitted);
  EXPECT_EQ(run.state(every), TaskState::omitted);
  EXPECT_EQ(run.state(some), TaskState::succeeded);
  EXPECT_EQ(run.state(twice), TaskState::succeeded);
  EXPECT_THROW(static_cast<void>(at_least(6, baton::succeeded, replicas)), baton::UsageError);
}

TEST_P(Control, ARuleDoesNotReplaceDataThatIsNeeded) {
  Workflow flow;
  const auto broken = ending(flow, TaskState::failed);
  const auto needs = flow.task([](int) {}, broken).depends(failed(broken));
  const auto looks =
      flow.task([](const Outcome<int>& o) { return o.state(); }, outcome(broken)).depends(failed(broken));
  const baton::Run run = this->run(flow);
  EXPECT_EQ(run.state(needs), TaskState::omitted);
  EXPECT_EQ(run.result(looks), TaskState::failed);
}

TEST_P(Control, AnOutcomeIsSeenHoweverItWas) {
  for (const TaskState state :
       {TaskState::succeeded, TaskState::failed, TaskState::skipped, TaskState::cancelled, TaskState::omitted}) {
    Workflow flow;
    const auto task = ending(flow, state);
    const auto look = flow.task(
        [](const Outcome<const int&>& seen) {
          return std::to_string(static_cast<int>(seen.state())) +
                 (seen.succeeded() ? std::to_string(seen.value()) : "") +
                 (seen.error() ? baton::describe(seen.error()) : "");
        },
        outcome(task));
    const baton::Run run = this->run(flow);
    EXPECT_EQ(run.state(task), state);
    EXPECT_EQ(run.result(look), std::to_string(static_cast<int>(state)) + (state == TaskState::succeeded ? "7" : "") +
                                    (state == TaskState::failed ? "broken" : ""));
  }
}

TEST_P(Control, MaybeTakesASkipAndNothingWorse) {
  for (const TaskState state : {TaskState::succeeded, TaskState::skipped, TaskState::failed, TaskState::cancelled}) {
    Workflow flow;
    const auto task = ending(flow, state);
    const auto look = flow.task([](std::optional<int> value) { return value.value_or(0); }, maybe(task));
    const auto pointer = flow.task([](Maybe<int> value) { return value ? *value : -1; }, maybe(task));
    const baton::Run run = this->run(flow);
    if (state == TaskState::succeeded || state == TaskState::skipped) {
      EXPECT_EQ(run.result(look), state == TaskState::succeeded ? 7 : 0);
      EXPECT_EQ(run.result(pointer), state == TaskState::succeeded ? 7 : -1);
    } else {
      EXPECT_EQ(run.state(look), TaskState::omitted);
    }
  }
}

TEST_P(Control, ATaskWithoutAResultHasAnOutcomeToo) {
  Workflow flow;
  const auto broken = flow.task([] { fail(); });
  const auto look = flow.task([](const Outcome<void>& seen) { return seen.succeeded(); }, outcome(broken));
  EXPECT_FALSE(run(flow).result(look));
}

TEST_P(Control, OneArmOfAChoiceRunsAndItsResultIsJoined) {
  struct Pdf {
    std::string text;
  };
  struct Html {
    std::string text;
  };
  for (const std::string kind : {"pdf", "html", "doc"}) {
    Workflow flow;
    const auto document = flow.task([kind] { return kind; });
    auto choice = flow.choose("kind", [](const std::string& k) { return k; }, document);
    const auto pdf = choice.arm("pdf", "read pdf", [](const std::string& k) { return Pdf{k + "!"}; }, document);
    const auto html = choice.arm("html", "read html", [](const std::string& k) { return Html{k + "?"}; }, document);
    const auto joined = flow.join("text", pdf, html);
    static_assert(std::is_same_v<decltype(joined), const Task<std::variant<std::monostate, Pdf, Html>>>);
    const baton::Run run = this->run(flow);
    ASSERT_TRUE(run.succeeded());
    EXPECT_EQ(run.state(pdf), kind == "pdf" ? TaskState::succeeded : TaskState::skipped);
    const auto& result = run.result(joined);
    if (kind == "pdf") {
      EXPECT_EQ(std::get<Pdf>(result).text, "pdf!");
    }
    if (kind == "html") {
      EXPECT_EQ(std::get<Html>(result).text, "html?");
    }
    if (kind == "doc") {
      EXPECT_TRUE(std::holds_alternative<std::monostate>(result));
    }
  }
}

TEST_P(Control, ArmsOfOneTypeJoinToAnOptionalOfItMoveOnlyOrNot) {
  for (const int number : {1, 2, 3}) {
    Workflow flow;
    auto choice = flow.choose("parity", [number] { return number % 2; });
    const auto odd = choice.arm(1, "odd", [] { return std::make_unique<int>(1); });
    const auto other = choice.otherwise("even", [] { return std::make_unique<int>(2); });
    const auto joined = flow.join("joined", odd, other);
    const baton::Run run = this->run(flow);
    ASSERT_TRUE(run.get(joined).has_value());
    EXPECT_EQ(**run.get(joined), number % 2 == 1 ? 1 : 2);
  }
}

TEST(Choices, RefuseASecondArmForAKeyAndArmsAfterOtherwise) {
  Workflow flow;
  auto choice = flow.choose("kind", [] { return 1; });
  choice.arm(1, "one", [] {});
  EXPECT_THROW(choice.arm(1, "one again", [] {}), baton::UsageError);
  choice.otherwise("other", [] {});
  EXPECT_THROW(choice.arm(2, "two", [] {}), baton::UsageError);
}

TEST_P(Control, AnAllowedFailureOmitsItsDependentsAndNotTheRun) {
  Workflow flow;
  const auto broken = flow.task("lint", []() -> int { fail(); }).allow_failure();
  const auto after = flow.task([](int) {}, broken);
  const auto other = flow.task([] { return 1; });
  baton::StartOptions options;
  options.failure_mode = baton::FailureMode::stop;
  const baton::Run run = scheduler.run(flow.build(), std::move(options));
  EXPECT_EQ(run.state(), RunState::succeeded);
  EXPECT_EQ(run.state(broken), TaskState::failed);
  EXPECT_EQ(run.state(after), TaskState::omitted);
  EXPECT_EQ(run.get(other), 1);
  ASSERT_EQ(run.failures().size(), 1U);
  EXPECT_TRUE(run.failures()[0].allowed);
}

TEST_P(Control, TheErrorOfARunNamesOnlyFailuresThatWereNotAllowed) {
  Workflow flow;
  flow.task("lint", [] { fail(); }).allow_failure();
  flow.task("build", [] { fail(); });
  try {
    run(flow).get();
    FAIL() << "the run failed";
  } catch (const baton::RunFailed& error) {
    ASSERT_EQ(error.failures().size(), 1U);
    EXPECT_EQ(error.failures()[0].task_name, "build");
    EXPECT_EQ(std::string(error.what()).find("lint"), std::string::npos);
  }
}

TEST_P(Control, ATaskIsToldReadyOnceAndOnlyWhenItIsToRun) {
  const auto log = std::make_shared<baton::test::EventLog>();
  scheduler.observe(log);
  Workflow flow;
  const auto fine = flow.task([] { return 1; });
  const auto broken = flow.task([]() -> int { fail(); });
  const auto handler = flow.task([] {}).depends(failed(broken));
  const auto not_needed = flow.task([] {}).depends(failed(fine));
  const auto root = flow.task([] {}).when([] { return true; });
  const auto skipped = flow.task([] {}).when([](int n) { return n != 1; }, fine);
  const auto plain = flow.task([] {}).after(fine, skipped);
  const baton::Run run = this->run(flow);
  scheduler.wait_all();
  using Kind = Event::Kind;
  const std::vector<Kind> ran{Kind::task_ready, Kind::task_started, Kind::task_ended};
  const std::vector<Kind> did_not{Kind::task_ended};
  const auto kinds = [&](AnyTask task) { return log->kinds_of(run.plan().id(task)); };
  EXPECT_EQ(kinds(handler), ran);
  EXPECT_EQ(kinds(not_needed), did_not);
  EXPECT_EQ(kinds(root), ran);
  EXPECT_EQ(kinds(skipped), did_not);
  EXPECT_EQ(kinds(plain), ran);
}

TEST(ControlFaults, AreReportedByBuild) {
  Workflow other;
  const auto foreign = other.task([] { return 1; });
  Workflow flow{"nightly"};
  const auto removed = flow.task("gone", [] { return 1; });
  const auto first = flow.task("first", [] {});
  const auto second = flow.task("second", [] {}).depends(succeeded(removed));
  first.depends(succeeded(foreign));
  first.when([](int) { return true; }, removed);
  first.depends(succeeded(second));
  second.depends(succeeded(first));
  flow.remove(removed);
  try {
    static_cast<void>(flow.build());
    FAIL() << "built";
  } catch (const baton::DefinitionError& error) {
    const std::string text = error.what();
    EXPECT_NE(text.find("a task in the rule of task 'first' is a handle of another workflow"), std::string::npos)
        << text;
    EXPECT_NE(text.find("the rule of task 'second' asks about task 'gone', which has been removed"), std::string::npos)
        << text;
    EXPECT_NE(text.find("task 'first' uses the result of task 'gone', which has been removed"), std::string::npos)
        << text;
    EXPECT_NE(text.find("dependency cycle: 'first' -> 'second' -> 'first'"), std::string::npos) << text;
  }
}

TEST(ControlFaults, ACopyKeepsRulesAndConditions) {
  Workflow flow;
  const auto number = flow.task([] { return 1; });
  const auto handler = flow.task([] {}).depends(failed(number));
  const auto skipped = flow.task([] {}).when([](int n) { return n == 2; }, number);
  const Workflow copy = flow;
  baton::ThreadPool pool(1);
  baton::Scheduler scheduler(pool);
  const baton::Run run = scheduler.run(copy.build());
  EXPECT_EQ(run.state(copy.counterpart(handler)), TaskState::omitted);
  EXPECT_EQ(run.state(copy.counterpart(skipped)), TaskState::skipped);
}

// ---- Against a slow reference ----

struct Described {
  std::vector<std::size_t> data, order, outcomes;
  bool breaks = false;
  bool condition = true;
  bool has_rule = false;
  TaskState rule_state = TaskState::succeeded;
  std::vector<std::size_t> rule;  // any of these in that state
};

/// What must become of the tasks, worked out one after the other.
std::vector<std::pair<TaskState, bool>> expected_of(const std::vector<Described>& tasks) {
  std::vector<std::pair<TaskState, bool>> end;  // with: nothing went wrong
  for (const Described& task : tasks) {
    bool runs = true;
    bool nothing_wrong = true;
    const auto well = [&](std::size_t at) {
      const auto [state, fine] = end[at];
      return state == TaskState::succeeded || state == TaskState::skipped || (state == TaskState::omitted && fine);
    };
    for (const std::size_t at : task.data) runs = runs && end[at].first == TaskState::succeeded;
    for (const auto* list : {&task.data, &task.order, &task.outcomes, &task.rule}) {
      for (const std::size_t at : *list) nothing_wrong = nothing_wrong && well(at);
    }
    if (task.has_rule) {
      bool any = false;
      for (const std::size_t at : task.rule) any = any || end[at].first == task.rule_state;
      runs = runs && any;
    } else {
      for (const std::size_t at : task.order) runs = runs && well(at);
    }
    if (!runs) {
      end.emplace_back(TaskState::omitted, nothing_wrong);
    } else if (!task.condition) {
      end.emplace_back(TaskState::skipped, true);
    } else {
      end.emplace_back(task.breaks ? TaskState::failed : TaskState::succeeded, true);
    }
  }
  return end;
}

TEST_P(Control, RandomWorkflowsEndAsTheReferenceSays) {
  const auto seed = static_cast<std::uint32_t>(testing::UnitTest::GetInstance()->random_seed());
  std::mt19937 random(seed);
  const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };
  for (std::size_t round = 0; round < baton::test::scaled(200); ++round) {
    const std::size_t size = 1 + random() % 100;
    std::vector<Described> described(size);
    Workflow flow;
    std::vector<Task<int>> tasks;
    for (std::size_t at = 0; at < size; ++at) {
      Described& task = described[at];
      for (std::size_t before = at > 6 ? at - 6 : 0; before < at; ++before) {
        if (chance(20)) task.data.push_back(before);
        if (chance(15)) task.order.push_back(before);
        if (chance(10)) task.outcomes.push_back(before);
        if (chance(15)) task.rule.push_back(before);
      }
      // A task that is both given and only comes before counts as both.
      task.breaks = chance(20);
      task.condition = !chance(20);
      task.has_rule = !task.rule.empty();
      task.rule_state =
          std::vector{TaskState::succeeded, TaskState::failed, TaskState::skipped, TaskState::omitted}[random() % 4];
      if (!task.has_rule) {
        // An outcome that is looked at is waited for however it was, whoever else only comes after it.
        std::erase_if(task.order, [&](std::size_t before) {
          return std::find(task.outcomes.begin(), task.outcomes.end(), before) != task.outcomes.end();
        });
      }
      std::vector<Task<int>> data;
      for (const std::size_t before : task.data) data.push_back(tasks[before]);
      const auto body = [breaks = task.breaks](const baton::Values<int>& values) {
        if (breaks) fail();
        int sum = 1;
        for (const int value : values) sum += value & 1;
        return sum;
      };
      const Task<int> handle = flow.task(body, data);
      for (const std::size_t before : task.order) handle.after(tasks[before]);
      // Outcomes are looked at by a condition, which has the same wires.
      for (const std::size_t before : task.outcomes) {
        handle.when([](const Outcome<int>&) { return true; }, outcome(tasks[before]));
      }
      if (chance(50) || !task.condition) handle.when([yes = task.condition] { return yes; });
      if (task.has_rule) {
        std::vector<Task<int>> asked;
        for (const std::size_t before : task.rule) asked.push_back(tasks[before]);
        const baton::OutcomeTest test = task.rule_state == TaskState::succeeded ? baton::succeeded
                                        : task.rule_state == TaskState::failed  ? baton::failed
                                        : task.rule_state == TaskState::skipped ? baton::skipped
                                                                                : baton::omitted;
        handle.depends(any(test, asked));
      }
      tasks.push_back(handle);
    }
    const auto expected = expected_of(described);
    const baton::Run run = scheduler.run(flow.build());
    for (std::size_t at = 0; at < size; ++at) {
      ASSERT_EQ(run.state(tasks[at]), expected[at].first) << "task " << at << ", seed " << seed << ", round " << round;
    }
  }
}

TEST_P(Control, AMillionSkipsAreExact) {
  const std::size_t count = baton::test::scaled(1'000'000);
  Workflow flow;
  const auto number = flow.task([] { return 1; });
  const auto skipped = flow.task([] { return 1; }).when([](int n) { return n != 1; }, number);
  for (std::size_t i = 0; i < count / 2; ++i) {
    flow.task([] {}).after(skipped);
    flow.task([](int) {}, skipped);
  }
  const baton::Run run = scheduler.run(std::move(flow).build());
  EXPECT_EQ(run.counts()[TaskState::succeeded], count / 2 + 1);
  EXPECT_EQ(run.counts()[TaskState::omitted], count / 2);
  EXPECT_EQ(run.counts()[TaskState::skipped], 1U);
}

}  // namespace
