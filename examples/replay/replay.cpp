// SPDX-License-Identifier: MIT
#include "replay.hpp"

#include <baton/baton.hpp>
#include <baton/executor/manual_executor.hpp>
#include <baton/graph/analysis.hpp>
#include <baton/graph/untyped.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

namespace replay {
namespace {

using baton::Duration;
using baton::TimePoint;

/// Instead of working, a task parks: it takes its time without holding a thread.
struct ParkingBody {
  Duration runtime;
  bool fails;

  void operator()(const baton::UntypedCall& call) const {
    call.context().park_for(runtime);
    if (fails) throw std::runtime_error("made to fail by --fail");  // comes true when the time is over
  }
};

Duration scaled(Duration runtime, const Settings& settings) {
  if (!settings.scale) return runtime;
  return Duration(std::llround(static_cast<double>(runtime.count()) * *settings.scale));
}

struct Draft {
  baton::Workflow flow;
  std::vector<baton::AnyTask> tasks;  // by the number in the file
};

Draft describe(const RecordedWorkflow& recorded, const Settings& settings) {
  Draft draft{baton::Workflow(recorded.name), {}};
  draft.tasks.reserve(recorded.tasks.size());
  for (std::size_t i = 0; i < recorded.tasks.size(); ++i) {
    const RecordedTask& task = recorded.tasks[i];
    const ParkingBody body{scaled(task.runtime, settings), settings.failing == i};
    draft.tasks.push_back(draft.flow.untyped_task(task.id, baton::type_of<void>(), {}, body, {}));
    const auto handle = draft.flow.task_named<void>(task.id);
    if (recorded.has_runtimes) handle.expected_duration(task.runtime);
    if (settings.workers > 0) handle.resource("workers");
  }
  for (const auto& [parent, child] : recorded.edges) draft.flow.edge(draft.tasks[parent], draft.tasks[child]);
  return draft;
}

using Observers = std::vector<std::shared_ptr<baton::Observer>>;

void execute(const baton::Plan& plan, const Settings& settings, baton::Executor& executor, baton::Clock& clock,
             const Observers& observers, baton::ManualExecutor* driven) {
  // Once the scheduler is gone, every observer has been told everything.
  baton::Scheduler scheduler{executor, {.clock = &clock}};
  if (settings.workers > 0) scheduler.resource("workers", settings.workers);
  const baton::Run run = scheduler.start(plan, {.observers = observers});
  if (driven != nullptr) driven->run_until_idle();
  run.wait();
}

}  // namespace

baton::Plan plan_all(const RecordedWorkflow& recorded, const Settings& settings) {
  return describe(recorded, settings).flow.build();
}

baton::Plan plan_target(const RecordedWorkflow& recorded, const baton::Plan& all, const Settings& settings) {
  const baton::TaskId target = all.find(recorded.tasks[*settings.target].id).value();
  std::vector<bool> is_needed(all.size(), false);
  is_needed[*settings.target] = true;
  for (const baton::TaskId id : baton::ancestors(all, target)) is_needed[all.creation_index(id)] = true;

  Draft draft = describe(recorded, settings);
  for (std::size_t i = 0; i < draft.tasks.size(); ++i) {
    if (!is_needed[i]) draft.flow.remove(draft.tasks[i]);
  }
  return std::move(draft.flow).build();
}

baton::Snapshot run(const baton::Plan& plan, const Settings& settings, Observers observers) {
  const auto timeline = std::make_shared<baton::Timeline>();
  observers.push_back(timeline);
  if (settings.scale) {
    baton::ThreadPool pool;
    baton::SteadyClock clock;
    execute(plan, settings, pool, clock, observers, nullptr);
  } else {
    // On one thread, so that a replay repeats exactly.
    baton::ManualExecutor executor;
    baton::VirtualClock clock;
    execute(plan, settings, executor, clock, observers, &executor);
  }
  return timeline->find_run(timeline->runs().front()).value();
}

std::size_t max_running(const baton::Snapshot& record) {
  struct Change {
    TimePoint time;
    int order;  // of changes at one moment: those that end, those that take no time, those that start
    bool operator<(const Change& other) const { return std::pair(time, order) < std::pair(other.time, other.order); }
  };
  std::vector<Change> changes;
  for (const baton::TaskTiming& task : record.tasks) {
    if (!task.started || !task.ended) continue;
    if (task.started == task.ended) {
      changes.push_back({*task.started, 1});
    } else {
      changes.push_back({*task.ended, 0});
      changes.push_back({*task.started, 2});
    }
  }
  std::sort(changes.begin(), changes.end());
  std::size_t running = 0;
  std::size_t most = 0;
  for (const Change& change : changes) {
    most = std::max(most, running + (change.order == 0 ? 0 : 1));
    if (change.order == 0) --running;
    if (change.order == 2) ++running;
  }
  return most;
}

}  // namespace replay
