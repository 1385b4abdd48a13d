// SPDX-License-Identifier: MIT
// What docs/how-to/analyse-a-plan.md shows.
#include "check.hpp"

#include <baton/baton.hpp>
#include <baton/graph/analysis.hpp>
#include <baton/graph/bgl.hpp>
#include <baton/graph/diagram.hpp>

#include <boost/graph/topological_sort.hpp>

#include <chrono>
#include <iterator>
#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

baton::Plan make_plan() {
  baton::Workflow flow{"build"};
  auto parse = flow.task("parse", [] {}).expected_duration(1s);
  auto compile = flow.task("compile", [] {}).expected_duration(5s).after(parse);
  auto docs = flow.task("docs", [] {}).expected_duration(2s).after(parse);
  flow.task("package", [] {}).expected_duration(1s).after(compile, docs, parse);
  return std::move(flow).build();
}

void measure_the_shape() {
  const baton::Plan plan = make_plan();
  check(plan.size() == 4);
  check(plan.edge_count() == 5);
  check(baton::depth(plan) == 3);
  check(baton::max_width(plan) == 2);
  check(plan.roots().size() == 1 && plan.leaves().size() == 1);
}

void find_what_takes_long() {
  const baton::Plan plan = make_plan();
  const baton::CriticalPath path = baton::critical_path(plan);
  check(path.length == 7s);
  std::string text;
  for (const baton::TaskId id : path.tasks) text += plan.task_name(id) + ' ';
  check(text == "parse compile package ");

  const std::vector<baton::Duration> slack = baton::slack(plan);
  check(slack[index_of(*plan.find("docs"))] == 3s);
}

void ask_who_depends_on_whom() {
  const baton::Plan plan = make_plan();
  const baton::TaskId docs = *plan.find("docs");
  check(baton::ancestors(plan, docs) == std::vector{*plan.find("parse")});
  check(baton::descendants(plan, docs) == std::vector{*plan.find("package")});

  const std::vector<baton::Edge> redundant = baton::redundant_edges(plan);
  check(redundant == std::vector{baton::Edge{*plan.find("parse"), *plan.find("package")}});
}

void draw() {
  const baton::Plan plan = make_plan();
  const std::string dot = baton::to_dot(plan);
  check(dot.starts_with("digraph"));

  baton::ThreadPool pool;
  baton::Scheduler scheduler{pool};
  baton::Run run = scheduler.start(plan);
  run.wait();
  const std::vector<baton::TaskState> states = run.states();
  const baton::CriticalPath path = baton::critical_path(plan);
  const std::string mermaid = baton::to_mermaid(plan, {.states = states, .highlighted = path.tasks});
  check(mermaid.find("flowchart TB") != std::string::npos);
}

void use_boost_graph() {
  const baton::Plan plan = make_plan();
  std::vector<baton::TaskId> order;
  boost::topological_sort(plan, std::back_inserter(order));  // last task first
  check(order.front() == *plan.find("package"));
}

}  // namespace

int main() {
  measure_the_shape();
  find_what_takes_long();
  ask_who_depends_on_whom();
  draw();
  use_boost_graph();
}
