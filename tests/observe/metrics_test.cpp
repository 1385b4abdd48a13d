// SPDX-License-Identifier: MIT
#include <baton/observe/metrics.hpp>

#include <baton/base/error.hpp>

#include "observe/virtual_run.hpp"
#include "support/messages.hpp"
#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace baton;
using namespace baton::test;

std::uint64_t count_of(const MetricsSnapshot& metrics, TaskState state) {
  return metrics.tasks[static_cast<std::size_t>(state)];
}
std::uint64_t count_of(const MetricsSnapshot& metrics, RunState state) {
  return metrics.runs[static_cast<std::size_t>(state)];
}
std::uint64_t count_of(const MetricsSnapshot& metrics, WaitReason reason) {
  return metrics.waits[static_cast<std::size_t>(reason)];
}

std::string read_golden(const std::string& name) {
  std::ifstream file(std::string(BATON_GOLDEN_FILES) + "/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The samples of a text: what stands in front of the last space, and the value.
std::map<std::string, std::string> samples_of(const std::string& text) {
  std::map<std::string, std::string> samples;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    const std::size_t space = line.rfind(' ');
    EXPECT_TRUE(samples.emplace(line.substr(0, space), line.substr(space + 1)).second) << line;
  }
  return samples;
}

/// A run with most of what can happen, in virtual time: the example of docs/reference/events.md.
MetricsSnapshot example() {
  VirtualRun virtual_run;
  virtual_run.scheduler.resource("net", 1);
  Workflow flow{"example"};
  const auto fetch = flow.task("fetch", parking(2s)).resource("net");
  const auto parse = flow.task("parse", [] { throw std::runtime_error("bad line 3"); }).after(fetch);
  flow.task("store", [] {}).after(parse);
  flow.task("ping", [] {}).resource("net");
  const auto observer = std::make_shared<MetricsObserver>();
  virtual_run.run(flow.build(), observer);
  return observer->snapshot();
}

TEST(Metrics, AreWhatPrometheusExpects) {
  MetricsSnapshot metrics = example();
  metrics.add("pool_steals_total", "Bodies taken from\nanother worker, \\ \"so\".", 12, MetricKind::counter);
  metrics.add("pool:load", "", 0.25);
  EXPECT_EQ(to_prometheus(metrics), read_golden("metrics.prom"));
}

TEST(Metrics, HaveTheLabelsOfTheHost) {
  const std::string text = to_prometheus(example(), {{"job", "a\"b\\c\nd"}, {"place", "gr\u00f6\u00dfer\xff"}});
  const auto samples = samples_of(text);
  const std::string labels = R"(job="a\"b\\c\nd",place="größer)"
                             "\uFFFD\"";
  EXPECT_EQ(samples.at("baton_runs_running{" + labels + "}"), "0");
  EXPECT_EQ(samples.at("baton_tasks_ended_total{" + labels + ",outcome=\"failed\"}"), "1");
  EXPECT_EQ(samples.at("baton_task_run_seconds_bucket{" + labels + ",le=\"+Inf\"}"), "3");
  EXPECT_EQ(samples.at("baton_task_run_seconds_sum{" + labels + "}"), "2");
}

TEST(Metrics, NamesThatPrometheusDoesNotTakeAreRefused) {
  MetricsSnapshot metrics;
  const auto added = [&](const char* name) { return message_of<UsageError>([&] { metrics.add(name, "", 1); }); };
  const std::string unfit = " is not made of letters, digits, _ and :, or begins with a digit; rename it";
  EXPECT_EQ(added(""), "MetricsSnapshot::add: the name ''" + unfit);
  EXPECT_EQ(added("9lives"), "MetricsSnapshot::add: the name '9lives'" + unfit);
  EXPECT_EQ(added("a b\n# TYPE x"), "MetricsSnapshot::add: the name 'a b\\n# TYPE x'" + unfit);
  EXPECT_EQ(added("a\xff"), "MetricsSnapshot::add: the name 'a\\xff'" + unfit);
  const std::string own = " is one of baton's own metrics; rename it";
  for (const auto& [sample, value] : samples_of(to_prometheus({}))) {
    const std::string name = sample.substr(0, sample.find('{'));
    EXPECT_EQ(added(name.c_str()), "MetricsSnapshot::add: the name '" + name + "'" + own);
  }
  EXPECT_EQ(added("baton_task_run_seconds"), "MetricsSnapshot::add: the name 'baton_task_run_seconds'" + own);
  metrics.add("mine", "", 1);
  EXPECT_EQ(added("mine"), "MetricsSnapshot::add: the name 'mine' was added before; add the sum, or rename one");
  EXPECT_EQ(metrics.others.size(), 1U);
}

TEST(Metrics, LabelsThatPrometheusDoesNotTakeAreRefused) {
  const auto shown = [](const MetricLabels& labels) {
    return message_of<UsageError>([&] { static_cast<void>(to_prometheus({}, labels)); });
  };
  const std::string unfit = " is not made of letters, digits and _; rename it";
  EXPECT_EQ(shown({{"", "x"}}), "to_prometheus: the label ''" + unfit);
  EXPECT_EQ(shown({{"a:b", "x"}}), "to_prometheus: the label 'a:b'" + unfit);
  EXPECT_EQ(shown({{"0", "x"}}), "to_prometheus: the label '0'" + unfit);
  EXPECT_EQ(shown({{"x\n", "x"}}), "to_prometheus: the label 'x\\n'" + unfit);
  EXPECT_EQ(shown({{"__name", "x"}}),
            "to_prometheus: the label '__name' begins with __, which Prometheus keeps for itself; rename it");
  EXPECT_EQ(shown({{"le", "x"}}), "to_prometheus: the label 'le' is one that baton gives itself; rename it");
  EXPECT_EQ(shown({{"a", "x"}, {"a", "y"}}), "to_prometheus: the label 'a' is given twice; leave one out");
}

TEST(Metrics, NumbersOfTheHostMayBeAnything) {
  MetricsSnapshot metrics;
  metrics.add("nan", "", std::numeric_limits<double>::quiet_NaN());
  metrics.add("high", "", std::numeric_limits<double>::infinity());
  metrics.add("low", "", -std::numeric_limits<double>::infinity());
  metrics.add("large", "", 1e300);
  metrics.add("third", "", 1.0 / 3);
  const auto samples = samples_of(to_prometheus(metrics));
  EXPECT_EQ(samples.at("nan"), "NaN");
  EXPECT_EQ(samples.at("high"), "+Inf");
  EXPECT_EQ(samples.at("low"), "-Inf");
  EXPECT_EQ(samples.at("large"), "1e+300");
  EXPECT_EQ(std::stod(samples.at("third")), 1.0 / 3);
}

TEST(Metrics, ShowWhatIsGoingOn) {
  VirtualRun virtual_run;
  virtual_run.scheduler.resource("licence", 1);
  const auto observer = std::make_shared<MetricsObserver>();
  virtual_run.scheduler.observe(observer);
  Workflow flow;
  MetricsSnapshot inside;
  flow.task("first",
            [&](Context& context) {
              inside = observer->snapshot();
              context.park_for(1s);
            })
      .resource("licence");
  flow.task("second", [] {}).resource("licence");
  {
    VirtualClock::Hold hold(virtual_run.clock);
    const auto run = virtual_run.scheduler.start(flow.build());
    virtual_run.executor.run_until_idle();
    EXPECT_EQ(count_of(inside, RunState::running), 1U);
    EXPECT_EQ(count_of(inside, TaskState::running), 1U);
    EXPECT_EQ(count_of(inside, TaskState::ready), 1U);
    const MetricsSnapshot parked = observer->snapshot();
    EXPECT_EQ(count_of(parked, TaskState::waiting), 2U);
    EXPECT_EQ(count_of(parked, TaskState::running), 0U);
    EXPECT_EQ(count_of(parked, TaskState::ready), 0U);
    EXPECT_EQ(count_of(parked, WaitReason::timer), 1U);
    EXPECT_EQ(count_of(parked, WaitReason::resource), 1U);
    run.cancel();
    virtual_run.executor.run_until_idle();
  }
  const MetricsSnapshot after = observer->snapshot();
  EXPECT_EQ(count_of(after, TaskState::waiting), 0U);
  EXPECT_EQ(count_of(after, TaskState::cancelled), 2U);
  EXPECT_EQ(count_of(after, RunState::cancelled), 1U);
  EXPECT_EQ(count_of(after, RunState::running), 0U);
  EXPECT_EQ(after.queue_time.count(), 1U);
  EXPECT_EQ(after.run_time.count(), 1U) << "a task that was never called has not run";
}

TEST(Metrics, CountFromWhenTheyCome) {
  const Plan plan = plan_of(3);
  MetricsObserver late;
  late.on_event(task_event(Event::Kind::task_ended, plan, 0, 5s, TaskState::succeeded));
  late.on_event(task_event(Event::Kind::task_started, plan, 1, 5s, TaskState::running));
  EXPECT_EQ(count_of(late.snapshot(), RunState::running), 1U);
  late.on_event(task_event(Event::Kind::task_ended, plan, 1, 7s, TaskState::succeeded));
  late.on_event(run_event(Event::Kind::run_ended, plan, 8s, RunState::succeeded));
  const MetricsSnapshot metrics = late.snapshot();
  EXPECT_EQ(count_of(metrics, TaskState::succeeded), 2U);
  EXPECT_EQ(count_of(metrics, TaskState::running), 0U);
  EXPECT_EQ(count_of(metrics, RunState::running), 0U);
  EXPECT_EQ(metrics.queue_time.count(), 0U);
  EXPECT_EQ(metrics.run_time.count(), 1U);
  EXPECT_DOUBLE_EQ(metrics.run_time.sum_seconds, 2.0);
}

/// Tells `metrics` of a task that ran for `duration`.
void tell_task(MetricsObserver& metrics, const Plan& plan, Duration duration) {
  metrics.on_event(run_event(Event::Kind::run_started, plan, 0s, RunState::running));
  metrics.on_event(task_event(Event::Kind::task_started, plan, 0, 0s, TaskState::running));
  metrics.on_event(task_event(Event::Kind::task_ended, plan, 0, duration, TaskState::succeeded));
  metrics.on_event(run_event(Event::Kind::run_ended, plan, duration, RunState::succeeded));
}

TEST(Metrics, ABoundBelongsToItsRange) {
  const auto& bounds = DurationHistogram::bounds();
  EXPECT_EQ(bounds.front(), 1us);
  EXPECT_EQ(bounds[1], 2500ns);
  EXPECT_EQ(bounds.back(), 1000s);
  const Plan plan = plan_of(1);
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    MetricsObserver metrics;
    tell_task(metrics, plan, bounds[i]);
    tell_task(metrics, plan, bounds[i] + 1ns);
    const DurationHistogram times = metrics.snapshot().run_time;
    EXPECT_EQ(times.counts[i], 1U) << i;
    EXPECT_EQ(times.counts[i + 1], 1U) << i;
  }
}

