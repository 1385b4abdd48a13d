// SPDX-License-Identifier: MIT
#include <baton/base/part_failed.hpp>

#include <utility>

namespace baton {

PartFailed::PartFailed(std::string name, std::exception_ptr cause)
    : Error(name + ": " + describe(cause)), name_(std::move(name)), cause_(std::move(cause)) {}
PartFailed::~PartFailed() = default;

}  // namespace baton
