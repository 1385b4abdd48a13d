// SPDX-License-Identifier: MIT
#include <baton/scheduler/scheduler.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/pools.hpp"
#include "support/recorder.hpp"
#include "support/scale.hpp"
#include "support/shapes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

// Runs that one worker has to itself while tasks are short, and that others must get into when they are not.
namespace {

using baton::Context;
using baton::Event;
using baton::Plan;
using baton::RunState;
using baton::Task;
using baton::TaskState;
using baton::Values;
using baton::Workflow;
using baton::test::CheckedPool;
using baton::test::Meeting;
using baton::test::Recorder;
using baton::test::scaled;
using baton::test::Shape;

/// Layers of `width` tasks, each of which waits for one to three random ones of the layer before.
Shape layered(std::size_t layers, std::size_t width, std::uint64_t seed) {
  Shape shape{"layered_" + std::to_string(seed), static_cast<std::uint32_t>(layers * width)};
  std::mt19937_64 random(seed);
  for (std::size_t layer = 1; layer < layers; ++layer) {
    for (std::size_t at = 0; at < width; ++at) {
      for (std::size_t edges = 1 + random() % 3; edges > 0; --edges) {
        shape.edge((layer - 1) * width + random() % width, layer * width + at);
      }
    }
  }
  return shape;
}

void spin_for(std::chrono::nanoseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

/// A workflow of that shape whose bodies do nothing; the handles by number.
std::vector<Task<void>> add_short_tasks(Workflow& flow, const Shape& shape) {
  std::vector<Task<void>> tasks;
  tasks.reserve(shape.tasks);
  for (std::uint32_t task = 0; task < shape.tasks; ++task) tasks.push_back(flow.task([] {}));
  for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
  return tasks;
}

/// Adds up, along the edges, numbers that tell every single call.
struct Sums {
  Workflow flow;
  std::vector<Task<std::uint64_t>> tasks;
  std::vector<std::uint64_t> expected;

  explicit Sums(const Shape& shape) {
    const auto predecessors = shape.predecessors();
    for (std::uint32_t task = 0; task < shape.tasks; ++task) {
      std::vector<Task<std::uint64_t>> before;
      std::uint64_t sum = task;
      for (const std::uint32_t each : predecessors[task]) {
        before.push_back(tasks[each]);
        sum = sum * 31 + expected[each];
      }
      expected.push_back(sum);
      tasks.push_back(flow.task(
          [task](const Values<std::uint64_t>& values) {
            std::uint64_t total = task;
            for (const std::uint64_t value : values) total = total * 31 + value;
            return total;
          },
          before));
    }
  }

  [[nodiscard]] std::size_t wrong(const baton::Run& run) const {
    run.wait();
    std::size_t count = 0;
    for (std::size_t task = 0; task < tasks.size(); ++task) {
      count +=
          run.state(run.plan().id(tasks[task])) != TaskState::succeeded || run.result(tasks[task]) != expected[task];
    }
    return count;
  }
};

class Sharing : public baton::test::OnEachPool {
 protected:
  /// Runs `plan`, whose bodies call `recorder`, so many times, in turn without and with the caller's help.
  void expect_good_runs(std::size_t rounds, const Plan& plan, Recorder& recorder) {
    for (std::size_t round = 0; round < rounds; ++round) {
      if (round % 2 == 0) {
        scheduler.start(plan).wait();
      } else {
        EXPECT_TRUE(scheduler.run(plan).succeeded());
      }
      recorder.expect_one_run();
    }
  }
};
BATON_ON_EACH_POOL(Sharing);

// ---- Long bodies among short ones ----

TEST_P(Sharing, TwoTasksMeetAfterManyShortOnes) {
  // The caller works along, so that there are two even on a pool of one.
  const Shape shape = layered(100, 1000, threads());
  for (const std::size_t between : {0U, 1U, 200U}) {
    SCOPED_TRACE(between);
    Meeting meeting(2);
    Workflow flow;
    const auto tasks = add_short_tasks(flow, shape);
    const auto gate = flow.task([] {});
    for (std::size_t at = 0; at < 1000; ++at) gate.after(tasks[tasks.size() - 1 - at]);
    flow.task([&] { meeting.join(); }).after(gate);
    for (std::size_t at = 0; at < between; ++at) flow.task([] {}).after(gate);
    flow.task([&] { meeting.join(); }).after(gate);
    EXPECT_TRUE(scheduler.run(flow.build()).succeeded());
  }
}

// One thread, and a caller that works along: both of its threads are in the executor's hands only through these calls.
class OneThreadAndACaller final : public baton::Executor {
 public:
  OneThreadAndACaller() : thread_([this] { serve(); }) {}
  OneThreadAndACaller(const OneThreadAndACaller&) = delete;
  OneThreadAndACaller& operator=(const OneThreadAndACaller&) = delete;
  ~OneThreadAndACaller() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

  void post(baton::Work& work) noexcept override {
    const std::lock_guard lock(mutex_);
    queue_.push_back(&work);
    changed_.notify_all();
  }
  [[nodiscard]] std::size_t concurrency() const noexcept override { return 1; }
  [[nodiscard]] bool on_worker() const noexcept override { return std::this_thread::get_id() == thread_.get_id(); }
  /// Called where the caller of Scheduler::run has no seat and is not asleep yet.
  bool try_run_one() noexcept override {
    if (!on_worker() && !left.is_set()) {
      left.set();
      gone_on.wait();
    }
    return false;
  }

  baton::test::Signal left, gone_on;

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      baton::Work* const work = queue_.front();
      queue_.pop_front();
      lock.unlock();
      work->run(baton::Budget{});
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<baton::Work*> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

TEST(SharingWithTheCaller, AWorkerThatIsCalledWhileTheCallerFallsAsleepIsTheCaller) {
  // The executor's thread calls for a second worker before a body that waits for it; nobody but the caller can come.
  OneThreadAndACaller executor;
  baton::Scheduler scheduler{executor};
  Meeting both(2);
  Meeting meeting(2);
  Workflow flow;
  // The caller has one of these, and finds nothing more until the other is over.
  const auto opener = [&] {
    both.join();
    if (executor.on_worker()) executor.left.wait();
  };
  const auto first = flow.task(opener);
  const auto second = flow.task(opener);
  const auto member = [&] {
    executor.gone_on.set();
    meeting.join();
  };
  flow.task(member).after(first, second);
  flow.task(member).after(first, second);
  EXPECT_TRUE(scheduler.run(flow.build()).succeeded());
}

TEST_P(Sharing, ATaskAmidShortOnesIsMetByOneBehindThem) {
  // The first to come blocks its worker while short tasks are ready; the other becomes ready only after those.
  const Shape shape = layered(100, 1000, 10 + threads());
  for (const bool early_is_made_first : {true, false}) {
    for (const std::size_t layer : {0U, 1U, 50U}) {
      SCOPED_TRACE(layer);
      Meeting meeting(2);
      Workflow flow;
      Task<void> early;
      if (early_is_made_first) early = flow.task([&] { meeting.join(); });
      const auto tasks = add_short_tasks(flow, shape);
      if (!early_is_made_first) early = flow.task([&] { meeting.join(); });
      early.after(tasks[layer * 1000 + 7]);
      const auto late = flow.task([&] { meeting.join(); });
      for (std::size_t at = 0; at < 1000; ++at) late.after(tasks[tasks.size() - 1 - at]);
      EXPECT_TRUE(scheduler.run(flow.build()).succeeded());
    }
  }
}

TEST_P(Sharing, ALongBodyLeavesNoReadyTaskWaiting) {
  // Long bodies in a row, each in the midst of short tasks that the others must run meanwhile.
  constexpr std::uint32_t phases = 4;
  constexpr std::uint32_t shorts = 3000;
  std::vector<std::atomic<std::uint32_t>> done(phases);
  std::atomic<std::uint32_t> too_late{0};
  Workflow flow;
  auto gate = flow.task([] {});
  for (std::uint32_t phase = 0; phase < phases; ++phase) {
    const auto next = flow.task([] {});
    for (std::uint32_t task = 0; task < shorts; ++task) {
      next.after(flow.task([&done, phase] { done[phase].fetch_add(1, std::memory_order_relaxed); }).after(gate));
      if (task != shorts / phases * phase + 64) continue;
      next.after(flow.task([&, phase] {
                       const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(1);
                       while (done[phase] != shorts) {
                         if (std::chrono::steady_clock::now() > until) {
                           ++too_late;
                           return;
                         }
                         std::this_thread::yield();
                       }
                     })
                     .after(gate));
    }
    gate = next;
  }
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(5); ++round) {
    for (auto& each : done) each = 0;
    EXPECT_TRUE(scheduler.run(plan).succeeded());
    if (threads() == 1) continue;
    for (auto& each : done) each = 0;
    scheduler.start(plan).get();
  }
  EXPECT_EQ(too_late, 0U) << "ready tasks waited for a second while a worker had nothing to do";
}

TEST_P(Sharing, AsManyAsThereAreWorkersMeetAmidShortOnes) {
  // Nobody but the watch gets the third worker and those after it in, once the second finds tasks short.
  const Shape shape = layered(20, 1000, 20 + threads());
  for (std::size_t round = 0; round < scaled(3); ++round) {
    Meeting meeting(threads() + 1);
    Workflow flow;
    const auto tasks = add_short_tasks(flow, shape);
    for (std::size_t member = 0; member <= threads(); ++member) {
      flow.task([&] { meeting.join(); }).after(tasks[member * (tasks.size() - 1) / threads()]);
    }
    EXPECT_TRUE(scheduler.run(flow.build()).succeeded());
  }
}

TEST_P(Sharing, PhasesOfShortAndOfLongTasksRunEachOnceAndInOrder) {
  constexpr std::uint32_t width = 100;
  const Shape shape = layered(40, width, 30 + threads());
  Recorder recorder(shape);
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (std::uint32_t task = 0; task < shape.tasks; ++task) {
    // Ten layers short, then one long.
    if (task / width % 11 == 10) {
      tasks.push_back(flow.task([&recorder, task] {
        recorder.call(task);
        spin_for(std::chrono::microseconds(50));
      }));
    } else {
      tasks.push_back(flow.task([&recorder, task] { recorder.call(task); }));
    }
  }
  for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
  const Plan plan = flow.build();
  expect_good_runs(scaled(6), plan, recorder);
}

TEST_P(Sharing, BodiesOfAnyLengthRunEachOnceAndInOrder) {
  // From nothing to some ten microseconds, so that a run is taken over and shared again all the time.
  const Shape shape = layered(50, 60, 40 + threads());
  Recorder recorder(shape);
  Workflow flow;
  std::vector<Task<void>> tasks;
  std::mt19937_64 random(threads());
  for (std::uint32_t task = 0; task < shape.tasks; ++task) {
    const std::uint32_t nanoseconds = random() % 16 == 0 ? 10'000 : task / 600 % 2 == 0 ? 0 : 400;
    tasks.push_back(flow.task([&recorder, task, nanoseconds] {
      recorder.call(task);
      if (nanoseconds != 0) spin_for(std::chrono::nanoseconds(nanoseconds));
    }));
  }
  for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
  const Plan plan = flow.build();
  expect_good_runs(scaled(20), plan, recorder);
}

// ---- Many runs ----

TEST_P(Sharing, ResultsOfALargeGraphAreRight) {
  const Sums sums(layered(50, 200, 50 + threads()));
  const Plan plan = sums.flow.build();
  for (std::size_t round = 0; round < scaled(3); ++round) {
    EXPECT_EQ(sums.wrong(scheduler.start(plan)), 0U);
    EXPECT_EQ(sums.wrong(scheduler.run(plan)), 0U);
  }
}

TEST_P(Sharing, OverlappingRunsOfOneWidePlanAreRight) {
  const Sums sums(layered(3, 150, 60 + threads()));
  const Plan plan = sums.flow.build();
  std::vector<baton::Run> runs;
  for (std::size_t i = 0; i < scaled(500); ++i) runs.push_back(scheduler.start(plan));
  std::size_t wrong = 0;
  for (const baton::Run& run : runs) wrong += sums.wrong(run);
  EXPECT_EQ(wrong, 0U);
}

TEST_P(Sharing, OverlappingRunsOfFreshPlansFromTwoThreadsAreRight) {
  std::atomic<std::size_t> wrong{0};
  {
    std::vector<std::jthread> starters;
    for (std::uint64_t starter = 0; starter < 2; ++starter) {
      starters.emplace_back([&, starter] {
        std::vector<std::unique_ptr<Sums>> all;
        std::vector<baton::Run> runs;
        for (std::uint64_t i = 0; i < scaled(100); ++i) {
          all.push_back(std::make_unique<Sums>(layered(1 + i % 4, 70, 100 * starter + i)));
          const Plan plan = all.back()->flow.build();
          runs.push_back(i % 8 == 7 ? scheduler.run(plan) : scheduler.start(plan));
        }
        for (std::size_t i = 0; i < runs.size(); ++i) wrong += all[i]->wrong(runs[i]);
      });
    }
  }
  EXPECT_EQ(wrong, 0U);
}

TEST_P(Sharing, BodiesThatWaitForChildRunsGetThemRight) {
  const Sums sums(layered(10, 100, 70 + threads()));
  const Plan child = sums.flow.build();
  std::atomic<std::size_t> wrong{0};
  Workflow flow;
  const auto tasks = add_short_tasks(flow, layered(3, 500, 71));
  for (std::size_t i = 0; i < 12; ++i) {
    const auto waits =
        flow.task([&, i] { wrong += sums.wrong(i % 2 == 0 ? scheduler.start(child) : scheduler.run(child)); });
    waits.after(tasks[i * 41]);
    flow.edge(waits, tasks[1000 + i * 41]);
  }
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(3); ++round) {
    EXPECT_TRUE(scheduler.run(plan).succeeded());
    scheduler.start(plan).get();
  }
  EXPECT_EQ(wrong, 0U);
}

// ---- What else may happen to a run ----

TEST_P(Sharing, ACancelledRunEndsEachTaskOnce) {
  const Shape shape = layered(50, 200, 80 + threads());
  const auto predecessors = shape.predecessors();
  for (std::size_t round = 0; round < scaled(20); ++round) {
    std::vector<std::atomic<std::uint8_t>> calls(shape.tasks);
    std::atomic<std::uint32_t> count{0};
    Workflow flow;
    std::vector<Task<void>> tasks;
    for (std::uint32_t task = 0; task < shape.tasks; ++task) {
      tasks.push_back(flow.task([&, task] {
        ++calls[task];
        count.fetch_add(1, std::memory_order_relaxed);
        if (task % 512 == 9) spin_for(std::chrono::microseconds(30));
      }));
    }
    for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
    const Plan plan = flow.build();
    const baton::Run run = scheduler.start(plan);
    while (count < round % 10 * 1000 && !run.ended()) std::this_thread::yield();
    run.cancel();
    run.wait();
    ASSERT_EQ(run.counts().ended(), plan.size());
    std::size_t wrong = 0;
    for (std::uint32_t task = 0; task < shape.tasks; ++task) {
      const TaskState state = run.state(plan.id(tasks[task]));
      wrong += calls[task] != (state == TaskState::succeeded ? 1 : 0);
      if (state != TaskState::succeeded) {
        wrong += state != TaskState::cancelled;
        continue;
      }
      for (const std::uint32_t before : predecessors[task]) wrong += calls[before] == 0;
    }
    EXPECT_EQ(wrong, 0U);
  }
}

TEST_P(Sharing, AFailureOmitsWhatComesAfterItAndNothingElse) {
  const Shape shape = layered(40, 100, 90 + threads());
  const auto predecessors = shape.predecessors();
  const auto fails = [](std::uint32_t task) { return task % 700 == 350; };
  std::vector<TaskState> expected(shape.tasks, TaskState::succeeded);
  for (std::uint32_t task = 0; task < shape.tasks; ++task) {
    const auto& before = predecessors[task];
    if (std::any_of(before.begin(), before.end(), [&](auto each) { return expected[each] != TaskState::succeeded; })) {
      expected[task] = TaskState::omitted;
    } else if (fails(task)) {
      expected[task] = TaskState::failed;
    }
  }
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (std::uint32_t task = 0; task < shape.tasks; ++task) {
    tasks.push_back(flow.task([fail = fails(task)] {
      if (fail) throw std::runtime_error("no luck");
    }));
  }
  for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(5); ++round) {
    const baton::Run run = scheduler.run(plan);
    std::size_t wrong = 0;
    for (std::uint32_t task = 0; task < shape.tasks; ++task) wrong += run.state(plan.id(tasks[task])) != expected[task];
    EXPECT_EQ(wrong, 0U);
  }
}

