// SPDX-License-Identifier: MIT
#include "scheduler/slice.hpp"

#include "scheduler/scheduler_core.hpp"

#include <algorithm>

namespace baton::detail {

using Kind = Event::Kind;

Slice::Slice(RunCore& run, Seat& seat, Executor* here) noexcept : run_(run), seat_(&seat), data_(run.data()) {
  frame_.run = &run;
  frame_.executor = here;
  frame_.slice = this;
  frame_.outer = BodyFrame::innermost();
  BodyFrame::innermost() = &frame_;
}

Slice::~Slice() { BodyFrame::innermost() = frame_.outer; }

void Seat::run(const Budget& budget) noexcept {
  RunCore& run = *core;
  if (posting_.exchange(Posting::none, std::memory_order_seq_cst) == Posting::revoked) {
    run.drop();
    return;
  }
  Executor& executor = run.scheduler().executor;
  bool more = false;
  {
    Slice slice(run, *this, &executor);
    more = slice.work(budget);
  }
  if (more && post(executor)) run.drop();
}

bool Slice::work_until_dry() noexcept {
  while (work(Budget{})) {
  }
  return !retreats_;
}

bool Slice::work(const Budget& budget) noexcept {
  starts_left_ = budget.tasks;
  slice_began_ = last_look_ = engine_time();
  if (run_.expected_pace() == PlanData::Pace::brisk) until_look_ = look_every_ = std::max(look_every_, 16U);
  retreats_ = !join();
  while (!retreats_ && run_some()) {
    if (seat_ == nullptr) break;
    if (starts_left_ != 0 && !share_is_over()) continue;
    if (retreats_) break;
    run_.count_ended(std::exchange(ended_, 0));
    seat_->progress.set_away();
    return true;
  }
  Clock& clock = run_.scheduler().clock;
  if (seat_ != nullptr) {
    if (seat_->next != no_task) make_ready(std::exchange(seat_->next, no_task));
    run_.count_ended(std::exchange(ended_, 0));
    seat_->progress.set_away();
    // The seat is free before the second look, so that whoever makes work after the look sees it free: ready_set.hpp
    // (4).
    yield_point("slice: nothing found");
    run_.leave_seat(*seat_);
    yield_point("slice: seat left");
    // Who leaves the rest to others and turns out to be the last must look as well: they may have left meanwhile.
    const bool second_look = !retreats_ || run_.free_seats() == run_.seat_count();
    if (second_look && run_.state() == RunState::running && run_.anything_to_do()) run_.call_for_help();
  }
  clock.release();
  run_.drop();
  return false;
}

// ---- Sharing the run, or not ----

/// Becomes the owner of the run or one of those who share it. @returns false when those at work do better alone; then
/// the watch sees to it that none of them gets stuck.
bool Slice::join() noexcept {
  Sharing& sharing = run_.sharing();
  const Sharing::State state = sharing.state();
  yield_point("join");
  atomic_ = state == Sharing::shared || state == Sharing::hushed || sharing.owner() != run_.index_of_seat(*seat_);
  if (atomic_) bodies_below_ = run_.bodies_started_below(run_.index_of_seat(*seat_));
  if (!atomic_) {
    seat_->progress.come_in_from_away();
    accept_others();
    return true;
  }
  // With the rest of a chain, this seat was left to another thread and not given up: then nobody can own the run.
  if (state == Sharing::shared || seat_->next != no_task) return true;
  // Nobody may be turned away without somebody who looks after the run.
  if (run_.is_going_briskly() && run_.scheduler().watch.add(run_)) return false;
  while (state != Sharing::hushed && !sharing.break_in(run_.seat(sharing.owner()).progress)) {
    if (run_.scheduler().watch.add(run_)) return false;
  }
  sharing.unhush();
  // The others have not called for anybody before they started their bodies.
  run_.call_for_help_with_all_marks();
  return true;
}

/// sharing.hpp (1).
void Slice::accept_others() noexcept {
  Sharing& sharing = run_.sharing();
  if (sharing.state() == Sharing::exclusive) return;
  atomic_ = true;
  bodies_below_ = run_.bodies_started_below(run_.index_of_seat(*seat_));
  sharing.admit();
}

void Slice::come_in() noexcept {
  if (atomic_) return;
  seat_->progress.come_in();
  accept_others();
}

/// With short tasks: takes the run over when alone, leaves it to a lower seat when not.
void Slice::share_less(std::uint64_t tasks, std::chrono::nanoseconds time) noexcept {
  const std::uint32_t own = run_.index_of_seat(*seat_);
  const std::uint64_t below = run_.bodies_started_below(own);
  const std::uint64_t started_below = below - std::exchange(bodies_below_, below);
  if (!is_brisk(tasks, time)) return;
  const auto is_alone = [&] { return run_.free_seats() + 1 == run_.seat_count(); };
  if (is_alone()) {
    if (!run_.scheduler().watch.add(run_)) return;
    seat_->progress.come_in();
    yield_point("take over");
    if (run_.sharing().take_over(own, is_alone)) atomic_ = false;
  } else if (is_brisk(started_below, time) && run_.scheduler().watch.add(run_)) {
    run_.sharing().hush();
    retreats_ = true;
  }
}

// ---- Finding work ----

bool Slice::run_some() noexcept {
  if (seat_ == nullptr) return false;
  if ((run_.attention() & (has_messages | pausing)) != 0 && !take_notice()) return false;
  if (seat_->next != no_task) {
    share_surplus();  // what messages have made ready, for instance
    run_chain(std::exchange(seat_->next, no_task));
    return true;
  }
  // While tasks are long, their order matters more than that each worker stays near what it did before.
  std::uint32_t block = no_block;
  if (data_.topological && look_every_ > 1) {
    block = seat_->map.take_lowest();
    if (block == no_block) block = steal();
  } else {
    block = take_lowest_of_all();
  }
  if (block == no_block) return false;
  visit(block);
  return true;
}

std::uint32_t Slice::steal() noexcept {
  const std::uint32_t seats = run_.seat_count();
  const std::uint32_t own = run_.index_of_seat(*seat_);
  for (std::uint32_t step = 1; step < seats; ++step) {
    const std::uint32_t block = run_.seat((own + step) % seats).map.steal_highest();
    if (block != no_block) return block;
  }
  return no_block;
}

// Where priorities were given the order is the host's: the lowest block counts, whoever marked it.
std::uint32_t Slice::take_lowest_of_all() noexcept {
  for (;;) {
    std::uint32_t lowest = no_block;
    std::uint32_t owner = 0;
    for (std::uint32_t seat = 0; seat < run_.seat_count(); ++seat) {
      const std::uint32_t block = run_.seat(seat).map.find_lowest();
      if (block >= lowest) continue;
      lowest = block;
      owner = seat;
    }
    if (lowest == no_block || run_.seat(owner).map.steal(lowest)) return lowest;
  }
}

bool Slice::give_up_seat() noexcept {
  if (seat_ == nullptr) return false;
  run_.count_ended(std::exchange(ended_, 0));  // never the last ones: a body is being called
  run_.keep();
  run_.pass_on(*std::exchange(seat_, nullptr));
  return true;
}

void Slice::share_surplus() noexcept {
  if (!atomic_) {
    if (!attended_ && !seat_->map.empty()) {
      attended_ = true;
      run_.get_attended();
    }
    return;
  }
  const std::uint32_t free = run_.free_seats();
  if (free == 0 || run_.sharing().state() == Sharing::hushed) return;
  for (std::uint32_t calls = seat_->map.count_up_to(free); calls > 0; --calls) run_.call_for_help();
}

// The slice's share is a fraction of a millisecond: long enough that handing over costs nothing, short enough that many
// runs advance together. The time is looked at about every tenth of the share, however long the bodies are.
bool Slice::share_is_over() noexcept {
  constexpr auto share = std::chrono::microseconds(500);
  if (until_look_ > 1) return false;
  const auto now = engine_time();
  const auto since_last = now - last_look_;
  if (run_.seat_count() > 1) {
    const bool brisk = is_brisk(look_every_, since_last);
    if (look_every_ >= 4 || !brisk) run_.note_pace(brisk ? PlanData::Pace::brisk : PlanData::Pace::slow);
    if (atomic_) share_less(look_every_, since_last);
  }
  look_every_ = since_last < share / 10 ? std::min(2 * look_every_, 64U) : std::max(look_every_ / 2, 1U);
  until_look_ = look_every_;
  last_look_ = now;
  return retreats_ || now - slice_began_ > share;
}

void Slice::visit(std::uint32_t block) noexcept {
  Word& word = run_.block(block);
  for (;;) {
    const Claim claim = claim_lowest(word, atomic_);
    if (!claim.found) return;
    if (claim.more && !seat_->map.is_marked(block)) seat_->map.mark(block, atomic_);
    if (atomic_ || !attended_) share_surplus();
    run_chain(block * 64 + claim.offset);
    // Messages come first, as they may have made lower tasks ready; when the time is looked at must not decide that.
    if (seat_ == nullptr || !data_.topological || starts_left_ == 0 || until_look_ <= 1 ||
        seat_->map.lowest_new() < block || (run_.attention() & (has_messages | pausing)) != 0)
      return;
  }
}

// ---- Running tasks ----

void Slice::run_chain(std::uint32_t task) noexcept {
  for (;;) {
    const TaskRecord& record = data_.records[task];
    frame_.task = task;
    --starts_left_;
    if (until_look_ > 1) --until_look_;
    const bool plain = (record.successor_count & special_bit) == 0 && (run_.attention() & ~observed) == 0;
    const Step step = plain ? call_plainly(record, task) : start_specially(task);
    if (step == Step::parked) return;
    if (seat_ == nullptr) {
      run_.deliver({task, step == Step::ended_well ? Message::Kind::ended_well : Message::Kind::ended_ill});
      return;
    }
    come_in();
    ++ended_;
    std::uint32_t next = no_task;
    if (step != Step::ended_well) {
      next = release_successors<true>(record);
    } else if (!atomic_ && (run_.attention() & observed) == 0) {
      next = release_exclusively(record);
    } else {
      next = release_successors<false>(record);
    }
    if (next == no_task) return;
    if (starts_left_ == 0 || until_look_ <= 1) {
      run_.byte(next).store(0, std::memory_order_relaxed);
      // With one seat, time may not decide about the order: what one thread does shall repeat exactly.
      if (look_every_ > 1 || run_.seat_count() == 1) {
        seat_->next = next;
      } else {
        make_ready(next);
      }
      return;
    }
    task = next;
  }
}

Slice::Step Slice::call_plainly(const TaskRecord& record, std::uint32_t task) noexcept {
  std::atomic<std::uint8_t>& byte = run_.byte(task);
  byte.store(task_byte::of(TaskState::running), std::memory_order_relaxed);
  if (run_.attention() != 0) run_.tell_task(Kind::task_started, task, TaskState::running, 1);
  seat_->progress.start_body();
  try {
    record.invoke(record.capture, run_.frame(), task);
  } catch (...) {
    return end_with_error(task);
  }
  if (run_.attention() != 0) return end_attentively(task);
  byte.store(task_byte::of(TaskState::succeeded), std::memory_order_release);
  return Step::ended_well;
}

/// Ends a task whose body has just thrown; called from the handler.
Slice::Step Slice::end_with_error(std::uint32_t task) noexcept {
  ParkedTask failed;
  failed.attempt = 1;
  failed.error = std::current_exception();
  failed.end = TaskState::failed;
  try {
    throw;
  } catch (const Cancelled&) {
    failed.end = TaskState::cancelled;
    failed.error = nullptr;
  } catch (...) {
  }
  return end(task, failed.end, failed);
}

/// The task to be run next in place: a single successor that waits for nothing else.
std::uint32_t Slice::next_in_chain(const TaskRecord& record) const noexcept {
  if ((record.successor_count & ~special_bit) != 1 || !data_.topological) return no_task;
  const std::uint32_t target = data_.successors[record.first_successor];
  return (target & sole_predecessor_bit) != 0 ? target & ~sole_predecessor_bit : no_task;
}

/// Tells the successors of a task that it has ended. @returns the one to be run next in place, if there is one.
template <bool ill>
std::uint32_t Slice::release_successors(const TaskRecord& record) noexcept {
  const bool quietly = !run_.wants(Kind::task_ready);
  if (!ill && quietly) {
    if (const std::uint32_t next = next_in_chain(record); next != no_task) return next;
  }
  const std::uint32_t* target = data_.successors.data() + record.first_successor;
  const std::uint32_t* const end = target + (record.successor_count & ~special_bit);
  // Targets ascend, so those of one block are set together.
  std::uint32_t block = no_block;
  std::uint64_t ready = 0;
  for (; target != end; ++target) {
    std::uint32_t id = *target & ~sole_predecessor_bit;
    const bool sole = (*target & sole_predecessor_bit) != 0;
    std::uint8_t before = count_down(id, ill, !atomic_ || sole);
    while ((before & task_byte::count_mask) == 1 && id >= data_.task_count) {  // a combiner passes it on
      if (id >= data_.first_contender) {
        const Contest::Verdict verdict =
            run_.end_contender(static_cast<std::uint32_t>(&record - data_.records.data()), id, ill);
        before = 0;
        if (verdict == Contest::Verdict::nothing) break;
        id = data_.combiner_targets[id - data_.task_count];
        before = count_down(id, verdict == Contest::Verdict::all_lost, !atomic_);
        continue;
      }
      id = data_.combiner_targets[id - data_.task_count];
      before = count_down(id, (before & task_byte::doomed) != 0, !atomic_);
    }
    if ((before & task_byte::count_mask) != 1) continue;
    if (!quietly && (before & task_byte::doomed) == 0 && (data_.flags_of(id) & (has_control | is_cleanup)) == 0 &&
        !run_.is_reused(id)) {
      run_.tell_task(Kind::task_ready, id, TaskState::ready);
    }
    if (id / 64 != block) {
      if (ready != 0) make_ready(block, ready);
      block = id / 64;
      ready = 0;
    }
    ready |= bit(id);
  }
  if (ready != 0) make_ready(block, ready);
  return no_task;
}

/// The same for the owner of the run while nobody listens. Which successor becomes ready is as good as random, so that
/// arithmetic is faster than branches.
std::uint32_t Slice::release_exclusively(const TaskRecord& record) noexcept {
  if (const std::uint32_t next = next_in_chain(record); next != no_task) return next;
  const std::uint32_t* target = data_.successors.data() + record.first_successor;
  const std::uint32_t* const end = target + (record.successor_count & ~special_bit);
  for (; target != end; ++target) {
    std::uint32_t id = *target & ~sole_predecessor_bit;
    std::uint8_t left = count_down_exclusively(id);
    if (id >= data_.task_count) {  // a combiner passes it on
      while ((left & task_byte::count_mask) == 0 && id >= data_.task_count) {
        if (id >= data_.first_contender &&
            run_.end_contender(static_cast<std::uint32_t>(&record - data_.records.data()), id, false) ==
                Contest::Verdict::nothing) {
          break;
        }
        const bool ill = (left & task_byte::doomed) != 0;
        id = data_.combiner_targets[id - data_.task_count];
        if (ill) run_.byte(id).fetch_or(task_byte::doomed, std::memory_order_relaxed);
        left = count_down_exclusively(id);
      }
      if (id >= data_.task_count) continue;
    }
    const std::uint64_t ready = (left & task_byte::count_mask) == 0 ? 1 : 0;
    Word& block = run_.block(id / 64);
    const std::uint64_t before = block.load(std::memory_order_relaxed);
    block.store(before | ready << (id % 64), std::memory_order_relaxed);
    if ((ready & (before == 0 ? 1U : 0U)) != 0) seat_->map.mark(id / 64, false);
  }
  return no_task;
}

/// One predecessor of `task` has ended. @returns its byte after that.
std::uint8_t Slice::count_down_exclusively(std::uint32_t task) noexcept {
  std::atomic<std::uint8_t>& byte = run_.byte(task);
  const auto left = static_cast<std::uint8_t>(byte.load(std::memory_order_relaxed) - 1);
  byte.store(left, std::memory_order_relaxed);
  return left;
}

/// One predecessor of `task` has ended. @returns its byte before, with the doom that this brought.
std::uint8_t Slice::count_down(std::uint32_t task, bool ill, bool exclusively) noexcept {
  std::atomic<std::uint8_t>& byte = run_.byte(task);
  if (exclusively) {
    const auto before = static_cast<std::uint8_t>(byte.load(std::memory_order_relaxed) | (ill ? task_byte::doomed : 0));
    byte.store(static_cast<std::uint8_t>(before - 1), std::memory_order_relaxed);
    return before;
  }
  if (ill) byte.fetch_or(task_byte::doomed, std::memory_order_relaxed);
  // acq_rel: whoever ends the last predecessor has seen what all of them wrote, and passes it on.
  return byte.fetch_sub(1, std::memory_order_acq_rel);
}

template std::uint32_t Slice::release_successors<false>(const TaskRecord& record) noexcept;
template std::uint32_t Slice::release_successors<true>(const TaskRecord& record) noexcept;

void Slice::make_ready(std::uint32_t block, std::uint64_t bits) noexcept {
  if (set_ready(run_.block(block), bits, atomic_)) seat_->map.mark(block, atomic_);
}

}  // namespace baton::detail
