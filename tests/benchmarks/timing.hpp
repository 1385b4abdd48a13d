// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace bench {

/// The nanoseconds that `function()` takes.
template <typename F>
double nanoseconds(F&& function) {
  const auto begin = std::chrono::steady_clock::now();
  std::forward<F>(function)();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count();
}

/// Calls `act()` once an iteration of `state`, and after each, untimed, `check()`.
/// @returns the median of the nanoseconds it took.
template <typename F, typename C>
double median_nanoseconds(benchmark::State& state, F&& act, C&& check) {
  std::vector<double> times;
  for ([[maybe_unused]] auto _ : state) {
    times.push_back(nanoseconds(act));
    state.SetIterationTime(times.back() / 1e9);
    check();
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

/// The time in ticks, of the processor's counter where it can be read cheaply.
inline std::uint64_t ticks() {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

/// How many ticks pass in `time`; measured once.
std::uint64_t ticks_in(std::chrono::nanoseconds time);

/// Keeps the processor busy for that many ticks.
inline void work(std::uint64_t duration) {
  const std::uint64_t begin = ticks();
  while (ticks() - begin < duration) {
  }
}

}  // namespace bench
