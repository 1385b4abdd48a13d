// SPDX-License-Identifier: MIT
#include <baton/observe/report.hpp>

#include <baton/base/error.hpp>
#include <baton/observe/text.hpp>

#include "base/characters.hpp"
#include "graph/diagram_look.hpp"
#include "observe/output_file.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <mutex>
#include <ostream>
#include <string_view>
#include <utility>

namespace baton {
namespace {

// No script, nothing from elsewhere: whatever a name holds, the page can only show it.
constexpr std::string_view head = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root { color-scheme: light dark; --line: #8884; --quiet: #8888; --good: #1a7f37; --bad: #cf222e; --odd: #9a6700; }
@media (prefers-color-scheme: dark) { :root { --good: #56d364; --bad: #ff7b72; --odd: #e3b341; } }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
dl { display: flex; flex-wrap: wrap; gap: .75rem 2rem; margin: 1rem 0; }
dt { font-size: .8rem; opacity: .75; }
dd { margin: 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; min-width: 40rem; table-layout: fixed; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { position: sticky; top: 0; background: Canvas; border-bottom-color: var(--quiet); vertical-align: bottom; }
td { overflow-wrap: anywhere; }
.text { unicode-bidi: isolate; white-space: pre-wrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.succeeded { color: var(--good); } .failed { color: var(--bad); }
.skipped, .omitted, .cancelled { color: var(--odd); }
</style>
)";

/// Where a state stands in the table: what did not succeed comes first.
constexpr std::array<int, task_state_count> ranks{7, 5, 6, 4, 8, 0, 3, 2, 1};

/// `text` for use between tags and in quoted attributes.
std::string escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  detail::for_each_character(text, [&](const detail::Character& character) {
    if (!character.valid) {
      escaped += "\uFFFD";
      return;
    }
    switch (character.code) {
      case U'&':
        escaped += "&amp;";
        break;
      case U'<':
        escaped += "&lt;";
        break;
      case U'>':
        escaped += "&gt;";
        break;
      case U'"':
        escaped += "&quot;";
        break;
      case U'\'':
        escaped += "&#39;";
        break;
      case U'\n':
      case U'\t':
        escaped += character.bytes;
        break;
      default:
        escaped += detail::is_control(character.code) ? std::string_view("\uFFFD") : character.bytes;
    }
  });
  return escaped;
}

std::string show(TaskState state) {
  std::string text = "<td class=\"";
  text += to_string(state);
  text += "\">";
  text += detail::style_of(state).sign;
  text += ' ';
  text += to_string(state);
  return text + "</td>";
}

std::string show_number(const std::string& text) { return "<td class=\"number\">" + text + "</td>"; }
std::string show_duration(std::optional<Duration> duration) {
  return show_number(duration ? format_duration(*duration) : "–");
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

std::string describe_head(const Snapshot& record) {
  const std::string run = "run " + std::to_string(record.run);
  const std::string name = escape(record.plan.name());
  std::string page(head);
  page += "<title>" + (name.empty() ? run : name + ", " + run) + "</title>\n</head>\n<body>\n";
  page += "<h1 class=\"text\">" + (name.empty() ? run : name) + "</h1>\n<dl>\n";
  add_figure(page, "run", std::to_string(record.run));
  std::string state = "<span class=\"";
  state += to_string(record.state);
  state += "\">";
  state += to_string(record.state);
  add_figure(page, "state", state + "</span>");
  if (record.duration()) add_figure(page, "took", format_duration(*record.duration()));
  add_figure(page, "tasks", std::to_string(record.plan.size()));
  for (std::size_t i = 0; i < task_state_count; ++i) {
    const auto task_state = static_cast<TaskState>(i);
    if (const std::size_t count = record.count(task_state))
      add_figure(page, to_string(task_state), std::to_string(count));
  }
  add_figure(page, "all tasks together took", format_duration(sum_durations(record)));
  return page + "</dl>\n";
}

std::string describe_errors(const Snapshot& record) {
  if (record.errors.empty()) return {};
  std::string page = "<h2>What failed</h2>\n<table>\n<tr><th style=\"width:30%\">task</th><th>error</th></tr>\n";
  for (const TaskError& error : record.errors) {
    page += "<tr><td class=\"text\">" + escape(record.plan.task_name(error.task)) + "</td><td class=\"text\">" +
            escape(error.message) + "</td></tr>\n";
  }
  return page + "</table>\n";
}

/// The tasks as the table shows them: what did not succeed first, then in order of time.
std::vector<TaskId> order_tasks(const Snapshot& record) {
  std::vector<TaskId> order;
  order.reserve(record.tasks.size());
  for (std::size_t i = 0; i < record.tasks.size(); ++i) order.push_back(static_cast<TaskId>(i));
  const auto key = [&](TaskId id) {
    const TaskTiming& task = record.tasks[index_of(id)];
    return std::pair(ranks[static_cast<std::size_t>(task.state)],
                     task.started ? *task.started : task.ended.value_or(TimePoint::max()));
  };
  std::stable_sort(order.begin(), order.end(), [&](TaskId a, TaskId b) { return key(a) < key(b); });
  return order;
}

std::string describe_task(const Snapshot& record, TaskId id) {
  const TaskTiming& task = record.tasks[index_of(id)];
  std::optional<Duration> start;
  if (task.started && record.started) start = *task.started - *record.started;
  return "<tr><td class=\"text\">" + escape(record.plan.task_name(id)) + "</td>" + show(task.state) +
         show_duration(start) + show_duration(task.duration()) +
         show_number(task.started ? std::to_string(task.worker) : "–") + show_number(std::to_string(task.attempt)) +
         "</tr>\n";
}

}  // namespace

void write_report(std::ostream& out, const Snapshot& record) {
  out << describe_head(record) << describe_errors(record);
  out << "<h2>Tasks</h2>\n<table>\n<tr><th style=\"width:45%\">task</th><th>state</th>"
         "<th class=\"number\">started after</th><th class=\"number\">took</th>"
         "<th class=\"number\">worker</th><th class=\"number\">attempts</th></tr>\n";
  for (const TaskId id : order_tasks(record)) out << describe_task(record, id);
  out << "</table>\n</body>\n</html>\n";
}

struct ReportObserver::State {
  explicit State(std::string its_path) : path(std::move(its_path)) { detail::open_output("report", path); }

  const std::string path;
  Timeline timeline{};
  std::mutex mutex;  // of what follows, and of the file
  bool closed = false;
  bool failed = false;

  void write(const Snapshot& record) {
    const std::lock_guard lock(mutex);
    if (closed) return;
    failed = true;  // also when something throws
    std::ofstream file = detail::open_output("report", path);
    write_report(file, record);
    failed = !file.flush();
  }
};

ReportObserver::ReportObserver(std::string path) : state_(std::make_unique<State>(std::move(path))) {}
ReportObserver::~ReportObserver() = default;

void ReportObserver::on_event(const Event& event) {
  Timeline& timeline = state_->timeline;
  timeline.on_event(event);
  if (event.kind != Event::Kind::run_ended) return;
  const auto record = timeline.find_run(event.run);
  timeline.forget(event.run);
  state_->write(record.value());
}

void ReportObserver::close() {
  const std::lock_guard lock(state_->mutex);
  state_->closed = true;
  if (state_->failed) throw Error("report '" + one_line(state_->path) + "': could not be written completely");
}

}  // namespace baton
