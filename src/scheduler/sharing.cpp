// SPDX-License-Identifier: MIT
#include "scheduler/sharing.hpp"

#include <chrono>
#include <thread>

namespace baton::detail {

bool Sharing::break_in(const Progress& owner) noexcept {
  turn(exclusive, asked);
  if (owner.place() == Progress::away) admit();
  if (state() != asked) return true;
  heavy_fence();
  const auto patience = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
  while (state() == asked) {
    if (owner.place() != Progress::inside) {
      admit();
    } else if (std::chrono::steady_clock::now() > patience) {
      return false;
    } else {
      std::this_thread::yield();
    }
  }
  return true;
}

}  // namespace baton::detail
