// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/scheduler/observer.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace baton {

/// How much a line of the log matters.
enum class LogLevel : std::uint8_t {
  trace,    ///< Tasks on their way: ready, waiting.
  debug,    ///< Bodies: started, succeeded.
  info,     ///< Runs: started, succeeded. Tasks that were not to run: skipped, omitted, cancelled.
  warning,  ///< A run was cancelled. An attempt failed, and another follows.
  error,    ///< A task or a run failed.
};

/// The name of `level` as written above.
[[nodiscard]] BATON_API std::string_view to_string(LogLevel level) noexcept;

/// How lines are written.
enum class LogFormat : std::uint8_t {
  text,  ///< For people: one sentence.
  json,  ///< For programs: one JSON object; docs/reference/events.md has its members.
};

/// Takes a line, without a line break at its end; valid during the call. Several threads may be in it at once.
using LogSink = std::function<void(LogLevel level, std::string_view line)>;

/// What a LogObserver writes, and where.
struct LogOptions {
  /// Lines below this are not made.
  LogLevel level = LogLevel::info;
  /// Where lines go; when empty, to stderr, each at once: text with time and level in front, JSON as it is.
  LogSink sink{};
  /// Text or JSON.
  LogFormat format = LogFormat::text;
};

/// Writes a line for each event: `run 3 'nightly': task 'load', attempt 1: failed after 1.5 s: no such file`.
///
/// What it asks to be told depends on the level: above `trace` nothing of tasks that become ready. It keeps 9 bytes a
/// task until a run has ended, for durations.
///
/// Thread-safe. What the sink throws leaves `on_event`, where the scheduler counts it (`Scheduler::observer_errors`).
class BATON_API LogObserver final : public Observer {
 public:
  /// Writes from now on.
  explicit LogObserver(LogOptions options = {});
  ~LogObserver() override;

  [[nodiscard]] EventKinds kinds() const noexcept override;
  void on_event(const Event& event) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace baton
