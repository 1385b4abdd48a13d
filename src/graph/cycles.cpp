// SPDX-License-Identifier: MIT
#include "graph/cycles.hpp"

#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/hawick_circuits.hpp>
#include <boost/graph/strong_components.hpp>

#include <algorithm>
#include <span>

namespace baton::detail {
namespace {

using Cycle = std::vector<std::uint32_t>;
using BoostGraph = boost::compressed_sparse_row_graph<boost::directedS>;

/// Up to this many tasks all cycles of a tangle are listed; Boost's search recurses this deep.
constexpr std::size_t max_listed_tasks = 32;
/// Of a larger tangle, the search for a short cycle looks at each edge about this often, ...
constexpr std::size_t visits_per_edge = 16;
/// ... and at this many edges in any case, so that in a tangle of a thousand tasks it is complete.
constexpr std::size_t free_visits = 10'000'000;

BoostGraph make_graph(std::size_t task_count, const Edges& edges) {
  // It keeps the order of a task's edges. Of `edges_are_sorted` gcc 12 warns, wrongly.
  const auto order = boost::edges_are_unsorted_multi_pass;
  return BoostGraph(order, edges.begin(), edges.end(), task_count);
}

/// The edges that lie on cycles, sorted and each once, and the tangle of each task.
struct Tangles {
  Edges edges;
  std::vector<std::uint32_t> component;  // by task
};

Tangles find_tangles(std::uint32_t task_count, const Edges& edges) {
  const BoostGraph graph = make_graph(task_count, edges);
  Tangles tangles;
  std::vector<std::uint32_t>& component = tangles.component;
  component.resize(task_count);
  const auto index = get(boost::vertex_index, graph);
  boost::strong_components(graph, boost::make_iterator_property_map(component.begin(), index));
  for (const auto& edge : edges) {
    if (component[edge.first] == component[edge.second]) tangles.edges.push_back(edge);
  }
  std::sort(tangles.edges.begin(), tangles.edges.end());
  tangles.edges.erase(std::unique(tangles.edges.begin(), tangles.edges.end()), tangles.edges.end());
  return tangles;
}

/// One strongly connected component, its tasks renumbered from 0 in ascending order.
struct Tangle {
  Cycle tasks;
  Edges edges;  // sorted
};

/// The tangles in order of their smallest tasks.
std::vector<Tangle> split(std::uint32_t task_count, const Edges& edges) {
  constexpr std::uint32_t none = UINT32_MAX;
  const Tangles tangles = find_tangles(task_count, edges);
  std::vector<Tangle> result;
  std::vector<std::uint32_t> place(task_count, none);  // of a component in `result`
  std::vector<std::uint32_t> number(task_count, 0);    // of a task in its tangle
  // Each task of a tangle is the source of an edge in it, and the sources are ascending.
  for (std::size_t i = 0; i < tangles.edges.size(); ++i) {
    const std::uint32_t task = tangles.edges[i].first;
    if (i > 0 && tangles.edges[i - 1].first == task) continue;
    std::uint32_t& at = place[tangles.component[task]];
    if (at == none) {
      at = static_cast<std::uint32_t>(result.size());
      result.emplace_back();
    }
    number[task] = static_cast<std::uint32_t>(result[at].tasks.size());
    result[at].tasks.push_back(task);
  }
  for (const auto& [from, to] : tangles.edges) {
    result[place[tangles.component[from]]].edges.emplace_back(number[from], number[to]);
  }
  return result;
}

struct EnoughCycles {};

/// Called by Boost for each cycle, beginning with the task with which it was started, the smallest.
struct CycleCollector {
  std::vector<Cycle>* cycles;
  std::size_t limit;

  template <typename Path, typename Graph>
  void cycle(const Path& path, const Graph&) const {
    if (cycles->size() == limit) throw EnoughCycles{};
    cycles->emplace_back(path.begin(), path.end());
  }
};

/// All cycles of a small tangle, in lexicographic order.
CycleReport list_cycles(const Tangle& tangle, std::size_t limit) {
  const BoostGraph graph = make_graph(tangle.tasks.size(), tangle.edges);
  CycleReport report;
  try {
    boost::hawick_circuits(graph, CycleCollector{&report.cycles, limit});
  } catch (const EnoughCycles&) {  // a visitor has no other way to end the search
    report.truncated = true;
  }
  return report;
}

/// Looks for a short cycle of two tasks or more in a large tangle.
class ShortCycleSearch {
 public:
  explicit ShortCycleSearch(const Tangle& tangle) : edges_(tangle.edges) {
    const std::size_t task_count = tangle.tasks.size();
    first_edge_.assign(task_count + 1, 0);
    for (const auto& edge : edges_) ++first_edge_[edge.first + 1];
    for (std::size_t i = 0; i < task_count; ++i) first_edge_[i + 1] += first_edge_[i];
    visits_left_ = visits_per_edge * edges_.size() + free_visits;
    seen_from_.assign(task_count, UINT32_MAX);
    reached_from_.resize(task_count);
  }

