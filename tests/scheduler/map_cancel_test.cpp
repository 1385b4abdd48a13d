// SPDX-License-Identifier: MIT
// Cancelling one element of a map.
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/faults.hpp>

#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <new>
#include <numeric>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using baton::Cancelled;
using baton::Context;
using baton::Input;
using baton::Outcome;
using baton::Plan;
using baton::RunState;
using baton::Task;
using baton::TaskState;
using baton::UsageError;
using baton::Workflow;
using baton::test::message_of;
using baton::test::scaled;
using baton::test::Signal;
using testing::HasSubstr;

class MapCancel : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(MapCancel);

std::vector<int> numbers(std::size_t count) {
  std::vector<int> list(count);
  std::iota(list.begin(), list.end(), 0);
  return list;
}

/// A map of four elements, one at a time, of which the first waits until it may end or is asked to stop.
struct Four {
  int call(int element, std::stop_token stop) {
    ++calls.at(static_cast<std::size_t>(element));
    if (element == 0) {
      began.set();
      const std::stop_callback asked(std::move(stop), [this] { go.set(); });
      go.wait();
    }
    return element;
  }

  Signal began;
  Signal go;
  std::array<std::atomic<int>, 4> calls{};
  Workflow flow{"outer"};
  Task<std::vector<int>> items = flow.task("items", [] { return numbers(4); });
};

struct FourCalls : Four {
  Task<std::vector<Outcome<int>>> collect() {
    return flow.map_outcomes("render", items,
                             [this](Context& context, int element) { return call(element, context.stop_token()); },
                             {.limit = 1});
  }
  Task<std::vector<int>> all() {
    return flow.map("render", items,
                    [this](Context& context, int element) { return call(element, context.stop_token()); },
                    {.limit = 1});
  }
};

struct FourRuns : Four {
  Task<std::vector<Outcome<int>>> collect() {
    return flow.map_outcomes("render", items, plan, number, result, {.limit = 1});
  }
  Task<std::vector<int>> all() { return flow.map("render", items, plan, number, result, {.limit = 1}); }

  Workflow inner{"inner"};
  Input<int> number = inner.input<int>("number");
  Task<int> result =
      inner.task("call", [this](Context& context, int element) { return call(element, context.stop_token()); }, number);
  Plan plan = inner.build();
};

std::string error_of(const Outcome<int>& outcome) {
  return message_of<Cancelled>([&] { std::rethrow_exception(outcome.error()); });
}

template <typename Kind>
void cancel_one_that_has_not_begun(baton::Scheduler& scheduler) {
  Kind four;
  const auto outcomes = four.collect();
  const baton::Run run = scheduler.start(four.flow.build());
  four.began.wait();
  EXPECT_TRUE(run.cancel_element(outcomes, 2, "not wanted"));
  EXPECT_FALSE(run.cancel_element(outcomes, 2, "again"));
  four.go.set();
  const std::vector<Outcome<int>>& ends = run.get(outcomes);
  EXPECT_EQ(ends[2].state(), TaskState::cancelled);
  EXPECT_EQ(error_of(ends[2]), "render[2] was cancelled: not wanted");
  EXPECT_EQ(four.calls[2], 0);
  for (const std::size_t other : {0U, 1U, 3U}) EXPECT_EQ(ends[other].value(), static_cast<int>(other));
  EXPECT_FALSE(run.cancel_element(outcomes, 3));
}

TEST_P(MapCancel, KeepsAnElementFromBeginning) {
  cancel_one_that_has_not_begun<FourCalls>(scheduler);
  cancel_one_that_has_not_begun<FourRuns>(scheduler);
}

template <typename Kind>
void cancel_one_that_runs(baton::Scheduler& scheduler) {
  Kind four;
  const auto outcomes = four.collect();
  const baton::Run run = scheduler.start(four.flow.build());
  four.began.wait();
  EXPECT_TRUE(run.cancel_element(outcomes, 0));  // its body returns a value when it is asked to stop
  EXPECT_FALSE(run.cancel_element(outcomes, 0));
  const std::vector<Outcome<int>>& ends = run.get(outcomes);
  EXPECT_EQ(ends[0].state(), TaskState::cancelled);
  EXPECT_EQ(error_of(ends[0]), "render[0] was cancelled");
  for (std::size_t other = 1; other < 4; ++other) EXPECT_TRUE(ends[other].succeeded());
}

