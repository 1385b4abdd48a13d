// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/graph/diagram.hpp>
#include <baton/observe/timeline.hpp>
#include <baton/scheduler/observer.hpp>

#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

namespace baton {

/// Writes what a run did as one HTML page that needs nothing else: a summary, what failed and why, the graph, a
/// timeline by worker, and a table of all tasks. Without scripts, summary and failures are there.
///
/// Names and messages are shown as text, whatever they hold. A run that still goes on is shown as far as it has come.
/// Errors of `out` are left in its state. O(tasks + edges), besides `lay_out` for plans of up to 20,000 tasks; 50,000
/// tasks make about 4 MB.
BATON_API void write_report(std::ostream& out, const Snapshot& record);

/// Writes the graph of a run alone, as an SVG picture: each task with the color and the sign of its state, the critical
/// path of `critical_path(record)` thick. `to_svg` of <baton/graph/diagram.hpp> has the rest.
///
/// A run that still goes on is shown as far as it has come. Errors of `out` are left in its state.
///
/// @param direction  Where successors are drawn. Empty: down, but to the right where a plan is much wider than deep, so
///                   that one need not scroll sideways.
BATON_API void write_graph(std::ostream& out, const Snapshot& record, std::optional<DiagramDirection> direction = {});

/// The files that a ReportObserver writes; one without a path is left out.
struct ReportFiles {
  std::string page{};                           ///< The HTML page, see `write_report`.
  std::string graph{};                          ///< The picture of the graph alone, see `write_graph`.
  std::optional<DiagramDirection> direction{};  ///< Of the picture, see `write_graph`.
};

/// Writes the report of a run into a file, or into two, when the run ends. Meant for one run
/// (`StartOptions::observers`): a later one replaces them.
///
/// Thread-safe. The end of a run comes to its observers soon after `Run::wait` may have returned; once the scheduler is
/// destroyed the files are there. A file that cannot be written does not keep the other from being written.
class BATON_API ReportObserver final : public Observer {
 public:
  /// The page alone.
  /// @throws Error when the file cannot be opened for writing; the message names it and the cause.
  explicit ReportObserver(std::string path);
  /// @throws UsageError when no file has a path, or both have the same.
  /// @throws Error when one cannot be opened for writing; the message names it and the cause.
  explicit ReportObserver(ReportFiles files);
  ~ReportObserver() override;

  /// Does nothing after `close`.
  void on_event(const Event& event) override;

  /// Ends this; to be called when the runs have ended, by those who want to know whether all was written.
  /// @throws Error when a file could not be written completely; the message names it.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace baton
