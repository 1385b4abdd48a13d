// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>

#include "recovery/deeds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

// Every graph of a few tasks, with what may happen in it, against a rule that is applied until nothing changes.
namespace {

using baton::AnyTask;
using baton::Plan;
using baton::RerunAction;
using baton::RerunOptions;
using baton::RerunPlan;
using baton::Run;
using baton::RunState;
using baton::TaskState;
using baton::recovery_test::Deed;
using baton::recovery_test::EdgeKind;
using baton::recovery_test::Graph;
using baton::recovery_test::Planned;

Graph graph_of(std::size_t tasks, std::uint64_t number) {
  Graph graph(tasks);
  for (std::size_t from = 0; from < tasks; ++from) {
    for (std::size_t to = from + 1; to < tasks; ++to) {
      graph.edge(from, to) = static_cast<EdgeKind>(number % 3);
      number /= 3;
    }
  }
  return graph;
}

std::uint64_t power_of_3(std::size_t exponent) { return exponent == 0 ? 1 : 3 * power_of_3(exponent - 1); }

void set_deeds(Planned& planned, std::uint64_t number) {
  for (Deed& deed : planned.deeds->deed) {
    deed = static_cast<Deed>(number % 3);
    number /= 3;
  }
}

/// How the tasks end that are not reused, one after the other. `state` has how the others ended.
void let_them_end(const Graph& graph, const std::vector<Deed>& deeds, const std::vector<bool>& reused,
                  std::vector<TaskState>& state) {
  for (std::size_t task = 0; task < graph.tasks; ++task) {
    if (reused[task]) continue;
    bool may_run = true;
    for (std::size_t before = 0; before < task; ++before) {
      may_run = may_run && (graph.edge(before, task) == EdgeKind::none || state[before] == TaskState::succeeded);
    }
    const TaskState own = deeds[task] == Deed::succeeds ? TaskState::succeeded
                          : deeds[task] == Deed::fails  ? TaskState::failed
                                                        : TaskState::cancelled;
    state[task] = may_run ? own : TaskState::omitted;
  }
}

RunState end_of(const std::vector<TaskState>& states) {
  RunState end = RunState::succeeded;
  for (const TaskState state : states) {
    if (state == TaskState::failed) return RunState::failed;
    if (state == TaskState::cancelled) end = RunState::cancelled;
  }
  return end;
}

/// The rule as it is written down. `named` is the task that was named, if there is one of that number.
std::vector<bool> reused(const Graph& graph, const std::vector<TaskState>& states, const std::vector<TaskState>& again,
                         std::size_t named) {
  std::vector<bool> reuse(graph.tasks);
  for (std::size_t task = 0; task < graph.tasks; ++task) {
    reuse[task] = task != named && std::find(again.begin(), again.end(), states[task]) == again.end();
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t from = 0; from < graph.tasks; ++from) {
      for (std::size_t to = from + 1; to < graph.tasks; ++to) {
        const bool follows = graph.edge(from, to) == EdgeKind::data ||
                             (graph.edge(from, to) == EdgeKind::order && states[to] == TaskState::omitted);
        if (!follows || reuse[from] || !reuse[to]) continue;
        reuse[to] = false;
        changed = true;
      }
    }
  }
  return reuse;
}

const std::vector<std::vector<TaskState>> outcome_sets{
    {TaskState::failed, TaskState::cancelled, TaskState::omitted},
    {TaskState::failed},
    {TaskState::cancelled},
    {TaskState::omitted},
    {},
};

/// Runs a graph, runs it again in one way, and compares with the rule.
class Trial {
 public:
  Trial(const Graph& graph, std::uint64_t deeds) : graph_(graph), planned_(graph), states_(graph.tasks) {
    set_deeds(planned_, deeds);
    let_them_end(graph_, planned_.deeds->deed, std::vector<bool>(graph.tasks, false), states_);
  }

  Run first_run(baton::ManualExecutor& executor, baton::Scheduler& scheduler) {
    planned_.deeds->epoch = 1;
    const Run run = scheduler.start(planned_.plan);
    executor.run_until_idle();
    expect(run, states_);
    planned_.deeds->take_calls();
    return run;
  }

