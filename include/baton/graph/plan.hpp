// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/base/type.hpp>
#include <baton/graph/task.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

/// A task of a plan: 0 to `Plan::size() - 1`, in the order in which ready tasks are started.
enum class TaskId : std::uint32_t {};

/// The number behind an id, for indexing.
[[nodiscard]] constexpr std::size_t index_of(TaskId id) noexcept { return static_cast<std::size_t>(id); }

namespace detail {
struct PlanData;
}

/// A checked, frozen workflow. Any number of runs of it overlap on any number of threads.
///
/// A cheap handle of immutable, shared data; a default-constructed plan has no tasks. Thread-safe: every member may be
/// called from any thread at any time. Ids are topological (a task's id is larger than its predecessors') unless
/// priorities are set. A `TaskId` that is
/// passed in must be one of this plan; that is not checked.
class BATON_API Plan {
 public:
  /// A plan without tasks and without a name.
  Plan();

  /// The name of the workflow; empty where it has none.
  [[nodiscard]] std::string_view name() const noexcept;
  /// The number of tasks, inputs included.
  [[nodiscard]] std::size_t size() const noexcept;
  /// Whether there is no task.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }
  /// The number of distinct edges, those of data and those of order together.
  [[nodiscard]] std::size_t edge_count() const noexcept;

  /// The id of the task that `task` names in the workflow this plan was built from.
  /// @throws UsageError when the handle is of another workflow, or its task was removed before the plan was built.
  [[nodiscard]] TaskId id(AnyTask task) const;
  /// Whether `id(task)` would give an id.
  [[nodiscard]] bool contains(AnyTask task) const noexcept;
  /// The task called `name` (`#17` finds nameless ones too), or nothing.
  [[nodiscard]] std::optional<TaskId> find(std::string_view name) const;
  /// The name of a task, or `#17` where it has none.
  [[nodiscard]] std::string task_name(TaskId id) const;
  /// The number that counts the tasks of the workflow from 0 in order of creation.
  [[nodiscard]] std::uint32_t creation_index(TaskId id) const noexcept;
  /// The type of a task's result; void's where it has none.
  [[nodiscard]] TypeRef result_type(TaskId id) const noexcept;
  /// The number given by `Task::priority`, or 0.
  [[nodiscard]] int priority(TaskId id) const noexcept;
  /// The duration given by `Task::expected_duration`, or nothing.
  [[nodiscard]] std::optional<Duration> expected_duration(TaskId id) const noexcept;
  /// The tasks marked with `word`, in order of id.
  [[nodiscard]] std::vector<TaskId> tagged(std::string_view word) const;

  /// The tasks that wait for `id`, in ascending order. The first call on a plan builds its adjacency: O(tasks + edges)
  /// once.
  [[nodiscard]] std::span<const TaskId> successors(TaskId id) const;
  /// The tasks that `id` waits for, in ascending order. As for `successors`.
  [[nodiscard]] std::span<const TaskId> predecessors(TaskId id) const;
  /// The tasks without predecessors, in ascending order.
  [[nodiscard]] std::vector<TaskId> roots() const;
  /// The tasks without successors, in ascending order.
  [[nodiscard]] std::vector<TaskId> leaves() const;
  /// All tasks, each after its predecessors.
  [[nodiscard]] std::vector<TaskId> topological_order() const;

  /// The bytes that the plan occupies, without what captures and names of bodies point to.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

  /// For the engine.
  [[nodiscard]] const detail::PlanData& data() const noexcept { return *data_; }
  /// For the engine: a handle of these data.
  explicit Plan(std::shared_ptr<const detail::PlanData> data) noexcept : data_(std::move(data)) {}

  /// Whether both are the same plan, not merely equal ones.
  friend bool operator==(const Plan& a, const Plan& b) noexcept { return a.data_ == b.data_; }

 private:
  std::shared_ptr<const detail::PlanData> data_;
};

}  // namespace baton
