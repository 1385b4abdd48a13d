// SPDX-License-Identifier: MIT
#include <baton/observe/timeline.hpp>

#include "observe/virtual_run.hpp"
#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/shapes.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

namespace {

using namespace baton;
using namespace baton::test;

TimePoint at(Duration time) { return TimePoint{time}; }

TEST(Timeline, KeepsWhenEachTaskDidWhat) {
  VirtualRun virtual_run;
  Workflow flow{"nightly"};
  const auto load = flow.task("load", parking(2s));
  const auto clean = flow.task("clean", [] {}).after(load);
  const auto timeline = std::make_shared<Timeline>();
  const auto run = virtual_run.run(flow.build(), timeline);

  const auto record = timeline->find_run(run.id());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->run, run.id());
  EXPECT_EQ(record->plan, run.plan());
  EXPECT_EQ(record->state, RunState::succeeded);
  EXPECT_EQ(record->started, at(0s));
  EXPECT_EQ(record->ended, at(2s));
  EXPECT_EQ(record->duration(), 2s);
  EXPECT_TRUE(record->errors.empty());
  EXPECT_EQ(record->tasks[index_of(run.plan().id(load))],
            (TaskTiming{TaskState::succeeded, 1, own_worker(), at(0s), at(0s), at(0s), at(2s)}));
  EXPECT_EQ(record->tasks[index_of(run.plan().id(clean))],
            (TaskTiming{TaskState::succeeded, 1, own_worker(), at(2s), at(2s), std::nullopt, at(2s)}));
  EXPECT_EQ(timeline->find_task(run.id(), run.plan().id(load))->duration(), 2s);
}

TEST(Timeline, KeepsWhatFailedAndWhatNeverStarted) {
  VirtualRun virtual_run;
  Workflow flow{"nightly"};
  const auto load = flow.task("load", [](Context& context) {
    context.park_for(1s);
    throw std::runtime_error("no such file");
  });
  const auto clean = flow.task("clean", [] {}).after(load);
  const auto timeline = std::make_shared<Timeline>();
  const auto run = virtual_run.run(flow.build(), timeline);

  const auto record = timeline->find_run(run.id());
  EXPECT_EQ(record->state, RunState::failed);
  EXPECT_EQ(record->count(TaskState::failed), 1U);
  EXPECT_EQ(record->count(TaskState::omitted), 1U);
  ASSERT_EQ(record->errors.size(), 1U);
  EXPECT_EQ(record->errors[0].task, run.plan().id(load));
  EXPECT_EQ(record->errors[0].message, "no such file");
  EXPECT_EQ(record->tasks[index_of(run.plan().id(clean))],
            (TaskTiming{TaskState::omitted, 0, 0, std::nullopt, std::nullopt, std::nullopt, at(1s)}));
}

TEST(Timeline, KeepsRunsUntilToldToForgetThem) {
  VirtualRun virtual_run;
  const Plan plan = plan_of(3);
  const auto timeline = std::make_shared<Timeline>();
  const auto first = virtual_run.run(plan, timeline);
  const auto second = virtual_run.run(plan, timeline);
  EXPECT_EQ(timeline->runs(), (std::vector{first.id(), second.id()}));
  timeline->forget(first.id());
  timeline->forget(first.id());
  EXPECT_EQ(timeline->runs(), std::vector{second.id()});
  EXPECT_FALSE(timeline->find_run(first.id()));
  EXPECT_FALSE(timeline->find_task(first.id(), TaskId{0}));
  EXPECT_TRUE(timeline->find_task(second.id(), TaskId{2}));
  EXPECT_FALSE(timeline->find_task(second.id(), TaskId{3}));
}

TEST(Timeline, TakesRunsWhoseStartItMissed) {
  const Plan plan = plan_of(2);
  Timeline timeline;
  timeline.on_event(task_event(Event::Kind::task_ended, plan, 1, 5s, TaskState::succeeded));
  timeline.on_event(run_event(Event::Kind::run_ended, plan, 6s, RunState::succeeded));
  const auto record = timeline.find_run(7);
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->duration());
  EXPECT_EQ(record->ended, at(6s));
  EXPECT_EQ(record->tasks[0].state, TaskState::pending);
  EXPECT_EQ(record->tasks[1].state, TaskState::succeeded);
  EXPECT_FALSE(record->tasks[1].duration());
}

class TimelineOnPool : public OnEachPool {};
BATON_ON_EACH_POOL(TimelineOnPool);

TEST_P(TimelineOnPool, AgreesWithTheRunAndItsOrder) {
  for (const Shape& shape : all_shapes(200)) {
    SCOPED_TRACE(shape);
    Recorder recorder(shape);
    const Plan plan = recorder.plan();
    const auto timeline = std::make_shared<Timeline>();
    Snapshot record;
    {
      Scheduler own{pool};
      const auto run = own.start(plan, {.observers = {timeline}});
      run.wait();
      record.run = run.id();
    }
    record = timeline->find_run(record.run).value();
    EXPECT_EQ(record.count(TaskState::succeeded), plan.size());
    EXPECT_EQ(record.state, RunState::succeeded);
    for (std::size_t i = 0; i < plan.size(); ++i) {
      const TaskTiming& task = record.tasks[i];
      EXPECT_LE(*record.started, *task.ready);
      EXPECT_LE(*task.ready, *task.started);
      EXPECT_LE(*task.started, *task.ended);
      EXPECT_LE(*task.ended, *record.ended);
      for (const TaskId before : plan.predecessors(static_cast<TaskId>(i))) {
        EXPECT_LE(*record.tasks[index_of(before)].ended, *task.started);
      }
    }
  }
}

TEST_P(TimelineOnPool, CanBeLookedAtMeanwhile) {
  const auto timeline = std::make_shared<Timeline>();
  std::latch started{1};
  std::atomic<bool> go{false};
  Workflow flow;
  auto gate = flow.task([&] {
    started.count_down();
    go.wait(false);
  });
  for (int i = 0; i < 500; ++i) flow.task([] {}).after(gate);
  const auto run = scheduler.start(flow.build(), {.observers = {timeline}});
  started.wait();

  const auto early = timeline->find_run(run.id());
  EXPECT_EQ(early->tasks[index_of(run.plan().id(gate))].state, TaskState::running);
  EXPECT_EQ(early->count(TaskState::pending), 500U);
  EXPECT_FALSE(early->ended);

  go = true;
  go.notify_all();
  std::size_t last = 0;
  while (!run.ended()) {
    const auto record = timeline->find_run(run.id());
    const std::size_t succeeded = record->count(TaskState::succeeded);
    EXPECT_GE(succeeded, last);
    last = succeeded;
    for (const TaskTiming& task : record->tasks) {
      if (task.state == TaskState::succeeded) {
        EXPECT_TRUE(task.duration());
      }
    }
  }
}

}  // namespace
