// SPDX-License-Identifier: MIT
// Tasks that are made of parts (maps, spawned tasks, loops, sub-workflows) and what may meet them, met in many ways:
// each scenario is played for each kind with BATON_SEEDS seeds, see seeded_round.hpp.
#include "support/seeded_round.hpp"

#include <baton/base/error.hpp>
#include <baton/graph/workflow.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace baton::test {
namespace {

enum class Kind { map, map_over_a_plan, spawn, loop, subworkflow };

constexpr std::uint32_t part_count = 4;

/// A workflow of three tasks: one before, one of four parts, one after. What the parts do is up to the scenario.
class Parts {
 public:
  Parts(SeededRound& its_round, Kind kind) : round(its_round), limit_(its_round.draw(3)) { add(kind); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  baton::Run start() { return round.start(flow.build()); }
  /// Cancels one task from a thread of its own; counts in `decided` how often that decided.
  void cancel_task_sometime(const baton::Run& run, std::uint32_t& decided) {
    round.thread("canceller", [this, run, &decided] { decided += run.cancel(parts, "no more") ? 1 : 0; });
  }

  SeededRound& round;
  bool cancelled = false;              // whether Run::cancel has returned
  std::uint32_t failing = part_count;  // which part fails
  Duration takes{};                    // how long each takes
  std::uint32_t calls = 0;
  std::uint32_t ended = 0;
  Workflow flow{"outer"};
  Task<void> before = flow.task("before", [this] { round.work(cancelled); });
  AnyTask parts;
  Task<void> after;

 private:
  void call(std::uint32_t number) {
    ++calls;
    round.work(cancelled);
    if (takes != Duration::zero()) take_time();
    if (number == failing) throw std::runtime_error("it fails");
    ++ended;
  }

  void take_time() {
    Workflow slow{"slow"};
    slow.task([this](Context& context) { context.park_for(takes); });
    const baton::Run run = round.start(slow.build());
    run.wait();
  }

  /// A plan of two tasks, of which the first is the part.
  struct Inner {
    explicit Inner(Parts& parts) {
      const auto part = flow.task(
          "part",
          [&parts](Context&, int its_number) {
            parts.call(static_cast<std::uint32_t>(its_number));
            return its_number + 1;
          },
          number);
      next = flow.task("next", [&parts](int value) { return parts.round.work(), value; }, part);
      plan = flow.build();
    }

    Workflow flow{"inner"};
    Input<int> number = flow.input<int>("number");
    Task<int> next;
    Plan plan;
  };

  void add(Kind kind) {
    const auto items = flow.task("items", [] { return std::vector<int>{0, 1, 2, 3}; }).after(before);
    const MapOptions options{.limit = limit_};
    if (kind == Kind::map) {
      parts =
          flow.map("parts", items, [this](Context&, int number) { call(static_cast<std::uint32_t>(number)); }, options);
    } else if (kind == Kind::map_over_a_plan) {
      const Inner inner(*this);
      parts = flow.map("parts", items, inner.plan, inner.number, inner.next, options);
    } else if (kind == Kind::spawn) {
      const auto spawn_parts = [this](Context& context) {
        for (std::uint32_t number = 0; number < part_count; ++number) context.spawn([this, number] { call(number); });
        round.work();
      };
      parts = flow.task("parts", spawn_parts).after(items);
    } else if (kind == Kind::loop) {
      const Inner inner(*this);
      const auto zero = flow.task("zero", [](const std::vector<int>& list) { return list.front(); }, items);
      const auto is_done = [](int number) { return number == static_cast<int>(part_count); };
      parts = flow.loop("parts", zero, inner.plan, inner.number, inner.next, is_done, {.limit = part_count});
    } else {
      Workflow inner{"inner"};
      const auto last = inner.task("last", [this] { round.work(cancelled); });
      for (std::uint32_t number = 0; number < part_count; ++number)
        inner.task([this, number] { call(number); }).before(last);
      parts = flow.subworkflow("parts", inner.build()).after(items);
    }
    after = flow.task("after", [this] { round.work(cancelled); }).after(parts);
  }

  const std::size_t limit_;
};

std::string name_of(const testing::TestParamInfo<Kind>& kind) {
  constexpr const char* names[] = {"Map", "MapOverAPlan", "Spawn", "Loop", "SubWorkflow"};
  return names[static_cast<std::size_t>(kind.param)];
}

class PartScenarios : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Kinds, PartScenarios,
                         testing::Values(Kind::map, Kind::map_over_a_plan, Kind::spawn, Kind::loop, Kind::subworkflow),
                         name_of);

void expect_all_ended(const baton::Run& run) {
  const TaskCounts counts = run.counts();
  EXPECT_EQ(counts[TaskState::succeeded] + counts[TaskState::cancelled], run.plan().size());
  EXPECT_EQ(run.succeeded(), counts[TaskState::cancelled] == 0);
}

TEST_P(PartScenarios, CancelOfTheRun) {
  play([kind = GetParam()](SeededRound& round) {
    Parts parts(round, kind);
    const baton::Run run = parts.start();
    round.cancel_sometime(run, &parts.cancelled);
    round.finish();
    expect_all_ended(run);
    EXPECT_LE(parts.calls, part_count);
    EXPECT_EQ(parts.calls, parts.ended);
    if (run.succeeded()) {
      EXPECT_EQ(parts.calls, part_count);
    }
  });
}

TEST_P(PartScenarios, CancelOfTheTask) {
  play([kind = GetParam()](SeededRound& round) {
    Parts parts(round, kind);
    const baton::Run run = parts.start();
    std::uint32_t decided = 0;
    for (std::uint32_t cancellers = 1 + round.draw(2); cancellers > 0; --cancellers)
      parts.cancel_task_sometime(run, decided);
    round.finish();
    EXPECT_LE(decided, 1U);
    EXPECT_EQ(run.state(parts.parts), decided == 1 ? TaskState::cancelled : TaskState::succeeded);
    EXPECT_EQ(run.state(parts.after), decided == 1 ? TaskState::omitted : TaskState::succeeded);
    EXPECT_EQ(run.state(parts.before), TaskState::succeeded);
    EXPECT_EQ(parts.calls, parts.ended);
    if (decided == 0) {
      EXPECT_EQ(parts.calls, part_count);
    }
  });
}

TEST_P(PartScenarios, PauseAndResume) {
  play([kind = GetParam()](SeededRound& round) {
    Parts parts(round, kind);
    const baton::Run run = parts.start();
    const bool cancels = round.draw(4) == 0;
    if (cancels) round.cancel_sometime(run, &parts.cancelled);
    for (std::uint32_t pausers = 1 + round.draw(2); pausers > 0; --pausers) {
      round.thread("pauser", [&round, run] {
        for (std::uint32_t pauses = 1 + round.draw(3); pauses > 0; --pauses) {
          run.pause();
          for (std::uint32_t steps = round.draw(4); steps > 0; --steps) SeededExecutor::step("paused");
          run.resume();
        }
      });
    }
    round.finish();
    EXPECT_FALSE(run.paused());
    expect_all_ended(run);
    if (!cancels) {
      EXPECT_TRUE(run.succeeded());
      EXPECT_EQ(parts.ended, part_count);
    }
  });
}

TEST_P(PartScenarios, FailureInAPart) {
  play([kind = GetParam()](SeededRound& round) {
    Parts parts(round, kind);
    parts.failing = round.draw(part_count);
    const baton::Run run = parts.start();
    const bool cancels = round.draw(3) == 0;
    if (cancels) round.cancel_sometime(run, &parts.cancelled);
    round.finish();
    EXPECT_LE(parts.calls, part_count);
    if (cancels) {
      EXPECT_FALSE(run.succeeded());
      return;
    }
    EXPECT_EQ(run.state(), RunState::failed);
    EXPECT_EQ(run.state(parts.parts), TaskState::failed);
    EXPECT_EQ(run.state(parts.after), TaskState::omitted);
    EXPECT_EQ(run.failures().size(), 1U);
    EXPECT_EQ(parts.calls, parts.ended + 1);
  });
}

TEST_P(PartScenarios, DeadlineOfTheTask) {
  play([kind = GetParam()](SeededRound& round) {
    Parts parts(round, kind);
    parts.parts.deadline(1s);
    constexpr Duration times[] = {100ms, 500ms, 1s, 2s};
    parts.takes = times[round.draw(4)];
    const baton::Run run = parts.start();
    round.finish();
    const TaskState state = run.state(parts.parts);
    EXPECT_TRUE(state == TaskState::succeeded || state == TaskState::failed);
    if (parts.takes == 100ms || parts.takes == 2s) {
      EXPECT_EQ(state == TaskState::succeeded, parts.takes == 100ms);
    }
    if (state == TaskState::failed) {
      EXPECT_THROW(std::rethrow_exception(run.error(parts.parts)), TimedOut);
    }
    EXPECT_EQ(run.state(parts.after), state == TaskState::succeeded ? TaskState::succeeded : TaskState::omitted);
    EXPECT_EQ(parts.calls, parts.ended) << "it has not waited for a body";
  });
}

/// Elements of a map are cancelled by several threads; each has to end as the answers say.
void cancel_elements_while_they_complete(SeededRound& round, bool over_a_plan) {
  constexpr std::size_t count = 5;
  std::array<std::uint32_t, count> calls{};
  std::array<std::uint32_t, count> decided{};
  const auto body = [&](Context& context, std::size_t element) {
    ++calls[element];
    round.work();
    if (context.stop_requested() && round.draw(2) == 0) throw Cancelled("as it was asked");
    return element;
  };
  Workflow inner{"inner"};
  const auto number = inner.input<std::size_t>("number");
  const auto result = inner.task("call", body, number);
  const Plan plan = inner.build();
  Workflow flow{"map"};
  const auto items = flow.task([] { return std::vector<std::size_t>{0, 1, 2, 3, 4}; });
  const auto outcomes =
      over_a_plan ? flow.map_outcomes("each", items, plan, number, result) : flow.map_outcomes("each", items, body);
  const Run run = round.start(flow.build());
  for (std::uint32_t cancellers = 2 + round.draw(2); cancellers > 0; --cancellers) {
    round.thread("canceller", [&, run] {
      for (std::uint32_t cancel = 0; cancel < 3; ++cancel) {
        SeededExecutor::step("about to cancel");
        const std::size_t element = round.draw(count);
        try {
          decided[element] += run.cancel_element(outcomes, element) ? 1 : 0;
        } catch (const UsageError&) {  // it has no elements yet
        }
      }
    });
  }
  round.finish();
  ASSERT_TRUE(run.succeeded());
  const std::vector<Outcome<std::size_t>>& ends = run.result(outcomes);
  for (std::size_t element = 0; element < count; ++element) {
    EXPECT_LE(decided[element], 1U);
    EXPECT_EQ(ends[element].state(), decided[element] == 1 ? TaskState::cancelled : TaskState::succeeded);
    EXPECT_LE(calls[element], 1U);
    if (decided[element] == 0) {
      EXPECT_EQ(calls[element], 1U);
    }
  }
}

TEST(Scenarios, CancelElementsOfAMapWhileTheyComplete) {
  play([](SeededRound& round) { cancel_elements_while_they_complete(round, false); });
}

TEST(Scenarios, CancelElementsOfAMapOverAPlanWhileTheyComplete) {
  play([](SeededRound& round) { cancel_elements_while_they_complete(round, true); });
}

TEST_P(PartScenarios, DestroyOfTheScheduler) {
  play([kind = GetParam()](SeededRound& round) {
    Parts parts(round, kind);
    const baton::Run run = parts.start();
    const std::uint32_t meanwhile = round.draw(3);
    if (meanwhile == 1) round.cancel_sometime(run);
    if (meanwhile == 2) {
      round.thread("pauser", [run] {
        run.pause();
        SeededExecutor::step("paused");
        run.resume();
      });
    }
    for (std::uint32_t steps = round.draw(32); steps > 0; --steps) SeededExecutor::step("about to destroy");
    round.scheduler.reset();
    EXPECT_TRUE(run.ended());
    EXPECT_EQ(parts.calls, parts.ended);
    round.finish();
    const TaskCounts counts = run.counts();
    EXPECT_EQ(counts[TaskState::succeeded] + counts[TaskState::cancelled], run.plan().size());
    EXPECT_EQ(run.state(), run.succeeded() ? RunState::succeeded : RunState::cancelled);
  });
}

}  // namespace
}  // namespace baton::test
