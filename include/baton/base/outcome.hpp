// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/error.hpp>
#include <baton/base/state.hpp>

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace baton {

namespace detail {

/// What all outcomes have: the state, and the error of a failed one.
class OutcomeBase {
 public:
  /// One of the states that are outcomes.
  [[nodiscard]] TaskState state() const noexcept { return state_; }
  /// Whether there is a value; for void, whether it ended well.
  [[nodiscard]] bool succeeded() const noexcept { return state_ == TaskState::succeeded; }
  /// What was thrown where it failed; of an element of a map that was cancelled by itself (`Run::cancel_element`), a
  /// Cancelled that says why. Null otherwise.
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }

 protected:
  OutcomeBase(TaskState state, std::exception_ptr error) noexcept : state_(state), error_(std::move(error)) {}
  void require_value() const {
    if (!succeeded()) refuse_value(state_, error_);
  }

 private:
  [[noreturn]] BATON_API static void refuse_value(TaskState state, const std::exception_ptr& error);

  TaskState state_;
  std::exception_ptr error_;
};

}  // namespace detail

/// How something ended: its value where it succeeded, its error where it failed. A value; copies the `T` with itself.
template <typename T>
class Outcome : public detail::OutcomeBase {
 public:
  /// One that succeeded.
  explicit Outcome(T value) : OutcomeBase(TaskState::succeeded, nullptr), value_(std::move(value)) {}
  /// One that did not.
  explicit Outcome(TaskState state, std::exception_ptr error = nullptr) noexcept
      : OutcomeBase(state, std::move(error)) {}

  /// The value. @throws UsageError when there is none; the message says how it ended instead.
  [[nodiscard]] const T& value() const& {
    require_value();
    return *value_;
  }
  /// The same, to be moved from.
  [[nodiscard]] T&& value() && {
    require_value();
    return *std::move(value_);
  }

 private:
  std::optional<T> value_;
};

/// The same of a value that lives elsewhere: what a body gets for `outcome(task)`, valid during the call.
template <typename T>
class Outcome<const T&> : public detail::OutcomeBase {
 public:
  /// @param value  Null where it did not succeed.
  Outcome(TaskState state, const T* value, std::exception_ptr error) noexcept
      : OutcomeBase(state, std::move(error)), value_(value) {}

  /// The value. @throws UsageError when there is none; the message says how it ended instead.
  [[nodiscard]] const T& value() const {
    require_value();
    return *value_;
  }
  /// A copy that has the value itself.
  operator Outcome<T>() const {  // NOLINT(google-explicit-constructor): a body may ask for either
    return succeeded() ? Outcome<T>(*value_) : Outcome<T>(state(), error());
  }

 private:
  const T* value_;
};

/// How something without a value ended.
template <>
class Outcome<void> : public detail::OutcomeBase {
 public:
  /// One that ended in `state`.
  explicit Outcome(TaskState state = TaskState::succeeded, std::exception_ptr error = nullptr) noexcept
      : OutcomeBase(state, std::move(error)) {}
};

/// What a body gets for `maybe(task)`: the value where there is one. Valid during the call.
template <typename T>
class Maybe {
 public:
  /// @param value  Null for none.
  explicit Maybe(const T* value) noexcept : value_(value) {}

  /// Whether there is a value.
  explicit operator bool() const noexcept { return value_ != nullptr; }
  /// Whether there is a value.
  [[nodiscard]] bool has_value() const noexcept { return value_ != nullptr; }
  /// The value, which there must be.
  const T& operator*() const noexcept { return *value_; }
  /// The value, which there must be.
  const T* operator->() const noexcept { return value_; }
  /// The value, or a copy of `fallback`.
  [[nodiscard]] T value_or(T fallback) const { return value_ != nullptr ? *value_ : std::move(fallback); }
  /// A copy of the value, if there is one.
  operator std::optional<T>() const {  // NOLINT(google-explicit-constructor): a body may ask for either
    return value_ != nullptr ? std::optional<T>(*value_) : std::nullopt;
  }

 private:
  const T* value_;
};

}  // namespace baton
