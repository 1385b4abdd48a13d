// SPDX-License-Identifier: MIT
#include "graph/cycles.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace baton::detail {
namespace {

using Cycles = std::vector<std::vector<std::uint32_t>>;

/// 0 -> 1 -> ... -> `count` - 1 -> 0.
Edges ring(std::uint32_t count) {
  Edges edges;
  for (std::uint32_t i = 0; i < count; ++i) edges.emplace_back(i, (i + 1) % count);
  return edges;
}

/// Every edge there can be, loops too.
Edges complete(std::uint32_t count) {
  Edges edges;
  for (std::uint32_t from = 0; from < count; ++from) {
    for (std::uint32_t to = 0; to < count; ++to) edges.emplace_back(from, to);
  }
  return edges;
}

/// All elementary cycles, each from its smallest task on, by trying every path.
class BruteForce {
 public:
  BruteForce(std::uint32_t count, const Edges& edges) : edges_(edges.begin(), edges.end()) {
    for (std::uint32_t start = 0; start < count; ++start) {
      path_.assign(1, start);
      extend(count);
    }
  }
  std::set<std::vector<std::uint32_t>> cycles;

 private:
  void extend(std::uint32_t count) {
    if (edges_.contains({path_.back(), path_.front()})) cycles.insert(path_);
    for (std::uint32_t next = path_.front() + 1; next < count; ++next) {
      const bool seen = std::find(path_.begin(), path_.end(), next) != path_.end();
      if (seen || !edges_.contains({path_.back(), next})) continue;
      path_.push_back(next);
      extend(count);
      path_.pop_back();
    }
  }
  std::set<std::pair<std::uint32_t, std::uint32_t>> edges_;
  std::vector<std::uint32_t> path_;
};

/// The tasks on the shortest cycle of two tasks or more, 0 where there is none.
std::size_t shortest_cycle(std::uint32_t count, const Edges& edges) {
  constexpr std::size_t far = 1'000'000;
  std::vector<std::vector<std::size_t>> distance(count, std::vector<std::size_t>(count, far));
  for (const auto& [from, to] : edges) {
    if (from != to) distance[from][to] = 1;
  }
  for (std::uint32_t via = 0; via < count; ++via) {
    for (std::uint32_t from = 0; from < count; ++from) {
      for (std::uint32_t to = 0; to < count; ++to) {
        distance[from][to] = std::min(distance[from][to], distance[from][via] + distance[via][to]);
      }
    }
  }
  std::size_t shortest = far;
  for (std::uint32_t i = 0; i < count; ++i) shortest = std::min(shortest, distance[i][i]);
  return shortest == far ? 0 : shortest;
}

bool is_cycle_of(const std::vector<std::uint32_t>& cycle, const Edges& edges) {
  const std::set<std::uint32_t> distinct(cycle.begin(), cycle.end());
  if (distinct.size() != cycle.size() || cycle.front() != *distinct.begin()) return false;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    const std::pair edge(cycle[i], cycle[(i + 1) % cycle.size()]);
    if (std::find(edges.begin(), edges.end(), edge) == edges.end()) return false;
  }
  return true;
}

TEST(FindCycles, FindsNoneInAGraphWithoutThem) {
  EXPECT_EQ(find_cycles(0, {}).cycles, Cycles{});
  EXPECT_EQ(find_cycles(3, {}).cycles, Cycles{});
  const CycleReport report = find_cycles(4, {{3, 1}, {3, 2}, {1, 0}, {2, 0}, {3, 0}});
  EXPECT_EQ(report.cycles, Cycles{});
  EXPECT_FALSE(report.truncated);
}

TEST(FindCycles, StartsEachCycleWithItsSmallestTask) {
  const CycleReport report = find_cycles(6, {{5, 2}, {2, 4}, {4, 5}, {0, 5}, {4, 1}});
  EXPECT_EQ(report.cycles, (Cycles{{2, 4, 5}}));
  EXPECT_FALSE(report.truncated);
}

TEST(FindCycles, TakesASelfDependencyForACycle) {
  const CycleReport report = find_cycles(3, {{0, 1}, {1, 1}, {2, 2}, {1, 2}});
  EXPECT_EQ(report.cycles, (Cycles{{1}, {2}}));
  EXPECT_FALSE(report.truncated);
}

TEST(FindCycles, ListsEveryCycleOfATangleOnceDespiteRepeatedEdges) {
  const Edges edges{{0, 1}, {1, 0}, {0, 1}, {1, 2}, {2, 0}, {1, 1}, {1, 1}, {1, 2}};
  const CycleReport report = find_cycles(3, edges);
  EXPECT_EQ(report.cycles, (Cycles{{0, 1}, {0, 1, 2}, {1}}));
  EXPECT_FALSE(report.truncated);
}

TEST(FindCycles, OrdersTanglesByTheirSmallestTasks) {
  const Edges edges{{6, 1}, {1, 6}, {3, 5}, {5, 3}, {4, 4}, {0, 3}, {5, 6}};
  const CycleReport report = find_cycles(7, edges);
  EXPECT_EQ(report.cycles, (Cycles{{1, 6}, {3, 5}, {4}}));
}

TEST(FindCycles, StopsAtTheLimitAndSaysSo) {
  const CycleReport all = find_cycles(4, complete(4));
  EXPECT_EQ(all.cycles.size(), 24u);  // 4 loops, 6 pairs, 8 of three, 6 of four
  EXPECT_FALSE(all.truncated);
  const CycleReport exactly = find_cycles(4, complete(4), 24);
  EXPECT_EQ(exactly.cycles, all.cycles);
  EXPECT_FALSE(exactly.truncated);
  const CycleReport fewer = find_cycles(4, complete(4), 23);
  EXPECT_EQ(fewer.cycles, Cycles(all.cycles.begin(), all.cycles.end() - 1));
  EXPECT_TRUE(fewer.truncated);
  EXPECT_EQ(find_cycles(4, complete(4), 0).cycles, Cycles{});
  EXPECT_TRUE(find_cycles(4, complete(4), 0).truncated);
}

