// SPDX-License-Identifier: MIT
#pragma once

#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

namespace baton::test {

/// A scheduler in virtual time on the thread of the test, so that everything repeats exactly.
struct ByHand {
  ManualExecutor executor;
  VirtualClock clock;
  Scheduler scheduler{executor, {.clock = &clock}};
};

}  // namespace baton::test
