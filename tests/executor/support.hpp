// SPDX-License-Identifier: MIT
#pragma once

#include <baton/executor/thread_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdlib>
#include <mutex>
#include <thread>

namespace baton::test {

/// `count`, times the environment variable BATON_TEST_SCALE if that is set.
inline int repeats(int count) {
  static const double scale = [] {
    const char* const text = std::getenv("BATON_TEST_SCALE");
    return text == nullptr ? 1.0 : std::atof(text);
  }();
  const int scaled = static_cast<int>(count * scale);
  return scaled < 1 ? 1 : scaled;
}

/// A ThreadPool that must not have lost a wake-up by the time it ends.
class CheckedPool {
 public:
  explicit CheckedPool(std::size_t threads) : pool_(threads) {}
  explicit CheckedPool(ThreadPoolOptions options) : pool_(std::move(options)) {}
  ~CheckedPool() {
    pool_.shutdown();
    EXPECT_EQ(pool_.stats().rescued_wakeups, 0U);
    EXPECT_EQ(pool_.stats().posted, pool_.stats().posted_run);
  }
  ThreadPool& operator*() { return pool_; }
  ThreadPool* operator->() { return &pool_; }

 private:
  ThreadPool pool_;
};

/// Closed until it is opened; then it stays open.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Where `count` threads wait for one another.
class Meeting {
 public:
  explicit Meeting(std::size_t count) : missing_(count) {}
  void arrive_and_wait() {
    std::unique_lock lock(mutex_);
    if (--missing_ == 0) changed_.notify_all();
    changed_.wait(lock, [this] { return missing_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t missing_;
};

/// Lets other threads run until `condition()` holds.
template <typename Condition>
void yield_until(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

/// Work that calls a function each time it is run.
template <typename F>
class CallingWork final : public Work {
 public:
  explicit CallingWork(F function) : function_(std::move(function)) {}
  void run(const Budget& budget) noexcept override { function_(*this, budget); }

 private:
  F function_;
};

/// Pool sizes that a test is run with: fewer, as many as and far more than there are cores.
class EachPoolSize : public testing::TestWithParam<std::size_t> {
 protected:
  [[nodiscard]] static std::size_t threads() { return GetParam(); }
  /// Fewer repeats where each one is expensive.
  [[nodiscard]] static int shared_repeats(int count) { return repeats(threads() > 8 ? count / 10 : count); }
};

inline std::string name_of_size(const testing::TestParamInfo<std::size_t>& size) {
  return std::to_string(size.param) + "Threads";
}

#define BATON_FOR_EACH_POOL_SIZE(Suite) \
  INSTANTIATE_TEST_SUITE_P(Size, Suite, testing::Values(1, 2, 3, 4, 8, 64), baton::test::name_of_size)

}  // namespace baton::test