  /// The search from task 0 finds a cycle, since the tangle is strongly connected. The later ones
  /// only shorten it, so they may be cut off, and are not needed where the tangle is one cycle.
  Cycle run() {
    const auto task_count = static_cast<std::uint32_t>(reached_from_.size());
    for (std::uint32_t task = 0; task < task_count; ++task) {
      search(task);
      if (best_.size() == 2 || best_.size() == edges_.size() || visits_left_ == 0) break;
    }
    return best_;
  }

 private:
  /// A breadth-first search for the shortest cycle of which `start` is the smallest task. It is
  /// left as soon as it cannot beat the best cycle any more.
  void search(std::uint32_t start) {
    queue_.assign(1, start);
    std::size_t length = 1;     // of the paths from `start` to the tasks in the queue
    std::size_t level_end = 1;  // where in the queue longer ones begin
    for (std::size_t next = 0; next < queue_.size(); ++next) {
      if (next == level_end) {
        ++length;
        level_end = queue_.size();
      }
      if (!best_.empty() && length >= best_.size()) return;
      for (const auto& [from, to] : edges_from(queue_[next])) {
        if (visits_left_ > 0) --visits_left_;
        if (to == start && from != start) return keep(start, from);
        if (to <= start || seen_from_[to] == start) continue;
        seen_from_[to] = start;
        reached_from_[to] = from;
        queue_.push_back(to);
      }
    }
  }

  void keep(std::uint32_t start, std::uint32_t last) {
    best_.clear();
    for (std::uint32_t task = last; task != start; task = reached_from_[task]) {
      best_.push_back(task);  // backwards
    }
    best_.push_back(start);
    std::reverse(best_.begin(), best_.end());
  }

  [[nodiscard]] std::span<const Edges::value_type> edges_from(std::uint32_t task) const {
    return std::span(edges_).subspan(first_edge_[task], first_edge_[task + 1] - first_edge_[task]);
  }

  const Edges& edges_;
  std::vector<std::size_t> first_edge_;
  std::size_t visits_left_ = 0;
  // By task: the start of the last search that saw it, and the task before it there.
  std::vector<std::uint32_t> seen_from_;
  std::vector<std::uint32_t> reached_from_;
  std::vector<std::uint32_t> queue_;
  Cycle best_;
};

/// The self-dependencies and one other cycle of a large tangle, in lexicographic order.
CycleReport sample_cycles(const Tangle& tangle, std::size_t limit) {
  CycleReport report;
  report.cycles.push_back(ShortCycleSearch(tangle).run());
  const std::size_t length = report.cycles.front().size();
  std::size_t loops = 0;
  for (const auto& [from, to] : tangle.edges) {
    if (from == to && ++loops < limit) report.cycles.push_back({from});
  }
  std::sort(report.cycles.begin(), report.cycles.end());
  // Every edge of a tangle is on some cycle: one outside of the listed cycles means more of them.
  report.truncated = loops + 1 > limit || tangle.edges.size() > length + loops;
  return report;
}

}  // namespace

CycleReport find_cycles(std::uint32_t tasks, const Edges& edges, std::size_t limit) {
  CycleReport report;
  const std::vector<Tangle> tangles = split(tasks, edges);
  for (std::size_t i = 0; i < tangles.size(); ++i) {
    const std::size_t free = limit - report.cycles.size();
    if (free == 0) {
      report.truncated = true;
      break;
    }
    // One is kept free for each tangle to come.
    const std::size_t later = tangles.size() - i - 1;
    const std::size_t share = free > later ? free - later : 1;
    const Tangle& tangle = tangles[i];
    const bool small = tangle.tasks.size() <= max_listed_tasks;
    CycleReport part = small ? list_cycles(tangle, share) : sample_cycles(tangle, share);
    for (Cycle& cycle : part.cycles) {
      for (std::uint32_t& task : cycle) task = tangle.tasks[task];
      report.cycles.push_back(std::move(cycle));
    }
    report.truncated |= part.truncated;
  }
  return report;
}

}  // namespace baton::detail
