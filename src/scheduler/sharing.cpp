// SPDX-License-Identifier: MIT
#include "scheduler/sharing.hpp"

#include "executor/lockstep.hpp"

#include <chrono>

namespace baton::detail {

bool Sharing::break_in(const Progress& owner) noexcept {
  turn(exclusive, asked);
  yield_point("break in: asked");
  if (owner.place() == Progress::away) admit();
  if (state() != asked) return true;
  heavy_fence();
  const auto patience = engine_time() + std::chrono::microseconds(200);
  while (state() == asked) {
    if (owner.place() != Progress::inside) {
      admit();
    } else if (engine_time() > patience) {
      return false;
    } else {
      yield_point_of_loop("break in: the owner is inside");
    }
  }
  return true;
}

}  // namespace baton::detail
