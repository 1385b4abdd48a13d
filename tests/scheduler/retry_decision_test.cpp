// SPDX-License-Identifier: MIT
#include "scheduler/retry_decision.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <stdexcept>

namespace {

using namespace std::chrono_literals;
using baton::Duration;
using baton::Retry;
using baton::RetryVerdict;
using baton::detail::decide_retry;

std::exception_ptr an_error() { return std::make_exception_ptr(std::runtime_error("broken")); }

std::optional<Duration> decide(const Retry& policy, std::uint32_t attempt, Duration elapsed = 0ns,
                               std::uint64_t seed = 1) {
  return decide_retry(policy, attempt, an_error(), elapsed, seed);
}

TEST(RetryDecision, CountsAttempts) {
  const Retry policy{.attempts = 3};
  EXPECT_TRUE(decide(policy, 1));
  EXPECT_TRUE(decide(policy, 2));
  EXPECT_FALSE(decide(policy, 3));
  EXPECT_FALSE(decide(Retry{.attempts = 1}, 1));
}

TEST(RetryDecision, GrowsTheDelayUpToItsLimit) {
  const Retry policy{.attempts = 10, .delay = 100ms, .backoff = 2.0, .max_delay = 1s};
  const Duration expected[] = {100ms, 200ms, 400ms, 800ms, 1s, 1s};
  for (std::uint32_t attempt = 1; attempt <= 6; ++attempt) EXPECT_EQ(decide(policy, attempt), expected[attempt - 1]);
  const Retry constant{.attempts = 10, .delay = 70ms, .backoff = 1.0};
  EXPECT_EQ(decide(constant, 9), 70ms);
}

TEST(RetryDecision, HasNoDelayThatOverflows) {
  const Retry policy{.attempts = std::numeric_limits<std::uint32_t>::max(),
                     .delay = 1h,
                     .backoff = 1e10,
                     .max_delay = Duration::max(),
                     .jitter = 1.0};
  EXPECT_LE(decide(policy, 4'000'000'000U), Duration::max());
  EXPECT_GE(decide(policy, 4'000'000'000U), 0ns);
  EXPECT_EQ(decide(Retry{.attempts = 4'000'000'001U, .delay = 0ns}, 4'000'000'000U), 0ns);
}

TEST(RetryDecision, VariesDelaysWithinBoundsByTheSeed) {
  const Retry policy{.attempts = 3, .delay = 1s, .max_delay = 1100ms, .jitter = 0.25};
  Duration least = 1h;
  Duration most = 0ns;
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    const Duration delay = decide(policy, 1, 0ns, seed).value();
    EXPECT_EQ(delay, decide(policy, 1, 0ns, seed));
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, 750ms);
  EXPECT_LT(least, 752ms);
  EXPECT_EQ(most, 1100ms) << "the limit includes jitter";
}

TEST(RetryDecision, StartsNoAttemptAfterTheTotalTime) {
  const Retry policy{.attempts = 10, .delay = 1s, .backoff = 1.0, .max_total = 10s};
  EXPECT_TRUE(decide(policy, 1, 9s));
  EXPECT_FALSE(decide(policy, 1, 9s + 1ns));
  EXPECT_FALSE(decide(policy, 1, 1h));
}

TEST(RetryDecision, AsksTheFilter) {
  Retry policy{.attempts = 3, .delay = 1s, .max_delay = 5s};
  policy.filter = baton::retry_on<std::logic_error, std::range_error>();
  EXPECT_FALSE(decide(policy, 1)) << "a runtime_error is neither";
  policy.filter = baton::retry_on<std::logic_error, std::runtime_error>();
  EXPECT_EQ(decide(policy, 1), 1s);
  policy.filter = [](const std::exception_ptr&, std::uint32_t attempt) {
    return RetryVerdict{true, attempt == 1 ? Duration(3s) : Duration(1h)};
  };
  EXPECT_EQ(decide(policy, 1), 3s);
  EXPECT_EQ(decide(policy, 2), 5s) << "kept below max_delay";
  policy.filter = [](const std::exception_ptr&, std::uint32_t) -> RetryVerdict { throw std::runtime_error("filter"); };
  EXPECT_THROW(static_cast<void>(decide(policy, 1)), std::runtime_error);
  EXPECT_FALSE(decide(policy, 3)) << "not asked after the last attempt";
}

}  // namespace
