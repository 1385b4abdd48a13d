// SPDX-License-Identifier: MIT
#include <baton/scheduler/scheduler.hpp>

#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using baton::Context;
using baton::FailureMode;
using baton::Plan;
using baton::RunFailed;
using baton::RunState;
using baton::StartOptions;
using baton::Task;
using baton::TaskFailure;
using baton::TaskState;
using baton::Workflow;
using baton::test::message_of;
using testing::ElementsAre;
using testing::IsEmpty;

class Errors : public baton::test::OnEachPool {
 protected:
  baton::Run run(const Workflow& flow, FailureMode mode = FailureMode::finish_independent) {
    StartOptions options;
    options.failure_mode = mode;
    baton::Run started = scheduler.start(flow.build(), std::move(options));
    started.wait();
    return started;
  }
};
BATON_ON_EACH_POOL(Errors);

struct DiskFull : std::runtime_error {
  DiskFull() : std::runtime_error("disk full") {}
  int left = 3;
};

TEST_P(Errors, ReachTheCallerWithTypeTextAndTask) {
  Workflow flow{"nightly"};
  const auto load = flow.task("load", []() -> int { throw DiskFull(); });
  const auto good = flow.task("good", [] { return 1; });
  const baton::Run done = run(flow);
  EXPECT_EQ(done.state(), RunState::failed);
  EXPECT_FALSE(done.succeeded());
  EXPECT_EQ(done.state(load), TaskState::failed);
  EXPECT_THROW(std::rethrow_exception(done.error(load)), DiskFull);
  EXPECT_EQ(done.error(good), nullptr);
  EXPECT_EQ(done.result(good), 1);
  ASSERT_EQ(done.failures().size(), 1U);
  const TaskFailure failure = done.failures().front();
  EXPECT_EQ(failure.task, done.plan().id(load));
  EXPECT_EQ(failure.task_name, "load");
  EXPECT_EQ(failure.attempt, 1U);
  EXPECT_EQ(failure.message, "disk full");
  EXPECT_EQ(failure.error, done.error(load));
}

TEST_P(Errors, AreThrownByGetWithAWholeText) {
  Workflow flow{"nightly"};
  const auto load = flow.task("load", []() -> int { throw DiskFull(); });
  const baton::Run done = run(flow);
  const std::string expected =
      "run " + std::to_string(done.id()) + " of workflow 'nightly' failed\n  task 'load': disk full";
  EXPECT_EQ(message_of<RunFailed>([&] { done.get(); }), expected);
  EXPECT_EQ(message_of<RunFailed>([&] { done.get(load); }), expected);
  EXPECT_EQ(message_of<baton::Error>([&] { done.get(); }), expected);
}

TEST_P(Errors, OfANamelessTaskAreNamedByItsNumber) {
  Workflow flow;
  flow.task([] {});
  flow.task([] { throw DiskFull(); });
  const baton::Run done = run(flow);
  EXPECT_EQ(message_of<RunFailed>([&] { done.get(); }),
            "run " + std::to_string(done.id()) + " failed\n  task '#1': disk full");
}

TEST_P(Errors, OfATypeThatIsNoExceptionAreKept) {
  Workflow flow{"f"};
  const auto number = flow.task("number", [] { throw 42; });
  const auto text = flow.task("text", [] { throw std::string("text"); });
  const auto pointer = flow.task("pointer", [] { throw "literal"; });
  const auto memory = flow.task("memory", [] { throw std::bad_alloc(); });
  const auto silent = flow.task("silent", [] { throw std::runtime_error(""); });
  const baton::Run done = run(flow);
  EXPECT_THROW(std::rethrow_exception(done.error(number)), int);
  EXPECT_THROW(std::rethrow_exception(done.error(text)), std::string);
  EXPECT_THROW(std::rethrow_exception(done.error(pointer)), const char*);
  EXPECT_THROW(std::rethrow_exception(done.error(memory)), std::bad_alloc);
  std::set<std::string> messages;
  for (const TaskFailure& failure : done.failures()) messages.insert(failure.task_name + ": " + failure.message);
  EXPECT_THAT(messages, ElementsAre("memory: std::bad_alloc", "number: an exception of type int",
                                    "pointer: an exception of type char const*",
                                    "silent: ", "text: an exception of type std::string"));
  static_cast<void>(silent);
}

