// SPDX-License-Identifier: MIT
#include <baton/executor/thread_pool.hpp>
#include <baton/scheduler/scheduler.hpp>

#include "support/by_hand.hpp"
#include "support/counted.hpp"
#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using baton::DefinitionError;
using baton::Plan;
using baton::RunState;
using baton::Task;
using baton::TaskState;
using baton::Workflow;

class First : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(First);

TEST_P(First, OfManyRunsItsTaskOnceWithAResult) {
  Workflow flow;
  std::vector<Task<std::unique_ptr<int>>> contenders;
  for (int each = 0; each < 1'000; ++each) {
    contenders.push_back(flow.task([each] {
      if (each % 3 == 0) throw std::runtime_error("lost");
      return std::make_unique<int>(each);
    }));
    contenders.back().allow_failure();
  }
  std::atomic<int> calls{0};
  const auto winner = flow.task(
      [&calls](const std::unique_ptr<int>& value) {
        ++calls;
        return *value;
      },
      baton::first(contenders));
  const Plan plan = flow.build();
  for (int round = 0; round < 20; ++round) {
    const baton::Run run = scheduler.start(plan);
    EXPECT_NE(run.get(winner) % 3, 0);
    EXPECT_EQ(calls.exchange(0), 1);
    EXPECT_EQ(run.counts()[TaskState::failed], 334U);
  }
}

TEST(FirstOfTwo, DoesNotWaitForALateContender) {
  baton::ThreadPool pool(2);
  baton::Scheduler scheduler(pool);
  Workflow flow;
  std::atomic<bool> started{false};
  const auto late = flow.task([&started] {
    started.wait(false);
    return 1;
  });
  const auto early = flow.task([] { return 2; });
  const auto last = flow.task(
      [&started](int value) {
        started = true;
        started.notify_all();
        return value;
      },
      baton::first(late, early));
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(last), 2);
  EXPECT_EQ(run.result(late), 1);
}

TEST_P(First, IsOmittedWhenAllHaveLost) {
  Workflow flow;
  const auto a = flow.task([]() -> int { throw std::runtime_error("a"); });
  const auto b = flow.task([]() -> int { return 1; });
  b.when([] { return false; });
  const auto last = flow.task([](int) {}, baton::first(a, b));
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(last), TaskState::omitted);
}

TEST_P(First, AlsoWaitsForWhatElseItsTaskIsGiven) {
  Workflow flow;
  const auto a = flow.task([] { return 1; });
  const auto b = flow.task([]() -> int { throw std::runtime_error("lost"); });
  b.allow_failure();
  const auto c = flow.task([] { return 10; });
  flow.task([](int x, int y, int z) { return x + y + z; }, baton::first(a, b), c, baton::first(c, a));
  EXPECT_THROW((void)flow.build(), DefinitionError);
  Workflow good;
  const auto d = good.task([] { return 1; });
  const auto e = good.task([]() -> int { throw std::runtime_error("lost"); });
  e.allow_failure();
  const auto f = good.task([] { return 10; });
  const auto both = good.task([](int x, int y) { return x + y; }, baton::first(d, e), f);
  const auto again = good.task([](int x) { return x; }, baton::first(both, e));
  EXPECT_EQ(scheduler.start(good.build()).get(again), 11);
}

// ---- What becomes of the task when nobody wins ----

Task<int> add_loser(Workflow& flow, TaskState outcome) {
  switch (outcome) {
    case TaskState::failed:
      return flow.task([]() -> int { throw std::runtime_error("lost"); }).allow_failure();
    case TaskState::cancelled:
      return flow.task([]() -> int { throw baton::Cancelled(); });
    case TaskState::skipped:
      return flow.task([] { return 1; }).when([] { return false; });
    default:
      return flow.task([](int value) { return value; }, add_loser(flow, TaskState::failed));
  }
}

