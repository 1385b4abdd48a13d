// SPDX-License-Identifier: MIT
#include "graph_cases.hpp"

#include "memory.hpp"
#include "timing.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

namespace bench {

std::vector<GraphCase> graph_cases(double scale) {
  using namespace std::chrono_literals;
  const auto scaled = [scale](double size) { return static_cast<std::uint32_t>(std::max(size / scale, 40.0)); };
  const std::uint32_t large = scaled(1e6);
  const auto layers = [](std::uint32_t tasks) { return layered(tasks, std::min(tasks / 4, 1000U)); };
  const auto small_layers = [=, tasks = scaled(1e5)] { return layers(tasks); };
  const auto large_layers = [=] { return layers(large); };
  return {
      {"chain_1e6", "chain", graphs, [=] { return chain(large); }},
      {"tree_1e6", "binary tree, root to leaves", graphs, [=] { return binary_tree(large); }},
      {"layered_1e5", "random layers", graphs, small_layers},
      {"layered_1e6", "random layers", graphs, large_layers},
      {"grid_1e6", "grid", graphs, [=] { return grid(static_cast<std::uint32_t>(std::sqrt(large))); }},
      {"fan_1e6", "fan-out and fan-in", graphs, [=] { return fan(large); }},
      {"values_1e5", "random layers, without values and with an int along each edge", values, small_layers},
      {"observers_1e6", "random layers, not watched and watched", observing, large_layers},
      {"work_1us", "random layers, 1 us of work a task", graphs, small_layers, 1us},
      {"work_10us", "random layers, 10 us of work a task", graphs, small_layers, 10us},
  };
}

void time_graph(benchmark::State& state, const Shape& shape, std::chrono::nanoseconds work, const LibraryInfo& info,
                unsigned threads) {
  Board board(shape.tasks());
  const std::unique_ptr<Library> library = info.start(threads);
  release_freed_memory();  // so that what was measured before makes no difference
  std::unique_ptr<Graph> graph;
  const double build = nanoseconds([&] { graph = library->build(shape, board); });
  const double first_run = nanoseconds([&] { graph->run(); });
  board.check_runs(1);

  board.note_order();
  graph->run();
  board.check_runs(1);
  board.check_order(shape);

  work.count() > 0 ? board.work_for(work) : board.count_only();
  const double run = median_nanoseconds(state, [&] { graph->run(); }, [&] { board.check_runs(1); });
  if (!info.dynamic) state.counters["build"] = build / shape.tasks();
  state.counters["first_run"] = first_run / shape.tasks();
  state.counters["run"] = run / shape.tasks();
}

}  // namespace bench
