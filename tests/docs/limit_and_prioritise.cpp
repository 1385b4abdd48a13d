// SPDX-License-Identifier: MIT
// What docs/how-to/limit-and-prioritise.md shows.
#include "check.hpp"

#include <baton/baton.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

namespace {

std::atomic<int> fetching{0};
std::atomic<int> most_fetching{0};

void fetch(int) {
  const int now = ++fetching;
  int most = most_fetching;
  while (now > most && !most_fetching.compare_exchange_weak(most, now)) {
  }
  std::this_thread::yield();
  --fetching;
}

void limit_with_resources() {
  baton::Workflow flow{"downloads"};
  for (int page = 0; page < 100; ++page) flow.task([page] { fetch(page); }).resource("connections");
  flow.task("big one", [] { fetch(100); }).resource("connections", 3).resource("disk");

  baton::ThreadPool pool{8};
  baton::Scheduler scheduler{pool};
  scheduler.resource("connections", 4);
  scheduler.resource("disk", 1);
  scheduler.start(flow.build()).get();
  check(most_fetching <= 4);
}

void refuse_what_cannot_be_had() {
  baton::Workflow flow{"greedy"};
  flow.task("train", [] {}).resource("gpu", 2);
  baton::ThreadPool pool{1};
  baton::Scheduler scheduler{pool};
  scheduler.resource("gpu", 1);

  std::string message;
  try {
    scheduler.start(flow.build());
  } catch (const baton::DefinitionError& error) {
    message = error.what();
  }
  check(message == "plan 'greedy' cannot run: task 'train' asks for 2 of resource 'gpu', of which there are only 1");
}

void start_the_important_first() {
  std::vector<std::string> order;
  baton::Workflow flow{"mail"};
  flow.task("newsletter", [&] { order.push_back("newsletter"); }).priority(-1);
  flow.task("invoice", [&] { order.push_back("invoice"); });
  flow.task("alarm", [&] { order.push_back("alarm"); }).priority(10);

  baton::ThreadPool pool{1};
  baton::Scheduler scheduler{pool};
  scheduler.start(flow.build()).get();
  check(order == std::vector<std::string>{"alarm", "invoice", "newsletter"});
}

void tell_durations() {
  std::vector<std::string> order;
  baton::Workflow flow{"build"};
  auto docs = flow.task("docs", [&] { order.push_back("docs"); }).expected_duration(2s);
  auto parse = flow.task("parse", [&] { order.push_back("parse"); }).expected_duration(1s);
  flow.task("link", [&] { order.push_back("link"); }).expected_duration(5s).after(parse);

  const baton::Plan plan = flow.build();
  check(plan.id(parse) < plan.id(docs));

  baton::ThreadPool pool{1};
  baton::Scheduler scheduler{pool};
  scheduler.start(plan).get();
  check(order.front() == "parse" && order.back() == "docs");
}

void bind_to_an_executor() {
  baton::ThreadPool pool;
  baton::ThreadPool database_thread{{.threads = 1, .name = "database"}};
  std::atomic<bool> on_database_thread{true};

  baton::Workflow flow{"rows"};
  const auto write_row = [&] {
    if (!database_thread.on_worker()) on_database_thread = false;
  };
  for (int row = 0; row < 10; ++row) flow.task(write_row).on(database_thread);

  baton::Scheduler scheduler{pool};
  scheduler.start(flow.build()).get();
  check(on_database_thread);
}

}  // namespace

int main() {
  limit_with_resources();
  refuse_what_cannot_be_had();
  start_the_important_first();
  tell_durations();
  bind_to_an_executor();
}
