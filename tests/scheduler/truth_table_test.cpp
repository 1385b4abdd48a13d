// SPDX-License-Identifier: MIT
// The truth table of docs/reference/outcomes.md, every cell of it: how a predecessor ended and what it is, what the
// task is and how it is wired, the condition, the failure mode, and a cancel.
#include <baton/executor/manual_executor.hpp>
#include <baton/scheduler/scheduler.hpp>

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using baton::AnyTask;
using baton::FailureMode;
using baton::Outcome;
using baton::Plan;
using baton::RunState;
using baton::Task;
using baton::TaskState;
using baton::Workflow;

// ---- What a cell is ----

enum class Kind { body, map, map_over_a_plan, subworkflow, loop, arm };
enum class Before { succeeded, skipped, omitted_after_skip, omitted, failed, allowed_failure, cancelled };
enum class Wiring { after, rule_of_failure, rule_of_end, value, maybe, outcome, rule_of_end_with_value };
enum class Asked { nothing, yes, no, throws };
/// Whether and when the run, or the task, is cancelled; `inside` is while the predecessor's body goes on.
enum class Stop { none, run_before, run_inside, task_before };

constexpr std::array kinds{"body", "map", "map over a plan", "sub-workflow", "loop", "arm"};
constexpr std::array befores{"succeeded",       "skipped",  "omitted after a skip", "omitted", "failed",
                             "allowed to fail", "cancelled"};
constexpr std::array wirings{"after", "failed()", "ended()", "value", "maybe", "outcome", "value and ended()"};
constexpr std::array answers{"no condition", "true", "false", "throws"};
constexpr std::array modes{"finish_independent", "stop"};
constexpr std::array stops{"none", "run, before", "run, inside", "task, before"};

struct Cell {
  Kind predecessor;
  Before before;
  Kind kind;
  Wiring wiring;
  Asked asked;
  FailureMode mode;
  Stop stop;

  [[nodiscard]] std::string text() const {
    const auto name = [](const auto& names, auto value) {
      return std::string(names.at(static_cast<std::size_t>(value)));
    };
    return name(kinds, predecessor) + " that " + name(befores, before) + "; " + name(kinds, kind) + " by " +
           name(wirings, wiring) + "; condition: " + name(answers, asked) + "; mode: " + name(modes, mode) +
           "; cancel: " + name(stops, stop);
  }
};

// ---- What the page says ----

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

/// Whether the predecessor's body is called, so that it can cancel the run.
bool is_called(Before before) {
  return before == Before::succeeded || before == Before::failed || before == Before::allowed_failure ||
         before == Before::cancelled;
}

bool run_is_cancelled(const Cell& cell) {
  return cell.stop == Stop::run_before || (cell.stop == Stop::run_inside && is_called(cell.before));
}

bool stops_at_the_predecessor(const Cell& cell) {
  return cell.mode == FailureMode::stop && cell.before == Before::failed;
}

TaskState expected_of(const Cell& cell) {
  if (run_is_cancelled(cell) || stops_at_the_predecessor(cell) || cell.stop == Stop::task_before) {
    return TaskState::cancelled;
  }
  if (!rule_holds(cell.before, cell.wiring)) return TaskState::omitted;
  if (cell.asked == Asked::throws) return TaskState::failed;
  if (cell.asked == Asked::no) return TaskState::skipped;
  return TaskState::succeeded;
}

/// What comes after the task, and after nothing else.
TaskState expected_after(const Cell& cell, TaskState task) {
  const bool is_stopped =
      stops_at_the_predecessor(cell) || (cell.mode == FailureMode::stop && task == TaskState::failed);
  if (run_is_cancelled(cell) || is_stopped) return TaskState::cancelled;
  const bool nothing_went_wrong =
      cell.before == Before::succeeded || cell.before == Before::skipped || cell.before == Before::omitted_after_skip;
  const bool goes_on =
      task == TaskState::succeeded || task == TaskState::skipped || (task == TaskState::omitted && nothing_went_wrong);
  return goes_on ? TaskState::succeeded : TaskState::omitted;
}

