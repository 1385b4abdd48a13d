// SPDX-License-Identifier: MIT
#include "tables.hpp"

#include "source.hpp"

#include <baton/observe/text.hpp>

#include <nlohmann/json.hpp>

namespace etl {
namespace {

using nlohmann::json;

json parse(const char* name, const std::string& text) {
  try {
    return json::parse(text);
  } catch (const json::exception& error) {
    throw BrokenFile(std::string(name) + ": is no JSON: " + baton::one_line(error.what()));
  }
}

bool is_country(const std::string& text) {
  return text.size() == 2 && text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
}

void add_customer(Customers& customers, const json& customer) {
  const auto id = customer.at("id").get<std::uint64_t>();
  auto country = customer.at("country").get<std::string>();
  if (!is_country(country)) throw BrokenFile("no country: '" + baton::one_line(country) + "'");
  if (!customers.emplace(id, std::move(country)).second) throw BrokenFile("a second one with that id");
}

}  // namespace

Customers parse_customers(const std::string& text) {
  const json all = parse("customers.json", text);
  if (!all.is_array()) throw BrokenFile("customers.json: is no list");
  Customers customers;
  customers.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    try {
      add_customer(customers, all[i]);
    } catch (const std::exception& error) {
      throw BrokenFile("customers.json, customer " + std::to_string(i + 1) + ": " + baton::one_line(error.what()));
    }
  }
  return customers;
}

Rates parse_rates(const std::string& text) {
  const json all = parse("rates.json", text);
  try {
    if (all.at("base") != std::string(home_currency.begin(), home_currency.end())) {
      throw BrokenFile("the base is not EUR");
    }
    Rates rates;
    for (const auto& [name, value] : all.at("rates").items()) {
      const auto currency = parse_currency(name);
      const auto rate = parse_decimal(value.is_string() ? value.get<std::string>() : "", 2, 6);
      if (!currency || !rate || *rate == 0) {
        throw BrokenFile("'" + baton::one_line(name) + "' takes a text such as \"0.9215\", above 0 and below 100");
      }
      rates.emplace(*currency, *rate);
    }
    return rates;
  } catch (const std::exception& error) {
    throw BrokenFile("rates.json: " + baton::one_line(error.what()));
  }
}

}  // namespace etl
