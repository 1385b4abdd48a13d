// SPDX-License-Identifier: MIT
#include "base/characters.hpp"
#include "graph/diagram_look.hpp"

#include <baton/graph/layout.hpp>

#include <array>
#include <charconv>
#include <cmath>

namespace baton {
namespace {

using detail::Look;

constexpr double margin = 16;
constexpr double title_height = 28;
constexpr std::size_t label_columns = 18;      // what a box holds
constexpr std::size_t most_labelled = 10'000;  // tasks; beyond that nobody reads them, and the file grows

/// To a tenth, which is finer than a screen.
void append_number(std::string& out, double number) {
  const long tenths = std::lround(number * 10);
  out += std::to_string(tenths / 10);
  if (tenths % 10 != 0) out.append(".").append(std::to_string(std::abs(tenths % 10)));
}

void append_character(std::string& out, const detail::Character& character) {
  if (!character.valid || detail::is_control(character.code) || detail::is_forbidden_in_xml(character.code)) {
    out += "\uFFFD";
  } else if (character.code == U'&') {
    out += "&amp;";
  } else if (character.code == U'<') {
    out += "&lt;";
  } else if (character.code == U'>') {
    out += "&gt;";
  } else {
    out += character.bytes;
  }
}

void append_text(std::string& out, std::string_view text) {
  detail::for_each_character(text, [&](const detail::Character& character) { append_character(out, character); });
}

/// As much of `text` as fits into `columns`, with an ellipsis where something is missing.
void append_short_text(std::string& out, std::string_view text, std::size_t columns) {
  std::size_t length = 0;
  detail::for_each_character(text, [&](const detail::Character&) { ++length; });
  std::size_t at = 0;
  detail::for_each_character(text, [&](const detail::Character& character) {
    if (length <= columns || at + 1 < columns) append_character(out, character);
    ++at;
  });
  if (length > columns) out += "\u2026";
}

constexpr std::string_view style = R"(<style>
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 15px; font-weight: 600; }
rect { fill: #ffffff; stroke: #8c959f; }
path { fill: none; stroke: #8c959f; }
.path { stroke: #bc4c00; stroke-width: 2.5; }
@media (prefers-color-scheme: dark) {
  .title { fill: #e6edf3; }
  rect.plain { fill: #c9d1d9; }
  path { stroke: #6e7681; }
  .path { stroke: #ffa657; }
}
)";

class Svg {
 public:
  Svg(const Plan& plan, const DiagramOptions& options) : plan_(plan), look_(plan, options), options_(options) {
    layout_options_.direction = options.direction;
    layout_ = lay_out(plan, layout_options_);
  }

  std::string draw() {
    begin();
    append_edges(false);
    append_edges(true);
    for (std::uint32_t task = 0; task < plan_.size(); ++task) append_task(TaskId{task});
    return std::move(out_ += "</svg>\n");
  }

 private:
  [[nodiscard]] double top() const { return margin + (plan_.name().empty() ? 0 : title_height); }

  void begin() {
    out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 ";
    append_number(out_, layout_.width + 2 * margin);
    out_ += ' ';
    append_number(out_, layout_.height + margin + top());
    out_ += "\" width=\"";
    append_number(out_, layout_.width + 2 * margin);
    out_ += "\" height=\"";
    append_number(out_, layout_.height + margin + top());
    out_ += "\">\n<title>";
    append_text(out_, plan_.name().empty() ? "workflow" : plan_.name());
    out_ += "</title>\n";
    out_ += style;
    for (std::size_t state = 0; state < task_state_count && !options_.states.empty(); ++state) {
      const auto task_state = static_cast<TaskState>(state);
      out_.append(".").append(to_string(task_state)).append(" { fill: ");
      out_.append(detail::style_of(task_state).fill).append("; }\n");
    }
    out_ +=
        "</style>\n<defs><marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" "
        "markerHeight=\"7\" orient=\"auto\"><path d=\"M1 1 7 4 1 7\"/></marker></defs>\n";
    if (plan_.name().empty()) return;
    out_ += "<text class=\"title\" x=\"";
    append_number(out_, margin);
    out_ += "\" y=\"";
    append_number(out_, margin + 12);
    out_ += "\">";
    append_text(out_, plan_.name());
    out_ += "</text>\n";
  }

  void append_marker(std::string_view id, std::string_view look) {
    out_.append("<marker id=\"").append(id).append("\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" ");
    out_.append("markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path").append(look);
    out_ += " d=\"M1 1 7 4 1 7\"/></marker>";
  }

  void append_point(const Point& point) {
    append_number(out_, point.x + margin);
    out_ += ' ';
    append_number(out_, point.y + top());
  }

  /// A line that leaves and arrives across the layers, and bends softly.
  void append_curve(const Point& from, const Point& to) {
    const bool down = options_.direction == DiagramDirection::down;
    const double middle = down ? (from.y + to.y) / 2 : (from.x + to.x) / 2;
    if (down ? from.x == to.x : from.y == to.y) {
      out_ += 'L';
      return append_point(to);
    }
    out_ += 'C';
    append_point(down ? Point{from.x, middle} : Point{middle, from.y});
    out_ += ' ';
    append_point(down ? Point{to.x, middle} : Point{middle, to.y});
    out_ += ' ';
    append_point(to);
  }

  /// Thick ones come last, to lie above the others.
  void append_edges(bool thick) {
    std::size_t edge = 0;
    detail::for_each_edge(plan_, [&](TaskId from, TaskId to) {
      const auto points = layout_.route(edge++);
      if (look_.is_thick(from, to) != thick) return;
      out_ +=
          thick ? "<path class=\"path\" marker-end=\"url(#thick)\" d=\"M" : "<path marker-end=\"url(#arrow)\" d=\"M";
      append_point(points[0]);
      for (std::size_t at = 1; at < points.size(); ++at) append_curve(points[at - 1], points[at]);
      out_ += "\"/>\n";
    });
  }

  void append_task(TaskId id) {
    const Point centre = layout_.tasks[index_of(id)];
    const std::string name = plan_.task_name(id);
    const detail::StateStyle* const state = look_.find_style(id);
    out_ += "<g><title>";
    append_text(out_, name);
    if (state != nullptr) out_.append(": ").append(to_string(options_.states[index_of(id)]));
    out_ += "</title><rect rx=\"6\" class=\"";
    out_ += state != nullptr ? to_string(options_.states[index_of(id)]) : std::string_view("plain");
    if (look_.is_thick(id)) out_ += " path";
    out_ += "\" x=\"";
    append_number(out_, centre.x - layout_options_.node_width / 2 + margin);
    out_ += "\" y=\"";
    append_number(out_, centre.y - layout_options_.node_height / 2 + top());
    out_ += "\" width=\"";
    append_number(out_, layout_options_.node_width);
    out_ += "\" height=\"";
    append_number(out_, layout_options_.node_height);
    out_ += "\"/>";
    if (plan_.size() <= most_labelled) {
      out_ += "<text text-anchor=\"middle\" x=\"";
      append_number(out_, centre.x + margin);
      out_ += "\" y=\"";
      append_number(out_, centre.y + top() + 4);
      out_ += "\">";
      if (state != nullptr) out_.append(state->sign).append(" ");
      append_short_text(out_, name, state != nullptr ? label_columns - 2 : label_columns);
      out_ += "</text>";
    }
    out_ += "</g>\n";
  }

  const Plan& plan_;
  const Look look_;
  const DiagramOptions options_;
  LayoutOptions layout_options_;
  PlanLayout layout_;
  std::string out_;
};

}  // namespace

std::string to_svg(const Plan& plan, DiagramOptions options) { return Svg(plan, options).draw(); }

}  // namespace baton
