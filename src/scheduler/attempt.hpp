// SPDX-License-Identifier: MIT
#pragma once

#include "scheduler/run_core.hpp"
#include "scheduler/start_decision.hpp"
#include "scheduler/timers.hpp"

namespace baton::detail {

/// How tasks of a run ended, for bodies, conditions and rules.
class RunOutcomes final : public OutcomeReader, public Endings {
 public:
  explicit RunOutcomes(RunCore& run) : run_(run) {}
  [[nodiscard]] TaskState state(std::uint32_t task) const noexcept override;
  [[nodiscard]] std::exception_ptr error(std::uint32_t task) const override;
  [[nodiscard]] std::uint32_t winner(std::uint32_t contest) const noexcept override { return run_.winner(contest); }
  [[nodiscard]] Ending of(std::uint32_t task) const noexcept override;

 private:
  RunCore& run_;
};

/// Calls the body of `task` once, on the calling thread, with a Context.
///
/// @returns how the task is to go on: `end` with its value or error, at `until` where that is set, or by `rest` where
///          there is one; not at all where it was `abandoned`. Also for threads that hold no seat of the run.
ParkedTask call_body(RunCore& run, std::uint32_t task, ParkedTask parked) noexcept;

/// Whether the time of that kind is over, of a parked task or of an attempt that is being made. A timer that rings may
/// have been that of an earlier attempt.
template <typename Limited>
[[nodiscard]] bool is_late(const Limited& limited, TimerKind kind, TimePoint now) noexcept {
  const std::optional<TimePoint>& at = kind == TimerKind::deadline ? limited.deadline_at : limited.timeout_at;
  return at && *at <= now;
}

/// Asks the body of `task` to stop if it is being called and its time of that kind is over. On the clock's thread,
/// since all workers may be busy with such bodies.
void stop_late_body(RunCore& run, std::uint32_t task, TimerKind kind) noexcept;

/// The same for what `task` waits for after its body: elements of a map may have all workers, for instance.
void stop_late_rest(RunCore& run, std::uint32_t task, TimerKind kind) noexcept;

/// What `task` fails with when the time of that kind is over: TimedOut, or that there was no memory for it.
std::exception_ptr timed_out(RunCore& run, std::uint32_t task, std::uint32_t attempt, TimerKind kind) noexcept;

}  // namespace baton::detail
