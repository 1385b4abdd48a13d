// SPDX-License-Identifier: MIT
#pragma once

#include "ledger.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace saga {

/// The figures of a service, as the ledger tells them.
struct ServiceFigures {
  std::string name;
  std::optional<std::uint64_t> stock;  ///< What there was at the beginning.
  std::optional<std::uint64_t> left;   ///< What it says is left.
  std::uint64_t booked = 0;
  std::uint64_t undone = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t open = 0;  ///< Neither undone nor of a trip that succeeded.
};

/// A booking that should have been undone.
struct OpenBooking {
  std::uint64_t trip;
  std::string service;
  std::uint64_t number;
  std::int64_t cents;
};

/// What a ledger tells when it is read from the first line to the last.
struct Audit {
  std::vector<ServiceFigures> services;
  std::uint64_t succeeded = 0;    ///< Trips.
  std::uint64_t failed = 0;       ///< Trips.
  std::vector<OpenBooking> open;  ///< Those whose undo failed; by trip.
  std::vector<std::string> faults;

  /// Whether every booking is confirmed and of a trip that succeeded, undone and of one that failed, or reported as one
  /// that could not be undone; every trip was paid as booked; and every service has what is left by that.
  [[nodiscard]] bool balances() const { return faults.empty(); }
};

/// Looks at nothing but the ledger.
Audit audit(const std::vector<Entry>& ledger);

}  // namespace saga
