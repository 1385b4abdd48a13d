// SPDX-License-Identifier: MIT
// baton_benchmarks [--scale=N] [Google Benchmark's options]: measures baton beside other libraries and prints a table.
// --scale divides all sizes, for a quick look. Exits with 1 when a check of what was run fails.
#include "cases.hpp"
#include "library.hpp"
#include "memory_case.hpp"
#include "table.hpp"

#include <benchmark/benchmark.h>
#include <pthread.h>

#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

/// Takes `--name=value` out of the arguments.
std::optional<std::string> take_option(std::vector<char*>& arguments, const std::string& name) {
  const std::string prefix = "--" + name + '=';
  for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
    const std::string text = *argument;
    if (!text.starts_with(prefix)) continue;
    arguments.erase(argument);
    return text.substr(prefix.size());
  }
  return std::nullopt;
}

void describe_environment() {
  benchmark::AddCustomContext("compiler", BENCH_COMPILER);
  benchmark::AddCustomContext("flags", BENCH_FLAGS);
  for (const bench::LibraryInfo& library : bench::libraries()) {
    if (library.version.empty()) continue;
    benchmark::AddCustomContext(library.name, library.start == nullptr ? "not measured" : library.version);
  }
}

int run_benchmarks(std::vector<char*>& arguments, double scale) {
  // In front, so that the user's own options win.
  std::string repetitions = "--benchmark_repetitions=5";
  std::string interleaving = "--benchmark_enable_random_interleaving=true";
  arguments.insert(arguments.begin() + 1, {repetitions.data(), interleaving.data()});
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return 2;

  describe_environment();
  bench::Table table(bench::register_cases(scale));
  benchmark::RunSpecifiedBenchmarks(&table);
  benchmark::Shutdown();
  return table.failed() ? 1 : 0;
}

struct Call {
  std::function<int()> function;
  int result = 0;
  std::exception_ptr error;

  void carry_out() noexcept {
    try {
      result = function();
    } catch (...) {
      error = std::current_exception();
    }
  }
};

/// enkiTS walks along dependencies by recursion, a million tasks deep.
int call_on_deep_stack(std::function<int()> function) {
  constexpr std::size_t stack_size = std::size_t{1} << 30;
  Call call{.function = std::move(function), .error = {}};
  const auto carry_out = [](void* argument) -> void* {
    static_cast<Call*>(argument)->carry_out();
    return nullptr;
  };
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_size);
  pthread_t thread{};
  if (pthread_create(&thread, &attributes, carry_out, &call) != 0) throw std::runtime_error("no thread was to be had");
  pthread_join(thread, nullptr);
  if (call.error) std::rethrow_exception(call.error);
  return call.result;
}

int run(std::vector<char*>& arguments) {
  const double scale = std::stod(take_option(arguments, "scale").value_or("1"));
  const std::optional<std::string> memory_of = take_option(arguments, "memory_of");
  return call_on_deep_stack(
      [&] { return memory_of ? bench::measure_memory_here(*memory_of, scale) : run_benchmarks(arguments, scale); });
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  try {
    return run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "baton_benchmarks: %s\n", error.what());
    return 2;
  }
}