TEST_P(First, IsOmittedHoweverAllHaveLost) {
  const std::vector<TaskState> ways{TaskState::failed, TaskState::cancelled, TaskState::skipped, TaskState::omitted};
  for (const TaskState one : ways) {
    for (const TaskState other : ways) {
      Workflow flow;
      const auto a = add_loser(flow, one);
      const auto b = add_loser(flow, other);
      const auto last = flow.task([](int value) { return value; }, baton::first(a, b));
      const auto after = flow.task([] {}).after(last);
      const baton::Run run = scheduler.start(flow.build());
      run.wait();
      EXPECT_EQ(run.state(a), one);
      EXPECT_EQ(run.state(b), other);
      EXPECT_EQ(run.state(last), TaskState::omitted);
      const bool only_skips = one == TaskState::skipped && other == TaskState::skipped;
      EXPECT_EQ(run.state(after), only_skips ? TaskState::succeeded : TaskState::omitted);
    }
  }
}

TEST_P(First, RunsHoweverTheOthersHaveLost) {
  for (const TaskState way : {TaskState::failed, TaskState::cancelled, TaskState::skipped, TaskState::omitted}) {
    Workflow flow;
    const auto a = add_loser(flow, way);
    const auto b = flow.task([] { return 2; });
    const auto last = flow.task([](int value) { return value; }, baton::first(a, b));
    const auto after = flow.task([] {}).after(last);
    const baton::Run run = scheduler.start(flow.build());
    run.wait();
    EXPECT_EQ(run.state(a), way);
    EXPECT_EQ(run.result(last), 2);
    EXPECT_EQ(run.state(after), TaskState::succeeded);
  }
}

TEST_P(First, IsOmittedWhenSomethingElseThatItNeedsHasFailed) {
  Workflow flow;
  const auto won = flow.task([] { return 1; });
  const auto lost = add_loser(flow, TaskState::skipped);
  const auto bad = add_loser(flow, TaskState::failed);
  const auto last = flow.task([](int, int) {}, baton::first(won, lost), bad);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(last), TaskState::omitted);
  EXPECT_EQ(run.cause(last), run.plan().id(bad));
}

// ---- Together with other things ----

TEST_P(First, MayBeMixedWithOtherArguments) {
  Workflow flow;
  const auto lost = add_loser(flow, TaskState::failed);
  const auto skipped = add_loser(flow, TaskState::skipped);
  const auto won = flow.task([] { return 1; });
  const auto plain = flow.task([] { return 10; });
  const auto last = flow.task(
      [](const baton::Outcome<int>& a, int first, const baton::Maybe<int>& b, int c, const baton::Values<int>& all,
         int second) { return (a.succeeded() ? 1'000 : 0) + (b ? 1'000 : 0) + first + c + all[0] + second; },
      outcome(skipped), baton::first(lost, won), maybe(skipped), plain, std::vector<Task<int>>{plain, plain},
      baton::first(add_loser(flow, TaskState::omitted), flow.task([] { return 100; })));
  EXPECT_EQ(scheduler.start(flow.build()).get(last), 1 + 10 + 10 + 100);
}

TEST_P(First, GivesItsContendersToSeveralTasks) {
  Workflow flow;
  baton::test::Tally tally;
  const auto a = flow.task([&tally] { return baton::test::Counted(tally, 1); });
  const auto b = flow.task([&tally] { return baton::test::Counted(tally, 2); });
  const auto read = [](const baton::test::Counted& value) { return value.value(); };
  const auto one = flow.task(read, baton::first(a, b));
  const auto other = flow.task(read, baton::first(b, a));
  const auto both = flow.task([](int x, int y) { return x + y; }, one, other);
  {
    const baton::Run run = scheduler.start(flow.build());
    const int sum = run.get(both);
    EXPECT_TRUE(sum >= 2 && sum <= 4) << sum;
  }
  EXPECT_EQ(tally.made, 2);
  EXPECT_EQ(tally.copies, 0);
}

