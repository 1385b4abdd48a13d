// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/graph/retry.hpp>

#include <cstdint>
#include <exception>
#include <optional>

namespace baton::detail {

/// How long a task whose attempt failed waits for the next one; nothing when it has had its last.
///
/// Says the same whenever it is asked the same, as far as the policy's filter does.
/// @param attempt  The number of the one that failed, counted from 1.
/// @param elapsed  Since the first attempt started.
/// @param seed     What the random part of the delay follows from.
/// @throws what the filter throws.
[[nodiscard]] BATON_API std::optional<Duration> decide_retry(const Retry& policy, std::uint32_t attempt,
                                                             const std::exception_ptr& error, Duration elapsed,
                                                             std::uint64_t seed);

/// A number that looks random and follows from both. SplitMix64, Steele, Lea and Flood, "Fast splittable pseudorandom
/// number generators", OOPSLA 2014.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t seed, std::uint64_t number) noexcept {
  std::uint64_t z = seed + (number + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

}  // namespace baton::detail