TEST_P(Sharing, WithPrioritiesEachRunsOnceAndInOrder) {
  const Shape shape = layered(30, 100, 100 + threads());
  Recorder recorder(shape);
  std::mt19937_64 random(threads());
  for (const auto& task : recorder.handles()) task.priority(static_cast<int>(random() % 5));
  recorder.workflow().task([] { spin_for(std::chrono::microseconds(300)); }).priority(5).after(recorder.handles()[3]);
  const Plan plan = recorder.plan();
  expect_good_runs(scaled(10), plan, recorder);
}

TEST_P(Sharing, WithResourcesEachRunsOnceAndInOrder) {
  scheduler.resource("one", 1);
  scheduler.resource("two", 2);
  const Shape shape = layered(30, 100, 110 + threads());
  Recorder recorder(shape);
  std::atomic<int> inside{0};
  std::atomic<int> too_many{0};
  Workflow flow;
  std::vector<Task<void>> tasks;
  for (std::uint32_t task = 0; task < shape.tasks; ++task) {
    if (task % 8 != 0) {
      tasks.push_back(flow.task([&recorder, task] { recorder.call(task); }));
      continue;
    }
    tasks.push_back(flow.task([&, task] {
      recorder.call(task);
      if (task % 16 != 0) return;
      too_many += ++inside > 1;
      if (task % 256 == 0) spin_for(std::chrono::microseconds(50));
      --inside;
    }));
    tasks.back().resource(task % 16 == 0 ? "one" : "two");
    if (task % 24 == 0) tasks.back().resource(task % 16 == 0 ? "two" : "one");
  }
  for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
  const Plan plan = flow.build();
  expect_good_runs(scaled(10), plan, recorder);
  EXPECT_EQ(too_many, 0);
}

