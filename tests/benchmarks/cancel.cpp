// SPDX-License-Identifier: MIT
// baton_cancel: how soon a cancel reaches what it is meant for.
//
// Measures the time from Run::cancel until a body that asks for it knows, and until a run has ended of which 100,000
// tasks have not begun: as they are ready, wait for a resource, or wait for a time. Ends with 1 where that takes longer
// than it may, or a task is not accounted for.
#include <baton/baton.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <latch>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using baton::Context;
using baton::Duration;
using baton::Plan;
using baton::Run;
using baton::TaskState;
using baton::Workflow;
using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t samples = 5000;
constexpr std::size_t queued = 100'000;
constexpr std::size_t repetitions = 5;
constexpr Duration reach_limit = 1ms;     // 99 of 100
constexpr Duration drop_limit = 100ms;    // of those that are ready
constexpr Duration let_go_limit = 300ms;  // of those that wait for something

double in_ms(Duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

[[nodiscard]] bool report(const char* what, Duration middle, Duration most, Duration limit) {
  const bool holds = most <= limit;
  std::printf("  %-6s %-46s %9.3f %9.3f %9.0f\n", holds ? "ok" : "SLOW", what, in_ms(middle), in_ms(most),
              in_ms(limit));
  return holds;
}

/// The times from a cancel until a body knows, in order.
std::vector<Duration> times_to_reach(bool by_callback) {
  baton::ThreadPool pool(2);
  baton::Scheduler scheduler(pool);
  std::atomic<bool> begun{false};
  steady_clock::time_point known;
  Workflow flow{"asks"};
  flow.task([&](Context& context) {
    std::atomic<bool> told{false};
    const std::stop_token token = context.stop_token();
    const std::stop_callback callback(token, [&] { told = true; });
    begun = true;
    while (by_callback ? !told : !context.stop_requested()) {
    }
    known = steady_clock::now();
    context.throw_if_stopped();
  });
  const Plan plan = flow.build();
  std::vector<Duration> times;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    begun = false;
    const Run run = scheduler.start(plan);
    while (!begun) {
    }
    const auto asked = steady_clock::now();
    run.cancel();
    run.wait();
    if (run.state() != baton::RunState::cancelled) throw std::runtime_error("the run was not cancelled");
    times.push_back(known - asked);
  }
  std::sort(times.begin(), times.end());
  return times;
}

enum class Wait { ready, resource, time };

/// A plan of which each worker calls one body, until it is cancelled, and everything else waits.
Plan queueing_plan(Wait wait, std::size_t workers, std::latch& begun) {
  Workflow flow{"queue"};
  for (std::size_t worker = 0; wait == Wait::ready && worker < workers; ++worker) {
    flow.task([&begun](Context& context) {
          begun.count_down();
          while (!context.stop_requested()) {
          }
        })
        .priority(1);
  }
  for (std::size_t task = 0; task < queued; ++task) {
    if (wait == Wait::ready) flow.task([] {});
    if (wait == Wait::resource) flow.task([] {}).resource("slots", 1);
    if (wait == Wait::time) flow.task([](Context& context) { context.park_for(1h); });
  }
  return flow.build();
}

/// The times from a cancel until the run has ended, in order.
std::vector<Duration> times_to_drop(Wait wait, std::size_t workers) {
  std::vector<Duration> times;
  for (std::size_t repetition = 0; repetition < repetitions; ++repetition) {
    baton::ThreadPool pool(workers);
    baton::Scheduler scheduler(pool);
    scheduler.resource("slots", 1);
    std::latch begun(wait == Wait::ready ? static_cast<std::ptrdiff_t>(workers) : 0);
    const Plan plan = queueing_plan(wait, workers, begun);
    // Who holds the resource meanwhile is a run of its own.
    Workflow holder{"holder"};
    std::latch held(1);
    holder
        .task([&held](Context& context) {
          held.count_down();
          context.park_for(1h);
        })
        .resource("slots", 1);
    const Run holding = scheduler.start(holder.build());
    held.wait();
    const Run run = scheduler.start(plan);
    begun.wait();
    while (wait != Wait::ready && run.counts()[TaskState::waiting] != queued) std::this_thread::sleep_for(1ms);
    const auto asked = steady_clock::now();
    run.cancel();
    run.wait();
    times.push_back(steady_clock::now() - asked);
    if (run.counts()[TaskState::cancelled] < queued) throw std::runtime_error("a task was not cancelled");
    holding.cancel();
  }
  std::sort(times.begin(), times.end());
  return times;
}

bool measure() {
  bool holds = true;
  std::printf("Cancelling, in ms\n         %-46s %9s %9s %9s\n", "a body knows, 5,000 times", "median", "99 %",
              "at most");
  for (const bool by_callback : {false, true}) {
    const std::vector<Duration> times = times_to_reach(by_callback);
    const char* const what = by_callback ? "by a callback of its stop token" : "by stop_requested";
    holds &= report(what, times[samples / 2], times[samples * 99 / 100], reach_limit);
  }
  std::printf("         %-46s %9s %9s %9s\n", "100,000 tasks are dropped, 5 times", "best", "median", "at most");
  constexpr std::array kinds{"ready", "waiting for a resource", "waiting for a time"};
  for (const Wait wait : {Wait::ready, Wait::resource, Wait::time}) {
    for (const std::size_t workers : {1, 2}) {
      const std::vector<Duration> times = times_to_drop(wait, workers);
      const std::string what =
          std::string(kinds[static_cast<std::size_t>(wait)]) + ", threads: " + std::to_string(workers);
      holds &=
          report(what.c_str(), times.front(), times[repetitions / 2], wait == Wait::ready ? drop_limit : let_go_limit);
    }
  }
  return holds;
}

}  // namespace

int main() {
  try {
    return measure() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "baton_cancel: %s\n", error.what());
    return 1;
  }
}
