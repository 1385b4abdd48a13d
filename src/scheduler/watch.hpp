// SPDX-License-Identifier: MIT
#pragma once

#include "executor/lockstep.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

namespace baton::detail {

class RunCore;

/// Looks after runs that are left to one worker because their tasks are short: gets them another as soon as one of
/// their tasks turns out to be long. Has a thread of its own, once it was needed. Thread-safe.
class Watch {
 public:
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  /// From now on, until the run is decided or at rest. For threads that have an engine reference of it.
  /// @returns false when it cannot: the system gives no thread or no memory.
  bool add(RunCore& run) noexcept;
  /// To be called once, when all tasks of the run have ended. Afterwards the watch does nothing with it, and never
  /// will.
  void close(RunCore& run) noexcept;

  /// What the watch notes in a run.
  struct Entry {
    enum State : std::uint8_t { off, on, closed };
    std::atomic<State> state{off};
    std::size_t index = 0;     // in runs_, while on
    std::uint64_t bodies = 0;  // started when it looked last
  };

 private:
  void serve();
  void look(std::chrono::steady_clock::duration since_last);
  void let_rest(RunCore& run) noexcept;
  void help(std::unique_lock<std::mutex>& lock, RunCore& run);
  void drop(std::unique_lock<std::mutex>& lock, RunCore& run);
  void take_off(RunCore& run) noexcept;

  std::mutex mutex_;
  EngineCondition changed_;
  EngineCondition helped_;
  std::vector<RunCore*> runs_;            // guarded by mutex_, as the rest
  std::vector<RunCore*> slow_, at_rest_;  // found by a look, and kept
  RunCore* being_helped_ = nullptr;
  bool stopping_ = false;
  bool dozes_ = false;  // waits longer than a tick
  int quiet_ = 0;       // looks since a body was started
  EngineThread thread_;
};

}  // namespace baton::detail
