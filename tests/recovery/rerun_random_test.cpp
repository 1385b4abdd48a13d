// SPDX-License-Identifier: MIT
#include <baton/baton.hpp>
#include <baton/recovery/rerun.hpp>

#include "support/counted.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

// Graphs of thousands of tasks on pools, with values that are shared, taken and counted; run again until all is well.
namespace {

using baton::AnyTask;
using baton::RerunAction;
using baton::RerunOptions;
using baton::RerunPlan;
using baton::Scheduler;
using baton::StartOptions;
using baton::Task;
using baton::TaskId;
using baton::TaskState;
using baton::Values;
using baton::test::Counted;
using baton::test::Tally;

enum class Deed : std::uint8_t { succeeds, fails, gives_up };

int mix(int a, int b) {
  return static_cast<int>((static_cast<std::uint32_t>(a) * 31 + static_cast<std::uint32_t>(b)) & 0x3fffffff);
}

struct Node {
  std::vector<std::uint32_t> shared, order;  // predecessors
  std::optional<std::uint32_t> taken;        // the same
  Deed deed = Deed::succeeds;
  std::atomic<int> calls{0};
};

/// A graph, its plan, and a model of how its runs end.
class Model {
 public:
  Model(std::uint32_t tasks, std::uint64_t seed) : random_(seed), nodes_(tasks), state_(tasks), value_(tasks) {
    for (std::uint32_t task = 0; task < tasks; ++task) choose_predecessors(task);
    baton::Workflow flow{"random"};
    for (std::uint32_t task = 0; task < tasks; ++task) add(flow, task);
    plan_ = std::move(flow).build();
    for (const Task<Counted>& task : tasks_) id_.push_back(plan_.id(task));
  }

