// SPDX-License-Identifier: MIT
#pragma once

#include "support/event_log.hpp"

#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/seeded_executor.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace baton::test {

/// One interleaving of a scenario: an executor with a seed, a virtual clock, a scheduler. A scenario starts runs and
/// adds threads; then `finish` lets all come to their end and checks what has to hold in any interleaving.
class SeededRound {
 public:
  explicit SeededRound(SeededExecutor& its_executor) : executor(its_executor) {
    scheduler.emplace(executor, SchedulerOptions{.clock = &clock});
    is_watched_ = draw(2) == 0;  // a run that nobody watches takes other paths
    if (is_watched_) scheduler->observe(log);
  }

  SeededExecutor& executor;
  VirtualClock clock;
  std::optional<Scheduler> scheduler;
  std::shared_ptr<EventLog> log = std::make_shared<EventLog>();  // told of all runs, or of none

  std::uint32_t draw(std::uint32_t bound) { return executor.draw(bound); }

  /// Starts a run that `finish` will check.
  Run start(const Plan& plan, StartOptions options = {}) {
    auto events = std::make_shared<EventLog>();
    const bool watched = is_watched_ && draw(2) == 0;
    if (watched) options.observers.push_back(events);
    Run run = scheduler->start(plan, std::move(options));
    keep(run);
    if (watched) watched_.emplace_back(run, events);
    return run;
  }
  /// For runs that were started otherwise.
  void keep(const Run& run) { runs_.push_back(run); }

  void thread(std::string name, std::function<void()> body) { executor.add_thread(std::move(name), std::move(body)); }
  /// Cancels `run` from a thread of its own, at a moment that the seed chooses. `cancelled`, if given, is set then.
  void cancel_sometime(const Run& run, bool* cancelled = nullptr) {
    thread("canceller", [run, cancelled] {
      run.cancel();
      if (cancelled != nullptr) *cancelled = true;
    });
  }

  void resource(const char* name, std::uint64_t units) {
    scheduler->resource(name, units);
    resources_.emplace_back(name, units);
  }

  /// What a body does to take its time.
  /// @param cancelled  Whether the call that cancels its run has returned. Then no body may start; in a round that is
  ///                   watched the observers' turn may come between the decision and the call.
  void work(bool cancelled = false) {
    EXPECT_FALSE(over_) << "a body is called after the end";
    EXPECT_FALSE(cancelled && !is_watched_) << "a body is called after Run::cancel has returned";
    for (std::uint32_t steps = draw(4); steps > 0; --steps) SeededExecutor::step("body");
  }

  /// Lets all threads come to their end, and checks it.
  void finish() {
    if (over_) return;
    executor.finish();
    for (const Run& run : runs_) {
      if (!run.ended()) throw SeededStuck("run " + std::to_string(run.id()) + " does not end: " + states_of(run));
    }
    over_ = true;
    for (const auto& [run, events] : watched_) check_events(run, events->events());
    if (!log->events().empty()) check_nothing_after_the_end(log->events());
    if (!scheduler) return;
    EXPECT_EQ(scheduler->running(), 0U);
    EXPECT_EQ(scheduler->observer_errors(), 0U);
    check_that_nothing_is_held();
  }

  static std::string states_of(const Run& run) {
    std::string text(to_string(run.state()));
    for (const TaskState state : run.states()) text.append(" ").append(to_string(state));
    return text;
  }

 private:
  /// A task that wants all units, and time: so both must have been given back.
  void check_that_nothing_is_held() {
    Workflow flow{"probe"};
    auto probe = flow.task([](Context& context) { context.park_for(std::chrono::hours(1)); });
    for (const auto& [name, units] : resources_) probe.resource(name, units);
    const TimePoint before = clock.now();
    const Run run = scheduler->start(flow.build());
    executor.finish();
    if (!run.ended()) throw SeededStuck("resources, or a hold on the clock, have not been given back");
    EXPECT_TRUE(run.succeeded());
    EXPECT_EQ(clock.now() - before, std::chrono::hours(1));
  }

  static void check_nothing_after_the_end(const std::vector<NotedEvent>& events) {
    std::vector<std::uint64_t> ended;
    for (const NotedEvent& event : events) {
      EXPECT_EQ(std::count(ended.begin(), ended.end(), event.run), 0) << "an event after run_ended";
      if (event.kind == Event::Kind::run_ended) ended.push_back(event.run);
    }
  }

