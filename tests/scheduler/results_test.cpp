// SPDX-License-Identifier: MIT
#include <baton/scheduler/scheduler.hpp>

#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace {

using baton::Context;
using baton::Plan;
using baton::take;
using baton::Task;
using baton::UsageError;
using baton::Values;
using baton::Workflow;
using baton::test::message_of;

class Results : public baton::test::OnEachPool {
 protected:
  baton::Run run(const Workflow& flow) {
    baton::Run started = scheduler.start(flow.build());
    started.wait();
    EXPECT_TRUE(started.succeeded());
    return started;
  }
};
BATON_ON_EACH_POOL(Results);

TEST_P(Results, ArePassedByReferenceToEachConsumer) {
  Workflow flow;
  const auto text = flow.task([] { return std::string(1000, 'x'); });
  const auto first = flow.task([](const std::string& value) { return &value; }, text);
  const auto second = flow.task([](const std::string& value) { return &value; }, text);
  const baton::Run done = run(flow);
  EXPECT_EQ(done.result(first), &done.result(text));
  EXPECT_EQ(done.result(second), &done.result(text));
  EXPECT_EQ(done.get(text).size(), 1000U);
}

TEST_P(Results, ArePassedByValueWithConversion) {
  Workflow flow;
  const auto number = flow.task([] { return 7; });
  const auto half = flow.task([](double value) { return value / 2; }, number);
  EXPECT_EQ(run(flow).result(half), 3.5);
}

TEST_P(Results, OfSeveralParentsComeInTheOrderOfTheArguments) {
  Workflow flow;
  const auto a = flow.task([] { return std::string("a"); });
  const auto b = flow.task([] { return 2; });
  const auto c = flow.task([] { return 3.5; });
  const auto all = flow.task([](double x, const std::string& y, int z,
                                const std::string& again) { return y + std::to_string(z) + again + std::to_string(x); },
                             c, a, b, a);
  EXPECT_EQ(run(flow).result(all), "a2a3.500000");
}

TEST_P(Results, OfAVectorOfParentsKeepItsOrder) {
  Workflow flow;
  std::vector<Task<int>> parents;
  for (int i = 0; i < 1000; ++i) parents.push_back(flow.task([i] { return i; }).priority(i % 7));
  const auto in_order = flow.task(
      [](const Values<int>& values) {
        bool right = values.size() == 1000 && !values.empty();
        for (std::size_t i = 0; i < values.size(); ++i) right = right && values[i] == static_cast<int>(i);
        int next = 0;
        for (const int value : values) right = right && value == next++;
        return right;
      },
      parents);
  const auto as_vector = flow.task([](const std::vector<int>& values) { return values; }, parents);
  const auto reversed = flow.task([](std::vector<int> values) { return values.front(); },
                                  std::vector<Task<int>>(parents.rbegin(), parents.rend()));
  const auto none =
      flow.task([](const Values<int>& values) { return values.empty() && values.begin() == values.end(); },
                std::vector<Task<int>>{});
  const auto mixed = flow.task([](int first, const Values<int>& values, int last) { return first + values[1] + last; },
                               parents[5], std::vector{parents[7], parents[8], parents[7]}, parents[100]);
  const baton::Run done = run(flow);
  EXPECT_TRUE(done.result(in_order));
  EXPECT_EQ(done.result(as_vector)[999], 999);
  EXPECT_EQ(done.result(reversed), 999);
  EXPECT_TRUE(done.result(none));
  EXPECT_EQ(done.result(mixed), 113);
}

TEST_P(Results, ThatOnlyMoveAreHandedOverByTake) {
  Workflow flow;
  const auto made = flow.task([] { return std::make_unique<int>(1); });
  const auto raised = flow.task(
      [](std::unique_ptr<int> value) {
        ++*value;
        return value;
      },
      take(made));
  const auto again = flow.task(
      [](Context&, std::unique_ptr<int>&& value) {
        ++*value;
        return std::move(value);
      },
      take(raised));
  const auto seen = flow.task([](const std::unique_ptr<int>& value) { return *value; }, again);
  const baton::Run done = run(flow);
  EXPECT_EQ(done.result(seen), 3);
  EXPECT_EQ(*done.result(again), 3);
}

TEST_P(Results, ThatWereHandedOverAreGone) {
  Workflow flow{"nightly"};
  const auto made = flow.task("made", [] { return std::string("text"); });
  flow.task("taker", [](std::string&& value) { return value.size(); }, take(made));
  const baton::Run done = run(flow);
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(done.result(made)); }),
            "run " + std::to_string(done.id()) +
                " of workflow 'nightly': task 'made' has no result any more: it was handed over by take()");
}

TEST_P(Results, OfMembersFunctionsAndObjectsArrive) {
  struct Account {
    int balance;
    [[nodiscard]] int doubled() const { return 2 * balance; }
  };
  struct Adder {
    int summand;
    int operator()(Context&, int value) const { return value + summand; }
  };
  Workflow flow;
  const auto account = flow.task([] { return Account{4}; });
  const auto doubled = flow.task(&Account::doubled, account);
  const auto sum = flow.task(Adder{5}, doubled);
  const std::function<int(int)> negate = [](int value) { return -value; };
  const auto negated = flow.task(negate, sum);
  const baton::Run done = run(flow);
  EXPECT_EQ(done.result(doubled), 8);
  EXPECT_EQ(done.result(sum), 13);
  EXPECT_EQ(done.result(negated), -13);
}

