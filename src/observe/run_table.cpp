// SPDX-License-Identifier: MIT
#include "observe/run_table.hpp"

#include <array>

namespace baton::detail {

RunTablePlace& RunTablePlace::of(std::uint64_t table, std::uint64_t run) noexcept {
  // Threads take turns with the runs that go on, and each has a few observers.
  constexpr std::size_t places = 16;
  thread_local std::array<RunTablePlace, places> of_this_thread;
  return of_this_thread[(table * 5 + run) % places];
}

std::uint64_t RunTablePlace::next_table() noexcept {
  static std::atomic<std::uint64_t> count{0};
  return count.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace baton::detail
