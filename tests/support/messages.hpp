// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace baton::test {

/// What `call` says when it throws an `Exception`; a text that no message equals when it throws nothing.
template <typename Exception, typename Call>
std::string message_of(Call&& call) {
  try {
    call();
  } catch (const Exception& error) {
    return error.what();
  }
  return "(nothing was thrown)";
}

}  // namespace baton::test
