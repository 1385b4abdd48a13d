// SPDX-License-Identifier: MIT
#include <baton/observe/log.hpp>

#include <baton/observe/spdlog.hpp>

#include "observe/virtual_run.hpp"
#include "support/pools.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

using namespace baton;
using namespace baton::test;
using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

/// A log observer and the lines it has written, each after its level.
struct Log {
  explicit Log(LogLevel level) {
    observer = std::make_shared<LogObserver>(LogOptions{level, [this](LogLevel line_level, std::string_view line) {
                                                          const std::lock_guard lock(mutex);
                                                          lines.push_back(std::string(to_string(line_level)) + " " +
                                                                          std::string(line));
                                                        }});
  }
  std::mutex mutex;
  std::vector<std::string> lines;
  std::shared_ptr<LogObserver> observer;
};

TEST(Log, TellsEachEventInALine) {
  VirtualRun virtual_run;
  Workflow flow{"nightly"};
  const auto load = flow.task("load", parking(1500ms));
  flow.task("clean", [] {}).after(load);
  Log log(LogLevel::trace);
  const auto run = virtual_run.run(flow.build(), log.observer);
  const std::string at = " run " + std::to_string(run.id()) + " 'nightly': ";
  const std::string worker = std::to_string(own_worker());
  EXPECT_THAT(log.lines, ElementsAre("info" + at + "started, 2 tasks",                                        //
                                     "trace" + at + "task 'load': ready",                                     //
                                     "debug" + at + "task 'load', attempt 1: started on worker " + worker,    //
                                     "trace" + at + "task 'load', attempt 1: waits for its time to be over",  //
                                     "debug" + at + "task 'load', attempt 1: succeeded after 1.5 s",          //
                                     "trace" + at + "task 'clean': ready",                                    //
                                     "debug" + at + "task 'clean', attempt 1: started on worker " + worker,   //
                                     "debug" + at + "task 'clean', attempt 1: succeeded after 0 s",           //
                                     "info" + at + "succeeded after 1.5 s: 2 succeeded"));
}

TEST(Log, SaysByItselfOnlyWhatMatters) {
  VirtualRun virtual_run;
  Workflow flow{"nightly"};
  const auto load = flow.task("load", [](Context& context) {
    context.park_for(1500ms);
    throw std::runtime_error("no such file:\norders.csv");
  });
  flow.task("clean", [] {}).after(load);
  flow.task("other", [] {});
  Log log(LogOptions{}.level);
  const auto run = virtual_run.run(flow.build(), log.observer);
  const std::string at = " run " + std::to_string(run.id()) + " 'nightly': ";
  EXPECT_THAT(log.lines,
              ElementsAre("info" + at + "started, 3 tasks",
                          "error" + at + "task 'load', attempt 1: failed after 1.5 s: no such file:\\norders.csv",
                          "info" + at + "task 'clean': omitted",
                          "error" + at + "failed after 1.5 s: 1 succeeded, 1 failed, 1 omitted"));
}

TEST(Log, KeepsToItsLevel) {
  VirtualRun virtual_run;
  Workflow flow{"nightly"};
  flow.task("load", [] { throw std::runtime_error("no"); });
  Log log(LogLevel::error);
  const auto run = virtual_run.run(flow.build(), log.observer);
  const std::string at = "error run " + std::to_string(run.id()) + " 'nightly': ";
  EXPECT_THAT(log.lines,
              ElementsAre(at + "task 'load', attempt 1: failed after 0 s: no", at + "failed after 0 s: 1 failed"));
}

TEST(Log, TellsOfCancelledRuns) {
  VirtualRun virtual_run;
  Workflow flow;
  flow.task(parking(1h));
  Log log(LogLevel::info);
  VirtualClock::Hold hold(virtual_run.clock);
  const auto run = virtual_run.scheduler.start(flow.build(), {.observers = {log.observer}});
  virtual_run.executor.run_until_idle();
  run.cancel();
  virtual_run.executor.run_until_idle();
  const std::string at = " run " + std::to_string(run.id()) + ": ";
  EXPECT_THAT(log.lines,
              ElementsAre("info" + at + "started, 1 task", "info" + at + "task '#0', attempt 1: cancelled after 0 s",
                          "warning" + at + "cancelled after 0 s: 1 cancelled"));
}

