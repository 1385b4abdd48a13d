// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <thread>

namespace baton::detail {

/// A short wait in steps, first by pausing the core longer and longer, then by giving it away: some ten or twenty
/// microseconds in all on an idle machine.
class Spin {
 public:
  /// Waits a little. False: it is time to sleep instead.
  bool again() noexcept {
    if (step_ == pauses + yields) return false;
    if (step_++ < pauses) {
      // Whoever looks too often takes the cache line from those who are about to put something there.
      for (int i = 0; i < 2 << std::min(step_, 6); ++i) pause();
    } else {
      std::this_thread::yield();
    }
    return true;
  }

 private:
  static constexpr int pauses = 12;
  static constexpr int yields = 8;

  static void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  int step_ = 0;
};

}  // namespace baton::detail
