// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/scheduler/observer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>

namespace baton {

/// How much a TraceObserver draws, and when it hands over what it has written. The limits keep a file readable, and its
/// size in proportion to the number of tasks, whatever the graph looks like.
struct TraceOptions {
  /// At most this many arrows lead to a task: from those predecessors that ended last. 0: no arrows.
  std::uint32_t arrows_to_a_task = 8;
  /// At most this many arrows leave a task: to those successors that end first.
  std::uint32_t arrows_from_a_task = 64;
  /// At most this many tasks of a run are shown as waiting at the same time. 0: none.
  std::uint32_t waiting_lanes = 32;
  /// Tasks that waited for less are not shown as waiting.
  Duration shortest_wait = std::chrono::microseconds{1};
  /// What is older than this goes to the file when the next event is written, on the scheduler's clock.
  Duration flush_interval = std::chrono::milliseconds{200};
  /// So does what is longer than this.
  std::size_t flush_bytes = std::size_t{64} * 1024;
};

/// Writes runs in Chrome's trace format, for https://ui.perfetto.dev and chrome://tracing.
///
/// A run is a process with these lanes: one for the run as a whole, one a thread with the bodies that it called, and as
/// many as needed for tasks that went on without their body (`Context::park_for`). Intervals of one lane never overlap,
/// except that a body which waits for another run may enclose those that its thread calls meanwhile. Beside them, as
/// asynchronous intervals, tasks that were ready and waited: for a worker, a resource, an executor. Arrows lead from
/// the end of a task (its last nanosecond, which viewers count to it) to the start of those that had to wait for it.
/// Time is that of the scheduler's clock, zero at the first event.
///
/// Written as tasks end; a JSON array, whose end comes with `close` or the destructor. Viewers load one without that
/// end too: whenever the process ends, the file holds whole entries, and all of them up to the last flush. Keeps some
/// 100 bytes a task until its run has ended. Thread-safe.
class BATON_API TraceObserver final : public Observer {
 public:
  /// @throws Error when the file cannot be opened for writing; the message names it and the cause.
  explicit TraceObserver(const std::string& path, TraceOptions options = {});
  /// @param out  Outlives the observer, or its `close`.
  explicit TraceObserver(std::ostream& out, TraceOptions options = {});
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
