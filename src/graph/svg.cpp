// SPDX-License-Identifier: MIT
#include "graph/diagram_look.hpp"
#include "graph/svg_text.hpp"

#include <baton/graph/layout.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

namespace baton {
namespace {

using detail::Look;

constexpr double margin = 16;
constexpr double title_height = 28;
constexpr int label_room = 1100;           // hundredths of its font's size; what a box holds
constexpr std::size_t most_full = 10'000;  // tasks; beyond that nobody reads names, and the file grows
constexpr std::size_t most_full_edges = 30'000;

// Everything is told from what else may be on a page, into which the picture may be pasted.
constexpr std::string_view style = R"(<style>
.baton-plan { color-scheme: light dark; }
.baton-plan text { font: 12px system-ui, sans-serif; fill: #1f2328; text-anchor: middle; }
.baton-plan .name { font-size: 15px; font-weight: 600; text-anchor: start; }
.baton-plan .task { fill: #ffffff; stroke: #8c959f; }
.baton-plan .edge { fill: none; stroke: #8c959f; }
.baton-plan .path { stroke: #8a3ffc; stroke-width: 2.5; }
)";
constexpr std::string_view dark_style = R"(@media (prefers-color-scheme: dark) {
  .baton-plan .name { fill: #e6edf3; }
  .baton-plan .plain { fill: #c9d1d9; }
  .baton-plan .edge { stroke: #848d97; }
  .baton-plan .path { stroke: #b794ff; }
}
</style>
)";

/// To a tenth, which is finer than a screen.
void append_number(std::string& out, double number) {
  const long tenths = std::lround(number * 10);
  if (tenths < 0) out += '-';
  out += std::to_string(std::abs(tenths) / 10);
  if (tenths % 10 != 0) out.append(".").append(std::to_string(std::abs(tenths % 10)));
}

using Route = std::span<const Point>;

class Svg {
 public:
  Svg(const Plan& plan, const DiagramOptions& options)
      : plan_(plan),
        look_(plan, options),
        states_(options.states),
        down_(options.direction == DiagramDirection::down),
        full_(plan.size() <= most_full && plan.edge_count() <= most_full_edges) {
    layout_options_.direction = options.direction;
    if (!down_) {  // boxes are wider than high, and lines between their sides need room to bend
      layout_options_.node_gap = 12;
      layout_options_.layer_gap = 64;
    }
    layout_ = lay_out(plan, layout_options_);
  }

  std::string draw() {
    begin();
    append_edges(false);
    append_edges(true);  // above the others
    for (std::uint32_t task = 0; task < plan_.size(); ++task) append_task(TaskId{task});
    return std::move(out_ += "</svg>\n");
  }

 private:
  [[nodiscard]] double top() const { return margin + (plan_.name().empty() ? 0 : title_height); }

  void append_attribute(std::string_view name, double value) {
    out_.append(" ").append(name).append("=\"");
    append_number(out_, value);
    out_ += '"';
  }

  void begin() {
    const double width = layout_.width + 2 * margin;
    const double height = layout_.height + margin + top();
    out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"baton-plan\" role=\"img\"";
    append_attribute("width", width);
    append_attribute("height", height);
    out_ += " viewBox=\"0 0 ";
    append_number(out_, width);
    out_ += ' ';
    append_number(out_, height);
    out_ += "\">\n<title>";
    detail::append_svg_text(out_, plan_.name().empty() ? "workflow" : plan_.name());
    out_ += "</title>\n";
    append_style();
    if (full_) {
      out_ += "<defs>";
      append_marker("baton-arrow", "edge");
      append_marker("baton-path-arrow", "edge path");
      out_ += "</defs>\n";
    }
    if (plan_.name().empty()) return;
    out_ += "<text class=\"name\"";
    append_attribute("x", margin);
    append_attribute("y", margin + 12);
    out_ += '>';
    detail::append_short_svg_text(out_, plan_.name(), static_cast<int>(layout_.width / 15 * 100));
    out_ += "</text>\n";
  }

  void append_style() {
    out_ += style;
    std::array<bool, task_state_count> used{};
    for (const TaskState state : states_) used[static_cast<std::size_t>(state)] = true;
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (!used[i]) continue;
      const auto state = static_cast<TaskState>(i);
      out_.append(".baton-plan .").append(to_string(state));
      out_.append(" { fill: ").append(detail::style_of(state).fill).append("; }\n");
    }
    out_ += dark_style;
  }

  void append_marker(std::string_view id, std::string_view look) {
    out_.append("<marker id=\"").append(id);
    out_ += "\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\"";
    out_.append(" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"").append(look);
    out_ += "\" d=\"M1 1 7 4 1 7\"/></marker>";
  }

  void append_edges(bool thick) {
    std::size_t edge = 0;
    for (std::uint32_t from = 0; from < plan_.size(); ++from) {
      routes_.clear();
      for (const TaskId to : plan_.successors(TaskId{from})) {
        const Route route = layout_.route(edge++);
        if (look_.is_thick(TaskId{from}, to) == thick) routes_.push_back(route);
      }
      append_routes(thick);
    }
  }

  /// Edges of a task share the beginnings of their lines; these are drawn once.
  void append_routes(bool thick) {
    const auto less = [](const Point& a, const Point& b) { return a.x != b.x ? a.x < b.x : a.y < b.y; };
    std::sort(routes_.begin(), routes_.end(), [&](Route a, Route b) {
      return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), less);
    });
    if (!routes_.empty() && !full_) out_.append("<path class=\"edge").append(thick ? " path" : "").append("\" d=\"");
    Route before;
    for (const Route route : routes_) {
      const auto fork = std::mismatch(before.begin(), before.end(), route.begin(), route.end()).second;
      const auto shared = static_cast<std::size_t>(fork - route.begin());
      const Route rest = route.subspan(std::min(std::max<std::size_t>(shared, 1), route.size() - 1) - 1);
      if (full_) {
        append_curves(rest, thick);
      } else {
        append_lines(rest);
      }
      before = route;
    }
    if (!routes_.empty() && !full_) out_ += "\"/>\n";
  }

  void append_curves(Route route, bool thick) {
    out_ += thick ? "<path class=\"edge path\" marker-end=\"url(#baton-path-arrow)\" d=\"M"
                  : "<path class=\"edge\" marker-end=\"url(#baton-arrow)\" d=\"M";
    append_point(route[0]);
    for (std::size_t at = 1; at < route.size(); ++at) append_curve(route[at - 1], route[at]);
    out_ += "\"/>\n";
  }

  void append_point(const Point& point) {
    append_number(out_, point.x + margin);
    out_ += ' ';
    append_number(out_, point.y + top());
  }

  /// A line that leaves and arrives across the layers, and bends softly.
  void append_curve(const Point& from, const Point& to) {
    if (down_ ? from.x == to.x : from.y == to.y) {
      out_ += 'L';
      return append_point(to);
    }
    const double middle = down_ ? (from.y + to.y) / 2 : (from.x + to.x) / 2;
    out_ += 'C';
    append_point(down_ ? Point{from.x, middle} : Point{middle, from.y});
    out_ += ' ';
    append_point(down_ ? Point{to.x, middle} : Point{middle, to.y});
    out_ += ' ';
    append_point(to);
  }

  /// Short to write: straight, in whole numbers, each point from the one before.
  void append_lines(Route route) {
    long x = 0;
    long y = 0;
    for (std::size_t at = 0; at < route.size(); ++at) {
      const long next_x = std::lround(route[at].x + margin);
      const long next_y = std::lround(route[at].y + top());
      out_ += at == 0 ? 'M' : 'l';
      out_ += std::to_string(next_x - x);
      if (next_y >= y) out_ += ' ';
      out_ += std::to_string(next_y - y);
      x = next_x;
      y = next_y;
    }
  }

  void append_task(TaskId id) {
    const std::string name = plan_.task_name(id);
    const Point corner{centre_of(id).x - layout_options_.node_width / 2,
                       centre_of(id).y - layout_options_.node_height / 2};
    out_ += full_ ? "<g>" : "";
    if (full_) append_title(id, name);
    out_ += full_ ? "<rect class=\"task " : "<path class=\"task ";
    out_ += states_.empty() ? std::string_view("plain") : to_string(states_[index_of(id)]);
    out_ += look_.is_thick(id) ? " path\"" : "\"";
    if (full_) {
      append_attribute("x", corner.x);
      append_attribute("y", corner.y);
      append_attribute("width", layout_options_.node_width);
      append_attribute("height", layout_options_.node_height);
      out_ += " rx=\"6\"/>";
    } else {
      append_outline(corner);
      append_title(id, name);
      out_ += "</path>";
    }
    if (full_ || !states_.empty()) append_label(id, name);
    out_ += full_ ? "</g>\n" : "\n";
  }

  /// A box as a line, which is shorter to write.
  void append_outline(const Point& corner) {
    out_.append(" d=\"M").append(std::to_string(std::lround(corner.x)));
    out_.append(" ").append(std::to_string(std::lround(corner.y))).append("h");
    append_number(out_, layout_options_.node_width);
    out_ += 'v';
    append_number(out_, layout_options_.node_height);
    out_ += "h-";
    append_number(out_, layout_options_.node_width);
    out_ += "z\">";
  }

  [[nodiscard]] Point centre_of(TaskId id) const {
    const Point centre = layout_.tasks[index_of(id)];
    return {centre.x + margin, centre.y + top()};
  }

  void append_title(TaskId id, std::string_view name) {
    out_ += "<title>";
    detail::append_svg_text(out_, name);
    if (!states_.empty()) out_.append(": ").append(to_string(states_[index_of(id)]));
    out_ += "</title>";
  }

  /// The sign of the state, which stays where names do not fit in: nothing is told by colour alone.
  void append_label(TaskId id, std::string_view name) {
    const detail::StateStyle* const state = look_.find_style(id);
    out_ += "<text";
    append_attribute("x", full_ ? centre_of(id).x : std::round(centre_of(id).x));
    append_attribute("y", full_ ? centre_of(id).y + 4 : std::round(centre_of(id).y + 4));
    out_ += '>';
    if (state != nullptr) out_ += state->sign;
    if (full_ && state != nullptr) out_ += ' ';
    if (full_) detail::append_short_svg_text(out_, name, state != nullptr ? label_room - 130 : label_room);
    out_ += "</text>";
  }

  const Plan& plan_;
  const Look look_;
  const std::span<const TaskState> states_;
  const bool down_;
  const bool full_;  // with names, curves and arrows
  LayoutOptions layout_options_;
  PlanLayout layout_;
  std::vector<Route> routes_;
  std::string out_;
};

}  // namespace

std::string to_svg(const Plan& plan, DiagramOptions options) { return Svg(plan, options).draw(); }

}  // namespace baton
