// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
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

  /// From now on, until the run is decided. For threads that have an engine reference of it.
  /// @returns false when it cannot: the system gives no thread or no memory.
  bool add(RunCore& run) noexcept;
  /// To be called after the run was decided.
  void remove(RunCore& run) noexcept;

 private:
  void serve();
  void look(std::chrono::steady_clock::duration since_last);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<RunCore*> runs_;  // guarded by mutex_, as the rest
  std::vector<RunCore*> slow_;
  bool stopping_ = false;
  bool asleep_ = false;
  std::thread thread_;
};

}  // namespace baton::detail
