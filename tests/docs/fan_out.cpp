// SPDX-License-Identifier: MIT
// What docs/how-to/fan-out.md shows.
#include "check.hpp"

#include <baton/baton.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Total {
  std::string country;
  double sum;
};

std::vector<Total> load_totals() {
  std::vector<Total> totals;
  for (int i = 0; i < 50; ++i) totals.push_back({"country " + std::to_string(i), i * 1.5});
  return totals;
}

struct Style {
  std::string title = "Sales";
};

std::string render(const Total& total, const Style& style) { return style.title + " of " + total.country; }

void call_a_body_for_each_element() {
  baton::Workflow flow{"report"};
  auto totals = flow.task("totals", [] { return load_totals(); });
  auto style = flow.task("style", [] { return Style{}; });
  auto pages =
      flow.map("render", totals, [](const Total& total, const Style& shared) { return render(total, shared); }, style);
  auto size = flow.reduce("size", pages, std::size_t{0},
                          [](std::size_t sum, const std::string& page) { return sum + page.size(); });

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.start(flow.build());
  check(run.get(pages).size() == 50);
  check(run.result(pages)[3] == "Sales of country 3");
  check(run.result(size) > 50 * 5);
}

void move_and_limit() {
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Workflow flow;
  auto files = flow.task("files", [] { return std::vector<std::unique_ptr<int>>(100); });
  auto sent = flow.map(
      "send", baton::take(files), [](std::unique_ptr<int> file) { return file == nullptr; },
      baton::MapOptions{.limit = 4});
  check(scheduler.start(flow.build()).get(sent).size() == 100);
}

void fail() {
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Workflow flow;
  auto numbers = flow.task([] { return std::vector<int>{1, 2, 3, 0, 5}; });
  const auto invert = [](int number) {
    if (number == 0) throw std::domain_error("division by zero");
    return 60 / number;
  };
  auto strict = flow.map("strict", numbers, invert);
  auto lenient = flow.map_outcomes("lenient", numbers, invert);

  baton::Run run = scheduler.start(flow.build());
  run.wait();
  check(run.failures()[0].message == "strict[3]: division by zero");
  const auto& outcomes = run.result(lenient);
  check(outcomes[3].state() == baton::TaskState::failed);
  check(outcomes[4].value() == 12);
  check(run.state(strict) == baton::TaskState::failed);
}

void run_a_plan_for_each_element() {
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};

  baton::Workflow row_flow{"row"};
  auto row = row_flow.input<std::vector<int>>("row");
  auto squares = row_flow.map("square", row, [](int number) { return number * number; });
  auto sum = row_flow.reduce("sum", squares, 0, std::plus<>());
  const baton::Plan row_plan = row_flow.build();

  baton::Workflow flow{"table"};
  auto rows = flow.task("rows", [] { return std::vector<std::vector<int>>{{1, 2}, {3}, {}}; });
  auto sums = flow.map("row", baton::take(rows), row_plan, row, sum, {.limit = 8});
  check(scheduler.start(flow.build()).get(sums) == std::vector<int>{5, 9, 0});
}

void reduce_in_parallel() {
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Workflow flow;
  auto numbers = flow.task([] {
    std::vector<double> list(1'000'000);
    std::iota(list.begin(), list.end(), 1.0);
    return list;
  });
  auto sum =
      flow.reduce("sum", numbers, 0.0, [](double total, double number) { return total + number; }, std::plus<>());
  check(scheduler.start(flow.build()).get(sum) == 500'000'500'000.0);
}

std::vector<int> links_of(int page) {
  return page < 500 ? std::vector<int>{2 * page + 1, 2 * page + 2} : std::vector<int>{};
}

struct Crawler {
  std::mutex mutex;
  std::set<int> seen;

  void visit(baton::Context& context, int page) {
    for (const int link : links_of(page)) {
      context.spawn("page " + std::to_string(link), [this, link](baton::Context& inner) { visit(inner, link); });
    }
    const std::lock_guard lock{mutex};
    seen.insert(page);
  }
};

void spawn_tasks() {
  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Workflow flow{"crawl"};
  auto crawler = std::make_shared<Crawler>();
  auto walk = flow.task("walk", [crawler](baton::Context& context) { crawler->visit(context, 0); });
  auto count = flow.task("count", [crawler] { return crawler->seen.size(); }).after(walk);
  check(scheduler.start(flow.build()).get(count) == 1001);
}

}  // namespace

int main() {
  call_a_body_for_each_element();
  move_and_limit();
  fail();
  run_a_plan_for_each_element();
  reduce_in_parallel();
  spawn_tasks();
}
