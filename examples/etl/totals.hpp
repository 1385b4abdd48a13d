// SPDX-License-Identifier: MIT
#pragma once

#include "orders.hpp"
#include "source.hpp"
#include "tables.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace etl {

/// What the customers of a country ordered.
struct CountryTotal {
  std::uint64_t orders = 0;
  std::uint64_t foreign = 0;  ///< How many of these were in another currency than ours.
  std::int64_t cents = 0;     ///< In ours.

  /// @throws std::runtime_error when the sum is too large.
  CountryTotal& operator+=(const CountryTotal& other);
};

/// By country.
using Totals = std::map<std::string, CountryTotal>;
/// The sum of both.
Totals add(Totals a, const Totals& b);

/// What came of a file.
struct FileResult {
  SourceFile file;
  Totals totals;
  std::vector<Reject> rejects;  ///< By line.
  std::string problem;          ///< Why there is nothing of it; empty where there is.
};

/// Adds up the orders of a file; those of unknown customers and currencies are rejected.
FileResult add_up(const Extract& extract, const Customers& customers, const Rates& rates);

}  // namespace etl
