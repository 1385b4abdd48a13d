// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/state.hpp>

#include <cstdint>

// A run keeps one byte a task (and a combiner), so that 64 tasks share a cache line:
//
//   0 to 63          pending: how many predecessors have not ended; 0 means ready
//   plus bit 6       doomed: a predecessor ended otherwise than well
//   bit 7            taken up: the low bits are a TaskState, which is never pending or ready, or omitted_after_skip
//   plus bit 5       ending: it is just getting its outcome, and no longer to be cancelled
//
// Only the worker that ends a predecessor changes a pending byte (fetch_or, fetch_sub), only the one that holds the
// task a taken-up one.
namespace baton::detail::task_byte {

inline constexpr std::uint8_t count_mask = 0x3f;
inline constexpr std::uint8_t doomed = 0x40;
inline constexpr std::uint8_t taken_up = 0x80;

constexpr std::uint8_t of(TaskState state) {
  return static_cast<std::uint8_t>(taken_up | static_cast<std::uint8_t>(state));
}

/// Omitted although nothing had gone wrong before it.
inline constexpr std::uint8_t omitted_after_skip = taken_up | std::uint8_t{task_state_count};

inline constexpr std::uint8_t ending = 0x20;

constexpr TaskState state(std::uint8_t byte) {
  if (byte == omitted_after_skip) return TaskState::omitted;
  if ((byte & taken_up) != 0) return static_cast<TaskState>(byte & ~(taken_up | ending));
  return (byte & count_mask) == 0 ? TaskState::ready : TaskState::pending;
}

}  // namespace baton::detail::task_byte
