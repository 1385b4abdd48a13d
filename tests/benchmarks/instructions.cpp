// SPDX-License-Identifier: MIT
// baton_hot_cases [CASE]: a hot path of baton on one thread, for instructions.py to count its instructions. Checks what
// came of it. Without CASE it prints, as JSON, the compiler and how many tasks each case has.
#include <baton/baton.hpp>
#include <baton/executor/task_group.hpp>

#include "shape.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

namespace {

thread_local std::int64_t measured_time = 0;  // in nanoseconds; 0: real time

}  // namespace

/// What the library takes for the time. While a case is measured it goes on by a microsecond a look, so that neither a
/// slow machine nor valgrind changes what the scheduler does.
extern "C" [[gnu::visibility("default")]] int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (measured_time == 0) return static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  measured_time += 1000;
  time->tv_sec = measured_time / 1'000'000'000;
  time->tv_nsec = measured_time % 1'000'000'000;
  return 0;
}

/// What is counted: this function and all that it calls.
extern "C" [[gnu::noinline]] void baton_measured(void (*call)(void*), void* what) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  measured_time = now.tv_sec * 1'000'000'000 + now.tv_nsec;
  call(what);
  measured_time = 0;
}

namespace {

constexpr std::uint32_t many = 100'000;
constexpr int fib_of = 20;
constexpr int small_runs = 10'000;

template <typename What>
void measure(What what) {
  baton_measured([](void* object) { (*static_cast<What*>(object))(); }, &what);
}

void demand(bool holds, const char* what) {
  if (!holds) throw std::logic_error(what);
}

// ---- Graphs ----

bench::Shape layered() { return bench::layered(many, 1000); }
bench::Shape chain() { return bench::chain(many); }
bench::Shape fan() { return bench::fan(many); }

// ---- Runs ----

/// What the bodies note: when each was called last.
struct Record {
  explicit Record(std::uint32_t tasks) : called(tasks, 0) {}

  /// That each task was called once in each of `runs` runs, in the last one after what it waits for.
  void check(const bench::Shape& shape, std::uint32_t runs) const {
    demand(calls == runs * shape.tasks(), "tasks were not run once each");
    for (const std::uint32_t call : called) demand(call > calls - shape.tasks(), "a task was not run");
    for (std::uint32_t to = 0; to < shape.tasks(); ++to) {
      for (const std::uint32_t from : shape.predecessors(to)) {
        demand(called[from] < called[to], "a task ran before its predecessor");
      }
    }
  }

  std::vector<std::uint32_t> called;
  std::uint32_t calls = 0;
};

baton::Plan build(const bench::Shape& shape, Record& record) {
  baton::Workflow flow;
  std::vector<baton::Task<void>> tasks;
  tasks.reserve(shape.tasks());
  for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
    tasks.push_back(flow.task([&record, task] { record.called[task] = ++record.calls; }));
  }
  for (std::uint32_t to = 0; to < shape.tasks(); ++to) {
    for (const std::uint32_t from : shape.predecessors(to)) flow.edge(tasks[from], tasks[to]);
  }
  return std::move(flow).build();
}

/// On a worker of the pool, which does all the work, also that of the workers that a run calls for.
void run_to_the_end(baton::ThreadPool& pool, baton::Scheduler& scheduler, const baton::Plan& plan, int times) {
  for (int time = 0; time < times; ++time) {
    scheduler.run(plan);
    while (pool.try_run_one()) {
    }
  }
}

/// Measures all runs but the first, which finds memory cold.
template <bench::Shape (*make)(), int times = 1>
void rerun(baton::ThreadPool& pool) {
  const bench::Shape shape = make();
  Record record(shape.tasks());
  const baton::Plan plan = build(shape, record);
  baton::Scheduler scheduler(pool);
  run_to_the_end(pool, scheduler, plan, 1);
  measure([&] { run_to_the_end(pool, scheduler, plan, times); });
  record.check(shape, 1 + times);
}

void declare_and_build(baton::ThreadPool& pool) {
  const bench::Shape shape = layered();
  Record record(shape.tasks());
  std::optional<baton::Plan> plan;
  measure([&] { plan = build(shape, record); });
  baton::Scheduler scheduler(pool);
  run_to_the_end(pool, scheduler, *plan, 1);
  record.check(shape, 1);
}

// ---- Fork and join ----

int fib(baton::ThreadPool& pool, int n) {
  if (n < 2) return n;
  int left = 0;
  baton::TaskGroup group(pool);
  group.run([&] { left = fib(pool, n - 1); });
  const int right = fib(pool, n - 2);
  group.wait();
  return left + right;
}

constexpr std::uint32_t forks(int n) { return n < 2 ? 0 : 1 + forks(n - 1) + forks(n - 2); }

void fork_and_join(baton::ThreadPool& pool) {
  demand(fib(pool, fib_of / 2) == 55, "fib is wrong");
  int result = 0;
  measure([&] { result = fib(pool, fib_of); });
  demand(result == 6765, "fib is wrong");
}

// ---- The program ----

struct Case {
  std::string_view name;
  std::uint32_t tasks;
  void (*run)(baton::ThreadPool& pool);
};

constexpr std::array<Case, 6> cases{{
    {"layered", many, rerun<layered>},
    {"chain", many, rerun<chain>},
    {"fan", many, rerun<fan>},
    {"ten_tasks", 10 * small_runs, rerun<bench::ten_tasks, small_runs>},
    {"build", many, declare_and_build},
    {"fib", forks(fib_of), fork_and_join},
}};

#ifdef __clang__
constexpr const char* compiler = "Clang " __clang_version__;
#else
constexpr const char* compiler = "GCC " __VERSION__;
#endif
#ifdef __OPTIMIZE__
constexpr const char* optimised = "";
#else
constexpr const char* optimised = ", not optimised";
#endif

void list() {
  std::printf("{\"compiler\": \"%s%s\", \"tasks\": {", compiler, optimised);
  const char* separator = "";
  for (const Case& each : cases) {
    std::printf("%s\"%s\": %u", std::exchange(separator, ", "), each.name.data(), each.tasks);
  }
  std::printf("}}\n");
}

int run(std::string_view name) {
  for (const Case& each : cases) {
    if (each.name != name) continue;
    baton::ThreadPool pool(1);
    pool.submit([&] { each.run(pool); }).get();
    return 0;
  }
  throw std::invalid_argument("no such case");
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count > 1) return run(words[1]);
    list();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "baton_hot_cases: %s\n", error.what());
    return 1;
  }
}
