// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/body.hpp>
#include <baton/graph/inputs.hpp>
#include <baton/graph/plan.hpp>
#include <baton/graph/retry.hpp>

#include "graph/arena.hpp"
#include "graph/buffer.hpp"
#include "graph/control.hpp"
#include "graph/edge_uses.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace baton::detail {

// The frozen form of a workflow, laid out for the scheduler.
//
// Tasks are numbered in the order in which ready ones start; without priorities that order is topological, so a run
// walks all these arrays forwards. What every start touches is in `records`, `joins` and `successors`; the rest is
// cold.
//
// A task with more than `max_fan_in` predecessors is fed by a tree of *combiners*: counters without a body, numbered
// from task_count on, so that no counter is hammered by all workers and one byte holds any count.

/// Counters hold up to this many predecessors; the two bits above are the run's (see scheduler/task_byte.hpp).
inline constexpr std::uint32_t max_fan_in = 63;

/// In an entry of `successors`: the target has no other predecessor, so it needs no counter.
inline constexpr std::uint32_t sole_predecessor_bit = 1u << 31;
/// In `TaskRecord::successor_count`: the task needs more than a plain call (see TaskFlags).
inline constexpr std::uint32_t special_bit = 1u << 31;
inline constexpr std::uint32_t no_contest = UINT32_MAX;
/// The largest number of tasks and combiners of a plan.
inline constexpr std::size_t max_tasks = (1u << 30);

/// Everything that a plain call of a task touches: half a cache line.
struct TaskRecord {
  Invoke invoke;
  alignas(void*) std::byte capture[inline_capture_size];
  std::uint32_t first_successor;
  std::uint32_t successor_count;  // with special_bit
};
static_assert(sizeof(TaskRecord) == 32);

/// Why a task is special.
enum TaskFlags : std::uint8_t {
  takes_context = 1,
  has_resources = 2,
  is_pinned = 4,
  has_control = 8,    ///< A rule or a condition.
  has_policies = 16,  ///< Retry, timeout or deadline.
  is_cleanup = 32,    ///< Runs when the work is over, whichever way.
  has_rounds = 64,    ///< A loop.
};

struct ResourceRequest {
  std::string name;
  std::uint64_t amount;
};

/// What few tasks have.
struct TaskSettings {
  std::vector<ResourceRequest> resources;
  std::vector<std::string> tags;
  std::optional<Duration> expected_duration;
  std::optional<Retry> retry;
  std::optional<Duration> timeout;   // of an attempt
  std::optional<Duration> deadline;  // of the task
  Executor* executor = nullptr;
  int priority = 0;
  bool allows_failure = false;

  [[nodiscard]] std::uint8_t flags() const noexcept {
    return static_cast<std::uint8_t>((resources.empty() ? 0 : has_resources) | (executor != nullptr ? is_pinned : 0) |
                                     (retry || timeout || deadline ? has_policies : 0));
  }
};

/// The argument `first(...)` of a task. Each contender leads to a combiner of its own, which opens when it ends; what
/// comes of that is the contest's to say (scheduler/contest.hpp).
struct PlanContest {
  std::uint32_t task;
  std::vector<std::uint32_t> contenders;
};

struct PlanInput {
  std::uint32_t task;
  TypeRef type;
  std::shared_ptr<const InputFallback> fallback;  // null: each run must give a value
};

/// A value of a run that somebody must destroy.
struct Destructible {
  std::uint32_t task;
  void (*destroy)(void*) noexcept;
};

/// Both directions without flags and combiners, for analysis. Built when first asked for.
struct Adjacency {
  std::vector<std::uint32_t> first_successor, first_predecessor;  // task_count + 1 each
  std::vector<TaskId> successors, predecessors;
};

struct BATON_API PlanData {
  std::string name;
  WorkflowIdentity identity;
  std::uint32_t task_count = 0;
  std::uint32_t combiner_count = 0;
  std::size_t edge_count = 0;
  bool topological = true;  // ids are a topological order
  bool has_limits = false;  // some task has a timeout or a deadline

  // Hot.
  Buffer<TaskRecord> records;
  Buffer<std::uint32_t> successors;  // ascending for each task; with sole_predecessor_bit
  std::vector<std::uint8_t> joins;   // predecessors of each task, then of each combiner; 1 where the bit above is set
  std::vector<std::uint32_t> combiner_targets;
  std::vector<std::uint64_t> roots;       // one bit a task
  std::vector<std::uint32_t> first_slot;  // empty when no task has a value
  std::vector<std::uint32_t> slots;

