// SPDX-License-Identifier: MIT
#include <baton/observe/trace.hpp>

#include <baton/base/error.hpp>

#include "observe/virtual_run.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/shapes.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace {

using namespace baton;
using namespace baton::test;
using nlohmann::json;

struct Interval {
  std::string name;
  double from, to;
};
using LaneKey = std::pair<std::uint64_t, std::uint64_t>;  // run, lane

/// The intervals of each lane in order of time.
std::map<LaneKey, std::vector<Interval>> lanes_of(const json& trace) {
  std::map<LaneKey, std::vector<Interval>> lanes;
  for (const json& event : trace) {
    if (event.at("ph") != "X") continue;
    const double from = event.at("ts");
    lanes[{event.at("pid"), event.at("tid")}].push_back({event.at("name"), from, from + event.at("dur").get<double>()});
  }
  for (auto& [key, lane] : lanes) {
    std::sort(lane.begin(), lane.end(),
              [](const Interval& a, const Interval& b) { return std::tie(a.from, a.to) < std::tie(b.from, b.to); });
  }
  return lanes;
}

void expect_no_overlap(const json& trace) {
  constexpr double rounding = 1e-6;  // of sums of doubles; times are whole thousandths
  for (const auto& [key, lane] : lanes_of(trace)) {
    for (std::size_t i = 1; i < lane.size(); ++i) {
      EXPECT_LE(lane[i - 1].to, lane[i].from + rounding)
          << "run " << key.first << ", lane " << key.second << ": " << lane[i - 1].name << " and " << lane[i].name;
    }
  }
}

/// Everything that was written, closed and parsed.
json trace_of(const Plan& plan, VirtualRun& virtual_run) {
  std::ostringstream out;
  const auto observer = std::make_shared<TraceObserver>(out);
  virtual_run.run(plan, observer);
  observer->close();
  return json::parse(out.str());
}

/// `text` with numbers for '#' (the run), '%' (the worker) and '@' (its lane).
std::string with_numbers(std::string_view text, std::uint64_t run, std::uint32_t worker) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '#':
        result += std::to_string(run);
        break;
      case '%':
        result += std::to_string(worker);
        break;
      case '@':
        result += std::to_string(worker + 1);
        break;
      default:
        result += c;
    }
  }
  return result;
}

