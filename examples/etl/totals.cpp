// SPDX-License-Identifier: MIT
#include "totals.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>

namespace etl {
namespace {

std::optional<std::int64_t> rate_of(Currency currency, const Rates& rates) {
  if (currency == home_currency) return one_in_rates;
  const auto found = rates.find(currency);
  return found == rates.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

CountryTotal& CountryTotal::operator+=(const CountryTotal& other) {
  if (cents > std::numeric_limits<std::int64_t>::max() - other.cents)
    throw std::runtime_error("the total is too large");
  orders += other.orders;
  foreign += other.foreign;
  cents += other.cents;
  return *this;
}

Totals add(Totals a, const Totals& b) {
  for (const auto& [country, total] : b) a[country] += total;
  return a;
}

FileResult add_up(const Extract& extract, const Customers& customers, const Rates& rates) {
  FileResult result;
  result.rejects = extract.rejects;
  for (const Order& order : extract.orders) {
    const auto customer = customers.find(order.customer);
    const auto rate = rate_of(order.currency, rates);
    if (customer == customers.end()) {
      result.rejects.push_back({order.line, "no such customer: " + std::to_string(order.customer)});
    } else if (!rate) {
      result.rejects.push_back(
          {order.line, "no rate for currency " + std::string(order.currency.begin(), order.currency.end())});
    } else {
      const bool is_foreign = order.currency != home_currency;
      result.totals[customer->second] += {1, is_foreign ? 1U : 0U, convert(order.cents, *rate)};
    }
  }
  std::stable_sort(result.rejects.begin(), result.rejects.end(),
                   [](const Reject& a, const Reject& b) { return a.line < b.line; });
  return result;
}

}  // namespace etl
