// SPDX-License-Identifier: MIT
// What docs/how-to/build-a-graph.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/graph/untyped.hpp>

#include <atomic>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace {

struct Table {
  std::vector<int> rows;
};

Table load(const std::string& name) { return {{1, 2, static_cast<int>(name.size())}}; }
int sum(const Table& table) { return std::accumulate(table.rows.begin(), table.rows.end(), 0); }

void wire_data() {
  baton::Workflow flow{"report"};
  baton::Task<Table> orders = flow.task("load orders", [] { return load("orders"); });
  baton::Task<Table> rates = flow.task("load rates", [] { return load("rates"); });
  baton::Task<int> total =
      flow.task("total", [](const Table& o, const Table& r) { return sum(o) * sum(r); }, orders, rates);
  auto by_function = flow.task("sum of the orders", sum, orders);

  const baton::Run run = baton::run(flow);
  check(run.get(total) == 9 * 8);
  check(run.get(by_function) == 9);
}

void use_the_context() {
  baton::Workflow flow;
  auto orders = flow.task([] { return load("orders"); });
  auto slow_sum = flow.task(
      "slow sum",
      [](baton::Context& context, const Table& table) {
        int result = 0;
        for (const int row : table.rows) {
          context.throw_if_stopped();
          result += row;
        }
        return result;
      },
      orders);

  check(baton::run(flow).get(slow_sum) == 9);
}

void order_without_data() {
  baton::Workflow flow;
  std::atomic<int> steps{0};
  auto create_folder = flow.task("create folder", [&] { return steps++; });
  auto clean_cache = flow.task("clean cache", [&] { return steps++; });
  auto write_page = flow.task("write page", [&] { return steps++; });
  auto publish = flow.task("publish", [&] { return steps++; });

  write_page.after(create_folder, clean_cache);
  write_page.before(publish);
  flow.edge(create_folder, publish);

  const baton::Run run = baton::run(flow);
  check(run.get(write_page) == 2);
  check(run.get(publish) == 3);
}

void name_tasks() {
  baton::Workflow flow{"names"};
  auto named = flow.task("load orders", [] { return 1; });
  auto nameless = flow.task([] { return 2; });

  const baton::Plan plan = flow.build();
  check(plan.task_name(plan.id(named)) == "load orders");
  check(plan.task_name(plan.id(nameless)) == "#1");
  check(plan.find("load orders") == plan.id(named));
  check(plan.find("#1") == plan.id(nameless));
}

void take_a_value() {
  baton::Workflow flow;
  auto buffer = flow.task("fill", [] { return std::make_unique<std::vector<int>>(1000, 1); });
  auto grown = flow.task(
      "grow",
      [](std::unique_ptr<std::vector<int>> values) {
        values->push_back(1);
        return values;
      },
      take(buffer));

  const baton::Run run = baton::run(flow);
  check(run.get(grown)->size() == 1001);
  check(throws<baton::UsageError>([&] { static_cast<void>(run.result(buffer)); }));
}

void use_many_results() {
  baton::Workflow flow;
  std::vector<baton::Task<int>> parts;
  for (int i = 1; i <= 100; ++i) parts.push_back(flow.task([i] { return i * i; }));
  auto total = flow.task(
      "total", [](baton::Values<int> values) { return std::accumulate(values.begin(), values.end(), 0); }, parts);
  auto copied = flow.task("copied", [](std::vector<int> values) { return values.back(); }, parts);

  const baton::Run run = baton::run(flow);
  check(run.get(total) == 338350);
  check(run.get(copied) == 10000);
}

void give_inputs() {
  baton::Workflow flow{"greeting"};
  auto name = flow.input<std::string>("name");
  auto greeting = flow.input<std::string>("greeting", "Hello");
  auto text =
      flow.task("text", [](const std::string& g, const std::string& n) { return g + ", " + n; }, greeting, name);
  const baton::Plan plan = flow.build();

  baton::ThreadPool pool{2};
  baton::Scheduler scheduler{pool};
  baton::Run ada = scheduler.start(plan, baton::Inputs{}.set(name, "Ada"));
  baton::Run bob = scheduler.start(plan, baton::Inputs{}.set(name, "Bob").set(greeting, "Bye"));

  check(ada.get(text) == "Hello, Ada");
  check(bob.get(text) == "Bye, Bob");
  check(throws<baton::DefinitionError>([&] { scheduler.start(plan); }));
}

void nest_workflows() {
  baton::Workflow square{"square"};
  auto side = square.input<double>("side");
  auto area = square.task("area", [](double s) { return s * s; }, side);
  const baton::Plan square_plan = square.build();

  baton::Workflow flow{"floor"};
  auto kitchen_side = flow.task("measure kitchen", [] { return 3.0; });
  auto hall_side = flow.task("measure hall", [] { return 2.0; });
  auto kitchen = flow.subworkflow("kitchen", square_plan, area, bind(side, kitchen_side));
  auto hall = flow.subworkflow("hall", square_plan, area, bind(side, hall_side));
  auto both = flow.task("both", [](double a, double b) { return a + b; }, kitchen, hall);

  check(baton::run(flow).get(both) == 13.0);
}

void build_untyped() {
  baton::Workflow flow{"from a file"};
  const baton::TypeRef number = baton::type_of<double>();
  baton::AnyTask two = flow.untyped_task("two", number, {}, [](baton::UntypedCall& call) { call.set(2.0); }, {});
  baton::AnyTask sum = flow.untyped_task(
      "sum", number, {number, number},
      [](baton::UntypedCall& call) { call.set(call.get<double>(0) + call.get<double>(1)); }, {two, two});
  flow.edge(two, sum);

  auto typed = flow.task_named<double>("sum");
  check(baton::run(flow).get(typed) == 4.0);
}

void change_a_workflow() {
  baton::Workflow flow{"report"};
  auto load_all = flow.task("load", [] { return load("orders"); });
  auto total = flow.task("total", sum, load_all);
  auto mail = flow.task("mail", [] {}).after(total);

  flow.replace(load_all, [] { return Table{{40, 2}}; });
  flow.rename(load_all, "load sample");
  flow.remove_edge(total, mail);
  flow.remove(mail);
  check(flow.size() == 2);

  baton::Workflow variant = flow;
  variant.replace(variant.counterpart(load_all), [] { return Table{{1}}; });

  check(baton::run(flow).get(total) == 42);
  check(baton::run(variant).get(variant.counterpart(total)) == 1);
}

void read_all_faults() {
  baton::Workflow flow{"nightly"};
  auto extract = flow.task("extract", [] { return 1; });
  auto load_it = flow.task("load", [](int value) { return value; }, extract);
  extract.after(load_it);
  flow.task("load", [] {});

  std::string message;
  try {
    const baton::Plan plan = flow.build();
  } catch (const baton::DefinitionError& error) {
    for (const std::string& fault : error.faults()) message += fault + '\n';
  }
  check(message ==
        "two tasks are called 'load': #1 and #2\n"
        "dependency cycle: 'extract' -> 'load' -> 'extract'\n");
}

}  // namespace

int main() {
  wire_data();
  use_the_context();
  order_without_data();
  name_tasks();
  take_a_value();
  use_many_results();
  give_inputs();
  nest_workflows();
  build_untyped();
  change_a_workflow();
  read_all_faults();
}
