// SPDX-License-Identifier: MIT
#include <baton/scheduler/scheduler.hpp>

#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

// Tasks that wait for one another: as many bodies as there are workers really run at once.
namespace {

using baton::Task;
using baton::Workflow;
using baton::test::CheckedPool;
using baton::test::Meeting;
using baton::test::scaled;

class Meetings : public baton::test::OnEachPool {
 protected:
  void expect_success(const Workflow& flow) {
    const baton::Run run = scheduler.start(flow.build());
    run.wait();
    EXPECT_TRUE(run.succeeded());
  }
};
BATON_ON_EACH_POOL(Meetings);

TEST_P(Meetings, AsManyTasksAsWorkersMeet) {
  for (std::size_t round = 0; round < scaled(20); ++round) {
    Meeting meeting(threads());
    Workflow flow;
    for (std::size_t i = 0; i < threads(); ++i) flow.task([&] { meeting.join(); });
    expect_success(flow);
  }
}

TEST_P(Meetings, TheCallerThatWorksAlongIsOneMore) {
  for (std::size_t round = 0; round < scaled(20); ++round) {
    Meeting meeting(threads() + 1);
    Workflow flow;
    for (std::size_t i = 0; i <= threads(); ++i) flow.task([&] { meeting.join(); });
    EXPECT_TRUE(scheduler.run(flow.build()).succeeded());
  }
}

TEST_P(Meetings, TwoNeighboursOfOneBlockMeet) {
  if (threads() < 2) return;
  // Ready tasks are kept in blocks of 64: each pair of one such block, others around them.
  for (std::size_t first = 0; first < 63; ++first) {
    Meeting meeting(2);
    Workflow flow;
    for (std::size_t i = 0; i < 64; ++i) {
      if (i == first || i == first + 1) {
        flow.task([&] { meeting.join(); });
      } else {
        flow.task([] {});
      }
    }
    expect_success(flow);
  }
}

TEST_P(Meetings, TheTwoChildrenOfATaskMeet) {
  if (threads() < 2) return;
  for (std::size_t round = 0; round < scaled(200); ++round) {
    Meeting meeting(2);
    Workflow flow;
    const auto parent = flow.task([] {});
    flow.task([&] { meeting.join(); }).after(parent);
    flow.task([&] { meeting.join(); }).after(parent);
    expect_success(flow);
  }
}

TEST_P(Meetings, AfterALongWarmUpInTheSameRunAllMeet) {
  // A worker that has measured short bodies must not keep to itself what it claims then.
  for (std::size_t round = 0; round < scaled(5); ++round) {
    Meeting meeting(threads());
    Workflow flow;
    std::vector<Task<void>> layer;
    for (int i = 0; i < 20'000; ++i) layer.push_back(flow.task([] {}));
    const auto gate = flow.task([] {});
    for (const auto& task : layer) gate.after(task);
    for (std::size_t i = 0; i < threads(); ++i) flow.task([&] { meeting.join(); }).after(gate);
    expect_success(flow);
  }
}

TEST_P(Meetings, AfterALongChainInTheSameRunAllMeet) {
  for (std::size_t round = 0; round < scaled(5); ++round) {
    Meeting meeting(threads());
    Workflow flow;
    auto last = flow.task([] {});
    for (int i = 0; i < 20'000; ++i) last = flow.task([] {}).after(last);
    for (std::size_t i = 0; i < threads(); ++i) flow.task([&] { meeting.join(); }).after(last);
    expect_success(flow);
  }
}

TEST_P(Meetings, AmidShortTasksAllMeet) {
  for (std::size_t round = 0; round < scaled(10); ++round) {
    Meeting meeting(threads());
    Workflow flow;
    for (std::size_t i = 0; i < 64 * threads(); ++i) {
      if (i % 64 == round) {
        flow.task([&] { meeting.join(); });
      } else {
        flow.task([] {});
      }
    }
    expect_success(flow);
  }
}

TEST_P(Meetings, EachLayerOfADeepGraphMeets) {
  Meeting meeting(threads());
  Workflow flow;
  std::vector<Task<void>> above;
  for (std::size_t depth = 0; depth < scaled(300); ++depth) {
    std::vector<Task<void>> layer;
    for (std::size_t i = 0; i < threads(); ++i) {
      layer.push_back(flow.task([&] { meeting.join(); }));
      for (const auto& parent : above) layer.back().after(parent);
    }
    above = layer;
  }
  expect_success(flow);
}

TEST_P(Meetings, NeighboursOnBothSidesOfABlocksEndMeet) {
  // The children of one task lie in several blocks, fewer in the first than there are workers.
  for (std::size_t before = 0; before < 70; ++before) {
    Meeting meeting(threads());
    Workflow flow;
    auto last = flow.task([] {});
    for (std::size_t i = 1; i <= before; ++i) last = flow.task([] {}).after(last);
    for (std::size_t i = 0; i < threads(); ++i) flow.task([&] { meeting.join(); }).after(last);
    expect_success(flow);
  }
}

TEST_P(Meetings, TasksOfDifferentRunsMeet) {
  for (std::size_t round = 0; round < scaled(20); ++round) {
    Meeting meeting(threads());
    Workflow flow;
    flow.task([&] { meeting.join(); });
    const baton::Plan plan = flow.build();
    std::vector<baton::Run> runs;
    for (std::size_t i = 0; i < threads(); ++i) runs.push_back(scheduler.start(plan));
    for (const baton::Run& run : runs) run.wait();
  }
}

TEST_P(Meetings, WithTasksThatGetResourcesOnTheWay) {
  // Whoever takes up the task that has got its units may go on with another one that waits for it.
  if (threads() < 2) return;
  scheduler.resource("seat", 1);
  for (std::size_t round = 0; round < scaled(200); ++round) {
    Meeting meeting(2);
    baton::test::Signal started;
    baton::Run run;
    Workflow flow;
    Task<void> waits;
    const auto holds = flow.task([&] {
                             started.wait();
                             while (run.state(waits) != baton::TaskState::waiting) std::this_thread::yield();
                           })
                           .resource("seat");
    const auto begins = flow.task([&] {
      started.wait();
      while (run.state(holds) != baton::TaskState::running) std::this_thread::yield();
    });
    waits = flow.task([&] { meeting.join(); }).after(begins).resource("seat");
    flow.task([&] { meeting.join(); }).after(holds);
    run = scheduler.start(flow.build());
    started.set();
    run.wait();
    EXPECT_TRUE(run.succeeded());
  }
}

TEST(LargeMeetings, OnAPoolOfMoreThanSixtyFourThreadsAllMeet) {
  constexpr std::size_t threads = 72;
  CheckedPool pool(threads);
  baton::Scheduler scheduler(pool);
  Meeting meeting(threads);
  Workflow flow;
  for (std::size_t i = 0; i < threads; ++i) flow.task([&] { meeting.join(); });
  EXPECT_TRUE(scheduler.run(flow.build()).succeeded());
}

TEST(WorkConservation, NoTinyRunIsLostWhenTheLastWorkerGoesToSleep) {
  CheckedPool pool(2);
  baton::Scheduler scheduler(pool);
  std::size_t calls = 0;
  Workflow flow;
  flow.task([&calls] { ++calls; });
  const baton::Plan plan = flow.build();
  const std::size_t rounds = scaled(20'000);
  for (std::size_t round = 0; round < rounds; ++round) scheduler.start(plan).wait();
  EXPECT_EQ(calls, rounds);
}

}  // namespace
