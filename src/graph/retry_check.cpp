// SPDX-License-Identifier: MIT
#include "graph/retry_check.hpp"

#include <baton/base/error.hpp>

#include <cmath>
#include <string>

namespace baton::detail {

void check_retry(const Retry& policy) {
  std::string faults;
  const auto require = [&faults](bool good, const char* text) {
    if (!good) faults += (faults.empty() ? "" : ", ") + std::string(text);
  };
  require(policy.attempts >= 1, "attempts must be at least 1");
  require(policy.delay >= Duration::zero(), "delay must not be negative");
  require(std::isfinite(policy.backoff) && policy.backoff >= 1, "backoff must be at least 1");
  require(policy.max_delay >= Duration::zero(), "max_delay must not be negative");
  require(policy.jitter >= 0 && policy.jitter <= 1, "jitter must be from 0 to 1");
  require(!policy.max_total || *policy.max_total >= Duration::zero(), "max_total must not be negative");
  if (!faults.empty()) throw UsageError("retry: " + faults);
}

void check_limit(Duration limit, const char* what) {
  if (limit > Duration::zero()) return;
  throw UsageError(std::string(what) + ": " + std::to_string(limit.count()) +
                   " ns leaves no time; leave it out for no limit");
}

}  // namespace baton::detail
