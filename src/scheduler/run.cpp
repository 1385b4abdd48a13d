// SPDX-License-Identifier: MIT
#include <baton/scheduler/run.hpp>

#include "scheduler/child_run.hpp"
#include "scheduler/run_core.hpp"
#include "scheduler/start_decision.hpp"

#include <algorithm>
#include <deque>
#include <numeric>

namespace baton {

RunFailed::RunFailed(const std::string& message, std::vector<TaskFailure> failures)
    : Error(message), failures_(std::move(failures)) {}
RunFailed::~RunFailed() = default;

std::size_t TaskCounts::total() const noexcept {
  return std::accumulate(by_state.begin(), by_state.end(), std::size_t{0});
}

std::size_t TaskCounts::ended() const noexcept {
  return std::accumulate(by_state.begin() + static_cast<std::ptrdiff_t>(TaskState::succeeded), by_state.end(),
                         std::size_t{0});
}

Run::Run(const Run& other) noexcept : core_(other.core_) {
  if (core_ != nullptr) core_->reference();
}

Run::~Run() {
  if (core_ != nullptr) core_->dereference();
}

std::uint64_t Run::id() const noexcept { return core_->id(); }
std::string_view Run::path() const noexcept {
  const detail::RunPlace* const place = core_->place();
  return place != nullptr ? std::string_view(place->path) : std::string_view{};
}
std::uint64_t Run::parent_id() const noexcept { return core_->place() != nullptr ? core_->place()->parent : 0; }
const Plan& Run::plan() const noexcept { return core_->plan(); }
void Run::wait() const { core_->wait(); }
bool Run::wait_for(Duration timeout) const { return core_->wait_for(timeout); }
RunState Run::state() const noexcept { return core_->state(); }

void Run::get() const {
  wait();
  if (succeeded()) return;
  std::vector<TaskFailure> failures = core_->failures();
  std::erase_if(failures, [](const TaskFailure& failure) { return failure.allowed; });
  std::string message = core_->describe() + (state() == RunState::cancelled ? " was cancelled" : " failed");
  const auto add = [&](const std::string& text) {
    for (const char c : text) message += c == '\n' ? std::string("\n  ") : std::string(1, c);
  };
  const auto add_line = [&](const std::string& line) { add('\n' + line); };
  const auto after_colon = [](const std::string& cause) { return cause.empty() ? cause : ": " + cause; };
  add(after_colon(core_->cancel_cause()));
  const std::size_t named = std::min(failures.size(), detail::most_named_failures);
  for (std::size_t at = 0; at < named; ++at) add_line(detail::describe_failure(failures[at], path()));
  if (failures.size() > named) add_line("and " + std::to_string(failures.size() - named) + " more");
  for (const auto& [task, cause] : core_->cancelled_tasks(detail::most_named_failures)) {
    add_line(core_->label(task) + " was cancelled" + after_colon(cause));
  }
  throw RunFailed(message, std::move(failures));
}

TaskState Run::state(TaskId task) const { return core_->task_state(static_cast<std::uint32_t>(task)); }

std::exception_ptr Run::error(TaskId task) const { return core_->error(static_cast<std::uint32_t>(task)); }

namespace {

/// Whether `before` is a contender of `task` in a contest that another has won: nothing comes of how it ended.
bool has_lost(const Run& run, TaskId task, TaskId before) {
  const detail::PlanData& plan = run.plan().data();
  const auto number = static_cast<std::uint32_t>(before);
  for (const detail::PlanContest& contest : detail::contests_of(plan, static_cast<std::uint32_t>(task))) {
    if (std::find(contest.contenders.begin(), contest.contenders.end(), number) == contest.contenders.end()) continue;
    const std::uint32_t winner = run.core()->winner(static_cast<std::uint32_t>(&contest - plan.contests.data()));
    return winner != detail::no_contest && winner != number;
  }
  return false;
}

/// The nearest task before `task`, breadth first in order of id, that ended in a way that `is_cause` looks for.
template <typename IsCause>
std::optional<TaskId> find_cause(const Run& run, TaskId task, IsCause&& is_cause) {
  std::vector<bool> seen(run.plan().size(), false);
  std::deque<TaskId> queue{task};
  while (!queue.empty()) {
    const TaskId at = queue.front();
    queue.pop_front();
    for (const TaskId before : run.plan().predecessors(at)) {
      if (has_lost(run, at, before)) continue;
      const TaskState end = run.state(before);
      if (is_cause(end)) return before;
      if (end == TaskState::omitted && !seen[index_of(before)]) {
        seen[index_of(before)] = true;
        queue.push_back(before);
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<TaskId> Run::cause(TaskId task) const {
  if (state(task) != TaskState::omitted) return std::nullopt;
  const auto wrong =
      find_cause(*this, task, [](TaskState end) { return end == TaskState::failed || end == TaskState::cancelled; });
  return wrong ? wrong : find_cause(*this, task, [](TaskState end) { return end == TaskState::skipped; });
}

std::vector<TaskFailure> Run::failures() const { return core_->failures(); }

TaskCounts Run::counts() const {
  TaskCounts counts;
  for (std::uint32_t task = 0; task < plan().size(); ++task)
    ++counts.by_state[static_cast<std::size_t>(core_->task_state(task))];
  return counts;
}

std::vector<TaskState> Run::states() const {
  std::vector<TaskState> states(plan().size());
  for (std::uint32_t task = 0; task < states.size(); ++task) states[task] = core_->task_state(task);
  return states;
}

std::optional<MapProgress> Run::map_progress(AnyTask task) const {
  return core_->map_progress(static_cast<std::uint32_t>(plan().id(task)));
}

bool Run::cancel_element(TaskId map, std::size_t element, const std::string& cause) const {
  return core_->cancel_element(static_cast<std::uint32_t>(map), element, cause);
}

Snapshot Run::snapshot() const { return core_->snapshot(); }
SnapshotChanges Run::changes(std::uint64_t since) const { return core_->changes(since); }

void Run::cancel(std::string cause) const { core_->cancel(std::move(cause)); }
std::string Run::cancel_cause() const { return core_->cancel_cause(); }
bool Run::cancel(TaskId task, std::string cause) const {
  return core_->cancel_task(static_cast<std::uint32_t>(task), std::move(cause));
}
std::string Run::cancel_cause(TaskId task) const { return core_->task_cancel_cause(static_cast<std::uint32_t>(task)); }
bool Run::pause() const { return core_->pause(); }
bool Run::resume() const { return core_->resume(); }
bool Run::paused() const noexcept { return core_->is_pausing(); }
void Run::on_end(std::function<void(const Run&)> callback) const { core_->on_end(std::move(callback)); }
const void* Run::result_of(AnyTask task, TypeRef type) const { return core_->result(plan().id(task), type); }

}  // namespace baton
