// SPDX-License-Identifier: MIT
#pragma once

#include <baton/scheduler/run.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

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
  /// @throws whatever keeps it from starting; then nothing is delivered. Never from one that is early.
  virtual void begin(RunCore& run, std::uint32_t task) = 0;
  /// Asks what has begun, or will begin, to end early.
  virtual void cancel() noexcept = 0;
  /// Makes what has begun, or will begin, start nothing while `paused`. The last call counts. To be overridden where
  /// that is more than tasks of the same run.
  virtual void set_paused(bool paused) noexcept { static_cast<void>(paused); }
  /// Says in `parked` how the task ends: `end`, and its error or value, which is constructed in the run by then.
  /// @returns whether the task does not end, but is to begin another round.
  virtual bool finish(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept = 0;
  /// Whether it runs before `begin` already, and so has to begin, or to be abandoned, whatever becomes of its task.
  [[nodiscard]] virtual bool is_early() const noexcept { return false; }
  /// For an early one: in place of `begin`, since the task has ended. Keeps itself alive by `self` until it is over.
  virtual void abandon(const std::shared_ptr<Continuation>&) noexcept {}
  /// How far a map has come; nothing for anything else. From any thread.
  [[nodiscard]] virtual std::optional<MapProgress> map_progress() const noexcept { return std::nullopt; }
  /// For a map: decides that an element that it has ends as cancelled. From any thread.
  /// @returns whether this call did. @throws std::bad_alloc; then nothing has changed.
  virtual bool cancel_element(std::size_t element, const std::string& cause) {
    static_cast<void>(element);
    static_cast<void>(cause);
    return false;
  }
};

}  // namespace baton::detail
