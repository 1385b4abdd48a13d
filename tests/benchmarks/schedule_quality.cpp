// SPDX-License-Identifier: MIT
// schedule_quality [--each] [FOLDER]: how long runs take, apart from what the scheduler itself costs.
//
// Runs the recorded workflows (WfFormat 1.5) of FOLDER, or generated graphs, in virtual time: in the order of creation,
// by hop count, which is baton's order without expected durations, and critical path first, its order with them. Beside
// them a plain list scheduler, critical path first. Prints makespan over max(critical path, total / workers), which no
// schedule is below, as geometric means over the graphs; with --each for every graph too. Then runs small graphs on
// two threads in real time. Ends with 1 where critical path first is not as good as it has to be.
#include "schedule_quality_graphs.hpp"
#include "schedule_quality_workers.hpp"

#include <baton/baton.hpp>
#include <baton/executor/manual_executor.hpp>
#include <baton/testing/virtual_clock.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>
#include <queue>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace schedule_quality {
namespace {

using baton::Duration;

constexpr std::array<std::size_t, 4> worker_counts{2, 4, 8, 16};
constexpr double quality_limit = 1.07;
constexpr double same = 1.001;  // ties fall differently

enum class Order { creation, hops, critical_path };
constexpr std::array orders{Order::creation, Order::hops, Order::critical_path};
constexpr std::array<const char*, 4> names{"order of creation", "hop count", "critical path first", "list scheduler"};
constexpr std::size_t reference = orders.size();  // its place among the names

/// When each task of a graph started.
using Schedule = std::vector<Duration>;
constexpr Duration never{-1};

// ---- What baton does ----

/// @param body_of  Makes the body of the task of a number.
template <typename BodyOf>
baton::Plan make_plan(const Graph& graph, Order order, bool takes_unit, const BodyOf& body_of) {
  baton::Workflow flow;
  std::vector<baton::Task<void>> tasks;
  for (std::size_t number = 0; number < graph.tasks.size(); ++number) {
    tasks.push_back(flow.task(body_of(number)));
    if (order == Order::creation) tasks.back().priority(-static_cast<int>(number));
    if (order == Order::critical_path) tasks.back().expected_duration(graph.tasks[number].runtime);
    if (takes_unit) tasks.back().resource("unit");
  }
  for (const auto& [from, to] : graph.edges) flow.edge(tasks[from], tasks[to]);
  return std::move(flow).build();
}

/// Bodies hold their workers for as long as they take.
Schedule on_workers(const Graph& graph, Order order, std::size_t workers) {
  Schedule starts(graph.tasks.size(), never);
  VirtualWorkers pool(workers);
  const baton::Plan plan = make_plan(graph, order, false, [&](std::size_t task) {
    return [&, task] {
      starts[task] = pool.now();
      pool.spend(graph.tasks[task].runtime);
    };
  });
  baton::Scheduler(pool).start(plan).get();
  return starts;
}

/// Bodies park and hold a unit of a resource, of which there is one for each worker.
Schedule on_units(const Graph& graph, Order order, std::size_t units) {
  Schedule starts(graph.tasks.size(), never);
  const baton::Plan plan = make_plan(graph, order, true, [&](std::size_t task) {
    return [&, task](baton::Context& context) {
      starts[task] = context.now().time_since_epoch();
      context.park_for(graph.tasks[task].runtime);
    };
  });
  baton::ManualExecutor executor;
  baton::VirtualClock clock;
  baton::Scheduler scheduler{executor, {.clock = &clock}};
  scheduler.resource("unit", units);
  const baton::Run run = scheduler.start(plan);
  executor.run_until_idle();
  run.get();
  return starts;
}

// ---- What it is compared with ----

struct Adjacency {
  explicit Adjacency(const Graph& graph) : successors(graph.tasks.size()), missing(graph.tasks.size(), 0) {
    for (const auto& [from, to] : graph.edges) {
      successors[from].push_back(to);
      ++missing[to];
    }
  }
  std::vector<std::vector<std::size_t>> successors;
  std::vector<std::size_t> missing;  // predecessors; an edge that occurs twice counts twice in both
};

/// The longest path from the start of each task to the end of the graph.
std::vector<Duration> remaining_paths(const Graph& graph) {
  Adjacency edges(graph);
  std::vector<std::size_t> order;
  for (std::size_t task = 0; task < graph.tasks.size(); ++task) {
    if (edges.missing[task] == 0) order.push_back(task);
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    for (const std::size_t next : edges.successors[order[at]]) {
      if (--edges.missing[next] == 0) order.push_back(next);
    }
  }
  std::vector<Duration> path(graph.tasks.size(), Duration::zero());
  for (auto task = order.rbegin(); task != order.rend(); ++task) {
    for (const std::size_t next : edges.successors[*task]) path[*task] = std::max(path[*task], path[next]);
    path[*task] += graph.tasks[*task].runtime;
  }
  return path;
}

/// A list scheduler from the textbook: whenever a worker is free it gets the ready task with the longest path, of equal
/// ones the first.
Schedule by_list(const Graph& graph, std::size_t workers) {
  using Entry = std::pair<Duration, std::size_t>;
  using Queue = std::priority_queue<Entry, std::vector<Entry>, std::greater<>>;
  const std::vector<Duration> path = remaining_paths(graph);
  Adjacency edges(graph);
  Schedule starts(graph.tasks.size(), never);
  Queue ready, running;  // by the path, longest first; by the end
  const auto make_ready = [&](std::size_t task) { ready.emplace(-path[task], task); };
  for (std::size_t task = 0; task < graph.tasks.size(); ++task) {
    if (edges.missing[task] == 0) make_ready(task);
  }
  for (Duration now{}; !ready.empty() || !running.empty();) {
    for (; !ready.empty() && running.size() < workers; ready.pop()) {
      const std::size_t task = ready.top().second;
      starts[task] = now;
      running.emplace(now + graph.tasks[task].runtime, task);
    }
    now = running.top().first;
    for (; !running.empty() && running.top().first == now; running.pop()) {
      for (const std::size_t next : edges.successors[running.top().second]) {
        if (--edges.missing[next] == 0) make_ready(next);
      }
    }
  }
  return starts;
}

/// No schedule is shorter, in nanoseconds.
double lower_bound(const Graph& graph, std::size_t workers) {
  const std::vector<Duration> path = remaining_paths(graph);
  const auto critical = static_cast<double>(std::max_element(path.begin(), path.end())->count());
  return std::max(critical, static_cast<double>(graph.total_runtime().count()) / static_cast<double>(workers));
}

// ---- Measuring ----

/// @throws std::logic_error  the schedule is none: a task did not run, or too early, or on more workers than there are.
void check(const Graph& graph, const Schedule& starts, std::size_t workers) {
  const auto end_of = [&](std::size_t task) { return starts[task] + graph.tasks[task].runtime; };
  const auto demand = [&](bool holds, const char* what) {
    if (!holds) throw std::logic_error(graph.name + ": " + what);
  };
  std::vector<std::pair<Duration, int>> changes;  // ends sort before starts
  for (std::size_t task = 0; task < starts.size(); ++task) {
    demand(starts[task] != never, "a task did not run");
    if (graph.tasks[task].runtime == Duration::zero()) continue;
    changes.emplace_back(starts[task], 1);
    changes.emplace_back(end_of(task), -1);
  }
  for (const auto& [from, to] : graph.edges) demand(starts[to] >= end_of(from), "a task ran before its predecessor");
  std::sort(changes.begin(), changes.end());
  std::size_t busy = 0;
  for (const auto& change : changes) {
    busy += static_cast<std::size_t>(change.second);
    demand(busy <= workers, "more tasks at once than workers");
  }
}

Duration makespan(const Graph& graph, const Schedule& starts) {
  Duration last{};
  for (std::size_t task = 0; task < starts.size(); ++task) {
    last = std::max(last, starts[task] + graph.tasks[task].runtime);
  }
  return last;
}

double quality(const Graph& graph, const Schedule& starts, std::size_t workers) {
  check(graph, starts, workers);
  return static_cast<double>(makespan(graph, starts).count()) / lower_bound(graph, workers);
}

/// A geometric mean.
class Mean {
 public:
  void add(double value) {
    sum_ += std::log(value);
    ++count_;
  }
  [[nodiscard]] double value() const { return std::exp(sum_ / count_); }

