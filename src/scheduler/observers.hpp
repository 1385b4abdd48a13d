// SPDX-License-Identifier: MIT
#pragma once

#include <baton/scheduler/observer.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

namespace baton::detail {

/// A set of observers that may change while it is told events. Thread-safe; telling takes no lock.
class Observers {
 public:
  explicit Observers(std::shared_ptr<std::atomic<std::uint64_t>> errors) : errors_(std::move(errors)) {}
  Observers(const Observers&) = delete;
  Observers& operator=(const Observers&) = delete;
  ~Observers();

  void add(std::shared_ptr<Observer> observer);
  /// Once this returns the observer is not being called, except further up on this thread's stack.
  void remove(const std::shared_ptr<Observer>& observer);
  [[nodiscard]] bool empty() const noexcept { return kinds_.load(std::memory_order_acquire).empty(); }
  [[nodiscard]] bool want(Event::Kind kind) const noexcept {
    return kinds_.load(std::memory_order_relaxed).contains(kind);
  }
  [[nodiscard]] bool need_time() const noexcept { return need_time_.load(std::memory_order_relaxed); }
  void tell(const Event& event) const noexcept;

 private:
  // One place for an observer. Places are linked once and used again, never freed before all are.
  struct Place {
    // A call is announced before `taken` is read, and the other way round by remove(): one of both sees the other
    // (seq_cst). A counter for each few threads, on lines of their own, since all threads announce all the time.
    struct alignas(64) Calls {
      std::atomic<std::uint32_t> count{0};
    };
    std::array<Calls, 16> calls;
    std::atomic<bool> taken{false};
    std::shared_ptr<Observer> observer;  // changes only while not taken and not being called
    EventKinds kinds;
    bool needs_time = false;
    Place* next = nullptr;

    [[nodiscard]] std::uint32_t calls_going_on() const noexcept;
  };
  struct Calling;

  void note_wishes_locked() noexcept;
  void call(Place& place, const Event& event) const noexcept;

  std::shared_ptr<std::atomic<std::uint64_t>> errors_;
  std::mutex mutex_;                             // for changes
  std::atomic<Place*> places_{nullptr};          // the newest first
  std::atomic<EventKinds> kinds_{EventKinds()};  // what any of them wants
  std::atomic<bool> need_time_{false};
};

}  // namespace baton::detail
