// SPDX-License-Identifier: MIT
#include "recovery/past_run.hpp"

#include "graph/plan_data.hpp"
#include "scheduler/run_reuse.hpp"

#include <algorithm>
#include <utility>

namespace baton::detail {
namespace {

/// visit(successor) for each task that sees something of `task`.
template <typename Visit>
void for_each_user(const PlanData& plan, std::uint32_t task, Visit&& visit) {
  plan.for_each_successor(task, [&](std::uint32_t successor, bool data) {
    if (data) visit(successor);
  });
}

class Matching {
 public:
  Matching(const Run& from, const Plan& plan)
      : from_(from),
        plan_(plan),
        before_(from.plan()),
        now_(plan.data()),
        then_(from.plan().data()),
        states_(from.states()) {
    past_.moved_to = handed_over_results(from);
    find_results_in_use(late_bodies(from));
  }

  PastRun match() {
    past_.tasks.resize(now_.task_count);
    for (std::uint32_t task = 0; task < now_.task_count; ++task) {
      PastTask& past = past_.tasks[task];
      past.earlier = plan_ == before_ ? task : find_earlier(task);
      if (past.earlier != no_such_task) past.outcome = states_[past.earlier];
    }
    if (!(plan_ == before_)) {
      find_orphaned();
      compare_types();
      compare_sources();
    }
    if (!now_.contests.empty() || !then_.contests.empty()) find_winners();
    find_results();
    find_undone();
    return std::move(past_);
  }

 private:
  void find_undone() {
    if (then_.compensates.empty()) return;
    std::vector<bool> undone(then_.task_count);
    for (const auto& [compensation, task] : then_.compensates) {
      const TaskState state = states_[compensation];
      undone[task] = state == TaskState::succeeded || state == TaskState::failed || state == TaskState::cancelled;
    }
    for (PastTask& past : past_.tasks) past.was_undone = past.earlier != no_such_task && undone[past.earlier];
  }

  [[nodiscard]] bool has_name(const PlanData& plan, std::uint32_t task) const {
    return !plan.name_of.empty() && plan.name_of[task] != 0;
  }

  [[nodiscard]] const std::string& name_of(const PlanData& plan, std::uint32_t task) const {
    return plan.names[plan.name_of[task] - 1];
  }

  [[nodiscard]] std::uint32_t find_earlier(std::uint32_t task) const {
    // Tasks of one workflow keep their number while it is changed; another one is often made in the same order.
    const std::uint32_t number = now_.creation_index[task];
    const std::uint32_t guess = number < then_.task_of_index.size() ? then_.task_of_index[number] : no_such_task;
    if (!has_name(now_, task)) {
      const bool same_workflow = now_.identity == then_.identity;
      return same_workflow && guess != no_such_task && !has_name(then_, guess) ? guess : no_such_task;
    }
    const std::string& name = name_of(now_, task);
    if (guess != no_such_task && has_name(then_, guess) && name_of(then_, guess) == name) return guess;
    const auto& index = then_.name_index();  // made when it is first asked for
    const auto found = index.find(name);
    return found == index.end() ? no_such_task : found->second;
  }

  void find_orphaned() {
    std::vector<bool> found(then_.task_count);
    for (const PastTask& past : past_.tasks) {
      if (past.earlier != no_such_task) found[past.earlier] = true;
    }
    for (std::uint32_t task = 0; task < then_.task_count; ++task) {
      if (!found[task]) past_.orphaned.push_back(TaskId{task});
    }
  }

  void compare_types() {
    for (std::uint32_t task = 0; task < now_.task_count; ++task) {
      PastTask& past = past_.tasks[task];
      if (past.earlier == no_such_task) continue;
      past.same_type = same_type(plan_.result_type(TaskId{task}), before_.result_type(TaskId{past.earlier})) &&
                       now_.is_input(task) == then_.is_input(past.earlier);
    }
  }

