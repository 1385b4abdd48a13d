// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>

#include <atomic>

namespace baton::detail {

// Fences for two sides of which one passes a million times as often as the other. Where both sides write one variable
// and then read the other's, each needs a full fence between the two, or both may miss what the other wrote. Here the
// frequent side only keeps the compiler from exchanging them, and the rare side makes all cores pass a fence.
// See membarrier(2), MEMBARRIER_CMD_PRIVATE_EXPEDITED.

/// Whether heavy_fence() does what it says on this system.
[[nodiscard]] BATON_API bool has_heavy_fence() noexcept;

/// A full fence on every core that runs a thread of this process. Some 20 microseconds. Ends the process where the
/// system refuses what it granted before, since work would be done twice or never without a word.
BATON_API void heavy_fence() noexcept;

inline void light_fence() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

}  // namespace baton::detail