  /// @returns whether it is as the rule says, with what to look at where not.
  testing::AssertionResult plans_well(const Run& run, const std::vector<TaskState>& outcomes, std::size_t named) {
    const std::vector<bool> expected = reused(graph_, states_, outcomes, named);
    const RerunPlan plan = baton::plan_rerun(run, options_of(outcomes, named));
    for (std::size_t task = 0; task < graph_.tasks; ++task) {
      const RerunAction action = plan.task(planned_.id[task]).action;
      if (action != (expected[task] ? RerunAction::reuse : RerunAction::rerun)) {
        return testing::AssertionFailure() << graph_.text() << "\n" << to_string(plan) << "\ntask " << task;
      }
    }
    return testing::AssertionSuccess();
  }

  void run_again(const Run& run, baton::ManualExecutor& executor, baton::Scheduler& scheduler,
                 const std::vector<TaskState>& outcomes, std::size_t named, std::uint64_t deeds) {
    const std::vector<bool> kept = reused(graph_, states_, outcomes, named);
    set_deeds(planned_, deeds);
    planned_.deeds->epoch = 2;
    std::vector<TaskState> after = states_;
    let_them_end(graph_, planned_.deeds->deed, kept, after);
    const Run again = baton::rerun(scheduler, baton::plan_rerun(run, options_of(outcomes, named)));
    for (std::size_t task = 0; task < graph_.tasks; ++task) {
      if (kept[task]) {
        ASSERT_EQ(again.state(planned_.id[task]), states_[task]) << "before it runs";
      }
    }
    executor.run_until_idle();
    expect(again, after);
    const std::vector<int> calls = planned_.deeds->take_calls();
    for (std::size_t task = 0; task < graph_.tasks; ++task) {
      const bool called = !kept[task] && after[task] != TaskState::omitted;
      ASSERT_EQ(calls[task], called ? 1 : 0) << graph_.text() << "task " << task;
      if (after[task] == TaskState::succeeded) {
        ASSERT_EQ(again.result(planned_.tasks[task]), kept[task] ? 1 : 2) << graph_.text() << "task " << task;
      }
      ASSERT_EQ(again.error(planned_.id[task]) != nullptr, after[task] == TaskState::failed);
    }
  }

 private:
  [[nodiscard]] RerunOptions options_of(const std::vector<TaskState>& outcomes, std::size_t named) const {
    RerunOptions options;
    options.outcomes = outcomes;
    if (named < graph_.tasks) options.tasks.push_back(planned_.tasks[named]);
    return options;
  }

  void expect(const Run& run, const std::vector<TaskState>& states) {
    ASSERT_EQ(run.state(), end_of(states)) << graph_.text();
    for (std::size_t task = 0; task < graph_.tasks; ++task) {
      ASSERT_EQ(run.state(planned_.id[task]), states[task]) << graph_.text() << "task " << task;
    }
  }

  const Graph graph_;
  Planned planned_;
  std::vector<TaskState> states_;
};

TEST(RerunOfSmallGraphs, IsPlannedByTheRuleWhateverHappened) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  std::size_t trials = 0;
  for (std::size_t tasks = 1; tasks <= 4; ++tasks) {
    for (std::uint64_t number = 0; number < power_of_3(tasks * (tasks - 1) / 2); ++number) {
      // All deeds for up to 3 tasks; of 4, those without a task that gives up.
      for (std::uint64_t deeds = 0; deeds < power_of_3(tasks); ++deeds) {
        if (tasks == 4 && (deeds % 3 == 2 || deeds / 3 % 3 == 2 || deeds / 9 % 3 == 2 || deeds / 27 == 2)) continue;
        Trial trial(graph_of(tasks, number), deeds);
        const baton::Run run = trial.first_run(executor, scheduler);
        for (const std::vector<TaskState>& outcomes : outcome_sets) {
          for (std::size_t named = 0; named <= tasks; ++named) {
            ASSERT_TRUE(trial.plans_well(run, outcomes, named));
            ++trials;
          }
        }
      }
    }
  }
  EXPECT_GT(trials, 250'000U);
}

TEST(RerunOfSmallGraphs, RunsWhatWasPlannedInEachGraphOfUpToFiveTasks) {
  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (std::size_t tasks = 1; tasks <= 5; ++tasks) {
    for (std::uint64_t number = 0; number < power_of_3(tasks * (tasks - 1) / 2); ++number) {
      Trial trial(graph_of(tasks, number), random() % power_of_3(tasks));
      const baton::Run run = trial.first_run(executor, scheduler);
      const std::vector<TaskState>& outcomes = outcome_sets[random() % outcome_sets.size()];
      trial.run_again(run, executor, scheduler, outcomes, random() % (2 * tasks), random() % power_of_3(tasks));
      if (HasFatalFailure()) return;
    }
  }
}

}  // namespace
