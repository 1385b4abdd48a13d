// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/type.hpp>
#include <baton/graph/task.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace baton {

class Plan;

namespace detail {

/// A value of any movable type on the heap.
class BATON_API AnyValue {
 public:
  AnyValue() = default;
  template <typename T>
  explicit AnyValue(T value) : type_(type_of<T>()), place_(allocate(*type_)) {
    try {
      ::new (place_) T(std::move(value));
    } catch (...) {
      deallocate();
      throw;
    }
  }
  AnyValue(AnyValue&& other) noexcept
      : type_(std::exchange(other.type_, nullptr)), place_(std::exchange(other.place_, nullptr)) {}
  AnyValue& operator=(AnyValue&& other) noexcept {
    std::swap(type_, other.type_);
    std::swap(place_, other.place_);
    return *this;
  }
  ~AnyValue() {
    if (place_ != nullptr && type_->destroy != nullptr) type_->destroy(place_);
    deallocate();
  }

  [[nodiscard]] TypeRef type() const noexcept { return type_; }
  [[nodiscard]] void* get() const noexcept { return place_; }

 private:
  static void* allocate(const TypeInfo& type);
  void deallocate() noexcept;

  TypeRef type_ = nullptr;
  void* place_ = nullptr;
};

/// What an input's value is when a run gives none.
struct InputFallback {
  std::shared_ptr<const void> value;
  void (*copy)(void* to, const void* from);  // constructs at `to`
};

}  // namespace detail

/// The values that a run starts with.
class BATON_API Inputs {
 public:
  /// For the engine: an input and its value.
  struct Entry {
    AnyTask input;           ///< Which.
    detail::AnyValue value;  ///< What it is given.
  };

  /// Gives `input` its value. Setting an input again replaces the value.
  template <typename T>
  Inputs& set(const Input<T>& input, std::type_identity_t<T> value) & {
    assign(input, detail::AnyValue(std::move(value)));
    return *this;
  }
  /// The same for a temporary, so that calls chain.
  template <typename T>
  Inputs&& set(const Input<T>& input, std::type_identity_t<T> value) && {
    assign(input, detail::AnyValue(std::move(value)));
    return std::move(*this);
  }

  /// For the engine.
  [[nodiscard]] std::vector<Entry>& entries() noexcept { return entries_; }

 private:
  void assign(AnyTask input, detail::AnyValue value);
  std::vector<Entry> entries_;
};

namespace detail {

/// What a sub-workflow's body asks of the engine.
struct ChildCall {
  const Plan* plan;
  Inputs inputs;
  AnyTask output;  // its result becomes the task's; none when false
};

}  // namespace detail

/// What feeds an input of a sub-workflow: see Workflow::subworkflow.
template <typename T, typename Argument>
struct Binding {
  Input<T> input;     ///< Of the plan.
  Argument argument;  ///< A task here.
};

/// Feeds `input` of a plan with (a copy of) the result of `task`.
template <typename T>
[[nodiscard]] Binding<T, Task<T>> bind(const Input<T>& input, const Task<T>& task) {
  return {input, task};
}
/// Feeds `input` of a plan with the result of a task, moved.
template <typename T>
[[nodiscard]] Binding<T, Taken<T>> bind(const Input<T>& input, const Taken<T>& task) {
  return {input, task};
}

}  // namespace baton
