// SPDX-License-Identifier: MIT
#include <baton/executor/executor.hpp>

namespace baton {

Executor::~Executor() = default;
bool Executor::begin_blocking() noexcept { return false; }
void Executor::end_blocking() noexcept {}
bool Executor::try_run_one() noexcept { return false; }

}  // namespace baton
