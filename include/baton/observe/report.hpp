// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/observe/timeline.hpp>
#include <baton/scheduler/observer.hpp>

#include <iosfwd>
#include <memory>
#include <string>

namespace baton {

/// Writes what a run did as one HTML page that needs nothing else: a summary, what failed and why, the graph, a
/// timeline by worker, and a table of all tasks. Without scripts, summary and failures are there.
///
/// Names and messages are shown as text, whatever they hold. A run that still goes on is shown as far as it has come.
/// Errors of `out` are left in its state. O(tasks + edges), besides `lay_out` for plans of up to 20,000 tasks; 50,000
/// tasks make about 4 MB.
BATON_API void write_report(std::ostream& out, const Snapshot& record);

/// Writes the report of a run into a file when the run ends. Meant for one run (`StartOptions::observers`): a later one
/// replaces the page.
///
/// Thread-safe. The end of a run comes to its observers soon after `Run::wait` may have returned; once the scheduler is
/// destroyed the page is there.
class BATON_API ReportObserver final : public Observer {
 public:
  /// @throws Error when the file cannot be opened for writing; the message names it and the cause.
  explicit ReportObserver(std::string path);
  ~ReportObserver() override;

  /// Does nothing after `close`.
  void on_event(const Event& event) override;

  /// Ends this; to be called when the runs have ended, by those who want to know whether the page was written.
  /// @throws Error when a page could not be written completely.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace baton
