// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/executor/executor.hpp>
#include <baton/graph/inputs.hpp>
#include <baton/graph/plan.hpp>
#include <baton/graph/workflow.hpp>
#include <baton/scheduler/clock.hpp>
#include <baton/scheduler/observer.hpp>
#include <baton/scheduler/run.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

namespace detail {
class SchedulerCore;
}

/// What a run does when one of its tasks fails.
enum class FailureMode : std::uint8_t {
  finish_independent,  ///< Tasks that do not depend on the failed one run as usual.
  stop,                ///< No further body starts; running ones are asked to stop.
};

/// How a Scheduler is set up.
struct SchedulerOptions {
  /// Where time comes from; a SteadyClock of the scheduler's own when null. Outlives the scheduler and its runs.
  Clock* clock = nullptr;
};

/// How a run is started.
struct StartOptions {
  /// A value for each input that has none to fall back to.
  Inputs inputs{};
  /// Does not reach sub-workflows: their runs finish what is independent.
  FailureMode failure_mode = FailureMode::finish_independent;
  /// Keeps what each task does when, for `Run::snapshot`: about 60 bytes a task, and what an observer of all events
  /// with their times costs.
  bool record = false;
  /// What the random parts of retries' delays follow from; differs from run to run and process to process where not
  /// given.
  std::optional<std::uint64_t> seed{};
  /// How long the run may take, from its start, on the scheduler's clock. Then it is cancelled, with a cause that says
  /// so; what ends by itself at that very moment, or before, counts as it ended. 0 or less: nothing of it starts. Time
  /// goes on while the run is paused. Where its timer cannot be had the run is cancelled as it starts; its cause says
  /// why.
  std::optional<Duration> deadline{};
  /// Starts nothing before `Run::resume`. A plan without tasks ends at once all the same.
  bool paused = false;
  /// Told of this run only, besides the scheduler's.
  std::vector<std::shared_ptr<Observer>> observers{};
};

/// Decides which tasks are ready, and runs plans on an executor. Owns the resources, which all its runs share.
///
/// Thread-safe. The executor outlives the scheduler. Destroying a scheduler cancels its runs and waits until they have
/// ended; not to be done inside a task.
class BATON_API Scheduler {
 public:
  /// A scheduler without runs and resources.
  explicit Scheduler(Executor& executor, SchedulerOptions options = {});
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  ~Scheduler();

  /// Starts a run of `plan` and returns without waiting for any task.
  ///
  /// @throws DefinitionError  the plan cannot run here; each fault is named: an input without a value, one of a wrong
  ///                          plan, a resource that is not declared, or of which a task asks for more than there is.
  ///                          Nothing was started.
  Run start(const Plan& plan, StartOptions options = {});
  /// The same with these inputs, and default options otherwise.
  Run start(const Plan& plan, Inputs inputs);

  /// Runs `plan` to its end; the calling thread works along. Otherwise `start` and `wait`.
  /// @throws UsageError  it is to start paused: nobody could resume it; or 100 bodies wait further down on this thread,
  ///                     whose stack could overflow. Nothing was started.
  Run run(const Plan& plan, StartOptions options = {});
  /// The same with values for inputs only.
  Run run(const Plan& plan, Inputs inputs);

  /// Declares how many units of a resource there are, or changes that: a smaller number takes effect as units come
  /// back.
  void resource(std::string_view name, std::uint64_t units);

  /// Tells `observer` of all runs, those going on included, from now on.
  void observe(std::shared_ptr<Observer> observer);
  /// Ends that. Once this returns `observer` is not being called and will not be, except by a call that this very
  /// thread is in.
  void unobserve(const std::shared_ptr<Observer>& observer);
  /// How often observers and callbacks threw.
  [[nodiscard]] std::uint64_t observer_errors() const noexcept;

  /// Cancels every run that has not ended, with that cause; as `Run::cancel`, so runs that tasks have started end with
  /// their task, and those of cleanup go on.
  void cancel_all(const std::string& cause = {});
  /// Waits until no run is going on, and no thread is leaving one: values of runs without a handle are destroyed then.
  /// @throws UsageError inside a task of this scheduler.
  void wait_all() const;
  /// The number of runs that have not ended.
  [[nodiscard]] std::size_t running() const noexcept;

  /// What runs its slices.
  [[nodiscard]] Executor& executor() const noexcept;
  /// Where its time comes from.
  [[nodiscard]] Clock& clock() const noexcept;

  /// For the engine.
  [[nodiscard]] detail::SchedulerCore& core() const noexcept { return *core_; }

 private:
  std::unique_ptr<detail::SchedulerCore> core_;
};

/// Builds `flow` and runs it to its end on all cores, the calling thread working along.
///
/// A failed task does not throw: ask the run, or call its `get`.
/// @throws DefinitionError as Workflow::build and Scheduler::start.
BATON_API Run run(const Workflow& flow);

}  // namespace baton
