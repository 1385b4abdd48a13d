// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/context.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace etl {

/// Three capital letters.
using Currency = std::array<char, 3>;
/// What totals are in.
inline constexpr Currency home_currency{'E', 'U', 'R'};

/// The first line of every file of orders.
inline constexpr std::string_view orders_header = "order,customer,date,currency,amount,note";

struct Order {
  std::uint32_t line;  ///< Of its file.
  std::uint64_t customer;
  Currency currency;
  std::int64_t cents;  ///< Below 10^10.
};

/// A line that is not counted.
struct Reject {
  std::uint32_t line;
  std::string reason;
};

/// What a file of orders holds.
struct Extract {
  std::vector<Order> orders;
  std::vector<Reject> rejects;
  bool has_foreign = false;  ///< Whether there is an order in another currency than ours.
};

/// @param text  What follows the header, which is line 1.
/// @throws baton::Cancelled when the run is to stop.
Extract parse_orders(std::string_view text, const baton::Context& context);

/// `12.34` with 2 places is 1234; nothing where it is no such number, or has more than `digits` in front of the point.
std::optional<std::int64_t> parse_decimal(std::string_view text, std::size_t digits, std::size_t places);
/// Nothing where it is not of three capital letters.
std::optional<Currency> parse_currency(std::string_view text);
/// Of a whole number above 0.
std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace etl
