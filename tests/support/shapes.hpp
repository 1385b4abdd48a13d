// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <ostream>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace baton::test {

/// A graph to be made into a workflow: edges lead from lower to higher numbers.
struct Shape {
  using Edge = std::pair<std::uint32_t, std::uint32_t>;

  std::string name;
  std::uint32_t tasks = 0;
  std::vector<Edge> edges{};

  void edge(std::size_t from, std::size_t to) {
    edges.emplace_back(static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to));
  }

  /// By task: the tasks it waits for, in the order of the edges.
  [[nodiscard]] std::vector<std::vector<std::uint32_t>> predecessors() const {
    std::vector<std::vector<std::uint32_t>> result(tasks);
    for (const auto& [from, to] : edges) result[to].push_back(from);
    return result;
  }

  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name; }
};

inline Shape isolated(std::size_t tasks) { return {"isolated", static_cast<std::uint32_t>(tasks)}; }

inline Shape chain(std::size_t tasks) {
  Shape shape{"chain", static_cast<std::uint32_t>(tasks)};
  for (std::size_t task = 1; task < tasks; ++task) shape.edge(task - 1, task);
  return shape;
}

inline Shape diamond() { return {"diamond", 4, {{0, 1}, {0, 2}, {1, 3}, {2, 3}}}; }

/// Two parents, two children, and the diagonal from one side only.
inline Shape n_shape() { return {"n_shape", 4, {{0, 2}, {0, 3}, {1, 3}}}; }

inline Shape binary_tree(std::size_t tasks) {
  Shape shape{"binary_tree", static_cast<std::uint32_t>(tasks)};
  for (std::size_t task = 1; task < tasks; ++task) shape.edge((task - 1) / 2, task);
  return shape;
}

/// A wavefront: each cell waits for the one above and the one on the left.
inline Shape grid(std::size_t rows, std::size_t columns) {
  Shape shape{"grid", static_cast<std::uint32_t>(rows * columns)};
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const std::size_t cell = row * columns + column;
      if (row > 0) shape.edge(cell - columns, cell);
      if (column > 0) shape.edge(cell - 1, cell);
    }
  }
  return shape;
}

inline Shape complete_bipartite(std::size_t parents, std::size_t children) {
  Shape shape{"complete_bipartite", static_cast<std::uint32_t>(parents + children)};
  for (std::size_t from = 0; from < parents; ++from) {
    for (std::size_t to = 0; to < children; ++to) shape.edge(from, parents + to);
  }
  return shape;
}

/// One task, `width` that wait for it, and one that waits for them all.
inline Shape fan(std::size_t width) {
  Shape shape{"fan", static_cast<std::uint32_t>(width + 2)};
  for (std::size_t task = 1; task <= width; ++task) {
    shape.edge(0, task);
    shape.edge(task, width + 1);
  }
  return shape;
}

/// Edges between random pairs, some of them declared more than once.
inline Shape random_dag(std::size_t tasks, double edges_a_task, std::uint64_t seed) {
  Shape shape{"random_" + std::to_string(seed), static_cast<std::uint32_t>(tasks)};
  std::mt19937_64 random(seed);
  const auto edges = static_cast<std::size_t>(static_cast<double>(tasks) * edges_a_task);
  for (std::size_t i = 0; i < edges && tasks > 1; ++i) {
    const std::size_t to = 1 + random() % (tasks - 1);
    // Half of the edges are short: they make deep graphs, the long ones wide.
    const std::size_t reach = random() % 2 == 0 ? to : (to < 16 ? to : 16);
    shape.edge(to - 1 - random() % reach, to);
  }
  return shape;
}

/// One of each kind, `size` tasks or so.
inline std::vector<Shape> all_shapes(std::size_t size) {
  std::size_t side = 1;
  while (side * side < size) ++side;
  std::vector<Shape> shapes{
      isolated(0), isolated(1), isolated(size),    chain(size),      diamond(),
      n_shape(),   fan(size),   binary_tree(size), grid(side, side), complete_bipartite(side, side)};
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    shapes.push_back(random_dag(size, 0.5 + static_cast<double>(seed), seed));
  }
  return shapes;
}

}  // namespace baton::test