 private:
  double sum_ = 0;
  int count_ = 0;
};

/// A row a scheduler: for each number of workers, and over all.
using Row = std::array<Mean, worker_counts.size() + 1>;
using Table = std::array<Row, names.size()>;
using Make = Schedule (*)(const Graph&, Order, std::size_t);

void add_graph(Table& table, const Graph& graph, Make make, bool prints) {
  for (std::size_t column = 0; column < worker_counts.size(); ++column) {
    const std::size_t workers = worker_counts[column];
    if (prints) std::printf("  %-44s %2zu workers", graph.name.c_str(), workers);
    for (std::size_t row = 0; row < table.size(); ++row) {
      const Schedule starts = row == reference ? by_list(graph, workers) : make(graph, orders[row], workers);
      const double value = quality(graph, starts, workers);
      table[row][column].add(value);
      table[row].back().add(value);
      if (prints) std::printf(" %8.4f", value);
    }
    if (prints) std::printf("\n");
  }
}

void print(const Table& table) {
  std::printf("  %-20s", "workers");
  for (const std::size_t workers : worker_counts) std::printf(" %8zu", workers);
  std::printf(" %8s\n", "all");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::printf("  %-20s", names[row]);
    for (const Mean& mean : table[row]) std::printf(" %8.4f", mean.value());
    std::printf("\n");
  }
}

