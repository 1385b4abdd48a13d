// SPDX-License-Identifier: MIT
#include "library.hpp"

#include <stdexcept>
#include <vector>

namespace bench {

using Start = std::unique_ptr<Library>(unsigned threads);
Start start_baton, start_baton_with_values;
Start start_taskflow, start_onetbb, start_openmp, start_dispenso, start_enkits, start_libfork;
Start start_loop, start_join_counters;

std::vector<LibraryInfo> watched();

void Library::build_run_destroy(const Shape& shape, Board& board) { build(shape, board)->run_along(); }

namespace {
[[noreturn]] void refuse() { throw std::logic_error("this library has no such ability"); }
}  // namespace

void Library::submit(std::uint32_t, Board&) { refuse(); }
void Library::submit_for_futures(std::uint32_t, Board&) { refuse(); }
std::uint64_t Library::fibonacci(unsigned) { refuse(); }
void Library::map(std::uint32_t, Board&) { refuse(); }

std::span<const LibraryInfo> libraries() {
  constexpr unsigned graphs_of_any_size = graphs | ten_task_graphs;
  // BENCH_X is the name of the function above, or nullptr; see CMakeLists.txt.
  static const std::vector<LibraryInfo> list = [] {
    std::vector<LibraryInfo> all{
        LibraryInfo{"baton", BENCH_BATON_VERSION,
                    graphs_of_any_size | submitting | submitting_for_futures | forking | values | observing | mapping,
                    start_baton},
        LibraryInfo{"baton, int an edge", "", values, start_baton_with_values},
        LibraryInfo{"Taskflow", BENCH_TASKFLOW_VERSION,
                    graphs_of_any_size | submitting | submitting_for_futures | forking, BENCH_TASKFLOW},
        LibraryInfo{"oneTBB", BENCH_ONETBB_VERSION, graphs_of_any_size | submitting | forking, BENCH_ONETBB},
        LibraryInfo{"OpenMP", BENCH_OPENMP_VERSION, graphs_of_any_size | submitting | forking, BENCH_OPENMP, 2, true},
        LibraryInfo{"dispenso", BENCH_DISPENSO_VERSION,
                    graphs_of_any_size | submitting | submitting_for_futures | forking, BENCH_DISPENSO},
        LibraryInfo{"enkiTS", BENCH_ENKITS_VERSION, graphs_of_any_size | submitting | forking, BENCH_ENKITS},
        LibraryInfo{"libfork", BENCH_LIBFORK_VERSION, forking, BENCH_LIBFORK},
        LibraryInfo{"floor: plain loop", "", graphs, start_loop, 1},
        LibraryInfo{"floor: join counters", "", graphs, start_join_counters, 1},
    };
    const std::vector<LibraryInfo> more = watched();
    all.insert(all.begin() + 2, more.begin(), more.end());
    return all;
  }();
  return list;
}

}  // namespace bench
