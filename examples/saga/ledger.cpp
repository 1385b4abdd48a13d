// SPDX-License-Identifier: MIT
#include "ledger.hpp"

#include <baton/observe/text.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace saga {
namespace {

using json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 6> event_names{"open", "book", "undo", "confirm", "end", "close"};

json to_json(const std::optional<std::uint64_t>& stock) { return stock ? json(*stock) : json(nullptr); }

std::optional<std::uint64_t> stock_of(const json& line) {
  const json& stock = line.at("stock");
  return stock.is_null() ? std::nullopt : std::optional(stock.get<std::uint64_t>());
}

json to_json(const Entry& entry) {
  json line{{"event", event_names[static_cast<std::size_t>(entry.event)]}};
  switch (entry.event) {
    case Event::open:
      line.update({{"service", entry.service}, {"stock", to_json(entry.stock)}});
      break;
    case Event::book:
      line["cents"] = entry.cents;
      [[fallthrough]];
    case Event::undo:
      line.update({{"service", entry.service}, {"trip", entry.trip}, {"booking", entry.booking}});
      break;
    case Event::confirm:
      line["trip"] = entry.trip;
      break;
    case Event::end:
      line.update({{"trip", entry.trip}, {"succeeded", entry.succeeded}, {"not_undone", entry.not_undone}});
      break;
    case Event::close:
      line.update({{"service", entry.service}, {"stock", to_json(entry.stock)}, {"cents", entry.cents}});
      break;
  }
  return line;
}

Event event_of(const std::string& name) {
  for (std::size_t i = 0; i < event_names.size(); ++i) {
    if (event_names[i] == name) return static_cast<Event>(i);
  }
  throw std::runtime_error("there is no event '" + baton::one_line(name) + "'");
}

Entry from_json(const json& line) {
  Entry entry{.event = event_of(line.at("event").get<std::string>())};
  const auto read = [&line](const char* key, auto& value) { line.at(key).get_to(value); };
  switch (entry.event) {
    case Event::open:
      read("service", entry.service);
      entry.stock = stock_of(line);
      break;
    case Event::book:
      read("cents", entry.cents);
      [[fallthrough]];
    case Event::undo:
      read("service", entry.service);
      read("trip", entry.trip);
      read("booking", entry.booking);
      break;
    case Event::confirm:
      read("trip", entry.trip);
      break;
    case Event::end:
      read("trip", entry.trip);
      read("succeeded", entry.succeeded);
      read("not_undone", entry.not_undone);
      break;
    case Event::close:
      read("service", entry.service);
      entry.stock = stock_of(line);
      read("cents", entry.cents);
      break;
  }
  return entry;
}

}  // namespace

void Ledger::add(const Entry& entry) { lines_.add(to_json(entry).dump()); }

std::vector<Entry> read_ledger(const fs::path& path) {
  const std::string name = baton::one_line(path.string());
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(name + ": cannot be opened");
  std::vector<Entry> entries;
  for (std::string line; std::getline(file, line);) {
    try {
      entries.push_back(from_json(json::parse(line)));
    } catch (const std::exception& error) {
      throw std::runtime_error(name + ", line " + std::to_string(entries.size() + 1) +
                               ": is no line of a ledger: " + baton::one_line(error.what()));
    }
  }
  if (file.bad()) throw std::runtime_error(name + ": cannot be read");
  return entries;
}

}  // namespace saga
