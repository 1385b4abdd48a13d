// SPDX-License-Identifier: MIT
#include "scheduler/retry_decision.hpp"

#include <algorithm>
#include <cmath>

namespace baton::detail {
namespace {

/// `policy.delay` grown by its backoff, with jitter, not above `max_delay`.
Duration delay_before(const Retry& policy, std::uint32_t next_attempt, std::uint64_t seed) {
  const auto most = static_cast<double>(policy.max_delay.count());
  // Infinite at most: no attempt number makes it anything else than a number.
  double delay = static_cast<double>(policy.delay.count()) * std::pow(policy.backoff, next_attempt - 2.0);
  if (policy.delay == Duration::zero()) delay = 0;  // and not 0 times infinity
  delay = std::min(delay, most);
  if (policy.jitter > 0) {
    constexpr double unit = 1.0 / 9007199254740992.0;  // 2^-53
    const double random = static_cast<double>(mix(seed, next_attempt) >> 11U) * unit;
    delay = std::min(delay * (1 + policy.jitter * (2 * random - 1)), most);
  }
  return delay >= most ? policy.max_delay : Duration(static_cast<Duration::rep>(delay));
}

}  // namespace

std::optional<Duration> decide_retry(const Retry& policy, std::uint32_t attempt, const std::exception_ptr& error,
                                     Duration elapsed, std::uint64_t seed) {
  if (attempt >= policy.attempts) return std::nullopt;
  RetryVerdict verdict;
  if (policy.filter) verdict = policy.filter(error, attempt);
  if (!verdict.retry) return std::nullopt;
  const Duration delay = verdict.delay ? std::clamp(*verdict.delay, Duration::zero(), policy.max_delay)
                                       : delay_before(policy, attempt + 1, seed);
  if (policy.max_total && (elapsed > *policy.max_total || delay > *policy.max_total - elapsed)) return std::nullopt;
  return delay;
}

}  // namespace baton::detail
