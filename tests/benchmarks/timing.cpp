// SPDX-License-Identifier: MIT
#include "timing.hpp"

namespace bench {
namespace {

double measure_ticks_per_nanosecond() {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const std::uint64_t first = ticks();
  while (Clock::now() - begin < std::chrono::milliseconds(50)) {
  }
  const std::uint64_t last = ticks();
  return static_cast<double>(last - first) / std::chrono::duration<double, std::nano>(Clock::now() - begin).count();
}

}  // namespace

std::uint64_t ticks_in(std::chrono::nanoseconds time) {
  static const double ticks_per_nanosecond = measure_ticks_per_nanosecond();
  return static_cast<std::uint64_t>(static_cast<double>(time.count()) * ticks_per_nanosecond);
}

}  // namespace bench