TEST(Metrics, DurationsThatNobodyExpectsAreCounted) {
  const Plan plan = plan_of(1);
  MetricsObserver metrics;
  tell_task(metrics, plan, 0ns);
  tell_task(metrics, plan, -5ns);  // a clock that went back
  for (int i = 0; i < 10; ++i) tell_task(metrics, plan, std::chrono::hours{24 * 365 * 285});
  const DurationHistogram times = metrics.snapshot().run_time;
  EXPECT_EQ(times.counts.front(), 2U);
  EXPECT_EQ(times.counts.back(), 10U);
  EXPECT_NEAR(times.sum_seconds, 2850.0 * 365 * 24 * 3600, 1.0);
}

RC_GTEST_PROP(Metrics, RangesAddUp, (const std::vector<std::int64_t>& numbers)) {
  const Plan plan = plan_of(1);
  MetricsObserver metrics;
  double sum = 0;
  std::vector<Duration> durations;
  for (const std::int64_t number : numbers) {
    // Of all sizes, not only the largest.
    const auto shift = static_cast<unsigned>(static_cast<std::uint64_t>(number) % 60);
    durations.push_back(Duration{static_cast<std::int64_t>(static_cast<std::uint64_t>(number) >> 1 >> shift)});
    tell_task(metrics, plan, durations.back());
    sum += std::chrono::duration<double>(durations.back()).count();
  }
  const MetricsSnapshot snapshot = metrics.snapshot();
  const auto samples = samples_of(to_prometheus(snapshot));
  std::uint64_t before = 0;
  for (const Duration bound : DurationHistogram::bounds()) {
    std::ostringstream name;
    std::uint64_t expected = 0;
    for (const Duration duration : durations) expected += duration <= bound ? 1 : 0;
    std::uint64_t shown = 0;
    for (const auto& [sample, value] : samples) {
      constexpr std::string_view front = "baton_task_run_seconds_bucket{le=\"";
      if (!sample.starts_with(front) || sample.ends_with("\"+Inf\"}")) continue;
      const double le = std::stod(sample.substr(front.size()));
      if (std::llround(le * 1e9) == bound.count()) shown = std::stoull(value);
    }
    RC_ASSERT(shown == expected);
    RC_ASSERT(shown >= before);
    before = shown;
  }
  RC_ASSERT(samples.at("baton_task_run_seconds_bucket{le=\"+Inf\"}") == std::to_string(durations.size()));
  RC_ASSERT(samples.at("baton_task_run_seconds_count") == std::to_string(durations.size()));
  RC_ASSERT(std::abs(std::stod(samples.at("baton_task_run_seconds_sum")) - sum) <= 1e-9 * sum + 1e-9);
}