  /// Each task: ready, waiting and started at most, ended exactly once, in the state that the run has kept.
  static void check_events(const Run& run, const std::vector<NotedEvent>& events) {
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.front().kind, Event::Kind::run_started);
    EXPECT_EQ(events.back().kind, Event::Kind::run_ended);
    EXPECT_EQ(events.back().run_state, run.state());
    std::vector<std::uint32_t> ready(run.plan().size()), started(ready), ended(ready);
    for (const NotedEvent& event : events) {
      if (!event.of_task()) continue;
      const auto task = static_cast<std::size_t>(event.task);
      EXPECT_EQ(ended[task], 0U) << "an event of a task that has ended";
      if (event.kind == Event::Kind::task_ready) ++ready[task];
      if (event.kind == Event::Kind::task_started) {
        EXPECT_EQ(ready[task], 1U);
        EXPECT_EQ(event.attempt, ++started[task]);
      }
      if (event.kind != Event::Kind::task_ended) continue;
      ++ended[task];
      EXPECT_EQ(event.state, run.state(event.task));
      if (event.state == TaskState::succeeded) {
        EXPECT_GE(started[task], 1U);
      }
    }
    for (const std::uint32_t count : ended) EXPECT_EQ(count, 1U);
  }

  std::vector<Run> runs_;
  std::vector<std::pair<Run, std::shared_ptr<EventLog>>> watched_;
  std::vector<std::pair<std::string, std::uint64_t>> resources_;
  bool is_watched_ = false;
  bool over_ = false;
};

/// A number from the environment.
inline std::optional<std::uint64_t> seeds_from(const char* name) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

/// What plays the test that is going on with one seed.
inline std::string command_for(std::uint64_t seed) {
#ifdef __GLIBC__
  const std::string program = program_invocation_name;
#else
  const std::string program = "baton_testing_test";
#endif
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  return "BATON_SEED=" + std::to_string(seed) + " " + program + " --gtest_filter='" + test.test_suite_name() + "." +
         test.name() + "'";
}

enum class Played { well, badly, stuck };

/// Plays one round. Once it is stuck the executor must not be destroyed.
inline Played play_round(const std::function<void(SeededRound&)>& scenario, SeededExecutor& executor) {
  auto round = std::make_unique<SeededRound>(executor);
  try {
    scenario(*round);
    round->finish();
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
    static_cast<void>(round.release());  // its threads are where they are, and use it
  }
  if (!testing::Test::HasFailure()) return Played::well;
  std::cerr << "FAILED WITH A SEED. Again by: " << command_for(executor.seed()) << "\nThe last steps:\n";
  for (const SeededStep& step : executor.trace()) std::cerr << "  " << step.thread << ": " << step.place << "\n";
  return round == nullptr ? Played::stuck : Played::badly;
}

/// Plays `scenario` with many seeds, BATON_SEEDS of them (300 unless set) or only BATON_SEED, on as many workers as the
/// seed says. The first seed that fails is named, with the last steps that led there, and ends that.
inline void play(const std::function<void(SeededRound&)>& scenario,
                 const std::vector<std::size_t>& workers = {1, 2, 3}) {
  const std::optional<std::uint64_t> only = seeds_from("BATON_SEED");
  const std::uint64_t first = only.value_or(1);
  const std::uint64_t end = first + (only ? 1 : seeds_from("BATON_SEEDS").value_or(300));
  std::uint64_t others = 0;
  const auto play_on = [&](std::size_t size) {
    SeededOptions options;
    options.workers = workers[size];
    options.patience = std::chrono::seconds(20);
    auto executor = std::make_unique<SeededExecutor>(0, options);
    for (std::uint64_t seed = first; seed < end; ++seed) {
      if (seed % workers.size() != size) continue;
      executor->restart(seed);
      const Played played = play_round(scenario, *executor);
      if (played == Played::well) {
        ++others;
        continue;
      }
      std::cerr << others << " other seeds went well before.\n";
      if (played == Played::stuck) static_cast<void>(executor.release());
      return false;
    }
    return true;
  };
  // On a thread of its own, which may end as the host of an executor that is stuck.
  std::thread host([&] {
    for (std::size_t size = 0; size < workers.size(); ++size) {
      if (!play_on(size)) return;
    }
  });
  host.join();
}

}  // namespace baton::test
