// SPDX-License-Identifier: MIT
#include <baton/graph/analysis.hpp>

#include <baton/base/error.hpp>

#include <algorithm>
#include <bitset>
#include <string>
#include <utility>

namespace baton {
namespace {

using Ids = std::span<const TaskId>;

TaskId id_of(std::size_t index) { return static_cast<TaskId>(index); }

// ---- Longest paths ----

/// Compared by time, then by the number of tasks.
struct PathLength {
  Duration time{};
  std::uint32_t tasks = 0;
  friend bool operator<(const PathLength& a, const PathLength& b) {
    return a.time != b.time ? a.time < b.time : a.tasks < b.tasks;
  }
};

/// Both not negative. A user may well say "for ever" with the largest duration.
Duration add(Duration a, Duration b) { return a > Duration::max() - b ? Duration::max() : a + b; }

PathLength extend(PathLength path, Duration time) { return {add(path.time, time), path.tasks + 1}; }

void check_durations(const Plan& plan, Durations durations) {
  if (durations.size() != plan.size()) {
    const std::string tasks = std::to_string(plan.size()) + " tasks";
    const std::string given = std::to_string(durations.size());
    throw UsageError("a plan of " + tasks + " needs as many durations, " + given + " were given");
  }
  for (std::size_t task = 0; task < durations.size(); ++task) {
    if (durations[task] < Duration::zero()) {
      throw UsageError("task '" + plan.task_name(id_of(task)) + "' has a negative duration, " +
                       std::to_string(durations[task].count()) + " ns");
    }
  }
}

std::vector<Duration> expected_durations(const Plan& plan) {
  std::vector<Duration> durations(plan.size());
  for (std::size_t task = 0; task < durations.size(); ++task) {
    durations[task] = plan.expected_duration(id_of(task)).value_or(Duration::zero());
  }
  return durations;
}

/// By task: the longest path that begins with it. `order` is topological.
std::vector<PathLength> paths_onward(const Plan& plan, Durations durations, Ids order) {
  std::vector<PathLength> onward(plan.size());
  for (std::size_t i = order.size(); i-- > 0;) {
    PathLength longest;
    for (const TaskId next : plan.successors(order[i])) {
      longest = std::max(longest, onward[index_of(next)]);
    }
    onward[index_of(order[i])] = extend(longest, durations[index_of(order[i])]);
  }
  return onward;
}

/// The first of `tasks` from which the longest path begins.
TaskId longest_of(Ids tasks, std::span<const PathLength> onward) {
  const auto length = [&](TaskId task) { return onward[index_of(task)]; };
  const auto shorter = [&](TaskId a, TaskId b) { return length(a) < length(b); };
  return *std::max_element(tasks.begin(), tasks.end(), shorter);
}

// ---- Reachability ----

/// The tasks that `neighbours` leads to from `id`, ascending.
template <typename Neighbours>
std::vector<TaskId> reachable(const Plan& plan, TaskId id, Neighbours neighbours) {
  if (index_of(id) >= plan.size()) {
    const std::string number = std::to_string(index_of(id));
    const std::string tasks = std::to_string(plan.size()) + " tasks";
    throw UsageError("task id " + number + " is not in a plan of " + tasks);
  }
  std::vector<bool> seen(plan.size(), false);
  std::vector<TaskId> found{id};
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const TaskId next : neighbours(found[i])) {
      if (!seen[index_of(next)]) found.push_back(next);
      seen[index_of(next)] = true;
    }
  }
  found.erase(found.begin());
  std::sort(found.begin(), found.end());
  return found;
}

/// Finds redundant edges for some targets at a time, so that it needs one row of bits a task and no
/// square of them. Tasks are called by their positions in topological order.
class RedundantEdges {
 public:
  explicit RedundantEdges(const Plan& plan) : plan_(plan), order_(plan.topological_order()) {
    position_.resize(order_.size());
    for (std::size_t at = 0; at < order_.size(); ++at) position_[index_of(order_[at])] = at;
  }