TEST_P(Results, OfEverySizeAndAlignmentFit) {
  struct alignas(64) Line {
    std::array<std::uint8_t, 64> bytes{};
    [[nodiscard]] bool aligned() const { return reinterpret_cast<std::uintptr_t>(this) % 64 == 0; }
  };
  struct alignas(4096) Page {
    char byte = 'p';
    [[nodiscard]] bool aligned() const { return reinterpret_cast<std::uintptr_t>(this) % 4096 == 0; }
  };
  struct Empty {};
  Workflow flow;
  const auto small = flow.task([] { return 'c'; });
  const auto line = flow.task([] { return Line{}; });
  const auto flag = flow.task([] { return true; });
  const auto page = flow.task([] { return Page{}; });
  const auto large = flow.task([] { return std::array<int, 100'000>{1, 2, 3}; });
  const auto empty = flow.task([] { return Empty{}; });
  const auto checked =
      flow.task([](char c, const Line& l, bool f, const Page& p, const std::array<int, 100'000>& a,
                   const Empty&) { return c == 'c' && l.aligned() && f && p.aligned() && p.byte == 'p' && a[2] == 3; },
                small, line, flag, page, large, empty);
  const auto lines = flow.task([](const Values<Line>& values) { return values[0].aligned() && values[1].aligned(); },
                               std::vector{line, line});
  const baton::Run done = run(flow);
  EXPECT_TRUE(done.result(checked));
  EXPECT_TRUE(done.result(lines));
}

TEST_P(Results, OfBodiesWithLargeAndOverAlignedCapturesArrive) {
  struct alignas(128) Block {
    std::array<char, 50'000> bytes;
  };
  Workflow flow;
  std::vector<Task<bool>> checks;
  for (int i = 0; i < 20; ++i) {
    Block block{};
    block.bytes[49'999] = static_cast<char>(i);
    checks.push_back(flow.task([block, i] {
      return block.bytes[49'999] == static_cast<char>(i) && reinterpret_cast<std::uintptr_t>(&block) % 128 == 0;
    }));
  }
  const baton::Run done = run(flow);
  for (const auto& check : checks) EXPECT_TRUE(done.result(check));
}

TEST_P(Results, CanBeReadWhileTheRunGoesOn) {
  baton::test::Signal go;
  baton::test::Signal made;
  Workflow flow{"f"};
  const auto first = flow.task("first", [] { return 5; });
  const auto second = flow.task(
      "second",
      [&](int value) {
        made.set();
        go.wait();
        return value;
      },
      first);
  const auto third = flow.task("third", [](int value) { return value; }, second);
  const baton::Run started = scheduler.start(flow.build());
  made.wait();
  EXPECT_EQ(started.result(first), 5);
  const std::string prefix = "run " + std::to_string(started.id()) + " of workflow 'f': ";
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(started.result(second)); }),
            prefix + "task 'second' has no result: it is running");
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(started.result(third)); }),
            prefix + "task 'third' has no result: it is pending");
  go.set();
  EXPECT_EQ(started.get(third), 5);
}

TEST_P(Results, OfTasksThatDidNotSucceedAreRefused) {
  Workflow flow{"f"};
  const auto bad = flow.task("bad", []() -> int { throw std::runtime_error("no"); });
  const auto after = flow.task("after", [](int value) { return value; }, bad);
  const baton::Run done = scheduler.start(flow.build());
  done.wait();
  const std::string prefix = "run " + std::to_string(done.id()) + " of workflow 'f': ";
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(done.result(bad)); }),
            prefix + "task 'bad' has no result: it is failed");
  EXPECT_EQ(message_of<UsageError>([&] { static_cast<void>(done.result(after)); }),
            prefix + "task 'after' has no result: it is omitted");
}

TEST_P(Results, OfTheWrongRunAreRefused) {
  Workflow flow{"f"};
  flow.task([] { return 1; });
  Workflow other;
  const auto foreign = other.task([] { return 1; });
  const baton::Run done = run(flow);
  EXPECT_EQ(
      message_of<UsageError>([&] { static_cast<void>(done.result(foreign)); }),
      "plan 'f': the handle names no task of it (it is of another workflow, or the task was removed or added later)");
  EXPECT_THROW(static_cast<void>(done.state(foreign)), UsageError);
  EXPECT_THROW(static_cast<void>(done.result(Task<int>{})), UsageError);
}

TEST_P(Results, LiveAsLongAsAHandleOfTheRun) {
  baton::Run copy;
  const std::string* text = nullptr;
  {
    Workflow flow;
    const auto task = flow.task([] { return std::string(100, 'y'); });
    const baton::Run done = run(flow);
    text = &done.result(task);
    copy = done;
  }
  EXPECT_EQ(*text, std::string(100, 'y'));
}

TEST_P(Results, OfUntypedTasksArrive) {
  Workflow flow;
  const auto number = flow.task([] { return 20; });
  const auto other = flow.task([] { return 22; });
  const auto text =
      flow.untyped_task("text", baton::type_of<std::string>(), {baton::type_of<int>(), baton::type_of<int>()},
                        [](baton::UntypedCall& call) {
                          call.set(std::to_string(call.get<int>(0) + call.get<int>(1)) + " of " +
                                   std::to_string(call.size()) + " in " + call.context().task_name());
                        },
                        {number, other});
  const auto typed = flow.task_named<std::string>("text");
  EXPECT_EQ(text, typed);
  flow.untyped_task("quiet", baton::type_of<void>(), {}, [](baton::UntypedCall& call) { EXPECT_EQ(call.size(), 0U); },
                    {});
  const auto length = flow.task([](const std::string& value) { return value.size(); }, typed);
  const baton::Run done = run(flow);
  EXPECT_EQ(done.result(typed), "42 of 2 in text");
  EXPECT_EQ(done.result(length), 15U);
}

}  // namespace
