// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/by_hand.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using baton::Context;
using baton::Plan;
using baton::Run;
using baton::RunState;
using baton::Snapshot;
using baton::SnapshotChanges;
using baton::StartOptions;
using baton::TaskState;
using baton::TaskTiming;
using baton::TimePoint;
using baton::UsageError;
using baton::Workflow;
using baton::test::message_of;
using baton::test::scaled;
using testing::HasSubstr;
using testing::IsEmpty;

struct Recorded : baton::test::ByHand {
  [[nodiscard]] Run start(const Plan& plan, bool record = true) {
    StartOptions options;
    options.record = record;
    return scheduler.start(plan, std::move(options));
  }
};

/// `load` takes two seconds, `clean` fails, `store` is omitted.
struct Example {
  Workflow flow{"nightly"};
  baton::Task<void> load = flow.task("load", [](Context& context) { context.park_for(2s); });
  baton::Task<void> clean = flow.task("clean", [] { throw std::runtime_error("no space"); }).after(load);
  baton::Task<void> store = flow.task("store", [] {}).after(clean);
  Plan plan = flow.build();

  [[nodiscard]] const TaskTiming& of(const Snapshot& snapshot, const baton::Task<void>& task) const {
    return snapshot.tasks[index_of(plan.id(task))];
  }
};

TEST(Snapshots, TellWhatEachTaskDidWhen) {
  Recorded recorded;
  const Example example;
  const auto run = recorded.start(example.plan);
  const Snapshot begin = run.snapshot();
  EXPECT_EQ(begin.run, run.id());
  EXPECT_EQ(begin.plan, example.plan);
  EXPECT_EQ(begin.state, RunState::running);
  EXPECT_EQ(begin.started, TimePoint{});
  EXPECT_EQ(begin.ended, std::nullopt);
  EXPECT_EQ(begin.count(TaskState::pending), 2U);
  EXPECT_EQ(example.of(begin, example.load).state, TaskState::ready);
  EXPECT_GT(begin.version, 0U);

  recorded.executor.run_until_idle();
  const Snapshot end = run.snapshot();
  EXPECT_EQ(end.state, RunState::failed);
  EXPECT_EQ(end.duration(), 2s);
  EXPECT_EQ(end.taken, end.ended);
  EXPECT_EQ(example.of(end, example.load).duration(), 2s);
  EXPECT_EQ(example.of(end, example.load).wait(), 0s);
  EXPECT_EQ(example.of(end, example.load).parked, TimePoint{});
  EXPECT_EQ(example.of(end, example.clean).state, TaskState::failed);
  EXPECT_EQ(example.of(end, example.clean).attempt, 1U);
  EXPECT_EQ(example.of(end, example.store).state, TaskState::omitted);
  EXPECT_EQ(example.of(end, example.store).duration(), std::nullopt);
  ASSERT_EQ(end.errors.size(), 1U);
  EXPECT_EQ(end.errors[0], (baton::TaskError{example.plan.id(example.clean), "no space"}));
  EXPECT_EQ(example.of(begin, example.load).state, TaskState::ready) << "a snapshot changes with its run";
}

TEST(Snapshots, HaveStatesAndErrorsWithoutARecord) {
  Recorded recorded;
  const Example example;
  const auto run = recorded.start(example.plan, false);
  recorded.executor.run_until_idle();
  const Snapshot end = run.snapshot();
  EXPECT_EQ(end.state, RunState::failed);
  EXPECT_EQ(end.version, 0U);
  EXPECT_EQ(example.of(end, example.load), TaskTiming{TaskState::succeeded});
  EXPECT_EQ(example.of(end, example.store), TaskTiming{TaskState::omitted});
  ASSERT_EQ(end.errors.size(), 1U);
  EXPECT_EQ(end.errors[0].message, "no space");
  EXPECT_THAT(message_of<UsageError>([&] { static_cast<void>(run.changes(0)); }), HasSubstr("StartOptions::record"));
}

TEST(Snapshots, OutliveTheSchedulerAndTheHandle) {
  std::optional<Snapshot> snapshot;
  std::optional<baton::Run> run;
  {
    Recorded recorded;
    run = recorded.start(Example().plan);
    recorded.executor.run_until_idle();
  }
  snapshot = run->snapshot();
  run.reset();
  EXPECT_EQ(snapshot->state, RunState::failed);
  EXPECT_EQ(snapshot->plan.name(), "nightly");
}

TEST(Snapshots, OfAPlanWithoutTasks) {
  Recorded recorded;
  const auto run = recorded.start(Plan{});
  const Snapshot snapshot = run.snapshot();
  EXPECT_EQ(snapshot.state, RunState::succeeded);
  EXPECT_THAT(snapshot.tasks, IsEmpty());
  EXPECT_THAT(critical_path(snapshot).tasks, IsEmpty());
}

