// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/observe/timeline.hpp>
#include <baton/scheduler/observer.hpp>

#include <iosfwd>
#include <memory>
#include <string>

namespace baton {

/// Writes what a run did as one HTML page that needs nothing else: a summary, what failed and why, and a table of all
/// tasks, those that did not succeed in front.
///
/// Names and messages are shown as text, whatever they hold. Errors of `out` are left in its state.
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
