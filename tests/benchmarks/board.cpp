// SPDX-License-Identifier: MIT
#include "board.hpp"

#include "memory.hpp"
#include "timing.hpp"

#include <stdexcept>
#include <string>

namespace bench {

void Board::work_for(std::chrono::nanoseconds time) {
  work_ticks_ = ticks_in(time);
  extra_ = Extra::work;
}

void Board::note_order() {
  began_.assign(counts_.size(), 0);
  ended_.assign(counts_.size(), 0);
  sequence_ = 0;
  extra_ = Extra::order;
}

void Board::note_memory() {
  sequence_ = 0;
  extra_ = Extra::memory;
}

void Board::visit_with_extra(std::uint32_t task) {
  switch (extra_) {
    case Extra::nothing:
      break;
    case Extra::work:
      ++counts_data_[task];
      work(work_ticks_);
      break;
    case Extra::order:
      began_[task] = ++sequence_;
      ++counts_data_[task];
      ended_[task] = ++sequence_;
      break;
    case Extra::memory:
      ++counts_data_[task];
      if (++sequence_ == counts_.size()) memory_ = resident_bytes();
      break;
  }
}

void Board::check_runs(std::uint32_t runs) {
  expected_ += runs;
  for (std::size_t task = 0; task < counts_.size(); ++task) {
    if (counts_[task] == expected_) continue;
    throw std::runtime_error("task " + std::to_string(task) + " ran " + std::to_string(counts_[task]) +
                             " times instead of " + std::to_string(expected_));
  }
}

void Board::check_order(const Shape& shape) const {
  for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
    for (const std::uint32_t predecessor : shape.predecessors(task)) {
      if (ended_[predecessor] < began_[task]) continue;
      throw std::runtime_error("task " + std::to_string(task) + " began before its predecessor " +
                               std::to_string(predecessor) + " had ended");
    }
  }
}

}  // namespace bench
