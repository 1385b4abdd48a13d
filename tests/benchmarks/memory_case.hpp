// SPDX-License-Identifier: MIT
#pragma once

#include <benchmark/benchmark.h>

#include <string>

namespace bench {

/// Measures the memory of a graph, given as `case/library/threads`, in a process of its own.
void measure_memory_elsewhere(benchmark::State& state, const std::string& which, double scale);

/// The main function of that process. It prints two numbers, bytes a task: at the peak of building, with the handles
/// that a caller needs to declare edges; and while the last body of the first run is called, once freed memory was
/// given back after building.
int measure_memory_here(const std::string& which, double scale);

}  // namespace bench
