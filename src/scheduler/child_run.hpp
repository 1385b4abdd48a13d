// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/inputs.hpp>
#include <baton/scheduler/run.hpp>

#include "scheduler/continuation.hpp"

namespace baton::detail {

class Seat;

/// The run of a sub-workflow: its task ends as it ends, with its output.
class ChildRun final : public Continuation {
 public:
  /// Creates the run, which starts by `begin`.
  /// @throws DefinitionError  as Scheduler::start.
  ChildRun(RunCore& parent, ChildCall&& call);
  ~ChildRun() override;

  void begin(RunCore& run, std::uint32_t task) override;
  void cancel() noexcept override { child_.cancel(); }
  bool finish(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept override;

 private:
  Run child_;
  Seat* first_seat_ = nullptr;  // until that has been posted
  AnyTask output_;
};

}  // namespace baton::detail