RunState expected_end(const Cell& cell, TaskState task) {
  if (run_is_cancelled(cell)) return RunState::cancelled;
  if (cell.before == Before::failed || task == TaskState::failed) return RunState::failed;
  const bool cancelled = cell.before == Before::cancelled || task == TaskState::cancelled;
  return cancelled ? RunState::cancelled : RunState::succeeded;
}

// ---- Making it ----

[[noreturn]] void fail() { throw std::runtime_error("broken"); }

/// A task of each kind, that does `act` and then gives 1, or a list of that; it reads `source`.
template <typename Use>
void with_task(Workflow& flow, Kind kind, const std::string& name, const Task<int>& source, bool chosen,
               const std::function<void()>& act, Use&& use) {
  const auto body = [act](int) {
    act();
    return 1;
  };
  Workflow inner{"inner"};
  const auto input = inner.input<int>("n");
  const auto output = inner.task("body", body, input);
  const auto list = [&] { return flow.task(name + " list", [](int n) { return std::vector<int>{n}; }, source); };
  switch (kind) {
    case Kind::body:
      return use(flow.task(name, body, source));
    case Kind::map:
      return use(flow.map(name, list(), body));
    case Kind::map_over_a_plan:
      return use(flow.map(name, list(), inner.build(), input, output));
    case Kind::subworkflow:
      return use(flow.subworkflow(name, inner.build(), output, bind(input, source)));
    case Kind::loop:
      return use(flow.loop(name, source, body, [](int) { return true; }, {.limit = 1}));
    case Kind::arm:
      return use(flow.choose(name + " key", [chosen] { return chosen ? 1 : 2; }).arm(1, name, body, source));
  }
}

/// What a predecessor does to end as the cell says; whatever it has to do besides comes first.
std::function<void()> act_of(Before before, std::function<void()> first) {
  return [before, first = std::move(first)] {
    first();
    if (before == Before::failed || before == Before::allowed_failure) fail();
    if (before == Before::cancelled) throw baton::Cancelled();
  };
}

template <typename Use>
void with_predecessor(Workflow& flow, const Cell& cell, const std::function<void()>& inside, Use&& use) {
  auto source = flow.task("source", [] { return 1; });
  if (cell.before == Before::omitted_after_skip) source.when([] { return false; });
  const bool chosen = cell.before != Before::skipped;
  with_task(flow, cell.predecessor, "before", source, chosen, act_of(cell.before, inside), [&](auto task) {
    if (cell.before == Before::skipped && cell.predecessor != Kind::arm) task.when([] { return false; });
    if (cell.before == Before::omitted) task.after(flow.task("f", [] { fail(); }).allow_failure());
    if (cell.before == Before::allowed_failure) task.allow_failure();
    use(task);
  });
}

/// A plain body that is given something of its predecessor.
template <typename T>
AnyTask add_given(Workflow& flow, Wiring wiring, const Task<T>& before) {
  switch (wiring) {
    case Wiring::value:
      return flow.task("task", [](const T&) {}, before);
    case Wiring::maybe:
      return flow.task("task", [](const std::optional<T>&) {}, maybe(before));
    case Wiring::outcome:
      return flow.task("task", [](const Outcome<T>&) {}, outcome(before));
    case Wiring::rule_of_end_with_value:
      return flow.task("task", [](const T&) {}, before).depends(ended(before));
    default:
      return {};
  }
}

template <typename T>
AnyTask add_task(Workflow& flow, const Cell& cell, const Task<T>& before) {
  if (cell.wiring >= Wiring::value) return add_given(flow, cell.wiring, before);
  AnyTask added;
  const auto own = flow.task("own", [] { return 1; });
  with_task(
      flow, cell.kind, "task", own, cell.asked != Asked::no, [] {},
      [&](auto task) {
        if (cell.wiring == Wiring::after) task.after(before);
        if (cell.wiring == Wiring::rule_of_failure) task.depends(failed(before));
        if (cell.wiring == Wiring::rule_of_end) task.depends(ended(before));
        added = task;
      });
  return added;
}

