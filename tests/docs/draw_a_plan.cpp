// SPDX-License-Identifier: MIT
// What docs/how-to/analyse-a-plan.md shows of pictures. Without an argument it prints docs/pictures/graph.svg; with
// one, as a test, it checks that file.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/graph/analysis.hpp>
#include <baton/graph/diagram.hpp>
#include <baton/graph/layout.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

baton::Plan make_plan() {
  baton::Workflow flow{"nightly report"};
  auto orders = flow.task("fetch orders", [] {}).expected_duration(3s);
  auto customers = flow.task("fetch customers", [] {}).expected_duration(2s);
  auto prices = flow.task("fetch prices", [] {}).expected_duration(1s);
  auto clean_orders = flow.task("clean orders", [] {}).expected_duration(2s).after(orders);
  auto clean_customers = flow.task("clean customers", [] {}).expected_duration(1s).after(customers);
  auto join = flow.task("join", [] {}).expected_duration(4s).after(clean_orders, clean_customers);
  auto revenue = flow.task("revenue", [] {}).expected_duration(2s).after(join, prices);
  auto forecast = flow.task("forecast", [] {}).expected_duration(9s).after(join);
  auto archive = flow.task("archive orders", [] {}).expected_duration(2s).after(clean_orders);
  flow.task("check the archive", [] {}).expected_duration(1s).after(archive);
  auto charts = flow.task("charts", [] {}).expected_duration(3s).after(revenue, forecast);
  auto tables = flow.task("tables", [] {}).expected_duration(1s).after(revenue);
  auto report = flow.task("report", [] {}).expected_duration(1s).after(charts, tables, customers);
  flow.task("send", [] {}).expected_duration(1s).after(report);
  return std::move(flow).build();
}

/// Those of a run on its way.
std::vector<baton::TaskState> states_of(const baton::Plan& plan) {
  using enum baton::TaskState;
  std::vector states(plan.size(), succeeded);
  for (const char* name : {"charts", "report", "send"}) states[index_of(*plan.find(name))] = pending;
  for (const char* name : {"forecast", "tables"}) states[index_of(*plan.find(name))] = running;
  states[index_of(*plan.find("archive orders"))] = failed;
  states[index_of(*plan.find("check the archive"))] = omitted;
  return states;
}

std::string draw() {
  const baton::Plan plan = make_plan();
  const std::vector<baton::TaskState> states = states_of(plan);
  const baton::CriticalPath path = baton::critical_path(plan);
  const std::string svg = baton::to_svg(plan, {.states = states, .highlighted = path.tasks});
  return svg;
}

void place() {
  const baton::Plan plan = make_plan();
  const baton::PlanLayout layout = baton::lay_out(plan, {.node_width = 100, .node_height = 30});
  const baton::TaskId report = *plan.find("report");
  const baton::Point centre = layout.tasks[index_of(report)];
  check(centre.x <= layout.width && centre.y <= layout.height);

  std::size_t edge = 0;
  for (std::size_t task = 0; task < plan.size(); ++task) {
    for (const baton::TaskId to : plan.successors(static_cast<baton::TaskId>(task))) {
      const std::span<const baton::Point> line = layout.route(edge++);
      check(line.back().x == layout.tasks[index_of(to)].x);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  place();
  const std::string svg = draw();
  if (argc < 2) {
    std::cout << svg;
    return 0;
  }
  const auto root = std::filesystem::path(argv[1]).parent_path() / "../..";
  std::ifstream file(root / "docs/pictures/graph.svg");
  const std::string stored{std::istreambuf_iterator<char>(file), {}};
  check(stored == svg);
}