TEST_P(MapCancel, StopsAnElementThatRuns) {
  cancel_one_that_runs<FourCalls>(scheduler);
  cancel_one_that_runs<FourRuns>(scheduler);
}

TEST_P(MapCancel, AsksOneBodyAndNoOther) {
  Signal began;
  Signal go;
  Workflow flow;
  const auto outcomes =
      flow.map_outcomes("render", flow.task([] { return numbers(4); }), [&](Context& context, int element) {
        const std::stop_token token = context.stop_token();
        if (element == 1) {
          began.set();
          while (!context.stop_requested()) std::this_thread::yield();
          EXPECT_TRUE(token.stop_requested());
          throw std::runtime_error("what it does now is of no account");
        }
        if (element == 0) go.wait();
        EXPECT_FALSE(token.stop_requested());
        EXPECT_FALSE(context.stop_requested());
        return element;
      });
  const baton::Run run = scheduler.start(flow.build());
  if (threads() == 1) go.set();
  began.wait();
  EXPECT_TRUE(run.cancel_element(outcomes, 1, "not wanted"));
  go.set();
  const std::vector<Outcome<int>>& ends = run.get(outcomes);
  EXPECT_EQ(ends[1].state(), TaskState::cancelled);
  EXPECT_EQ(error_of(ends[1]), "render[1] was cancelled: not wanted");
  for (const std::size_t other : {0U, 2U, 3U}) EXPECT_TRUE(ends[other].succeeded());
}

TEST_P(MapCancel, OfOneThatRunsEndsAMapThatNeedsAllElements) {
  FourCalls four;
  const auto all = four.all();
  const baton::Run run = scheduler.start(four.flow.build());
  four.began.wait();
  EXPECT_TRUE(run.cancel_element(all, 0));
  run.wait();
  EXPECT_EQ(run.state(all), TaskState::cancelled);
  for (std::size_t element = 1; element < 4; ++element) EXPECT_EQ(four.calls.at(element), 0);
}

template <typename Kind>
void cancel_one_of_all(baton::Scheduler& scheduler) {
  Kind four;
  const auto all = four.all();
  const auto after = four.flow.task("after", [](const std::vector<int>&) {}, all);
  const baton::Run run = scheduler.start(four.flow.build());
  four.began.wait();
  EXPECT_TRUE(run.cancel_element(all, 1));
  four.go.set();
  run.wait();
  EXPECT_EQ(run.state(all), TaskState::cancelled);
  EXPECT_EQ(run.state(after), TaskState::omitted);
  EXPECT_EQ(run.state(), RunState::cancelled);
  for (std::size_t element = 1; element < 4; ++element) EXPECT_EQ(four.calls.at(element), 0);
}

TEST_P(MapCancel, EndsAMapThatNeedsAllElements) {
  cancel_one_of_all<FourCalls>(scheduler);
  cancel_one_of_all<FourRuns>(scheduler);
}

template <typename Kind>
void cancel_one_in_a_pause(baton::Scheduler& scheduler) {
  Kind four;
  const auto outcomes = four.collect();
  const baton::Run run = scheduler.start(four.flow.build());
  four.began.wait();
  run.pause();
  EXPECT_TRUE(run.cancel_element(outcomes, 3));
  four.go.set();
  run.resume();
  const std::vector<Outcome<int>>& ends = run.get(outcomes);
  EXPECT_EQ(ends[3].state(), TaskState::cancelled);
  EXPECT_EQ(four.calls[3], 0);
  EXPECT_TRUE(ends[2].succeeded());
}

TEST_P(MapCancel, HoldsInAPause) {
  cancel_one_in_a_pause<FourCalls>(scheduler);
  cancel_one_in_a_pause<FourRuns>(scheduler);
}