TEST(Log, WaitsAreTold) {
  VirtualRun virtual_run;
  virtual_run.scheduler.resource("licence", 1);
  Workflow inner{"inner"};
  inner.task("leaf", [] {});
  const Plan part = inner.build();
  Workflow flow;
  flow.task("a", parking(1s)).resource("licence");
  flow.task("b", [] {}).resource("licence");
  flow.subworkflow("part", part);
  Log log(LogLevel::trace);
  const auto run = virtual_run.run(flow.build(), log.observer);
  const std::string at = "trace run " + std::to_string(run.id()) + ": ";
  EXPECT_THAT(log.lines, testing::Contains(at + "task 'b': waits for a resource"));
  EXPECT_THAT(log.lines, testing::Contains(at + "task 'part', attempt 1: waits for its child run"));
}

/// A sub-workflow `train` with a loop `epoch` of two rounds, the second of which fails.
Plan plan_of_rounds() {
  Workflow round{"round"};
  const auto state = round.input<int>("state");
  const auto next = round.task(
      "evaluate",
      [](int n) {
        if (n == 1) throw std::runtime_error("no data");
        return n + 1;
      },
      state);
  const Plan round_plan = round.build();
  Workflow training{"training"};
  const auto zero = training.task("zero", [] { return 0; });
  training.loop("epoch", zero, round_plan, state, next, [](int) { return false; }, {.limit = 5});
  Workflow flow{"nightly"};
  flow.subworkflow("train", training.build());
  return flow.build();
}

TEST(Log, SaysWhereAChildRunStands) {
  VirtualRun virtual_run;
  Log log(LogLevel::info);
  virtual_run.scheduler.observe(log.observer);
  const auto run = virtual_run.scheduler.start(plan_of_rounds());
  virtual_run.executor.run_until_idle();
  const auto of = [&](int child, const std::string& name) {
    return " run " + std::to_string(run.id() + static_cast<std::uint64_t>(child)) + " " + name + ": ";
  };
  const std::string nightly = of(0, "'nightly'");
  const std::string train = of(1, "'training' (train)");
  const std::string second = of(3, "'round' (train/epoch[1])");
  const std::string failure = "task 'train/epoch[1]/evaluate': no data";
  EXPECT_THAT(log.lines, ElementsAre("info" + nightly + "started, 1 task", "info" + train + "started, 2 tasks",
                                     "info" + of(2, "'round' (train/epoch[0])") + "started, 2 tasks",
                                     "info" + of(2, "'round' (train/epoch[0])") + "succeeded after 0 s: 2 succeeded",
                                     "info" + second + "started, 2 tasks",
                                     "error" + second + "task 'evaluate', attempt 1: failed after 0 s: no data",
                                     "error" + second + "failed after 0 s: 1 succeeded, 1 failed",
                                     "error" + train + "task 'epoch', attempt 1: failed after 0 s: " + failure,
                                     "error" + train + "failed after 0 s: 1 succeeded, 1 failed",
                                     "error" + nightly + "task 'train', attempt 1: failed after 0 s: " + failure,
                                     "error" + nightly + "failed after 0 s: 1 failed"));
}

TEST(Log, LinesOfJsonSayWhereAChildRunStands) {
  VirtualRun virtual_run;
  std::vector<json> lines;
  const auto sink = [&](LogLevel, std::string_view line) { lines.push_back(json::parse(line)); };
  virtual_run.scheduler.observe(
      std::make_shared<LogObserver>(LogOptions{.level = LogLevel::trace, .sink = sink, .format = LogFormat::json}));
  const auto run = virtual_run.scheduler.start(plan_of_rounds());
  virtual_run.executor.run_until_idle();
  const std::vector<std::string> paths{"", "train", "train/epoch[0]", "train/epoch[1]"};
  ASSERT_FALSE(lines.empty());
  for (const json& line : lines) {
    const auto number = line.at("run").get<std::uint64_t>() - run.id();
    EXPECT_EQ(line.value("path", ""), paths.at(number));
    EXPECT_EQ(line.value("parent", std::uint64_t{0}), number == 0 ? 0 : run.id() + (number == 1 ? 0 : 1)) << line;
  }
}

TEST(Log, ShowsNamesAsOneLine) {
  VirtualRun virtual_run;
  Workflow flow{"a\nb"};
  flow.task(
      "\x1b"
      "c",
      [] { throw std::runtime_error("\xff"); });
  Log log(LogLevel::error);
  const auto run = virtual_run.run(flow.build(), log.observer);
  const std::string at = "error run " + std::to_string(run.id()) + " 'a\\nb': ";
  EXPECT_THAT(log.lines, testing::Contains(at + "task '\\x1bc', attempt 1: failed after 0 s: \\xff"));
}

