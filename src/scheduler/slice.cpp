// SPDX-License-Identifier: MIT
#include "scheduler/slice.hpp"

#include "scheduler/attempt.hpp"
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
  Executor& executor = run.scheduler().executor;
  bool more = false;
  {
    Slice slice(run, *this, &executor);
    more = slice.work(budget);
  }
  if (more) executor.post(*this);
}

// ---- Finding work ----

void Slice::work_until_dry() noexcept {
  while (work(Budget{})) {
  }
}

bool Slice::work(const Budget& budget) noexcept {
  starts_left_ = budget.tasks;
  slice_began_ = last_look_ = std::chrono::steady_clock::now();
  Clock& clock = run_.scheduler().clock;
  while (run_some()) {
    if (seat_ != nullptr && (starts_left_ == 0 || share_is_over())) {
      run_.count_ended(std::exchange(ended_, 0));
      return true;
    }
  }
  if (seat_ != nullptr) {
    run_.count_ended(std::exchange(ended_, 0));
    // The seat is free before the second look, so that whoever makes work after the look sees it free: ready_set.hpp
    // (4).
    run_.leave_seat(*seat_);
    if (run_.state() == RunState::running && run_.anything_to_do()) run_.call_for_help();
  }
  clock.release();
  run_.drop();
  return false;
}

bool Slice::run_some() noexcept {
  if (seat_ == nullptr) return false;
  if ((run_.attention() & has_messages) != 0) take_messages();
  std::uint32_t block = no_block;
  if (data_.topological) {
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
  const std::uint32_t free = run_.free_seats();
  if (free == 0) return;
  for (std::uint32_t calls = seat_->map.count_up_to(free); calls > 0; --calls) run_.call_for_help();
}

// The slice's share is a fraction of a millisecond: long enough that handing over costs nothing, short enough that many
// runs advance together. The time is looked at about every tenth of the share, however long the bodies are.
bool Slice::share_is_over() noexcept {
  constexpr auto share = std::chrono::microseconds(500);
  if (until_look_ > 1) return false;
  const auto now = std::chrono::steady_clock::now();
  look_every_ = now - last_look_ < share / 10 ? std::min(2 * look_every_, 64U) : std::max(look_every_ / 2, 1U);
  until_look_ = look_every_;
  last_look_ = now;
  return now - slice_began_ > share;
}

void Slice::visit(std::uint32_t block) noexcept {
  Word& word = run_.block(block);
  for (;;) {
    const Claim claim = claim_lowest(word);
    if (!claim.found) return;
    if (claim.more && !seat_->map.is_marked(block)) seat_->map.mark(block);
    share_surplus();
    run_chain(block * 64 + claim.offset);
    if (seat_ == nullptr || !data_.topological || starts_left_ == 0 || until_look_ <= 1 ||
        seat_->map.lowest_new() < block)
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
    const bool plain = (record.successor_count & special_bit) == 0 && run_.attention() == 0;
    const Step step = plain ? call_plainly(record, task) : start_specially(task);
    if (step == Step::parked) return;
    if (seat_ == nullptr) {
      run_.deliver({task, step == Step::ended_well ? Message::Kind::ended_well : Message::Kind::ended_ill});
      return;
    }
    ++ended_;
    const std::uint32_t next =
        step == Step::ended_well ? release_successors<false>(task) : release_successors<true>(task);
    if (next == no_task) return;
    // Only when nothing can be gained by another order, and the budget allows.
    if (starts_left_ == 0 || until_look_ <= 1) {
      run_.byte(next).store(0, std::memory_order_relaxed);
      make_ready(next);
      return;
    }
    task = next;
  }
}

Slice::Step Slice::call_plainly(const TaskRecord& record, std::uint32_t task) noexcept {
  std::atomic<std::uint8_t>& byte = run_.byte(task);
  byte.store(task_byte::of(TaskState::running), std::memory_order_relaxed);
  ParkedTask failed;
  try {
    record.invoke(record.capture, run_.frame(), task);
    byte.store(task_byte::of(TaskState::succeeded), std::memory_order_release);
    return Step::ended_well;
  } catch (const Cancelled&) {
    failed.end = TaskState::cancelled;
  } catch (...) {
    failed.end = TaskState::failed;
    failed.error = std::current_exception();
  }
  failed.attempt = 1;
  return end(task, failed.end, failed);
}

/// Tells the successors of a task that it has ended. A single successor that waits for nothing else is returned, to be
/// run next in place.
template <bool ill>
std::uint32_t Slice::release_successors(std::uint32_t task) noexcept {
  const TaskRecord& record = data_.records[task];
  const std::uint32_t count = record.successor_count & ~special_bit;
  const std::uint32_t* target = data_.successors.data() + record.first_successor;
  const bool quietly = (run_.attention() & observed) == 0;
  if (!ill && quietly && count == 1 && (*target & sole_predecessor_bit) != 0 && data_.topological) {
    return *target & ~sole_predecessor_bit;
  }
  for (const std::uint32_t* const end = target + count; target != end; ++target) {
    std::uint32_t id = *target & ~sole_predecessor_bit;
    if (ill) run_.byte(id).fetch_or(task_byte::doomed, std::memory_order_relaxed);
    // acq_rel: whoever ends the last predecessor has seen what all of them wrote, and passes it on.
    std::uint8_t before = run_.byte(id).fetch_sub(1, std::memory_order_acq_rel);
    while ((before & task_byte::count_mask) == 1 && id >= data_.task_count) {  // a combiner passes it on
      id = data_.combiner_targets[id - data_.task_count];
      if ((before & task_byte::doomed) != 0) run_.byte(id).fetch_or(task_byte::doomed, std::memory_order_relaxed);
      before = run_.byte(id).fetch_sub(1, std::memory_order_acq_rel);
    }
    if ((before & task_byte::count_mask) != 1) continue;
    if (!quietly && (before & task_byte::doomed) == 0) run_.tell_task(Kind::task_ready, id, TaskState::ready);
    make_ready(id);
  }
  return no_task;
}

void Slice::make_ready(std::uint32_t task) noexcept {
  const std::uint32_t block = task / 64;
  // acq_rel: the claimer sees what this worker wrote and saw.
  if (run_.block(block).fetch_or(bit(task), std::memory_order_acq_rel) == 0) seat_->map.mark(block);
}

// ---- Special tasks ----

Slice::Step Slice::start_specially(std::uint32_t task) noexcept {
  const std::uint32_t attention = run_.attention();
  ParkedTask parked;
  if (attention != 0) {
    if ((attention & has_messages) != 0) {
      take_messages();
      share_surplus();  // what they made ready does not wait for this body
    }
    const bool stop = (attention & (cancelling | stopping)) != 0;
    const bool doomed = (run_.byte(task).load(std::memory_order_relaxed) & task_byte::doomed) != 0;
    if (stop || doomed) {
      if ((data_.flags_of(task) & has_resources) != 0) parked = run_.unpark(task);
      return end(task, stop ? TaskState::cancelled : TaskState::omitted, parked);
    }
  }
  const std::uint8_t flags = data_.flags_of(task);
  if ((flags & has_resources) != 0) {
    parked = run_.unpark(task);
    if (!parked.holds_resources) {
      try {
        if (wait_for_resources(task, data_.find_settings(task)->resources) == Step::parked) return Step::parked;
      } catch (...) {
        parked.error = std::current_exception();
        return end(task, TaskState::failed, parked);
      }
      parked.holds_resources = true;
    }
  }
  if ((flags & is_pinned) != 0) {
    Executor& executor = *data_.find_settings(task)->executor;
    if (&executor != frame_.executor) {
      try {
        post_to_executor(task, executor, parked);
      } catch (...) {
        parked.error = std::current_exception();
        return end(task, TaskState::failed, parked);
      }
      return Step::parked;
    }
  }
  return start_body(task, std::move(parked));
}

/// @returns parked when the task waits, anything else when it has its units now.
Slice::Step Slice::wait_for_resources(std::uint32_t task, const std::vector<ResourceRequest>& requests) {
  Resources& resources = run_.scheduler().resources;
  if (resources.try_acquire(run_, task, requests)) return Step::ended_well;
  // Said before asking: once queued, another thread may get the grant and start the task.
  run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_relaxed);
  if ((run_.attention() & observed) != 0) {
    run_.tell_task(Kind::task_waiting, task, TaskState::waiting, 0, WaitReason::resource);
  }
  if (resources.acquire(run_, task, requests)) return Step::ended_well;
  // cancel() raises its flag before it collects the waiters; a waiter that came after that finds the flag here.
  if ((run_.attention() & (cancelling | stopping)) != 0 && resources.remove(run_, task)) {
    run_.deliver({task, Message::Kind::drop});
  }
  return Step::parked;
}