  std::vector<Edge> find() {
    const std::vector<Target> targets = find_targets();
    const std::span all(targets);
    for (std::size_t first = 0; first < all.size(); first += block_size) {
      search(all.subspan(first, std::min(block_size, all.size() - first)));
    }
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  static constexpr std::size_t block_size = 512;
  static constexpr std::size_t no_column = block_size;
  using Row = std::bitset<block_size>;

  /// A task to which a redundant edge may lead.
  struct Target {
    std::size_t position;
    std::size_t first_source;  // the first task from which one may come
  };

  /// An edge that a longer path bypasses skips a level, leaves a task with another successor, and
  /// enters one with another predecessor. Few edges do all that in most plans.
  std::vector<Target> find_targets() const {
    const std::vector<std::uint32_t> level = levels(plan_);
    std::vector<Target> targets;
    for (std::size_t at = 0; at < order_.size(); ++at) {
      const auto sources = plan_.predecessors(order_[at]);
      if (sources.size() < 2) continue;
      std::size_t first = at;
      for (const TaskId source : sources) {
        const bool skips = level[index_of(source)] + 1 < level[index_of(order_[at])];
        if (skips && plan_.successors(source).size() > 1) {
          first = std::min(first, position_[index_of(source)]);
        }
      }
      if (first != at) targets.push_back({at, first});
    }
    return targets;
  }

  /// Walks backwards over all tasks on paths to `targets`, which are ascending; one bit a target.
  void search(std::span<const Target> targets) {
    const std::size_t end = targets.back().position + 1;
    std::size_t begin = end;
    for (const Target& target : targets) begin = std::min(begin, target.first_source);
    column_.assign(end - begin, no_column);
    for (std::size_t i = 0; i < targets.size(); ++i) column_[targets[i].position - begin] = i;
    reached_.resize(std::max(reached_.size(), end - begin));
    for (std::size_t at = end; at-- > begin;) {
      Row onward;  // reached by two edges or more
      for_each_successor(at, begin, end, [&](std::size_t next) { onward |= reached_[next]; });
      Row& reached = reached_[at - begin];
      reached = onward;
      for_each_successor(at, begin, end, [&](std::size_t next) {
        const std::size_t column = column_[next];
        if (column == no_column) return;
        reached.set(column);
        if (onward.test(column)) found_.push_back({order_[at], order_[begin + next]});
      });
    }
  }

  /// Calls `visit` with the distance from `begin` of each successor before `end`.
  template <typename Visit>
  void for_each_successor(std::size_t at, std::size_t begin, std::size_t end, Visit visit) const {
    for (const TaskId successor : plan_.successors(order_[at])) {
      const std::size_t next = position_[index_of(successor)];
      if (next < end) visit(next - begin);
    }
  }

  const Plan& plan_;
  std::vector<TaskId> order_;
  std::vector<std::size_t> position_;  // by id
  // Both by the distance from the first task of the block.
  std::vector<std::size_t> column_;  // of a target in the rows
  std::vector<Row> reached_;         // the targets to which a path leads
  std::vector<Edge> found_;
};

// ---- Dominators ----

/// A growing tree that finds the last common ancestor of two nodes in O(log n): besides its parent
/// each node knows one far ancestor (Myers' skew-binary jump pointers).
class DominatorTree {
 public:
  /// Nodes are 0 to `size` - 1, and `size` for the root, which stands before all tasks.
  explicit DominatorTree(std::size_t size) : nodes_(size + 1) {
    nodes_[size] = {static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(size), 0};
  }

  [[nodiscard]] std::uint32_t root() const { return static_cast<std::uint32_t>(nodes_.size() - 1); }
  [[nodiscard]] std::uint32_t parent(std::uint32_t node) const { return nodes_[node].parent; }

  void add(std::uint32_t node, std::uint32_t parent) {
    const Node& above = nodes_[parent];
    const Node& jumped = nodes_[above.jump];
    const bool even = above.depth - jumped.depth == jumped.depth - nodes_[jumped.jump].depth;
    nodes_[node] = {parent, even ? jumped.jump : parent, above.depth + 1};
  }

  [[nodiscard]] std::uint32_t common(std::uint32_t a, std::uint32_t b) const {
    if (nodes_[a].depth < nodes_[b].depth) std::swap(a, b);
    while (nodes_[a].depth > nodes_[b].depth) {
      const std::uint32_t jump = nodes_[a].jump;
      a = nodes_[jump].depth >= nodes_[b].depth ? jump : nodes_[a].parent;
    }
    while (a != b) {
      const bool apart = nodes_[a].jump != nodes_[b].jump;
      a = apart ? nodes_[a].jump : nodes_[a].parent;
      b = apart ? nodes_[b].jump : nodes_[b].parent;
    }
    return a;
  }

