// SPDX-License-Identifier: MIT
#pragma once

#include <baton/executor/thread_pool.hpp>
#include <baton/scheduler/scheduler.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace baton::test {

/// A pool that fails the test if a wake-up was lost on it.
class CheckedPool {
 public:
  explicit CheckedPool(std::size_t threads) : pool_(threads) {}
  explicit CheckedPool(ThreadPoolOptions options) : pool_(std::move(options)) {}
  CheckedPool(const CheckedPool&) = delete;
  CheckedPool& operator=(const CheckedPool&) = delete;
  ~CheckedPool() {
    pool_.shutdown();
    EXPECT_EQ(pool_.stats().rescued_wakeups, 0U);
  }

  operator ThreadPool&() noexcept { return pool_; }  // NOLINT(google-explicit-constructor)
  ThreadPool* operator->() noexcept { return &pool_; }

 private:
  ThreadPool pool_;
};

/// A test that runs on a pool of each size.
class OnEachPool : public testing::TestWithParam<std::size_t> {
 protected:
  [[nodiscard]] static std::size_t threads() { return GetParam(); }

  CheckedPool pool{GetParam()};
  Scheduler scheduler{pool};
};

inline std::string pool_name(const testing::TestParamInfo<std::size_t>& info) {
  return std::to_string(info.param) + (info.param == 1 ? "Thread" : "Threads");
}

}  // namespace baton::test

/// Runs the tests of `suite`, which derives from OnEachPool, on pools of these sizes.
#define BATON_ON_EACH_POOL(suite) \
  INSTANTIATE_TEST_SUITE_P(On, suite, testing::Values(1U, 2U, 3U, 4U, 8U), ::baton::test::pool_name)
