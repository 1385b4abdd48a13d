// SPDX-License-Identifier: MIT
#include <baton/observe/report.hpp>

#include <baton/graph/analysis.hpp>
#include <baton/graph/diagram.hpp>
#include <baton/graph/layout.hpp>
#include <baton/observe/text.hpp>

#include "graph/diagram_look.hpp"
#include "observe/report_assets.hpp"
#include "observe/report_data.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ostream>
#include <string_view>
#include <vector>

namespace baton {
namespace {

using detail::displayed;
using detail::ReportFindings;

/// `text`, which is fit to be shown, for use between tags and in quoted attributes.
std::string escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char character : text) {
    switch (character) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += character;
    }
  }
  return escaped;
}

std::string escape_name(std::string_view name) { return escape(one_line(name)); }

/// `number` with a comma before each three digits.
std::string show_count(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

void add_figure(std::string& page, std::string_view name, const std::string& value) {
  page += "<div><dt>";
  page += name;
  page += "</dt><dd>" + value + "</dd></div>\n";
}

/// The time that all tasks took together.
Duration sum_durations(const Snapshot& record) {
  Duration sum{};
  for (const TaskTiming& task : record.tasks) sum += task.duration().value_or(Duration::zero());
  return sum;
}

/// The task state that looks like a run's.
TaskState look_of(RunState state) {
  switch (state) {
    case RunState::running:
      return TaskState::running;
    case RunState::succeeded:
      return TaskState::succeeded;
    case RunState::failed:
      return TaskState::failed;
    case RunState::cancelled:
      break;
  }
  return TaskState::cancelled;
}

/// The sign of a state, coloured; nothing is told by colour alone.
std::string sign_of(TaskState state) {
  std::string text = "<span class=\"sign ";
  text += to_string(state);
  text += "\" aria-hidden=\"true\">";
  text += detail::style_of(state).sign;
  return text + "</span>";
}

/// What nothing but this page's own style and script gets past: whatever a name holds, the page can only show it.
std::string describe_policy() {
  std::string policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '";
  policy += detail::report_style_hash;
  policy += "'; script-src '";
  policy += detail::report_script_hash;
  return policy + "'; base-uri 'none'; form-action 'none'\">\n";
}

std::string title_of(const Snapshot& record) {
  const std::string run = "run " + std::to_string(record.run);
  const std::string name = escape_name(record.plan.name());
  return name.empty() ? run : name + ", " + run;
}

std::string describe_head(const Snapshot& record) {
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page += describe_policy();
  page += "<title>" + title_of(record) + "</title>\n<style>";
  page += detail::report_style;
  return page + "</style>\n</head>\n";
}

/// How many tasks are in each state, each a link that filters the table by it.
std::string describe_counts(const Snapshot& record) {
  std::string page = "<ul id=\"counts\" aria-label=\"Tasks by state\">\n";
  for (std::size_t i = 0; i < task_state_count; ++i) {
    const auto state = static_cast<TaskState>(i);
    const std::size_t count = record.count(state);
    if (count == 0) continue;
    const std::string name{to_string(state)};
    page.append("<li><a href=\"#state=").append(name).append("\" data-state=\"").append(std::to_string(i));
    page.append("\">").append(sign_of(state)).append(" <b>").append(show_count(count)).append("</b> ");
    page.append(name).append("</a></li>\n");
  }
  return page + "</ul>\n";
}

std::string describe_summary(const Snapshot& record, const ReportFindings& findings) {
  const std::string name = escape_name(record.plan.name());
  std::string page = "<header>\n<h1>" + (name.empty() ? "run " + std::to_string(record.run) : name) + "</h1>\n";
  std::string state{to_string(record.state)};
  page += "<p id=\"verdict\" class=\"" + state + "\">" + sign_of(look_of(record.state)) + " " + state + "</p>\n";
  page += "<dl>\n";
  add_figure(page, "run", std::to_string(record.run));
  if (record.duration()) {
    add_figure(page, "took", format_duration(*record.duration()));
  } else if (record.started && record.taken) {
    add_figure(page, "so far", format_duration(*record.taken - *record.started));
  }
  add_figure(page, "tasks", show_count(record.plan.size()));
  add_figure(page, "all tasks together", format_duration(sum_durations(record)));
  add_figure(page, "critical path",
             format_duration(findings.critical.length) + " <small>" + show_count(findings.critical.tasks.size()) +
                 (findings.critical.tasks.size() == 1 ? " task</small>" : " tasks</small>"));
  return page + "</dl>\n" + describe_counts(record) + "</header>\n";
}

std::string describe_error(const Snapshot& record, const ReportFindings& findings, const TaskError& error) {
  const std::size_t task = index_of(error.task);
  std::string page =
      "<li><a href=\"#task=" + std::to_string(task) + "\">" + escape_name(record.plan.task_name(error.task)) + "</a>";
  const std::size_t omitted = findings.omitted[task];
  if (omitted != 0) {
    page += " <span class=\"caused\">" + show_count(omitted) + (omitted == 1 ? " task omitted" : " tasks omitted") +
            " because of it</span>";
  }
  return page + "<pre>" + escape(displayed(error.message)) + "</pre></li>\n";
}

std::string describe_errors(const Snapshot& record, const ReportFindings& findings) {
  constexpr std::size_t shown_at_once = 5;
  if (record.errors.empty()) return {};
  const std::size_t count = record.errors.size();
  std::string page = "<section id=\"failures\" aria-labelledby=\"failures-title\">\n<h2 id=\"failures-title\">" +
                     std::string("What failed</h2>\n<ul>\n");
  for (std::size_t i = 0; i < count; ++i) {
    if (i == shown_at_once) {
      page += "</ul>\n<details><summary>" + show_count(count - i) + " more</summary>\n<ul>\n";
    }
    page += describe_error(record, findings, record.errors[i]);
  }
  page += "</ul>\n";
  if (count > shown_at_once) page += "</details>\n";
  return page + "</section>\n";
}

/// Where a picture of the plan gets the better shape for a screen.
DiagramDirection choose_direction(const Plan& plan) {
  constexpr double best_shape = 1.4;  // width to height
  if (plan.empty()) return DiagramDirection::down;
  std::vector<std::size_t> size(depth(plan), 0);
  for (const std::uint32_t level : levels(plan)) ++size[level];
  const auto longest = static_cast<double>(*std::max_element(size.begin(), size.end()));
  const auto layers = static_cast<double>(size.size());
  const LayoutOptions box;
  const double down = longest * (box.node_width + box.node_gap) / (layers * (box.node_height + box.layer_gap));
  const double right = layers * (box.node_width + box.layer_gap) / (longest * (box.node_height + box.node_gap));
  const auto fault = [](double shape) { return std::abs(std::log(shape / best_shape)); };
  return fault(right) < fault(down) ? DiagramDirection::right : DiagramDirection::down;
}

}  // namespace

void write_report(std::ostream& out, const Snapshot& record) {
  const ReportFindings findings = detail::look_into(record);
  out << describe_head(record) << "<body>\n"
      << describe_summary(record, findings) << describe_errors(record, findings)
      << "<noscript><p>The graph, the timeline and the table of all tasks need JavaScript, which is off here.</p>"
         "</noscript>\n<main id=\"views\"></main>\n<script type=\"application/json\" id=\"data\">"
      << detail::to_report_data(record, findings) << "</script>\n<script>" << detail::report_script
      << "</script>\n</body>\n</html>\n";
}

void write_graph(std::ostream& out, const Snapshot& record, std::optional<DiagramDirection> direction) {
  std::vector<TaskState> states;
  states.reserve(record.tasks.size());
  for (const TaskTiming& task : record.tasks) states.push_back(task.state);
  const CriticalPath path = critical_path(record);
  if (!direction) direction = choose_direction(record.plan);
  out << to_svg(record.plan, {.states = states, .highlighted = path.tasks, .direction = *direction});
}

}  // namespace baton
