// SPDX-License-Identifier: MIT
#include "scheduler/observers.hpp"

#include "base/fault_point.hpp"
#include "executor/lockstep.hpp"

#include <utility>

namespace baton {

Observer::~Observer() = default;
EventKinds Observer::kinds() const noexcept { return EventKinds::all(); }
bool Observer::needs_time() const noexcept { return true; }

std::string_view to_string(WaitReason reason) noexcept {
  switch (reason) {
    case WaitReason::none:
      return "none";
    case WaitReason::resource:
      return "resource";
    case WaitReason::timer:
      return "timer";
    case WaitReason::child:
      return "child";
    case WaitReason::executor:
      return "executor";
    case WaitReason::retry:
      return "retry";
  }
  return "unknown";
}

std::string_view to_string(Event::Kind kind) noexcept {
  switch (kind) {
    case Event::Kind::run_started:
      return "run_started";
    case Event::Kind::task_ready:
      return "task_ready";
    case Event::Kind::task_waiting:
      return "task_waiting";
    case Event::Kind::task_started:
      return "task_started";
    case Event::Kind::task_ended:
      return "task_ended";
    case Event::Kind::run_ended:
      return "run_ended";
    case Event::Kind::run_paused:
      return "run_paused";
    case Event::Kind::run_resumed:
      return "run_resumed";
  }
  return "unknown";
}

namespace detail {

/// The observers that are being called on this thread, innermost last.
struct Observers::Calling {
  const Place* place;
  Calling* outer;
  static thread_local Calling* innermost;

  static std::uint32_t count(const Place& place) noexcept {
    std::uint32_t calls = 0;
    for (const Calling* call = innermost; call != nullptr; call = call->outer) calls += call->place == &place ? 1 : 0;
    return calls;
  }
};
thread_local Observers::Calling* Observers::Calling::innermost = nullptr;

std::uint32_t Observers::Place::calls_going_on() const noexcept {
  std::uint32_t sum = 0;
  for (const Calls& each : calls) sum += each.count.load(std::memory_order_seq_cst);
  return sum;
}

Observers::~Observers() {
  Place* place = places_.load(std::memory_order_acquire);
  while (place != nullptr) delete std::exchange(place, place->next);
}

void Observers::add(std::shared_ptr<Observer> observer) {
  const EventKinds kinds = observer->kinds();
  const bool needs_time = observer->needs_time();
  std::shared_ptr<Observer> old;  // released after the lock
  const std::lock_guard lock(mutex_);
  Place* place = places_.load(std::memory_order_relaxed);
  while (place != nullptr && (place->taken.load(std::memory_order_relaxed) || place->calls_going_on() != 0)) {
    place = place->next;
  }
  const bool fresh = place == nullptr;
  if (fresh) {
    fault_point(FaultPoint::observer);
    place = new Place;
  }
  old = std::exchange(place->observer, std::move(observer));
  place->kinds = kinds;
  place->needs_time = needs_time;
  place->taken.store(true, std::memory_order_seq_cst);
  if (fresh) {
    place->next = places_.load(std::memory_order_relaxed);
    places_.store(place, std::memory_order_release);
  }
  note_wishes_locked();
}

void Observers::remove(const std::shared_ptr<Observer>& observer) {
  for (Place* place = places_.load(std::memory_order_acquire); place != nullptr; place = place->next) {
    {
      const std::lock_guard lock(mutex_);
      if (place->observer != observer) continue;
      // Where another thread has just removed it, its calls are waited for all the same.
      if (place->taken.load(std::memory_order_relaxed)) {
        place->taken.store(false, std::memory_order_seq_cst);
        note_wishes_locked();
      }
    }
    // An observer's call is short by contract, and removing one is rare: no need for more than yielding.
    const std::uint32_t own = Calling::count(*place);
    while (place->calls_going_on() > own) yield_point_of_loop("unobserve: it is being called");
    if (own != 0) continue;  // ends later, when the place is used again
    std::shared_ptr<Observer> gone;
    const std::lock_guard lock(mutex_);
    if (!place->taken.load(std::memory_order_relaxed) && place->calls_going_on() == 0)
      gone = std::move(place->observer);
  }
}

void Observers::note_wishes_locked() noexcept {
  EventKinds kinds;
  bool need_time = false;
  for (const Place* place = places_.load(std::memory_order_relaxed); place != nullptr; place = place->next) {
    if (!place->taken.load(std::memory_order_relaxed)) continue;
    kinds |= place->kinds;
    need_time = need_time || place->needs_time;
  }
  kinds_.store(kinds, std::memory_order_release);
  need_time_.store(need_time, std::memory_order_release);
}

void Observers::tell(const Event& event) const noexcept {
  if (!want(event.kind)) return;
  for (Place* place = places_.load(std::memory_order_acquire); place != nullptr; place = place->next) {
    if (!place->taken.load(std::memory_order_relaxed)) continue;  // or remove() might wait long for a quiet moment
    std::atomic<std::uint32_t>& calls = place->calls[event.worker % place->calls.size()].count;
    calls.fetch_add(1, std::memory_order_seq_cst);
    yield_point("tell: announced");
    if (place->taken.load(std::memory_order_seq_cst) && place->kinds.contains(event.kind)) call(*place, event);
    calls.fetch_sub(1, std::memory_order_release);
  }
}

void Observers::call(Place& place, const Event& event) const noexcept {
  Calling call{&place, Calling::innermost};
  Calling::innermost = &call;
  try {
    place.observer->on_event(event);
  } catch (...) {
    errors_->fetch_add(1, std::memory_order_relaxed);
  }
  Calling::innermost = call.outer;
}

}  // namespace detail
}  // namespace baton
