// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>

#include <cstddef>

namespace baton {

/// The number of cores that this process may use, at least 1: those of the calling thread's affinity mask, or fewer
/// if a control group (version 1 or 2, or one of its parents) allows less processor time; parts of a core count as one.
///
/// Reads a few files below /proc and /sys, so keep the answer. Thread-safe.
[[nodiscard]] BATON_API std::size_t available_cores();

}  // namespace baton
