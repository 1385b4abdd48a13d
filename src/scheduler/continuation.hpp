// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace baton::detail {

class RunCore;
struct ParkedTask;

/// What a task still waits for, without a thread, after its body has returned: a child run, for instance.
///
/// The task is parked meanwhile. A worker of the run calls `begin` and `finish`, one after the other; `cancel` and
/// `set_paused` may come from any thread at any time, several times, and before the one or after the other.
class Continuation {
 public:
  Continuation() = default;
  Continuation(const Continuation&) = delete;
  Continuation& operator=(const Continuation&) = delete;
  virtual ~Continuation() = default;

  /// Starts what is waited for. Once that is over, perhaps already in this call, Message::Kind::child is delivered to
  /// `run`: once for each `begin`.
  virtual void begin(RunCore& run, std::uint32_t task) = 0;
  /// Asks what has begun, or will begin, to end early.
  virtual void cancel() noexcept = 0;
  /// Makes what has begun, or will begin, start nothing while `paused`. The last call counts. To be overridden where
  /// that is more than tasks of the same run.
  virtual void set_paused(bool paused) noexcept { static_cast<void>(paused); }
  /// Says in `parked` how the task ends: `end`, and its error or value, which is constructed in the run by then.
  /// @returns whether the task does not end, but is to begin another round.
  virtual bool finish(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept = 0;
};

}  // namespace baton::detail
