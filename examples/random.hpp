// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

namespace examples {

/// SplitMix64: a counter, well mixed. The same numbers everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// Other numbers for every `topic`, in whatever order topics come up.
  Random(std::uint64_t seed, std::string_view topic) : state_(seed) {
    for (const char c : topic) state_ = next() ^ static_cast<unsigned char>(c);
  }

  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t bits = state_;
    bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9U;
    bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBU;
    return bits ^ (bits >> 31U);
  }
  /// From 0 to below 1.
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
  /// From 0 to below `limit`, which is above 0.
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }

 private:
  std::uint64_t state_;
};

}  // namespace examples
