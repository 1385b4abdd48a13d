// SPDX-License-Identifier: MIT
#include "shape.hpp"

#include <algorithm>
#include <initializer_list>
#include <random>
#include <utility>

namespace bench {
namespace {

/// Collects the predecessors of one task after the other.
class Edges {
 public:
  Edges(std::size_t tasks, std::size_t edges) {
    first_.reserve(tasks + 1);
    first_.push_back(0);
    predecessors_.reserve(edges);
  }

  void from(std::uint32_t predecessor) { predecessors_.push_back(predecessor); }
  void end_task() { first_.push_back(static_cast<std::uint32_t>(predecessors_.size())); }
  void add_task(std::initializer_list<std::uint32_t> predecessors) {
    for (const std::uint32_t predecessor : predecessors) from(predecessor);
    end_task();
  }
  Shape shape() { return {std::move(first_), std::move(predecessors_)}; }

 private:
  std::vector<std::uint32_t> first_;
  std::vector<std::uint32_t> predecessors_;
};

}  // namespace

Shape::Shape(std::vector<std::uint32_t> first_predecessor, std::vector<std::uint32_t> predecessors)
    : first_predecessor_(std::move(first_predecessor)),
      predecessors_(std::move(predecessors)),
      first_successor_(first_predecessor_.size() + 1),
      successors_(predecessors_.size()) {
  // Counted two places ahead, so that filling in moves each beginning to where it belongs.
  for (const std::uint32_t predecessor : predecessors_) ++first_successor_[predecessor + 2];
  for (std::size_t i = 2; i < first_successor_.size(); ++i) first_successor_[i] += first_successor_[i - 1];
  for (std::uint32_t task = 0; task < tasks(); ++task) {
    for (const std::uint32_t predecessor : this->predecessors(task)) {
      successors_[first_successor_[predecessor + 1]++] = task;
    }
  }
  first_successor_.pop_back();
}

Shape chain(std::uint32_t tasks) {
  Edges edges(tasks, tasks);
  edges.add_task({});
  for (std::uint32_t task = 1; task < tasks; ++task) edges.add_task({task - 1});
  return edges.shape();
}

Shape binary_tree(std::uint32_t tasks) {
  Edges edges(tasks, tasks);
  edges.add_task({});
  for (std::uint32_t task = 1; task < tasks; ++task) edges.add_task({(task - 1) / 2});
  return edges.shape();
}

Shape layered(std::uint32_t tasks, std::uint32_t width) {
  constexpr std::size_t degree = 4;
  Edges edges(tasks, degree * tasks);
  std::mt19937 random(1);
  for (std::uint32_t task = 0; task < tasks; ++task) {
    const std::uint32_t layer = task / width;
    std::vector<std::uint32_t> drawn;
    while (layer > 0 && drawn.size() < degree) {
      const auto predecessor = static_cast<std::uint32_t>((layer - 1) * width + random() % width);
      if (std::find(drawn.begin(), drawn.end(), predecessor) == drawn.end()) drawn.push_back(predecessor);
    }
    for (const std::uint32_t predecessor : drawn) edges.from(predecessor);
    edges.end_task();
  }
  return edges.shape();
}

Shape grid(std::uint32_t side) {
  Edges edges(std::size_t{side} * side, 2 * std::size_t{side} * side);
  for (std::uint32_t task = 0; task < side * side; ++task) {
    if (task >= side) edges.from(task - side);
    if (task % side != 0) edges.from(task - 1);
    edges.end_task();
  }
  return edges.shape();
}

Shape fan(std::uint32_t tasks) {
  Edges edges(tasks, 2 * std::size_t{tasks});
  edges.add_task({});
  for (std::uint32_t task = 1; task + 1 < tasks; ++task) edges.add_task({0});
  for (std::uint32_t task = 1; task + 1 < tasks; ++task) edges.from(task);
  edges.end_task();
  return edges.shape();
}

Shape ten_tasks() {
  Edges edges(10, 11);
  edges.add_task({});      // 0: source
  edges.add_task({0});     // 1 to 3: chain
  edges.add_task({1});     //
  edges.add_task({2});     //
  edges.add_task({0});     // 4 to 7: diamond
  edges.add_task({4});     //
  edges.add_task({4});     //
  edges.add_task({5, 6});  //
  edges.add_task({7});     // 8: its tail
  edges.add_task({3, 8});  // 9: sink
  return edges.shape();
}

}  // namespace bench
