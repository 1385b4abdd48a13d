// SPDX-License-Identifier: MIT
#include "figures.hpp"

#include "replay.hpp"

#include <baton/graph/analysis.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

namespace replay {
namespace {

using baton::Duration;
using baton::TaskState;

/// From the start of the run to its last task's end, in recorded time.
Duration makespan_of(const baton::Snapshot& record, double scale) {
  const baton::TimePoint start = record.started.value();
  baton::TimePoint end = start;
  for (const baton::TaskTiming& task : record.tasks) end = std::max(end, task.ended.value_or(start));
  if (scale == 1) return end - start;
  return Duration(std::llround(static_cast<double>((end - start).count()) / scale));
}

/// `12.345`: every digit down to the nanosecond that is not a zero at the end.
std::string in_seconds(Duration duration) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(duration);
  std::array<char, 48> digits{};
  std::snprintf(digits.data(), digits.size(), "%lld.%09lld", static_cast<long long>(whole.count()),
                static_cast<long long>((duration - whole).count()));
  std::string text = digits.data();
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

/// Calls `each(name, value)`, where an empty value is unknown.
template <typename Each>
void for_each_figure(const Figures& figures, Each each) {
  const auto count = [&](std::string_view name, std::size_t value) { each(name, std::to_string(value)); };
  const auto time = [&](std::string_view name, std::optional<Duration> value) {
    each(name, value ? in_seconds(*value) : std::string{});
  };
  count("tasks", figures.tasks);
  count("edges", figures.edges);
  count("roots", figures.roots);
  count("leaves", figures.leaves);
  count("depth", figures.depth);
  count("max_width", figures.max_width);
  time("critical_path_seconds", figures.critical_path);
  time("total_runtime_seconds", figures.total_runtime);
  time("makespan_seconds", figures.makespan);
  count("max_running", figures.max_running);
  count("succeeded", figures.succeeded);
  count("failed", figures.failed);
  count("omitted", figures.omitted);
  count("cancelled", figures.cancelled);
  count("skipped", figures.skipped);
}

}  // namespace

Figures make_figures(const RecordedWorkflow& recorded, const baton::Plan& all, const baton::Snapshot& record,
                     double scale) {
  Figures figures;
  figures.tasks = all.size();
  figures.edges = all.edge_count();
  figures.roots = all.roots().size();
  figures.leaves = all.leaves().size();
  figures.depth = baton::depth(all);
  figures.max_width = baton::max_width(all);
  if (recorded.has_runtimes) {
    figures.critical_path = baton::critical_path(all).length;
    figures.total_runtime = recorded.total_runtime();
    figures.makespan = makespan_of(record, scale);
  }
  figures.max_running = max_running(record);
  figures.succeeded = record.count(TaskState::succeeded);
  figures.failed = record.count(TaskState::failed);
  figures.omitted = record.count(TaskState::omitted);
  figures.cancelled = record.count(TaskState::cancelled);
  figures.skipped = record.count(TaskState::skipped);
  return figures;
}

std::string to_json(const Figures& figures) {
  std::string line;
  for_each_figure(figures, [&](std::string_view name, const std::string& value) {
    line += line.empty() ? "{\"" : ", \"";
    line += name;
    line += "\": " + (value.empty() ? "null" : value);
  });
  return line + "}\n";
}

std::string to_table(const Figures& figures) {
  constexpr std::size_t width = 24;
  std::string table;
  for_each_figure(figures, [&](std::string_view name, const std::string& value) {
    std::string label(name);
    std::replace(label.begin(), label.end(), '_', ' ');
    label.resize(width, ' ');
    table += "  " + label + (value.empty() ? "unknown" : value) + '\n';
  });
  return table;
}

}  // namespace replay
