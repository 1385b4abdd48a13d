// SPDX-License-Identifier: MIT
#include "cases.hpp"

#include "graph_cases.hpp"
#include "memory_case.hpp"
#include "progress.hpp"
#include "timing.hpp"

#include <cmath>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <utility>

namespace bench {
namespace {

struct Row {
  const LibraryInfo* library;
  unsigned threads;
  std::string name;  // case/library/threads

  [[nodiscard]] std::unique_ptr<Library> start() const { return library->start(threads); }
};

std::vector<Row> rows_of(const Case& block) {
  std::vector<Row> rows;
  for (const LibraryInfo& library : libraries()) {
    if ((library.abilities & block.ability) == 0 || library.start == nullptr) continue;
    for (unsigned threads = 1; threads <= library.max_threads; ++threads) {
      rows.push_back({&library, threads, block.name + '/' + library.name + '/' + std::to_string(threads)});
    }
  }
  return rows;
}

/// `function(state, row)` measures a row; when it throws, the row has failed.
template <typename F>
benchmark::internal::Benchmark* register_row(const Row& row, const std::string& suffix, F function) {
  const auto guarded = [row, function](benchmark::State& state) {
    show_progress(row.name);
    try {
      function(state, row);
    } catch (const std::exception& error) {
      state.SkipWithError(error.what());
    }
  };
  return benchmark::RegisterBenchmark((row.name + suffix).c_str(), guarded)->UseManualTime();
}

Case graph_block(const GraphCase& graph_case, double scale) {
  const bool with_work = graph_case.work.count() > 0;
  const auto shape = std::make_shared<const Shape>(graph_case.make_shape());
  Case block{.name = graph_case.name,
             .title = graph_case.description + ": " + std::to_string(shape->tasks()) + " tasks, " +
                      std::to_string(shape->edges()) + " edges",
             .ability = graph_case.ability,
             .columns = {{"run", "re-run ns"}}};
  if (!with_work) {
    block.columns.insert(block.columns.end(), {{"first_run", "first run ns"},
                                               {"build", "build ns"},
                                               {"peak_bytes", "peak bytes"},
                                               {"built_bytes", "built bytes"}});
  }
  for (const Row& row : rows_of(block)) {
    register_row(row, "", [shape, work = graph_case.work](benchmark::State& state, const Row& measured) {
      time_graph(state, *shape, work, *measured.library, measured.threads);
    })->Iterations(with_work ? 1 : 3);
    if (with_work) continue;
    register_row(row, "/memory",
                 [scale](benchmark::State& state, const Row& measured) {
                   measure_memory_elsewhere(state, measured.name, scale);
                 })
        ->Iterations(1)
        ->Repetitions(1);
  }
  return block;
}

/// Repeats `act`, which runs each task of `board` once, for some time.
/// @returns the nanoseconds that one call took.
template <typename F>
double repeat(Board& board, double nanoseconds_at_least, F&& act) {
  for (std::uint32_t count = 10;; count *= 4) {
    const double time = nanoseconds([&] {
      for (std::uint32_t i = 0; i < count; ++i) act();
    });
    board.check_runs(count);
    if (time >= nanoseconds_at_least) return time / count;
  }
}

void time_ten_tasks(benchmark::State& state, const Row& row, double nanoseconds_at_least) {
  const Shape shape = ten_tasks();
  Board board(shape.tasks());
  const std::unique_ptr<Library> library = row.start();
  const std::unique_ptr<Graph> graph = library->build(shape, board);
  board.note_order();
  graph->run_along();
  board.check_runs(1);
  board.check_order(shape);
  board.count_only();
  for ([[maybe_unused]] auto _ : state) {
    const double run = repeat(board, nanoseconds_at_least, [&] { graph->run_along(); });
    const double all = repeat(board, nanoseconds_at_least, [&] { library->build_run_destroy(shape, board); });
    state.SetIterationTime(run / 1e9);
    if (!row.library->dynamic) state.counters["run"] = run;
    state.counters["build_run_destroy"] = all;
  }
}

Case ten_tasks_block(double scale) {
  Case block{.name = "ten_tasks",
             .title = "a graph of ten tasks, the caller working along where it can",
             .ability = ten_task_graphs,
             .columns = {{"run", "run ns"}, {"build_run_destroy", "build to destroy ns"}}};
  for (const Row& row : rows_of(block)) {
    register_row(row, "", [scale](benchmark::State& state, const Row& measured) {
      time_ten_tasks(state, measured, 3e7 / scale);
    })->Iterations(1);
  }
  return block;
}

Case submit_block(double scale, bool for_futures) {
  const auto count = static_cast<std::uint32_t>(1e6 / scale);
  Case block{
      .name = for_futures ? "submit_for_futures" : "submit",
      .title = std::to_string(count) + " bodies from one thread outside" + (for_futures ? ", a future each" : ""),
      .ability = for_futures ? submitting_for_futures : submitting,
      .columns = {{"run", "ns a body"}}};
  for (const Row& row : rows_of(block)) {
    register_row(row, "", [count, for_futures](benchmark::State& state, const Row& measured) {
      Board board(count);
      const std::unique_ptr<Library> library = measured.start();
      const auto submit = [&] {
        for_futures ? library->submit_for_futures(count, board) : library->submit(count, board);
      };
      state.counters["run"] = median_nanoseconds(state, submit, [&] { board.check_runs(1); }) / count;
    })->Iterations(3);
  }
  return block;
}

Case map_block(double scale) {
  const auto count = static_cast<std::uint32_t>(1e6 / scale);
  Case block{.name = "map",
             .title = "a map over " + std::to_string(count) + " elements, known as the run goes on, with results",
             .ability = mapping,
             .columns = {{"run", "ns an element"}}};
  for (const Row& row : rows_of(block)) {
    register_row(row, "", [count](benchmark::State& state, const Row& measured) {
      Board board(count);
      const std::unique_ptr<Library> library = measured.start();
      const auto map = [&] { library->map(count, board); };
      state.counters["run"] = median_nanoseconds(state, map, [&] { board.check_runs(1); }) / count;
    })->Iterations(3);
  }
  return block;
}

std::uint64_t fibonacci(unsigned n) {
  std::uint64_t last = 0;
  std::uint64_t next = 1;
  for (unsigned i = 0; i < n; ++i) last = std::exchange(next, last + next);
  return last;
}

Case fork_block(double scale) {
  constexpr double golden_ratio = 1.618;
  const auto n = static_cast<unsigned>(30 - std::min(20.0, std::log(scale) / std::log(golden_ratio)));
  const std::uint64_t forks = fibonacci(n + 1) - 1;
  Case block{.name = "fib_30",
             .title = "fork and join: fib(" + std::to_string(n) + "), " + std::to_string(forks) + " forks",
             .ability = forking,
             .columns = {{"run", "ns a fork"}}};
  for (const Row& row : rows_of(block)) {
    register_row(row, "", [n, forks](benchmark::State& state, const Row& measured) {
      const std::unique_ptr<Library> library = measured.start();
      std::uint64_t result = 0;
      const auto check = [&] {
        if (std::exchange(result, 0) != fibonacci(n)) throw std::runtime_error("a wrong Fibonacci number");
      };
      const double time = median_nanoseconds(state, [&] { result = library->fibonacci(n); }, check);
      state.counters["run"] = time / static_cast<double>(forks);
    })->Iterations(3);
  }
  return block;
}

}  // namespace

std::vector<Case> register_cases(double scale) {
  std::vector<Case> cases;
  for (const GraphCase& graph_case : graph_cases(scale)) cases.push_back(graph_block(graph_case, scale));
  cases.push_back(ten_tasks_block(scale));
  cases.push_back(submit_block(scale, false));
  cases.push_back(submit_block(scale, true));
  cases.push_back(fork_block(scale));
  cases.push_back(map_block(scale));
  return cases;
}

}  // namespace bench
