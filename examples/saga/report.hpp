// SPDX-License-Identifier: MIT
#pragma once

#include "audit.hpp"
#include "trip.hpp"

#include <string>
#include <vector>

namespace saga {

/// What was booked, service by service, and what the check of the ledger found.
std::string to_text(const Audit& audit);
/// Why trips were not booked, the most frequent reason first; empty where all were.
std::string list_reasons(const std::vector<TripResult>& trips);

}  // namespace saga
