// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/scheduler/observer.hpp>

#include <iosfwd>
#include <memory>
#include <string>

namespace baton {

/// Writes runs in Chrome's trace format, for https://ui.perfetto.dev and chrome://tracing.
///
/// A run is a process with these lanes: one for the run as a whole, one a thread with the bodies that it called, and as
/// many as needed for tasks that went on without their body (`Context::park_for`). Intervals of one lane never overlap,
/// except that a body which waits for another run may enclose those that its thread calls meanwhile. Time is that of
/// the scheduler's clock, zero at the first event.
///
/// Written as tasks end; a JSON array, whose end comes with `close` or the destructor. Viewers load one without that
/// end too. Thread-safe.
class BATON_API TraceObserver final : public Observer {
 public:
  /// @throws Error when the file cannot be opened for writing; the message names it and the cause.
  explicit TraceObserver(const std::string& path);
  /// @param out  Outlives the observer, or its `close`.
  explicit TraceObserver(std::ostream& out);
  /// As `close`, but says nothing of errors.
  ~TraceObserver() override;

  /// Does nothing after `close`.
  void on_event(const Event& event) override;

  /// Ends the array. A second call does nothing.
  /// @throws Error when not everything could be written.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace baton