TEST(Trace, IsWhatViewersExpect) {
  VirtualRun virtual_run;
  Workflow flow{"nightly"};
  const auto load = flow.task("load", parking(1500us));
  flow.task("clean", [] { throw std::runtime_error("bad \"row\""); }).after(load);
  std::ostringstream out;
  std::uint64_t run = 0;
  {
    const auto observer = std::make_shared<TraceObserver>(out);
    run = virtual_run.run(flow.build(), observer).id();
  }
  constexpr std::string_view expected = R"([
{"name":"process_name","ph":"M","pid":#,"tid":0,"args":{"name":"nightly, run #"}},
{"name":"thread_name","ph":"M","pid":#,"tid":0,"args":{"name":"run"}},
{"name":"thread_sort_index","ph":"M","pid":#,"tid":0,"args":{"sort_index":0}},
{"name":"thread_name","ph":"M","pid":#,"tid":@,"args":{"name":"worker %"}},
{"name":"thread_sort_index","ph":"M","pid":#,"tid":@,"args":{"sort_index":@}},
{"name":"load","cat":"task","ph":"X","pid":#,"tid":@,"ts":0.000,"dur":0.000,"args":{"run":#,"attempt":1,"state":"succeeded"}},
{"name":"thread_name","ph":"M","pid":#,"tid":1000001,"args":{"name":"parked 0"}},
{"name":"thread_sort_index","ph":"M","pid":#,"tid":1000001,"args":{"sort_index":1000001}},
{"name":"load","cat":"parked","ph":"X","pid":#,"tid":1000001,"ts":0.000,"dur":1500.000,"args":{"run":#,"attempt":1,"state":"succeeded","reason":"timer"}},
{"name":"clean","cat":"task","ph":"X","pid":#,"tid":@,"ts":1500.000,"dur":0.000,"args":{"run":#,"attempt":1,"state":"failed","error":"bad \"row\""}},
{"name":"then","cat":"dependency","id":1,"ph":"s","pid":#,"tid":1000001,"ts":1499.999},
{"name":"then","cat":"dependency","id":1,"ph":"f","bp":"e","pid":#,"tid":@,"ts":1500.000},
{"name":"nightly","cat":"run","ph":"X","pid":#,"tid":0,"ts":0.000,"dur":1500.000,"args":{"run":#,"state":"failed","tasks":2}}
]
)";
  EXPECT_EQ(out.str(), with_numbers(expected, run, own_worker()));
}

TEST(Trace, ParksTasksInAsFewLanesAsPossible) {
  Workflow flow;
  for (int i = 1; i <= 50; ++i) flow.task(parking(std::chrono::milliseconds(i))).resource("licence");
  VirtualRun virtual_run;
  virtual_run.scheduler.resource("licence", 3);
  const json trace = trace_of(flow.build(), virtual_run);
  expect_no_overlap(trace);
  std::size_t parked_lanes = 0;
  double together = 0;
  for (const auto& [key, lane] : lanes_of(trace)) {
    if (key.second < 1'000'001) continue;
    ++parked_lanes;
    for (const Interval& interval : lane) together += interval.to - interval.from;
  }
  EXPECT_EQ(parked_lanes, 3U);
  EXPECT_DOUBLE_EQ(together, 1000.0 * 50 * 51 / 2);
}

TEST(Trace, ALoopThatParksInEachRoundKeepsItsLane) {
  Workflow flow;
  const auto zero = flow.task([] { return 0; });
  const auto round = [](Context& context, int n) {
    context.park_for(1ms);
    return n + 1;
  };
  flow.loop("loop", zero, round, [](int n) { return n == 100; }, {.limit = 100});
  VirtualRun virtual_run;
  const json trace = trace_of(flow.build(), virtual_run);
  expect_no_overlap(trace);
  const auto lanes = lanes_of(trace);
  EXPECT_EQ(std::count_if(lanes.begin(), lanes.end(), [](const auto& lane) { return lane.first.second >= 1'000'001; }),
            1);
}

TEST(Trace, NamesAChildRunByItsPath) {
  Workflow inner{"inner"};
  inner.task("leaf", [] {});
  Workflow flow{"flow"};
  flow.subworkflow("part", inner.build());
  VirtualRun virtual_run;
  std::ostringstream out;
  const auto observer = std::make_shared<TraceObserver>(out);
  virtual_run.scheduler.observe(observer);
  const auto run = virtual_run.scheduler.start(flow.build());
  virtual_run.executor.run_until_idle();
  observer->close();
  std::vector<std::string> names;
  for (const json& event : json::parse(out.str())) {
    if (event.at("name") == "process_name") names.push_back(event.at("args").at("name"));
  }
  EXPECT_EQ(names, (std::vector{"flow, run " + std::to_string(run.id()),
                                "inner, run " + std::to_string(run.id() + 1) + " (part)"}));
}

TEST(Trace, ALaneIsNotSharedByTasksWhoseEventsComeInAnotherOrderThanTheirTimes) {
  const Plan plan = plan_of(2);
  std::ostringstream out;
  TraceObserver trace(out);
  const auto tell = [&](Event::Kind kind, std::size_t task, Duration time, TaskState state) {
    trace.on_event(task_event(kind, plan, task, time, state));
  };
  trace.on_event(run_event(Event::Kind::run_started, plan, 0s, RunState::running));
  tell(Event::Kind::task_started, 0, 1us, TaskState::running);
  tell(Event::Kind::task_waiting, 0, 2us, TaskState::waiting);
  tell(Event::Kind::task_started, 1, 3us, TaskState::running);
  tell(Event::Kind::task_ended, 0, 9us, TaskState::succeeded);
  tell(Event::Kind::task_waiting, 1, 8us, TaskState::waiting);  // on another thread, and held up there
  tell(Event::Kind::task_ended, 1, 10us, TaskState::succeeded);
  trace.on_event(run_event(Event::Kind::run_ended, plan, 11us, RunState::succeeded));
  trace.close();
  const auto lanes = lanes_of(json::parse(out.str()));
  EXPECT_EQ(lanes.count({7, 1'000'001}), 1U);
  EXPECT_EQ(lanes.count({7, 1'000'002}), 1U);
}

TEST(Trace, HoldsNamesOfAnyBytes) {
  VirtualRun virtual_run;
  Workflow flow{"</script>\xff"};
  flow.task("a\"b\\c\n\x1b\xff", [] {});
  flow.task("größer", [] {});
  const json trace = trace_of(flow.build(), virtual_run);
  std::vector<std::string> names;
  for (const json& event : trace) {
    if (event.at("ph") == "X") names.push_back(event.at("name"));
  }
  EXPECT_EQ(names, (std::vector<std::string>{"a\"b\\c\n\x1b\uFFFD", "größer", "</script>\uFFFD"}));
}

TEST(Trace, TasksThatNeverStartedTakeNoLane) {
  VirtualRun virtual_run;
  Workflow flow;
  const auto first = flow.task("first", [] { throw std::runtime_error("no"); });
  flow.task("second", [] {}).after(first);
  const json trace = trace_of(flow.build(), virtual_run);
  EXPECT_EQ(std::count_if(trace.begin(), trace.end(), [](const json& event) { return event.at("name") == "second"; }),
            0);
}

/// The two ends of an arrow.
struct Arrow {
  json from, to;
};

/// By id; checks that each has its two ends, in order of time.
std::map<std::uint64_t, Arrow> arrows_of(const json& trace) {
  std::map<std::uint64_t, Arrow> arrows;
  for (const json& event : trace) {
    if (event.at("ph") != "s" && event.at("ph") != "f") continue;
    Arrow& arrow = arrows[event.at("id")];
    json& end = event.at("ph") == "s" ? arrow.from : arrow.to;
    EXPECT_TRUE(end.is_null()) << "twice: " << event;
    end = event;
  }
  for (const auto& [id, arrow] : arrows) {
    EXPECT_FALSE(arrow.from.is_null() || arrow.to.is_null()) << id;
    EXPECT_LE(arrow.from.at("ts"), arrow.to.at("ts"));
    EXPECT_EQ(arrow.to.at("bp"), "e");
  }
  return arrows;
}

/// The interval of a body or of a parked task that viewers bind an end of an arrow to, by lane and time.
using BodyAt = std::map<std::tuple<std::uint64_t, std::uint64_t, double>, std::string>;

/// How often an arrow leads from one name to another. Checks that each end meets an interval. For runs in which no two
/// tasks of a lane end or start at the same time.
std::map<std::pair<std::string, std::string>, int> arrows_by_name(const json& trace) {
  BodyAt starts;
  BodyAt ends;
  for (const json& event : trace) {
    if (event.at("ph") != "X" || event.at("cat") == "run") continue;
    const double from = event.at("ts");
    const double to = from + event.at("dur").get<double>();
    starts[{event.at("pid"), event.at("tid"), std::round(from * 1000)}] = event.at("name");
    ends[{event.at("pid"), event.at("tid"), std::round(std::max(from, to - 0.001) * 1000)}] = event.at("name");
  }
  std::map<std::pair<std::string, std::string>, int> counts;
  for (const auto& [id, arrow] : arrows_of(trace)) {
    const auto at = [&](const json& end) {
      return std::tuple(end.at("pid").get<std::uint64_t>(), end.at("tid").get<std::uint64_t>(),
                        std::round(end.at("ts").get<double>() * 1000));
    };
    EXPECT_EQ(ends.count(at(arrow.from)), 1U) << arrow.from;
    EXPECT_EQ(starts.count(at(arrow.to)), 1U) << arrow.to;
    ++counts[{ends[at(arrow.from)], starts[at(arrow.to)]}];
  }
  return counts;
}

/// What was written of `plan` with these options.
json trace_of(const Plan& plan, VirtualRun& virtual_run, TraceOptions options) {
  std::ostringstream out;
  const auto observer = std::make_shared<TraceObserver>(out, options);
  virtual_run.run(plan, observer);
  observer->close();
  return json::parse(out.str());
}

/// Calls that tell an observer of one run, event by event.
struct Teller {
  TraceObserver& trace;
  const Plan& plan;

  void start_run() const { trace.on_event(run_event(Event::Kind::run_started, plan, 0s, RunState::running)); }
  void end_run(Duration time) const {
    trace.on_event(run_event(Event::Kind::run_ended, plan, time, RunState::succeeded));
  }
  void ready(std::size_t task, Duration time) const {
    trace.on_event(task_event(Event::Kind::task_ready, plan, task, time, TaskState::ready));
  }
  void wait(std::size_t task, Duration time, WaitReason reason) const {
    Event event = task_event(Event::Kind::task_waiting, plan, task, time, TaskState::waiting);
    event.attempt = 0;
    event.reason = reason;
    trace.on_event(event);
  }
  void start(std::size_t task, Duration time) const {
    trace.on_event(task_event(Event::Kind::task_started, plan, task, time, TaskState::running));
  }
  void end(std::size_t task, Duration time) const {
    trace.on_event(task_event(Event::Kind::task_ended, plan, task, time, TaskState::succeeded));
  }
};

TEST(Trace, ArrowsLeadFromWhatWasWaitedFor) {
  Workflow flow;
  const auto a = flow.task("a", [] {});
  const auto b = flow.task("b", [] {}).after(a);
  const auto c = flow.task("c", parking(1s)).after(a);
  const auto d = flow.task("d", [] {}).after(b).after(c);
  const Plan plan = flow.build();
  std::ostringstream out;
  TraceObserver trace(out);
  const Teller tell{trace, plan};
  const auto run_task = [&](const Task<void>& task, Duration from, Duration to) {
    tell.start(index_of(plan.id(task)), from);
    tell.end(index_of(plan.id(task)), to);
  };
  tell.start_run();
  run_task(a, 0us, 10us);
  tell.start(index_of(plan.id(c)), 10us);
  trace.on_event(task_event(Event::Kind::task_waiting, plan, index_of(plan.id(c)), 12us, TaskState::waiting));
  run_task(b, 12us, 20us);
  tell.end(index_of(plan.id(c)), 30us);
  run_task(d, 40us, 40us);
  tell.end_run(40us);
  trace.close();
  const std::map<std::pair<std::string, std::string>, int> expected{
      {{"a", "b"}, 1}, {{"a", "c"}, 1}, {{"b", "d"}, 1}, {{"c", "d"}, 1}};
  EXPECT_EQ(arrows_by_name(json::parse(out.str())), expected);
}

std::string numbered(char letter, int number) { return std::string(1, letter).append(std::to_string(number)); }

TEST(Trace, ATaskThatWaitsForManyHasArrowsFromTheLast) {
  Workflow flow;
  std::vector<Task<void>> many;
  for (int i = 0; i < 1000; ++i) many.push_back(flow.task(numbered('p', i), [] {}));
  auto last = flow.task("last", [] {});
  for (const auto& task : many) last.after(task);
  const Plan plan = flow.build();
  std::ostringstream out;
  TraceObserver trace(out, {.arrows_to_a_task = 3});
  const Teller tell{trace, plan};
  tell.start_run();
  // The later a number, the earlier its end.
  for (std::size_t i = 0; i < 1000; ++i) {
    tell.start(999 - i, std::chrono::microseconds(10 * i));
    tell.end(999 - i, std::chrono::microseconds(10 * i + 5));
  }
  tell.start(1000, 20ms);
  tell.end(1000, 21ms);
  tell.end_run(21ms);
  trace.close();
  const json all = json::parse(out.str());
  const std::map<std::pair<std::string, std::string>, int> expected{
      {{"p0", "last"}, 1}, {{"p1", "last"}, 1}, {{"p2", "last"}, 1}};
  EXPECT_EQ(arrows_by_name(all), expected);
  for (const json& event : all) {
    if (event.at("name") == "last") {
      EXPECT_EQ(event.at("args").at("arrows_left_out"), 997);
    }
  }
}

TEST(Trace, AWideGraphHasAsManyArrowsAsAreAsked) {
  VirtualRun virtual_run;
  Recorder recorder(complete_bipartite(40, 500));
  const Plan plan = recorder.plan();
  const auto count = [&](TraceOptions options) { return arrows_of(trace_of(plan, virtual_run, options)).size(); };
  EXPECT_EQ(count({.arrows_to_a_task = 1000, .arrows_from_a_task = 1000}), 40U * 500U);
  EXPECT_EQ(count({.arrows_to_a_task = 5, .arrows_from_a_task = 1000}), 5U * 500U);
  EXPECT_EQ(count({.arrows_to_a_task = 1000, .arrows_from_a_task = 7}), 40U * 7U);
  EXPECT_EQ(count({.arrows_to_a_task = 0}), 0U);
  EXPECT_EQ(count({.arrows_from_a_task = 0}), 0U);
  EXPECT_LE(count({}), std::min(8U * 500U, 64U * 40U));
}

struct Wait {
  std::string name, reason;
  double from, to;
  bool operator==(const Wait&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Wait& wait) {
  return out << wait.name << " for " << wait.reason << " from " << wait.from << " to " << wait.to;
}

/// In order of the file. Checks that each begins and ends, and that none overlaps another of its row.
std::vector<Wait> waits_of(const json& trace) {
  std::vector<Wait> waits;
  std::map<std::uint64_t, double> row_ends;
  const json* begin = nullptr;
  for (const json& event : trace) {
    if (event.at("ph") == "b") {
      EXPECT_EQ(begin, nullptr) << event;
      begin = &event;
    } else if (event.at("ph") == "e") {
      if (begin == nullptr) {
        ADD_FAILURE() << "an end without a beginning: " << event;
        continue;
      }
      EXPECT_EQ(begin->at("id"), event.at("id"));
      const Wait wait{event.at("name"), begin->at("args").at("reason"), begin->at("ts"), event.at("ts")};
      EXPECT_LE(row_ends[event.at("id")], wait.from + 1e-6) << wait;
      row_ends[event.at("id")] = wait.to;
      waits.push_back(wait);
      begin = nullptr;
    }
  }
  EXPECT_EQ(begin, nullptr);
  return waits;
}

TEST(Trace, ShowsWhatTasksWaitedFor) {
  const Plan plan = plan_of(4);
  std::ostringstream out;
  TraceObserver trace(out);
  const Teller tell{trace, plan};
  tell.start_run();
  for (std::size_t task = 0; task < 4; ++task) tell.ready(task, 1us);
  tell.start(0, 1us + 999ns);  // too short
  tell.end(0, 4us);
  tell.start(1, 4us);
  tell.end(1, 5us);
  tell.wait(2, 5us, WaitReason::resource);
  tell.wait(2, 8us, WaitReason::executor);
  tell.start(2, 20us);
  tell.end(2, 21us);
  Event cancelled = task_event(Event::Kind::task_ended, plan, 3, 30us, TaskState::cancelled);
  cancelled.attempt = 0;
  trace.on_event(cancelled);
  tell.end_run(30us);
  trace.close();
  const json all = json::parse(out.str());
  EXPECT_EQ(waits_of(all), (std::vector<Wait>{{"#1", "worker", 1, 4},
                                              {"#2", "worker", 1, 5},
                                              {"#2", "resource", 5, 8},
                                              {"#2", "executor", 8, 20},
                                              {"#3", "worker", 1, 30}}));
  std::map<std::string, json> waited;
  for (const json& event : all) {
    if (event.value("cat", "") == "task") waited[event.at("name")] = event.at("args").value("waited_us", json());
  }
  EXPECT_EQ(waited, (std::map<std::string, json>{{"#0", nullptr}, {"#1", 3.0}, {"#2", 19.0}}));
}

TEST(Trace, WaitsOfRealRunsHaveTheirReasons) {
  VirtualRun virtual_run;
  virtual_run.scheduler.resource("licence", 1);
  Workflow flow;
  flow.task("a", parking(5us)).resource("licence");
  flow.task("b", parking(5us)).resource("licence");
  const json trace = trace_of(flow.build(), virtual_run, {});
  EXPECT_EQ(waits_of(trace), (std::vector<Wait>{{"b", "resource", 0, 5}}));
}

TEST(Trace, ShowsNoMoreWaitingTasksAtOnceThanAsked) {
  const Plan plan = plan_of(1000);
  std::ostringstream out;
  TraceObserver trace(out, {.waiting_lanes = 10});
  const Teller tell{trace, plan};
  tell.start_run();
  for (std::size_t task = 0; task < 500; ++task) tell.ready(task, 1us);
  for (std::size_t task = 0; task < 500; ++task) {
    const Duration time = std::chrono::microseconds(10 + 10 * task);
    tell.start(task, time);
    tell.end(task, time + 1us);
  }
  // Once the crowd has gone, the rows are free again.
  for (std::size_t task = 500; task < 1000; ++task) {
    const Duration time = std::chrono::microseconds(10 + 10 * task);
    tell.ready(task, time);
    tell.start(task, time + 5us);
    tell.end(task, time + 6us);
  }
  tell.end_run(1s);
  trace.close();
  const json all = json::parse(out.str());
  EXPECT_EQ(waits_of(all).size(), 10U + 500U);
  std::set<std::uint64_t> rows;
  for (const json& event : all) {
    if (event.at("ph") == "b") rows.insert(event.at("id").get<std::uint64_t>());
  }
  EXPECT_EQ(rows.size(), 10U);
}

TEST(Trace, BeginsAtZeroAlsoWhenItComesLate) {
  const Plan plan = plan_of(3);
  std::ostringstream out;
  TraceObserver trace(out);
  const Teller tell{trace, plan};
  tell.ready(0, 5s);
  tell.end(1, 6s);  // was started before
  tell.start(0, 7s);
  tell.end(0, 8s);
  tell.end_run(9s);
  trace.close();
  const json all = json::parse(out.str());
  for (const json& event : all) EXPECT_GE(event.value("ts", 0.0), 0.0) << event;
  EXPECT_EQ(waits_of(all), (std::vector<Wait>{{"#0", "worker", 0, 2e6}}));
  EXPECT_EQ(lanes_of(all).size(), 1U);
}

/// A trace that was not closed, as viewers read it.
json parse_open(std::string text) {
  text.push_back(']');
  return json::parse(text);
}

TEST(Trace, GoesToTheFileInTime) {
  const Plan plan = plan_of(100);
  std::ostringstream out;
  TraceObserver trace(out, {.flush_interval = 200ms});
  const Teller tell{trace, plan};
  tell.start_run();
  const auto run_task = [&](std::size_t task, Duration time) {
    tell.start(task, time);
    tell.end(task, time);
  };
  run_task(0, 199ms);
  EXPECT_EQ(out.str(), "");
  run_task(1, 200ms);
  const std::string first = out.str();
  EXPECT_EQ(parse_open(first).back().at("name"), "#1");
  run_task(2, 10s);  // the first of what comes next
  EXPECT_EQ(out.str(), first);
  run_task(3, 10s + 199ms);
  EXPECT_EQ(out.str(), first);
  run_task(4, 10s + 200ms);
  EXPECT_EQ(parse_open(out.str()).back().at("name"), "#4");
  tell.end_run(11s);
  std::string whole = out.str();
  whole.append("\n]\n");
  trace.close();
  EXPECT_EQ(out.str(), whole);
}

TEST(Trace, GoesToTheFileWhenThereIsMuch) {
  const Plan plan = plan_of(100);
  std::ostringstream out;
  TraceObserver trace(out, {.flush_interval = 1h, .flush_bytes = 2000});
  const Teller tell{trace, plan};
  tell.start_run();
  for (std::size_t task = 0; task < 100; ++task) {
    tell.start(task, 1ms);
    tell.end(task, 1ms);
  }
  EXPECT_GT(out.str().size(), 10'000U);
  EXPECT_GT(parse_open(out.str()).size(), 50U);
}

/// What a process that is gone left behind, cut after its last whole line.
json rescue(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  std::string line;
  while (std::getline(file, line)) {
    if (line != "[" && !json::accept(line.ends_with(',') ? line.substr(0, line.size() - 1) : line)) break;
    text += line;
  }
  if (text.ends_with(',')) text.pop_back();
  return parse_open(text);
}

/// Runs `body` in a process of its own, which has to end by being killed.
template <typename Body>
void expect_killed(Body body) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    body();
    _exit(3);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST(TraceOfACrash, HoldsAllUpToTheLastFlush) {
  const std::string path = testing::TempDir() + "baton_trace_of_a_crash.json";
  constexpr int killer = 500;
  expect_killed([&] {
    VirtualRun virtual_run;
    Workflow flow{"doomed"};
    Task<void> before = flow.task("#start", parking(7ms));
    for (int i = 0; i < 1000; ++i) {
      before = flow.task(numbered('t', i),
                         [i](Context& context) {
                           if (i == killer) kill(getpid(), SIGKILL);
                           context.park_for(7ms);
                         })
                   .after(before);
    }
    virtual_run.run(flow.build(), std::make_shared<TraceObserver>(path));
  });
  std::set<std::string> names;
  for (const json& event : rescue(path)) {
    if (event.value("cat", "") == "parked") names.insert(event.at("name"));
  }
  // Within an interval of 200 ms 29 tasks end.
  for (int i = 0; i < killer - 29; ++i) EXPECT_EQ(names.count(numbered('t', i)), 1U) << i;
  EXPECT_EQ(names.count(numbered('t', killer)), 0U);
  std::filesystem::remove(path);
}

TEST(TraceOfACrash, IsWholeWhenThreadsWereAtWork) {
  const std::string path = testing::TempDir() + "baton_trace_of_a_crash_of_threads.json";
  expect_killed([&] {
    ThreadPool pool{3};
    Scheduler scheduler{pool};
    scheduler.observe(std::make_shared<TraceObserver>(path));
    std::atomic<int> called{0};
    Workflow flow{"doomed"};
    for (int i = 0; i < 20'000; ++i) {
      flow.task([&called] {
        if (called.fetch_add(1) == 15'000) kill(getpid(), SIGKILL);
      });
    }
    scheduler.run(flow.build());
  });
  const json trace = rescue(path);
  expect_no_overlap(trace);
  std::size_t tasks = 0;
  for (const json& event : trace) tasks += event.value("cat", "") == "task" ? 1 : 0;
  // 64 KiB, what may be missing, are less than 1000 tasks; a few are being called.
  EXPECT_GE(tasks, 14'000U);
  EXPECT_LT(tasks, 20'000U);
  std::filesystem::remove(path);
}

TEST(Trace, IsWholeWithoutAnyRun) {
  std::ostringstream out;
  {
    const TraceObserver trace(out);
  }
  EXPECT_EQ(out.str(), "[]\n");
}

TEST(Trace, IsClosedWhenTheHostFails) {
  std::ostringstream out;
  VirtualRun virtual_run;
  try {
    const auto observer = std::make_shared<TraceObserver>(out);
    const Plan plan = plan_of(3);
    virtual_run.run(plan, observer);
    throw std::runtime_error("something else");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(lanes_of(json::parse(out.str())).size(), 2U);
}

TEST(Trace, NothingIsWrittenAfterClose) {
  std::ostringstream out;
  VirtualRun virtual_run;
  const auto observer = std::make_shared<TraceObserver>(out);
  virtual_run.run(plan_of(1), observer);
  observer->close();
  const std::string text = out.str();
  observer->close();
  virtual_run.run(plan_of(1), observer);
  EXPECT_EQ(out.str(), text);
  EXPECT_EQ(virtual_run.scheduler.observer_errors(), 0U);
}

TEST(Trace, WritesAFile) {
  const std::string path = testing::TempDir() + "baton_trace_test.json";
  VirtualRun virtual_run;
  virtual_run.run(plan_of(3), std::make_shared<TraceObserver>(path));
  std::ifstream file(path);
  EXPECT_EQ(lanes_of(json::parse(file)).size(), 2U);
  std::filesystem::remove(path);
}

TEST(Trace, SaysWhichFileItCannotWriteAndWhy) {
  EXPECT_EQ(message_of<Error>([] { const TraceObserver trace("/no/such\nfolder/trace.json"); }),
            "trace '/no/such\\nfolder/trace.json': cannot be opened for writing: No such file or directory");
}

TEST(Trace, SaysWhenNotAllWasWritten) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  TraceObserver trace(out);
  EXPECT_EQ(message_of<Error>([&] { trace.close(); }), "trace: could not be written completely");
}

class TraceOnPool : public OnEachPool {};
BATON_ON_EACH_POOL(TraceOnPool);

TEST_P(TraceOnPool, ShowsEachTaskOnceAndNoOverlapInALane) {
  std::ostringstream out;
  const auto observer = std::make_shared<TraceObserver>(out);
  std::size_t tasks = 0;
  std::size_t runs = 0;
  {
    Scheduler own{pool};
    own.observe(observer);
    for (const Shape& shape : all_shapes(100)) {
      Recorder recorder(shape);
      own.run(recorder.plan());
      tasks += shape.tasks;
      ++runs;
    }
    Workflow parked;
    for (int i = 0; i < 200; ++i) parked.task(parking(std::chrono::microseconds(i * 7 % 50)));
    const Plan plan = parked.build();
    for (int i = 0; i < 10; ++i) own.start(plan);
    own.wait_all();
    tasks += 10 * plan.size();
    runs += 10;
  }
  observer->close();
  const json trace = json::parse(out.str());
  expect_no_overlap(trace);
  EXPECT_FALSE(arrows_by_name(trace).empty());
  waits_of(trace);
  std::map<std::string, std::size_t> counts;
  std::map<std::uint64_t, double> run_lengths;
  for (const json& event : trace) {
    if (event.at("ph") != "X") continue;
    ++counts[event.at("cat")];
    if (event.at("cat") == "run") run_lengths[event.at("pid")] = event.at("dur");
  }
  EXPECT_EQ(counts["task"], tasks);
  EXPECT_EQ(counts["run"], runs);
  for (const auto& [key, lane] : lanes_of(trace)) {
    double busy = 0;
    for (const Interval& interval : lane) busy += interval.to - interval.from;
    EXPECT_LE(busy, run_lengths[key.first] + 1e-3);
  }
}

}  // namespace
