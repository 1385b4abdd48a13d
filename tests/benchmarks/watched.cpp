// SPDX-License-Identifier: MIT
// What it costs to watch runs: a scheduler with observers, or runs that keep a record.
#include "baton_graph.hpp"

#include <baton/observe/log.hpp>
#include <baton/observe/metrics.hpp>
#include <baton/observe/progress.hpp>
#include <baton/observe/report.hpp>
#include <baton/observe/trace.hpp>

#include <array>
#include <atomic>
#include <ostream>
#include <semaphore>
#include <streambuf>
#include <string_view>
#include <vector>

namespace bench {
namespace {

/// Counts the tasks that ended.
class CountingObserver final : public baton::Observer {
 public:
  [[nodiscard]] baton::EventKinds kinds() const noexcept override { return {baton::Event::Kind::task_ended}; }
  [[nodiscard]] bool needs_time() const noexcept override { return false; }
  void on_event(const baton::Event& event) override {
    std::atomic<std::uint64_t>& count = counts_[event.worker % counts_.size()].value;
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

 private:
  struct alignas(64) Count {
    std::atomic<std::uint64_t> value{0};
  };
  std::array<Count, 64> counts_;
};

/// Notes how long each task took.
class TimingObserver final : public baton::Observer {
 public:
  explicit TimingObserver(std::size_t tasks) : began_(tasks), took_(tasks) {}
  void on_event(const baton::Event& event) override {
    const std::size_t task = baton::index_of(event.task);
    if (event.kind == baton::Event::Kind::task_started) began_[task] = event.time;
    if (event.kind == baton::Event::Kind::task_ended) took_[task] = event.time - began_[task];
  }

 private:
  std::vector<baton::TimePoint> began_;
  std::vector<baton::Duration> took_;
};

/// Writes the report of each run.
class ReportingObserver final : public baton::Observer {
 public:
  void on_event(const baton::Event& event) override {
    report_.on_event(event);
    if (event.kind == baton::Event::Kind::run_ended) written_.release();
  }
  /// Until the report of one more run has been written, which the end of a run does not wait for.
  void wait() { written_.acquire(); }

 private:
  baton::ReportObserver report_{std::string("/dev/null")};
  std::counting_semaphore<> written_{0};
};

/// Takes whatever is written, and throws it away.
class Nowhere final : public std::streambuf {
 public:
  std::streamsize xsputn(const char*, std::streamsize count) override { return count; }
  int overflow(int character) override { return character; }
};

std::ostream& nowhere() {
  static Nowhere buffer;
  static std::ostream out(&buffer);
  return out;
}

using Observers = std::vector<std::shared_ptr<baton::Observer>>;

Observers counting(std::size_t) { return {std::make_shared<CountingObserver>()}; }
Observers timing(std::size_t tasks) { return {std::make_shared<TimingObserver>(tasks)}; }
Observers logging(std::size_t) {
  return {std::make_shared<baton::LogObserver>(
      baton::LogOptions{baton::LogLevel::info, [](baton::LogLevel, std::string_view) {}})};
}
Observers showing_progress(std::size_t) {
  baton::ProgressOptions options;
  options.style = baton::ProgressStyle::lines;
  options.out = &nowhere();
  return {std::make_shared<baton::ProgressObserver>(options)};
}
Observers tracing(std::size_t) { return {std::make_shared<baton::TraceObserver>(nowhere())}; }
Observers measuring(std::size_t) { return {std::make_shared<baton::MetricsObserver>()}; }
Observers reporting(std::size_t) { return {std::make_shared<ReportingObserver>()}; }
Observers nothing(std::size_t) { return {}; }

Observers everything(std::size_t tasks) {
  Observers all;
  for (const auto make : {logging, showing_progress, tracing, measuring, reporting}) {
    for (auto& observer : make(tasks)) all.push_back(std::move(observer));
  }
  return all;
}

class WatchedGraph final : public BatonGraph {
 public:
  WatchedGraph(baton::Scheduler& scheduler, baton::Plan plan, Observers observers, bool record)
      : BatonGraph(scheduler, std::move(plan)), observers_(std::move(observers)), record_(record) {
    for (const auto& observer : observers_) {
      if (auto report = std::dynamic_pointer_cast<ReportingObserver>(observer)) report_ = std::move(report);
    }
  }
  void run() override {
    baton::StartOptions options;
    options.record = record_;
    options.observers = observers_;
    scheduler_.start(plan_, std::move(options)).wait();
    if (report_) report_->wait();
  }

 private:
  const Observers observers_;
  const bool record_;
  std::shared_ptr<ReportingObserver> report_;  // the one among them
};

class Watched final : public Library {
 public:
  Watched(unsigned threads, Observers (*make)(std::size_t tasks), bool record)
      : pool_(std::size_t{threads}), scheduler_(pool_), make_(make), record_(record) {}

  std::unique_ptr<Graph> build(const Shape& shape, Board& board) override {
    baton::Workflow flow;
    std::vector<baton::Task<void>> tasks(shape.tasks());
    declare(flow, shape, board, tasks);
    return std::make_unique<WatchedGraph>(scheduler_, std::move(flow).build(), make_(shape.tasks()), record_);
  }

 private:
  baton::ThreadPool pool_;
  baton::Scheduler scheduler_;
  Observers (*make_)(std::size_t tasks);
  bool record_;
};

template <Observers (*make)(std::size_t), bool record = false>
std::unique_ptr<Library> start(unsigned threads) {
  return std::make_unique<Watched>(threads, make, record);
}

}  // namespace

std::vector<LibraryInfo> watched() {
  return {{"baton, observer: counts", "", observing, start<counting>},
          {"baton, observer: times", "", observing, start<timing>},
          {"baton, recorded", "", observing, start<nothing, true>},
          {"baton, log of runs", "", observing, start<logging>},
          {"baton, progress", "", observing, start<showing_progress>},
          {"baton, trace", "", observing, start<tracing>},
          {"baton, metrics", "", observing, start<measuring>},
          {"baton, report", "", observing, start<reporting>},
          {"baton, all of these", "", observing, start<everything, true>}};
}

}  // namespace bench
