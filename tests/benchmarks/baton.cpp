// SPDX-License-Identifier: MIT
// A run of a graph is started and waited for from outside; a small one is run by the caller, beside the pool's threads,
// with as many seats as the pool has threads.
#include <baton/baton.hpp>
#include <baton/executor/task_group.hpp>

#include "baton_graph.hpp"

#include <array>
#include <atomic>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bench {
namespace {

class Baton : public Library {
 public:
  explicit Baton(unsigned threads) : pool_(std::size_t{threads}), scheduler_(pool_) {}

  std::unique_ptr<Graph> build(const Shape& shape, Board& board) override {
    baton::Workflow flow;
    std::vector<baton::Task<void>> tasks(shape.tasks());
    declare(flow, shape, board, tasks);
    return std::make_unique<BatonGraph>(scheduler_, std::move(flow).build());
  }

  void build_run_destroy(const Shape& shape, Board& board) override {
    baton::Workflow flow;
    std::array<baton::Task<void>, 10> tasks;
    declare(flow, shape, board, tasks);
    scheduler_.run(std::move(flow).build());
  }

  void submit(std::uint32_t count, Board& board) override {
    baton::TaskGroup group{pool_};
    for (std::uint32_t task = 0; task < count; ++task) group.run(Body{&board, task});
    group.wait();
  }

  void submit_for_futures(std::uint32_t count, Board& board) override {
    std::vector<baton::Future<void>> futures;
    futures.reserve(count);
    for (std::uint32_t task = 0; task < count; ++task) futures.push_back(pool_.submit(Body{&board, task}));
    for (const baton::Future<void>& future : futures) future.wait();
  }

  std::uint64_t fibonacci(unsigned n) override {
    return pool_.submit([this, n] { return fibonacci_inside(n); }).get();
  }

  void map(std::uint32_t count, Board& board) override {
    baton::Workflow flow;
    const auto elements = flow.task([count] {
      std::vector<std::uint32_t> list(count);
      std::iota(list.begin(), list.end(), 0U);
      return list;
    });
    const auto results = flow.map("map", elements, [&board](std::uint32_t element) {
      Body{&board, element}();
      return element;
    });
    const baton::Run run = scheduler_.start(std::move(flow).build());
    if (run.get(results).size() != count) throw std::logic_error("a map has lost elements");
  }

 protected:
  baton::ThreadPool pool_;
  baton::Scheduler scheduler_;

 private:
  std::uint64_t fibonacci_inside(unsigned n) {
    if (n < 2) return n;
    std::uint64_t left = 0;
    baton::TaskGroup group{pool_};
    group.run([this, n, &left] { left = fibonacci_inside(n - 1); });
    const std::uint64_t right = fibonacci_inside(n - 2);
    group.wait();
    return left + right;
  }
};

/// For the layered shapes: each task passes the number of its layer on, and counts as run only if it got the right one.
class BatonWithValues final : public Baton {
 public:
  using Baton::Baton;

  std::unique_ptr<Graph> build(const Shape& shape, Board& board) override {
    baton::Workflow flow;
    std::vector<baton::Task<int>> tasks(shape.tasks());
    int layers = 0;
    std::vector<int> layer(shape.tasks());
    for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
      const Body body{&board, task};
      const auto from = shape.predecessors(task);
      if (from.empty()) {
        tasks[task] = flow.task([body] {
          body();
          return 0;
        });
        continue;
      }
      layer[task] = layer[from[0]] + 1;
      layers = std::max(layers, layer[task]);
      tasks[task] = flow.task(
          [body](int a, int b, int c, int d) {
            if (a == b && b == c && c == d) body();
            return a + 1;
          },
          tasks[from[0]], tasks[from[1]], tasks[from[2]], tasks[from[3]]);
    }
    const baton::Task<int> last = tasks.back();
    return std::make_unique<CheckedGraph>(scheduler_, std::move(flow).build(), last, layers);
  }

 private:
  class CheckedGraph final : public BatonGraph {
   public:
    CheckedGraph(baton::Scheduler& scheduler, baton::Plan plan, baton::Task<int> last, int layers)
        : BatonGraph(scheduler, std::move(plan)), last_(last), layers_(layers) {}
    void run() override {
      const baton::Run run = scheduler_.start(plan_);
      if (run.get(last_) != layers_) throw std::logic_error("a wrong value came along the edges");
    }

   private:
    baton::Task<int> last_;
    int layers_;
  };
};

}  // namespace

std::unique_ptr<Library> start_baton(unsigned threads) { return std::make_unique<Baton>(threads); }
std::unique_ptr<Library> start_baton_with_values(unsigned threads) {
  return std::make_unique<BatonWithValues>(threads);
}

}  // namespace bench
