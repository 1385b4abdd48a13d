// SPDX-License-Identifier: MIT
#include <baton/base/error.hpp>

#include <baton/base/type.hpp>

#include <exception>

#if defined(__GNUG__)
#include <cxxabi.h>
#endif

namespace baton {
namespace {

std::string join(const std::string& subject, const std::vector<std::string>& faults) {
  std::string text;
  for (const std::string& fault : faults) {
    if (!text.empty()) text += '\n';
    text.append(subject).append(": ").append(fault);
  }
  return text;
}

std::string name_of_current_exception() {
#if defined(__GNUG__)
  if (const std::type_info* type = abi::__cxa_current_exception_type()) return readable_name(*type);
#endif
  return "an unknown type";
}

}  // namespace

Error::~Error() = default;

DefinitionError::DefinitionError(const std::string& subject, std::vector<std::string> faults)
    : Error(join(subject, faults)), faults_(std::move(faults)) {}
DefinitionError::~DefinitionError() = default;

UsageError::~UsageError() = default;

Cancelled::Cancelled() : Error("cancelled") {}
Cancelled::~Cancelled() = default;

TimedOut::~TimedOut() = default;

std::string describe(const std::exception_ptr& error) noexcept {
  try {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& caught) {
      return caught.what();
    } catch (...) {
      return "an exception of type " + name_of_current_exception();
    }
  } catch (...) {
    return {};  // no memory for the text
  }
}

}  // namespace baton
