// SPDX-License-Identifier: MIT
#include "table.hpp"

#include "progress.hpp"

#include <algorithm>
#include <cstdio>

namespace bench {
namespace {

constexpr const char* explanation =
    R"(Times are nanoseconds a task, or what else the case names; medians of the repetitions. In brackets: how many times
baton's figure with as many threads that is. "+-": half the distance between the highest and the lowest repetition of
the first figure, in percent.
In a row for N threads at most N threads call bodies at any time. With oneTBB, OpenMP, dispenso, enkiTS and the floors
the caller is one of them; with baton, Taskflow and libfork it sleeps meanwhile. Except: with ten tasks baton's caller
works along; where bodies are submitted oneTBB's caller only submits, and OpenMP's and enkiTS's call bodies themselves
once many wait.
Building declares each task and then its edges from tasks before it, in memory fresh from the system. OpenMP declares
the tasks of a graph while they run, so that each of its runs includes building.
Bytes are resident memory a task, of a process that does nothing else: at the peak of building, with the handles that
the caller needs, and while the built graph runs, after freed memory was given back.
)";

std::string print_to_string(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string spread(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return print_to_string("%.0f%%", (*high - *low) / 2 / median(values) * 100);
}

std::string ratio(double figure, double base) { return print_to_string("(%.2f)", figure / base); }

}  // namespace

bool Table::ReportContext(const Context&) { return true; }

void Table::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration) continue;
    std::string name = run.run_name.function_name;
    if (const std::string suffix = "/memory"; name.ends_with(suffix)) name.resize(name.size() - suffix.size());
    Row& row = rows_[name];
    for (const auto& [counter, value] : run.counters) row.figures[counter].push_back(value.value);
    if (!run.error_occurred) continue;
    row.error = run.error_message;
    failed_ = true;
  }
}

const Table::Row* Table::find(const Case& block, const LibraryInfo& library, unsigned threads) const {
  const auto found = rows_.find(block.name + '/' + library.name + '/' + std::to_string(threads));
  return found == rows_.end() ? nullptr : &found->second;
}

void Table::print_library(const Case& block, const LibraryInfo& library) const {
  if (library.start == nullptr) std::printf("  %-22s   not measured\n", library.name.c_str());
  for (unsigned threads = 1; threads <= library.max_threads; ++threads) {
    const Row* const row = find(block, library, threads);
    if (row == nullptr) continue;
    std::printf("  %-22s %u", library.name.c_str(), threads);
    if (!row->error.empty()) {
      std::printf("  FAILED: %s\n", row->error.c_str());
      continue;
    }
    const Row* const base = find(block, libraries().front(), threads);
    std::string first_spread;
    for (const Column& column : block.columns) {
      const auto values = row->figures.find(column.counter);
      if (values == row->figures.end()) {
        std::printf(" %10s %8s", "-", "");
        continue;
      }
      if (first_spread.empty()) first_spread = spread(values->second);
      const double figure = median(values->second);
      const bool has_base = base != nullptr && base != row && base->figures.contains(column.counter);
      const std::string relation = has_base ? ratio(figure, median(base->figures.at(column.counter))) : "";
      std::printf(" %10.1f %8s", figure, relation.c_str());
    }
    std::printf(" %4s\n", first_spread.c_str());
  }
}

void Table::Finalize() {
  show_progress("");
  std::printf("%s", explanation);
  for (const Case& block : cases_) {
    const bool measured = std::any_of(rows_.begin(), rows_.end(),
                                      [&](const auto& row) { return row.first.starts_with(block.name + '/'); });
    if (!measured) continue;
    std::printf("\n%s\n  %-22s %s", block.title.c_str(), "", "N");
    for (const Column& column : block.columns) std::printf(" %19s", column.heading.c_str());
    std::printf("   +-\n");
    for (const LibraryInfo& library : libraries()) {
      if ((library.abilities & block.ability) != 0) print_library(block, library);
    }
  }
}

}  // namespace bench
