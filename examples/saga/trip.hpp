// SPDX-License-Identifier: MIT
#pragma once

#include "line_file.hpp"
#include "services.hpp"

#include <baton/graph/workflow.hpp>
#include <baton/scheduler/run.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace saga {

/// How a trip ended.
struct TripResult {
  std::uint64_t trip = 0;
  bool succeeded = false;
  std::string reason;                   ///< Why it failed: `hotel: sold out`.
  std::vector<std::string> not_undone;  ///< Services whose undo failed for good.
  std::string statement;                ///< For the customer; empty where there is none.
  std::string statement_error;          ///< Why there is none.
};

/// The booking of a trip: the flight first, hotel and car at once, insurance for all of it, payment, and then all is
/// final. Where something fails, what has been booked is undone.
class TripFlow {
 public:
  /// Both outlive the flow, its plans and their runs.
  /// @param statements  Is given that of each trip when the trip ends.
  TripFlow(Market& market, LineFile& statements);

  [[nodiscard]] baton::Plan build() const { return flow_.build(); }
  [[nodiscard]] baton::Inputs inputs(std::uint64_t trip) const { return baton::Inputs().set(trip_, trip); }
  /// What became of a run, which has ended.
  [[nodiscard]] TripResult result(std::uint64_t trip, const baton::Run& run) const;

 private:
  baton::Workflow flow_{"trip"};
  baton::Input<std::uint64_t> trip_ = flow_.input<std::uint64_t>("trip");
  baton::Task<void> confirm_;
  baton::Task<std::string> statement_;
};

}  // namespace saga