namespace {

/// A pinned task on its way to its executor.
class PinnedTask final : public Work {
 public:
  PinnedTask(RunCore& run, std::uint32_t task, Executor& executor, ParkedTask parked)
      : run_(run), task_(task), executor_(executor), parked_(std::move(parked)) {
    run_.keep();
    run_.scheduler().clock.hold();
  }

  void run(const Budget&) noexcept override {
    if ((run_.attention() & (cancelling | stopping)) != 0) {
      parked_.end = TaskState::cancelled;
      run_.park(task_, std::move(parked_));
    } else {
      BodyFrame frame{&run_, &executor_, task_, BodyFrame::innermost()};
      BodyFrame::innermost() = &frame;
      ParkedTask result = call_body(run_, task_, std::move(parked_));
      BodyFrame::innermost() = frame.outer;
      run_.park(task_, std::move(result));
    }
    run_.deliver({task_, Message::Kind::body});
    RunCore& run = run_;
    delete this;
    run.scheduler().clock.release();
    run.drop();
  }

 private:
  RunCore& run_;
  const std::uint32_t task_;
  Executor& executor_;
  ParkedTask parked_;
};

}  // namespace

void Slice::post_to_executor(std::uint32_t task, Executor& executor, ParkedTask parked) {
  auto* const pinned = new PinnedTask(run_, task, executor, std::move(parked));
  run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_relaxed);
  if ((run_.attention() & observed) != 0) {
    run_.tell_task(Kind::task_waiting, task, TaskState::waiting, 0, WaitReason::executor);
  }
  executor.post(*pinned);
}

