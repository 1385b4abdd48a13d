// SPDX-License-Identifier: MIT
#pragma once

#include <baton/baton.hpp>
#include <baton/recovery/rerun.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace baton::recovery_test {

enum class Deed : std::uint8_t { succeeds, fails, gives_up };
enum class EdgeKind : std::uint8_t { none, order, data };

/// What the bodies of a graph do, and what they did. Results are the epoch in which they were made.
struct Deeds {
  explicit Deeds(std::size_t tasks) : deed(tasks, Deed::succeeds), calls(tasks) {}

  std::vector<Deed> deed;
  std::vector<std::atomic<int>> calls;
  std::atomic<int> epoch{1};

  int call(std::size_t task) {
    ++calls[task];
    if (deed[task] == Deed::fails) throw std::runtime_error("deed");
    if (deed[task] == Deed::gives_up) throw Cancelled();
    return epoch;
  }
  /// Since the last time.
  std::vector<int> take_calls() {
    std::vector<int> taken;
    taken.reserve(calls.size());
    for (std::atomic<int>& count : calls) taken.push_back(count.exchange(0));
    return taken;
  }
};

/// A graph with tasks that are numbered in topological order; `edge(from, to)` says what there is between two.
struct Graph {
  std::size_t tasks = 0;
  std::vector<EdgeKind> edges{};

  explicit Graph(std::size_t count) : tasks(count), edges(count * count, EdgeKind::none) {}
  EdgeKind& edge(std::size_t from, std::size_t to) { return edges[from * tasks + to]; }
  [[nodiscard]] EdgeKind edge(std::size_t from, std::size_t to) const { return edges[from * tasks + to]; }
  [[nodiscard]] std::string text() const {
    std::string text;
    for (std::size_t from = 0; from < tasks; ++from) {
      for (std::size_t to = from + 1; to < tasks; ++to) {
        if (edge(from, to) == EdgeKind::none) continue;
        text += std::to_string(from) + (edge(from, to) == EdgeKind::data ? "=>" : "->") + std::to_string(to) + " ";
      }
    }
    return text;
  }
};

/// The graph as a plan.
struct Planned {
  explicit Planned(const Graph& graph) : deeds(std::make_shared<Deeds>(graph.tasks)) {
    Workflow flow;
    for (std::size_t to = 0; to < graph.tasks; ++to) {
      std::vector<Task<int>> given;
      for (std::size_t from = 0; from < to; ++from) {
        if (graph.edge(from, to) == EdgeKind::data) given.push_back(tasks[from]);
      }
      tasks.push_back(flow.task([to, all = deeds.get()](Values<int>) { return all->call(to); }, given));
      for (std::size_t from = 0; from < to; ++from) {
        if (graph.edge(from, to) == EdgeKind::order) flow.edge(tasks[from], tasks[to]);
      }
    }
    plan = std::move(flow).build();
    for (const Task<int>& task : tasks) id.push_back(plan.id(task));
  }

  std::shared_ptr<Deeds> deeds;
  std::vector<Task<int>> tasks;
  std::vector<TaskId> id;
  Plan plan;
};

}  // namespace baton::recovery_test