TEST_P(Sharing, ObserversMayComeAndGoMeanwhile) {
  class Counter final : public baton::Observer {
   public:
    void on_event(const Event& event) override {
      if (gone) ++late;
      if (event.kind == Event::Kind::task_started) ++started;
    }
    std::atomic<bool> gone{false};
    std::atomic<std::uint32_t> late{0};
    std::atomic<std::uint32_t> started{0};
  };
  const Sums sums(layered(20, 150, 120 + threads()));
  const Plan plan = sums.flow.build();
  std::atomic<bool> over{false};
  std::atomic<std::uint32_t> late{0};
  std::jthread watcher([&] {
    while (!over) {
      const auto first = std::make_shared<Counter>();
      const auto second = std::make_shared<Counter>();
      scheduler.observe(first);
      scheduler.observe(second);
      spin_for(std::chrono::microseconds(20));
      for (const auto& each : {first, second}) {
        scheduler.unobserve(each);
        each->gone = true;
      }
      spin_for(std::chrono::microseconds(20));
      late += first->late + second->late;
    }
  });
  for (std::size_t round = 0; round < scaled(10); ++round) {
    EXPECT_EQ(sums.wrong(scheduler.start(plan)), 0U);
    EXPECT_EQ(sums.wrong(scheduler.run(plan)), 0U);
  }
  over = true;
  watcher.join();
  EXPECT_EQ(late, 0U) << "an observer was called after it had been removed";
  const auto last = std::make_shared<Counter>();
  scheduler.observe(last);
  scheduler.run(plan).get();
  EXPECT_EQ(last->started, plan.size());
}

