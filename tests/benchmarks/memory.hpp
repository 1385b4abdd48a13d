// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>

namespace bench {

/// The memory of this process that is resident now.
std::size_t resident_bytes();
/// The most that was resident since the start or the last `reset_peak_resident`.
std::size_t peak_resident_bytes();
void reset_peak_resident();
/// Gives freed memory that malloc keeps back to the system.
void release_freed_memory();

}  // namespace bench