TEST(Metrics, CanBeAddedUp) {
  MetricsSnapshot one = example();
  one.add("both", "Of both.", 1, MetricKind::counter);
  MetricsSnapshot sum = one;
  MetricsSnapshot other = example();
  other.add("both", "Of both.", 2, MetricKind::counter);
  other.add("other", "Of one.", 5);
  sum += other;
  for (std::size_t i = 0; i < sum.tasks.size(); ++i) EXPECT_EQ(sum.tasks[i], 2 * one.tasks[i]);
  for (std::size_t i = 0; i < sum.runs.size(); ++i) EXPECT_EQ(sum.runs[i], 2 * one.runs[i]);
  for (std::size_t i = 0; i < sum.waits.size(); ++i) EXPECT_EQ(sum.waits[i], 2 * one.waits[i]);
  EXPECT_EQ(sum.queue_time.count(), 6U);
  EXPECT_DOUBLE_EQ(sum.run_time.sum_seconds, 4.0);
  EXPECT_EQ(sum.others, (std::vector<Metric>{{"both", "Of both.", 3, MetricKind::counter}, {"other", "Of one.", 5}}));
  MetricsSnapshot from_nothing;
  from_nothing += one;
  EXPECT_EQ(from_nothing, one);
}

class MetricsOnPool : public OnEachPool {};
BATON_ON_EACH_POOL(MetricsOnPool);

