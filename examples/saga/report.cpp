// SPDX-License-Identifier: MIT
#include "report.hpp"

#include "../table.hpp"

#include <baton/observe/text.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace saga {
namespace {

constexpr std::size_t most_lines = 10;

std::string count(std::uint64_t number, const std::string& one, const std::string& many) {
  return std::to_string(number) + ' ' + (number == 1 ? one : many);
}

/// `lines`, but not too many.
std::string shorten(const std::vector<std::string>& lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < most_lines; ++i) text += "  " + lines[i] + '\n';
  if (lines.size() > most_lines) text += "  and " + std::to_string(lines.size() - most_lines) + " more\n";
  return text;
}

std::string row(const ServiceFigures& service) {
  const auto cell = [](std::uint64_t number) { return examples::pad_left(std::to_string(number), 11); };
  return examples::pad_right(baton::one_line(service.name), 12) + cell(service.booked) + cell(service.confirmed) +
         cell(service.undone) + cell(service.open) +
         examples::pad_left(service.left ? std::to_string(*service.left) : "-", 11) + '\n';
}

}  // namespace

std::string to_text(const Audit& audit) {
  std::string text = count(audit.succeeded + audit.failed, "trip", "trips") + ": " + std::to_string(audit.succeeded) +
                     " booked, " + std::to_string(audit.failed) + " not booked\n\n";
  text += "service          booked  confirmed     undone not undone       left\n";
  for (const ServiceFigures& service : audit.services) text += row(service);
  if (!audit.open.empty()) {
    std::vector<std::string> lines;
    for (const OpenBooking& booking : audit.open) {
      lines.push_back("trip " + std::to_string(booking.trip) + ": " + baton::one_line(booking.service) + ", booking " +
                      std::to_string(booking.number) + ", " + examples::format_money(booking.cents));
    }
    text += "\nto be undone by hand: " + std::to_string(lines.size()) + '\n' + shorten(lines);
  }
  if (audit.balances()) return text + "\nthe ledger balances\n";
  std::vector<std::string> faults;
  for (const std::string& fault : audit.faults) faults.push_back(baton::one_line(fault));
  return text + "\nthe ledger does NOT balance: " + count(faults.size(), "fault", "faults") + '\n' + shorten(faults);
}

std::string list_reasons(const std::vector<TripResult>& trips) {
  std::map<std::string, std::uint64_t> counts;
  for (const TripResult& trip : trips) {
    if (!trip.succeeded) ++counts[trip.reason];
  }
  if (counts.empty()) return "";
  std::vector<std::pair<std::string, std::uint64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> lines;
  for (const auto& [reason, number] : sorted) {
    lines.push_back(examples::pad_left(std::to_string(number), 6) + "  " + baton::one_line(reason));
  }
  return "why trips were not booked:\n" + shorten(lines) + '\n';
}

}  // namespace saga
