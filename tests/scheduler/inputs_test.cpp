// SPDX-License-Identifier: MIT
#include <baton/scheduler/scheduler.hpp>

#include "support/messages.hpp"
#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace {

using baton::DefinitionError;
using baton::Input;
using baton::Inputs;
using baton::Plan;
using baton::StartOptions;
using baton::take;
using baton::TaskState;
using baton::Workflow;
using baton::test::message_of;

class InputsOfRuns : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(InputsOfRuns);

TEST_P(InputsOfRuns, AreUsedLikeResults) {
  Workflow flow;
  const Input<std::string> name = flow.input<std::string>("name");
  const Input<int> count = flow.input<int>("count", 2);
  const auto text = flow.task(
      [](const std::string& each, int n) {
        std::string all;
        for (int i = 0; i < n; ++i) all += each;
        return all;
      },
      name, count);
  const Plan plan = flow.build();
  EXPECT_EQ(scheduler.start(plan, Inputs().set(name, "ab")).get(text), "abab");
  EXPECT_EQ(scheduler.start(plan, Inputs().set(name, "c").set(count, 3)).get(text), "ccc");
  Inputs reused;
  reused.set(name, "x").set(name, "y");
  EXPECT_EQ(scheduler.start(plan, std::move(reused)).get(text), "yy") << "the last value counts";
}

TEST_P(InputsOfRuns, AreResultsOfTheRun) {
  Workflow flow;
  const Input<int> x = flow.input<int>("x", 4);
  const baton::Run run = scheduler.start(flow.build());
  EXPECT_EQ(run.get(x), 4);
  EXPECT_EQ(run.state(x), TaskState::succeeded);
  EXPECT_EQ(run.counts().total(), 1U);
}

TEST_P(InputsOfRuns, MayOnlyMove) {
  Workflow flow;
  const Input<std::unique_ptr<int>> x = flow.input<std::unique_ptr<int>>("x");
  const auto number = flow.task([](std::unique_ptr<int> value) { return *value; }, take(x));
  const Plan plan = flow.build();
  EXPECT_EQ(scheduler.start(plan, Inputs().set(x, std::make_unique<int>(6))).get(number), 6);
}

TEST_P(InputsOfRuns, MayBeOverAligned) {
  struct alignas(256) Wide {
    int value = 0;
  };
  Workflow flow;
  const Input<Wide> x = flow.input<Wide>("x", Wide{3});
  const auto aligned = flow.task(
      [](const Wide& wide) { return reinterpret_cast<std::uintptr_t>(&wide) % 256 == 0 ? wide.value : -1; }, x);
  const Plan plan = flow.build();
  EXPECT_EQ(scheduler.start(plan, Inputs().set(x, Wide{5})).get(aligned), 5);
  EXPECT_EQ(scheduler.start(plan).get(aligned), 3);
}

TEST_P(InputsOfRuns, WithoutAValueAreReportedAllAtOnce) {
  Workflow flow{"report"};
  flow.input<int>("first");
  flow.input<int>("with fallback", 1);
  flow.input<int>("second");
  const Plan plan = flow.build();
  EXPECT_EQ(
      message_of<DefinitionError>([&] { scheduler.start(plan); }),
      "plan 'report' cannot run: input 'first' has no value; give it one by Inputs::set, or a default in the workflow\n"
      "plan 'report' cannot run: input 'second' has no value; give it one by Inputs::set, or a default in the "
      "workflow");
  EXPECT_EQ(message_of<DefinitionError>([&] { scheduler.run(plan); }),
            message_of<DefinitionError>([&] { scheduler.start(plan); }));
  EXPECT_EQ(scheduler.running(), 0U);
}

TEST_P(InputsOfRuns, OfAnotherWorkflowAreReported) {
  Workflow other;
  const Input<int> foreign = other.input<int>("x");
  Workflow flow{"report"};
  flow.task([] {});
  EXPECT_EQ(message_of<DefinitionError>([&] { scheduler.start(flow.build(), Inputs().set(foreign, 1)); }),
            "plan 'report' cannot run: a value is given for an input of another workflow");
}

TEST_P(InputsOfRuns, AreReportedTogetherWithResources) {
  Workflow flow{"report"};
  flow.input<int>("x");
  flow.task("load", [] {}).resource("disk");
  EXPECT_EQ(
      message_of<DefinitionError>([&] { scheduler.start(flow.build()); }),
      "plan 'report' cannot run: input 'x' has no value; give it one by Inputs::set, or a default in the workflow\n"
      "plan 'report' cannot run: task 'load' asks for 1 of resource 'disk', which the scheduler does not have; "
      "declare it by Scheduler::resource");
}

TEST_P(InputsOfRuns, OfACopiedWorkflowAreFoundByTheirCounterpart) {
  Workflow original;
  const Input<int> x = original.input<int>("x");
  const auto twice = original.task([](int value) { return 2 * value; }, x);
  const Workflow copy = original;
  const Plan plan = copy.build();
  const baton::Run run = scheduler.start(plan, Inputs().set(copy.counterpart(x), 4));
  EXPECT_EQ(run.get(copy.counterpart(twice)), 8);
}

TEST_P(InputsOfRuns, ThatWereRemovedNeedNoValue) {
  Workflow flow;
  const Input<int> x = flow.input<int>("x");
  flow.remove(x);
  flow.task([] {});
  EXPECT_NO_THROW(scheduler.start(flow.build()).get());
}

TEST_P(InputsOfRuns, ThatWereReplacedByABodyNeedNoValue) {
  Workflow flow;
  const Input<std::string> x = flow.input<std::string>("x");
  const auto size = flow.task([](const std::string& value) { return value.size(); }, x);
  flow.replace(x, [] { return std::string(1000, 'x'); });
  const Plan plan = flow.build();
  EXPECT_EQ(message_of<DefinitionError>([&] { EXPECT_EQ(scheduler.start(plan).get(size), 1000U); }),
            "(nothing was thrown)");
}

TEST_P(InputsOfRuns, MayWaitForTasks) {
  // An input is a task: order may be asked for, though its value is there from the start.
  std::string order;
  Workflow flow;
  const auto first = flow.task([&] { order += "a"; });
  const Input<int> x = flow.input<int>("x", 1);
  x.after(first);
  flow.task([&](int) { order += "b"; }, x);
  scheduler.start(flow.build()).get();
  EXPECT_EQ(order, "ab");
}

}  // namespace