TEST(Log, AnEmptyRunHasNoTasks) {
  VirtualRun virtual_run;
  Log log(LogLevel::info);
  const auto run = virtual_run.run(Workflow{"empty"}.build(), log.observer);
  const std::string at = "info run " + std::to_string(run.id()) + " 'empty': ";
  EXPECT_THAT(log.lines, ElementsAre(at + "started, 0 tasks", at + "succeeded after 0 s: no tasks"));
}

TEST(Log, WritesToStderrWithTimeAndLevelUnlessToldOtherwise) {
  VirtualRun virtual_run;
  testing::internal::CaptureStderr();
  const auto run = virtual_run.run(plan_of(1, "nightly"), std::make_shared<LogObserver>());
  const std::string text = testing::internal::GetCapturedStderr();
  const std::string time = "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3} ";
  const std::string at = "run " + std::to_string(run.id()) + " 'nightly': ";
  EXPECT_THAT(text, testing::MatchesRegex(time + "info    " + at + "started, 1 task\n" + time + "info    " + at +
                                          "succeeded after [^\n]*: 1 succeeded\n"));
  EXPECT_EQ(spdlog::get("baton"), nullptr) << "the registry of spdlog belongs to the host";
}

TEST(Log, ASinkThatThrowsDisturbsNothing) {
  VirtualRun virtual_run;
  const auto observer = std::make_shared<LogObserver>(
      LogOptions{LogLevel::trace, [](LogLevel, std::string_view) { throw std::runtime_error("disk full"); }});
  const auto run = virtual_run.run(plan_of(1), observer);
  EXPECT_TRUE(run.succeeded());
  EXPECT_EQ(virtual_run.scheduler.observer_errors(), 5U);  // started; ready, started, ended; ended
}

/// Those of a run of `plan`, parsed, without the time of day.
std::vector<json> json_lines_of(const Plan& plan, VirtualRun& virtual_run, LogLevel level) {
  std::vector<json> lines;
  const auto sink = [&](LogLevel, std::string_view line) {
    EXPECT_EQ(line.find('\n'), std::string_view::npos);
    lines.push_back(json::parse(line));
    const std::string time = lines.back().at("time");
    EXPECT_THAT(time, testing::MatchesRegex("20[0-9]{2}-[01][0-9]-[0-3][0-9]T[012][0-9]:[0-5][0-9]:[0-5][0-9]"
                                            "\\.[0-9]{3}Z"));
    lines.back().erase("time");
  };
  virtual_run.run(plan, std::make_shared<LogObserver>(LogOptions{level, sink, LogFormat::json}));
  return lines;
}

TEST(Log, TellsEachEventAsJson) {
  VirtualRun virtual_run;
  Workflow flow{"nightly"};
  const auto load = flow.task("load", parking(1500us));
  flow.task("clean", [] { throw std::runtime_error("no such file"); }).after(load);
  const Plan plan = flow.build();
  const std::vector<json> lines = json_lines_of(plan, virtual_run, LogLevel::trace);
  const json run = {{"run", lines.at(0).at("run")}, {"workflow", "nightly"}};
  const auto line = [&](const char* level, const char* event, double elapsed, const json& more) {
    json all = run;
    all.update({{"level", level}, {"event", event}, {"elapsed_us", elapsed}});
    all.update(more);
    return all;
  };
  const auto task = [&](const char* level, const char* event, double elapsed, const char* name, const char* state,
                        const json& more) {
    json all = line(level, event, elapsed, {{"task", name}, {"state", state}, {"worker", own_worker()}});
    all.update(more);
    return all;
  };
  const json first = {{"attempt", 1}};
  EXPECT_THAT(
      lines,
      ElementsAre(line("info", "run_started", 0, {{"state", "running"}, {"tasks", 2}}),
                  task("trace", "task_ready", 0, "load", "ready", json::object()),
                  task("debug", "task_started", 0, "load", "running", first),
                  task("trace", "task_waiting", 0, "load", "waiting", {{"attempt", 1}, {"reason", "timer"}}),
                  task("debug", "task_ended", 1500, "load", "succeeded", {{"attempt", 1}, {"duration_us", 1500.0}}),
                  task("trace", "task_ready", 1500, "clean", "ready", json::object()),
                  task("debug", "task_started", 1500, "clean", "running", first),
                  task("error", "task_ended", 1500, "clean", "failed",
                       {{"attempt", 1}, {"duration_us", 0.0}, {"error", "no such file"}}),
                  line("error", "run_ended", 1500,
                       {{"state", "failed"},
                        {"tasks", 2},
                        {"duration_us", 1500.0},
                        {"outcomes", {{"succeeded", 1}, {"failed", 1}}}})));
}

