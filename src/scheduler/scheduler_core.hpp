// SPDX-License-Identifier: MIT
#pragma once

#include <baton/scheduler/scheduler.hpp>

#include "graph/plan_data.hpp"
#include "scheduler/observers.hpp"
#include "scheduler/place.hpp"
#include "scheduler/resources.hpp"
#include "scheduler/run_core.hpp"
#include "scheduler/timers.hpp"
#include "scheduler/watch.hpp"

#include <memory>
#include <mutex>

namespace baton::detail {

/// What the runs of a scheduler share.
class SchedulerCore {
 public:
  SchedulerCore(Executor& executor_to_use, Clock* clock_to_use)
      : executor(executor_to_use),
        own_clock(clock_to_use == nullptr ? std::make_unique<SteadyClock>() : nullptr),
        clock(clock_to_use == nullptr ? *own_clock : *clock_to_use),
        timers(clock) {}

  enum class Caller { only_starts, works_along };
  /// Checks and creates; the first seat is taken and has the roots. Nothing runs yet.
  /// @param reuse  What the run takes over from an ended one; null for nothing.
  /// @param place  Of a child run; null for one that the host starts.
  std::pair<Run, Seat*> create(const Plan& plan, StartOptions& options, Caller caller = Caller::only_starts,
                               const Reuse* reuse = nullptr, std::unique_ptr<const RunPlace> place = nullptr);
  /// Called when a run is quiet, as the last thing it does with the scheduler; ends the engine's share in its memory.
  void retire(RunCore& run) noexcept;
  [[nodiscard]] std::vector<Run> runs_of_host() const;
  void cancel_all(const std::string& cause) noexcept;
  void wait_all();
  /// Whether the calling thread is inside a task of one of the runs.
  [[nodiscard]] bool below_on_this_stack() const noexcept;

  Executor& executor;
  const std::unique_ptr<Clock> own_clock;
  Clock& clock;
  const std::shared_ptr<std::atomic<std::uint64_t>> errors = std::make_shared<std::atomic<std::uint64_t>>(0);
  Observers observers{errors};
  SpareMessages spare_messages;
  Resources resources;
  Timers timers;
  std::atomic<PlanData::Pace> last_pace{PlanData::Pace::unknown};
  Watch watch;

  mutable std::mutex mutex;
  EngineCondition retired;
  RunCore* first_live = nullptr;  // of a list through RunCore::next_live
  std::size_t live_count = 0;
  std::size_t retiring = 0;
};

}  // namespace baton::detail
