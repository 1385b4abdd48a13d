// SPDX-License-Identifier: MIT
#pragma once

#include "support/shapes.hpp"

#include <baton/graph/workflow.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace baton::test {

/// Makes a workflow of a shape, and checks a run of it: each task once, after all that it waits for. One run at a time.
///
/// What a task leaves for its successors is no atomic: under thread sanitizer this also checks that it is visible to
/// them.
class Recorder {
 public:
  explicit Recorder(const Shape& shape)
      : tasks_(shape.tasks),
        first_(std::size_t{shape.tasks} + 1, 0),
        left_(shape.tasks, 0),
        calls_(new std::atomic<std::uint32_t>[shape.tasks]) {
    for (const auto& [from, to] : shape.edges) ++first_[to + 1];
    for (std::size_t task = 0; task < tasks_; ++task) first_[task + 1] += first_[task];
    predecessors_.resize(shape.edges.size());
    std::vector<std::size_t> next(first_.begin(), first_.end() - 1);
    for (const auto& [from, to] : shape.edges) predecessors_[next[to]++] = from;
    for (std::size_t task = 0; task < tasks_; ++task) calls_[task] = 0;
    handles_.reserve(tasks_);
    for (std::uint32_t task = 0; task < tasks_; ++task) handles_.push_back(flow_.task([this, task] { call(task); }));
    for (const auto& [from, to] : shape.edges) flow_.edge(handles_[from], handles_[to]);
  }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  [[nodiscard]] Workflow& workflow() { return flow_; }
  [[nodiscard]] Plan plan() const { return flow_.build(); }
  /// The plan, without keeping a workflow beside it.
  [[nodiscard]] Plan take_plan() { return std::move(flow_).build(); }
  [[nodiscard]] const std::vector<Task<void>>& handles() const { return handles_; }

  /// The body of `task`.
  void call(std::uint32_t task) {
    for (std::size_t at = first_[task]; at < first_[task + 1]; ++at) {
      if (left_[predecessors_[at]] != round_ + 1) early_.fetch_add(1, std::memory_order_relaxed);
    }
    calls_[task].fetch_add(1, std::memory_order_relaxed);
    left_[task] = round_ + 1;
  }

  /// Checks that exactly one run has ended since the last call.
  void expect_one_run() {
    EXPECT_EQ(early_.load(), 0U) << "tasks were started before their predecessors had ended";
    std::size_t wrong = 0;
    for (std::size_t task = 0; task < tasks_; ++task) wrong += calls_[task].load() != round_ + 1;
    EXPECT_EQ(wrong, 0U) << "tasks were not run exactly once";
    ++round_;
  }

  /// How often `task` has been called.
  [[nodiscard]] std::uint32_t calls(std::size_t task) const { return calls_[task].load(); }

 private:
  std::size_t tasks_;
  std::vector<std::size_t> first_;
  std::vector<std::uint32_t> predecessors_;
  std::vector<std::uint32_t> left_;  // by task: the number of the last round in which it was called
  std::unique_ptr<std::atomic<std::uint32_t>[]> calls_;
  std::atomic<std::size_t> early_{0};
  std::uint32_t round_ = 0;
  Workflow flow_;
  std::vector<Task<void>> handles_;
};

}  // namespace baton::test
