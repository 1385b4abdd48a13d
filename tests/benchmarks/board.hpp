// SPDX-License-Identifier: MIT
#pragma once

#include "shape.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// What the bodies of all libraries do, and the check of it: each bumps the counter of its own task.
///
/// What else they do is set between runs, and read by the same code in every run.
class Board {
 public:
  explicit Board(std::uint32_t tasks) : counts_(tasks), counts_data_(counts_.data()) {}
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  /// The body of `task`.
  void visit(std::uint32_t task) {
    if (extra_ != Extra::nothing) [[unlikely]] {
      visit_with_extra(task);
    } else {
      ++counts_data_[task];
    }
  }

  /// From now on bodies count, and nothing else.
  void count_only() { extra_ = Extra::nothing; }
  /// From now on each body also works for that long.
  void work_for(std::chrono::nanoseconds time);
  /// In the next run each body also notes the order in which it began and ended.
  void note_order();
  /// In the next run the last body also looks how much memory is resident.
  void note_memory();
  /// What it saw.
  [[nodiscard]] std::size_t noted_memory() const { return memory_; }

  /// To be called after runs.
  /// @throws std::runtime_error unless each task has run that many times since the last call.
  void check_runs(std::uint32_t runs);
  /// To be called after a run that noted the order.
  /// @throws std::runtime_error unless each task began after all its predecessors had ended.
  void check_order(const Shape& shape) const;

 private:
  enum class Extra : std::uint8_t { nothing, work, order, memory };

  void visit_with_extra(std::uint32_t task);

  std::vector<std::uint32_t> counts_;
  std::uint32_t* counts_data_;
  Extra extra_ = Extra::nothing;
  std::uint64_t work_ticks_ = 0;
  std::uint32_t expected_ = 0;
  std::vector<std::uint32_t> began_;
  std::vector<std::uint32_t> ended_;
  std::size_t memory_ = 0;
  alignas(64) std::atomic<std::uint32_t> sequence_{0};
};

/// The callable given to the libraries: 16 bytes, no state of its own.
struct Body {
  Board* board;
  std::uint32_t task;
  void operator()() const { board->visit(task); }
};

}  // namespace bench
