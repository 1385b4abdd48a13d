// SPDX-License-Identifier: MIT
#include <baton/observe/report.hpp>

#include <baton/base/error.hpp>
#include <baton/observe/text.hpp>

#include "observe/output_file.hpp"

#include <exception>
#include <fstream>
#include <mutex>
#include <utility>

namespace baton {
namespace {

/// A file that is written anew at the end of each run, if it has a path.
class ReportFile {
 public:
  /// Opens it, so that a wrong path shows at once.
  ReportFile(std::string what, std::string path) : what_(std::move(what)), path_(std::move(path)) {
    if (!path_.empty()) detail::open_output(what_, path_);
  }

  /// Replaces what is in it by what `fill(stream)` writes.
  /// @returns what went wrong by an exception, or null.
  template <typename Fill>
  std::exception_ptr write(const Fill& fill) {
    if (path_.empty()) return nullptr;
    failed_ = true;  // also when something throws
    try {
      std::ofstream file = detail::open_output(what_, path_);
      fill(file);
      failed_ = !file.flush();
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  }

  /// @throws Error when it was not written completely the last time.
  void check() const {
    if (failed_) throw Error(what_ + " '" + one_line(path_) + "': could not be written completely");
  }

 private:
  std::string what_;
  std::string path_;
  bool failed_ = false;
};

ReportFiles checked(ReportFiles files) {
  if (files.page.empty() && files.graph.empty()) throw UsageError("a report needs the path of its page or its graph");
  if (files.page == files.graph) {
    throw UsageError("a report cannot have page and graph in the same file, '" + one_line(files.page) + "'");
  }
  return files;
}

}  // namespace

struct ReportObserver::State {
  explicit State(const ReportFiles& files)
      : page("report", files.page), graph("graph", files.graph), direction(files.direction) {}

  Timeline timeline{};
  std::mutex mutex;  // of what follows
  ReportFile page;
  ReportFile graph;
  const std::optional<DiagramDirection> direction;
  bool closed = false;

  void write(const Snapshot& record) {
    const std::lock_guard lock(mutex);
    if (closed) return;
    const std::exception_ptr of_page = page.write([&](std::ostream& out) { write_report(out, record); });
    const std::exception_ptr of_graph = graph.write([&](std::ostream& out) { write_graph(out, record, direction); });
    if (of_page) std::rethrow_exception(of_page);
    if (of_graph) std::rethrow_exception(of_graph);
  }
};

ReportObserver::ReportObserver(std::string path) : ReportObserver(ReportFiles{.page = std::move(path)}) {}
ReportObserver::ReportObserver(ReportFiles files) : state_(std::make_unique<State>(checked(std::move(files)))) {}
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
  state_->page.check();
  state_->graph.check();
}

}  // namespace baton