void check(const Cell& cell) {
  baton::Run run;
  AnyTask before;
  AnyTask task;
  int questions = 0;
  Workflow flow;
  const auto inside = [&] {
    if (cell.stop == Stop::run_inside) run.cancel();
  };
  with_predecessor(flow, cell, inside, [&](auto predecessor) {
    before = predecessor;
    task = add_task(flow, cell, predecessor);
  });
  const bool asks = cell.asked != Asked::nothing && !(cell.asked == Asked::no && cell.kind == Kind::arm);
  if (asks) {
    task.when([&questions, asked = cell.asked] {
      ++questions;
      if (asked == Asked::throws) fail();
      return asked == Asked::yes;
    });
  }
  const auto last = flow.task("last", [] {}).after(task);

  baton::ManualExecutor executor;
  baton::Scheduler scheduler(executor);
  baton::StartOptions options;
  options.failure_mode = cell.mode;
  run = scheduler.start(flow.build(), std::move(options));
  if (cell.stop == Stop::run_before) run.cancel();
  if (cell.stop == Stop::task_before) {
    EXPECT_TRUE(run.cancel(task));
  }
  executor.run_until_idle();

  const TaskState expected = expected_of(cell);
  ASSERT_TRUE(run.ended());
  EXPECT_EQ(run.state(task), expected);
  EXPECT_EQ(run.state(last), expected_after(cell, expected));
  EXPECT_EQ(run.state(), expected_end(cell, expected));
  if (!run_is_cancelled(cell)) {
    constexpr std::array states{TaskState::succeeded, TaskState::skipped, TaskState::omitted,  TaskState::omitted,
                                TaskState::failed,    TaskState::failed,  TaskState::cancelled};
    EXPECT_EQ(run.state(before), states.at(static_cast<std::size_t>(cell.before)));
  }
  const bool was_asked =
      expected == TaskState::succeeded || expected == TaskState::skipped || expected == TaskState::failed;
  EXPECT_EQ(questions, was_asked && asks ? 1 : 0);
  EXPECT_EQ(run.counts().ended(), run.plan().size());
}

// ---- Every cell ----

template <typename Enum>
std::vector<Enum> up_to(Enum last) {
  std::vector<Enum> all;
  for (int at = 0; at <= static_cast<int>(last); ++at) all.push_back(static_cast<Enum>(at));
  return all;
}

/// What the task may be, and how it can be wired then: what is given a value is a body.
std::vector<std::pair<Kind, Wiring>> tasks() {
  std::vector<std::pair<Kind, Wiring>> all;
  for (const Kind kind : up_to(Kind::arm)) {
    for (const Wiring wiring : up_to(kind == Kind::body ? Wiring::rule_of_end_with_value : Wiring::rule_of_end)) {
      all.emplace_back(kind, wiring);
    }
  }
  return all;
}

class TruthTable : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(After, TruthTable, testing::ValuesIn(up_to(Kind::arm)), [](const auto& kind) {
  std::string name = kinds.at(static_cast<std::size_t>(kind.param));
  for (char& letter : name) letter = letter == ' ' || letter == '-' ? '_' : letter;
  return name;
});

TEST_P(TruthTable, HoldsInEveryCell) {
  int cells = 0;
  for (const Before before : up_to(Before::cancelled)) {
    for (const auto& [kind, wiring] : tasks()) {
      for (const Asked asked : up_to(Asked::throws)) {
        for (const FailureMode mode : {FailureMode::finish_independent, FailureMode::stop}) {
          for (const Stop stop : up_to(Stop::task_before)) {
            const Cell cell{GetParam(), before, kind, wiring, asked, mode, stop};
            SCOPED_TRACE(cell.text());
            check(cell);
            if (HasFailure()) return;  // thousands may fail for one reason
            ++cells;
          }
        }
      }
    }
  }
  EXPECT_EQ(cells, 4928);  // as docs/reference/outcomes.md says
}

}  // namespace
