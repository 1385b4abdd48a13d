// SPDX-License-Identifier: MIT
// baton_report_sample FILE [TASKS]: writes the report of a run with failures, omitted and parked tasks on several
// workers, for tests that look at the page and for people.
#include <baton/baton.hpp>
#include <baton/observe/report.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t layers = 12;

/// Works for so long.
void spin(std::chrono::microseconds duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) {
  }
}

/// Layer by layer, each task after some of the layer before. One of the first layer and one of the second fail; each
/// seventeenth task is parked for a while.
baton::Plan make_plan(std::size_t tasks) {
  static constexpr const char* verbs[] = {"load", "check", "clean", "join", "rank", "store"};
  static constexpr const char* nouns[] = {"orders", "prices", "customers", "stock", "visits"};
  std::mt19937 random{7};
  const auto below = [&](std::size_t limit) { return random() % limit; };
  baton::Workflow flow{"nightly import"};
  std::vector<baton::AnyTask> previous;
  std::vector<baton::AnyTask> layer;
  const std::size_t width = std::max<std::size_t>(1, tasks / layers);
  for (std::size_t number = 0; number < tasks; ++number) {
    if (layer.size() == width) previous = std::exchange(layer, {});
    const std::size_t row = number / width;
    const std::string name = std::string(verbs[row % std::size(verbs)]) + " " + nouns[number % std::size(nouns)] + " " +
                             std::to_string(number);
    const auto duration = std::chrono::microseconds(tasks > 1000 ? below(60) : 200 + below(2000));
    const bool fails = number == 7 || number == width + 3;
    const bool parks = number % 17 == 11;
    const auto task = flow.task(name, [=](baton::Context& context) {
      spin(duration);
      if (parks) context.park_for(duration * 3);
      if (fails) throw std::runtime_error("cannot read '" + name + "': connection reset\n\tafter 3 tries </script>");
    });
    for (std::size_t i = 0; !previous.empty() && i <= below(3); ++i) {
      task.after(previous[(number % width + below(4)) % previous.size()]);
    }
    layer.push_back(task);
  }
  return std::move(flow).build();
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: baton_report_sample FILE [TASKS]\n";
    return 2;
  }
  const std::size_t tasks = count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 300;
  const auto report = std::make_shared<baton::ReportObserver>(arguments[1]);
  baton::ThreadPool pool(4);
  {
    baton::Scheduler scheduler{pool};
    scheduler.start(make_plan(tasks), {.observers = {report}}).wait();
  }
  report->close();
}
