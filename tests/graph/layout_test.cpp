// SPDX-License-Identifier: MIT
#include <baton/graph/layout.hpp>

#include "graph/layered_graph.hpp"
#include "graph/plan_of.hpp"
#include "support/scale.hpp"

#include <baton/base/error.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace baton {
namespace {

using test::plan_of;
using test::Shape;

constexpr double rounding = 1e-6;

/// Lines over many layers, some of them too long to be led around boxes.
Shape long_edges(std::size_t tasks) {
  Shape shape = test::chain(tasks);
  shape.name = "long_edges";
  for (std::size_t from = 0; from < tasks; from += 3) {
    for (std::size_t to = from + 2; to < tasks; to += 1 + (to - from)) shape.edge(from, to);
  }
  return shape;
}

std::vector<Shape> shapes() {
  std::vector<Shape> all = test::all_shapes(200);
  all.push_back(long_edges(300));
  for (std::uint64_t seed = 10; seed < 10 + test::scaled(20); ++seed) {
    all.push_back(test::random_dag(60, 0.5 + static_cast<double>(seed % 5), seed));
  }
  return all;
}

/// The least distance between the borders of two boxes of a layer.
double least_gap(const PlanLayout& layout, const LayoutOptions& options) {
  const bool down = options.direction == DiagramDirection::down;
  std::map<std::uint32_t, std::vector<double>> layers;
  for (std::size_t task = 0; task < layout.tasks.size(); ++task) {
    layers[layout.layer[task]].push_back(down ? layout.tasks[task].x : layout.tasks[task].y);
  }
  double least = std::numeric_limits<double>::infinity();
  for (auto& [layer, places] : layers) {
    std::sort(places.begin(), places.end());
    for (std::size_t i = 1; i < places.size(); ++i) least = std::min(least, places[i] - places[i - 1]);
  }
  return least - (down ? options.node_width : options.node_height);
}

/// Whether a part of a line that lies within a layer's height runs through the box at `centre`.
bool touches(const Point& from, const Point& to, const Point& centre, const LayoutOptions& options) {
  const bool above = std::max(from.y, to.y) <= centre.y - options.node_height / 2 + rounding;
  const bool below = std::min(from.y, to.y) >= centre.y + options.node_height / 2 - rounding;
  const double half = options.node_width / 2 - rounding;
  const bool aside = std::max(from.x, to.x) <= centre.x - half || std::min(from.x, to.x) >= centre.x + half;
  return !above && !below && !aside;
}

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class LayoutOf : public testing::TestWithParam<Shape> {};
INSTANTIATE_TEST_SUITE_P(Shapes, LayoutOf, testing::ValuesIn(shapes()),
                         [](const auto& shape) { return std::to_string(shape.index) + "_" + shape.param.name; });

TEST_P(LayoutOf, PutsEachTaskInALaterLayerThanItsPredecessors) {
  const Plan plan = plan_of(GetParam());
  const PlanLayout layout = lay_out(plan);
  ASSERT_EQ(layout.layer.size(), plan.size());
  ASSERT_EQ(layout.tasks.size(), plan.size());
  for (std::uint32_t from = 0; from < plan.size(); ++from) {
    for (const TaskId to : plan.successors(TaskId{from})) {
      EXPECT_LT(layout.layer[from], layout.layer[index_of(to)]);
      EXPECT_LT(layout.tasks[from].y, layout.tasks[index_of(to)].y);
    }
  }
}

TEST_P(LayoutOf, KeepsBoxesApartAndInside) {
  const Plan plan = plan_of(GetParam());
  for (const auto direction : {DiagramDirection::down, DiagramDirection::right}) {
    const LayoutOptions options{.direction = direction};
    const PlanLayout layout = lay_out(plan, options);
    EXPECT_GE(least_gap(layout, options), options.node_gap - rounding);
    for (const Point& task : layout.tasks) {
      EXPECT_GE(task.x, options.node_width / 2 - rounding);
      EXPECT_GE(task.y, options.node_height / 2 - rounding);
      EXPECT_LE(task.x, layout.width - options.node_width / 2 + rounding);
      EXPECT_LE(task.y, layout.height - options.node_height / 2 + rounding);
    }
    for (const Point& point : layout.points) {
      EXPECT_GE(std::min(point.x, point.y), -rounding);
      EXPECT_LE(point.x, layout.width + rounding);
      EXPECT_LE(point.y, layout.height + rounding);
    }
  }
}

TEST_P(LayoutOf, LeadsEdgesForwardFromBorderToBorder) {
  const Plan plan = plan_of(GetParam());
  const LayoutOptions options;
  const PlanLayout layout = lay_out(plan, options);
  ASSERT_EQ(layout.first_point.size(), plan.edge_count() + 1);
  std::size_t edge = 0;
  for (std::uint32_t from = 0; from < plan.size(); ++from) {
    for (const TaskId to : plan.successors(TaskId{from})) {
      const auto route = layout.route(edge++);
      ASSERT_GE(route.size(), 2u);
      const Point& start = layout.tasks[from];
      const Point& end = layout.tasks[index_of(to)];
      EXPECT_EQ(route.front(), (Point{start.x, start.y + options.node_height / 2}));
      EXPECT_EQ(route.back(), (Point{end.x, end.y - options.node_height / 2}));
      for (std::size_t at = 1; at < route.size(); ++at) EXPECT_GT(route[at].y, route[at - 1].y);
    }
  }
  EXPECT_EQ(edge, plan.edge_count());
}

TEST_P(LayoutOf, LeadsEdgesAroundBoxes) {
  const Plan plan = plan_of(GetParam());
  const LayoutOptions options;
  const PlanLayout layout = lay_out(plan, options);
  std::size_t edge = 0;
  std::size_t touched = 0;
  for (std::uint32_t from = 0; from < plan.size(); ++from) {
    for (const TaskId to : plan.successors(TaskId{from})) {
      const auto route = layout.route(edge++);
      if (layout.layer[index_of(to)] - layout.layer[from] > 40) continue;  // straight, as the header says
      for (std::size_t at = 1; at < route.size(); ++at) {
        for (const Point& task : layout.tasks) touched += touches(route[at - 1], route[at], task, options) ? 1 : 0;
      }
    }
  }
  EXPECT_EQ(touched, 0u);
}

TEST_P(LayoutOf, IsTheSameEachTime) {
  const PlanLayout first = lay_out(plan_of(GetParam()));
  const PlanLayout second = lay_out(plan_of(GetParam()));
  EXPECT_EQ(first.tasks, second.tasks);
  EXPECT_EQ(first.layer, second.layer);
  EXPECT_EQ(first.points, second.points);
  EXPECT_EQ(first.first_point, second.first_point);
}

TEST_P(LayoutOf, HasNoMoreCrossingsThanTheFirstOrder) {
  detail::LayeredGraph graph = detail::make_layers(plan_of(GetParam()));
  const std::uint64_t before = detail::count_crossings(graph);
  reduce_crossings(graph);
  EXPECT_LE(detail::count_crossings(graph), before);
  for (std::uint32_t at = 0; at < graph.layers.size(); ++at) {
    for (const std::uint32_t node : graph.layers[at]) EXPECT_EQ(graph.layer[node], at);
  }
}

TEST_P(LayoutOf, CountsCrossingsAsOneByOne) {
  const detail::LayeredGraph graph = detail::make_layers(plan_of(GetParam()));
  std::vector<std::size_t> place(graph.node_count());
  for (const auto& layer : graph.layers) {
    for (std::size_t at = 0; at < layer.size(); ++at) place[layer[at]] = at;
  }
  std::uint64_t crossings = 0;
  for (const auto& layer : graph.layers) {
    for (const std::uint32_t left : layer) {
      for (const std::uint32_t right : layer) {
        if (place[left] >= place[right]) continue;
        for (const std::uint32_t a : graph.below.of(left)) {
          for (const std::uint32_t b : graph.below.of(right)) crossings += place[a] > place[b] ? 1 : 0;
        }
      }
    }
  }
  EXPECT_EQ(detail::count_crossings(graph), crossings);
}

/// Both ways of placing keep order and gaps, whichever of them `lay_out` takes.
TEST_P(LayoutOf, KeepsOrderAndGapsInBothWaysOfPlacing) {
  detail::LayeredGraph graph = detail::make_layers(plan_of(GetParam()));
  if (graph.layers.empty()) return;
  reduce_crossings(graph);
  const detail::NodeSizes sizes{140, 24};
  for (const auto& x : {place_along_layers(graph, sizes), place_narrowly(graph, sizes)}) {
    for (const auto& layer : graph.layers) {
      for (std::size_t i = 1; i < layer.size(); ++i) {
        const double gap = sizes.between(graph.is_bend(layer[i - 1]), graph.is_bend(layer[i]));
        EXPECT_GE(x[layer[i]] - x[layer[i - 1]], gap - rounding);
      }
    }
  }
}

std::uint64_t crossings_after(const Shape& shape) {
  detail::LayeredGraph graph = detail::make_layers(plan_of(shape));
  reduce_crossings(graph);
  return detail::count_crossings(graph);
}

TEST(Layout, DrawsPlanarShapesWithoutCrossings) {
  for (const Shape& shape :
       {test::chain(50), test::diamond(), test::n_shape(), test::fan(30), test::binary_tree(127)}) {
    EXPECT_EQ(crossings_after(shape), 0u) << shape.name;
  }
  // Numbered so that the first order crosses.
  EXPECT_EQ(crossings_after({"mirrored", 4, {{0, 3}, {1, 2}}}), 0u);
  EXPECT_EQ(crossings_after(test::complete_bipartite(2, 2)), 1u);
  EXPECT_EQ(crossings_after(test::complete_bipartite(3, 3)), 9u);
}

TEST(Layout, OfNothingIsNothing) {
  const PlanLayout layout = lay_out(Plan());
  EXPECT_EQ(layout.width, 0);
  EXPECT_EQ(layout.height, 0);
  EXPECT_TRUE(layout.tasks.empty());
  EXPECT_EQ(layout.first_point, std::vector<std::uint32_t>{0});
}

TEST(Layout, OfOneTaskIsItsBox) {
  const PlanLayout layout = lay_out(plan_of(test::isolated(1)), {.node_width = 50, .node_height = 20});
  EXPECT_EQ(layout.width, 50);
  EXPECT_EQ(layout.height, 20);
  EXPECT_EQ(layout.tasks, (std::vector<Point>{{25, 10}}));
}

TEST(Layout, PutsParentsInTheMiddleOfTheirChildren) {
  const PlanLayout layout = lay_out(plan_of(test::binary_tree(15)));
  for (std::size_t task = 0; task < 7; ++task) {
    EXPECT_DOUBLE_EQ(layout.tasks[task].x, (layout.tasks[2 * task + 1].x + layout.tasks[2 * task + 2].x) / 2);
  }
}

TEST(Layout, DrawsAChainAsAStraightLine) {
  const PlanLayout layout = lay_out(plan_of(test::chain(100)));
  EXPECT_EQ(layout.width, 140);
  for (const Point& point : layout.points) EXPECT_EQ(point.x, 70);
}

TEST(Layout, TurnsWithTheDirection) {
  const Plan plan = plan_of(test::random_dag(40, 2, 3));
  const PlanLayout down = lay_out(plan, {.node_width = 40, .node_height = 40});
  const PlanLayout right = lay_out(plan, {.direction = DiagramDirection::right, .node_width = 40, .node_height = 40});
  EXPECT_EQ(down.width, right.height);
  EXPECT_EQ(down.height, right.width);
  for (std::size_t i = 0; i < down.points.size(); ++i) {
    EXPECT_EQ(down.points[i], (Point{right.points[i].y, right.points[i].x}));
  }
}

TEST(Layout, MovesARootToWhatItIsFor) {
  // 4 is for the end of the chain only.
  const PlanLayout layout = lay_out(plan_of({"late", 5, {{0, 1}, {1, 2}, {2, 3}, {4, 3}}}));
  EXPECT_EQ(*std::max_element(layout.layer.begin(), layout.layer.end()), 3u);
  EXPECT_EQ(std::count(layout.layer.begin(), layout.layer.end(), 0u), 1);
  EXPECT_EQ(std::count(layout.layer.begin(), layout.layer.end(), 2u), 2);
}

/// The bends of 0 end where those of 10 begin: its longest edge must not be led along these.
TEST(Layout, DrawsEdgesOverMoreThan40LayersStraight) {
  Shape shape = test::chain(60);
  shape.edge(0, 11);
  shape.edge(0, 42);
  shape.edge(10, 50);
  const Plan plan = plan_of(shape);
  const PlanLayout layout = lay_out(plan);
  const auto of_first = plan.successors(TaskId{0});
  ASSERT_EQ(of_first.size(), 3u);
  EXPECT_GT(layout.route(1).size(), 2u);
  EXPECT_EQ(layout.layer[index_of(of_first[2])], 42u);
  EXPECT_EQ(layout.route(2).size(), 2u);
}

TEST(Layout, IsNotMuchWiderThanItsWidestLayer) {
  for (const double edges : {1.4, 2.2, 5.0}) {
    const Plan plan = plan_of(test::random_dag(2000, edges, 5));
    detail::LayeredGraph graph = detail::make_layers(plan);
    EXPECT_LT(lay_out(plan).width, 2 * detail::narrowest_width(graph, {140, 24})) << edges;
  }
}

TEST(Layout, RefusesSizesThatAreNone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {-1.0, nan, infinity}) {
    EXPECT_THROW((void)lay_out(Plan(), {.node_width = bad}), UsageError);
    EXPECT_THROW((void)lay_out(Plan(), {.node_height = bad}), UsageError);
    EXPECT_THROW((void)lay_out(Plan(), {.node_gap = bad}), UsageError);
    EXPECT_THROW((void)lay_out(Plan(), {.layer_gap = bad}), UsageError);
  }
  EXPECT_NO_THROW((void)lay_out(plan_of(test::diamond()), {.node_width = 0, .node_gap = 0, .layer_gap = 0}));
}

