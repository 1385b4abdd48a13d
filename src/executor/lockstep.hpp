// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace baton::detail {

// How a test decides which of the engine's threads goes on. Threads that are members of a *lock-step* run one at a
// time, and hand over only at the points that this file offers: yield_point, EngineCondition, EngineThread. For all
// other threads, so for all threads outside such tests, these do what the standard library does, at the cost of one
// relaxed load.
//
// Rules for the engine
//  (1) No yield point while a mutex is held: another member would wait for that mutex and not for its turn. Where a
//      function with yield points is called under a lock, an Unbroken stands around it.
//  (2) Nothing waits but by a EngineCondition, or in a loop with yield_point_of_loop.
//  (3) Time that decides about anything but tasks' own (see Clock) is engine_time.

using SteadyTime = std::chrono::steady_clock::time_point;

/// Who decides: one for each group of threads. Called by members only, the one whose turn it is.
class Lockstep {
 public:
  Lockstep() = default;
  Lockstep(const Lockstep&) = delete;
  Lockstep& operator=(const Lockstep&) = delete;

  /// Another member may go on here. @param in_loop  Nothing changes until one does.
  virtual void pass(const char* place, bool in_loop) noexcept = 0;
  /// Time as far as the engine decides by it.
  virtual SteadyTime now() noexcept = 0;
  /// Lets others go on until `condition` is notified or it is `until`, with `lock` released meanwhile; perhaps shorter.
  virtual void wait(std::unique_lock<std::mutex>& lock, const void* condition, const char* place,
                    SteadyTime until) noexcept = 0;
  virtual void notify(const void* condition) noexcept = 0;
  /// While masked, `pass` does nothing. Calls nest.
  virtual void mask(bool masked) noexcept = 0;
  /// Has `body` called on a new member. @throws std::system_error  the system gives no thread.
  virtual void start_thread(const char* name, std::function<void()> body) = 0;

 protected:
  ~Lockstep() = default;
};

/// How many there are in the process.
extern BATON_API std::atomic<std::uint32_t> lockstep_count;

/// That of the calling thread, where there is any in the process.
[[nodiscard]] BATON_API Lockstep* own_lockstep() noexcept;
BATON_API void set_own_lockstep(Lockstep* lockstep) noexcept;

/// That of the calling thread; null outside.
[[nodiscard]] inline Lockstep* this_lockstep() noexcept {
  return lockstep_count.load(std::memory_order_relaxed) == 0 ? nullptr : own_lockstep();
}

/// A point at which a test may let another thread go on. `place` is a literal.
inline void yield_point(const char* place) noexcept {
  if (Lockstep* const lockstep = this_lockstep()) [[unlikely]]
    lockstep->pass(place, false);
}

/// The same for a loop that waits for another thread; yields in earnest where there is no lock-step.
inline void yield_point_of_loop(const char* place) noexcept {
  if (Lockstep* const lockstep = this_lockstep()) [[unlikely]] {
    lockstep->pass(place, true);
  } else {
    std::this_thread::yield();
  }
}

/// The time by which the engine measures itself.
[[nodiscard]] inline SteadyTime engine_time() noexcept {
  Lockstep* const lockstep = this_lockstep();
  return lockstep == nullptr ? std::chrono::steady_clock::now() : lockstep->now();
}

/// As long as it exists, yield points of this thread do nothing.
class Unbroken {
 public:
  Unbroken() noexcept : lockstep_(this_lockstep()) {
    if (lockstep_ != nullptr) lockstep_->mask(true);
  }
  Unbroken(const Unbroken&) = delete;
  Unbroken& operator=(const Unbroken&) = delete;
  ~Unbroken() {
    if (lockstep_ != nullptr) lockstep_->mask(false);
  }

 private:
  Lockstep* const lockstep_;
};

/// A condition variable of the engine. `place` is a literal, for traces.
class EngineCondition {
 public:
  template <typename Predicate>
  void wait(std::unique_lock<std::mutex>& lock, const char* place, Predicate ready) {
    if (Lockstep* const lockstep = this_lockstep()) [[unlikely]] {
      while (!ready()) lockstep->wait(lock, this, place, SteadyTime::max());
    } else {
      changed_.wait(lock, ready);
    }
  }

  /// @param until  In engine_time.
  /// @returns whether `ready` holds.
  template <typename Predicate>
  bool wait_until(std::unique_lock<std::mutex>& lock, const char* place, SteadyTime until, Predicate ready) {
    Lockstep* const lockstep = this_lockstep();
    if (lockstep == nullptr) return changed_.wait_until(lock, until, ready);
    while (!ready()) {
      if (lockstep->now() >= until) return false;
      lockstep->wait(lock, this, place, until);
    }
    return true;
  }

  void notify_all() noexcept {
    changed_.notify_all();
    if (Lockstep* const lockstep = this_lockstep()) [[unlikely]]
      lockstep->notify(this);
  }

 private:
  std::condition_variable changed_;
};

/// A thread of the engine's own: a member of the lock-step of the thread that starts it.
class BATON_API EngineThread {
 public:
  EngineThread() = default;
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;
  /// To be joined before.
  ~EngineThread() = default;

  /// @throws std::system_error  the system gives no thread; nothing has changed.
  void start(const char* name, std::function<void()> body);
  [[nodiscard]] bool is_started() const noexcept { return thread_.joinable() || member_ != nullptr; }
  /// Whether the calling thread is this one.
  [[nodiscard]] bool is_this() const noexcept;
  void join();

 private:
  struct Member;
  std::thread thread_;
  std::shared_ptr<Member> member_;  // where it takes part in a lock-step
};

}  // namespace baton::detail