 private:
  struct Node {
    std::uint32_t parent, jump, depth;
  };
  std::vector<Node> nodes_;
};

}  // namespace

std::vector<std::uint32_t> levels(const Plan& plan) {
  std::vector<std::uint32_t> level(plan.size(), 0);
  for (const TaskId id : plan.topological_order()) {
    const std::uint32_t next = level[index_of(id)] + 1;
    for (const TaskId successor : plan.successors(id)) {
      level[index_of(successor)] = std::max(level[index_of(successor)], next);
    }
  }
  return level;
}

std::size_t depth(const Plan& plan) {
  const std::vector<std::uint32_t> level = levels(plan);
  return level.empty() ? 0 : std::size_t{*std::max_element(level.begin(), level.end())} + 1;
}

std::size_t max_width(const Plan& plan) {
  std::vector<std::size_t> width(plan.size(), 0);
  for (const std::uint32_t level : levels(plan)) ++width[level];
  return width.empty() ? 0 : *std::max_element(width.begin(), width.end());
}

CriticalPath critical_path(const Plan& plan, Durations durations) {
  check_durations(plan, durations);
  if (plan.empty()) return {};
  const std::vector<PathLength> onward = paths_onward(plan, durations, plan.topological_order());
  CriticalPath path;
  path.tasks.push_back(longest_of(plan.roots(), onward));
  path.length = onward[index_of(path.tasks.front())].time;
  while (!plan.successors(path.tasks.back()).empty()) {
    path.tasks.push_back(longest_of(plan.successors(path.tasks.back()), onward));
  }
  return path;
}

CriticalPath critical_path(const Plan& plan) {
  const std::vector<Duration> durations = expected_durations(plan);
  return critical_path(plan, durations);
}

std::vector<Duration> slack(const Plan& plan, Durations durations) {
  check_durations(plan, durations);
  const std::vector<TaskId> order = plan.topological_order();
  const std::vector<PathLength> onward = paths_onward(plan, durations, order);
  Duration length{};
  for (const PathLength& path : onward) length = std::max(length, path.time);
  std::vector<Duration> start(plan.size()), result(plan.size());
  for (const TaskId id : order) {
    const std::size_t task = index_of(id);
    result[task] = length - add(start[task], onward[task].time);
    const Duration end = add(start[task], durations[task]);
    for (const TaskId next : plan.successors(id)) {
      start[index_of(next)] = std::max(start[index_of(next)], end);
    }
  }
  return result;
}

std::vector<Duration> slack(const Plan& plan) { return slack(plan, expected_durations(plan)); }

std::vector<TaskId> ancestors(const Plan& plan, TaskId id) {
  return reachable(plan, id, [&](TaskId task) { return plan.predecessors(task); });
}

std::vector<TaskId> descendants(const Plan& plan, TaskId id) {
  return reachable(plan, id, [&](TaskId task) { return plan.successors(task); });
}

std::vector<Edge> redundant_edges(const Plan& plan) { return RedundantEdges(plan).find(); }

// Boost's lengauer_tarjan_dominator_tree recurses as deep as a path is long and ends on a stack
// overflow in a plan of a million tasks. In an acyclic graph, the dominator of a task is simply the
// last one common to its predecessors, which have theirs already.
std::vector<std::optional<TaskId>> immediate_dominators(const Plan& plan) {
  DominatorTree tree(plan.size());
  for (const TaskId id : plan.topological_order()) {
    const auto predecessors = plan.predecessors(id);
    std::uint32_t dominator = tree.root();
    for (std::size_t i = 0; i < predecessors.size(); ++i) {
      const auto predecessor = static_cast<std::uint32_t>(predecessors[i]);
      dominator = i == 0 ? predecessor : tree.common(dominator, predecessor);
    }
    tree.add(static_cast<std::uint32_t>(id), dominator);
  }
  std::vector<std::optional<TaskId>> result(plan.size());
  for (std::uint32_t task = 0; task < tree.root(); ++task) {
    if (tree.parent(task) != tree.root()) result[task] = id_of(tree.parent(task));
  }
  return result;
}

}  // namespace baton