TEST_P(Errors, OfTheEngineOwnKindAreKeptToo) {
  Workflow flow;
  const auto usage = flow.task([] { throw baton::UsageError("wrong"); });
  const auto empty = flow.task(std::function<void()>());
  const baton::Run done = run(flow);
  EXPECT_EQ(done.state(usage), TaskState::failed);
  EXPECT_EQ(done.state(empty), TaskState::failed);
  EXPECT_THROW(std::rethrow_exception(done.error(empty)), std::bad_function_call);
}

TEST_P(Errors, OmitExactlyTheDescendants) {
  Workflow flow;
  const auto root = flow.task([] { return 1; });
  const auto bad = flow.task([](int) -> int { throw DiskFull(); }, root);
  const auto child = flow.task([](int value) { return value; }, bad);
  const auto ordered = flow.task([] {}).after(bad);
  const auto grandchild = flow.task([](int value) { return value; }, child).after(ordered);
  const auto sibling = flow.task([](int value) { return value; }, root);
  const auto nephew = flow.task([](int value) { return value; }, sibling);
  const auto joined = flow.task([](int a, int b) { return a + b; }, nephew, grandchild);
  const baton::Run done = run(flow);
  for (const baton::AnyTask task : std::vector<baton::AnyTask>{child, ordered, grandchild, joined}) {
    EXPECT_EQ(done.state(task), TaskState::omitted);
    EXPECT_EQ(done.cause(task), done.plan().id(bad));
    EXPECT_EQ(done.error(task), nullptr);
  }
  for (const baton::AnyTask task : std::vector<baton::AnyTask>{root, sibling, nephew}) {
    EXPECT_EQ(done.state(task), TaskState::succeeded);
    EXPECT_EQ(done.cause(task), std::nullopt);
  }
  EXPECT_EQ(done.cause(bad), std::nullopt);
  EXPECT_EQ(done.counts()[TaskState::omitted], 4U);
  EXPECT_EQ(done.counts()[TaskState::succeeded], 3U);
  EXPECT_EQ(done.counts()[TaskState::failed], 1U);
  EXPECT_EQ(done.counts().ended(), 8U);
}

TEST_P(Errors, BehindAWideJoinOmitIt) {
  // The failed one is each of the parents in turn: none of the counters of a join may forget it.
  for (const std::size_t width : std::initializer_list<std::size_t>{1, 2, 63, 64, 100, 4000}) {
    for (const std::size_t failing : {std::size_t{0}, width / 2, width - 1}) {
      Workflow flow;
      const auto join = flow.task([] {});
      Task<void> bad;
      for (std::size_t i = 0; i < width; ++i) {
        const auto parent = flow.task([fails = i == failing] {
                                  if (fails) throw DiskFull();
                                })
                                .before(join);
        if (i == failing) bad = parent;
      }
      const baton::Run done = run(flow);
      EXPECT_EQ(done.state(join), TaskState::omitted) << width;
      EXPECT_EQ(done.cause(join), done.plan().id(bad));
      EXPECT_EQ(done.counts()[TaskState::succeeded], width - 1);
    }
  }
}

TEST_P(Errors, OfManyTasksAtOnceAreAllKept) {
  for (std::size_t round = 0; round < baton::test::scaled(20); ++round) {
    baton::test::Meeting meeting(threads());
    Workflow flow;
    for (std::size_t i = 0; i < threads(); ++i) {
      flow.task([&, i] {
        meeting.join();
        throw std::runtime_error("error " + std::to_string(i));
      });
    }
    for (std::size_t i = 0; i < 500; ++i) flow.task([i] { throw i; });
    const baton::Run done = run(flow);
    EXPECT_EQ(done.failures().size(), 500 + threads());
    std::set<baton::TaskId> tasks;
    for (const TaskFailure& failure : done.failures()) {
      tasks.insert(failure.task);
      EXPECT_EQ(done.error(failure.task), failure.error);
    }
    EXPECT_EQ(tasks.size(), 500 + threads());
  }
}

TEST_P(Errors, ComeInTheOrderInWhichTheyHappened) {
  Workflow flow{"f"};
  baton::test::Signal first_ended;
  const auto first = flow.task("z first", [] { throw std::runtime_error("1"); });
  const auto gate = flow.task("gate", [&] { first_ended.wait(); }).priority(-1);
  flow.task("a second", [] { throw std::runtime_error("2"); }).after(gate);
  const baton::Run started = scheduler.start(flow.build());
  while (started.state(first) != TaskState::failed && threads() > 1) std::this_thread::yield();
  first_ended.set();
  started.wait();
  EXPECT_EQ(
      message_of<RunFailed>([&] { started.get(); }),
      "run " + std::to_string(started.id()) + " of workflow 'f' failed\n  task 'z first': 1\n  task 'a second': 2");
}

