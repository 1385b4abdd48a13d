// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/time.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>

namespace baton {

/// What a RetryFilter says of a failed attempt.
struct RetryVerdict {
  /// Whether the error may go away by itself.
  bool retry = true;
  /// How long to wait, instead of what the policy says; kept below its `max_delay`, without jitter.
  std::optional<Duration> delay{};
};

/// Looks at the error of a failed attempt, which was the one numbered `attempt`, counted from 1. Called on a worker,
/// for several tasks at once; what it throws becomes the task's error, and the task is not tried again.
using RetryFilter = std::function<RetryVerdict(const std::exception_ptr& error, std::uint32_t attempt)>;

/// Whether and when a task whose attempt failed is tried again: see AnyTask::retry.
///
/// The delay before attempt n + 1 is `delay` x `backoff`^(n - 1), at most `max_delay`, times a random factor between
/// 1 - `jitter` and 1 + `jitter`.
struct Retry {
  /// How often the body may be called in all, the first call included.
  std::uint32_t attempts = 3;
  /// Before the second attempt.
  Duration delay = std::chrono::seconds(1);
  /// By what the delay grows from attempt to attempt; 1 for a constant one.
  double backoff = 2.0;
  /// No delay is longer, jitter included.
  Duration max_delay = std::chrono::minutes(1);
  /// How much delays vary, from 0 (not at all) to 1; spreads tasks that failed together. The random numbers follow from
  /// StartOptions::seed, task and attempt.
  double jitter = 0.0;
  /// No attempt starts later than this after the first one started.
  std::optional<Duration> max_total{};
  /// Which errors are worth another attempt; null for all.
  RetryFilter filter{};
};

/// A filter that tries again after errors of the types `Errors`, and of types derived from them, only.
template <typename... Errors>
[[nodiscard]] RetryFilter retry_on() {
  return [](const std::exception_ptr& error, std::uint32_t) {
    const auto is = [&error]<typename E>(std::type_identity<E>) {
      try {
        std::rethrow_exception(error);
      } catch (const E&) {
        return true;
      } catch (...) {
        return false;
      }
    };
    return RetryVerdict{(is(std::type_identity<Errors>{}) || ...), std::nullopt};
  };
}

}  // namespace baton
