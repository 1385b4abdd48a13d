// SPDX-License-Identifier: MIT
// How a run pauses: `pausing` in its attention sends every start to the slow path, which puts the task back; workers
// leave their seats although there are marks, and the second look of ready_set.hpp (4) does not count marks meanwhile.
// Messages are taken as ever, so that what has begun gets its end.
//
// Nothing ready is forgotten: a worker frees its seat and then reads the attention; resume() lowers that and then
// counts the free seats. Both are sequentially consistent, so either the worker sees that the pause is over and looks
// at the marks, or resume() sees its seat free and looks at them itself.
//
// tests/models/seat_second_look.pml tries every order of these steps. A change here is a change there.
#include "scheduler/run_core.hpp"
#include "scheduler/scheduler_core.hpp"
#include "scheduler/slice.hpp"

namespace baton::detail {

bool RunCore::pause() noexcept {
  if (!try_keep()) return false;
  bool is_new = false;
  if (state() == RunState::running) {
    yield_point("pause: kept");
    const std::uint32_t before = raise(pausing);
    yield_point("pause: raised");
    if ((before & (cancelling | stopping)) != 0) {
      // Nobody has taken notice, see is_paused. But a pause that was there before is for whoever stops the run to end:
      // workers have left because of it.
      if ((before & pausing) == 0) lower(pausing);
    } else if ((before & pausing) == 0) {
      is_new = true;
      // Who was called and does not ask would hold up those behind it. One that is called later steps back in
      // Slice::start_again.
      scheduler_.resources.remove_called(*this);
      for_each_begun([this](std::uint32_t task, Continuation& rest) { share_pause_with(task, rest); });
      tell_pause();
    }
  }
  drop();
  return is_new;
}

bool RunCore::resume() noexcept {
  if (!try_keep()) return false;
  const bool was_paused = end_pause();
  drop();
  return was_paused;
}

bool RunCore::end_pause() noexcept {
  const std::uint32_t before = lower(pausing);
  yield_point("resume: lowered");
  if ((before & pausing) == 0) return false;
  call_for_help_with_all_marks();
  for_each_begun([this](std::uint32_t task, Continuation& rest) { share_pause_with(task, rest); });
  tell_pause();
  return is_paused(before);
}

// Whoever changes something last looks again after its call, so the last call is right.
void RunCore::share_pause_with(std::uint32_t task, Continuation& rest) noexcept {
  constexpr std::uint32_t all = pausing | cancelling | stopping;
  for (std::uint32_t now = attention_.load(std::memory_order_seq_cst) & all, before = ~now; now != before;) {
    // What is being cancelled pauses no longer, and shall start nothing. Cleanup is not.
    if ((now & ~pausing) != 0 && (data_.flags_of(task) & is_cleanup) == 0) return;
    yield_point("pause: a continuation");
    rest.set_paused(is_paused(now));
    before = std::exchange(now, attention_.load(std::memory_order_seq_cst) & all);
  }
}

bool RunCore::put_off_end() noexcept {
  std::uint64_t left = left_.load(std::memory_order_relaxed);
  while (left != 0) {
    if (left_.compare_exchange_weak(left, left + 1, std::memory_order_acq_rel, std::memory_order_relaxed)) return true;
  }
  return false;
}

// One thread tells what all have changed, so that the last thing that is told is true. The run's end is told after it,
// and by a worker: this thread may be in the middle of anything.
void RunCore::tell_pause() noexcept {
  if (!wants(Event::Kind::run_paused) && !wants(Event::Kind::run_resumed)) return;
  if (!put_off_end()) return;
  yield_point("pause: to be told");
  if (pause_changes_.fetch_add(1, std::memory_order_acq_rel) == 0) {
    std::uint32_t told = 0;
    do {
      told = pause_changes_.load(std::memory_order_acquire);
      const bool now = is_paused(attention_.load(std::memory_order_seq_cst));
      if (std::exchange(told_pause_, now) == now) continue;
      Event event{};
      event.kind = now ? Event::Kind::run_paused : Event::Kind::run_resumed;
      tell(event);
    } while (pause_changes_.fetch_sub(told, std::memory_order_acq_rel) != told);
  }
  deliver({Seat::no_task, Message::Kind::end_due});
}

// ---- In a slice ----

/// Takes the messages. @returns whether there is more to do than that.
bool Slice::take_notice() noexcept {
  if ((run_.attention() & has_messages) != 0) take_messages();
  return !is_paused(run_.attention());
}

/// Makes a task ready again that was just to be started.
Slice::Step Slice::put_back(std::uint32_t task) noexcept {
  yield_point("pause: put a task back");
  // Within a chain its one predecessor may not have been counted down. Nobody else changes the byte now.
  make_ready_again(task, run_.byte(task).load(std::memory_order_relaxed) & task_byte::doomed);
  return Step::parked;
}

}  // namespace baton::detail
