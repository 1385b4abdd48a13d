// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace baton {

/// The base of every exception that baton itself throws.
class BATON_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  Error(const Error&) = default;
  Error& operator=(const Error&) = default;
  ~Error() override;
};

/// A workflow, or the way it was to be run, is wrong. Mend the definition; calling again without a change fails again.
///
/// Holds every fault that was found, not only the first; `what()` is all of them, a line each.
class BATON_API DefinitionError : public Error {
 public:
  /// `subject` is what the faults are about, `workflow 'nightly'` for instance.
  DefinitionError(const std::string& subject, std::vector<std::string> faults);
  DefinitionError(const DefinitionError&) = default;
  DefinitionError& operator=(const DefinitionError&) = default;
  ~DefinitionError() override;

  /// The faults, in a stable order. Never empty.
  [[nodiscard]] const std::vector<std::string>& faults() const noexcept { return faults_; }

 private:
  std::vector<std::string> faults_;
};

/// A call that can never work as it was made: a foreign handle, a wait for oneself, a result of the wrong run.
/// Nothing was changed by it.
class BATON_API UsageError : public Error {
 public:
  using Error::Error;
  UsageError(const UsageError&) = default;
  UsageError& operator=(const UsageError&) = default;
  ~UsageError() override;
};

/// Thrown by a body that gives up because it was asked to stop; its task ends `cancelled` instead of `failed`.
class BATON_API Cancelled : public Error {
 public:
  Cancelled();
  using Error::Error;
  Cancelled(const Cancelled&) = default;
  Cancelled& operator=(const Cancelled&) = default;
  ~Cancelled() override;
};

/// What a task failed with that took longer than its timeout or its deadline; the text says which, and how long.
class BATON_API TimedOut : public Error {
 public:
  using Error::Error;
  TimedOut(const TimedOut&) = default;
  TimedOut& operator=(const TimedOut&) = default;
  ~TimedOut() override;
};

/// The text of a caught exception: `what()` of a std::exception, otherwise the name of its type.
/// Must be called with a non-null pointer. Does not throw.
[[nodiscard]] BATON_API std::string describe(const std::exception_ptr& error) noexcept;

}  // namespace baton
