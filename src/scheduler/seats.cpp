// SPDX-License-Identifier: MIT
// The seats of a run: who gets one, and when another worker is called. Protocols: ready_set.hpp (4), sharing.hpp.
#include "scheduler/run_core.hpp"
#include "scheduler/scheduler_core.hpp"

#include <algorithm>
#include <bit>

namespace baton::detail {

bool Seat::post(Executor& executor) noexcept {
  const bool is_queued = posting_.exchange(Posting::posted, std::memory_order_seq_cst) == Posting::revoked;
  if (!is_queued) executor.post(*this);
  return is_queued;
}

bool Seat::revoke() noexcept {
  auto expected = Posting::posted;
  if (posting_.load(std::memory_order_seq_cst) != expected) return false;
  core->keep();
  if (posting_.compare_exchange_strong(expected, Posting::revoked, std::memory_order_seq_cst)) return true;
  core->drop();
  return false;
}

Seat* RunCore::take_seat() noexcept {
  // Not before others see what the caller has left for a worker: ready_set.hpp (4).
  std::uint32_t free = free_seats_.load(std::memory_order_seq_cst);
  do {
    if (free == 0) return nullptr;
  } while (!free_seats_.compare_exchange_weak(free, free - 1, std::memory_order_seq_cst));
  keep();
  scheduler_.clock.hold();
  yield_point("take a seat: counted");
  // Counted off, so one of the bits is this thread's to find: bits are set before they are counted.
  for (std::uint32_t word = 0;; word = (word + 1) % static_cast<std::uint32_t>(words_for(seat_count_))) {
    std::uint64_t bits = free_seat_bits_[word].load(std::memory_order_relaxed);
    while (bits != 0) {
      const std::uint64_t lowest = bits & (~bits + 1);
      // acquire: the map as the last holder left it.
      bits = free_seat_bits_[word].fetch_and(~lowest, std::memory_order_acq_rel);
      if ((bits & lowest) != 0) return &seats_[word * 64 + static_cast<std::uint32_t>(std::countr_zero(lowest))];
      bits &= ~lowest;
    }
  }
}

void RunCore::leave_seat(Seat& seat) noexcept {
  const std::uint32_t index = index_of_seat(seat);
  free_seat_bits_[index / 64].fetch_or(bit(index), std::memory_order_acq_rel);
  yield_point("leave a seat: not counted");
  free_seats_.fetch_add(1, std::memory_order_seq_cst);
}

Seat* RunCore::revoke_seat() noexcept {
  Seat* const found = std::find_if(seats_, seats_ + seat_count_, [](Seat& seat) { return seat.revoke(); });
  return found != seats_ + seat_count_ ? found : nullptr;
}

std::uint64_t RunCore::bodies_started_below(std::uint32_t seat) const noexcept {
  std::uint64_t bodies = 0;
  for (std::uint32_t index = 0; index < seat; ++index) bodies += seats_[index].progress.bodies();
  return bodies;
}

bool RunCore::is_exclusive_to_nobody() const noexcept {
  return sharing_.state() == Sharing::exclusive && seats_[sharing_.owner()].progress.place() == Progress::away;
}

bool RunCore::is_going_briskly() const noexcept {
  constexpr auto time = std::chrono::microseconds(10);
  if (is_exclusive_to_nobody()) return false;
  const std::uint64_t before = bodies_started();
  const auto begin = engine_time();
  auto now = begin;
  while (now - begin < time && state() == RunState::running) {
    yield_point_of_loop("join: how do the others get along");
    now = engine_time();
  }
  return is_brisk(bodies_started() - before, now - begin);
}

bool RunCore::needs_help() const noexcept {
  // A seat that waits for a thread of the executor is not helped by another that does.
  return free_seats() != 0 && anything_to_do() && !is_exclusive_to_nobody();
}

void RunCore::call_for_help_with_all_marks() noexcept {
  std::uint32_t calls = 0;
  const std::uint32_t free = free_seats();
  for (std::uint32_t index = 0; index < seat_count_ && calls < free; ++index) {
    calls += seats_[index].map.count_all_up_to(free - calls);
  }
  for (; calls > 0; --calls) call_for_help();
}

PlanData::Pace RunCore::expected_pace() const noexcept {
  // A new plan is taken to be like those before it.
  const PlanData::Pace known = data_.pace.load(std::memory_order_relaxed);
  return known == PlanData::Pace::unknown ? scheduler_.last_pace.load(std::memory_order_relaxed) : known;
}

void RunCore::note_pace(PlanData::Pace pace) noexcept {
  if (data_.pace.load(std::memory_order_relaxed) == pace) return;
  data_.pace.store(pace, std::memory_order_relaxed);
  if (scheduler_.last_pace.load(std::memory_order_relaxed) != pace) {
    scheduler_.last_pace.store(pace, std::memory_order_relaxed);
  }
}

void RunCore::get_attended() noexcept {
  if (seat_count_ == 1 || attended_.exchange(true, std::memory_order_seq_cst)) return;
  if (expected_pace() == PlanData::Pace::brisk && scheduler_.watch.add(*this)) return;
  call_for_help();
}

bool RunCore::anything_to_do() const noexcept {
  const std::uint32_t attention = attention_.load(std::memory_order_seq_cst);
  if ((attention & has_messages) != 0) return true;
  if (is_paused(attention)) return false;
  return std::any_of(seats_, seats_ + seat_count_, [](const Seat& seat) { return seat.map.any(); });
}

void RunCore::call_for_help() noexcept {
  yield_point("call for help");
  if (Seat* const seat = take_seat()) pass_on(*seat);
}

void RunCore::pass_on(Seat& seat) noexcept {
  yield_point("pass on");
  if (hand_to_helper(seat)) return;
  const bool was_queued = seat.post(executor_);
  yield_point("pass on: posted");
  // Helpers look for posted seats after they are counted, so either they see this one or they are seen.
  if (sleeping_helpers_.load(std::memory_order_seq_cst) != 0) wake_helpers();
  if (was_queued) drop();
}

void RunCore::mark_roots(Seat& seat) noexcept {
  for (std::uint32_t block = 0; block < block_count_; ++block) {
    if (blocks_[block].load(std::memory_order_relaxed) != 0) seat.map.mark(block, false);
  }
}

}  // namespace baton::detail