TEST(Snapshots, ChangesLeadToWhatALookGives) {
  Recorded recorded;
  const Example example;
  const auto run = recorded.start(example.plan);
  Snapshot followed = run.snapshot();
  while (!run.ended() && recorded.executor.run_one()) {
    const SnapshotChanges changes = run.changes(followed.version);
    EXPECT_LE(changes.tasks.size(), 2U);
    followed.apply(changes);
    const Snapshot now = run.snapshot();
    EXPECT_EQ(followed.version, now.version);
    EXPECT_EQ(followed.tasks, now.tasks);
    EXPECT_EQ(followed.errors, now.errors);
    EXPECT_EQ(followed.state, now.state);
    EXPECT_EQ(followed.ended, now.ended);
  }
  EXPECT_TRUE(run.ended());
  EXPECT_THAT(run.changes(followed.version).tasks, IsEmpty());
}

TEST(Snapshots, RefuseChangesThatDoNotContinueThem) {
  Recorded recorded;
  const auto run = recorded.start(Example().plan);
  Snapshot begin = run.snapshot();
  recorded.executor.run_until_idle();
  const Snapshot end = run.snapshot();
  const SnapshotChanges none = run.changes(end.version);
  EXPECT_THAT(message_of<UsageError>([&] { begin.apply(none); }), HasSubstr("not this snapshot's"));
  EXPECT_EQ(begin.state, RunState::running);
  EXPECT_THAT(message_of<UsageError>([&] { static_cast<void>(run.changes(end.version + 1)); }),
              HasSubstr("give a version that a snapshot of this run had"));
}

TEST(Snapshots, CriticalPathTakesWhatIsKnown) {
  Workflow flow;
  const auto slow = flow.task("slow", [](Context& context) { context.park_for(5s); }).expected_duration(1s);
  const auto quick = flow.task("quick", [] {}).expected_duration(3s);
  const auto last = flow.task("last", [] {}).expected_duration(1s).after(slow, quick);
  const Plan plan = flow.build();
  Recorded recorded;
  const auto run = recorded.start(plan);
  EXPECT_EQ(critical_path(run.snapshot()).length, 4s);
  EXPECT_EQ(critical_path(run.snapshot()).tasks, (std::vector{plan.id(quick), plan.id(last)}));
  recorded.executor.run_until_idle();
  EXPECT_EQ(critical_path(run.snapshot()).length, 5s);
  EXPECT_EQ(critical_path(run.snapshot()).tasks, (std::vector{plan.id(slow), plan.id(last)}));
}

/// Whether the moments of a task agree with its state: nothing is seen half changed.
bool is_whole(const TaskTiming& task) {
  switch (task.state) {
    case TaskState::pending:
      return !task.ready && !task.started && !task.ended && task.attempt == 0;
    case TaskState::ready:
      return task.ready && !task.started && !task.ended;
    case TaskState::running:
      return task.ready && task.started && !task.ended && task.attempt == 1;
    case TaskState::succeeded:
      return task.ready && task.started && task.ended && *task.ready <= *task.started && *task.started <= *task.ended;
    default:
      return false;
  }
}

class SnapshotsMeanwhile : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(SnapshotsMeanwhile);

TEST_P(SnapshotsMeanwhile, AreWholeAndMissNothing) {
  const baton::test::Shape shape = baton::test::random_dag(5'000, 3, threads());
  Workflow flow;
  std::vector<baton::Task<void>> tasks;
  for (std::uint32_t task = 0; task < shape.tasks; ++task) tasks.push_back(flow.task([] {}));
  for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(20); ++round) {
    StartOptions options;
    options.record = true;
    const auto run = scheduler.start(plan, std::move(options));
    Snapshot followed = run.snapshot();
    std::size_t torn = 0;
    bool ended = false;
    do {
      ended = run.ended();
      const SnapshotChanges changes = run.changes(followed.version);
      for (const auto& [task, timing] : changes.tasks) torn += !is_whole(timing);
      followed.apply(changes);
      const Snapshot now = run.snapshot();
      for (const TaskTiming& timing : now.tasks) torn += !is_whole(timing);
    } while (!ended);
    EXPECT_EQ(torn, 0U);
    EXPECT_EQ(followed.tasks, run.snapshot().tasks);
    EXPECT_EQ(followed.state, RunState::succeeded);
  }
}

TEST_P(SnapshotsMeanwhile, OfSeveralReadersAreWhole) {
  Workflow flow;
  const auto gate = flow.task([] {});
  for (std::size_t task = 0; task < 20'000; ++task) flow.task([] {}).after(gate);
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(3); ++round) {
    StartOptions options;
    options.record = true;
    const auto run = scheduler.start(plan, std::move(options));
    std::atomic<std::size_t> torn{0};
    std::vector<std::jthread> readers;
    for (int reader = 0; reader < 3; ++reader) {
      readers.emplace_back([&] {
        Snapshot followed = run.snapshot();
        while (followed.state == RunState::running) {
          const SnapshotChanges changes = run.changes(followed.version);
          for (const auto& [task, timing] : changes.tasks) torn += !is_whole(timing);
          followed.apply(changes);
        }
        torn += followed.tasks != run.snapshot().tasks;
      });
    }
    readers.clear();
    EXPECT_EQ(torn, 0U);
  }
}

}  // namespace
