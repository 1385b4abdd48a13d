// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/scheduler/run.hpp>
#include <baton/scheduler/scheduler.hpp>

#include <cstdint>
#include <vector>

namespace baton::detail {

// A run that begins with what an ended one has done: its reused tasks have their outcome from the beginning, and its
// results are moved. Only such runs pay for that.
//
// A reused task may have predecessors that run, as long as they only come before it. The engine counts them off as
// ever, and may find that the task is ready; then start_specially drops it. So the outcomes of reused tasks are kept
// apart from the bytes that are counted in: RunCore::reused_.

/// What a run takes over.
struct Reuse {
  static constexpr std::uint32_t none = UINT32_MAX;

  /// An ended run.
  Run from;
  /// By task of the new run's plan: the task of `from` as which it ended, and whose result, of the same type, it has;
  /// `none` where it is to run.
  std::vector<std::uint32_t> source;
  /// By contest of the new run's plan: the reused task that has won it and stays its winner; `none` where the first
  /// that succeeds is to be found anew. Empty when all are.
  std::vector<std::uint32_t> winners{};

  [[nodiscard]] bool has(std::uint32_t task) const noexcept { return source[task] != none; }
  [[nodiscard]] std::uint32_t winner_of(std::uint32_t contest) const noexcept {
    return winners.empty() ? none : winners[contest];
  }
};

/// Starts a run of `plan` that takes over what `reuse` says. Otherwise as Scheduler::start.
///
/// The result of each reused task that succeeded is moved; the earlier run says so of them from then on. Where a move
/// throws, results whose move may throw may be gone all the same; nothing else has changed.
/// @throws DefinitionError  as Scheduler::start; nothing has changed.
/// @throws UsageError       the earlier run has not ended, or a result was given to another run; nothing has changed.
BATON_API Run start_reusing(Scheduler& scheduler, const Plan& plan, StartOptions& options, const Reuse& reuse);

/// By task of `run`: the run that was given its result, or 0. Empty when none was given away.
[[nodiscard]] BATON_API std::vector<std::uint64_t> handed_over_results(const Run& run);

/// By contest of the plan of `run`, which has ended: the task that has won it; UINT32_MAX where all have lost.
[[nodiscard]] BATON_API std::vector<std::uint32_t> contest_winners(const Run& run);

/// The tasks of `run`, which has ended, whose bodies took longer than they may and have not returned. They still read
/// what they were given.
[[nodiscard]] BATON_API std::vector<std::uint32_t> late_bodies(const Run& run);

}  // namespace baton::detail
