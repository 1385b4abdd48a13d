// SPDX-License-Identifier: MIT
#include "scheduler/run_reuse.hpp"

#include <baton/base/error.hpp>

#include "scheduler/run_core.hpp"
#include "scheduler/scheduler_core.hpp"

#include <algorithm>
#include <unordered_map>

namespace baton::detail {

// ---- Creation ----

/// Throws before it changes the earlier run, or from a move.
void RunCore::take_over(const Reuse& reuse) {
  RunCore& old = *reuse.from.core();
  std::vector<std::uint32_t> moved;
  try {
    moved.reserve(data_.task_count);
    reused_.resize(data_.task_count, 0);
    failures_ = old.failures_of(reuse);
    for (std::size_t at = 0; at < failures_.size(); ++at) {
      failure_of_.emplace(static_cast<std::uint32_t>(failures_[at].task), at);
      renumber(failures_[at]);
    }
    old.hand_over(reuse, *this);
    try {
      move_results(reuse, false, moved);
    } catch (...) {
      old.keep_what_was_not_moved(reuse, *this, moved);
      moved.pop_back();
      throw;
    }
  } catch (...) {
    for (const std::uint32_t task : moved) destroy_value(task);
    destroy_inputs(data_.inputs.size(), &reuse);
    throw;
  }
  move_results(reuse, true, moved);
  end_reused_tasks(reuse);
}

/// Makes the failure of a task that is reused one of this run.
void RunCore::renumber(TaskFailure& failure) {
  const auto task = static_cast<std::uint32_t>(failure.task);
  const TaskSettings* const settings = data_.find_settings(task);
  failure.task_name = data_.label(task);
  failure.allowed = settings != nullptr && settings->allows_failure;
  if (!failure.allowed) any_failed_.store(true, std::memory_order_relaxed);
}

/// The failures of the tasks that are reused as failed ones, with their numbers in the new plan.
std::vector<TaskFailure> RunCore::failures_of(const Reuse& reuse) const {
  const std::lock_guard lock(mutex_);
  std::vector<TaskFailure> found;
  if (failures_.empty()) return found;
  std::unordered_map<std::uint32_t, std::uint32_t> task_of;
  for (std::uint32_t task = 0; task < reuse.source.size(); ++task) {
    if (reuse.has(task) && failure_of_.find(reuse.source[task]) != failure_of_.end()) {
      task_of.emplace(reuse.source[task], task);
    }
  }
  found.reserve(task_of.size());
  for (const TaskFailure& failure : failures_) {
    const auto task = task_of.find(static_cast<std::uint32_t>(failure.task));
    if (task == task_of.end()) continue;
    found.push_back(failure);
    found.back().task = TaskId{task->second};
  }
  return found;
}

namespace {

/// visit(task) for each task of the earlier run whose result is to be moved.
template <typename Visit>
void for_each_result(const Reuse& reuse, const RunCore& old, Visit&& visit) {
  for (const std::uint32_t task : reuse.source) {
    if (task == Reuse::none || old.task_state(task) != TaskState::succeeded) continue;
    if (old.plan().result_type(TaskId{task})->size != 0) visit(task);
  }
}

}  // namespace

/// Notes that results now belong to `other`. From then on nobody else gets them.
void RunCore::hand_over(const Reuse& reuse, RunCore& other) {
  if (state() == RunState::running) throw UsageError(describe() + " has not ended, so it cannot be run again");
  const std::lock_guard lock(mutex_);
  if (handed_over_.empty()) handed_over_.resize(data_.task_count, 0);
  for_each_result(reuse, *this, [&](std::uint32_t task) {
    if (handed_over_[task] == 0) return;
    throw UsageError(describe() + ": the result of " + label(task) + " was handed over to run " +
                     std::to_string(handed_over_[task]) + " after this rerun was planned; plan it again");
  });
  for_each_result(reuse, *this, [&](std::uint32_t task) { handed_over_[task] = other.id_; });
  any_handed_over_.store(true, std::memory_order_release);
}

/// Takes that back for all results but those of `moved`, tasks of `other`.
void RunCore::keep_what_was_not_moved(const Reuse& reuse, const RunCore& other,
                                      const std::vector<std::uint32_t>& moved) {
  const std::lock_guard lock(mutex_);
  for_each_result(reuse, *this, [&](std::uint32_t task) { handed_over_[task] = 0; });
  for (const std::uint32_t task : moved) handed_over_[reuse.source[task]] = other.id_;
}

/// Moves the results of types whose move never throws, or those of the others. `moved` has room.
void RunCore::move_results(const Reuse& reuse, bool surely, std::vector<std::uint32_t>& moved) {
  const RunCore& old = *reuse.from.core();
  if (data_.results.empty()) return;
  for (std::uint32_t task = 0; task < data_.task_count; ++task) {
    const TypeRef type = data_.results[task];
    if (!reuse.has(task) || type->size == 0 || type->moves_surely != surely) continue;
    const std::uint32_t source = reuse.source[task];
    if (old.task_state(source) != TaskState::succeeded) continue;
    moved.push_back(task);
    type->move(value(task), old.value(source));
  }
}

void RunCore::end_reused_tasks(const Reuse& reuse) noexcept {
  const RunCore& old = *reuse.from.core();
  std::uint64_t left = data_.task_count;
  for (std::uint32_t task = 0; task < data_.task_count; ++task) {
    if (!reuse.has(task)) continue;
    --left;
    reused_[task] = old.end_byte(reuse.source[task]);
    const TaskState state = task_state(task);
    if (state == TaskState::cancelled) note_cancelled();
    if (state != TaskState::succeeded) raise(some_doomed);
    count_down_for_reused(reuse, task, state != TaskState::succeeded);
  }
  left_.store(left, std::memory_order_relaxed);
  find_ready_tasks();
}

/// As Slice::release_successors, but that nothing becomes ready yet.
void RunCore::count_down_for_reused(const Reuse& reuse, std::uint32_t task, bool ill) noexcept {
  const auto count_down = [this](std::uint32_t id, bool doom) {
    const auto before = static_cast<std::uint8_t>(byte(id).load(std::memory_order_relaxed) |
                                                  (doom ? task_byte::doomed : std::uint8_t{0}));
    byte(id).store(static_cast<std::uint8_t>(before - 1), std::memory_order_relaxed);
    return before;
  };
  const TaskRecord& record = data_.records[task];
  const std::uint32_t* target = data_.successors.data() + record.first_successor;
  const std::uint32_t* const end = target + (record.successor_count & ~special_bit);
  for (; target != end; ++target) {
    std::uint32_t id = *target & ~sole_predecessor_bit;
    std::uint8_t before = count_down(id, ill);
    while ((before & task_byte::count_mask) == 1 && id >= data_.task_count) {  // a combiner passes it on
      if (id >= data_.first_contender) {
        const std::uint32_t winner = reuse.winner_of(data_.contest_of[id - data_.first_contender]);
        if (winner != Reuse::none && winner != task) break;  // it will come to that, or has
        const Contest::Verdict verdict = end_contender(task, id, ill);
        if (verdict == Contest::Verdict::nothing) break;
        id = data_.combiner_targets[id - data_.task_count];
        before = count_down(id, verdict == Contest::Verdict::all_lost);
        continue;
      }
      id = data_.combiner_targets[id - data_.task_count];
      before = count_down(id, (before & task_byte::doomed) != 0);
    }
  }
}

void RunCore::find_ready_tasks() noexcept {
  std::fill_n(blocks_, block_count_, 0);
  for (std::uint32_t task = 0; task < data_.task_count; ++task) {
    const bool counted_off = (byte(task).load(std::memory_order_relaxed) & task_byte::count_mask) == 0;
    if (!is_reused(task)) {
      if (counted_off) blocks_[task / 64].fetch_or(bit(task), std::memory_order_relaxed);
    } else if (!counted_off) {
      raise(reusing);
    }
  }
}

void RunCore::tell_first_tasks() noexcept {
  if (!reused_.empty() && wants(Event::Kind::task_ended)) {
    for (std::uint32_t task = 0; task < data_.task_count; ++task) {
      if (!is_reused(task)) continue;
      const TaskState state = task_state(task);
      const std::exception_ptr why = state == TaskState::failed ? error(task) : nullptr;
      tell_task(Event::Kind::task_ended, task, state, 0, WaitReason::none, why ? &why : nullptr);
    }
  }
  if (!wants(Event::Kind::task_ready)) return;
  for (std::uint32_t task = 0; task < data_.task_count; ++task) {
    const bool is_ready = (blocks_[task / 64].load(std::memory_order_relaxed) & bit(task)) != 0;
    const bool is_doomed = (byte(task).load(std::memory_order_relaxed) & task_byte::doomed) != 0;
    const bool is_undecided = (data_.flags_of(task) & (has_control | is_cleanup)) != 0;
    if (is_ready && !is_doomed && !is_undecided) tell_task(Event::Kind::task_ready, task, TaskState::ready);
  }
}

// ---- Afterwards ----

std::uint64_t RunCore::handed_over_to(std::uint32_t task) const {
  if (!any_handed_over_.load(std::memory_order_acquire)) return 0;
  const std::lock_guard lock(mutex_);
  return handed_over_[task];
}

std::vector<std::uint64_t> RunCore::handed_over() const {
  if (!any_handed_over_.load(std::memory_order_acquire)) return {};
  const std::lock_guard lock(mutex_);
  return handed_over_;
}

std::vector<std::uint32_t> RunCore::late_bodies() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint32_t> tasks;
  tasks.reserve(live_attempts_.size());
  for (const auto& [task, attempt] : live_attempts_) tasks.push_back(task);
  std::sort(tasks.begin(), tasks.end());
  return tasks;
}

std::vector<std::uint32_t> late_bodies(const Run& run) { return run.core()->late_bodies(); }
std::vector<std::uint32_t> contest_winners(const Run& run) {
  std::vector<std::uint32_t> winners(run.plan().data().contests.size());
  for (std::uint32_t contest = 0; contest < winners.size(); ++contest) winners[contest] = run.core()->winner(contest);
  return winners;
}
std::vector<std::uint64_t> handed_over_results(const Run& run) { return run.core()->handed_over(); }

Run start_reusing(Scheduler& scheduler, const Plan& plan, StartOptions& options, const Reuse& reuse) {
  auto [run, seat] = scheduler.core().create(plan, options, SchedulerCore::Caller::only_starts, &reuse);
  run.core()->pass_on(*seat);
  return run;
}

}  // namespace baton::detail
