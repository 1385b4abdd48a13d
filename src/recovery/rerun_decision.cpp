// SPDX-License-Identifier: MIT
#include "recovery/rerun_decision.hpp"

#include "graph/plan_data.hpp"

#include <utility>

namespace baton::detail {
namespace {

/// Marks what runs for a reason of its own, and then what runs because of that, until nothing is left to mark.
class RerunDecider {
 public:
  RerunDecider(const Plan& plan, const PastRun& past, const RerunWishes& wishes)
      : plan_(plan.data()), past_(past.tasks), winners_(past.winners), wishes_(wishes), verdicts_(plan.size()) {}

  std::vector<RerunVerdict> decide() {
    queue_.reserve(plan_.task_count);
    for (std::uint32_t task = 0; task < plan_.task_count; ++task) {
      if (past_[task].earlier == no_such_task) mark(task, RerunReason::added);
    }
    for (const std::uint32_t task : wishes_.named) mark(task, RerunReason::named);
    for (const std::uint32_t task : wishes_.inputs) mark(task, RerunReason::input_changed);
    for (std::uint32_t task = 0; task < plan_.task_count; ++task) look_at(task);
    // Each task is marked, and so in the queue, once at most.
    for (std::size_t at = 0; at < queue_.size(); ++at) spread(queue_[at]);
    return std::move(verdicts_);
  }

 private:
  void mark(std::uint32_t task, RerunReason reason, std::uint32_t cause = no_such_task) {
    if (!verdicts_[task].reuses()) return;
    verdicts_[task] = {reason, cause};
    queue_.push_back(task);
  }

  void look_at(std::uint32_t task) {
    const PastTask& past = past_[task];
    if ((wishes_.outcomes >> static_cast<unsigned>(past.outcome) & 1U) != 0) {
      mark(task, RerunReason::outcome);
    } else if ((plan_.flags_of(task) & is_cleanup) != 0) {
      mark(task, RerunReason::cleanup);
    } else if (past.was_undone) {
      mark(task, RerunReason::undone);
    } else if (!past.same_type) {
      mark(task, RerunReason::type_changed);
    } else if (!past.same_sources) {
      mark(task, RerunReason::dependencies_changed, past.new_source);
    } else if (past.result == PastTask::Result::handed_over) {
      mark(task, RerunReason::result_handed_over);
    } else if (past.result == PastTask::Result::in_use) {
      mark(task, RerunReason::result_in_use);
    } else if (past.result == PastTask::Result::taken) {
      look_at_taken(task);
    }
  }

  /// Nobody misses a result that was taken while whoever took it does not run.
  void look_at_taken(std::uint32_t task) {
    if (!plan_.is_taken(task)) {
      mark(task, RerunReason::result_taken);
      return;
    }
    if (first_taken_.empty()) first_taken_.resize(plan_.task_count, none);
    plan_.for_each_successor(task, [&](std::uint32_t user, bool data) {
      if (!data) return;
      taken_.push_back({task, first_taken_[user]});
      first_taken_[user] = static_cast<std::uint32_t>(taken_.size() - 1);
    });
  }

  /// Marks what runs because `task` does.
  void spread(std::uint32_t task) {
    plan_.for_each_edge(task, [&](std::uint32_t after, bool data, std::uint32_t contest) {
      if (contest != no_contest && has_lost(task, contest)) return;
      if (data) {
        mark(after, RerunReason::predecessor_runs, task);
      } else if (past_[after].outcome == TaskState::omitted) {
        mark(after, RerunReason::cause_runs, task);
      }
    });
    if (first_taken_.empty()) return;
    for (std::uint32_t at = first_taken_[task]; at != none; at = taken_[at].next) {
      mark(taken_[at].task, RerunReason::result_taken, task);
    }
  }

  /// Whether a contest was won by another, so that it does not matter any more what becomes of `task`.
  [[nodiscard]] bool has_lost(std::uint32_t task, std::uint32_t contest) const {
    return winners_[contest] != no_such_task && winners_[contest] != task;
  }

  static constexpr std::uint32_t none = UINT32_MAX;
  struct Taken {
    std::uint32_t task;
    std::uint32_t next;  // of the same user, in taken_
  };

  const PlanData& plan_;
  const std::vector<PastTask>& past_;
  const std::vector<std::uint32_t>& winners_;
  const RerunWishes& wishes_;
  std::vector<RerunVerdict> verdicts_;
  std::vector<std::uint32_t> queue_;
  std::vector<std::uint32_t> first_taken_;  // by user, in taken_; empty while nothing was taken
  std::vector<Taken> taken_;
};

}  // namespace

std::vector<RerunVerdict> decide_rerun(const Plan& plan, const PastRun& past, const RerunWishes& wishes) {
  return RerunDecider(plan, past, wishes).decide();
}

}  // namespace baton::detail