TEST_P(Sharing, AfterARestTasksStillMeetAmidShortOnes) {
  // While its run rests nobody watches it; whoever comes back must be watched again.
  const Shape shape = layered(20, 1000, 30 + threads());
  Meeting meeting(2);
  Workflow flow;
  const auto before = add_short_tasks(flow, shape);
  const auto rest = flow.task([](Context& context) { context.park_for(std::chrono::milliseconds(60)); });
  for (const auto& task : before) rest.after(task);
  const auto after = add_short_tasks(flow, shape);
  for (std::size_t at = 0; at < 1000; ++at) after[at].after(rest);
  flow.task([&] { meeting.join(); }).after(after[7]);
  const auto late = flow.task([&] { meeting.join(); });
  for (std::size_t at = 0; at < 1000; ++at) late.after(after[after.size() - 1 - at]);
  EXPECT_TRUE(scheduler.run(flow.build()).succeeded());
}

TEST_P(Sharing, AThreadPoolMayBeShutDownAsSoonAsTheRunHasEnded) {
  // Slow bodies after short ones, so that help is being called for when the run ends.
  Workflow flow;
  const auto gate = flow.task([] {});
  for (std::size_t task = 0; task < 500; ++task) flow.task([] {}).after(gate);
  for (std::size_t task = 0; task < 8; ++task) flow.task([] { spin_for(std::chrono::microseconds(100)); }).after(gate);
  const Plan plan = flow.build();
  for (std::size_t round = 0; round < scaled(100); ++round) {
    baton::ThreadPool short_lived(threads());
    baton::Scheduler on_it(short_lived);
    for (std::size_t run = 0; run < 3; ++run) on_it.start(plan).wait();
    short_lived.shutdown();
  }
}

