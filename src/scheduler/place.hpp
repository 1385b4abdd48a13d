// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace baton::detail {

/// Where a child run stands in the run that the host has started.
struct RunPlace {
  std::uint64_t parent;  ///< The run whose task it is.
  std::string path;      ///< From the host's run down to it: `train/epoch[2]`.
  std::uint64_t round;   ///< Of the innermost loop that it is part of; 0 outside loops.
};

/// What the name of a loop has behind it for one of its rounds: `[2]`.
inline std::string round_suffix(std::uint64_t round) {
  return std::string("[").append(std::to_string(round)).append("]");
}

}  // namespace baton::detail
