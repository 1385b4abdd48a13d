// SPDX-License-Identifier: MIT
// What docs/how-to/watch-a-run.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/observe/log.hpp>
#include <baton/observe/metrics.hpp>
#include <baton/observe/progress.hpp>
#include <baton/observe/report.hpp>
#include <baton/observe/spdlog.hpp>
#include <baton/observe/text.hpp>
#include <baton/observe/timeline.hpp>
#include <baton/observe/trace.hpp>

#include <spdlog/sinks/null_sink.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <streambuf>
#include <string>
#include <vector>

namespace {

baton::Plan make_plan() {
  baton::Workflow flow{"import"};
  auto read = flow.task("read", []() -> int { throw std::runtime_error("disk on fire"); });
  flow.task("parse", [](int) {}, read);
  flow.task("clean up", [] {});
  return std::move(flow).build();
}

class FailureCounter final : public baton::Observer {
 public:
  void on_event(const baton::Event& event) override {
    if (event.state == baton::TaskState::failed) ++failures_;
  }
  [[nodiscard]] baton::EventKinds kinds() const noexcept override { return {baton::Event::Kind::task_ended}; }
  [[nodiscard]] bool needs_time() const noexcept override { return false; }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  std::atomic<int> failures_{0};
};

void observe() {
  const baton::Plan plan = make_plan();
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};

  const auto counter = std::make_shared<FailureCounter>();
  scheduler.observe(counter);
  scheduler.start(plan).wait();
  scheduler.start(plan).wait();
  scheduler.unobserve(counter);
  scheduler.start(plan).wait();
  check(counter->failures() == 2);

  const auto of_one_run = std::make_shared<FailureCounter>();
  scheduler.start(plan, {.observers = {of_one_run}}).wait();
  check(of_one_run->failures() == 1);
}

void log() {
  std::mutex mutex;
  std::vector<std::string> lines;
  const auto sink = [&](baton::LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
  };
  const auto log =
      std::make_shared<baton::LogObserver>(baton::LogOptions{.level = baton::LogLevel::error, .sink = sink});

  baton::ThreadPool pool;
  {
    baton::Scheduler scheduler{pool};
    scheduler.observe(log);
    scheduler.start(make_plan()).wait();
  }
  check(lines.size() == 2);
  check(lines[0].find("'import': task 'read', attempt 1: failed after ") != std::string::npos);
  check(lines[0].ends_with(": disk on fire"));
  check(lines[1].ends_with(": 1 succeeded, 1 failed, 1 omitted"));
}

void log_json() {
  std::mutex mutex;
  std::vector<std::string> lines;
  const auto sink = [&](baton::LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
  };
  const auto log = std::make_shared<baton::LogObserver>(
      baton::LogOptions{.level = baton::LogLevel::debug, .sink = sink, .format = baton::LogFormat::json});
  baton::ThreadPool pool;
  {
    baton::Scheduler scheduler{pool};
    scheduler.observe(log);
    scheduler.start(make_plan()).wait();
  }
  check(lines.size() == 7);  // the run twice, two tasks that start, three that end
  check(lines.front().starts_with("{\"time\":\""));
  check(lines.front().find("\"event\":\"run_started\"") != std::string::npos);
}

void trace_with_options(const std::string& path) {
  const baton::TraceOptions options{.arrows_to_a_task = 2, .waiting_lanes = 0};
  const auto trace = std::make_shared<baton::TraceObserver>(path, options);
  baton::ThreadPool pool;
  {
    baton::Scheduler scheduler{pool};
    scheduler.observe(trace);
    scheduler.start(make_plan()).wait();
  }
  trace->close();
  check(std::filesystem::file_size(path) > 0);
}

void count() {
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  const auto metrics = std::make_shared<baton::MetricsObserver>();
  scheduler.observe(metrics);
  scheduler.start(make_plan()).wait();

  baton::MetricsSnapshot now = metrics->snapshot();
  const baton::ThreadPoolStats stats = pool.stats();
  now.add("pool_parks_total", "Times a thread went to sleep.", static_cast<double>(stats.parks),
          baton::MetricKind::counter);
  const std::string text = baton::to_prometheus(now, {{"job", "nightly"}});
  check(
      text.starts_with("# HELP baton_runs_running Runs that have not ended.\n# TYPE baton_runs_running gauge\n"
                       "baton_runs_running{job=\"nightly\"} "));
  check(text.find("baton_tasks_ended_total{job=\"nightly\",outcome=\"omitted\"} 1\n") != std::string::npos);
}

