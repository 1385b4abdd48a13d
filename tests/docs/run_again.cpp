// SPDX-License-Identifier: MIT
// What docs/how-to/run-again.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/recovery/rerun.hpp>

#include <atomic>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

struct Disk {
  bool full = true;
  int reads = 0;
};

void run_what_failed_again() {
  Disk disk;
  baton::Workflow flow{"nightly"};
  auto read = flow.task("read", [&] { return ++disk.reads; });
  auto parse = flow.task("parse", [](int lines) { return lines * 10; }, read);
  auto store = flow.task(
      "store",
      [&](int parsed) {
        if (disk.full) throw std::runtime_error("disk full");
        return parsed;
      },
      parse);
  auto report = flow.task("report", [](int stored) { return "stored " + std::to_string(stored); }, store);

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run first = scheduler.run(flow.build());
  check(!first.succeeded());
  disk.full = false;  // somebody has made room

  baton::RerunPlan plan = baton::plan_rerun(first);
  std::cout << to_string(plan) << '\n';
  baton::Run second = baton::rerun(scheduler, std::move(plan));
  check(second.get(report) == "stored 10");
  check(disk.reads == 1);  // read and parse were reused

  check(throws<baton::UsageError>([&] { (void)first.result(read); }));
  check(second.result(read) == 1);
}

void say_what_runs() {
  std::atomic<int> calls{0};
  baton::Workflow flow{"prices"};
  auto rate = flow.input<double>("rate");
  auto load = flow.task("load", [&] { return ++calls; });
  auto cost = flow.task("cost", [&](double r, int amount) { return ++calls, r * amount; }, rate, load);
  auto audit = flow.task("audit", [&] { ++calls; });
  const baton::Plan plan = flow.build();
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.run(plan, baton::Inputs().set(rate, 0.5));
  check(calls == 3);

  baton::RerunOptions options;
  options.inputs.set(rate, 2.0);
  options.tasks = {audit};
  baton::RerunPlan again = baton::plan_rerun(run, std::move(options));

  check(again.task(load).action == baton::RerunAction::reuse);
  check(again.task(cost).reason == baton::RerunReason::predecessor_runs);
  check(again.why(cost) == "it depends on task 'rate', which runs");
  check(again.count(baton::RerunAction::rerun) == 3);

  run = baton::rerun(scheduler, std::move(again));
  run.get();
  check(calls == 5);

  baton::RerunOptions cancelled_only;
  cancelled_only.outcomes = {baton::TaskState::cancelled, baton::TaskState::omitted};
  check(baton::plan_rerun(run, std::move(cancelled_only)).tasks(baton::RerunAction::rerun).empty());
}

void change_the_workflow() {
  baton::Workflow flow{"import"};
  auto read = flow.task("read", [] { return std::string("a,b"); });
  auto parse = flow.task("parse", [](const std::string&) -> int { throw std::runtime_error("no such format"); }, read);
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.run(flow.build());
  check(!run.succeeded());

  flow.replace(parse, [](const std::string& text) { return static_cast<int>(text.size()); }, read);
  run = baton::rerun(scheduler, baton::plan_rerun(run, flow.build()));
  check(run.get(parse) == 3);
}

}  // namespace

int main() {
  run_what_failed_again();
  say_what_runs();
  change_the_workflow();
}