TEST(Log, JsonHoldsAnyBytes) {
  VirtualRun virtual_run;
  Workflow flow{"</script>\u202e\n"};
  flow.task("a\"b\\c\n\x1b\xff", [] { throw std::runtime_error("\xfe\"}"); });
  const std::vector<json> lines = json_lines_of(flow.build(), virtual_run, LogLevel::error);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].at("workflow"), "</script>\u202e\n");
  EXPECT_EQ(lines[0].at("task"), "a\"b\\c\n\x1b\uFFFD");
  EXPECT_EQ(lines[0].at("error"), "\uFFFD\"}");
}

TEST(Log, JsonOfAnEmptyRunHasNoOutcomes) {
  VirtualRun virtual_run;
  const std::vector<json> lines = json_lines_of(Workflow{}.build(), virtual_run, LogLevel::info);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1].at("outcomes"), json::object());
  EXPECT_EQ(lines[1].at("workflow"), "");
}

TEST(Log, JsonGoesToStderrAsItIs) {
  VirtualRun virtual_run;
  testing::internal::CaptureStderr();
  virtual_run.run(plan_of(1), std::make_shared<LogObserver>(LogOptions{.format = LogFormat::json}));
  std::istringstream text(testing::internal::GetCapturedStderr());
  std::vector<std::string> events;
  for (std::string line; std::getline(text, line);) events.push_back(json::parse(line).at("event"));
  EXPECT_THAT(events, ElementsAre("run_started", "run_ended"));
}

TEST(Log, AsksOnlyForWhatItsLevelNeeds) {
  using enum Event::Kind;
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    const EventKinds kinds = LogObserver({.level = level}).kinds();
    for (const Event::Kind kind : {run_started, task_started, task_ended, run_ended}) EXPECT_TRUE(kinds.contains(kind));
    EXPECT_FALSE(kinds.contains(task_ready)) << to_string(level);
    EXPECT_EQ(kinds.contains(task_waiting), level != LogLevel::error) << to_string(level);  // for retries
  }
  const EventKinds all = LogObserver({.level = LogLevel::trace}).kinds();
  EXPECT_TRUE(all.contains(task_ready));
  EXPECT_TRUE(all.contains(task_waiting));
}

TEST(Log, ATaskThatWasNeverCalledHasNoDuration) {
  Log log(LogLevel::trace);
  const Plan plan = plan_of(1);
  log.observer->on_event(run_event(Event::Kind::run_started, plan, 0s, RunState::running));
  log.observer->on_event(task_event(Event::Kind::task_ready, plan, 0, 1s, TaskState::ready));
  Event end = task_event(Event::Kind::task_ended, plan, 0, 5s, TaskState::cancelled);
  end.attempt = 0;
  log.observer->on_event(end);
  EXPECT_EQ(log.lines.back(), "info run 7: task '#0': cancelled");
}

TEST(Log, ALogThatComesLateGuessesNothing) {
  Log log(LogLevel::trace);
  const Plan plan = plan_of(1);
  log.observer->on_event(task_event(Event::Kind::task_ended, plan, 0, 5s, TaskState::succeeded));
  log.observer->on_event(run_event(Event::Kind::run_ended, plan, 6s, RunState::succeeded));
  EXPECT_THAT(log.lines,
              ElementsAre("debug run 7: task '#0', attempt 1: succeeded", "info run 7: succeeded: 1 succeeded"));
}

TEST(Log, GoesToALoggerOfTheHost) {
  VirtualRun virtual_run;
  std::ostringstream out;
  auto logger = std::make_shared<spdlog::logger>("host", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
  logger->set_pattern("%n|%l|%v");
  const auto run = virtual_run.run(plan_of(1, "{}"), make_log_observer(logger));
  const std::string at = "host|info|run " + std::to_string(run.id()) + " '{}': ";
  EXPECT_EQ(out.str(), at + "started, 1 task\n" + at + "succeeded after 0 s: 1 succeeded\n");
}

class LogOnPool : public OnEachPool {};
BATON_ON_EACH_POOL(LogOnPool);

TEST_P(LogOnPool, WritesALineAnEvent) {
  Log log(LogLevel::trace);
  {
    Scheduler own{pool};
    own.observe(log.observer);
    for (int i = 0; i < 10; ++i) own.start(plan_of(100));
    own.wait_all();
  }
  EXPECT_EQ(log.lines.size(), 10U * (2 + 3 * 100));
}

}  // namespace
