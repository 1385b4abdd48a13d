// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace baton {

/// A span of time, in whole nanoseconds.
using Duration = std::chrono::nanoseconds;

/// A moment on the steady clock of a scheduler (see Clock), in nanoseconds since an epoch of that clock.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// `time` plus `duration`, or the end of time where that would be later.
[[nodiscard]] constexpr TimePoint later_by(TimePoint time, Duration duration) noexcept {
  if (time.time_since_epoch() > Duration::zero() && duration > TimePoint::max() - time) return TimePoint::max();
  return time + duration;
}

}  // namespace baton
