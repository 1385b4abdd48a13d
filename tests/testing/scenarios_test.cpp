// SPDX-License-Identifier: MIT
// What may meet in the engine, met in many ways: each scenario is played with BATON_SEEDS seeds, see seeded_round.hpp.
#include "support/counted.hpp"
#include "support/seeded_round.hpp"

#include <baton/executor/manual_executor.hpp>
#include <baton/graph/workflow.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace baton::test {
namespace {

/// How many of the run's tasks are in `state`.
std::size_t count(const Run& run, TaskState state) { return run.counts()[state]; }

/// One task, `width` behind it, and one that waits for them all; `body` is that of those in the middle.
Plan fan_plan(SeededRound& round, std::uint32_t width, const std::function<void(Context&, std::uint32_t)>& body) {
  Workflow flow{"fan"};
  const auto first = flow.task("first", [&round] { round.work(); });
  const auto last = flow.task("last", [&round](Context&) { round.work(); });
  for (std::uint32_t index = 0; index < width; ++index) {
    flow.task([body, index](Context& context) { body(context, index); }).after(first).before(last);
  }
  return flow.build();
}

TEST(Scenarios, CancelWhileItCompletes) {
  play([](SeededRound& round) {
    bool cancelled = false;
    std::uint32_t bodies = 0;
    const baton::Run run = round.start(fan_plan(round, 6, [&](Context& context, std::uint32_t) {
      ++bodies;
      round.work(cancelled);
      context.throw_if_stopped();
    }));
    round.cancel_sometime(run, &cancelled);
    if (round.draw(2) == 0) round.cancel_sometime(run, &cancelled);
    round.finish();
    EXPECT_EQ(count(run, TaskState::succeeded) + count(run, TaskState::cancelled), run.plan().size());
    EXPECT_EQ(run.succeeded(), count(run, TaskState::cancelled) == 0);
    EXPECT_EQ(run.state() == RunState::cancelled, count(run, TaskState::cancelled) != 0);
    EXPECT_LE(bodies, 6U);
    EXPECT_TRUE(run.failures().empty());
  });
}

TEST(Scenarios, FirstOfSeveralWhileTheyCompleteAndTheRunIsCancelled) {
  play([](SeededRound& round) {
    std::vector<int> used;
    std::vector<bool> succeeded(4, false);
    Workflow flow{"contest"};
    std::vector<Task<int>> contenders;
    for (int index = 0; index < 4; ++index) {
      const bool fails = round.draw(2) == 0;
      contenders.push_back(flow.task([&round, &succeeded, index, fails] {
        round.work();
        if (fails) throw std::runtime_error("lost");
        succeeded[static_cast<std::size_t>(index)] = true;
        return index;
      }));
      contenders.back().allow_failure();
    }
    const auto user = flow.task(
        [&](int winner) {
          used.push_back(winner);
          EXPECT_TRUE(succeeded[static_cast<std::size_t>(winner)]);
          round.work();
        },
        first(contenders));
    const baton::Run run = round.start(flow.build());
    const bool cancels = round.draw(2) == 0;
    if (cancels) round.cancel_sometime(run);
    round.finish();
    const bool any = std::count(succeeded.begin(), succeeded.end(), true) != 0;
    EXPECT_EQ(used.size(), run.state(user) == TaskState::succeeded ? 1U : 0U);
    if (!cancels) {
      EXPECT_EQ(run.state(user), any ? TaskState::succeeded : TaskState::omitted);
    }
  });
}

TEST(Scenarios, TwoRunsOfWhichOneIsCancelled) {
  play([](SeededRound& round) {
    const auto body = [&](Context&, std::uint32_t) { round.work(); };
    const baton::Run kept = round.start(fan_plan(round, 4, body));
    const baton::Run cancelled = round.start(fan_plan(round, 4, body));
    round.cancel_sometime(cancelled);
    round.finish();
    EXPECT_TRUE(kept.succeeded());
    EXPECT_EQ(count(cancelled, TaskState::succeeded) + count(cancelled, TaskState::cancelled), 6U);
  });
}

TEST(Scenarios, WaitInsideATask) {
  play([](SeededRound& round) {
    std::vector<baton::Run> inner;
    Workflow flow{"outer"};
    const auto last = flow.task("last", [&] { round.work(); });
    for (int index = 0; index < 3; ++index) {
      flow.task([&](Context&) {
            baton::Run run = round.start(fan_plan(round, 3, [&](Context&, std::uint32_t) { round.work(); }));
            inner.push_back(run);
            round.work();
            run.wait();
            EXPECT_TRUE(run.ended());
          })
          .before(last);
    }
    const baton::Run outer = round.start(flow.build());
    const bool cancels = round.draw(2) == 0;
    if (cancels) round.cancel_sometime(outer);
    round.finish();
    for (const baton::Run& run : inner) EXPECT_TRUE(run.succeeded());
    if (cancels) {
      EXPECT_EQ(count(outer, TaskState::succeeded) + count(outer, TaskState::cancelled), 4U);
    } else {
      EXPECT_TRUE(outer.succeeded());
      EXPECT_EQ(inner.size(), 3U);
    }
  });
}

TEST(Scenarios, NoTimePassesWhileABodyGoesOn) {
  play([](SeededRound& round) {
    Workflow inner{"a second"};
    inner.task([](Context& context) { context.park_for(1s); });
    const Plan second = inner.build();
    Workflow flow{"outer"};
    for (int index = 0; index < 2; ++index) {
      flow.task([&, second, index](Context& context) {
        const TimePoint began = context.now();
        const baton::Run run = round.start(second);
        run.wait();
        round.work();
        EXPECT_EQ(context.now() - began, 1s);
        if (index == 1) context.park_for(500ms);
      });
    }
    flow.task([](Context& context) { context.park_for(1250ms); });  // what time would go on to
    const baton::Run run = round.start(flow.build());
    round.finish();
    EXPECT_TRUE(run.succeeded());
  });
}

TEST(Scenarios, ThreadsWaitForARunThatIsCancelled) {
  play([](SeededRound& round) {
    const baton::Run run = round.start(fan_plan(round, 4, [&](Context& context, std::uint32_t index) {
      round.work();
      if (index == 0) context.park_for(1h);
    }));
    std::array<int, 3> told{};
    for (int& each : told) {
      round.thread("waiter", [&, run] {
        run.on_end([&](const baton::Run& ended) { each += ended.ended() ? 1 : 100; });
        run.wait();
        EXPECT_TRUE(run.ended());
      });
    }
    round.cancel_sometime(run);
    round.finish();
    EXPECT_EQ(told, (std::array<int, 3>{1, 1, 1}));
  });
}

TEST(Scenarios, TheCallersThreadWorksAlong) {
  play([](SeededRound& round) {
    const Plan plan = fan_plan(round, 5, [&](Context& context, std::uint32_t index) {
      round.work();
      if (index == 2) context.park_for(1s);
    });
    for (int index = 0; index < 2; ++index) {
      round.thread("caller", [&round, plan] {
        const baton::Run run = round.scheduler->run(plan);
        round.keep(run);
        EXPECT_TRUE(run.succeeded());
      });
    }
    round.finish();
  });
}

TEST(Scenarios, ThrowInAFan) {
  play([](SeededRound& round) {
    const std::uint32_t failing = round.draw(8);  // a bit for each of three tasks
    StartOptions options;
    const bool stops = round.draw(2) == 0;
    if (stops) options.failure_mode = FailureMode::stop;
    const baton::Run run = round.start(fan_plan(round, 6,
                                                [&, failing](Context&, std::uint32_t index) {
                                                  round.work();
                                                  if ((failing >> index & 1U) != 0)
                                                    throw std::runtime_error("it fails");
                                                }),
                                       std::move(options));
    round.finish();
    const auto failures = static_cast<std::size_t>(std::popcount(failing));
    if (failing == 0) {
      EXPECT_TRUE(run.succeeded());
      return;
    }
    EXPECT_EQ(run.state(), RunState::failed);
    EXPECT_EQ(run.failures().size(), count(run, TaskState::failed));
    if (stops) {
      EXPECT_GE(count(run, TaskState::failed), 1U);
      EXPECT_LE(count(run, TaskState::failed), failures);
      EXPECT_EQ(count(run, TaskState::omitted) + count(run, TaskState::cancelled) + count(run, TaskState::failed) +
                    count(run, TaskState::succeeded),
                8U);
    } else {
      EXPECT_EQ(count(run, TaskState::failed), failures);
      EXPECT_EQ(count(run, TaskState::omitted), 1U);
      EXPECT_EQ(count(run, TaskState::succeeded), 7 - failures);
    }
  });
}

TEST(Scenarios, CancelATaskWhileItCompletes) {
  play([](SeededRound& round) {
    round.resource("slots", 1);
    Workflow flow{"one of three"};
    std::array<Task<void>, 3> tasks;
    std::array<std::uint32_t, 3> calls{};
    for (std::size_t index = 0; index < 3; ++index) {
      tasks[index] = flow.task([&, index](Context& context) {
        ++calls[index];
        round.work();
        if (round.draw(2) == 0) context.park_for(1h);
      });
      if (round.draw(2) == 0) tasks[index].resource("slots", 1);
    }
    const auto after = flow.task("after", [&] { round.work(); }).after(tasks[0]);
    const baton::Run run = round.start(flow.build());
    std::uint32_t decided = 0;
    for (std::uint32_t cancellers = 1 + round.draw(2); cancellers > 0; --cancellers) {
      round.thread("canceller", [&, run] { decided += run.cancel(tasks[0], "no more") ? 1 : 0; });
    }
    round.finish();
    EXPECT_LE(decided, 1U);
    EXPECT_EQ(run.state(tasks[0]), decided == 1 ? TaskState::cancelled : TaskState::succeeded);
    EXPECT_EQ(run.state(after), decided == 1 ? TaskState::omitted : TaskState::succeeded);
    EXPECT_EQ(run.state(tasks[1]), TaskState::succeeded);
    EXPECT_EQ(run.state(tasks[2]), TaskState::succeeded);
    EXPECT_LE(calls[0], 1U);
  });
}

TEST(Scenarios, PauseAndResume) {
  play([](SeededRound& round) {
    round.resource("slots", 1);
    Workflow child{"child"};
    child.task([&](Context& context) { context.park_for(1s); });
    const Plan child_plan = child.build();
    Workflow flow{"paused"};
    const auto last = flow.task("last", [&] { round.work(); });
    for (int index = 0; index < 4; ++index) {
      flow.task([&](Context& context) {
            round.work();
            if (round.draw(3) == 0) context.park_for(1s);
          })
          .resource("slots", 1)
          .before(last);
    }
    flow.subworkflow("child", child_plan).before(last);
    const baton::Run run = round.start(flow.build());
    const bool cancels = round.draw(3) == 0;
    if (cancels) round.cancel_sometime(run);
    round.thread("pauser", [&, run] {
      for (int pause = 0; pause < 2; ++pause) {
        run.pause();
        SeededExecutor::step("paused");
        run.resume();
      }
    });
    if (round.draw(2) == 0) {
      round.thread("other pauser", [run] {
        run.pause();
        run.resume();
      });
    }
    round.finish();
    EXPECT_FALSE(run.paused());
    if (!cancels) {
      EXPECT_TRUE(run.succeeded());
    }
  });
}

TEST(Scenarios, PausesAndACancelAtOnce) {
  play(
      [](SeededRound& round) {
        Workflow flow{"paused"};
        std::vector<Task<void>> tasks;
        for (std::size_t index = 0; index < 12; ++index) {
          tasks.push_back(flow.task([&] { round.work(); }));
          if (index >= 4) tasks[index].after(tasks[index - 4]);
        }
        const baton::Run run = round.start(flow.build());
        for (int thread = 0; thread < 2; ++thread) {
          round.thread("pauser", [&round, run] {
            for (std::uint32_t pause = 1 + round.draw(4); pause > 0; --pause)
              round.draw(2) == 0 ? run.pause() : run.resume();
          });
        }
        const bool cancels = round.draw(2) == 0;
        round.thread("last word", [run, cancels] {
          if (cancels) run.cancel();
        });
        round.executor.run_until_idle();
        run.resume();
        round.finish();
        EXPECT_EQ(count(run, TaskState::succeeded) + count(run, TaskState::cancelled), 12U);
        EXPECT_FALSE(run.paused());
      },
      {1, 2, 3, 4});
}

// Nobody resumes the run: each task has to end by itself or by its canceller.
TEST(Scenarios, CancelTheTasksOfAPausedRun) {
  play([](SeededRound& round) {
    round.resource("slots", 1);
    Workflow flow{"paused"};
    std::vector<Task<void>> tasks;
    for (std::size_t index = 0; index < 3; ++index) {
      Task<void> task = flow.task([&round](Context& context) {
        round.work();
        if (context.attempt() == 1) throw std::runtime_error("the first time");
      });
      task.retry({.attempts = 2, .delay = 1s});
      if (round.draw(3) == 0) task.resource("slots", 1);
      tasks.push_back(task);
    }
    tasks.push_back(flow.task([&round](Context&) { round.work(); }));
    const baton::Run run = round.start(flow.build());
    round.thread("pauser", [run] { run.pause(); });
    for (const Task<void>& task : tasks) {
      round.thread("canceller", [run, task] {
        SeededExecutor::step("cancels");
        run.cancel(task);
      });
    }
    round.executor.run_until_idle();
    EXPECT_TRUE(run.ended());
    run.resume();
    round.finish();
    EXPECT_EQ(count(run, TaskState::succeeded) + count(run, TaskState::cancelled), tasks.size());
  });
}

TEST(Scenarios, TheLastHandleIsDroppedInACallback) {
  play([](SeededRound& round) {
    Tally tally;
    Workflow flow{"values"};
    auto made = flow.task("make", [&] {
      round.work();
      return Counted(tally, 7);
    });
    flow.task(
        "use",
        [&](const Counted& value) {
          round.work();
          EXPECT_EQ(value.value(), 7);
        },
        made);
    const Plan plan = flow.build();
    int called = 0;
    const bool cancels = round.draw(2) == 0;  // the thread that does has a handle
    {
      auto kept = std::make_shared<baton::Run>(round.scheduler->start(plan));
      if (cancels) round.cancel_sometime(*kept);
      kept->on_end([&called, kept, captured = Counted(tally)](const baton::Run& run) {
        *kept = baton::Run();
        EXPECT_TRUE(run.ended());
        SeededExecutor::step("callback");
        ++called;
      });
    }
    if (!cancels) {
      if (round.draw(2) == 0) round.scheduler->wait_all();
      round.scheduler.reset();
      EXPECT_EQ(tally.alive, 0) << "a value or a callback outlives the scheduler and all handles";
    }
    round.finish();
    EXPECT_EQ(called, 1);
    EXPECT_EQ(tally.alive, 0);
  });
}

TEST(Scenarios, ShutDownWhileRunsAreStarted) {
  play([](SeededRound& round) {
    const Plan plan = fan_plan(round, 3, [&](Context& context, std::uint32_t index) {
      round.work();
      if (index == 1) context.park_for(1h);
    });
    const std::uint32_t runs = 1 + round.draw(4);
    for (std::uint32_t index = 0; index < runs; ++index) round.start(plan);
    round.thread("submitter", [&] {
      for (int index = 0; index < 3; ++index) {
        round.start(plan);
        SeededExecutor::step("submitted");
      }
    });
    round.thread("closer", [&] {
      round.scheduler->cancel_all();
      if (round.draw(2) == 0) round.scheduler->wait_all();
    });
    if (round.draw(2) == 0) round.executor.finish();
    SeededExecutor::wait_until("the other threads", [&] { return round.executor.waiting().empty(); });
    const bool destroys = round.draw(2) == 0;
    if (destroys) {
      for (std::uint32_t index = round.draw(3); index > 0; --index) round.start(plan);
      round.scheduler.reset();
    }
    round.finish();
  });
}

TEST(Scenarios, ResourcesOfARunThatIsCancelled) {
  play([](SeededRound& round) {
    round.resource("slots", 2);
    round.resource("line", 1);
    std::uint64_t slots = 0;
    std::uint64_t lines = 0;
    const auto plan_of = [&](std::uint32_t tasks) {
      Workflow flow{"slots"};
      for (std::uint32_t index = 0; index < tasks; ++index) {
        const std::uint64_t units = 1 + index % 2;
        const std::uint64_t line = index % 3 == 0 ? 1 : 0;
        auto task = flow.task(std::string(line == 1 ? "line " : "other ").append(std::to_string(index)),
                              [&round, &slots, &lines, units, line](Context& context) {
                                slots += units;
                                lines += line;
                                EXPECT_LE(slots, 2U);
                                EXPECT_LE(lines, 1U);
                                round.work();
                                slots -= units;
                                lines -= line;
                                if (units == 1 && line == 1) context.park_for(1s);
                              });
        task.resource("slots", units);
        if (line == 1) task.resource("line", line);
      }
      return flow.build();
    };
    const baton::Run cancelled = round.start(plan_of(5));
    const baton::Run kept = round.start(plan_of(4));
    round.cancel_sometime(cancelled);
    round.finish();
    EXPECT_TRUE(kept.succeeded());
    int on_line = 0;  // as observers are told it
    for (const NotedEvent& event : round.log->events()) {
      const baton::Run& run = event.run == kept.id() ? kept : cancelled;
      if (!event.of_task() || event.run > std::max(kept.id(), cancelled.id())) continue;
      if (!run.plan().task_name(event.task).starts_with("line") || event.attempt == 0) continue;
      if (event.kind == Event::Kind::task_started) {
        EXPECT_EQ(on_line++, 0) << "the next one starts before this one's end is told";
      }
      if (event.kind == Event::Kind::task_ended) --on_line;
    }
    EXPECT_EQ(count(cancelled, TaskState::succeeded) + count(cancelled, TaskState::cancelled), 5U);
  });
}

TEST(Scenarios, CancelAParkedTask) {
  play([](SeededRound& round) {
    Workflow flow{"parked"};
    const auto park = [&](Context& context) {
      round.work();
      context.park_for(72h);
    };
    const auto parked = flow.task("parked", park);
    flow.task("other", park);
    const auto after = flow.task("after", [&] { round.work(); }).after(parked);
    const baton::Run run = round.start(flow.build());
    TimePoint cancelled{};
    round.thread("canceller", [&, run] {
      run.cancel();
      cancelled = round.clock.now();
    });
    round.finish();
    if (cancelled.time_since_epoch() < 72h) {  // then nobody may wait for that
      EXPECT_EQ(run.state(parked), TaskState::cancelled);
      EXPECT_EQ(run.state(after), TaskState::cancelled);
      EXPECT_EQ(count(run, TaskState::cancelled), 3U);
    } else {
      EXPECT_EQ(count(run, TaskState::cancelled) + count(run, TaskState::succeeded), 3U);
    }
  });
}

TEST(Scenarios, CancelWhileTasksAreTriedAgain) {
  play([](SeededRound& round) {
    round.resource("slots", 1);
    bool cancelled = false;
    std::array<std::uint32_t, 3> calls{};
    std::array<std::uint32_t, 3> failing{};  // how many attempts fail
    std::array<AnyTask, 3> tasks;
    Workflow flow{"retry"};
    const auto last = flow.task("last", [&] { round.work(cancelled); });
    for (std::size_t index = 0; index < 3; ++index) {
      failing[index] = round.draw(4);
      tasks[index] = flow.task([&, index](Context& context) {
                           round.work(cancelled);
                           EXPECT_EQ(++calls[index], context.attempt());
                           if (context.attempt() <= failing[index]) throw std::runtime_error("it fails");
                         })
                         .retry({.attempts = 3, .delay = 1s})
                         .resource("slots", 1)
                         .before(last);
    }
    const baton::Run run = round.start(flow.build());
    TimePoint ended{};
    run.on_end([&](const baton::Run&) { ended = round.clock.now(); });
    const bool cancels = round.draw(2) == 0;
    if (cancels) round.cancel_sometime(run, &cancelled);
    round.finish();
    // One and then two seconds between attempts, in which the others have the slot.
    constexpr Duration delays[] = {0s, 1s, 3s, 3s};
    const Duration longest = delays[*std::max_element(failing.begin(), failing.end())];
    if (!cancels) {
      EXPECT_EQ(ended.time_since_epoch(), longest);
    }
    for (std::size_t index = 0; index < 3; ++index) {
      const TaskState state = run.state(tasks[index]);
      if (state == TaskState::cancelled) {
        EXPECT_TRUE(cancels);
        EXPECT_LE(calls[index], std::min(failing[index], 3U));
      } else if (state == TaskState::failed) {  // an attempt that fails when the run is cancelled is the last one
        EXPECT_TRUE(failing[index] == 3 || cancels);
        EXPECT_LE(calls[index], failing[index]);
        EXPECT_GE(calls[index], cancels ? 1U : 3U);
      } else {
        EXPECT_EQ(state, TaskState::succeeded);
        EXPECT_EQ(calls[index], failing[index] + 1);
      }
    }
  });
}

TEST(Scenarios, TimeIsOverWhileItCompletes) {
  play([](SeededRound& round) {
    round.resource("slots", 1);
    Workflow slow{"slow"};
    const Duration takes = 500ms * (1 + round.draw(4));
    slow.task([takes](Context& context) { context.park_for(takes); });
    const Plan slow_plan = slow.build();
    const bool again = round.draw(2) == 0;
    bool cancelled = false;
    std::uint32_t calls = 0;
    std::uint32_t inside = 0;
    Workflow flow{"limited"};
    // Time passes while this body waits, so it is called when its time is over.
    auto limited = flow.task("limited", [&](Context&) {
      EXPECT_EQ(inside++, 0U) << "two attempts at a time";
      ++calls;
      round.work();
      const baton::Run run = round.start(slow_plan);
      run.wait();
      round.work();
      --inside;
    });
    limited.resource("slots", 1).timeout(1s);
    if (again) limited.retry({.attempts = 2, .delay = 1s});
    if (round.draw(2) == 0) limited.deadline(1s);
    auto parked = flow.task("parked", [&](Context& context) { context.park_for(takes); });
    parked.timeout(1s);
    auto bound = flow.subworkflow("bound", slow_plan);
    bound.deadline(1s);
    const auto after = flow.task("after", [&] { round.work(cancelled); }).after(limited);
    const baton::Run run = round.start(flow.build());
    const bool cancels = round.draw(3) == 0;
    if (cancels) round.cancel_sometime(run, &cancelled);
    round.finish();
    EXPECT_EQ(inside, 0U);
    EXPECT_LE(calls, again ? 2U : 1U);
    if (cancels) return;
    for (const AnyTask task : {AnyTask(limited), AnyTask(parked), AnyTask(bound)}) {
      const TaskState state = run.state(task);
      EXPECT_TRUE(state == TaskState::succeeded || state == TaskState::failed);
      if (takes != 1s) {
        EXPECT_EQ(state == TaskState::succeeded, takes < 1s);
      }
    }
    EXPECT_EQ(run.state(after), run.state(limited) == TaskState::succeeded ? TaskState::succeeded : TaskState::omitted);
  });
}

TEST(Scenarios, ATaskOfAnotherExecutorWaits) {
  play([](SeededRound& round) {
    auto gui = std::make_shared<ManualExecutor>();
    bool cancelled = false;
    Workflow slow{"slow"};
    slow.task([](Context& context) { context.park_for(1s); });
    const Plan slow_plan = slow.build();
    Workflow flow{"pinned"};
    const auto first = flow.task("first", [&] { round.work(cancelled); });
    for (int index = 0; index < 2; ++index) {
      flow.task([&round, slow_plan](Context&) {
            round.work();
            const baton::Run run = round.start(slow_plan);
            run.wait();
            EXPECT_TRUE(run.succeeded());
          })
          .after(first)
          .on(*gui);
    }
    const baton::Run run = round.start(flow.build());
    round.thread("gui", [gui, run] {
      while (!run.ended()) {
        SeededExecutor::wait_until("the gui's work", [&] { return !gui->empty() || run.ended(); });
        gui->run_until_idle();
      }
    });
    if (round.draw(2) == 0) round.cancel_sometime(run, &cancelled);
    round.finish();
    EXPECT_EQ(count(run, TaskState::succeeded) + count(run, TaskState::cancelled), 3U);
    EXPECT_EQ(run.succeeded(), count(run, TaskState::cancelled) == 0);
  });
}

TEST(Scenarios, CancelASubWorkflow) {
  play([](SeededRound& round) {
    bool cancelled = false;
    round.resource("slots", 1);
    Workflow inner{"inner"};
    const auto begin = inner.task("begin", [&](Context& context) {
      round.work(cancelled);
      if (round.draw(2) == 0) context.park_for(1h);
    });
    auto middle = inner.task("middle", [&] { round.work(cancelled); }).resource("slots", 1).after(begin);
    const auto value = inner.task("value", [&] { return 42; }).after(middle);
    const Plan child = inner.build();
    Workflow flow{"outer"};
    const auto first = flow.task("first", [&] { round.work(); });
    const auto left = flow.subworkflow("left", child, value).after(first);
    const auto right = flow.subworkflow("right", child, value).after(first);
    const auto sum = flow.task("sum", [](int a, int b) { return a + b; }, left, right);
    const baton::Run run = round.start(flow.build());
    round.cancel_sometime(run, &cancelled);
    round.finish();
    EXPECT_EQ(count(run, TaskState::succeeded) + count(run, TaskState::cancelled), 4U);
    if (run.succeeded()) {
      EXPECT_EQ(run.result(sum), 84);
    }
    EXPECT_EQ(round.scheduler->running(), 0U);
  });
}

TEST(Scenarios, TasksThatNeedEachOther) {
  play(
      [](SeededRound& round) {
        std::uint32_t present = 0;
        Workflow flow{"meeting"};
        const auto first = flow.task("first", [&] { round.work(); });
        for (int index = 0; index < 2; ++index) {
          flow.task([&] {
                ++present;
                SeededExecutor::wait_until("a meeting", [&] { return present == 2; });
              })
              .after(first);
        }
        for (int index = 0; index < 4; ++index) flow.task([&] { round.work(); });
        const baton::Run run = round.start(flow.build());
        round.finish();
        EXPECT_TRUE(run.succeeded());
      },
      {2, 3});
}

/// An observer that takes its time, and may not be called once it is gone.
class SlowLog final : public EventLog {
 public:
  void on_event(const Event& event) override {
    SeededExecutor::step("observer");
    EXPECT_FALSE(gone) << "it is called after unobserve has returned";
    EventLog::on_event(event);
  }
  bool gone = false;
};

TEST(Scenarios, ObserveWhileARunStarts) {
  play([](SeededRound& round) {
    auto events = std::make_shared<SlowLog>();
    bool observing = false;
    bool observed_at_first = false;
    Workflow flow{"observed"};
    const auto first = flow.task("first", [&] {
      observed_at_first = observing;
      round.work();
    });
    const auto last = flow.task("last", [&] { round.work(); }).after(first);
    const Plan plan = flow.build();
    round.thread("observing", [&] {
      round.scheduler->observe(events);
      observing = true;
    });
    const baton::Run run = round.start(plan);
    const std::uint32_t leave = round.draw(3);
    if (leave == 0) {
      SeededExecutor::wait_until("the observer", [&] { return observing; });
      round.scheduler->unobserve(events);
      events->gone = true;
    }
    round.finish();
    if (leave == 0 || !observed_at_first) return;
    const std::vector<Event::Kind> kinds = events->kinds_of(run.plan().id(last));
    EXPECT_EQ(std::count(kinds.begin(), kinds.end(), Event::Kind::task_ended), 1);
  });
}

}  // namespace
}  // namespace baton::test
