// SPDX-License-Identifier: MIT
#include <baton/observe/log.hpp>

#include <baton/base/error.hpp>
#include <baton/observe/spdlog.hpp>
#include <baton/observe/text.hpp>

#include "observe/json_text.hpp"
#include "observe/run_notes.hpp"
#include "observe/run_table.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace baton {
namespace {

LogLevel level_of(const Event& event) {
  switch (event.kind) {
    case Event::Kind::task_waiting:
      if (event.reason == WaitReason::retry) return LogLevel::warning;
      [[fallthrough]];
    case Event::Kind::task_ready:
      return LogLevel::trace;
    case Event::Kind::task_started:
      return LogLevel::debug;
    case Event::Kind::run_started:
    case Event::Kind::run_paused:
    case Event::Kind::run_resumed:
      return LogLevel::info;
    case Event::Kind::task_ended:
      if (event.state == TaskState::failed) return LogLevel::error;
      return event.state == TaskState::succeeded ? LogLevel::debug : LogLevel::info;
    case Event::Kind::run_ended:
      break;
  }
  if (event.run_state == RunState::failed) return LogLevel::error;
  return event.run_state == RunState::cancelled ? LogLevel::warning : LogLevel::info;
}

std::string_view reason_of(WaitReason reason) {
  switch (reason) {
    case WaitReason::resource:
      return "waits for a resource";
    case WaitReason::timer:
      return "waits for its time to be over";
    case WaitReason::child:
      return "waits for its child run";
    case WaitReason::executor:
      return "waits for its executor";
    case WaitReason::retry:
      return "failed and will be tried again";
    case WaitReason::none:
      break;
  }
  return "waits";
}

/// An event and what was known of it.
struct Told {
  const Event& event;
  LogLevel level;
  const detail::RunNotes& notes;
  std::optional<Duration> lasted{};  // of the task's call, or of the run: when the event ends it

  [[nodiscard]] bool is_of_run() const { return !is_of_task(event.kind); }
  [[nodiscard]] bool has_error() const { return event.error != nullptr && *event.error; }
};

std::string after(std::optional<Duration> duration) {
  return duration ? " after " + format_duration(*duration) : std::string{};
}

/// Calls `each(state, count)` for the outcomes that occurred.
template <typename Each>
void for_each_outcome(const detail::RunNotes& notes, Each each) {
  const auto counts = notes.count();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) each(static_cast<TaskState>(i), counts[i]);
  }
}

/// `3 succeeded, 1 failed`.
std::string count_outcomes(const detail::RunNotes& notes) {
  std::string text;
  for_each_outcome(notes, [&](TaskState state, std::size_t count) {
    if (!text.empty()) text += ", ";
    text += std::to_string(count) + ' ';
    text += to_string(state);
  });
  return text.empty() ? "no tasks" : text;
}

std::string describe_run(const Event& event) {
  std::string text = "run " + std::to_string(event.run);
  if (!event.plan->name().empty()) text += " '" + one_line(event.plan->name()) + "'";
  if (!event.path.empty()) text += " (" + one_line(event.path) + ")";
  return text + ": ";
}

std::string describe_task(const Event& event) {
  std::string text = describe_run(event) + "task '" + one_line(event.plan->task_name(event.task)) + "'";
  if (event.attempt > 0) text += ", attempt " + std::to_string(event.attempt);
  return text + ": ";
}

/// Why it ended so, as far as that is known.
std::string describe_cause(const Told& told) {
  if (told.has_error()) return ": " + one_line(describe(*told.event.error));
  return told.event.cause.empty() ? std::string{} : ": " + one_line(told.event.cause);
}

std::string describe_outcome(const Told& told) {
  std::string text = describe_task(told.event);
  text += to_string(told.event.state);
  text += after(told.lasted);
  return text + describe_cause(told);
}

std::string describe_end(const Told& told) {
  std::string text = describe_run(told.event);
  text += to_string(told.event.run_state);
  return text + after(told.lasted) + ": " + count_outcomes(told.notes) + describe_cause(told);
}

std::string to_text(const Told& told) {
  const Event& event = told.event;
  switch (event.kind) {
    case Event::Kind::run_started: {
      const std::size_t tasks = event.plan->size();
      return describe_run(event) + "started, " + std::to_string(tasks) + (tasks == 1 ? " task" : " tasks");
    }
    case Event::Kind::task_ready:
      return describe_task(event) + "ready";
    case Event::Kind::task_waiting:
      return describe_task(event).append(reason_of(event.reason)).append(describe_cause(told));
    case Event::Kind::task_started:
      return describe_task(event) + "started on worker " + std::to_string(event.worker);
    case Event::Kind::task_ended:
      return describe_outcome(told);
    case Event::Kind::run_paused:
      return describe_run(event) + "paused";
    case Event::Kind::run_resumed:
      return describe_run(event) + "goes on after a pause";
    case Event::Kind::run_ended:
      break;
  }
  return describe_end(told);
}

