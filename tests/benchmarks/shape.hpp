// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bench {

/// A graph. Tasks are numbered from 0, each after its predecessors; the edges are kept by target and by source.
class Shape {
 public:
  /// The predecessors of the tasks, one task's after the other's, and where those of each begin; one entry more than
  /// tasks.
  Shape(std::vector<std::uint32_t> first_predecessor, std::vector<std::uint32_t> predecessors);

  [[nodiscard]] std::uint32_t tasks() const { return static_cast<std::uint32_t>(first_predecessor_.size() - 1); }
  [[nodiscard]] std::size_t edges() const { return predecessors_.size(); }
  [[nodiscard]] std::span<const std::uint32_t> predecessors(std::uint32_t task) const {
    return range(first_predecessor_, predecessors_, task);
  }
  [[nodiscard]] std::span<const std::uint32_t> successors(std::uint32_t task) const {
    return range(first_successor_, successors_, task);
  }

 private:
  static std::span<const std::uint32_t> range(const std::vector<std::uint32_t>& first,
                                              const std::vector<std::uint32_t>& all, std::uint32_t task) {
    return {all.data() + first[task], all.data() + first[task + 1]};
  }

  std::vector<std::uint32_t> first_predecessor_;
  std::vector<std::uint32_t> predecessors_;
  std::vector<std::uint32_t> first_successor_;
  std::vector<std::uint32_t> successors_;
};

/// Each task after the one before.
Shape chain(std::uint32_t tasks);
/// From the root to the leaves; each task has one predecessor and up to two successors.
Shape binary_tree(std::uint32_t tasks);
/// Layers of `width` tasks; from the second layer on each task has four random predecessors in the layer before.
Shape layered(std::uint32_t tasks, std::uint32_t width);
/// Each task after its neighbours above and to the left.
Shape grid(std::uint32_t side);
/// One task, then all others but one side by side, then one.
Shape fan(std::uint32_t tasks);
/// A source, a chain of three beside a diamond with a tail, and a sink.
Shape ten_tasks();

}  // namespace bench
