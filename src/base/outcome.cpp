// SPDX-License-Identifier: MIT
#include <baton/base/outcome.hpp>

#include <string>

namespace baton::detail {

void OutcomeBase::refuse_value(TaskState state, const std::exception_ptr& error) {
  std::string text = "this outcome has no value: it is " + std::string(to_string(state));
  if (error) text += " (" + describe(error) + ")";
  throw UsageError(text + "; ask succeeded() first");
}

}  // namespace baton::detail
