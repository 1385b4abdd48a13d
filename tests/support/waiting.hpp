// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

namespace baton::test {

/// How long a test waits for what must come, before it says that it did not.
inline constexpr std::chrono::seconds patience{20};

/// A flag to wait for.
class Signal {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_all();
  }
  /// Blocks until set; false, and a failed test, when that does not happen.
  bool wait() {
    std::unique_lock lock(mutex_);
    const bool in_time = changed_.wait_for(lock, patience, [this] { return set_; });
    EXPECT_TRUE(in_time) << "waited in vain for a signal";
    return in_time;
  }
  [[nodiscard]] bool is_set() const {
    const std::lock_guard lock(mutex_);
    return set_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;
};

/// A barrier whose members give up when the others do not come. For one meeting, or for one after the other.
class Meeting {
 public:
  explicit Meeting(std::size_t members) : members_(members) {}

  /// Blocks until all members have come; false, and a failed test, when they do not.
  bool join() {
    std::unique_lock lock(mutex_);
    const std::size_t round = round_;
    if (++present_ == members_) {
      present_ = 0;
      ++round_;
      changed_.notify_all();
      return true;
    }
    const bool in_time =
        changed_.wait_for(lock, patience, [&] { return round_ != round || given_up_; }) && round_ != round;
    if (!in_time && !given_up_) {
      given_up_ = true;
      changed_.notify_all();
      ADD_FAILURE() << "only " << present_ << " of " << members_ << " came";
    }
    return in_time;
  }

 private:
  const std::size_t members_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t present_ = 0;
  std::size_t round_ = 0;
  bool given_up_ = false;
};

/// Calls `function` on a thread of its own. When that does not end, says so, and calls `rescue` that it may.
inline void expect_to_end(const std::function<void()>& function, const std::function<void()>& rescue) {
  std::future<void> done = std::async(std::launch::async, function);
  if (done.wait_for(patience / 4) == std::future_status::timeout) {
    ADD_FAILURE() << "it does not end";
    while (done.wait_for(std::chrono::milliseconds(1)) == std::future_status::timeout) rescue();
  }
  done.get();
}

}  // namespace baton::test
