// SPDX-License-Identifier: MIT
#include <baton/observe/log.hpp>

#include <baton/base/error.hpp>
#include <baton/observe/text.hpp>
#include <baton/observe/timeline.hpp>

#include <spdlog/common.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <array>
#include <cstddef>
#include <string>
#include <utility>

namespace baton {
namespace {

LogLevel level_of(const Event& event) {
  switch (event.kind) {
    case Event::Kind::task_ready:
    case Event::Kind::task_waiting:
      return LogLevel::trace;
    case Event::Kind::task_started:
      return LogLevel::debug;
    case Event::Kind::run_started:
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
      return "waits for its sub-workflow";
    case WaitReason::executor:
      return "waits for its executor";
    case WaitReason::none:
      break;
  }
  return "waits";
}

std::string after(std::optional<Duration> duration) {
  return duration ? " after " + format_duration(*duration) : std::string{};
}

/// `3 succeeded, 1 failed`: the outcomes that occurred.
std::string count_outcomes(const Snapshot& record) {
  std::array<std::size_t, task_state_count> counts{};
  for (const TaskTiming& task : record.tasks) ++counts[static_cast<std::size_t>(task.state)];
  std::string text;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto state = static_cast<TaskState>(i);
    if (counts[i] == 0) continue;
    if (!text.empty()) text += ", ";
    text += std::to_string(counts[i]) + ' ';
    text += to_string(state);
  }
  return text.empty() ? "no tasks" : text;
}

std::string describe_run(const Event& event) {
  std::string text = "run " + std::to_string(event.run);
  if (!event.plan->name().empty()) text += " '" + one_line(event.plan->name()) + "'";
  return text + ": ";
}

std::string describe_task(const Event& event) {
  std::string text = describe_run(event) + "task '" + one_line(event.plan->task_name(event.task)) + "'";
  if (event.attempt > 0) text += ", attempt " + std::to_string(event.attempt);
  return text + ": ";
}

std::string describe_outcome(const Event& event, const Timeline& timeline) {
  std::string text = describe_task(event);
  text += to_string(event.state);
  if (const auto timing = timeline.find_task(event.run, event.task)) text += after(timing->duration());
  if (event.error != nullptr && *event.error) text += ": " + one_line(describe(*event.error));
  return text;
}

std::string describe_end(const Event& event, const Timeline& timeline) {
  std::string text = describe_run(event);
  text += to_string(event.run_state);
  if (const auto record = timeline.find_run(event.run)) {
    text += after(record->duration()) + ": " + count_outcomes(*record);
  }
  return text;
}

std::string describe_event(const Event& event, const Timeline& timeline) {
  switch (event.kind) {
    case Event::Kind::run_started: {
      const std::size_t tasks = event.plan->size();
      return describe_run(event) + "started, " + std::to_string(tasks) + (tasks == 1 ? " task" : " tasks");
    }
    case Event::Kind::task_ready:
      return describe_task(event) + "ready";
    case Event::Kind::task_waiting:
      return describe_task(event).append(reason_of(event.reason));
    case Event::Kind::task_started:
      return describe_task(event) + "started on worker " + std::to_string(event.worker);
    case Event::Kind::task_ended:
      return describe_outcome(event, timeline);
    case Event::Kind::run_ended:
      break;
  }
  return describe_end(event, timeline);
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::trace:
      return spdlog::level::trace;
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      break;
  }
  return spdlog::level::err;
}

/// A logger of its own: spdlog's registry belongs to the host.
LogSink make_stderr_sink() {
  auto logger = std::make_shared<spdlog::logger>("baton", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %v");
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
  LogSink sink;
  Timeline timeline{};
};

LogObserver::LogObserver(LogOptions options)
    : state_(new State{options.level, options.sink ? std::move(options.sink) : make_stderr_sink()}) {}
LogObserver::~LogObserver() = default;

void LogObserver::on_event(const Event& event) {
  state_->timeline.on_event(event);
  std::string line;
  const LogLevel level = level_of(event);
  if (level >= state_->least) line = describe_event(event, state_->timeline);
  if (event.kind == Event::Kind::run_ended) state_->timeline.forget(event.run);
  if (!line.empty()) state_->sink(level, line);
}

}  // namespace baton
