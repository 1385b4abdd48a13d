// SPDX-License-Identifier: MIT
// The caller is one of the scheduler's threads.
#include <TaskScheduler.h>

#include "../library.hpp"

#include <array>
#include <vector>

namespace bench {
namespace {

class BodyTask final : public enki::ITaskSet {
 public:
  Body body{};
  void ExecuteRange(enki::TaskSetPartition, std::uint32_t) override { body(); }
};

void wait_for(enki::TaskScheduler& scheduler, const enki::ITaskSet& task) {
  if (!task.GetIsComplete()) scheduler.WaitforTask(&task);
}

template <typename Tasks, typename Dependencies>
void declare(const Shape& shape, Board& board, Tasks& tasks, Dependencies& dependencies) {
  std::size_t edge = 0;
  for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
    tasks[task].body = {&board, task};
    for (const std::uint32_t predecessor : shape.predecessors(task)) {
      tasks[task].SetDependency(dependencies[edge++], &tasks[predecessor]);
    }
  }
}

class EnkiGraph final : public Graph {
 public:
  EnkiGraph(enki::TaskScheduler& scheduler, const Shape& shape, Board& board)
      : scheduler_(scheduler), dependencies_(shape.edges()), tasks_(shape.tasks()) {
    declare(shape, board, tasks_, dependencies_);
    for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
      if (shape.predecessors(task).empty()) roots_.push_back(&tasks_[task]);
      if (shape.successors(task).empty()) leaves_.push_back(&tasks_[task]);
    }
  }

  void run() override {
    for (BodyTask* root : roots_) scheduler_.AddTaskSetToPipe(root);
    for (const BodyTask* leaf : leaves_) wait_for(scheduler_, *leaf);
  }

 private:
  enki::TaskScheduler& scheduler_;
  // Made first, to be destroyed last: the other way round each would be searched among those of its task.
  std::vector<enki::Dependency> dependencies_;
  std::vector<BodyTask> tasks_;
  std::vector<BodyTask*> roots_;
  std::vector<const BodyTask*> leaves_;
};

class FibonacciTask final : public enki::ITaskSet {
 public:
  FibonacciTask(enki::TaskScheduler& scheduler, unsigned n) : scheduler_(scheduler), n_(n) {}
  void ExecuteRange(enki::TaskSetPartition, std::uint32_t) override { result_ = compute(scheduler_, n_); }

  static std::uint64_t compute(enki::TaskScheduler& scheduler, unsigned n) {
    if (n < 2) return n;
    FibonacciTask left(scheduler, n - 1);
    scheduler.AddTaskSetToPipe(&left);
    const std::uint64_t right = compute(scheduler, n - 2);
    wait_for(scheduler, left);
    return left.result_ + right;
  }

 private:
  enki::TaskScheduler& scheduler_;
  unsigned n_;
  std::uint64_t result_ = 0;
};

class Enki final : public Library {
 public:
  explicit Enki(unsigned threads) { scheduler_.Initialize(threads); }

  std::unique_ptr<Graph> build(const Shape& shape, Board& board) override {
    return std::make_unique<EnkiGraph>(scheduler_, shape, board);
  }

  void build_run_destroy(const Shape& shape, Board& board) override {
    std::array<enki::Dependency, 11> dependencies;
    std::array<BodyTask, 10> tasks;
    declare(shape, board, tasks, dependencies);
    scheduler_.AddTaskSetToPipe(&tasks.front());
    wait_for(scheduler_, tasks.back());
  }

  void submit(std::uint32_t count, Board& board) override {
    std::vector<BodyTask> tasks(count);
    for (std::uint32_t task = 0; task < count; ++task) {
      tasks[task].body = {&board, task};
      scheduler_.AddTaskSetToPipe(&tasks[task]);
    }
    for (const BodyTask& task : tasks) wait_for(scheduler_, task);
  }

  std::uint64_t fibonacci(unsigned n) override { return FibonacciTask::compute(scheduler_, n); }

 private:
  enki::TaskScheduler scheduler_;
};

}  // namespace

std::unique_ptr<Library> start_enkits(unsigned threads) { return std::make_unique<Enki>(threads); }

}  // namespace bench