TEST(FindCycles, NamesEachTangleWhileTheLimitAllows) {
  Edges edges = complete(20);
  edges.insert(edges.end(), {{20, 21}, {21, 20}, {22, 22}});
  const CycleReport report = find_cycles(23, edges, 5);
  EXPECT_EQ(report.cycles, (Cycles{{0}, {0, 1}, {0, 1, 2}, {20, 21}, {22}}));
  EXPECT_TRUE(report.truncated);
  const CycleReport short_of_room = find_cycles(23, edges, 2);
  EXPECT_EQ(short_of_room.cycles, (Cycles{{0}, {20, 21}}));
  EXPECT_TRUE(short_of_room.truncated);
}

TEST(FindCycles, ListsADenseTangleOf32TasksAtOnce) {
  const CycleReport report = find_cycles(32, complete(32));
  EXPECT_EQ(report.cycles.size(), 100u);
  EXPECT_TRUE(report.truncated);
}

TEST(FindCycles, GivesOneShortCycleAndTheSelfDependenciesOfALargeTangle) {
  Edges edges = ring(1000);
  edges.insert(edges.end(), {{700, 650}, {40, 30}, {999, 999}, {2, 2}});
  const CycleReport report = find_cycles(1000, edges);
  EXPECT_EQ(report.cycles, (Cycles{{2}, {30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40}, {999}}));
  EXPECT_TRUE(report.truncated);
  const CycleReport one = find_cycles(1000, edges, 1);
  EXPECT_EQ(one.cycles, (Cycles{{30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40}}));
  EXPECT_TRUE(one.truncated);
  Edges ring_and_loop = ring(1000);
  ring_and_loop.emplace_back(5, 5);
  const CycleReport both = find_cycles(1000, ring_and_loop);
  EXPECT_EQ(both.cycles.size(), 2u);
  EXPECT_FALSE(both.truncated);
}

TEST(FindCycles, NamesACycleOfAMillionTasks) {
  constexpr std::uint32_t count = 1'000'000;
  const CycleReport report = find_cycles(count, ring(count));
  ASSERT_EQ(report.cycles.size(), 1u);
  ASSERT_EQ(report.cycles[0].size(), count);
  for (std::uint32_t i = 0; i < count; ++i) ASSERT_EQ(report.cycles[0][i], i);
  EXPECT_FALSE(report.truncated);
}

TEST(FindCycles, EndsSoonInALargeTangleWithoutShortCycles) {
  // Two ways from each task to the next: 2^200,000 cycles, all of 200,001 tasks.
  constexpr std::uint32_t stages = 200'000;
  Edges edges{{stages * 3, 0}};
  for (std::uint32_t i = 0; i < stages; ++i) {
    edges.insert(edges.end(), {{3 * i, 3 * i + 1}, {3 * i, 3 * i + 2}});
    edges.insert(edges.end(), {{3 * i + 1, 3 * i + 3}, {3 * i + 2, 3 * i + 3}});
  }
  const CycleReport report = find_cycles(stages * 3 + 1, edges);
  ASSERT_EQ(report.cycles.size(), 1u);
  EXPECT_EQ(report.cycles[0].size(), stages * 2 + 1);
  EXPECT_TRUE(report.truncated);
}

RC_GTEST_PROP(FindCyclesProperty, ListsWhatTryingEveryPathFinds, ()) {
  const auto count = *rc::gen::inRange<std::uint32_t>(1, 8).as("tasks");
  const auto task = rc::gen::inRange<std::uint32_t>(0, count);
  const auto edges = *rc::gen::container<Edges>(rc::gen::pair(task, task)).as("edges");
  const BruteForce expected(count, edges);
  const CycleReport all = find_cycles(count, edges, 1'000'000);
  RC_ASSERT(std::set(all.cycles.begin(), all.cycles.end()) == expected.cycles);
  RC_ASSERT(all.cycles.size() == expected.cycles.size());
  RC_ASSERT(!all.truncated);
  const auto limit = *rc::gen::inRange<std::size_t>(0, 12).as("limit");
  const CycleReport some = find_cycles(count, edges, limit);
  RC_ASSERT(some.cycles.size() == std::min(limit, expected.cycles.size()));
  RC_ASSERT(some.truncated == (limit < expected.cycles.size()));
}

RC_GTEST_PROP(FindCyclesProperty, FindsTheShortestCycleOfALargeTangle, ()) {
  const auto count = *rc::gen::inRange<std::uint32_t>(33, 60).as("tasks");
  const auto task = rc::gen::inRange<std::uint32_t>(0, count);
  Edges edges = ring(count);  // all one tangle
  const auto more = *rc::gen::container<Edges>(rc::gen::pair(task, task)).as("edges");
  edges.insert(edges.end(), more.begin(), more.end());
  const CycleReport report = find_cycles(count, edges, 1'000);
  std::set<std::uint32_t> loops;
  std::size_t found = 0;
  for (const auto& cycle : report.cycles) {
    RC_ASSERT(is_cycle_of(cycle, edges));
    if (cycle.size() == 1) loops.insert(cycle[0]);
    if (cycle.size() > 1) found = cycle.size();
  }
  RC_ASSERT(report.cycles.size() == loops.size() + 1);
  RC_ASSERT(found == shortest_cycle(count, edges));
  for (const auto& [from, to] : edges) RC_ASSERT((from != to || loops.contains(from)));
}

}  // namespace
}  // namespace baton::detail
