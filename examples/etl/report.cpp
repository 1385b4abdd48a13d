// SPDX-License-Identifier: MIT
#include "report.hpp"

#include "../table.hpp"
#include "csv.hpp"

#include <baton/observe/text.hpp>

#include <nlohmann/json.hpp>

#include <string_view>

namespace etl {
namespace {

using json = nlohmann::ordered_json;

std::string number(std::uint64_t value, std::size_t width) { return examples::pad_left(std::to_string(value), width); }

std::string row(const std::string& name, const CountryTotal& total) {
  return examples::pad_right(name, 7) + number(total.orders, 12) + number(total.foreign, 12) +
         examples::pad_left(examples::format_money(total.cents), 20) + '\n';
}

std::string markdown_row(const std::string& name, const CountryTotal& total) {
  return "| " + name + " | " + std::to_string(total.orders) + " | " + std::to_string(total.foreign) + " | " +
         examples::format_money(total.cents) + " |\n";
}

json to_json(const CountryTotal& total) {
  return {{"orders", total.orders}, {"foreign", total.foreign}, {"eur", examples::format_money(total.cents)}};
}

std::string summary(const Report& report) {
  return report.kind + " load: " + report.reason + "; files read: " + std::to_string(report.loaded) +
         ", unchanged: " + std::to_string(report.kept) + ", broken: " + std::to_string(report.problems.size()) +
         "; lines rejected: " + std::to_string(report.rejected);
}

/// Markdown takes some characters for its own.
std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : baton::one_line(text)) {
    if (std::string_view("\\`*_{}[]<>#|&").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string to_text(const Report& report) {
  std::string text = summary(report) + "\n\ncountry      orders     foreign                 EUR\n";
  for (const auto& [country, total] : report.totals) text += row(country, total);
  text += row("total", report.sum);
  if (!report.problems.empty()) text += "\nbroken files:\n";
  for (const Problem& problem : report.problems) text += "  " + baton::one_line(problem.reason) + '\n';
  return text;
}

std::string to_json(const Report& report) {
  json countries = json::object();
  for (const auto& [country, total] : report.totals) countries[country] = to_json(total);
  json broken = json::array();
  for (const Problem& problem : report.problems) {
    broken.push_back({{"file", baton::one_line(problem.file)}, {"reason", baton::one_line(problem.reason)}});
  }
  const json all{{"kind", report.kind},       {"reason", report.reason},     {"files_read", report.loaded},
                 {"files_kept", report.kept}, {"files_broken", broken},      {"lines_rejected", report.rejected},
                 {"countries", countries},    {"total", to_json(report.sum)}};
  return all.dump(2) + '\n';
}

std::string to_markdown(const Report& report) {
  std::string text = "# Orders by country\n\n" + escape(summary(report)) +
                     ".\n\n| Country | Orders | Foreign | EUR |\n|---|---:|---:|---:|\n";
  for (const auto& [country, total] : report.totals) text += markdown_row(country, total);
  text += markdown_row("**Total**", report.sum);
  if (!report.problems.empty()) text += "\n## Broken files\n\n";
  for (const Problem& problem : report.problems) text += "- " + escape(problem.reason) + '\n';
  return text;
}

std::string list_rejects(const std::vector<FileResult>& files) {
  std::string text = "file,line,reason\n";
  for (const FileResult& result : files) {
    for (const Reject& reject : result.rejects) {
      text += csv_field(result.file.name) + ',' + std::to_string(reject.line) + ',' + csv_field(reject.reason) + '\n';
    }
    if (!result.problem.empty()) text += csv_field(result.file.name) + ",," + csv_field(result.problem) + '\n';
  }
  return text;
}

}  // namespace etl
