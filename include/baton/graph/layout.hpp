// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/graph/diagram.hpp>
#include <baton/graph/plan.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace baton {

/// A point of a drawing; y grows downwards. The unit is what LayoutOptions gives sizes in, pixels for instance.
struct Point {
  double x = 0;  ///< From the left.
  double y = 0;  ///< From the top.
  friend bool operator==(const Point&, const Point&) = default;
};

/// What a layout has to keep to.
struct LayoutOptions {
  /// Where the successors of a task are drawn.
  DiagramDirection direction = DiagramDirection::down;
  double node_width = 140;  ///< Of the box of a task.
  double node_height = 36;  ///< Of the box of a task.
  double node_gap = 24;     ///< Between neighbours of a layer, at least.
  double layer_gap = 48;    ///< Between the boxes of one layer and those of the next.
};

/// Where each task of a plan is drawn, and each edge.
///
/// Tasks stand in layers, each in a later one than its predecessors. Boxes do not overlap, and all lie between 0 and
/// `width`, and 0 and `height`.
struct PlanLayout {
  double width = 0;                  ///< Of the drawing.
  double height = 0;                 ///< Of the drawing.
  std::vector<Point> tasks;          ///< The centre of each box, by id.
  std::vector<std::uint32_t> layer;  ///< Of each task, by id.
  /// The bends of all edges, by their first task, then by their second; see `route`.
  std::vector<Point> points;
  std::vector<std::uint32_t> first_point;  ///< Where the points of each edge begin; one more than there are edges.

  /// The line of an edge, from the border of its first box to the border of its second; at least two points.
  /// @param edge  Its place among all edges, ordered by their first task, then by their second.
  [[nodiscard]] std::span<const Point> route(std::size_t edge) const {
    return {points.data() + first_point[edge], first_point[edge + 1] - first_point[edge]};
  }
};

/// Places the tasks of a plan for drawing, after Sugiyama, Tagawa and Toda, "Methods for visual understanding of
/// hierarchical system structures", IEEE SMC 11 (1981): layers by the longest path, order within a layer by barycenters
/// as long as crossings get fewer, positions after Brandes and Köpf, "Fast and simple horizontal coordinate
/// assignment", GD 2001. Where many long edges make these much wider than the widest layer, positions are instead those
/// with the least squared distances between neighbours: hardly wider, with more bends.
///
/// An edge over more than one layer is led around the boxes between; one over more than 40, or where there are very
/// many such edges, is drawn straight. A layer is as wide as its tasks need: 100,000 tasks without order make a long
/// row.
///
/// Deterministic and thread-safe. 5,000 tasks with 20,000 edges take a fraction of a second, 50,000 with 200,000 some
/// seconds.
[[nodiscard]] BATON_API PlanLayout lay_out(const Plan& plan, const LayoutOptions& options = {});

}  // namespace baton
