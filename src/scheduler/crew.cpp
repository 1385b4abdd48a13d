// SPDX-License-Identifier: MIT
#include "scheduler/crew.hpp"

#include "base/fault_point.hpp"
#include "scheduler/run_core.hpp"
#include "scheduler/scheduler_core.hpp"

#include <algorithm>

namespace baton::detail {
namespace {

// Bodies of a task with an executor of its own belong there.
Executor& executor_of(RunCore& run, std::uint32_t task) {
  const TaskSettings* const settings = run.data().find_settings(task);
  return settings != nullptr && settings->executor != nullptr ? *settings->executor : run.scheduler().executor;
}

}  // namespace

Crew::Crew(RunCore& run, std::uint32_t task, std::size_t most, std::stop_token asked)
    : run_(run),
      task_(task),
      executor_(executor_of(run, task)),
      places_(std::clamp<std::size_t>(most, 1, std::max<std::size_t>(executor_.concurrency(), 1))),
      asked_(std::move(asked)),
      members_(std::make_unique<Member[]>(places_)),
      attention_(static_cast<std::uint32_t>(places_)) {
  for (std::size_t place = places_; place > 0; --place) {
    Member& member = members_[place - 1];
    member.crew = this;
    member.place = place - 1;
    member.next_free = std::exchange(free_, &member);
  }
}

Crew::~Crew() = default;

// ---- Stopping ----

bool Crew::stop_requested() const noexcept { return is_stopped() || asked_.stop_requested() || run_.stops(task_); }

void Crew::stop() noexcept {
  attention_.fetch_or(stop_bit, std::memory_order_seq_cst);
  yield_point("crew: stopped");
  const std::stop_source source = [&] {
    const std::lock_guard lock(crew_mutex_);
    return source_;  // a token made from now on is born stopped
  }();
  if (source.stop_possible()) Relay{source}();  // calls the host's stop callbacks, so without the lock
  pause_crew(false);                            // so that members come and see it
}

void Crew::pause_crew(bool paused) noexcept {
  Member* resting = nullptr;
  {
    const std::lock_guard lock(crew_mutex_);
    if (paused && !is_stopped()) {
      attention_.fetch_or(pause_bit, std::memory_order_seq_cst);
    } else {
      attention_.fetch_and(~pause_bit, std::memory_order_seq_cst);
      resting = std::exchange(resting_, nullptr);
    }
  }
  while (resting != nullptr) {
    Member& member = *std::exchange(resting, resting->next_free);
    run_.scheduler().clock.hold();
    executor_.post(member);
  }
}

/// Keeps a member, with what it has claimed and its reason, until the pause is over. @returns false when it is.
bool Crew::rest(Member& member) noexcept {
  const std::lock_guard lock(crew_mutex_);
  if (!is_paused()) return false;
  member.next_free = std::exchange(resting_, &member);
  return true;
}

std::stop_token Crew::stop_token() {
  const std::stop_token above = asked_.stop_possible() ? asked_ : run_.stop_token(task_);
  const std::lock_guard lock(crew_mutex_);
  if (!source_.stop_possible()) {
    fault_point(FaultPoint::stop_token);
    const std::stop_source made;
    stopped_above_.emplace(above, Relay{made});
    source_ = made;
    if (is_stopped()) source_.request_stop();
  }
  return source_.get_token();
}

// ---- Reasons and places ----

void Crew::begin_crew() noexcept {
  run_.keep();
  leave();
}

void Crew::end_alone(std::shared_ptr<void> self) noexcept {
  self_ = std::move(self);
  begin_crew();
}

void Crew::enter() noexcept {
  run_.keep();
  reasons_.fetch_add(1, std::memory_order_relaxed);
}

void Crew::leave() noexcept {
  RunCore& run = run_;
  const std::uint32_t task = task_;
  // acq_rel: whoever is last has seen what all others did.
  if (reasons_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    const std::shared_ptr<void> self = std::move(self_);
    wrap_up();
    if (!self) run.deliver({task, Message::Kind::child});  // from here on the crew may be gone
  }
  run.drop();
}

Crew::Member* Crew::take_place() noexcept {
  const std::lock_guard lock(crew_mutex_);
  Member* const member = free_;
  if (member == nullptr) return nullptr;
  free_ = member->next_free;
  attention_.fetch_sub(1, std::memory_order_seq_cst);
  return member;
}

void Crew::give_place(Member& member) noexcept {
  const std::lock_guard lock(crew_mutex_);
  member.next_free = std::exchange(free_, &member);
  attention_.fetch_add(1, std::memory_order_seq_cst);
}

void Crew::call_one() noexcept {
  Member* const member = take_place();
  if (member == nullptr) return;
  enter();
  run_.scheduler().clock.hold();
  executor_.post(*member);
}

// ---- Working ----

void Crew::serve(Member& member, const Budget& budget) noexcept {
  RunCore& run = run_;
  run.keep();  // until its clock has been released
  if (!serve_for_a_while(member, budget)) {
    yield_point("crew: share is over");
    if (is_paused() && rest(member)) {
      run.scheduler().clock.release();  // the crew may be gone
    } else {
      executor_.post(member);
    }
    run.drop();
    return;
  }
  yield_point("crew: nothing found");
  give_place(member);
  yield_point("crew: place left");
  if (anything_to_do()) call_one();
  yield_point("crew: leave");
  leave();
  run.scheduler().clock.release();
  run.drop();
}

bool Crew::serve_for_a_while(Member& member, const Budget& budget) noexcept {
  constexpr auto share_of_time = std::chrono::microseconds(500);  // as a slice's
  constexpr auto worth_sharing = std::chrono::microseconds(20);
  BodyFrame frame{&run_, &executor_, task_, BodyFrame::innermost()};
  BodyFrame::innermost() = &frame;
  std::uint32_t left = std::max(budget.tasks, 1U);
  const SteadyTime began = engine_time();
  SteadyTime looked = began;
  bool dry = false;
  while (left > 0 && looked - began < share_of_time && !is_paused()) {
    const std::uint32_t called = work(member, std::min(member.pace, left));
    dry = called == 0 && !is_paused();  // or it may have claimed some
    if (called == 0) break;
    left -= std::min(called, left);
    const SteadyTime now = engine_time();
    const bool places_free = has_free_place();
    if (places_free && now - looked > worth_sharing) share(member);
    set_pace(member, called, now - looked, places_free);
    looked = now;
  }
  BodyFrame::innermost() = frame.outer;
  return dry;
}

// Looks at the time about every 20 us, however long the parts are, so that looking costs nothing. With places free it
// also looks up after each part, until it is clear that they are short.
void Crew::set_pace(Member& member, std::uint32_t called, std::chrono::nanoseconds time, bool places_free) noexcept {
  constexpr auto target = std::chrono::microseconds(20);
  if (time > 2 * target) {
    member.pace = std::max(std::min(called, member.pace) / 2, 1U);
  } else if (time < target / 2 && called >= member.pace) {
    member.pace = std::min(2 * member.pace, 256U);
  }
  member.blind = places_free && time < target / 4 ? std::min(2 * member.blind + 1, 64U) : 0;
}

}  // namespace baton::detail