Slice::Step Slice::start_body(std::uint32_t task, ParkedTask parked) noexcept {
  // Once more: getting the resources may have taken until after a cancel.
  if ((run_.attention() & (cancelling | stopping)) != 0) return end(task, TaskState::cancelled, parked);
  ParkedTask result = call_body(run_, task, std::move(parked));
  if (!result.child && result.until == TimePoint{}) return end(task, result.end, result);
  if (seat_ != nullptr) {
    end_parked(task, std::move(result));
  } else {
    run_.park(task, std::move(result));
    run_.deliver({task, Message::Kind::body});
  }
  return Step::parked;
}

void Slice::take_messages() noexcept {
  for (const Message& message : run_.take_messages()) take(message);
}

void Slice::take(const Message& message) noexcept {
  const std::uint32_t task = message.task;
  ParkedTask parked = run_.unpark(task);
  switch (message.kind) {
    case Message::Kind::ended_well:
      pass_on_end<false>(task);
      return;
    case Message::Kind::ended_ill:
      pass_on_end<true>(task);
      return;
    case Message::Kind::granted:
      parked.holds_resources = true;
      run_.park(task, std::move(parked));
      run_.byte(task).store(0, std::memory_order_relaxed);
      make_ready(task);
      return;
    case Message::Kind::body:
      end_parked(task, std::move(parked));
      return;
    case Message::Kind::timer:
      parked.until = TimePoint{};
      break;
    case Message::Kind::drop:
      parked.until = TimePoint{};
      if (parked.has_value) run_.destroy_value(task);
      parked.has_value = false;
      parked.end = TaskState::cancelled;
      parked.error = nullptr;
      break;
    case Message::Kind::child:
      finish_child(run_, task, parked);
      break;
  }
  end_parked(task, std::move(parked));
}

/// Ends a task that is not on its way through run_chain, or parks it until its time or its child run is over.
void Slice::end_parked(std::uint32_t task, ParkedTask parked) noexcept {
  const bool stop = (run_.attention() & (cancelling | stopping)) != 0;
  if (parked.child) {
    start_child(run_, task, std::move(parked));
    return;
  }
  if (parked.until != TimePoint{} && !stop) {
    const TimePoint until = parked.until;
    const std::uint32_t attempt = parked.attempt;
    run_.byte(task).store(task_byte::of(TaskState::waiting), std::memory_order_release);
    run_.park(task, std::move(parked));
    if ((run_.attention() & observed) != 0) {
      run_.tell_task(Kind::task_waiting, task, TaskState::waiting, attempt, WaitReason::timer);
    }
    Timers& timers = run_.scheduler().timers;
    timers.add(run_, task, until);
    // As for resources: cancel() may have collected the timers before this one was there.
    if ((run_.attention() & (cancelling | stopping)) != 0 && timers.remove(run_, task)) {
      run_.deliver({task, Message::Kind::drop});
    }
    return;
  }
  if (parked.until != TimePoint{} && stop) {
    if (parked.has_value) run_.destroy_value(task);
    parked.end = TaskState::cancelled;
    parked.error = nullptr;
  }
  if (end(task, parked.end, parked) == Step::ended_well) {
    pass_on_end<false>(task);
  } else {
    pass_on_end<true>(task);
  }
}

/// Releases the successors of a task that has ended outside run_chain.
template <bool ill>
void Slice::pass_on_end(std::uint32_t task) noexcept {
  ++ended_;
  const std::uint32_t next = release_successors<ill>(task);
  if (next != no_task) {
    run_.byte(next).store(0, std::memory_order_relaxed);
    make_ready(next);
  }
}

/// The one place where a task gets its outcome, but for the plain success of call_plainly.
Slice::Step Slice::end(std::uint32_t task, TaskState state, const ParkedTask& parked) noexcept {
  std::uint32_t attention = state == TaskState::succeeded ? 0U : some_doomed;
  if (state == TaskState::failed) {
    run_.add_failure(task, parked.attempt, parked.error);
    if (run_.failure_mode() == FailureMode::stop) attention |= stopping;
  } else if (state == TaskState::cancelled) {
    run_.note_cancelled();
  }
  if (state != TaskState::succeeded && data_.is_input(task)) run_.destroy_value(task);  // it was there from the start
  if ((attention & ~run_.attention()) != 0) {
    run_.raise(attention);
    if ((attention & stopping) != 0) run_.stop_waiting_tasks();
  }
  run_.byte(task).store(task_byte::of(state), std::memory_order_release);
  if ((run_.attention() & observed) != 0) {
    run_.tell_task(Kind::task_ended, task, state, parked.attempt, WaitReason::none,
                   state == TaskState::failed ? &parked.error : nullptr);
  }
  // Last, so that whoever gets the units starts after this task's end has been told.
  if (parked.holds_resources) run_.scheduler().resources.give_back(data_.find_settings(task)->resources);
  return state == TaskState::succeeded ? Step::ended_well : Step::ended_ill;
}

}  // namespace baton::detail
