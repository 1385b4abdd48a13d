// SPDX-License-Identifier: MIT
#pragma once

#include "scheduler/run_core.hpp"

namespace baton::detail {

/// Calls the body of `task` once, on the calling thread, with a Context.
///
/// @returns how the task is to go on: `end` with its value or error, at `until` where that is set, or by `rest` where
///          there is one. Also for threads that hold no seat of the run.
ParkedTask call_body(RunCore& run, std::uint32_t task, ParkedTask parked) noexcept;

}  // namespace baton::detail
