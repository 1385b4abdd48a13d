// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/base/type.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace baton {

class Executor;
class Rule;
class Workflow;
struct Retry;

namespace detail {

struct BodyType;
struct Frame;
struct Wire;
struct WorkflowSlot;

/// Whether the condition at `predicate` holds, whose arguments are at `slots`.
using ConditionTest = bool (*)(const void* predicate, const Frame& frame, const std::uint32_t* slots);

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
  /// Runs this task when `rule` holds of the outcomes of the tasks that it names, once all of them, and all other
  /// predecessors, have ended; otherwise it ends `omitted`. What it is given as `const T&` must have succeeded too.
  ///
  /// Without a rule, all predecessors must have succeeded; one that only orders may also have been skipped, or omitted
  /// because of a skip. Several rules must all hold. When the run is cancelled nothing starts, whatever the rule.
  const AnyTask& depends(const Rule& rule) const;
  /// Runs this task only when `predicate(arguments...)` is true; otherwise it ends `skipped`. Arguments are as for
  /// Workflow::task, but for `take`, and are predecessors. Asked once, on a worker, after the rule; what it throws
  /// makes the task fail. Several conditions must all be true.
  template <typename Predicate, typename... Arguments>
  const AnyTask& when(Predicate&& predicate, const Arguments&... arguments) const;
  /// When this task fails the run does not: tasks that depend on it are omitted, and the failure is reported as
  /// allowed.
  const AnyTask& allow_failure() const;
  /// When an attempt fails, tries again as `policy` says. Between attempts the task is `waiting`, holds no thread, and
  /// has given its resources back. A task that takes another one's result cannot be tried again: `build` says so.
  const AnyTask& retry(const Retry& policy) const;
  /// Lets an attempt of this task fail with TimedOut when its body has not returned `limit` after it was called, on the
  /// scheduler's clock. The body is asked to stop; one that goes on keeps its thread, inputs and resources until it
  /// returns, what it returns then is dropped, and no other attempt starts before that.
  const AnyTask& timeout(Duration limit) const;
  /// Lets this task fail with TimedOut when it has not ended `limit` after a worker first took it up: its waits, its
  /// attempts and the delays between them included.
  const AnyTask& deadline(Duration limit) const;
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
  template <typename T>
  friend class Task;
  AnyTask(detail::WorkflowIdentity identity, std::uint32_t index)
      : slot_(identity.slot), generation_(identity.generation), index_(index) {}

  [[nodiscard]] detail::WorkflowIdentity identity() const noexcept { return {slot_, generation_}; }
  void add_condition(std::shared_ptr<const void> predicate, detail::ConditionTest test, const detail::Wire* wires,
                     std::size_t wire_count) const;
  [[nodiscard]] void* reserve_capture(std::size_t size, std::size_t alignment) const;
  void keep_capture(void* place, void (*destroy)(void*) noexcept) const noexcept;
  void add_compensation(const detail::BodyType& type, const std::byte* capture, bool is_given_value,
                        const Retry& policy) const;
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
  /// See AnyTask::depends.
  const Task& depends(const Rule& rule) const {
    AnyTask::depends(rule);
    return *this;
  }
  /// See AnyTask::when.
  template <typename Predicate, typename... Arguments>
  const Task& when(Predicate&& predicate, const Arguments&... arguments) const {
    AnyTask::when(std::forward<Predicate>(predicate), arguments...);
    return *this;
  }
  /// See AnyTask::allow_failure.
  const Task& allow_failure() const {
    AnyTask::allow_failure();
    return *this;
  }
  /// See AnyTask::retry.
  const Task& retry(const Retry& policy) const {
    AnyTask::retry(policy);
    return *this;
  }
  /// See AnyTask::timeout.
  const Task& timeout(Duration limit) const {
    AnyTask::timeout(limit);
    return *this;
  }
  /// See AnyTask::deadline.
  const Task& deadline(Duration limit) const {
    AnyTask::deadline(limit);
    return *this;
  }
  /// Undoes this task when the run fails or is cancelled and this task had succeeded: calls `body` once all other work
  /// of the run is over, with a Context where it asks for one and then the result as `const T&` where it takes that.
  ///
  /// Tasks are undone in the reverse of their order, in parallel where that leaves it open. A compensation that fails
  /// for good is reported like any failure, and the others go on. It is a task of its own, called `name/compensate`,
  /// and skipped where nothing is to be undone. A cancel does not stop it.
  /// @throws UsageError when this task has a compensation already.
  template <typename Body>
  const Task<T>& compensate(Body&& body) const;
  /// The same; a compensation that fails is tried again as `policy` says.
  template <typename Body>
  const Task<T>& compensate(Body&& body, const Retry& policy) const;
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

/// How a task ended, passed to a body: see outcome().
template <typename T>
struct OutcomeOf {
  Task<T> task;  ///< Whose.
};

/// Passes how `task` ended, however that was, as `Outcome<const T&>` (which converts to `Outcome<T>`; `Outcome<void>`
/// where it has no result).
template <typename T>
[[nodiscard]] OutcomeOf<T> outcome(const Task<T>& task) {
  return {task};
}

/// A task's result, if there is one, passed to a body: see maybe().
template <typename T>
struct MaybeOf {
  Task<T> task;  ///< Whose.
};

/// Passes the result of `task`, or nothing where it was skipped, or omitted because of a skip, as `Maybe<T>` (which
/// converts to `std::optional<T>`). Where it failed or was cancelled the consumer does not run either.
template <typename T>
[[nodiscard]] MaybeOf<T> maybe(const Task<T>& task) {
  return {task};
}

/// Several tasks, of which the first that succeeds counts: see first().
template <typename T>
struct FirstOf {
  std::vector<Task<T>> tasks;  ///< The contenders.
};

/// Passes the result of the contender that succeeds first, as `const T&`. The task starts as soon as that one has
/// succeeded, and its other predecessors have ended; the other contenders run on. When all contenders have ended and
/// none succeeded, the task is omitted. `Workflow::build` refuses fewer than two contenders, one that is given twice or
/// that is wired to the task in another way as well, and a rule (`depends`) of the task.
template <typename T>
[[nodiscard]] FirstOf<T> first(std::vector<Task<T>> contenders) {
  return {std::move(contenders)};
}
/// The same, of contenders that are listed.
template <typename T, typename... More>
[[nodiscard]] FirstOf<T> first(const Task<T>& one, const More&... more) {
  constexpr bool all_alike = (std::is_convertible_v<const More&, Task<T>> && ...);
  static_assert(sizeof...(More) > 0, "baton: first(...) needs two contenders or more: pass a single handle as it is");
  static_assert(all_alike, "baton: the contenders of first(...) are tasks that return the same type");
  if constexpr (all_alike) {
    return {{one, more...}};
  } else {
    return {};
  }
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
