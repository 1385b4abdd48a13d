// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/error.hpp>

#include <exception>
#include <string>

namespace baton {

/// The error of a task that failed because of a part of it: an element of a map, a task that it spawned.
///
/// `what()` is the part's name and the text of its error: `render[3]: disk full`.
class BATON_API PartFailed : public Error {
 public:
  /// @param name   The derived name of the part, `render[3]` or `walk/page 7`.
  /// @param cause  What the part threw; not null.
  PartFailed(std::string name, std::exception_ptr cause);
  PartFailed(const PartFailed&) = default;
  PartFailed& operator=(const PartFailed&) = default;
  ~PartFailed() override;

  /// The derived name of the part, `render[3]` or `walk/page 7`.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// What the part threw.
  [[nodiscard]] const std::exception_ptr& cause() const noexcept { return cause_; }

 private:
  std::string name_;
  std::exception_ptr cause_;
};

}  // namespace baton
