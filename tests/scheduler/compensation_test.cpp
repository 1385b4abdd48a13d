// SPDX-License-Identifier: MIT
// Tasks that are undone when the run goes wrong, and tasks that run in any case.
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/event_log.hpp"
#include "support/pools.hpp"
#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using baton::Context;
using baton::Outcome;
using baton::RunState;
using baton::Task;
using baton::TaskState;
using baton::Workflow;
using baton::test::scaled;
using baton::test::Signal;

[[noreturn]] void fail() { throw std::runtime_error("broken"); }

/// Lines in the order in which they came.
class Lines {
 public:
  void add(const std::string& line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
  }
  [[nodiscard]] std::vector<std::string> get() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  [[nodiscard]] std::size_t place_of(const std::string& line) const {
    const auto lines = get();
    return static_cast<std::size_t>(std::find(lines.begin(), lines.end(), line) - lines.begin());
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class Compensating : public baton::test::OnEachPool {};
BATON_ON_EACH_POOL(Compensating);

TEST_P(Compensating, UndoesWhatSucceededInReverseOrderAndNothingElse) {
  Lines lines;
  Workflow flow{"trip"};
  const auto flight = flow.task("flight", [] { return std::string("F1"); }).compensate([&](const std::string& id) {
    lines.add("undo " + id);
  });
  const auto hotel =
      flow.task(
              "hotel", [](const std::string&) { return std::string("H1"); }, flight)
          .compensate([&](Context& context, const std::string& id) { lines.add("undo " + id + context.task_name()); });
  const auto taxi = flow.task("taxi", [](const std::string&) { fail(); }, hotel).compensate([&] { lines.add("taxi"); });
  const auto tour = flow.task("tour", [] {}).after(taxi).compensate([&] { lines.add("tour"); });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(lines.get(), (std::vector<std::string>{"undo H1hotel/compensate", "undo F1"}));
  const auto state_of = [&](const char* name) { return run.state(run.plan().find(name).value()); };
  EXPECT_EQ(state_of("taxi/compensate"), TaskState::skipped);
  EXPECT_EQ(state_of("tour/compensate"), TaskState::skipped);
  EXPECT_EQ(state_of("hotel/compensate"), TaskState::succeeded);
  EXPECT_EQ(run.state(tour), TaskState::omitted);
}

TEST_P(Compensating, DoesNothingWhenAllWentWellOrTheFailureWasAllowed) {
  Lines lines;
  Workflow flow;
  flow.task("a", [] {}).compensate([&] { lines.add("undo"); });
  flow.task("b", [] { fail(); }).allow_failure();
  const baton::Run run = scheduler.start(flow.build());
  run.get();
  EXPECT_TRUE(lines.get().empty());
}

TEST_P(Compensating, WaitsForAllWorkAndCleanupForAllCompensations) {
  Lines lines;
  Workflow flow;
  flow.task("a", [] {}).compensate([&] { lines.add("undo a"); });
  flow.task("b", [] { fail(); });
  flow.task("slow", [&](Context& context) {
    context.park_for(5ms);
    lines.add("work");
  });
  flow.finally(
      "close", [&](const Outcome<void>& end) { lines.add(end.succeeded() ? "close" : "?"); },
      outcome(flow.task("c", [] {})));
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(lines.get(), (std::vector<std::string>{"work", "undo a", "close"}));
  EXPECT_EQ(run.state(), RunState::failed);
}

TEST_P(Compensating, HappensAfterACancelAndIsNotStoppedByIt) {
  Lines lines;
  Signal done;
  Workflow flow;
  const auto first = flow.task("first", [&] { done.set(); }).compensate([&](Context& context) {
    EXPECT_FALSE(context.stop_requested());
    EXPECT_FALSE(context.stop_token().stop_requested());
    lines.add("undo");
  });
  flow.task("second", [](Context& context) { context.park_for(1h); }).after(first);
  const auto last = flow.finally("finally", [&](Context& context) {
    EXPECT_FALSE(context.stop_requested());
    lines.add("finally");
  });
  const baton::Run run = scheduler.start(flow.build());
  done.wait();
  run.cancel();
  run.wait();
  EXPECT_EQ(run.state(), RunState::cancelled);
  EXPECT_EQ(run.state(last), TaskState::succeeded);
  // The cancel may have come before the end of the first task was noted, which has then succeeded all the same.
  EXPECT_EQ(lines.get(), (std::vector<std::string>{"undo", "finally"}));
}

TEST_P(Compensating, AFailedCompensationIsReportedAndTheOthersGoOn) {
  Lines lines;
  std::atomic<int> tries{0};
  Workflow flow;
  const auto a = flow.task("a", [] {}).compensate([&] { lines.add("undo a"); });
  const auto b = flow.task("b", [] {})
                     .after(a)
                     .compensate(
                         [&] {
                           ++tries;
                           fail();
                         },
                         {.attempts = 3, .delay = 0s});
  const auto c = flow.task("c", [] {}).after(b).compensate([&] { lines.add("undo c"); });
  flow.task("d", [] { throw std::logic_error("first"); }).after(c);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(lines.get(), (std::vector<std::string>{"undo c", "undo a"}));
  ASSERT_EQ(run.failures().size(), 2U);
  EXPECT_EQ(run.failures()[0].message, "first");
  EXPECT_EQ(run.failures()[1].task_name, "b/compensate");
}

TEST_P(Compensating, AFailedFinallyMakesTheRunFailAndDoesNotHideTheFirstError) {
  Workflow flow;
  flow.task("work", [] {}).compensate([] { ADD_FAILURE() << "nothing had gone wrong when the work was over"; });
  flow.finally("close", [] { fail(); });
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(), RunState::failed);
  ASSERT_EQ(run.failures().size(), 1U);
  EXPECT_EQ(run.failures()[0].task_name, "close");
}

TEST_P(Compensating, FinallyMayComeInOrderAndRunsHoweverTheOthersEnded) {
  Lines lines;
  Workflow flow;
  const auto first = flow.finally("first", [&] {
    lines.add("first");
    fail();
  });
  flow.finally("second", [&] { lines.add("second"); }).after(first);
  const auto never = flow.task("value", []() -> int { fail(); });
  const auto needs = flow.finally("needs", [](int) {}, never);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(lines.get(), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(run.state(needs), TaskState::omitted);
}

TEST_P(Compensating, ACancelLeavesTheWaitsOfCleanupAsTheyAre) {
  baton::VirtualClock clock;
  baton::Scheduler own(pool, {&clock});
  own.resource("door", 1);
  Signal waits;
  Workflow flow;
  flow.task("a", [] {})
      .compensate(
          [](Context& context) {
            if (context.attempt() == 1) fail();
          },
          {.attempts = 2, .delay = 24h, .max_delay = 24h});
  flow.task("b", [] { fail(); });
  flow.finally("last", [](Context& context) { context.park_for(1h); }).resource("door");
  flow.finally("as last", [](Context& context) { context.park_for(1h); }).resource("door");
  baton::StartOptions options;
  options.observers.push_back(std::make_shared<baton::test::CallingObserver>([&](const baton::Event& event) {
    if (event.kind == baton::Event::Kind::task_waiting) waits.set();
  }));
  baton::Run run;
  {
    const baton::VirtualClock::Hold hold(clock);
    run = own.start(flow.build(), std::move(options));
    waits.wait();
    run.cancel();
  }
  run.wait();
  own.wait_all();
  EXPECT_EQ(run.counts()[TaskState::cancelled], 0U);
  EXPECT_EQ(run.state(run.plan().find("a/compensate").value()), TaskState::succeeded);
  EXPECT_EQ(clock.now().time_since_epoch(), 26h);
}

TEST_P(Compensating, OrderIsTheReverseInRandomGraphs) {
  const auto seed = static_cast<std::uint32_t>(testing::UnitTest::GetInstance()->random_seed());
  std::mt19937 random(seed);
  for (std::size_t round = 0; round < scaled(60); ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
    const std::size_t size = 2 + random() % 40;
    Workflow flow;
    Lines lines;
    std::vector<Task<void>> tasks;
    std::vector<std::vector<std::size_t>> before(size);
    std::vector<bool> compensated(size);
    for (std::size_t at = 0; at < size; ++at) {
      tasks.push_back(flow.task(std::to_string(at), [] {}));
      for (std::size_t other = at > 5 ? at - 5 : 0; other < at; ++other) {
        if (random() % 3 != 0) continue;
        tasks[at].after(tasks[other]);
        before[at].push_back(other);
      }
      compensated[at] = random() % 2 == 0;
      if (compensated[at]) tasks[at].compensate([&lines, at] { lines.add(std::to_string(at)); });
    }
    flow.task([] { fail(); });
    const baton::Run run = scheduler.run(flow.build());
    std::vector<std::vector<bool>> reaches(size, std::vector<bool>(size));  // [later][earlier]
    for (std::size_t at = 0; at < size; ++at) {
      for (const std::size_t other : before[at]) {
        reaches[at][other] = true;
        for (std::size_t far = 0; far < other; ++far) {
          if (reaches[other][far]) reaches[at][far] = true;
        }
      }
    }
    EXPECT_EQ(lines.get().size(), static_cast<std::size_t>(std::count(compensated.begin(), compensated.end(), true)));
    for (std::size_t late = 0; late < size; ++late) {
      for (std::size_t early = 0; early < late; ++early) {
        if (!reaches[late][early] || !compensated[late] || !compensated[early]) continue;
        EXPECT_LT(lines.place_of(std::to_string(late)), lines.place_of(std::to_string(early)));
      }
    }
  }
}

TEST(CompensationFaults, AreToldAtOnceOrByBuild) {
  Workflow flow;
  const auto a = flow.task("a", [] { return std::make_unique<int>(1); }).compensate([] {});
  EXPECT_THROW(a.compensate([] {}), baton::UsageError);
  const auto b = flow.task("b", [] { return std::make_unique<int>(1); }).compensate([](const std::unique_ptr<int>&) {});
  flow.task("c", [](std::unique_ptr<int>) {}, take(b));
  EXPECT_THROW(static_cast<void>(flow.build()), baton::DefinitionError) << "its compensation needs the value";
}

TEST(CompensationFaults, RenamedRemovedAndCopiedTasksKeepTheirCompensationRight) {
  Workflow flow;
  const auto a = flow.task("a", [] {}).compensate([] {});
  const auto b = flow.task("b", [] {}).compensate([] {});
  flow.rename(a, "z");
  flow.remove(b);
  const Workflow copy = flow;
  const baton::Plan plan = copy.build();
  EXPECT_TRUE(plan.find("z/compensate"));
  EXPECT_FALSE(plan.find("b/compensate"));
  EXPECT_EQ(plan.size(), 3U);
}

TEST_P(Compensating, AHundredThousandTasksUndoesEachOnce) {
  constexpr std::size_t size = 100'000;
  std::vector<std::atomic<std::uint32_t>> undone(size);
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (std::size_t i = 0; i < size; ++i) {
    tasks.push_back(flow.task("book " + std::to_string(i), [] {}).compensate([&undone, i] { ++undone[i]; }));
  }
  auto last = flow.task("pay", [] { fail(); });
  for (const auto& task : tasks) last.after(task);
  const baton::Run run = scheduler.start(flow.build());
  run.wait();
  EXPECT_EQ(run.state(), RunState::failed);
  EXPECT_EQ(std::count(undone.begin(), undone.end(), 1U), static_cast<std::ptrdiff_t>(size));
  EXPECT_EQ(run.counts()[TaskState::failed], 1U);
}

}  // namespace
