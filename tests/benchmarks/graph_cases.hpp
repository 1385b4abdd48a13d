// SPDX-License-Identifier: MIT
#pragma once

#include "library.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// A graph that the libraries build and run.
struct GraphCase {
  std::string name;
  std::string description;
  unsigned ability;
  std::function<Shape()> make_shape;
  /// What each body does besides counting. With work only the runs are of interest.
  std::chrono::nanoseconds work{0};
};

/// @param scale  What the sizes are divided by.
std::vector<GraphCase> graph_cases(double scale);

/// Builds and runs; checks each run, and the order of the tasks in one.
void time_graph(benchmark::State& state, const Shape& shape, std::chrono::nanoseconds work, const LibraryInfo& info,
                unsigned threads);

}  // namespace bench
