// SPDX-License-Identifier: MIT
#include "observe/run_notes.hpp"

namespace baton::detail {

RunNotes::RunNotes(const Event& first) : since_(first.plan->size()), states_(first.plan->size()) {
  if (first.kind == Event::Kind::run_started) started_ = first.time;
}

RunNotes::Change RunNotes::note(const Event& event) noexcept {
  const std::size_t task = index_of(event.task);
  Moment& since = since_[task];
  Change change{states_[task].load(std::memory_order_relaxed), std::nullopt};
  states_[task].store(event.state, std::memory_order_relaxed);
  const bool starts = event.kind == Event::Kind::task_started;
  const bool ends_call = event.kind == Event::Kind::task_ended && event.attempt > 0;
  if ((starts && event.attempt == 1) || ends_call) {
    if (const auto from = since.get()) change.lasted = event.time - *from;
  }
  if (starts || event.kind == Event::Kind::task_ready) since.set(event.time);
  return change;
}

std::array<std::size_t, task_state_count> RunNotes::count() const noexcept {
  std::array<std::size_t, task_state_count> counts{};
  for (const std::atomic<TaskState>& state : states_) {
    ++counts[static_cast<std::size_t>(state.load(std::memory_order_relaxed))];
  }
  return counts;
}

}  // namespace baton::detail