  /// A task is given something by the same tasks when each that gives it something now did so then, and there are as
  /// many.
  void compare_sources() {
    std::vector<std::uint32_t> source_count(then_.task_count, 0);
    for (std::uint32_t task = 0; task < then_.task_count; ++task) {
      for_each_user(then_, task, [&](std::uint32_t user) { ++source_count[user]; });
    }
    std::vector<std::uint32_t> same_count(now_.task_count, 0);
    std::vector<std::uint32_t> source_then(then_.task_count, no_such_task);  // the last one seen, as a task of now
    for (std::uint32_t task = 0; task < now_.task_count; ++task) {
      const std::uint32_t earlier = past_.tasks[task].earlier;
      if (earlier != no_such_task) {
        for_each_user(then_, earlier, [&](std::uint32_t user) { source_then[user] = task; });
      }
      for_each_user(now_, task, [&](std::uint32_t user) {
        PastTask& past = past_.tasks[user];
        if (past.earlier == no_such_task) return;
        if (earlier != no_such_task && source_then[past.earlier] == task) {
          ++same_count[user];
        } else {
          past.same_sources = false;
          past.new_source = std::min(past.new_source, task);
        }
      });
    }
    for (std::uint32_t task = 0; task < now_.task_count; ++task) {
      PastTask& past = past_.tasks[task];
      if (past.earlier == no_such_task) continue;
      past.same_sources = past.same_sources && same_count[task] == source_count[past.earlier];
    }
  }

  /// The contests of a task stay what they were while there are as many, and the winner of each is still in it.
  void find_winners() {
    past_.winners.resize(now_.contests.size(), no_such_task);
    if (plan_ == before_) {
      past_.winners = contest_winners(from_);
      return;
    }
    const std::vector<std::uint32_t> won_then = contest_winners(from_);
    std::vector<std::vector<std::uint32_t>> contests_then(then_.task_count);
    for (std::uint32_t at = 0; at < won_then.size(); ++at) contests_then[then_.contests[at].task].push_back(at);
    std::vector<std::size_t> seen(now_.task_count, 0);
    for (std::uint32_t at = 0; at < now_.contests.size(); ++at) {
      const PlanContest& contest = now_.contests[at];
      PastTask& past = past_.tasks[contest.task];
      if (past.earlier == no_such_task) continue;
      const std::vector<std::uint32_t>& then = contests_then[past.earlier];
      const std::size_t number = seen[contest.task]++;
      if (number >= then.size()) continue;
      const std::uint32_t winner_then = won_then[then[number]];
      past_.winners[at] = find_winner(contest, winner_then);
      if (winner_then != no_such_task && past_.winners[at] == no_such_task) past.same_sources = false;
    }
    for (std::uint32_t task = 0; task < now_.task_count; ++task) {
      PastTask& past = past_.tasks[task];
      if (past.earlier != no_such_task && contests_then[past.earlier].size() != seen[task]) past.same_sources = false;
    }
  }

  [[nodiscard]] std::uint32_t find_winner(const PlanContest& contest, std::uint32_t winner_then) const {
    if (winner_then == no_such_task) return no_such_task;
    const auto found = std::find_if(contest.contenders.begin(), contest.contenders.end(), [&](std::uint32_t contender) {
      return past_.tasks[contender].earlier == winner_then;
    });
    return found == contest.contenders.end() ? no_such_task : *found;
  }

  void find_results() {
    if (past_.moved_to.empty() && then_.taken_from.empty() && in_use_.empty()) return;
    for (PastTask& past : past_.tasks) {
      if (past.earlier == no_such_task || past.outcome != TaskState::succeeded) continue;
      if (!past_.moved_to.empty() && past_.moved_to[past.earlier] != 0) {
        past.result = PastTask::Result::handed_over;
      } else if (!in_use_.empty() && in_use_[past.earlier]) {
        past.result = PastTask::Result::in_use;
      } else if (then_.is_taken(past.earlier) && may_have_been_taken(past.earlier)) {
        past.result = PastTask::Result::taken;
      }
    }
  }

  void find_results_in_use(const std::vector<std::uint32_t>& late) {
    if (late.empty()) return;
    in_use_.resize(then_.task_count);
    for (std::uint32_t task = 0; task < then_.task_count; ++task) {
      for_each_user(then_, task, [&](std::uint32_t user) {
        if (std::binary_search(late.begin(), late.end(), user)) in_use_[task] = true;
      });
    }
  }

  /// Whether the body that takes the result may have been called.
  [[nodiscard]] bool may_have_been_taken(std::uint32_t earlier) const {
    bool may = false;
    for_each_user(then_, earlier, [&](std::uint32_t user) {
      may = may || (states_[user] != TaskState::omitted && states_[user] != TaskState::skipped);
    });
    return may;
  }

  const Run& from_;
  const Plan& plan_;
  const Plan& before_;
  const PlanData& now_;
  const PlanData& then_;
  const std::vector<TaskState> states_;
  std::vector<bool> in_use_;  // by task of then; empty where none is
  PastRun past_;
};

}  // namespace

PastRun look_at_past(const Run& from, const Plan& plan) { return Matching(from, plan).match(); }

}  // namespace baton::detail
