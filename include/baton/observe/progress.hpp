// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/scheduler/observer.hpp>

#include <cstdint>
#include <iosfwd>
#include <memory>

namespace baton {

/// How progress is shown.
enum class ProgressStyle : std::uint8_t {
  automatic,  ///< `bar` when writing to stderr and that is a terminal, otherwise `lines`.
  bar,        ///< One line that is drawn anew in its place.
  lines,      ///< A line now and then.
  silent,     ///< Nothing.
};

/// How a ProgressObserver draws, and where.
struct ProgressOptions {
  /// How it is drawn.
  ProgressStyle style = ProgressStyle::automatic;
  /// Where to write, stderr when null. Outlives the observer; used by one thread at a time.
  std::ostream* out = nullptr;
  /// The shortest time between two drawings, on the scheduler's clock; 0: 100 ms for a bar, 2 s for lines.
  Duration interval{};
};

/// Shows how far the runs it is told of have come: tasks ended and in all, running, failed, time, tasks a second.
///
/// Several runs at once are shown as one, with the name of the newest. Drawn when something happens, not while nothing
/// does, and a last time, complete, when no run is left. Thread-safe.
class BATON_API ProgressObserver final : public Observer {
 public:
  /// Draws from now on.
  explicit ProgressObserver(ProgressOptions options = {});
  ~ProgressObserver() override;

  void on_event(const Event& event) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace baton
