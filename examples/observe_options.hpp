// SPDX-License-Identifier: MIT
#pragma once

#include "command_line.hpp"

#include <baton/executor/thread_pool.hpp>
#include <baton/observe/log.hpp>
#include <baton/observe/metrics.hpp>
#include <baton/observe/progress.hpp>
#include <baton/observe/report.hpp>
#include <baton/observe/text.hpp>
#include <baton/observe/trace.hpp>

#include <array>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace examples {

/// How a program wants to be watched. What was not given on the command line is empty.
struct ObserveOptions {
  std::optional<std::string> trace;
  std::optional<std::string> report;
  std::optional<std::string> graph;
  std::optional<std::string> metrics;
  std::optional<baton::ProgressStyle> progress;
  std::optional<baton::LogLevel> log;
  baton::LogFormat log_format = baton::LogFormat::text;
  /// The clock is a virtual one: progress is drawn by events alone, as no real time passes between them.
  bool is_virtual = false;
};

/// The part of a program's help that is about them.
inline constexpr std::string_view observe_help =
    R"(  --trace FILE   write a trace, for ui.perfetto.dev
  --report FILE  write a report, an HTML page
  --graph FILE   write the graph alone, an SVG picture
  --metrics FILE write metrics, as Prometheus reads them
  --progress HOW bar, lines, off, or auto: a bar on a terminal, lines elsewhere
  --log LEVEL    log to stderr from this level on: trace, debug, info, warning,
                 error
  --log-format F text, or json: a JSON object a line; logs from info on if
                 --log is not given
)";

/// The value that stands for the word after `--name`.
template <typename Value, std::size_t size>
std::optional<Value> take_word(CommandLine& line, const std::string& name,
                               const std::array<std::pair<std::string_view, Value>, size>& words) {
  const auto word = line.value(name);
  if (!word) return std::nullopt;
  std::string all;
  for (std::size_t i = 0; i < size; ++i) {
    if (*word == words[i].first) return words[i].second;
    all.append(i == 0 ? "" : i + 1 < size ? ", " : " or ").append(words[i].first);
  }
  throw WrongCommandLine(name + " takes " + all + ", not '" + baton::one_line(*word) + "'");
}

/// @throws WrongCommandLine when two of the files are the same.
inline void check_files(const ObserveOptions& options) {
  std::set<std::string> files;
  for (const auto& file : {options.trace, options.report, options.graph, options.metrics}) {
    if (file && !files.insert(*file).second) {
      throw WrongCommandLine("--trace, --report, --graph and --metrics need a file each");
    }
  }
}

/// Takes the options out of a command line.
inline ObserveOptions take_observe_options(CommandLine& line) {
  using baton::LogLevel;
  using baton::ProgressStyle;
  using Style = std::pair<std::string_view, ProgressStyle>;
  using Level = std::pair<std::string_view, LogLevel>;
  using Format = std::pair<std::string_view, baton::LogFormat>;
  ObserveOptions options;
  options.trace = line.value("--trace");
  options.report = line.value("--report");
  options.graph = line.value("--graph");
  options.metrics = line.value("--metrics");
  options.progress = take_word(line, "--progress",
                               std::array{Style{"auto", ProgressStyle::automatic}, Style{"bar", ProgressStyle::bar},
                                          Style{"lines", ProgressStyle::lines}, Style{"off", ProgressStyle::silent}});
  options.log = take_word(
      line, "--log",
      std::array{Level{"trace", LogLevel::trace}, Level{"debug", LogLevel::debug}, Level{"info", LogLevel::info},
                 Level{"warning", LogLevel::warning}, Level{"error", LogLevel::error}});
  const auto format = take_word(
      line, "--log-format", std::array{Format{"text", baton::LogFormat::text}, Format{"json", baton::LogFormat::json}});
  if (format) {
    options.log_format = *format;
    if (!options.log) options.log = LogLevel::info;
  }
  check_files(options);
  return options;
}