/// The time of day: `2026-01-31T23:59:59.999Z`.
std::string utc_now() {
  using namespace std::chrono;
  const auto now = floor<milliseconds>(system_clock::now());
  const auto day = floor<days>(now);
  const year_month_day date{day};
  const hh_mm_ss time{now - day};
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                    static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

/// An object of JSON on one line.
class JsonLine {
 public:
  void add(std::string_view key, const std::string& json) {
    text_ += text_.empty() ? "{\"" : ",\"";
    text_ += key;
    text_ += "\":" + json;
  }
  void add_text(std::string_view key, std::string_view value) { add(key, detail::quote_json(value)); }
  void add_time(std::string_view key, std::optional<Duration> value) {
    if (value) add(key, detail::json_microseconds(*value));
  }
  [[nodiscard]] std::string finish() { return (text_.empty() ? "{" : std::move(text_)) + "}"; }

 private:
  std::string text_;
};

void add_task(JsonLine& line, const Event& event) {
  line.add_text("task", event.plan->task_name(event.task));
  if (event.attempt > 0) line.add("attempt", std::to_string(event.attempt));
  line.add("worker", std::to_string(event.worker));
  line.add_text("state", to_string(event.state));
  if (event.reason != WaitReason::none) line.add_text("reason", to_string(event.reason));
}

void add_run(JsonLine& line, const Told& told) {
  line.add_text("state", to_string(told.event.run_state));
  line.add("tasks", std::to_string(told.event.plan->size()));
  if (told.event.kind != Event::Kind::run_ended) return;
  JsonLine outcomes;
  for_each_outcome(told.notes,
                   [&](TaskState state, std::size_t count) { outcomes.add(to_string(state), std::to_string(count)); });
  line.add("outcomes", outcomes.finish());
}

std::string to_json(const Told& told) {
  const Event& event = told.event;
  JsonLine line;
  line.add_text("time", utc_now());
  if (const auto started = told.notes.started()) line.add_time("elapsed_us", event.time - *started);
  line.add_text("level", to_string(told.level));
  line.add_text("event", to_string(event.kind));
  line.add("run", std::to_string(event.run));
  line.add_text("workflow", event.plan->name());
  if (!event.path.empty()) {
    line.add_text("path", event.path);
    line.add("parent", std::to_string(event.parent));
  }
  told.is_of_run() ? add_run(line, told) : add_task(line, event);
  line.add_time("duration_us", told.lasted);
  if (told.has_error()) line.add_text("error", describe(*event.error));
  if (!event.cause.empty()) line.add_text("cause", event.cause);
  return line.finish();
}

/// A logger of its own: spdlog's registry belongs to the host.
LogSink make_stderr_sink(LogFormat format) {
  auto logger = std::make_shared<spdlog::logger>("baton", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern(format == LogFormat::json ? "%v" : "%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v");
  logger->set_level(spdlog::level::trace);
  return [logger = std::move(logger)](LogLevel level, std::string_view line) {
    logger->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
  };
}

}  // namespace

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::trace:
      return "trace";
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "unknown";
}

struct LogObserver::State {
  LogLevel least;
  LogFormat format;
  LogSink sink;
  detail::RunTable<detail::RunNotes> runs{};

  [[nodiscard]] std::string describe_event(const Told& told) const {
    if (told.level < least) return {};
    return format == LogFormat::json ? to_json(told) : to_text(told);
  }
};

LogObserver::LogObserver(LogOptions options)
    : state_(new State{options.level, options.format,
                       options.sink ? std::move(options.sink) : make_stderr_sink(options.format)}) {}
LogObserver::~LogObserver() = default;

// Above trace too, the start and the end of every task: how long one that fails took, and how many ended how. Waiting:
// for the attempts that failed and are followed by another.
EventKinds LogObserver::kinds() const noexcept {
  using enum Event::Kind;
  if (state_->least == LogLevel::trace) return EventKinds::all();
  if (state_->least == LogLevel::error) return {run_started, task_started, task_ended, run_ended};
  return {run_started, task_waiting, task_started, task_ended, run_ended, run_paused, run_resumed};
}

void LogObserver::on_event(const Event& event) {
  detail::RunNotes& notes = state_->runs.at(event);
  Told told{event, level_of(event), notes};
  if (!told.is_of_run()) {
    const auto lasted = notes.note(event).lasted;
    if (event.kind == Event::Kind::task_ended) told.lasted = lasted;
  } else if (event.kind == Event::Kind::run_ended && notes.started()) {
    told.lasted = event.time - *notes.started();
  }
  const std::string line = state_->describe_event(told);
  if (event.kind == Event::Kind::run_ended) state_->runs.drop(event.run);
  if (!line.empty()) state_->sink(told.level, line);
}

}  // namespace baton
