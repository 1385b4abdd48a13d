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

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
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
{"name":"load","cat":"parked","ph":"X","pid":#,"tid":1000001,"ts":0.000,"dur":1500.000,"args":{"run":#,"attempt":1,"state":"succeeded"}},
{"name":"clean","cat":"task","ph":"X","pid":#,"tid":@,"ts":1500.000,"dur":0.000,"args":{"run":#,"attempt":1,"state":"failed","error":"bad \"row\""}},
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
