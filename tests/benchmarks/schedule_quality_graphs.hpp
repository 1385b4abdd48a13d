// SPDX-License-Identifier: MIT
#pragma once

#include "../../examples/replay/wfformat.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace schedule_quality {

using Graph = replay::RecordedWorkflow;

/// The workflows of a folder that have runtimes.
inline std::vector<Graph> load_folder(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json" && entry.path().filename() != "truth.json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Graph> graphs;
  for (const auto& file : files) {
    graphs.push_back(replay::load_wfformat(file.string()));
    graphs.back().name = file.stem().string();
    if (!graphs.back().has_runtimes) graphs.pop_back();
  }
  return graphs;
}

/// Makes graphs whose tasks take times of a lognormal distribution, most some seconds and few many times as long.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  /// Layers of up to `width` tasks, each waiting for up to three of the layer before.
  Graph layered(std::size_t layers, std::size_t width) {
    Graph graph = make("layered");
    std::vector<std::size_t> before;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      std::vector<std::size_t> tasks(1 + random_() % width);
      for (std::size_t& task : tasks) {
        task = add(graph);
        for (std::size_t edge = 0; edge < 3 && !before.empty(); ++edge) {
          graph.edges.emplace_back(before[random_() % before.size()], task);
        }
      }
      before = std::move(tasks);
    }
    return graph;
  }

  /// A task, `width` that wait for it, one that waits for these, and so on.
  Graph fork_join(std::size_t stages, std::size_t width) {
    Graph graph = make("fork and join");
    std::size_t join = add(graph);
    for (std::size_t stage = 0; stage < stages; ++stage) {
      const std::size_t fork = join;
      for (std::size_t branch = 0; branch < width; ++branch) graph.edges.emplace_back(fork, add(graph));
      join = add(graph);
      for (std::size_t branch = fork + 1; branch < join; ++branch) graph.edges.emplace_back(branch, join);
    }
    return graph;
  }

  /// Each task but the first waits for a random earlier one.
  Graph tree(std::size_t tasks) {
    Graph graph = make("tree");
    while (graph.tasks.size() < tasks) {
      const std::size_t task = add(graph);
      if (task > 0) graph.edges.emplace_back(random_() % task, task);
    }
    return graph;
  }

  /// A tree the other way round: all leads to the last task.
  Graph in_tree(std::size_t tasks) {
    Graph graph = tree(tasks);
    graph.name.insert(0, "in-");
    for (auto& edge : graph.edges) edge = {tasks - 1 - edge.second, tasks - 1 - edge.first};
    return graph;
  }

 private:
  Graph make(const char* shape) {
    Graph graph;
    graph.name = shape;
    graph.has_runtimes = true;
    return graph;
  }

  std::size_t add(Graph& graph) {
    const auto runtime = std::chrono::duration<double>(seconds_(random_));
    graph.tasks.push_back({std::to_string(graph.tasks.size()), std::chrono::duration_cast<baton::Duration>(runtime)});
    return graph.tasks.size() - 1;
  }

  std::mt19937_64 random_;
  std::lognormal_distribution<double> seconds_{1.0, 1.0};
};

inline std::vector<Graph> generate() {
  std::vector<Graph> graphs;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Generator generator(seed);
    graphs.push_back(generator.layered(20, 40));
    graphs.push_back(generator.fork_join(8, 50));
    graphs.push_back(generator.tree(400));
    graphs.push_back(generator.in_tree(400));
    for (auto graph = graphs.end() - 4; graph != graphs.end(); ++graph)
      graph->name.append(" ").append(std::to_string(seed));
  }
  return graphs;
}

}  // namespace schedule_quality
