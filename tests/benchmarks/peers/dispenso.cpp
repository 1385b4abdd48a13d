// SPDX-License-Identifier: MIT
// The caller runs bodies beside the pool's threads, of which there is one less.
#include <dispenso/future.h>
#include <dispenso/graph.h>
#include <dispenso/graph_executor.h>
#include <dispenso/task_set.h>

#include "../library.hpp"

#include <array>
#include <vector>

namespace bench {
namespace {

template <typename Handles>
void declare(dispenso::Graph& graph, const Shape& shape, Board& board, Handles& nodes) {
  for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
    nodes[task] = &graph.addNode(Body{&board, task});
    for (const std::uint32_t predecessor : shape.predecessors(task)) nodes[task]->dependsOn(*nodes[predecessor]);
  }
}

void run(dispenso::ThreadPool& pool, dispenso::ConcurrentTaskSetExecutor& executor, const dispenso::Graph& graph) {
  dispenso::ConcurrentTaskSet tasks(pool, dispenso::TaskCost::kLightweight);
  setAllNodesIncomplete(graph);  // found by its argument only
  executor(tasks, graph);
}

class DispensoGraph final : public Graph {
 public:
  DispensoGraph(dispenso::ThreadPool& pool, const Shape& shape, Board& board) : pool_(pool) {
    std::vector<dispenso::Node*> nodes(shape.tasks());
    declare(graph_, shape, board, nodes);
  }
  void run() override { bench::run(pool_, executor_, graph_); }

 private:
  dispenso::ThreadPool& pool_;
  dispenso::Graph graph_;
  dispenso::ConcurrentTaskSetExecutor executor_;
};

class Dispenso final : public Library {
 public:
  explicit Dispenso(unsigned threads) : pool_(threads - 1) {}

  std::unique_ptr<Graph> build(const Shape& shape, Board& board) override {
    return std::make_unique<DispensoGraph>(pool_, shape, board);
  }

  void build_run_destroy(const Shape& shape, Board& board) override {
    dispenso::Graph graph;
    std::array<dispenso::Node*, 10> nodes;
    declare(graph, shape, board, nodes);
    dispenso::ConcurrentTaskSetExecutor executor;
    run(pool_, executor, graph);
  }

  void submit(std::uint32_t count, Board& board) override {
    dispenso::TaskSet tasks(pool_);
    // Without the tag the caller would run nearly all of them itself, at once.
    for (std::uint32_t task = 0; task < count; ++task) tasks.schedule(Body{&board, task}, dispenso::ForceQueuingTag{});
    tasks.wait();
  }

  void submit_for_futures(std::uint32_t count, Board& board) override {
    std::vector<dispenso::Future<void>> futures;
    futures.reserve(count);
    for (std::uint32_t task = 0; task < count; ++task) futures.push_back(dispenso::async(pool_, Body{&board, task}));
    for (dispenso::Future<void>& future : futures) future.wait();
  }

  std::uint64_t fibonacci(unsigned n) override {
    if (n < 2) return n;
    std::uint64_t left = 0;
    dispenso::TaskSet tasks(pool_);
    tasks.schedule([this, n, &left] { left = fibonacci(n - 1); });
    const std::uint64_t right = fibonacci(n - 2);
    tasks.wait();
    return left + right;
  }

 private:
  dispenso::ThreadPool pool_;
};

}  // namespace

std::unique_ptr<Library> start_dispenso(unsigned threads) { return std::make_unique<Dispenso>(threads); }

}  // namespace bench