TEST_P(MetricsOnPool, AreExactOnceAllIsQuiet) {
  const auto observer = std::make_shared<MetricsObserver>();
  std::uint64_t tasks = 0;
  std::uint64_t runs = 0;
  Workflow mixed;
  for (int i = 0; i < 100; ++i) {
    const auto bad = mixed.task([] { throw std::runtime_error("no"); });
    mixed.task([] {}).after(bad);
    mixed.task(parking(std::chrono::microseconds(i)));
  }
  const Plan mixed_plan = mixed.build();
  {
    Scheduler own{pool};
    own.observe(observer);
    // Several runs at once, started by several threads, which also look.
    std::vector<std::thread> hosts;
    const Plan wide = plan_of(scaled(20'000));
    constexpr std::size_t host_count = 3;
    hosts.reserve(host_count);
    for (std::size_t host = 0; host < host_count; ++host) {
      hosts.emplace_back([&] {
        for (int i = 0; i < 5; ++i) {
          own.start(wide);
          own.run(mixed_plan);
          const MetricsSnapshot metrics = observer->snapshot();
          EXPECT_LE(count_of(metrics, RunState::running), 10 * host_count);
          EXPECT_LE(count_of(metrics, TaskState::failed), 100 * 5 * host_count);
          EXPECT_GE(count_of(metrics, TaskState::failed), 100U);
        }
      });
    }
    for (std::thread& host : hosts) host.join();
    own.wait_all();
    runs = 10 * host_count;
    tasks = 5 * host_count * wide.size();
  }
  const MetricsSnapshot metrics = observer->snapshot();
  constexpr std::uint64_t mixed_each = 100 * 5 * 3;
  EXPECT_EQ(count_of(metrics, TaskState::succeeded), tasks + mixed_each);
  EXPECT_EQ(count_of(metrics, TaskState::failed), mixed_each);
  EXPECT_EQ(count_of(metrics, TaskState::omitted), mixed_each);
  EXPECT_EQ(metrics.queue_time.count(), tasks + 2 * mixed_each);
  EXPECT_EQ(metrics.run_time.count(), tasks + 2 * mixed_each);
  EXPECT_EQ(count_of(metrics, WaitReason::timer), mixed_each - 15) << "one in 100 parks for no time at all";
  for (const TaskState state : {TaskState::waiting, TaskState::ready, TaskState::running}) {
    EXPECT_EQ(count_of(metrics, state), 0U) << state;
  }
  EXPECT_EQ(count_of(metrics, RunState::running), 0U);
  EXPECT_EQ(count_of(metrics, RunState::succeeded), runs / 2);
  EXPECT_EQ(count_of(metrics, RunState::failed), runs / 2);
}

TEST_P(MetricsOnPool, AgreeWithEachShapeOfGraph) {
  const auto observer = std::make_shared<MetricsObserver>();
  std::uint64_t tasks = 0;
  {
    Scheduler own{pool};
    own.observe(observer);
    for (const Shape& shape : all_shapes(300)) {
      Recorder recorder(shape);
      own.run(recorder.plan());
      recorder.expect_one_run();
      tasks += shape.tasks;
    }
  }
  const MetricsSnapshot metrics = observer->snapshot();
  EXPECT_EQ(count_of(metrics, TaskState::succeeded), tasks);
  EXPECT_EQ(metrics.queue_time.count(), tasks);
  EXPECT_EQ(metrics.run_time.count(), tasks);
}

/// More threads than have a place of their own to count in.
TEST(Metrics, ThreadsOfAnyNumberAreCounted) {
  const auto observer = std::make_shared<MetricsObserver>();
  constexpr std::uint64_t threads = 80;
  const Plan plan = plan_of(500);
  std::vector<std::thread> hosts;
  hosts.reserve(threads);
  Meeting meeting(threads);
  for (std::uint64_t i = 0; i < threads; ++i) {
    hosts.emplace_back([&] {
      VirtualRun virtual_run;
      virtual_run.run(plan_of(1), observer);
      meeting.join();
      virtual_run.run(plan, observer);
    });
  }
  for (std::thread& host : hosts) host.join();
  const MetricsSnapshot metrics = observer->snapshot();
  EXPECT_EQ(count_of(metrics, TaskState::succeeded), threads * 501);
  EXPECT_EQ(metrics.run_time.count(), threads * 501);
  EXPECT_EQ(count_of(metrics, RunState::succeeded), threads * 2);
}

}  // namespace
