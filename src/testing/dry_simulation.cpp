// SPDX-License-Identifier: MIT
#include "testing/dry_simulation.hpp"

#include "scheduler/retry_decision.hpp"

#include <algorithm>
#include <utility>

namespace baton::detail {
namespace {

Duration later(Duration time, Duration span) noexcept {
  return span > Duration::max() - time ? Duration::max() : time + span;
}

}  // namespace

DrySimulation::DrySimulation(const PlanData& plan, const DryBehaviour& behaviour, DrySupplies supplies)
    : plan_(plan),
      behaviour_(behaviour),
      supplies_(std::move(supplies)),
      free_threads_(behaviour.threads),
      progress_(plan.task_count),
      contests_(plan.contests.size()),
      tasks_(plan.task_count) {
  order_.reserve(plan.task_count);
}

void DrySimulation::run() {
  for (std::uint32_t task = 0; task < plan_.task_count; ++task) {
    plan_.for_each_successor(task, [&](std::uint32_t next, bool) { ++progress_[next].left; });
  }
  for (const PlanContest& contest : plan_.contests) {
    progress_[contest.task].left -= static_cast<std::uint32_t>(contest.contenders.size() - 1);
  }
  for (std::uint32_t task = 0; task < plan_.task_count; ++task) {
    if (progress_[task].left == 0) ready_.push(task);
  }
  while (true) {
    while (!ready_.empty() && free_threads_ > 0) {
      const std::uint32_t task = ready_.top();
      ready_.pop();
      take_up(task);
      if (std::exchange(has_to_stop_, false)) stop();
    }
    if (events_.empty()) return;
    // All of one time before anything starts: who is first in the plan then goes first.
    for (now_ = events_.top().at; !events_.empty() && events_.top().at == now_;) {
      const Event event = events_.top();
      events_.pop();
      handle(event);
      if (std::exchange(has_to_stop_, false)) stop();
    }
  }
}

void DrySimulation::handle(const Event& event) {
  Progress& task = progress_[event.task];
  switch (event.kind) {
    case Kind::attempt_over:
      return end_attempt(event.task);
    case Kind::retry_due:
      if (task.waits != Wait::retry) return;
      stop_waiting(event.task);
      ready_.push(event.task);
      return;
    case Kind::deadline:
      if (task.waits != Wait::none) give_up(event.task);
      return;
  }
}

// ---- Start ----

/// In the order of a scheduler's slice: see Slice::start_specially.
void DrySimulation::take_up(std::uint32_t task) {
  Progress& progress = progress_[task];
  if (stops(task)) return end(task, TaskState::cancelled);
  if (!progress.may_start) {
    if (progress.is_doomed || has(task, has_control) || has(task, is_cleanup)) {
      const TaskState decided = decide(task);
      if (decided != TaskState::ready) return end(task, decided);
    }
    progress.may_start = true;
  }
  if (has(task, has_policies) && !progress.deadline) {
    if (const auto& limit = plan_.find_settings(task)->deadline) progress.deadline = later(now_, *limit);
  }
  if (has(task, has_resources) && !progress.has_units && !get_units(task)) return;
  begin_attempt(task);
}

TaskState DrySimulation::decide(std::uint32_t task) {
  const auto undone = plan_.compensates.find(task);
  if (undone != plan_.compensates.end() && (!any_failed_ || tasks_[undone->second].outcome != TaskState::succeeded)) {
    return TaskState::skipped;
  }
  const StartDecision decision = decide_start(plan_, task, *this);
  if (decision != StartDecision::start) {
    progress_[task].after_skip = decision == StartDecision::omit_after_skip;
    return TaskState::omitted;
  }
  return behaviour_.skipped[task] ? TaskState::skipped : TaskState::ready;
}

bool DrySimulation::get_units(std::uint32_t task) {
  std::vector<std::uint32_t> called;
  Progress& progress = progress_[task];
  progress.has_units = supplies_.acquire(task, called);
  if (!progress.has_units) {
    wait(task, Wait::units);
    if (progress.deadline) add_event(std::max(now_, *progress.deadline), task, Kind::deadline);
  }
  call(called);
  return progress.has_units;
}

void DrySimulation::begin_attempt(std::uint32_t task) {
  Progress& progress = progress_[task];
  if (progress.deadline && *progress.deadline <= now_) return give_up(task);
  DryRunTask& told = tasks_[task];
  if (told.attempts++ == 0) {
    told.start = now_;
    order_.push_back(TaskId{task});
  }
  const auto failures = behaviour_.failures.find(task);
  progress.will_fail = failures != behaviour_.failures.end() && told.attempts <= failures->second;
  Duration over = later(now_, behaviour_.durations[task]);
  if (has(task, has_policies)) {
    const auto& timeout = plan_.find_settings(task)->timeout;
    if (timeout && later(now_, *timeout) < over) {
      over = later(now_, *timeout);
      progress.will_fail = true;
    }
    if (progress.deadline && *progress.deadline < over) {
      over = *progress.deadline;
      progress.will_fail = progress.is_last = true;
    }
  }
  if (!has(task, is_pinned)) --free_threads_;
  add_event(over, task, Kind::attempt_over);
}

// ---- End ----

void DrySimulation::end_attempt(std::uint32_t task) {
  if (!has(task, is_pinned)) ++free_threads_;
  if (!progress_[task].will_fail) return end(task, TaskState::succeeded);
  if (!stops(task) && has(task, has_policies) && try_again(task)) return;
  end(task, TaskState::failed);
}

/// Lets a task whose attempt failed wait for the next one. @returns false when it has had its last.
bool DrySimulation::try_again(std::uint32_t task) {
  Progress& progress = progress_[task];
  const std::optional<Retry>& policy = plan_.find_settings(task)->retry;
  if (progress.is_last || !policy) return false;
  Retry unfiltered = *policy;
  unfiltered.filter = nullptr;
  const DryRunTask& told = tasks_[task];
  const auto delay = decide_retry(unfiltered, told.attempts, nullptr, now_ - told.start, mix(behaviour_.seed, task));
  if (!delay) return false;
  give_units_back(task);
  wait(task, Wait::retry);
  const Duration due = later(now_, *delay);
  if (progress.deadline && *progress.deadline <= due) {
    add_event(std::max(now_, *progress.deadline), task, Kind::deadline);
  } else {
    add_event(due, task, Kind::retry_due);
  }
  return true;
}

/// The deadline of a task whose body is not being called is over.
void DrySimulation::give_up(std::uint32_t task) {
  stop_waiting(task);
  end(task, TaskState::failed);
}

void DrySimulation::end(std::uint32_t task, TaskState outcome) {
  DryRunTask& told = tasks_[task];
  told.outcome = outcome;
  told.end = now_;
  if (told.attempts == 0) {
    told.start = now_;
    order_.push_back(TaskId{task});
  }
  give_units_back(task);
  plan_.for_each_edge(task, [&](std::uint32_t next, bool, std::uint32_t contest) {
    if (contest != no_contest && !counts(contest, outcome)) return;
    Progress& progress = progress_[next];
    if (outcome != TaskState::succeeded) progress.is_doomed = true;
    if (--progress.left == 0) ready_.push(next);
  });
  if (outcome != TaskState::failed) return;
  const TaskSettings* const settings = plan_.find_settings(task);
  if (settings != nullptr && settings->allows_failure) return;
  any_failed_ = true;
  if (behaviour_.stops_at_failure && !std::exchange(is_stopping_, true)) has_to_stop_ = true;
}

/// A contender has ended. @returns whether its contest counts for its task now: it is won, or all have lost.
bool DrySimulation::counts(std::uint32_t contest, TaskState outcome) {
  Contenders& state = contests_[contest];
  if (outcome == TaskState::succeeded) return !std::exchange(state.is_won, true);
  return ++state.lost == plan_.contests[contest].contenders.size();
}

/// Ends what waits for units or for its next attempt.
void DrySimulation::stop() {
  const std::vector<std::uint32_t> all(waiting_.begin(), waiting_.end());
  for (const std::uint32_t task : all) {
    if (!stops(task) || progress_[task].waits == Wait::none) continue;
    stop_waiting(task);
    end(task, TaskState::cancelled);
  }
}

// ---- Waiting ----

void DrySimulation::wait(std::uint32_t task, Wait what) {
  progress_[task].waits = what;
  waiting_.insert(task);
}

void DrySimulation::stop_waiting(std::uint32_t task) {
  const Wait what = std::exchange(progress_[task].waits, Wait::none);
  waiting_.erase(task);
  if (what != Wait::units) return;
  std::vector<std::uint32_t> called;
  supplies_.remove(task, called);
  call(called);
}

void DrySimulation::give_units_back(std::uint32_t task) {
  if (!std::exchange(progress_[task].has_units, false)) return;
  std::vector<std::uint32_t> called;
  supplies_.give_back(task, called);
  call(called);
}

/// Makes tasks ready that wait for units and may ask again.
void DrySimulation::call(const std::vector<std::uint32_t>& tasks) {
  for (const std::uint32_t task : tasks) {
    progress_[task].waits = Wait::none;
    waiting_.erase(task);
    ready_.push(task);
  }
}

}  // namespace baton::detail