/// @returns whether critical path first is as good as it has to be.
bool judge(const Table& table) {
  const double ours = table[2].back().value();
  const double list = table[reference].back().value();
  const double creation = table[0].back().value();
  const auto tell = [](bool holds, const char* what, double figure) {
    std::printf("  %-6s critical path first is %s: %+.2f %%\n", holds ? "ok" : "FAILED", what, 100 * (figure - 1));
    return holds;
  };
  const bool good = tell(ours <= quality_limit, "at most 7 % over the lower bound", ours);
  const bool not_worse = tell(ours <= list * same, "not worse than the list scheduler", ours / list);
  const bool better = tell(ours < creation, "better than the order of creation", ours / creation);
  return good && not_worse && better;
}

bool compare(const char* title, const std::vector<Graph>& graphs, Make make, bool prints_each) {
  std::printf("%s, %zu graphs\n", title, graphs.size());
  Table table;
  for (const Graph& graph : graphs) add_graph(table, graph, make, prints_each);
  print(table);
  const bool holds = judge(table);
  std::printf("\n");
  return holds;
}

// ---- Real time ----

/// The makespan on a ThreadPool, with bodies that sleep, one second of the graph taking `scale` seconds.
double run_on_threads(const Graph& graph, Order order, std::size_t threads, double scale) {
  using Clock = std::chrono::steady_clock;
  const baton::Plan plan = make_plan(graph, order, false, [&](std::size_t task) {
    return [time = graph.tasks[task].runtime * scale] { std::this_thread::sleep_for(time); };
  });
  baton::ThreadPool pool(threads);
  baton::Scheduler scheduler(pool);
  const Clock::time_point start = Clock::now();
  scheduler.start(plan).get();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void show_real_time(const std::vector<Graph>& graphs) {
  constexpr std::size_t threads = 2, most_tasks = 450, most_graphs = 6;
  constexpr double least_seconds = 0.25, seconds_a_task = 0.004;  // beside which sleeping is exact
  std::printf("On a ThreadPool of %zu threads, scaled: measured / virtual, over the lower bound\n  %-44s", threads, "");
  for (std::size_t row = 0; row < orders.size(); ++row) std::printf(" %21s", names[row]);
  std::printf("\n");
  std::size_t shown = 0;
  for (const Graph& graph : graphs) {
    if (graph.tasks.size() > most_tasks || shown++ >= most_graphs) continue;
    const double bound = lower_bound(graph, threads) / 1e9;
    const auto tasks = static_cast<double>(graph.tasks.size());
    const double scale = std::max(least_seconds, seconds_a_task * tasks / threads) / bound;
    std::printf("  %-44s", graph.name.c_str());
    for (const Order order : orders) {
      const double measured = run_on_threads(graph, order, threads, scale) / (bound * scale);
      std::printf("     %8.4f /%7.4f", measured, quality(graph, on_workers(graph, order, threads), threads));
    }
    std::printf("\n");
  }
}

int run(std::vector<std::string> words) {
  const bool prints_each = std::erase(words, "--each") > 0;
  const std::vector<Graph> graphs = words.empty() ? generate() : load_folder(words.front());
  if (graphs.empty()) throw std::runtime_error(words.front() + ": no workflows with runtimes");
  const bool on_threads = compare("Bodies that hold their worker", graphs, on_workers, prints_each);
  const bool parked = compare("Bodies that park and hold a unit of a resource", graphs, on_units, prints_each);
  show_real_time(graphs);
  return on_threads && parked ? 0 : 1;
}

}  // namespace
}  // namespace schedule_quality

int main(int count, char** words) {
  try {
    return schedule_quality::run({words + 1, words + count});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "schedule_quality: %s\n", error.what());
    return 2;
  }
}
