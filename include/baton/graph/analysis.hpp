// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Questions about the shape of a plan. Every function here is thread-safe and deterministic; its
/// cost is O(tasks + edges) in time and O(tasks) in memory unless it says otherwise.

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/graph/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace baton {

/// An edge of a plan: `to` waits for `from`. Ordered by `from`, then `to`.
struct Edge {
  TaskId from{};  ///< The predecessor.
  TaskId to{};    ///< The successor.
  friend bool operator==(const Edge&, const Edge&) = default;
  friend bool operator<(const Edge& a, const Edge& b) noexcept {
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  }
};

/// The level of each task, by id: 0 without predecessors, otherwise one more than the highest level
/// among them.
[[nodiscard]] BATON_API std::vector<std::uint32_t> levels(const Plan& plan);

/// The number of tasks on the longest path, which is the number of levels; 0 for an empty plan.
[[nodiscard]] BATON_API std::size_t depth(const Plan& plan);

/// The largest number of tasks that share a level, a guess at how many threads the plan can use.
///
/// Tasks of different levels may be independent too, so more of them may run at once.
[[nodiscard]] BATON_API std::size_t max_width(const Plan& plan);

/// A path through a plan that takes longest.
struct CriticalPath {
  Duration length{};          ///< The shortest time a run can take, however many threads it has.
  std::vector<TaskId> tasks;  ///< From a root to a leaf. Empty for an empty plan.
  friend bool operator==(const CriticalPath&, const CriticalPath&) = default;
};

/// A duration for each task of a plan, by id.
using Durations = std::span<const Duration>;

/// The longest path, when each task takes the time that `durations` gives it.
///
/// Among several of the same length it is one with the most tasks, of those the first by ids. Sums
/// beyond the largest Duration stay there.
///
/// @throws UsageError when there is not exactly one duration a task, or one is negative.
[[nodiscard]] BATON_API CriticalPath critical_path(const Plan& plan, Durations durations);
/// The same with the plan's expected durations; a task without one takes no time. Without any, it
/// is the path with the most tasks.
/// @throws UsageError when an expected duration is negative.
[[nodiscard]] BATON_API CriticalPath critical_path(const Plan& plan);

/// How much longer each task, by id, could take alone without making the critical path longer.
///
/// Zero for the tasks of every critical path. Parameters and errors are those of `critical_path`.
[[nodiscard]] BATON_API std::vector<Duration> slack(const Plan& plan, Durations durations);
/// The same with the plan's expected durations; a task without one takes no time.
/// @throws UsageError when an expected duration is negative.
[[nodiscard]] BATON_API std::vector<Duration> slack(const Plan& plan);

/// The tasks that end before `id` starts, because it waits for them or for one that does; in
/// ascending order, without `id` itself. O(edges of the result + result * log(result)), and one bit
/// a task.
/// @throws UsageError when the plan has no task `id`.
[[nodiscard]] BATON_API std::vector<TaskId> ancestors(const Plan& plan, TaskId id);

/// The tasks that start only after `id` has ended, in ascending order, without `id` itself. Cost
/// and errors are those of `ancestors`.
[[nodiscard]] BATON_API std::vector<TaskId> descendants(const Plan& plan, TaskId id);

/// The edges that change no order, because another path leads from their first task to their
/// second, in ascending order. Without all of them, each task has the same ancestors as before:
/// what is left is the transitive reduction. (An edge that carries a value is needed for that.)
///
/// Exact for plans of any size. O(tasks + edges) when edges lead to near levels; at worst
/// O(edges * tasks / 64), and 64 bytes a task. 20,000 tasks with 200,000 random edges take
/// hundredths of a second, a million tasks with 3 million short edges seconds, with long random
/// ones a minute.
[[nodiscard]] BATON_API std::vector<Edge> redundant_edges(const Plan& plan);

/// The immediate dominator of each task, by id: the last task through which every path from the
/// roots to it leads; nothing where there is no such task.
///
/// The tasks that `d` dominates, directly or through each other, get from the plan before them
/// nothing but what comes through `d`: they are a part that could become a workflow of its own.
/// O(tasks + edges * log(tasks)).
[[nodiscard]] BATON_API std::vector<std::optional<TaskId>> immediate_dominators(const Plan& plan);

}  // namespace baton
