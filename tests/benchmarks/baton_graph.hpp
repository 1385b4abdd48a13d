// SPDX-License-Identifier: MIT
#pragma once

#include <baton/baton.hpp>

#include "library.hpp"

#include <cstdint>
#include <utility>

namespace bench {

class BatonGraph : public Graph {
 public:
  BatonGraph(baton::Scheduler& scheduler, baton::Plan plan) : scheduler_(scheduler), plan_(std::move(plan)) {}
  void run() override { scheduler_.start(plan_).wait(); }
  void run_along() override { scheduler_.run(plan_); }

 protected:
  baton::Scheduler& scheduler_;
  baton::Plan plan_;
};

template <typename Handles>
void declare(baton::Workflow& flow, const Shape& shape, Board& board, Handles& tasks) {
  for (std::uint32_t task = 0; task < shape.tasks(); ++task) {
    tasks[task] = flow.task(Body{&board, task});
    for (const std::uint32_t predecessor : shape.predecessors(task)) flow.edge(tasks[predecessor], tasks[task]);
  }
}

}  // namespace bench