/// The observers that the options ask for.
class Watchers {
 public:
  /// Opens the files.
  /// @throws std::runtime_error naming one that cannot be opened.
  explicit Watchers(const ObserveOptions& options) {
    if (options.trace) trace_ = add(std::make_shared<baton::TraceObserver>(*options.trace));
    if (options.report || options.graph) {
      report_ = std::make_shared<baton::ReportObserver>(
          baton::ReportFiles{.page = options.report.value_or(""), .graph = options.graph.value_or("")});
    }
    if (options.metrics) open_metrics(*options.metrics);
    const auto style = options.progress.value_or(baton::ProgressStyle::silent);
    if (style != baton::ProgressStyle::silent) {
      baton::ProgressOptions progress;
      progress.style = style;
      if (options.is_virtual) progress.refresh = baton::Duration::zero();
      add(std::make_shared<baton::ProgressObserver>(progress));
    }
    if (options.log) {
      add(std::make_shared<baton::LogObserver>(baton::LogOptions{.level = *options.log, .format = options.log_format}));
    }
  }

  /// Those that may be told of any number of runs.
  [[nodiscard]] const std::vector<std::shared_ptr<baton::Observer>>& of_all_runs() const { return all_; }
  /// Those for the one run that the report is about, besides the others.
  [[nodiscard]] std::vector<std::shared_ptr<baton::Observer>> of_main_run() const {
    if (!report_) return {};
    return {report_};
  }

  /// Completes the files; once the scheduler is gone.
  /// @param pool  Whose figures go to the metrics, if there is one.
  /// @throws std::runtime_error naming a file that could not be written.
  void close(const baton::ThreadPool* pool = nullptr) {
    if (trace_) trace_->close();
    if (report_) report_->close();
    if (metrics_) write_metrics(pool);
  }

 private:
  template <typename Observer>
  std::shared_ptr<Observer> add(std::shared_ptr<Observer> observer) {
    all_.push_back(observer);
    return observer;
  }

  void open_metrics(const std::string& path) {
    metrics_path_ = path;
    metrics_file_.open(path, std::ios::binary);
    if (!metrics_file_) throw std::runtime_error(baton::one_line(path) + ": cannot be opened for writing");
    metrics_ = add(std::make_shared<baton::MetricsObserver>());
  }

  void write_metrics(const baton::ThreadPool* pool) {
    baton::MetricsSnapshot metrics = metrics_->snapshot();
    if (pool != nullptr) add_pool(metrics, pool->stats());
    metrics_file_ << baton::to_prometheus(metrics) << std::flush;
    if (!metrics_file_) throw std::runtime_error(baton::one_line(metrics_path_) + ": cannot be written");
  }

  static void add_pool(baton::MetricsSnapshot& metrics, const baton::ThreadPoolStats& stats) {
    const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t value) {
      metrics.add(name, help, static_cast<double>(value), baton::MetricKind::counter);
    };
    counter("pool_posted_total", "Pieces of work posted to the pool.", stats.posted);
    counter("pool_steals_total", "Bodies of task groups taken from another worker.", stats.steals);
    counter("pool_parks_total", "Times a thread went to sleep for want of work.", stats.parks);
    counter("pool_rescued_wakeups_total", "Wake-ups that were lost; always 0.", stats.rescued_wakeups);
    metrics.add("pool_threads", "Workers of the pool.", static_cast<double>(stats.threads));
    metrics.add("pool_spare_threads", "Threads started beyond these.", static_cast<double>(stats.spare_threads));
  }

  std::vector<std::shared_ptr<baton::Observer>> all_;
  std::shared_ptr<baton::TraceObserver> trace_;
  std::shared_ptr<baton::ReportObserver> report_;
  std::shared_ptr<baton::MetricsObserver> metrics_;
  std::string metrics_path_;
  std::ofstream metrics_file_;
};

}  // namespace examples
