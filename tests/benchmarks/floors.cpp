// SPDX-License-Identifier: MIT
// What a graph costs without a library, on one thread: the calls alone, and the calls with a counter a task.
#include "library.hpp"

#include <algorithm>
#include <vector>

namespace bench {
namespace {

/// A task as a library has to keep it: the body behind a function pointer.
struct Call {
  void (*function)(const Body&);
  Body body;
  void operator()() const { function(body); }
};

std::vector<Call> make_calls(const Shape& shape, Board& board) {
  std::vector<Call> calls;
  calls.reserve(shape.tasks());
  for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
    calls.push_back({[](const Body& body) { body(); }, {&board, task}});
  }
  return calls;
}

/// Calls the bodies in an order that suits the edges, found beforehand.
class LoopGraph final : public Graph {
 public:
  LoopGraph(const Shape& shape, Board& board) : calls_(make_calls(shape, board)) {}
  void run() override {
    for (const Call& call : calls_) call();
  }

 private:
  std::vector<Call> calls_;
};

/// Counts down the predecessors of each task, and calls its body once there are none left.
class CountingGraph final : public Graph {
 public:
  CountingGraph(const Shape& shape, Board& board)
      : calls_(make_calls(shape, board)), counts_(shape.tasks()), left_(shape.tasks()), ready_(shape.tasks()) {
    first_.reserve(shape.tasks() + std::size_t{1});
    successors_.reserve(shape.edges());
    for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
      first_.push_back(static_cast<std::uint32_t>(successors_.size()));
      const auto successors = shape.successors(task);
      successors_.insert(successors_.end(), successors.begin(), successors.end());
      counts_[task] = static_cast<std::uint32_t>(shape.predecessors(task).size());
    }
    first_.push_back(static_cast<std::uint32_t>(successors_.size()));
  }

  void run() override {
    std::copy(counts_.begin(), counts_.end(), left_.begin());
    std::uint32_t end = 0;
    for (std::uint32_t task = 0; task < counts_.size(); ++task) {
      if (counts_[task] == 0) ready_[end++] = task;
    }
    for (std::uint32_t next = 0; next < end; ++next) {
      const std::uint32_t task = ready_[next];
      calls_[task]();
      for (std::uint32_t i = first_[task]; i < first_[task + 1]; ++i) {
        if (--left_[successors_[i]] == 0) ready_[end++] = successors_[i];
      }
    }
  }

 private:
  std::vector<Call> calls_;
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint32_t> left_;
  std::vector<std::uint32_t> ready_;
  std::vector<std::uint32_t> first_;
  std::vector<std::uint32_t> successors_;
};

template <typename T>
class Floor final : public Library {
 public:
  std::unique_ptr<Graph> build(const Shape& shape, Board& board) override { return std::make_unique<T>(shape, board); }
};

}  // namespace

std::unique_ptr<Library> start_loop(unsigned) { return std::make_unique<Floor<LoopGraph>>(); }
std::unique_ptr<Library> start_join_counters(unsigned) { return std::make_unique<Floor<CountingGraph>>(); }

}  // namespace bench
