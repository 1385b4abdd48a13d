// SPDX-License-Identifier: MIT
#include "scheduler/map_of_runs.hpp"

#include "base/fault_point.hpp"
#include "scheduler/child_run.hpp"
#include "scheduler/run_core.hpp"
#include "scheduler/scheduler_core.hpp"

#include <algorithm>
#include <functional>
#include <optional>

namespace baton::detail {
namespace {

std::size_t limit_of(const RunCore& run, const Elements& elements) {
  const std::size_t limit = elements.options().limit;
  const std::size_t most = limit != 0 ? limit : 2 * run.scheduler().executor.concurrency();
  return std::min(most, elements.count());
}

}  // namespace

MapOfRuns::MapOfRuns(RunCore& run, std::uint32_t task, std::unique_ptr<ElementRuns> runs)
    : Crew(run, task, limit_of(run, *runs)), runs_(std::move(runs)), end_(run, task, *runs_) {
  const std::size_t limit = limit_of(run, *runs_);
  slots_.resize(limit);
  free_slots_.reserve(limit);
  for (std::size_t slot = 0; slot < limit; ++slot) free_slots_.push_back(slot);
}

void MapOfRuns::begin(RunCore&, std::uint32_t) {
  if (anything_to_do()) call_one();
  begin_crew();
}

// A run that is not in its slot yet finds what has happened once it is.
template <typename Call>
void MapOfRuns::for_each_run(Call&& call) noexcept {
  for (std::size_t slot = 0;; ++slot) {
    Run going;
    {
      const std::lock_guard lock(slots_mutex_);
      if (slot == slots_.size()) return;
      going = slots_[slot].run;
    }
    if (going) call(going);
  }
}

void MapOfRuns::cancel() noexcept {
  stop();
  for_each_run([](const Run& run) { run.cancel(); });
}

void MapOfRuns::set_paused(bool paused) noexcept {
  pause_crew(paused);
  for_each_run([paused](const Run& run) { paused ? run.pause() : run.resume(); });
}

bool MapOfRuns::finish(RunCore&, std::uint32_t, ParkedTask& parked) noexcept {
  end_.finish(parked);
  return false;
}

bool MapOfRuns::anything_to_do() noexcept {
  const std::lock_guard lock(slots_mutex_);
  return !is_stopped() && next_ != runs_->count() && !free_slots_.empty();
}

std::uint32_t MapOfRuns::work(Member&, std::uint32_t most) noexcept {
  std::uint32_t started = 0;
  while (started < most && !is_paused() && start_next()) ++started;
  return started;
}

bool MapOfRuns::start_next() noexcept {
  std::size_t element = 0;
  std::size_t slot = 0;
  std::exception_ptr cancelled;
  {
    const std::lock_guard lock(slots_mutex_);
    if (is_stopped() || next_ == runs_->count() || free_slots_.empty()) return false;
    element = next_++;
    if (!cancels_.empty()) cancelled = cancels_.take(element);
    if (cancelled == nullptr) {
      slot = free_slots_.back();
      free_slots_.pop_back();
      slots_[slot].element = element;
    }
  }
  if (cancelled != nullptr) {
    if (!end_.element_cancelled(element, is_stopped(), cancelled)) cancel();
    return true;
  }
  enter();
  try {
    start(element, slot);
  } catch (...) {
    const std::exception_ptr asked = decide(slot);
    const bool goes_on = asked != nullptr ? end_.element_cancelled(element, is_stopped(), asked)
                                          : end_.element_threw(element, std::current_exception(), 1, is_stopped());
    if (!goes_on) cancel();
    close(slot);
    leave();
  }
  return true;
}

/// @throws what the inputs throw, or DefinitionError as Scheduler::start; then there is no run.
void MapOfRuns::start(std::size_t element, std::size_t slot) {
  StartOptions options;
  options.inputs = runs_->inputs(element);
  std::function<void(const Run&)> on_end = [this, element, slot](const Run& run) { element_ended(element, slot, run); };
  RunPlace place = run().place_of_child(task());
  place.path += round_suffix(element);
  fault_point(FaultPoint::child_run);
  auto [child, seat] = run().scheduler().create(runs_->plan(), options, SchedulerCore::Caller::only_starts, nullptr,
                                                std::make_unique<const RunPlace>(std::move(place)));
  std::optional<std::string> cause;
  {
    const std::lock_guard lock(slots_mutex_);
    slots_[slot].run = child;
    if (ElementCancels::Note* const note = cancels_.find(element)) cause = std::move(note->cause);
  }
  yield_point("map of runs: a run is listed");
  if (cause) child.cancel(*std::move(cause));
  if (is_stopped()) child.cancel();
  share_pause_with(child);
  try {
    child.on_end(std::move(on_end));  // which may end the map, if the run has ended already
  } catch (...) {
    child.cancel();  // it ends by itself, and nothing of it is called
    child.core()->pass_on(*seat);
    throw;
  }
  child.core()->pass_on(*seat);
}

// set_paused may have told the run already, and something newer: so this looks again after its call, as
// RunCore::share_pause_with does.
void MapOfRuns::share_pause_with(const Run& child) noexcept {
  for (bool told = false; told != is_paused();) {
    told = !told;
    yield_point("map of runs: a pause is shared");
    told ? child.pause() : child.resume();
  }
}

void MapOfRuns::element_ended(std::size_t element, std::size_t slot, const Run& ended) noexcept {
  const std::exception_ptr asked = decide(slot);
  const bool goes_on =
      asked != nullptr ? end_.element_cancelled(element, is_stopped(), asked) : keep_result(element, ended);
  if (!goes_on) cancel();
  close(slot);
  if (anything_to_do()) call_one();
  leave();
}

/// @returns whether the map goes on.
bool MapOfRuns::keep_result(std::size_t element, const Run& ended) noexcept {
  if (ended.state() == RunState::cancelled) return end_.element_cancelled(element, is_stopped());
  try {
    if (!ended.succeeded()) std::rethrow_exception(child_error(ended));
    void* value = nullptr;
    if (const AnyTask output = runs_->output()) value = result_to_move(ended, output);
    runs_->keep_result(element, value);
    end_.count_kept(1);
    return true;
  } catch (...) {
    return end_.element_threw(element, std::current_exception(), 1, is_stopped());
  }
}

void MapOfRuns::close(std::size_t slot) noexcept {
  Slot ended;  // ends after the lock
  const std::lock_guard lock(slots_mutex_);
  ended = std::exchange(slots_[slot], Slot{});
  free_slots_.push_back(slot);
}

// ---- Cancelling one element ----

bool MapOfRuns::cancel_element(std::size_t element, const std::string& cause) {
  const std::exception_ptr error = end_.cancel_error(element, cause);
  std::string said = cause;
  Run going;
  {
    const std::lock_guard lock(slots_mutex_);
    const auto slot =
        std::find_if(slots_.begin(), slots_.end(), [&](const Slot& each) { return each.element == element; });
    if (is_stopped() || (slot == slots_.end() && element < next_)) return false;
    fault_point(FaultPoint::task_cancel);
    if (!cancels_.add(element, error, cause)) return false;
    if (slot != slots_.end()) going = slot->run;
  }
  yield_point("map of runs: an element is cancelled");
  if (going) going.cancel(std::move(said));
  return true;
}

std::exception_ptr MapOfRuns::decide(std::size_t slot) noexcept {
  const std::lock_guard lock(slots_mutex_);
  return cancels_.take(std::exchange(slots_[slot].element, no_element));
}

}  // namespace baton::detail
