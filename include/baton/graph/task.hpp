// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/base/type.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

namespace baton {

class Executor;
class Workflow;

namespace detail {

struct WorkflowSlot;

/// Which workflow a handle belongs to. Compares equal only for handles of one workflow, also after it is gone.
struct WorkflowIdentity {
  WorkflowSlot* slot = nullptr;
  std::uint32_t generation = 0;
  friend bool operator==(const WorkflowIdentity&, const WorkflowIdentity&) = default;
};

}  // namespace detail

/// A handle of a task without the type of its result.
///
/// A plain value of 16 bytes: names a task of one workflow, owns nothing. It stays valid while the workflow is moved,
/// and names the same task in every plan and run made from that workflow. A call on a handle whose workflow has been
/// destroyed, or that was default-constructed, throws UsageError; nothing dangles.
///
/// Like the workflow itself, the calls that change a task are for one thread at a time.
class BATON_API AnyTask {
 public:
  /// A handle of no task.
  AnyTask() = default;

  /// Whether this handle was given out by a workflow; says nothing about whether the task still exists.
  explicit operator bool() const noexcept { return slot_ != nullptr; }

  friend bool operator==(const AnyTask&, const AnyTask&) = default;

  // The calls below return the handle again, so that they chain.

  /// Runs this task only after each of `predecessors` has ended well; no data passes.
  template <typename... Tasks>
  const AnyTask& after(const Tasks&... predecessors) const {
    (add_edge_from(predecessors), ...);
    return *this;
  }
  /// Runs each of `successors` only after this task has ended well; no data passes.
  template <typename... Tasks>
  const AnyTask& before(const Tasks&... successors) const {
    (add_edge_to(successors), ...);
    return *this;
  }
  /// Holds `amount` units of the scheduler's resource `name` from before the body starts until the task has ended. A
  /// task that asks for several resources gets all of them at once or waits, without a thread.
  const AnyTask& resource(std::string_view name, std::uint64_t amount = 1) const;
  /// Calls the body on a thread of `executor`, and only there. `executor` outlives every run of the workflow.
  const AnyTask& on(Executor& executor) const;
  /// Among the tasks of a run that are ready, those with a higher priority start first. The default is 0.
  const AnyTask& priority(int value) const;
  /// How long the body is expected to take. When tasks of a workflow have such durations, ready tasks on the longest
  /// remaining path start first; without any, the length of a path is its number of tasks.
  const AnyTask& expected_duration(Duration duration) const;
  /// Marks the task with a word by which a host finds it again (`Plan::tagged`).
  const AnyTask& tag(std::string_view word) const;

 private:
  friend class Workflow;
  friend struct HandleAccess;
  AnyTask(detail::WorkflowIdentity identity, std::uint32_t index)
      : slot_(identity.slot), generation_(identity.generation), index_(index) {}

  [[nodiscard]] detail::WorkflowIdentity identity() const noexcept { return {slot_, generation_}; }
  void add_edge_from(AnyTask predecessor) const;
  void add_edge_to(AnyTask successor) const;

  detail::WorkflowSlot* slot_ = nullptr;
  std::uint32_t generation_ = 0;
  std::uint32_t index_ = 0;  // in order of creation, never reused
};

/// A handle of a task whose body returns `T` (void for none). Passing it to `Workflow::task` wires both the value and
/// the order. The calls that change the task are those of AnyTask.
template <typename T>
class Task : public AnyTask {
 public:
  /// What the body returns.
  using Result = T;

  Task() = default;

  /// See AnyTask::after.
  template <typename... Tasks>
  const Task& after(const Tasks&... predecessors) const {
    AnyTask::after(predecessors...);
    return *this;
  }
  /// See AnyTask::before.
  template <typename... Tasks>
  const Task& before(const Tasks&... successors) const {
    AnyTask::before(successors...);
    return *this;
  }
  /// See AnyTask::resource.
  const Task& resource(std::string_view name, std::uint64_t amount = 1) const {
    AnyTask::resource(name, amount);
    return *this;
  }
  /// See AnyTask::on.
  const Task& on(Executor& executor) const {
    AnyTask::on(executor);
    return *this;
  }
  /// See AnyTask::priority.
  const Task& priority(int value) const {
    AnyTask::priority(value);
    return *this;
  }
  /// See AnyTask::expected_duration.
  const Task& expected_duration(Duration duration) const {
    AnyTask::expected_duration(duration);
    return *this;
  }
  /// See AnyTask::tag.
  const Task& tag(std::string_view word) const {
    AnyTask::tag(word);
    return *this;
  }

 private:
  friend class Workflow;
  explicit Task(AnyTask task) : AnyTask(task) {}
};

/// A value that every run is given when it starts (`Inputs::set`), used like a task's result.
template <typename T>
class Input : public Task<T> {
 public:
  Input() = default;

 private:
  friend class Workflow;
  explicit Input(Task<T> task) : Task<T>(task) {}
};

/// A task's result, handed over instead of shared: see take().
template <typename T>
struct Taken {
  Task<T> task;  ///< Whose result.
};

/// Passes the result of `task` to the one consumer as `T&&` (or a `T` to move into) instead of `const T&`.
///
/// `Workflow::build` refuses it where another task uses the same result. After the consumer ran, `Run::result(task)`
/// throws UsageError.
template <typename T>
[[nodiscard]] Taken<T> take(const Task<T>& task) {
  return {task};
}

/// What a body gets for a `std::vector<Task<T>>`: the results in the order of the vector, without copies.
///
/// Valid during the call of the body. Converts to `std::vector<T>` by copying.
template <typename T>
class Values {
 public:
  /// Walks the results in the order of the vector.
  class iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using reference = const T&;
    using pointer = const T*;
    using iterator_category = std::forward_iterator_tag;

    iterator() = default;
    reference operator*() const { return (*values_)[index_]; }
    pointer operator->() const { return &(*values_)[index_]; }
    iterator& operator++() {
      ++index_;
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++index_;
      return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) { return a.index_ == b.index_; }

   private:
    friend class Values;
    iterator(const Values* values, std::size_t index) : values_(values), index_(index) {}
    const Values* values_ = nullptr;
    std::size_t index_ = 0;
  };

  /// How many values there are.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Whether there is none.
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// @param index below size(); not checked.
  const T& operator[](std::size_t index) const {
    return *reinterpret_cast<const T*>(base_ + std::size_t{offsets_[index]} * unit);
  }
  /// The first value.
  [[nodiscard]] iterator begin() const { return {this, 0}; }
  /// Behind the last value.
  [[nodiscard]] iterator end() const { return {this, size_}; }
  /// Copies of all values.
  operator std::vector<T>() const { return std::vector<T>(begin(), end()); }  // NOLINT(google-explicit-constructor)

  /// For the engine: the values at `offsets`, counted in units of 8 bytes from `base`.
  Values(const std::byte* base, const std::uint32_t* offsets, std::size_t size)
      : base_(base), offsets_(offsets), size_(size) {}

 private:
  static constexpr std::size_t unit = 8;
  const std::byte* base_;
  const std::uint32_t* offsets_;
  std::size_t size_;
};

}  // namespace baton