// The limits are for sanitizers on a busy machine; releases take a fiftieth of them.

TEST(Layout, Places5000TasksWith20000EdgesInTime) {
  const Plan plan = plan_of(test::random_dag(5000, 5, 5));
  EXPECT_GE(plan.edge_count(), 20'000u);
  EXPECT_LT(seconds_of([&] { (void)lay_out(plan); }), 10);
}

TEST(Layout, Places50000TasksWith200000EdgesInTime) {
  const Plan plan = plan_of(test::random_dag(50'000, 5, 7));
  EXPECT_GE(plan.edge_count(), 200'000u);
  EXPECT_LT(seconds_of([&] { (void)lay_out(plan); }), 60);
}

TEST(Layout, PlacesAChainAndAFanOf100000TasksInTime) {
  const Plan chain = plan_of(test::chain(100'000));
  const Plan fan = plan_of(test::fan(100'000));
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(lay_out(chain).width, 140); }), 30);
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(lay_out(fan).width, 100'000 * 164.0 - 24); }), 30);
}

TEST(Layout, NeedsLittleForEdgesOver1000Layers) {
  Shape shape = test::chain(3000);
  for (std::size_t from = 0; from < 2000; ++from) {
    for (std::size_t i = 0; i < 10; ++i) shape.edge(from, from + 41 + 95 * i);
  }
  const PlanLayout layout = lay_out(plan_of(shape));
  EXPECT_LT(layout.points.size(), 3 * layout.first_point.size());
}

}  // namespace
}  // namespace baton
