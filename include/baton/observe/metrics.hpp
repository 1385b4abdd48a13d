// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/state.hpp>
#include <baton/base/time.hpp>
#include <baton/scheduler/observer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace baton {

/// How often durations fell into each of fixed ranges.
struct DurationHistogram {
  /// The number of ranges with an upper bound; one more has none.
  static constexpr std::size_t bound_count = 28;
  /// The upper bounds, which belong to their ranges: 1 us, 2.5 us, 5 us, 10 us, 25 us and so on up to 1000 s.
  [[nodiscard]] BATON_API static const std::array<Duration, bound_count>& bounds() noexcept;

  std::array<std::uint64_t, bound_count + 1> counts{};  ///< By range, not summed up; the last is above all bounds.
  double sum_seconds = 0;                               ///< Of all durations.

  /// How many durations there were.
  [[nodiscard]] BATON_API std::uint64_t count() const noexcept;
  /// Adds those of `other`.
  BATON_API DurationHistogram& operator+=(const DurationHistogram& other) noexcept;

  friend bool operator==(const DurationHistogram&, const DurationHistogram&) = default;
};

/// How a number of the host's own changes.
enum class MetricKind : std::uint8_t {
  counter,  ///< Only upwards; its name should end with `_total`.
  gauge,    ///< Up and down.
};

/// A number of the host's own.
struct Metric {
  std::string name;                     ///< Letters, digits, `_` and `:`, not beginning with a digit.
  std::string help;                     ///< What it is; any text.
  double value = 0;                     ///< In base units: seconds, bytes.
  MetricKind kind = MetricKind::gauge;  ///< Whether it only grows.

  friend bool operator==(const Metric&, const Metric&) = default;
};

/// Figures at one moment. A plain value.
struct MetricsSnapshot {
  /// The number of reasons in WaitReason.
  static constexpr std::size_t reason_count = 6;
  /// The number of states in RunState.
  static constexpr std::size_t run_state_count = 4;

  /// By RunState: how many runs are `running` now; how many have ended in each of the other ways.
  std::array<std::uint64_t, run_state_count> runs{};
  /// By TaskState: how many tasks are `waiting`, `ready` or `running` now; how many have ended with each outcome.
  /// `pending` ones are not counted.
  std::array<std::uint64_t, task_state_count> tasks{};
  /// By WaitReason: how often tasks were put aside.
  std::array<std::uint64_t, reason_count> waits{};
  /// From being ready to the call of the body.
  DurationHistogram queue_time;
  /// From the call of the body to the outcome, the time included for which the task went on without its body.
  DurationHistogram run_time;
  /// What was added by `add`, in that order.
  std::vector<Metric> others;

  /// Adds a number of the host's own, such as `ThreadPool::stats().steals`, to be shown with the others.
  /// @throws UsageError  the name is none that Prometheus takes, is one of baton's own, or was added before; the
  ///                     message names it. Nothing was added.
  BATON_API void add(std::string_view name, std::string_view help, double value, MetricKind kind = MetricKind::gauge);

  /// Adds the figures of `other`, of another scheduler for instance. Metrics of the host that both have are summed up.
  BATON_API MetricsSnapshot& operator+=(const MetricsSnapshot& other);

  friend bool operator==(const MetricsSnapshot&, const MetricsSnapshot&) = default;
};

/// Labels that each line shall have, name and value: `{{"job", "nightly"}}`.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// The figures as Prometheus wants to read them: its text format, version 0.0.4. docs/reference/metrics.md lists them.
///
/// @throws UsageError  a label's name is none that Prometheus takes, is one of baton's own, or occurs twice. Values may
///                     hold anything; what is not UTF-8 in them becomes U+FFFD.
[[nodiscard]] BATON_API std::string to_prometheus(const MetricsSnapshot& snapshot, const MetricLabels& labels = {});

/// Counts what runs and tasks do, and how long tasks wait and run.
///
/// Threads count each on their own; `snapshot` adds up. A run keeps 9 bytes a task until it has ended. A run that was
/// going on when the observer came is counted from then on; its tasks that had started before are in no histogram. An
/// observer that is taken away (`Scheduler::unobserve`) while runs go on keeps these as running.
class BATON_API MetricsObserver final : public Observer {
 public:
  MetricsObserver();
  ~MetricsObserver() override;

  void on_event(const Event& event) override;

  /// The figures so far. While things go on, tasks that change state meanwhile may be missed or counted in both states;
  /// whatever has ended before the call is in it, exactly.
  [[nodiscard]] MetricsSnapshot snapshot() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace baton
