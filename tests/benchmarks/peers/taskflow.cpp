// SPDX-License-Identifier: MIT
// The executor's threads run the bodies, the caller sleeps.
#include <taskflow/taskflow.hpp>

#include "../library.hpp"

#include <array>
#include <future>
#include <vector>

namespace bench {
namespace {

class TaskflowGraph final : public Graph {
 public:
  TaskflowGraph(tf::Executor& executor, tf::Taskflow flow) : executor_(executor), flow_(std::move(flow)) {}
  void run() override { executor_.run(flow_).wait(); }

 private:
  tf::Executor& executor_;
  tf::Taskflow flow_;
};

template <typename Handles>
void declare(tf::Taskflow& flow, const Shape& shape, Board& board, Handles& tasks) {
  for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
    tasks[task] = flow.emplace(Body{&board, task});
    for (const std::uint32_t predecessor : shape.predecessors(task)) tasks[predecessor].precede(tasks[task]);
  }
}

class Taskflow final : public Library {
 public:
  explicit Taskflow(unsigned threads) : executor_(threads) {}

  std::unique_ptr<Graph> build(const Shape& shape, Board& board) override {
    tf::Taskflow flow;
    std::vector<tf::Task> tasks(shape.tasks());
    declare(flow, shape, board, tasks);
    return std::make_unique<TaskflowGraph>(executor_, std::move(flow));
  }

  void build_run_destroy(const Shape& shape, Board& board) override {
    tf::Taskflow flow;
    std::array<tf::Task, 10> tasks;
    declare(flow, shape, board, tasks);
    executor_.run(flow).wait();
  }

  void submit(std::uint32_t count, Board& board) override {
    for (std::uint32_t task = 0; task < count; ++task) executor_.silent_async(Body{&board, task});
    executor_.wait_for_all();
  }

  void submit_for_futures(std::uint32_t count, Board& board) override {
    std::vector<std::future<void>> futures;
    futures.reserve(count);
    for (std::uint32_t task = 0; task < count; ++task) futures.push_back(executor_.async(Body{&board, task}));
    for (const std::future<void>& future : futures) future.wait();
  }

  std::uint64_t fibonacci(unsigned n) override {
    return executor_.async([this, n] { return fibonacci_inside(n); }).get();
  }

 private:
  std::uint64_t fibonacci_inside(unsigned n) {
    if (n < 2) return n;
    std::uint64_t left = 0;
    tf::TaskGroup group = executor_.task_group();
    group.silent_async([this, n, &left] { left = fibonacci_inside(n - 1); });
    const std::uint64_t right = fibonacci_inside(n - 2);
    group.corun();
    return left + right;
  }

  tf::Executor executor_;
};

}  // namespace

std::unique_ptr<Library> start_taskflow(unsigned threads) { return std::make_unique<Taskflow>(threads); }

}  // namespace bench
