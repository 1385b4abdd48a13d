// SPDX-License-Identifier: MIT
#include <baton/graph/context.hpp>

#include <baton/base/error.hpp>

namespace baton {

Context::~Context() = default;

void Context::throw_if_stopped() const {
  if (stop_requested()) throw Cancelled();
}

}  // namespace baton
