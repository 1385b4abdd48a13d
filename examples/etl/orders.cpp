// SPDX-License-Identifier: MIT
#include "orders.hpp"

#include "csv.hpp"

#include <baton/observe/text.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <stdexcept>
#include <system_error>

namespace etl {
namespace {

constexpr std::size_t field_count = 6;

/// Why a line is rejected.
class Rejected : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <typename Number>
Number digits_of(std::string_view text) {
  Number number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Whether it is a day of the calendar: `2026-02-28`.
bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto part = [text](std::size_t at, std::size_t size) { return text.substr(at, size); };
  for (const std::string_view digits : {part(0, 4), part(5, 2), part(8, 2)}) {
    if (!std::all_of(digits.begin(), digits.end(), is_digit)) return false;
  }
  return std::chrono::year_month_day(std::chrono::year(digits_of<int>(part(0, 4))),
                                     std::chrono::month(digits_of<unsigned>(part(5, 2))),
                                     std::chrono::day(digits_of<unsigned>(part(8, 2))))
      .ok();
}

/// What was found instead goes into the reason, but not much of it.
[[noreturn]] void reject(const char* what, const std::string& text) {
  constexpr std::size_t most = 60;
  throw Rejected(std::string(what) + " '" + baton::one_line(text.substr(0, most)) +
                 (text.size() > most ? "...'" : "'"));
}

template <typename Value>
Value require(const std::optional<Value>& value, const char* what, const std::string& text) {
  if (!value) reject(what, text);
  return *value;
}

Order parse_order(const CsvReader& record) {
  if (!record.fault().empty()) throw Rejected(std::string(record.fault()));
  if (record.size() != field_count) {
    throw Rejected(std::to_string(record.size()) + " fields instead of " + std::to_string(field_count));
  }
  require(parse_number(record[0]), "no order number:", record[0]);
  Order order{};
  order.line = record.line();
  order.customer = require(parse_number(record[1]), "no customer number:", record[1]);
  if (!is_date(record[2])) reject("no date:", record[2]);
  order.currency = require(parse_currency(record[3]), "no currency:", record[3]);
  order.cents = require(parse_decimal(record[4], 8, 2), "no amount:", record[4]);
  return order;
}

}  // namespace

Extract parse_orders(std::string_view text, const baton::Context& context) {
  constexpr std::size_t lines_between_looks = 1024;
  Extract extract;
  CsvReader record(text, 2);
  for (std::size_t count = 0; record.next(); ++count) {
    if (count % lines_between_looks == 0) context.throw_if_stopped();
    try {
      extract.orders.push_back(parse_order(record));
      if (extract.orders.back().currency != home_currency) extract.has_foreign = true;
    } catch (const Rejected& rejected) {
      extract.rejects.push_back({record.line(), rejected.what()});
    }
  }
  return extract;
}

std::optional<std::int64_t> parse_decimal(std::string_view text, std::size_t digits, std::size_t places) {
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == text.size() ? std::string_view("0") : text.substr(point + 1);
  if (whole.empty() || whole.size() > digits || fraction.empty() || fraction.size() > places) return std::nullopt;
  if (!std::all_of(whole.begin(), whole.end(), is_digit)) return std::nullopt;
  if (!std::all_of(fraction.begin(), fraction.end(), is_digit)) return std::nullopt;
  std::string all(whole);
  all.append(fraction).append(places - fraction.size(), '0');
  return digits_of<std::int64_t>(all);
}

std::optional<Currency> parse_currency(std::string_view text) {
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() != 3 || !std::all_of(text.begin(), text.end(), is_capital)) return std::nullopt;
  return Currency{text[0], text[1], text[2]};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

}  // namespace etl
