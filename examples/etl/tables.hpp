// SPDX-License-Identifier: MIT
#pragma once

#include "orders.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

namespace etl {

/// The country of each customer.
using Customers = std::unordered_map<std::uint64_t, std::string>;
/// What a unit of each currency is worth in ours, in millionths; below 100 units.
using Rates = std::map<Currency, std::int64_t>;

inline constexpr std::int64_t one_in_rates = 1'000'000;

/// Of `[{"id": 1, "country": "DE"}, ...]`. @throws BrokenFile naming the faulty element.
Customers parse_customers(const std::string& text);
/// Of `{"base": "EUR", "rates": {"USD": "0.9215", ...}}`. @throws BrokenFile naming the faulty rate.
Rates parse_rates(const std::string& text);

/// `cents` in our currency, rounded to the nearest.
inline std::int64_t convert(std::int64_t cents, std::int64_t rate) {
  return (cents * rate + one_in_rates / 2) / one_in_rates;
}

}  // namespace etl