  // Cold.
  std::uint32_t first_contender = UINT32_MAX;  // combiners from here on are those of contenders
  std::vector<std::uint32_t> contest_of;       // by combiner, from that one on
  std::vector<PlanContest> contests;           // by task
  std::size_t values_size = 0;                 // bytes
  std::size_t values_alignment = alignof(std::max_align_t);
  std::vector<TypeRef> results;           // empty when all are void
  std::vector<std::uint32_t> taken_from;  // sorted: tasks whose value is handed over
  std::vector<Destructible> destructibles;
  EdgeUse edge_use = EdgeUse::order;
  std::vector<bool> order_only;   // by place in `successors`; only where edge_use is mixed
  std::vector<PlanInput> inputs;  // by task
  std::unordered_map<std::uint32_t, TaskSettings> settings;
  std::unordered_map<std::uint32_t, Control> controls;
  std::unordered_map<std::uint32_t, std::uint32_t> compensates;  // which task is undone, by the one that does it
  // Only where some task may be skipped, or looks at how others ended: whose results each task uses, with Use.
  std::vector<std::uint32_t> first_use, uses;
  std::vector<std::string> resource_names;  // sorted: what its tasks ask for, those of sub-workflows included
  std::vector<std::uint8_t> flags;          // TaskFlags; empty when no task is special
  Buffer<std::uint32_t> creation_index;     // of each task
  Buffer<std::uint32_t> task_of_index;      // the other way round; UINT32_MAX where removed
  std::vector<std::uint32_t> name_of;       // into names, plus 1; 0: nameless; empty when all are
  std::vector<std::string> names;
  std::vector<std::shared_ptr<const Arena>> arenas;
  std::vector<std::shared_ptr<const BodyType>> untyped_bodies;

  /// What runs have found: whether its tasks are so short that one worker does best. A hint, the only thing that
  /// changes.
  enum class Pace : std::uint8_t { unknown, slow, brisk };
  mutable std::atomic<Pace> pace{Pace::unknown};

  [[nodiscard]] const TaskSettings* find_settings(std::uint32_t task) const {
    const auto found = settings.find(task);
    return found == settings.end() ? nullptr : &found->second;
  }
  /// The name of a task, or `#17`.
  [[nodiscard]] std::string label(std::uint32_t task) const;
  [[nodiscard]] std::uint8_t flags_of(std::uint32_t task) const {
    return flags.empty() ? std::uint8_t{0} : flags[task];
  }
  /// The task behind an entry of `successors`, seen through combiners.
  [[nodiscard]] std::uint32_t resolve(std::uint32_t target) const {
    target &= ~sole_predecessor_bit;
    while (target >= task_count) target = combiner_targets[target - task_count];
    return target;
  }
  /// Whether the task behind the entry `at` of `successors` sees something of the one before it: its result, or how it
  /// ended.
  [[nodiscard]] bool carries_data(std::uint32_t at) const {
    return edge_use == EdgeUse::data || (edge_use == EdgeUse::mixed && !order_only[at]);
  }
  /// In which contest `task` meets others by the entry `at` of `successors`, or no_contest.
  [[nodiscard]] std::uint32_t contest_at(std::uint32_t at) const {
    const std::uint32_t target = successors[at] & ~sole_predecessor_bit;
    return target >= first_contender ? contest_of[target - first_contender] : no_contest;
  }
  /// visit(successor, whether it sees something of `task`, in which contest or no_contest)
  template <typename Visit>
  void for_each_edge(std::uint32_t task, Visit&& visit) const {
    const TaskRecord& record = records[task];
    const std::uint32_t end = record.first_successor + (record.successor_count & ~special_bit);
    for (std::uint32_t at = record.first_successor; at < end; ++at) {
      visit(resolve(successors[at]), carries_data(at), contest_at(at));
    }
  }
  /// visit(successor, whether it sees something of `task`)
  template <typename Visit>
  void for_each_successor(std::uint32_t task, Visit&& visit) const {
    const TaskRecord& record = records[task];
    const std::uint32_t end = record.first_successor + (record.successor_count & ~special_bit);
    for (std::uint32_t at = record.first_successor; at < end; ++at) visit(resolve(successors[at]), carries_data(at));
  }
  [[nodiscard]] bool is_taken(std::uint32_t task) const;
  [[nodiscard]] bool is_input(std::uint32_t task) const;
  /// Whether a task may be skipped, or run although a predecessor did not succeed.
  [[nodiscard]] bool may_skip() const noexcept { return !first_use.empty(); }
  [[nodiscard]] std::span<const std::uint32_t> uses_of(std::uint32_t task) const {
    return std::span(uses).subspan(first_use[task], first_use[task + 1] - first_use[task]);
  }
  [[nodiscard]] const Adjacency& adjacency() const;
  [[nodiscard]] std::span<const TaskId> predecessors_of(std::uint32_t task) const {
    const Adjacency& all = adjacency();
    return std::span(all.predecessors)
        .subspan(all.first_predecessor[task], all.first_predecessor[task + 1] - all.first_predecessor[task]);
  }
  [[nodiscard]] const std::unordered_map<std::string_view, std::uint32_t>& name_index() const;

 private:
  mutable std::once_flag adjacency_once_, name_index_once_;
  mutable Adjacency adjacency_;
  mutable std::unordered_map<std::string_view, std::uint32_t> name_index_;
};

}  // namespace baton::detail