TEST_P(First, OfAsManyContestsAsOneLikes) {
  Workflow flow;
  const auto lost = add_loser(flow, TaskState::failed);
  std::vector<Task<int>> winners;
  for (int each = 0; each < 200; ++each) {
    winners.push_back(flow.task([](int value) { return value; },
                                baton::first(add_loser(flow, TaskState::failed), flow.task([each] { return each; }))));
  }
  const auto sum = flow.task(
      [](const baton::Values<int>& values) {
        int all = 0;
        for (const int value : values) all += value;
        return all;
      },
      winners);
  const auto last = flow.task([](int value) { return value; }, baton::first(lost, sum));
  EXPECT_EQ(scheduler.start(flow.build()).get(last), 199 * 100);
}

template <std::size_t... Index>
Task<int> add_sum_of_contests(Workflow& flow, std::index_sequence<Index...> /*numbers*/) {
  const std::vector<Task<int>> losers{((void)Index, add_loser(flow, TaskState::failed))...};
  const std::vector<Task<int>> winners{flow.task([] { return static_cast<int>(Index); })...};
  return flow.task([](std::enable_if_t<Index + 1 != 0, int>... values) { return (values + ...); },
                   baton::first(losers[Index], winners[Index])...);
}

TEST_P(First, OfMoreContestsOfOneTaskThanACountHolds) {
  Workflow flow;
  const auto sum = add_sum_of_contests(flow, std::make_index_sequence<70>());
  EXPECT_EQ(scheduler.start(flow.build()).get(sum), 69 * 70 / 2);
}

TEST_P(First, InASubWorkflow) {
  Workflow inner("inner");
  const auto result = inner.task([](int value) { return value; },
                                 baton::first(add_loser(inner, TaskState::failed), inner.task([] { return 7; })));
  const Plan plan = inner.build();
  Workflow flow;
  const auto lost = add_loser(flow, TaskState::failed);
  const auto child = flow.subworkflow("child", plan, result);
  const auto last = flow.task([](int value) { return value; }, baton::first(lost, child));
  EXPECT_EQ(scheduler.start(flow.build()).get(last), 7);
}

// ---- By hand ----

TEST(FirstByHand, WaitsForTheAttemptThatSucceeds) {
  baton::test::ByHand hand;
  Workflow flow;
  int calls = 0;
  const auto flaky = flow.task([&calls]() -> int {
    if (++calls < 3) throw std::runtime_error("flaky");
    return calls;
  });
  flaky.retry({.attempts = 3, .delay = std::chrono::seconds(1)});
  const auto last = flow.task([](int value) { return value; }, baton::first(add_loser(flow, TaskState::failed), flaky));
  const baton::Run run = hand.scheduler.start(flow.build());
  hand.executor.run_until_idle();
  EXPECT_TRUE(run.ended());
  EXPECT_EQ(run.result(last), 3);
}

TEST(FirstByHand, OneContenderThatIsCancelledLoses) {
  baton::test::ByHand hand;
  Workflow flow;
  const auto a = flow.task([] { return 1; });
  const auto b = flow.task([] { return 2; });
  const auto last = flow.task([](int value) { return value; }, baton::first(a, b));
  const baton::Run run = hand.scheduler.start(flow.build());
  EXPECT_TRUE(run.cancel(a));
  hand.executor.run_until_idle();
  EXPECT_EQ(run.state(a), TaskState::cancelled);
  EXPECT_EQ(run.result(last), 2);
}

TEST(FirstByHand, AllThatAreCancelledLeaveItsTaskOmitted) {
  baton::test::ByHand hand;
  Workflow flow;
  const auto a = flow.task([] { return 1; });
  const auto b = flow.task([] { return 2; });
  const auto last = flow.task([](int value) { return value; }, baton::first(a, b));
  const baton::Run run = hand.scheduler.start(flow.build());
  EXPECT_TRUE(run.cancel(a));
  EXPECT_TRUE(run.cancel(b));
  hand.executor.run_until_idle();
  EXPECT_EQ(run.state(last), TaskState::omitted);
  EXPECT_EQ(run.state(), RunState::cancelled);
}