  [[nodiscard]] const baton::Plan& plan() const { return plan_; }
  [[nodiscard]] Tally& tally() { return tally_; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

  /// What bodies do in the next run, and what they make.
  void begin_epoch(int epoch, double failing) {
    epoch_ = epoch;
    std::uniform_real_distribution<double> chance;
    for (Node& node : nodes_) {
      const double drawn = chance(random_);
      node.deed = drawn < failing ? (random_() % 3 == 0 ? Deed::gives_up : Deed::fails) : Deed::succeeds;
    }
  }

  RerunOptions choose_options() {
    RerunOptions options;
    named_.assign(size(), false);
    for (std::size_t count = random_() % 4; count > 0; --count) {
      const std::size_t task = random_() % size();
      named_[task] = true;
      options.tasks.push_back(tasks_[task]);
    }
    if (random_() % 4 == 0) options.outcomes = {TaskState::failed, TaskState::cancelled};
    again_ = options.outcomes;
    return options;
  }

  /// The rule, applied until nothing changes.
  [[nodiscard]] std::vector<bool> reused() const {
    std::vector<bool> reuse(size());
    for (std::uint32_t task = 0; task < size(); ++task) {
      reuse[task] = !named_[task] && std::find(again_.begin(), again_.end(), state_[task]) == again_.end();
    }
    for (bool changed = true; changed;) {
      changed = false;
      const auto drop = [&](std::uint32_t task) {
        changed = changed || reuse[task];
        reuse[task] = false;
      };
      for (std::uint32_t task = 0; task < size(); ++task) {
        const Node& node = nodes_[task];
        for (const std::uint32_t before : node.shared) {
          if (!reuse[before]) drop(task);
        }
        for (const std::uint32_t before : node.order) {
          if (!reuse[before] && state_[task] == TaskState::omitted) drop(task);
        }
        if (!node.taken) continue;
        if (!reuse[*node.taken]) drop(task);
        const bool was_called = state_[task] != TaskState::omitted;
        if (!reuse[task] && was_called && state_[*node.taken] == TaskState::succeeded) drop(*node.taken);
      }
    }
    return reuse;
  }

  void forget_calls() {
    for (Node& node : nodes_) node.calls = 0;
  }

  /// Lets the model's run end, where `reuse` did not run, and compares. `was_cancelled`: what did not run may be so.
  void expect(const baton::Run& run, const std::vector<bool>& reuse, bool was_cancelled) {
    for (std::uint32_t task = 0; task < size(); ++task) {
      const TaskState state = run.state(id_[task]);
      if (!reuse[task]) end(task, state, was_cancelled);
      ASSERT_EQ(state, state_[task]) << "task " << task;
      const bool called = !reuse[task] && state != TaskState::omitted && !(was_cancelled && nodes_[task].calls == 0);
      ASSERT_EQ(nodes_[task].calls, called ? 1 : 0) << "task " << task << ", which is " << to_string(state);
      if (state == TaskState::succeeded && !is_taken_[task]) {
        ASSERT_EQ(run.result(tasks_[task]).value(), value_[task]) << "task " << task;
      }
    }
    forget_calls();
  }

  void expect_plan(const RerunPlan& plan, const std::vector<bool>& reuse) {
    for (std::uint32_t task = 0; task < size(); ++task) {
      const RerunAction expected = reuse[task] ? RerunAction::reuse : RerunAction::rerun;
      ASSERT_EQ(plan.task(id_[task]).action, expected) << "task " << task << ": " << plan.why(id_[task]);
    }
  }

 private:
  void choose_predecessors(std::uint32_t task) {
    Node& node = nodes_[task];
    is_taken_.push_back(false);
    used_.push_back(false);
    if (task == 0) return;
    std::size_t count = random_() % 4;
    if (random_() % 300 == 0) count = std::min<std::size_t>(task, 200);  // more than a byte counts
    std::vector<bool> chosen(task, false);
    while (count-- > 0) {
      const auto reach = std::min<std::uint32_t>(task, random_() % 3 == 0 ? task : 400);
      const auto before = static_cast<std::uint32_t>(task - 1 - random_() % reach);
      if (chosen[before] || is_taken_[before]) continue;
      chosen[before] = true;
      const auto kind = random_() % 5;
      if (kind < 2) {
        node.order.push_back(before);
      } else if (kind == 2 && !used_[before] && !node.taken) {
        node.taken = before;
        is_taken_[before] = used_[before] = true;
      } else {
        node.shared.push_back(before);
        used_[before] = true;
      }
    }
  }

  void add(baton::Workflow& flow, std::uint32_t task) {
    const Node& node = nodes_[task];
    std::vector<Task<Counted>> given;
    for (const std::uint32_t before : node.shared) given.push_back(tasks_[before]);
    if (node.taken) {
      tasks_.push_back(
          flow.task([this, task](Counted&& taken, Values<Counted> values) { return call(task, taken.value(), values); },
                    take(tasks_[*node.taken]), given));
    } else {
      tasks_.push_back(flow.task([this, task](Values<Counted> values) { return call(task, 0, values); }, given));
    }
    for (const std::uint32_t before : node.order) flow.edge(tasks_[before], tasks_[task]);
  }

  Counted call(std::uint32_t task, int taken, const Values<Counted>& values) {
    Node& node = nodes_[task];
    ++node.calls;
    if (node.deed == Deed::fails) throw std::runtime_error("deed of " + std::to_string(task));
    if (node.deed == Deed::gives_up) throw baton::Cancelled();
    int value = mix(mix(static_cast<int>(task), epoch_), taken);
    for (const Counted& each : values) value = mix(value, each.value());
    return Counted(tally_, value);
  }

  void end(std::uint32_t task, TaskState really, bool was_cancelled) {
    const Node& node = nodes_[task];
    if (was_cancelled && really == TaskState::cancelled && node.calls == 0) {
      state_[task] = TaskState::cancelled;
      return;
    }
    bool may_run = true;
    const auto look_at = [&](std::uint32_t before) { may_run = may_run && state_[before] == TaskState::succeeded; };
    std::for_each(node.shared.begin(), node.shared.end(), look_at);
    std::for_each(node.order.begin(), node.order.end(), look_at);
    if (node.taken) look_at(*node.taken);
    state_[task] = !may_run                      ? TaskState::omitted
                   : node.deed == Deed::succeeds ? TaskState::succeeded
                   : node.deed == Deed::fails    ? TaskState::failed
                                                 : TaskState::cancelled;
    if (state_[task] != TaskState::succeeded) return;
    value_[task] = mix(mix(static_cast<int>(task), epoch_), node.taken ? value_[*node.taken] : 0);
    for (const std::uint32_t before : node.shared) value_[task] = mix(value_[task], value_[before]);
  }

  std::mt19937_64 random_;
  Tally tally_;
  std::vector<Node> nodes_;
  std::vector<bool> is_taken_, used_;
  std::vector<Task<Counted>> tasks_;
  baton::Plan plan_;
  std::vector<TaskId> id_;
  int epoch_ = 0;
  // As of the last run.
  std::vector<TaskState> state_;
  std::vector<int> value_;
  // Of the next rerun.
  std::vector<bool> named_;
  std::vector<TaskState> again_;
};

class RerunOfRandomGraphs : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(RerunOfRandomGraphs);

TEST_P(RerunOfRandomGraphs, RunsWhatTheRuleSaysAgainAndAgain) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (std::uint64_t graph = 0; graph < baton::test::scaled(4); ++graph) {
    Model model(3000, seed + graph);
    {
      model.begin_epoch(1, 0.05);
      baton::Run run = scheduler.run(model.plan());
      model.expect(run, std::vector<bool>(model.size(), false), false);
      for (int epoch = 2; epoch < 12 && !HasFatalFailure(); ++epoch) {
        model.begin_epoch(epoch, epoch < 8 ? 0.03 : 0);
        RerunPlan plan = baton::plan_rerun(run, model.choose_options());
        const std::vector<bool> reuse = model.reused();
        model.expect_plan(plan, reuse);
        const bool cancels = epoch == 4;
        StartOptions options;
        options.record = epoch % 2 == 0;
        baton::Run again = baton::rerun(scheduler, std::move(plan), std::move(options));
        run = baton::Run();  // nothing may depend on it
        if (cancels) again.cancel();
        again.wait();
        model.expect(again, reuse, cancels);
        EXPECT_EQ(again.snapshot().count(TaskState::succeeded), again.counts()[TaskState::succeeded]);
        run = again;
      }
      if (HasFatalFailure()) return;
      EXPECT_EQ(run.counts()[TaskState::failed], 0U);
    }
    scheduler.wait_all();
    EXPECT_EQ(model.tally().alive, 0);
    EXPECT_EQ(model.tally().copies, 0);
  }
}

}  // namespace
