// SPDX-License-Identifier: MIT
// What docs/how-to/run-and-cancel.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/executor/task_group.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

void run_to_the_end() {
  baton::Workflow flow{"answer"};
  auto answer = flow.task("answer", [] { return 42; });

  baton::Run run = baton::run(flow);

  check(run.succeeded());
  check(run.get(answer) == 42);
}

void start_and_wait() {
  baton::Workflow flow{"answer"};
  auto answer = flow.task("answer", [] { return 42; });
  const baton::Plan plan = flow.build();

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  std::vector<baton::Run> runs;
  for (int i = 0; i < 100; ++i) runs.push_back(scheduler.start(plan));
  for (const baton::Run& run : runs) run.wait();
  check(runs.front().result(answer) == 42);

  const baton::Run last = scheduler.start(plan);
  while (!last.wait_for(100ms)) {
    // 100 ms have passed and the run is still going on.
  }
  check(last.ended());
}

void look_at_failures() {
  baton::Workflow flow{"import"};
  auto read = flow.task("read", []() -> int { throw std::runtime_error("disk on fire"); });
  auto parse = flow.task("parse", [](int value) { return value; }, read);
  auto clean_up = flow.task("clean up", [] { return 1; });

  const baton::Run run = baton::run(flow);
  check(run.state() == baton::RunState::failed);
  check(run.state(read) == baton::TaskState::failed);
  check(run.state(parse) == baton::TaskState::omitted);
  check(run.state(clean_up) == baton::TaskState::succeeded);
  check(run.cause(parse) == run.plan().id(read));

  for (const baton::TaskFailure& failure : run.failures()) {
    check(failure.task_name == "read" && failure.message == "disk on fire" && failure.attempt == 1);
  }
  check(throws<std::runtime_error>([&] { std::rethrow_exception(run.error(read)); }));

  try {
    run.get();
  } catch (const baton::RunFailed& error) {
    check(std::string(error.what()) == "run " + std::to_string(run.id()) +
                                           " of workflow 'import' failed\n"
                                           "  task 'read': disk on fire");
  }
}

void stop_at_the_first_failure() {
  baton::Workflow flow{"import"};
  auto read = flow.task("read", [] { throw std::runtime_error("disk on fire"); });
  auto later = flow.task("later", [] {}).after(read);
  const baton::Plan plan = flow.build();

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.start(plan, {.failure_mode = baton::FailureMode::stop});
  run.wait();
  check(run.state() == baton::RunState::failed);
  check(run.state(later) == baton::TaskState::cancelled);
}

void cancel_a_run() {
  baton::Workflow flow{"endless"};
  std::latch running{2};
  auto polls = flow.task("polls", [&](baton::Context& context) {
    running.count_down();
    while (true) context.throw_if_stopped();
  });
  auto listens = flow.task("listens", [&](baton::Context& context) {
    std::promise<void> stopped;
    std::stop_callback callback(context.stop_token(), [&] { stopped.set_value(); });
    running.count_down();
    stopped.get_future().wait();
  });
  auto next = flow.task("next", [] {}).after(polls);
  const baton::Plan plan = flow.build();

  baton::ThreadPool pool{2};
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.start(plan);
  running.wait();
  run.cancel("the disk is full");
  run.wait();

  check(run.state() == baton::RunState::cancelled);
  check(run.state(polls) == baton::TaskState::cancelled);
  check(run.state(listens) == baton::TaskState::succeeded);
  check(run.state(next) == baton::TaskState::cancelled);
  check(run.cancel_cause() == "the disk is full");
}

void cancel_a_task() {
  baton::Workflow flow{"search"};
  auto slow = flow.task("slow", [](baton::Context& context) { context.park_for(24h); });
  auto next = flow.task("next", [] {}).after(slow);
  auto other = flow.task("other", [] {});

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.start(flow.build());
  check(run.cancel(slow, "nobody wants it any more"));
  run.wait();
  check(run.state(slow) == baton::TaskState::cancelled);
  check(run.state(next) == baton::TaskState::omitted);
  check(run.state(other) == baton::TaskState::succeeded);
}

void limit_a_run() {
  baton::Workflow flow{"search"};
  flow.task("slow", [](baton::Context& context) { context.park_for(24h); });
  const baton::Plan plan = flow.build();

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.start(plan, {.deadline = 100ms});
  run.wait();
  check(run.state() == baton::RunState::cancelled);
  check(run.cancel_cause() == "it has not ended within its deadline of 0.1 s");
}

void pause_a_run() {
  std::latch running{1};
  std::latch go{1};
  baton::Workflow flow{"batch"};
  auto first = flow.task([&] {
    running.count_down();
    go.wait();
  });
  for (int i = 0; i < 100; ++i) flow.task([] {}).after(first);

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.start(flow.build());
  running.wait();
  run.pause();
  check(run.paused());
  go.count_down();  // the body that runs returns
  check(!run.wait_for(10ms));
  run.resume();
  run.wait();
  check(run.succeeded());
}

void be_called_at_the_end() {
  baton::Workflow flow{"quick"};
  auto answer = flow.task("answer", [] { return 42; });
  const baton::Plan plan = flow.build();

  baton::ThreadPool pool;
  std::atomic<int> seen{0};
  {
    baton::Scheduler scheduler{pool};
    baton::Run run = scheduler.start(plan);
    run.on_end([&](const baton::Run& ended) { seen = ended.result(answer); });
    run.wait();
  }
  check(seen == 42);
}

void wait_inside_a_task() {
  baton::Workflow inner{"inner"};
  auto answer = inner.task("answer", [] { return 42; });
  const baton::Plan inner_plan = inner.build();

  baton::ThreadPool pool{1};
  baton::Scheduler scheduler{pool};
  baton::Workflow outer{"outer"};
  auto doubled = outer.task("doubled", [&] {
    baton::Run run = scheduler.start(inner_plan);
    return 2 * run.get(answer);
  });
  check(scheduler.start(outer.build()).get(doubled) == 84);
}

void submit_without_a_graph() {
  baton::ThreadPool pool;
  baton::Future<int> answer = pool.submit([] { return 42; });
  check(answer.get() == 42);
}

int fib(baton::ThreadPool& pool, int n) {
  if (n < 2) return n;
  int left = 0;
  baton::TaskGroup group{pool};
  group.run([&] { left = fib(pool, n - 1); });
  const int right = fib(pool, n - 2);
  group.wait();
  return left + right;
}

void count_states() {
  baton::Workflow flow{"count"};
  for (int i = 0; i < 10; ++i) flow.task([] {});
  const baton::Run run = baton::run(flow);

  const baton::TaskCounts counts = run.counts();
  check(counts[baton::TaskState::succeeded] == 10);
  check(counts.ended() == counts.total());
}

}  // namespace

int main() {
  run_to_the_end();
  start_and_wait();
  look_at_failures();
  stop_at_the_first_failure();
  cancel_a_run();
  cancel_a_task();
  limit_a_run();
  pause_a_run();
  be_called_at_the_end();
  wait_inside_a_task();
  submit_without_a_graph();
  baton::ThreadPool pool{2};
  check(fib(pool, 15) == 610);
  count_states();
}