TEST(FirstByHand, IsCancelledWithTheRunAndStopsInAPause) {
  baton::test::ByHand hand;
  Workflow flow;
  baton::Run run;
  int calls = 0;
  const auto a = flow.task([&run] {
    run.pause();
    return 1;
  });
  const auto b = flow.task([] { return 2; });
  const auto last = flow.task([&calls](int value) { return calls += value; }, baton::first(a, b));
  const Plan plan = flow.build();
  run = hand.scheduler.start(plan);
  hand.executor.run_until_idle();
  EXPECT_EQ(run.state(last), TaskState::ready) << "the winner paused the run";
  EXPECT_EQ(run.state(b), TaskState::ready);
  run.resume();
  hand.executor.run_until_idle();
  EXPECT_EQ(run.result(last), 1);
  run = hand.scheduler.start(plan);
  hand.executor.run_until_idle();
  run.cancel();
  hand.executor.run_until_idle();
  EXPECT_EQ(run.state(last), TaskState::cancelled);
  EXPECT_EQ(run.state(b), TaskState::cancelled);
  EXPECT_EQ(calls, 1);
}

// ---- What is refused ----

std::string fault_of(Workflow& flow) {
  try {
    (void)flow.build();
  } catch (const DefinitionError& error) {
    return error.what();
  }
  return "none";
}

TEST(FirstIsRefused, WhenItsContendersAreNotSeveralTasksGivenOnce) {
  const auto fault = [](auto&& add) {
    Workflow flow("flow");
    const auto a = flow.task("a", [] { return 1; });
    const auto b = flow.task("b", [] { return 2; });
    add(flow, a, b);
    return fault_of(flow);
  };
  const auto user = [](int) {};
  const auto of_two = [](int, int) {};
  EXPECT_NE(fault([&](Workflow& flow, auto&, auto&) {
              flow.task("c", user, baton::first(std::vector<Task<int>>{}));
            }).find("task 'c': first(...) needs two contenders or more, not 0"),
            std::string::npos);
  EXPECT_NE(fault([&](Workflow& flow, auto& a, auto&) {
              flow.task("c", user, baton::first(a, a));
            }).find("task 'c' is given task 'a' by first(...) and once more; name it once"),
            std::string::npos);
  EXPECT_NE(fault([&](Workflow& flow, auto& a, auto& b) {
              flow.task("c", of_two, baton::first(a, b), a);
            }).find("task 'c' is given task 'a' by first(...) and once more; name it once"),
            std::string::npos);
  EXPECT_NE(fault([&](Workflow& flow, auto& a, auto& b) {
              flow.task("c", user, baton::first(a, b)).when([](int) { return true; }, a);
            }).find("task 'c' is given task 'a' by first(...) and once more; name it once"),
            std::string::npos);
  EXPECT_NE(fault([&](Workflow& flow, auto& a, auto& b) {
              flow.task("c", user, baton::first(a, b)).after(a);
            }).find("task 'c' comes after task 'a', which is a contender of its first(...)"),
            std::string::npos);
  EXPECT_NE(fault([&](Workflow& flow, auto& a, auto& b) {
              flow.task("c", user, baton::first(a, b)).depends(baton::ended(a));
            }).find("task 'c' is given first(...) and has a rule (depends)"),
            std::string::npos);
  EXPECT_NE(fault([&](Workflow& flow, auto& a, auto& b) {
              flow.task("c", user, baton::first(a, b));
              flow.task("d", [](int&&) {}, baton::take(a));
            }).find("task 'd' takes the result of task 'a', which is used 2 times"),
            std::string::npos);
  EXPECT_NE(fault([&](Workflow& flow, auto& a, auto&) {
              Workflow other;
              flow.task("c", user, baton::first(a, other.task([] { return 3; })));
            }).find("an argument of task 'c' is a handle of another workflow"),
            std::string::npos);
}

}  // namespace