TEST_P(Errors, StopTheRunWhenAskedTo) {
  std::atomic<int> calls{0};
  baton::test::Signal running;
  Workflow flow{"f"};
  if (threads() > 1) {
    flow.task("running",
              [&](Context& context) {
                running.set();
                while (!context.stop_requested()) std::this_thread::yield();
                context.throw_if_stopped();
              })
        .priority(2);
  } else {
    running.set();
  }
  const auto bad = flow.task("bad",
                             [&] {
                               running.wait();
                               throw DiskFull();
                             })
                       .priority(1);
  std::vector<Task<void>> others;
  for (int i = 0; i < 100; ++i) others.push_back(flow.task([&] { ++calls; }).after(bad));
  auto chain = flow.task([&] { ++calls; }).after(bad);
  for (int i = 0; i < 100; ++i) chain = flow.task([&] { ++calls; }).after(chain);
  const baton::Run done = run(flow, FailureMode::stop);
  EXPECT_EQ(done.state(), RunState::failed);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(done.state(others.front()), TaskState::cancelled);
  EXPECT_EQ(done.counts()[TaskState::failed], 1U);
  EXPECT_EQ(done.counts()[TaskState::cancelled], done.plan().size() - 1);
  EXPECT_EQ(message_of<RunFailed>([&] { done.get(); }),
            "run " + std::to_string(done.id()) + " of workflow 'f' failed\n  task 'bad': disk full");
}

TEST(ErrorsByHand, StopWhatWasReady) {
  baton::test::CheckedPool pool(1);
  baton::Scheduler scheduler(pool);
  std::atomic<int> calls{0};
  Workflow flow;
  flow.task([] { throw DiskFull(); }).priority(1);
  for (int i = 0; i < 1000; ++i) flow.task([&] { ++calls; });
  StartOptions options;
  options.failure_mode = FailureMode::stop;
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  run.wait();
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(run.counts()[TaskState::cancelled], 1000U);
}

TEST_P(Errors, InABodyThatWaitsLeaveItAsTheyAre) {
  Workflow inner{"inner"};
  const auto bad = inner.task("bad", []() -> int { throw DiskFull(); });
  const Plan plan = inner.build();
  Workflow outer{"outer"};
  const auto task = outer.task("outer task", [&] { return scheduler.start(plan).get(bad); });
  const baton::Run done = run(outer);
  EXPECT_THROW(std::rethrow_exception(done.error(task)), RunFailed);
}

TEST_P(Errors, OfCapturesAndLocalsLeaveNothingBehind) {
  const auto held = std::make_shared<int>(1);
  {
    Workflow flow;
    for (int i = 0; i < 100; ++i) {
      flow.task([held] {
        const auto local = held;
        throw local;
      });
    }
    const baton::Run done = run(flow);
    EXPECT_EQ(done.failures().size(), 100U);
  }
  scheduler.wait_all();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_P(Errors, OutliveSchedulerAndPlan) {
  baton::Run done;
  {
    baton::Scheduler short_lived(pool);
    Workflow flow{"f"};
    flow.task("bad", [] { throw DiskFull(); });
    done = short_lived.start(flow.build());
    done.wait();
  }
  EXPECT_EQ(done.failures().front().message, "disk full");
  EXPECT_THROW(done.get(), RunFailed);
}

TEST_P(Errors, OfACancelledRunAreToldToo) {
  Workflow flow{"f"};
  const auto bad = flow.task("bad", [] { throw DiskFull(); });
  flow.task("cancels", [&](Context&) { scheduler.cancel_all(); }).after(flow.task([] {})).priority(-1);
  flow.task([] {}).after(flow.find("cancels").value());
  const baton::Run done = run(flow);
  EXPECT_EQ(done.state(), RunState::cancelled);
  static_cast<void>(bad);
  EXPECT_THROW(done.get(), RunFailed);
}

TEST_P(Errors, TextOfACancelledRunSaysSo) {
  baton::test::Signal go;
  Workflow flow{"f"};
  const auto task = flow.task("task", [&](Context& context) {
    go.wait();
    context.throw_if_stopped();
  });
  const baton::Run started = scheduler.start(flow.build());
  started.cancel();
  go.set();
  EXPECT_EQ(message_of<RunFailed>([&] { started.get(); }),
            "run " + std::to_string(started.id()) + " of workflow 'f' was cancelled");
  try {
    started.get();
  } catch (const RunFailed& error) {
    EXPECT_THAT(error.failures(), IsEmpty());
  }
  EXPECT_EQ(started.state(task), TaskState::cancelled);
}

}  // namespace
