// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>

namespace baton::detail {

/// Which of several tasks has succeeded first: one word, the winner (plus 1) above the number of those that lost.
/// Any thread. Whoever is told to count the task down does so, and nobody else.
class Contest {
 public:
  enum class Verdict : std::uint8_t { nothing, won, all_lost };

  /// A contender has ended. Its outcome is published before.
  Verdict end(std::uint32_t contender, bool ill, std::uint32_t contenders) noexcept {
    if (ill) {
      const std::uint64_t before = word_.fetch_add(1, std::memory_order_acq_rel);
      return before + 1 == contenders ? Verdict::all_lost : Verdict::nothing;
    }
    std::uint64_t now = word_.load(std::memory_order_relaxed);
    while (now >> 32 == 0) {
      const std::uint64_t won = now | (std::uint64_t{contender} + 1) << 32;
      if (word_.compare_exchange_weak(now, won, std::memory_order_acq_rel, std::memory_order_relaxed)) {
        return Verdict::won;
      }
    }
    return Verdict::nothing;
  }
  /// UINT32_MAX where all have lost, or some have not ended.
  [[nodiscard]] std::uint32_t winner() const noexcept {
    return static_cast<std::uint32_t>((word_.load(std::memory_order_acquire) >> 32) - 1);
  }

 private:
  std::atomic<std::uint64_t> word_{0};
};

}  // namespace baton::detail
