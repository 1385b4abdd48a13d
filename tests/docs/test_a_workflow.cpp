// SPDX-License-Identifier: MIT
// What docs/how-to/test-a-workflow.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/testing/doubles.hpp>
#include <baton/testing/dry_run.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <chrono>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

struct Orders {
  std::vector<int> numbers;
};
Orders load_from_shop() { throw std::logic_error("no test may reach the shop"); }
std::string render(const Orders& orders) { return std::to_string(orders.numbers.size()) + " orders"; }
void mail(const std::string&) { throw std::logic_error("no test may send mail"); }
void alarm_somebody() { throw std::logic_error("no test may wake anybody"); }

baton::Workflow nightly() {
  baton::Workflow flow{"nightly"};
  auto orders = flow.task("load orders", load_from_shop);
  orders.retry({.attempts = 4, .delay = 24h, .backoff = 1, .max_delay = 24h});
  auto report = flow.task("render", render, orders);
  flow.task("mail", mail, report);
  flow.task("alarm", alarm_somebody).depends(failed(orders));
  return flow;
}

void test_three_days_of_retries() {
  baton::Workflow flow = nightly();
  baton::Doubles doubles;
  doubles.fails("load *", std::runtime_error("the shop is closed"), 3)
      .returns("load *", Orders{{7, 8}})
      .returns("mail")
      .returns("alarm");
  doubles.apply(flow);

  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {.clock = &clock}};
  baton::Run run = scheduler.start(flow.build());
  run.wait();

  check(run.succeeded());
  check(clock.now().time_since_epoch() == 72h);
  check(run.result(flow.task_named<std::string>("render")) == "2 orders");
  check(doubles.calls("load orders") == 4);
  check(doubles.calls("mail") == 1);
  check(doubles.calls("alarm") == 0);
}

void test_the_alarm() {
  baton::Workflow flow = nightly();
  baton::Doubles doubles;
  doubles.fails("load orders", std::runtime_error("the shop is closed"));
  doubles.returns("mail").returns("alarm");
  doubles.apply(flow);

  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {.clock = &clock}};
  scheduler.start(flow.build()).wait();

  check(doubles.calls("mail") == 0);
  check(doubles.calls("alarm") == 1);
}

void test_a_timeout() {
  baton::Workflow flow = nightly();
  flow.task_named<std::string>("render").timeout(1h);
  baton::Doubles doubles;
  doubles.returns("load orders", Orders{}).returns("mail").returns("alarm");
  doubles.delays("render", 3h);
  doubles.apply(flow);

  baton::ThreadPool pool{2};
  baton::VirtualClock clock;
  baton::Scheduler scheduler{pool, {.clock = &clock}};
  baton::Run run = scheduler.start(flow.build());
  run.wait();
  check(run.state(flow.task_named<std::string>("render")) == baton::TaskState::failed);
  check(clock.now().time_since_epoch() == 1h);
}

void try_it_dry() {
  const baton::Plan plan = nightly().build();
  const auto options = baton::DryRunOptions{}.threads(2).lasts("*", 1min).lasts("load *", 2h).fails("load *", 1);
  const baton::DryRun dry = baton::dry_run(plan, options);

  check(dry.makespan() == 28h + 2min);
  check(dry.task("load orders").attempts == 2);
  check(dry.task("alarm").outcome == baton::TaskState::omitted);

  std::ostringstream out;
  out << dry;
  const std::string expected =
      R"(dry run of 'nightly': succeeded after 1 d 4 h 2 min on 2 threads; 4 tasks: 3 succeeded, 1 omitted
          start            end  task
            0 s        1 d 4 h  load orders  after 2 attempts
        1 d 4 h  1 d 4 h 1 min  render
              -        1 d 4 h  alarm  omitted
  1 d 4 h 1 min  1 d 4 h 2 min  mail
)";
  check(out.str() == expected);
}

}  // namespace

int main() {
  test_three_days_of_retries();
  test_the_alarm();
  test_a_timeout();
  try_it_dry();
}