TEST_P(MapCancel, RefusesWhatIsNoElement) {
  FourRuns four;
  const auto outcomes = four.collect();
  const auto later = four.flow.map("later", outcomes, [](const Outcome<int>&) {});
  const auto sub = four.flow.task("unrelated", [](const std::vector<Outcome<int>>&) {}, outcomes);
  const baton::Run run = scheduler.start(four.flow.build());
  four.began.wait();
  EXPECT_THAT(message_of<UsageError>([&] { run.cancel_element(outcomes, 4); }),
              HasSubstr("has no element 4: it has 4, counted from 0"));
  EXPECT_THAT(message_of<UsageError>([&] { run.cancel_element(later, 0); }), HasSubstr("has no elements yet"));
  EXPECT_THAT(message_of<UsageError>([&] { run.cancel_element(sub, 0); }), HasSubstr("'unrelated'"));
  four.go.set();
  run.get();
  EXPECT_FALSE(run.cancel_element(outcomes, 4));
}

/// `declare` declares a task that calls what it is given, and goes on when that returns.
template <typename Declare>
void expect_no_map(baton::Scheduler& scheduler, Declare&& declare) {
  Signal began;
  Signal go;
  Workflow flow;
  const baton::AnyTask task = declare(flow, [&] {
    began.set();
    go.wait();
  });
  const baton::Run run = scheduler.start(flow.build());
  began.wait();
  EXPECT_FALSE(run.map_progress(task));
  EXPECT_THAT(message_of<UsageError>([&] { run.cancel_element(task, 0); }), HasSubstr("is not a map"));
  go.set();
  run.get();
}

TEST_P(MapCancel, RefusesWhatIsNoMap) {
  expect_no_map(scheduler, [](Workflow& flow, const auto& wait) {
    const auto add = [wait](int sum, int each) {
      wait();
      return sum + each;
    };
    return flow.reduce("in parallel", flow.task([] { return numbers(4); }), 0, add, std::plus<>());
  });
  expect_no_map(scheduler, [](Workflow& flow, const auto& wait) {
    Workflow inner{"inner"};
    inner.task([wait] { wait(); });
    return flow.subworkflow("child", inner.build());
  });
}

template <typename Kind>
void cancel_without_memory(baton::Scheduler& scheduler) {
  Kind four;
  const auto outcomes = four.collect();
  const baton::Run run = scheduler.start(four.flow.build());
  four.began.wait();
  {
    baton::Faults faults;
    faults.fail("task_cancel", 1);
    EXPECT_THROW(run.cancel_element(outcomes, 2), std::bad_alloc);
    EXPECT_TRUE(run.cancel_element(outcomes, 3));
  }
  four.go.set();
  const std::vector<Outcome<int>>& ends = run.get(outcomes);
  EXPECT_TRUE(ends[2].succeeded());
  EXPECT_EQ(ends[3].state(), TaskState::cancelled);
}

TEST_P(MapCancel, ChangesNothingWithoutMemory) {
  cancel_without_memory<FourCalls>(scheduler);
  cancel_without_memory<FourRuns>(scheduler);
}

/// Cancels elements while they go by, and compares each answer with how the element has ended.
void expect_true_answers(const baton::Run& run, const Task<std::vector<Outcome<int>>>& outcomes, std::size_t count) {
  std::vector<bool> answers(count);
  for (std::size_t element = count; element-- > 0;) {
    if (!run.ended() && run.map_progress(outcomes)) answers[element] = run.cancel_element(outcomes, element);
  }
  const std::vector<Outcome<int>>& ends = run.get(outcomes);
  for (std::size_t element = 0; element < count; ++element) {
    ASSERT_EQ(ends[element].state(), answers[element] ? TaskState::cancelled : TaskState::succeeded) << element;
  }
}

TEST_P(MapCancel, AnswersExactlyWhileElementsGoBy) {
  Workflow inner;
  const auto number = inner.input<int>("number");
  const auto result = inner.task([](int value) { return value; }, number);
  const Plan plan = inner.build();
  for (std::size_t round = 0; round < scaled(100); ++round) {
    Workflow flow;
    Signal began;
    const auto items = flow.task([] { return numbers(200); });
    const auto calls = flow.map_outcomes("calls", items, [&](int value) {
      if (value == 0) began.set();
      return value;
    });
    const auto runs = flow.map_outcomes("runs", items, plan, number, result);
    const baton::Run run = scheduler.start(flow.build());
    began.wait();
    expect_true_answers(run, round % 2 == 0 ? calls : runs, 200);
  }
}

}  // namespace
