// SPDX-License-Identifier: MIT
#include <baton/graph/layout.hpp>

#include <baton/base/error.hpp>

#include "graph/layered_graph.hpp"

#include <algorithm>
#include <cmath>

namespace baton {
namespace {

/// Turns places along and across the layers into points of the drawing.
class Drawing {
 public:
  Drawing(const Plan& plan, const detail::LayeredGraph& graph, const LayoutOptions& options)
      : plan_(plan), graph_(graph), down_(options.direction == DiagramDirection::down), options_(options) {
    const double along = down_ ? options.node_width : options.node_height;
    along_ = place_along_layers(graph, {along, options.node_gap});
  }

  PlanLayout draw() {
    PlanLayout layout;
    layout.layer.assign(graph_.layer.begin(), graph_.layer.begin() + graph_.task_count);
    layout.tasks.reserve(graph_.task_count);
    double most_along = 0;
    for (std::uint32_t task = 0; task < graph_.task_count; ++task) {
      layout.tasks.push_back(point(along_[task], across(task)));
      most_along = std::max(most_along, along_[task] + box_along() / 2);
    }
    for (std::uint32_t bend = graph_.task_count; bend < graph_.node_count(); ++bend) {
      most_along = std::max(most_along, along_[bend]);
    }
    const double depth = static_cast<double>(graph_.layers.size());
    const Point corner =
        point(most_along, std::max(0.0, depth * (box_across() + options_.layer_gap) - options_.layer_gap));
    layout.width = corner.x;
    layout.height = corner.y;
    draw_edges(layout);
    return layout;
  }

 private:
  [[nodiscard]] double box_along() const { return down_ ? options_.node_width : options_.node_height; }
  [[nodiscard]] double box_across() const { return down_ ? options_.node_height : options_.node_width; }
  [[nodiscard]] double across(std::uint32_t node) const {
    return graph_.layer[node] * (box_across() + options_.layer_gap) + box_across() / 2;
  }
  [[nodiscard]] Point point(double along, double across) const {
    return down_ ? Point{along, across} : Point{across, along};
  }

  void draw_edges(PlanLayout& layout) {
    layout.first_point.reserve(plan_.edge_count() + 1);
    layout.first_point.push_back(0);
    for (std::uint32_t task = 0; task < graph_.task_count; ++task) {
      for (const TaskId successor : plan_.successors(TaskId{task})) {
        draw_edge(layout.points, task, static_cast<std::uint32_t>(successor));
        layout.first_point.push_back(static_cast<std::uint32_t>(layout.points.size()));
      }
    }
  }

  void draw_edge(std::vector<Point>& points, std::uint32_t from, std::uint32_t to) const {
    points.push_back(point(along_[from], across(from) + box_across() / 2));
    const std::uint32_t bends = bends_between(from, to);
    const double half = box_across() / 2;
    for (std::uint32_t at = 0; at < bends; ++at) {
      // Straight between the boxes of a layer, so that it touches none; and on, as long as it does not bend.
      const std::uint32_t bend = graph_.first_bend[from] + at;
      const bool goes_on = at > 0 && along_[bend] == along_[bend - 1];
      if (goes_on) points.pop_back();
      if (!goes_on) points.push_back(point(along_[bend], across(bend) - half));
      points.push_back(point(along_[bend], across(bend) + half));
    }
    points.push_back(point(along_[to], across(to) - box_across() / 2));
  }

  [[nodiscard]] std::uint32_t bends_between(std::uint32_t from, std::uint32_t to) const {
    const std::uint32_t wanted = graph_.layer[to] - graph_.layer[from] - 1;
    return wanted <= graph_.bend_count[from] ? wanted : 0;  // the chain ends before: the edge goes straight
  }

  const Plan& plan_;
  const detail::LayeredGraph& graph_;
  const bool down_;
  const LayoutOptions options_;
  std::vector<double> along_;
};

void check(const LayoutOptions& options) {
  const auto good = [](double size) { return std::isfinite(size) && size >= 0; };
  if (!good(options.node_width) || !good(options.node_height) || !good(options.node_gap) || !good(options.layer_gap)) {
    throw UsageError("lay_out: sizes and gaps must be finite numbers that are not negative");
  }
}

}  // namespace

PlanLayout lay_out(const Plan& plan, const LayoutOptions& options) {
  check(options);
  if (plan.empty()) {
    PlanLayout nothing;
    nothing.first_point = {0};
    return nothing;
  }
  detail::LayeredGraph graph = detail::make_layers(plan);
  reduce_crossings(graph);
  return Drawing(plan, graph, options).draw();
}

}  // namespace baton
