// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/type.hpp>
#include <baton/graph/body.hpp>

#include <new>
#include <utility>

namespace baton {

/// The call of a body that was added by Workflow::untyped_task. Valid during the call.
class UntypedCall {
 public:
  /// For the engine.
  UntypedCall(const detail::Frame& frame, const std::uint32_t* slots) : frame_(frame), slots_(slots) {}

  /// What the body sees of the run.
  [[nodiscard]] Context& context() const noexcept { return *frame_.context; }
  /// The number of arguments.
  [[nodiscard]] std::size_t size() const noexcept { return slots_[1]; }
  /// The value of argument `index`, which is below size(); its type is the one declared for that parameter.
  [[nodiscard]] const void* argument(std::size_t index) const noexcept {
    return frame_.values + std::size_t{slots_[2 + index]} * detail::value_unit;
  }
  /// The value of argument `index`; `T` is the declared type.
  template <typename T>
  [[nodiscard]] const T& get(std::size_t index) const noexcept {
    return *std::launder(static_cast<const T*>(argument(index)));
  }
  /// Where the body constructs its result, once, as its last act that may throw.
  [[nodiscard]] void* result_place() const noexcept {
    return frame_.values + std::size_t{slots_[0]} * detail::value_unit;
  }
  /// Constructs the result; `T` is the declared type.
  template <typename T>
  void set(T value) const {
    ::new (result_place()) T(std::move(value));
  }

 private:
  const detail::Frame& frame_;
  const std::uint32_t* slots_;
};

}  // namespace baton
