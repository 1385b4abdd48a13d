// SPDX-License-Identifier: MIT
// The caller is one of the arena's threads, except that what is submitted runs on workers.
#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include "../library.hpp"

#include <vector>

namespace bench {
namespace {

namespace flow = oneapi::tbb::flow;
using Node = flow::continue_node<flow::continue_msg>;

class TbbGraph final : public Graph {
 public:
  /// To be called inside the arena.
  TbbGraph(oneapi::tbb::task_arena& arena, const Shape& shape, Board& board) : arena_(arena) {
    nodes_.reserve(shape.tasks());  // nodes that have edges must not move
    for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
      Node& node = nodes_.emplace_back(graph_, [body = Body{&board, task}](const flow::continue_msg&) { body(); });
      const auto predecessors = shape.predecessors(task);
      if (predecessors.empty()) roots_.push_back(&node);
      for (const std::uint32_t predecessor : predecessors) flow::make_edge(nodes_[predecessor], node);
    }
  }

  void run() override {
    arena_.execute([this] {
      for (Node* root : roots_) root->try_put({});
      graph_.wait_for_all();
    });
  }

 private:
  oneapi::tbb::task_arena& arena_;
  flow::graph graph_;
  std::vector<Node> nodes_;
  std::vector<Node*> roots_;
};

std::uint64_t fibonacci_inside(unsigned n) {
  if (n < 2) return n;
  std::uint64_t left = 0;
  oneapi::tbb::task_group group;
  group.run([n, &left] { left = fibonacci_inside(n - 1); });
  const std::uint64_t right = fibonacci_inside(n - 2);
  group.wait();
  return left + right;
}

class Tbb final : public Library {
 public:
  explicit Tbb(unsigned threads)
      : places_(oneapi::tbb::global_control::max_allowed_parallelism, threads + 1),
        arena_(static_cast<int>(threads)),
        workers_(static_cast<int>(threads), 0) {}

  std::unique_ptr<Graph> build(const Shape& shape, Board& board) override {
    return arena_.execute([&] { return std::make_unique<TbbGraph>(arena_, shape, board); });
  }

  void submit(std::uint32_t count, Board& board) override {
    oneapi::tbb::task_group group;
    for (std::uint32_t task = 0; task < count; ++task) workers_.enqueue(group.defer(Body{&board, task}));
    group.wait();
  }

  std::uint64_t fibonacci(unsigned n) override {
    return arena_.execute([n] { return fibonacci_inside(n); });
  }

 private:
  oneapi::tbb::global_control places_;  // one is the caller's, also where it only submits
  oneapi::tbb::task_arena arena_;
  oneapi::tbb::task_arena workers_;
};

}  // namespace

std::unique_ptr<Library> start_onetbb(unsigned threads) { return std::make_unique<Tbb>(threads); }

}  // namespace bench
