// SPDX-License-Identifier: MIT
// The truth table of docs/reference/outcomes.md, every cell of it: how a predecessor ended, how it is wired, the
// condition, the failure mode, and a cancel.
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace {

using baton::FailureMode;
using baton::Outcome;
using baton::Task;
using baton::TaskState;
using baton::Workflow;

enum class Before { succeeded, skipped, omitted_after_skip, omitted, failed, allowed_failure, cancelled };
enum class Wiring { after, value, maybe, outcome, rule_of_failure, rule_of_end, rule_of_end_with_value };
enum class Asked { nothing, yes, no, throws };
enum class Stop { none, before_the_start };

using Cell = std::tuple<Before, Wiring, Asked, FailureMode, Stop>;

[[noreturn]] void fail() { throw std::runtime_error("broken"); }

Task<int> add_predecessor(Workflow& flow, Before before) {
  const auto value = [] { return 1; };
  const auto broken = []() -> int { fail(); };
  switch (before) {
    case Before::succeeded:
      return flow.task("p", value);
    case Before::skipped:
      return flow.task("p", value).when([] { return false; });
    case Before::omitted_after_skip:
      return flow.task("p", [](int n) { return n; }, flow.task("s", value).when([] { return false; }));
    case Before::omitted:
      return flow.task("p", value).after(flow.task("f", broken).allow_failure());
    case Before::failed:
      return flow.task("p", broken);
    case Before::allowed_failure:
      return flow.task("p", broken).allow_failure();
    case Before::cancelled:
      return flow.task("p", []() -> int { throw baton::Cancelled(); });
  }
  return {};
}

Task<int> add_task(Workflow& flow, Wiring wiring, const Task<int>& before) {
  switch (wiring) {
    case Wiring::after:
      return flow.task("t", [] { return 1; }).after(before);
    case Wiring::value:
      return flow.task("t", [](int n) { return n; }, before);
    case Wiring::maybe:
      return flow.task("t", [](std::optional<int> n) { return n.value_or(1); }, maybe(before));
    case Wiring::outcome:
      return flow.task("t", [](const Outcome<int>&) { return 1; }, outcome(before));
    case Wiring::rule_of_failure:
      return flow.task("t", [] { return 1; }).depends(failed(before));
    case Wiring::rule_of_end:
      return flow.task("t", [] { return 1; }).depends(ended(before));
    case Wiring::rule_of_end_with_value:
      return flow.task("t", [](int n) { return n; }, before).depends(ended(before));
  }
  return {};
}

bool rule_holds(Before before, Wiring wiring) {
  const bool has_value = before == Before::succeeded;
  const bool has_failed = before == Before::failed || before == Before::allowed_failure;
  switch (wiring) {
    case Wiring::after:
    case Wiring::maybe:
      return has_value || before == Before::skipped || before == Before::omitted_after_skip;
    case Wiring::value:
    case Wiring::rule_of_end_with_value:
      return has_value;
    case Wiring::outcome:
    case Wiring::rule_of_end:
      return true;
    case Wiring::rule_of_failure:
      return has_failed;
  }
  return false;
}

/// What the page says, row by row.
TaskState expected_of(const Cell& cell) {
  const auto [before, wiring, asked, mode, stop] = cell;
  if (stop == Stop::before_the_start) return TaskState::cancelled;
  if (mode == FailureMode::stop && before == Before::failed) return TaskState::cancelled;
  if (!rule_holds(before, wiring)) return TaskState::omitted;
  if (asked == Asked::throws) return TaskState::failed;
  if (asked == Asked::no) return TaskState::skipped;
  return TaskState::succeeded;
}

void check(const Cell& cell) {
  const auto [before, wiring, asked, mode, stop] = cell;
  int calls = 0;
  Workflow flow;
  const auto predecessor = add_predecessor(flow, before);
  const auto task = add_task(flow, wiring, predecessor);
  if (asked != Asked::nothing) {
    task.when([&calls, asked = asked]() {
      ++calls;
      if (asked == Asked::throws) fail();
      return asked == Asked::yes;
    });
  }
  const auto last = flow.task("last", [] {}).after(task);

  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  baton::StartOptions options;
  options.failure_mode = mode;
  const baton::Run run = scheduler.start(flow.build(), std::move(options));
  if (stop == Stop::before_the_start) run.cancel();
  executor.run_until_idle();

  const TaskState expected = expected_of(cell);
  EXPECT_EQ(run.state(task), expected);
  const bool was_asked =
      expected == TaskState::succeeded || expected == TaskState::skipped || expected == TaskState::failed;
  EXPECT_EQ(calls, was_asked && asked != Asked::nothing ? 1 : 0);

  // The run, and what only comes after the task.
  const bool bad = before == Before::failed && stop == Stop::none;
  const bool failed = bad || expected == TaskState::failed;
  const bool cancelled = stop != Stop::none || (before == Before::cancelled && !failed);
  EXPECT_EQ(run.state(), failed      ? baton::RunState::failed
                         : cancelled ? baton::RunState::cancelled
                                     : baton::RunState::succeeded);
  const bool stopped = stop != Stop::none || (mode == FailureMode::stop && failed);
  const bool well = expected == TaskState::succeeded || expected == TaskState::skipped ||
                    (expected == TaskState::omitted && (before == Before::succeeded || before == Before::skipped ||
                                                        before == Before::omitted_after_skip));
  EXPECT_EQ(run.state(last), stopped ? TaskState::cancelled : well ? TaskState::succeeded : TaskState::omitted);
}

template <typename Enum>
std::vector<Enum> up_to(Enum last) {
  std::vector<Enum> all;
  for (int at = 0; at <= static_cast<int>(last); ++at) all.push_back(static_cast<Enum>(at));
  return all;
}

TEST(TruthTable, HoldsInEveryCell) {
  int cells = 0;
  for (const Before before : up_to(Before::cancelled)) {
    for (const Wiring wiring : up_to(Wiring::rule_of_end_with_value)) {
      for (const Asked asked : up_to(Asked::throws)) {
        for (const FailureMode mode : {FailureMode::finish_independent, FailureMode::stop}) {
          for (const Stop stop : up_to(Stop::before_the_start)) {
            SCOPED_TRACE("before " + std::to_string(static_cast<int>(before)) + ", wiring " +
                         std::to_string(static_cast<int>(wiring)) + ", asked " +
                         std::to_string(static_cast<int>(asked)) + ", mode " + std::to_string(static_cast<int>(mode)) +
                         ", stop " + std::to_string(static_cast<int>(stop)));
            check({before, wiring, asked, mode, stop});
            ++cells;
          }
        }
      }
    }
  }
  EXPECT_EQ(cells, 7 * 7 * 4 * 2 * 2);
}

}  // namespace
