// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include "support/messages.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

// What may be a body and what it may be given: these tests are about what compiles and what a plan makes of it. How
// bodies are called is told by the tests of the scheduler.
namespace {

using baton::Context;
using baton::take;
using baton::Task;
using baton::Values;
using baton::Workflow;

int free_function(const int& value) { return value; }
[[maybe_unused]] void free_procedure() noexcept {}

struct Account {
  int balance = 0;
  [[nodiscard]] int doubled() const { return 2 * balance; }
};

struct Callable {
  std::string operator()(Context&, const std::string& text) const { return text; }
};

TEST(Bodies, MayBeLambdasFunctionsMembersAndObjects) {
  Workflow flow;
  const auto one = flow.task([] { return 1; });
  static_assert(std::is_same_v<decltype(flow.task(free_function, one)), Task<int>>);
  static_assert(std::is_same_v<decltype(flow.task(&free_function, one)), Task<int>>);
  static_assert(std::is_same_v<decltype(flow.task(free_procedure)), Task<void>>);
  const auto account = flow.task([] { return Account{3}; });
  static_assert(std::is_same_v<decltype(flow.task(&Account::doubled, account)), Task<int>>);
  const auto text = flow.task([] { return std::string("text"); });
  static_assert(std::is_same_v<decltype(flow.task(Callable{}, text)), Task<std::string>>);
  const std::function<int(int)> function = [](int value) { return value; };
  static_assert(std::is_same_v<decltype(flow.task("f", function, one)), Task<int>>);
  flow.task("f", function, one);
  flow.task(&Account::doubled, account);
  flow.task(free_function, one);
  EXPECT_EQ(flow.build().size(), 6U);
}

TEST(Bodies, MayReturnAnyMovableType) {
  Workflow flow;
  static_assert(
      std::is_same_v<decltype(flow.task([] { return std::make_unique<int>(1); })), Task<std::unique_ptr<int>>>);
  static_assert(
      std::is_same_v<decltype(flow.task([] { return std::array<char, 100000>{}; })), Task<std::array<char, 100000>>>);
  static_assert(std::is_same_v<decltype(flow.task([] { return true; })), Task<bool>>);
  static_assert(std::is_same_v<decltype(flow.task([] { return nullptr; })), Task<std::nullptr_t>>);
  static_assert(std::is_same_v<decltype(flow.task([]() -> const char* { return "x"; })), Task<const char*>>);
}

TEST(Bodies, MayHoldWhatOnlyMoves) {
  Workflow flow;
  auto pointer = std::make_unique<int>(3);
  flow.task([pointer = std::move(pointer)] { return *pointer; });
  const Workflow copy = flow;
  EXPECT_EQ(copy.build().size(), 1U);
}

TEST(Bodies, MayHoldMuchAndOverAlignedData) {
  struct alignas(128) Block {
    std::array<char, 100'000> bytes{};
  };
  Workflow flow;
  for (int i = 0; i < 10; ++i) {
    flow.task([] {});
    flow.task([block = Block{}] { return static_cast<int>(block.bytes[0]); });
    flow.task([i] { return i; });
  }
  EXPECT_EQ(flow.build().size(), 30U);
}

TEST(Bodies, TakeArgumentsByValueReferenceOrConversion) {
  Workflow flow;
  const auto number = flow.task([] { return 7; });
  flow.task([](int) {}, number);
  flow.task([](const int&) {}, number);
  flow.task([](long) {}, number);
  flow.task([](auto value) { return value; }, number);
  flow.task([](Context&, double) {}, number);
  EXPECT_EQ(flow.build().edge_count(), 5U);
}

TEST(Bodies, TakeMovedArguments) {
  Workflow flow;
  const auto make = [&] { return flow.task([] { return std::make_unique<int>(1); }); };
  flow.task([](std::unique_ptr<int>) {}, take(make()));
  flow.task([](std::unique_ptr<int>&&) {}, take(make()));
  flow.task([](const std::unique_ptr<int>&) {}, take(make()));
  flow.task([](Context&, std::unique_ptr<int>) {}, take(make()));
  EXPECT_EQ(flow.build().edge_count(), 4U);
}

TEST(Bodies, TakeGroupsOfArguments) {
  Workflow flow;
  std::vector<Task<int>> numbers;
  for (int i = 0; i < 5; ++i) numbers.push_back(flow.task([i] { return i; }));
  flow.task([](Values<int>) {}, numbers);
  flow.task([](const Values<int>&) {}, numbers);
  flow.task([](std::vector<int>) {}, numbers);
  flow.task([](const std::vector<int>&) {}, numbers);
  flow.task([](int, Values<int>, int) {}, numbers[0], numbers, numbers[1]);
  flow.task([](Values<int>) {}, std::vector<Task<int>>{});
  EXPECT_EQ(flow.build().edge_count(), 25U);
}

TEST(Bodies, MayBeStoredAsConstAndUsedSeveralTimes) {
  Workflow flow;
  const auto body = [text = std::string(50, 'x')] { return text.size(); };
  flow.task(body);
  flow.task("named", body);
  EXPECT_EQ(flow.build().size(), 2U);
}

TEST(UntypedTasks, AreWiredAtRunTime) {
  Workflow flow;
  const auto a = flow.task("a", [] { return 1; });
  const auto b = flow.untyped_task("b", baton::type_of<std::string>(), {baton::type_of<int>()},
                                   [](baton::UntypedCall& call) { call.set(std::to_string(call.get<int>(0))); }, {a});
  const auto text = flow.task_named<std::string>("b");
  EXPECT_EQ(text, b);
  flow.task([](const std::string&) {}, text);
  const baton::Plan plan = flow.build();
  EXPECT_EQ(plan.edge_count(), 2U);
  EXPECT_EQ(*plan.result_type(plan.id(b))->id, typeid(std::string));
}

TEST(UntypedTasks, AreCheckedByBuild) {
  Workflow flow{"f"};
  const auto number = flow.task("number", [] { return 1; });
  const auto nothing = flow.task("nothing", [] {});
  const auto body = [](baton::UntypedCall&) {};
  const baton::TypeRef none = baton::type_of<void>();
  flow.untyped_task("wrong", none, {baton::type_of<double>()}, body, {number});
  flow.untyped_task("few", none, {baton::type_of<int>(), baton::type_of<int>()}, body, {number});
  flow.untyped_task("many", none, {}, body, {number});
  flow.untyped_task("void", none, {baton::type_of<int>()}, body, {nothing});
  EXPECT_EQ(baton::test::message_of<baton::DefinitionError>([&] { static_cast<void>(flow.build()); }),
            "workflow 'f': task 'wrong', argument 1: task 'number' returns int, but the parameter is double\n"
            "workflow 'f': task 'few' is given 1 arguments, but has 2 parameters\n"
            "workflow 'f': task 'many' is given 1 arguments, but has 0 parameters\n"
            "workflow 'f': task 'void', argument 1: task 'nothing' returns void, but the parameter is int");
}

TEST(Subworkflows, OfAPlanAreWiredByTheirBindings) {
  Workflow inner;
  const auto x = inner.input<int>("x");
  const auto twice = inner.task([](int value) { return 2 * value; }, x);
  const baton::Plan plan = inner.build();
  Workflow outer;
  const auto number = outer.task([] { return 3; });
  const auto result = outer.subworkflow("inner", plan, twice, baton::bind(x, number));
  static_assert(std::is_same_v<decltype(result), const Task<int>>);
  const auto silent = outer.subworkflow("silent", plan, baton::bind(x, take(outer.task([] { return 1; }))));
  static_assert(std::is_same_v<decltype(silent), const Task<void>>);
  EXPECT_EQ(outer.build().edge_count(), 2U);
}

TEST(Subworkflows, WithAnOutputThatIsNotOfThePlanAreReported) {
  Workflow other;
  const auto foreign = other.task("foreign", [] { return 1; });
  Workflow inner{"inner"};
  inner.task([] {});
  Workflow outer{"outer"};
  outer.subworkflow("child", inner.build(), foreign);
  EXPECT_THROW(static_cast<void>(outer.build()), baton::DefinitionError);
}

TEST(Subworkflows, WithABindingOfAnInputThatIsNotOfThePlanAreReported) {
  Workflow other;
  const auto foreign = other.input<int>("foreign");
  Workflow inner{"inner"};
  inner.task([] {});
  Workflow outer{"outer"};
  outer.subworkflow("child", inner.build(), baton::bind(foreign, outer.task([] { return 1; })));
  EXPECT_THROW(static_cast<void>(outer.build()), baton::DefinitionError);
}

TEST(Subworkflows, ThatHoldWhatTheirTasksAskForAreReported) {
  Workflow innermost{"innermost"};
  innermost.task("train", [] {}).resource("gpu");
  Workflow inner{"inner"};
  inner.subworkflow("deep", innermost.build());
  Workflow outer{"outer"};
  const auto child = outer.subworkflow("child", inner.build()).resource("cpu").resource("gpu");
  std::string message;
  try {
    static_cast<void>(outer.build());
  } catch (const baton::DefinitionError& error) {
    message = error.what();
  }
  EXPECT_EQ(message,
            "workflow 'outer': task 'child' would hold resource 'gpu' while tasks of its plan 'inner' wait for it; let "
            "only those ask for it");
  outer.replace(child, [] {});
  EXPECT_NO_THROW(static_cast<void>(outer.build()));
}

TEST(Subworkflows, WithAnInputThatNothingFeedsAreReported) {
  Workflow inner{"inner"};
  inner.input<int>("x");
  Workflow outer{"outer"};
  outer.subworkflow("child", inner.build());
  EXPECT_THROW(static_cast<void>(outer.build()), baton::DefinitionError);
}

}  // namespace