void log_to_spdlog(const std::shared_ptr<spdlog::logger>& logger) {
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  scheduler.observe(baton::make_log_observer(logger, baton::LogLevel::debug));
  scheduler.start(make_plan()).wait();
}

void show_progress() {
  std::ostringstream out;
  baton::ThreadPool pool;
  {
    baton::Scheduler scheduler{pool};
    scheduler.observe(std::make_shared<baton::ProgressObserver>(
        baton::ProgressOptions{.style = baton::ProgressStyle::lines, .out = &out}));
    scheduler.start(make_plan()).wait();
  }
  check(out.str().starts_with("import: 3 of 3 tasks ended, 1 failed, "));
}

void print_above_progress() {
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  const auto progress = std::make_shared<baton::ProgressObserver>();
  const std::unique_ptr<std::streambuf> above = baton::make_progress_buffer(progress);
  std::streambuf* const before = std::cerr.rdbuf(above.get());
  scheduler.observe(progress);
  baton::Run run = scheduler.start(make_plan());
  progress->print("this stands above the bar");
  std::cerr << "and so does this" << std::endl;
  run.wait();
  std::cerr.rdbuf(before);
}

void write_files(const std::filesystem::path& folder) {
  baton::ThreadPool pool;
  {
    baton::Scheduler scheduler{pool};
    const auto trace = std::make_shared<baton::TraceObserver>((folder / "trace.json").string());
    const auto report = std::make_shared<baton::ReportObserver>((folder / "report.html").string());
    scheduler.observe(trace);
    scheduler.start(make_plan(), {.observers = {report}}).wait();
  }
  check(std::filesystem::file_size(folder / "trace.json") > 0);
  check(std::filesystem::file_size(folder / "report.html") > 0);
}

void write_graph(const std::filesystem::path& folder) {
  baton::ThreadPool pool;
  const auto report = std::make_shared<baton::ReportObserver>(
      baton::ReportFiles{.page = (folder / "report.html").string(), .graph = (folder / "report.svg").string()});
  {
    baton::Scheduler scheduler{pool};
    scheduler.start(make_plan(), {.observers = {report}}).wait();
  }
  report->close();
  std::ostringstream svg;
  svg << std::ifstream(folder / "report.svg").rdbuf();
  check(svg.str().find("<title>read: failed</title>") != std::string::npos);
}

void look_at_a_timeline() {
  const baton::Plan plan = make_plan();
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  const auto timeline = std::make_shared<baton::Timeline>();
  scheduler.observe(timeline);
  baton::Run run = scheduler.start(plan);
  run.wait();

  std::ostringstream out;
  const auto record = timeline->find_run(run.id());
  for (std::size_t id = 0; id < record->tasks.size(); ++id) {
    const baton::TaskTiming& timing = record->tasks[id];
    out << plan.task_name(static_cast<baton::TaskId>(id)) << ": " << timing.state;
    if (timing.duration()) out << " after " << baton::format_duration(*timing.duration());
    out << '\n';
  }
  timeline->forget(run.id());
  check(out.str().find("read: failed after ") != std::string::npos);
  check(out.str().find("parse: omitted\n") != std::string::npos);
}

}  // namespace

int main() {
  observe();
  log();
  log_json();
  count();
  log_to_spdlog(std::make_shared<spdlog::logger>("null", std::make_shared<spdlog::sinks::null_sink_mt>()));
  show_progress();
  print_above_progress();
  const std::filesystem::path folder = "watch_a_run_files";
  std::filesystem::create_directories(folder);
  write_files(folder);
  write_graph(folder);
  trace_with_options((folder / "options.json").string());
  std::filesystem::remove_all(folder);
  look_at_a_timeline();
}
