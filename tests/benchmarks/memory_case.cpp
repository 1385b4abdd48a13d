// SPDX-License-Identifier: MIT
#include "memory_case.hpp"

#include "graph_cases.hpp"
#include "memory.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace bench {
namespace {

/// What is resident now beyond what was when this was made.
class Growth {
 public:
  explicit Growth(std::uint32_t tasks) : tasks_(tasks) {
    release_freed_memory();
    reset_peak_resident();
    before_ = resident_bytes();
  }
  [[nodiscard]] double bytes_a_task(std::size_t resident) const {
    return (static_cast<double>(resident) - static_cast<double>(before_)) / tasks_;
  }

 private:
  std::uint32_t tasks_;
  std::size_t before_;
};

template <typename Range>
auto& find_named(Range& range, const std::string& name) {
  const auto found = std::find_if(range.begin(), range.end(), [&](const auto& item) { return item.name == name; });
  if (found == range.end()) throw std::invalid_argument("there is no '" + name + "'");
  return *found;
}

}  // namespace

void measure_memory_elsewhere(benchmark::State& state, const std::string& which, double scale) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "'" + program + "' '--memory_of=" + which + "' --scale=" + std::to_string(scale);
  double peak = 0;
  double built = 0;
  for ([[maybe_unused]] auto _ : state) {
    std::FILE* const output = popen(command.c_str(), "r");
    const bool read = output != nullptr && std::fscanf(output, "%lf %lf", &peak, &built) == 2;
    if (output == nullptr || pclose(output) != 0 || !read) throw std::runtime_error("the measuring process failed");
    state.SetIterationTime(1e-9);  // it must not be 0
  }
  state.counters["peak_bytes"] = peak;
  if (built > 0) state.counters["built_bytes"] = built;
}

int measure_memory_here(const std::string& which, double scale) {
  const std::size_t end_of_case = which.find('/');
  const std::size_t end_of_library = which.rfind('/');
  const auto cases = graph_cases(scale);
  const auto all = libraries();
  const GraphCase& graph_case = find_named(cases, which.substr(0, end_of_case));
  const LibraryInfo& info = find_named(all, which.substr(end_of_case + 1, end_of_library - end_of_case - 1));
  const auto threads = static_cast<unsigned>(std::stoul(which.substr(end_of_library + 1)));

  const Shape shape = graph_case.make_shape();
  Board board(shape.tasks());
  const std::unique_ptr<Library> library = info.start(threads);
  std::unique_ptr<Graph> graph;
  if (info.dynamic) graph = library->build(shape, board);  // which is not yet its graph
  const Growth growth(shape.tasks());
  if (!info.dynamic) graph = library->build(shape, board);
  double peak = growth.bytes_a_task(peak_resident_bytes());
  release_freed_memory();
  board.note_memory();
  graph->run();
  board.check_runs(1);
  double built = growth.bytes_a_task(board.noted_memory());
  if (info.dynamic) {
    peak = growth.bytes_a_task(peak_resident_bytes());
    built = 0;
  }
  std::printf("%f %f\n", peak, built);
  return 0;
}

}  // namespace bench
