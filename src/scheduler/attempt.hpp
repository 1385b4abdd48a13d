// SPDX-License-Identifier: MIT
#pragma once

#include "scheduler/run_core.hpp"

namespace baton::detail {

/// Calls the body of `task` once, on the calling thread, with a Context.
///
/// @returns how the task is to go on: `end` with its value or error, at `until` where that is set, or when `child` has
/// ended where
///          there is one. Also for threads that hold no seat of the run.
ParkedTask call_body(RunCore& run, std::uint32_t task, ParkedTask parked) noexcept;

/// Parks `task` until the child run in `parked`, created but not yet posted, has ended; then Message::child is
/// delivered.
void start_child(RunCore& run, std::uint32_t task, ParkedTask parked);

/// Takes over what the child run of `task` ended with: its result moved into the task's value, or its failure.
void finish_child(RunCore& run, std::uint32_t task, ParkedTask& parked);

}  // namespace baton::detail