class SharingVirtually : public testing::TestWithParam<std::size_t> {};
BATON_ON_EACH_POOL(SharingVirtually);

TEST_P(SharingVirtually, NoTimePassesWhileTasksAreReady) {
  // A run without a worker would let the clock go on, though only for a moment.
  CheckedPool pool(GetParam());
  baton::VirtualClock clock;
  baton::SchedulerOptions options;
  options.clock = &clock;
  baton::Scheduler scheduler(pool, options);
  const Shape shape = layered(20, 40, 130 + GetParam());
  for (std::size_t round = 0; round < scaled(60); ++round) {
    const baton::TimePoint begin = clock.now();
    std::atomic<std::uint32_t> late{0};
    Workflow flow;
    std::vector<Task<void>> tasks;
    for (std::uint32_t task = 0; task < shape.tasks; ++task) {
      tasks.push_back(flow.task([&, long_one = task % 300 == 150] {
        late += clock.now() != begin;
        if (long_one) spin_for(std::chrono::microseconds(20));
      }));
    }
    for (const auto& [from, to] : shape.edges) flow.edge(tasks[from], tasks[to]);
    flow.task([](Context& context) { context.park_for(std::chrono::hours(1)); });
    EXPECT_TRUE(scheduler.run(flow.build()).succeeded());
    EXPECT_EQ(late, 0U);
    EXPECT_EQ(clock.now() - begin, std::chrono::hours(1));
  }
}

}  // namespace
