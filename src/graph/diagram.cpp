// SPDX-License-Identifier: MIT
#include <baton/graph/diagram.hpp>

#include "base/characters.hpp"
#include "graph/diagram_look.hpp"

#include <array>
#include <charconv>
#include <string_view>
#include <vector>

namespace baton {

using detail::for_each_edge;
using detail::for_each_task;
using detail::Look;
using detail::StateStyle;
using detail::style_of;

namespace {

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
  out.append(digits.begin(), end);
}

void append_node(std::string& out, TaskId id) {
  out += 't';
  append_number(out, index_of(id));
}

// ---- Names ----

bool is_alphanumeric(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9');
}

/// Appends `name`, leaving ASCII characters to `append`, which gets each with the one after it:
/// printable ones, and \n for a line break.
template <typename Append>
void append_name(std::string& out, std::string_view name, Append append) {
  while (!name.empty()) {
    const detail::Character character = detail::first_character(name);
    const char c = name[0];
    const char after = name.size() > 1 ? name[1] : ' ';
    if (!character.valid || detail::is_forbidden_in_xml(character.code)) {
      out += "\uFFFD";
    } else if (character.bytes.size() > 1) {
      out += character.bytes;
    } else if (c == '\n' || (c == '\r' && !name.starts_with("\r\n"))) {
      append('\n', after);
    } else if (c == '\x7F') {
      out += "\u2421";
    } else if (c >= ' ') {
      append(c, after);
    } else if (c != '\r') {
      out += "\xE2\x90";
      out += static_cast<char>('\x80' + c);
    }
    name.remove_prefix(character.bytes.size());
  }
}

/// As a quoted string in DOT, where Graphviz replaces escapes and XML entities.
void append_dot_text(std::string& out, std::string_view text) {
  append_name(out, text, [&](char c, char) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  });
}

/// As a quoted string in Mermaid, which looks for Markdown, HTML, formulas, icons and links there.
/// So punctuation is given by number, except in the middle of a word such as `load-orders.csv`.
void append_mermaid_text(std::string& out, std::string_view text) {
  append_name(out, text, [&](char c, char after) {
    const bool joins = c == '-' || c == '_' || c == '.';
    const bool in_word = is_alphanumeric(out.back()) && is_alphanumeric(after);
    if (c == '\n') {
      out += "<br/>";
    } else if (is_alphanumeric(c) || c == ' ' || c == ',' || (joins && in_word)) {
      out += c;
    } else {
      out += '#';
      append_number(out, static_cast<unsigned char>(c));
      out += ';';
    }
  });
}

/// As a quoted string in YAML.
void append_yaml_text(std::string& out, std::string_view text) {
  append_name(out, text, [&](char c, char) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  });
}

}  // namespace

std::string to_dot(const Plan& plan, DiagramOptions options) {
  const Look look(plan, options);
  std::string out = "digraph {\n";
  if (!plan.name().empty()) {
    out += "  label=\"";
    append_dot_text(out, plan.name());
    out += "\";\n  labelloc=t;\n";
  }
  if (options.direction == DiagramDirection::right) out += "  rankdir=LR;\n";
  out += "  node [shape=box, style=\"rounded,filled\", fillcolor=white];\n";
  for_each_task(plan, [&](TaskId id) {
    const StateStyle* style = look.find_style(id);
    out += "  ";
    append_node(out, id);
    out += " [label=\"";
    if (style != nullptr) out.append(style->sign).append(" ");
    append_dot_text(out, plan.task_name(id));
    out += '"';
    if (style != nullptr) out.append(", fillcolor=\"").append(style->fill).append("\"");
    if (look.is_thick(id)) out += ", penwidth=3";
    out += "];\n";
  });
  for_each_edge(plan, [&](TaskId from, TaskId to) {
    out += "  ";
    append_node(out, from);
    out += " -> ";
    append_node(out, to);
    if (look.is_thick(from, to)) out += " [penwidth=3]";
    out += ";\n";
  });
  return out + "}\n";
}

std::string to_mermaid(const Plan& plan, DiagramOptions options) {
  const Look look(plan, options);
  std::string out;
  if (!plan.name().empty()) {
    out += "---\ntitle: \"";
    append_yaml_text(out, plan.name());
    out += "\"\n---\n";
  }
  out += options.direction == DiagramDirection::right ? "flowchart LR\n" : "flowchart TB\n";
  std::array<bool, task_state_count> used{};
  for_each_task(plan, [&](TaskId id) {
    const StateStyle* style = look.find_style(id);
    out += "  ";
    append_node(out, id);
    out += "[\"";
    if (style != nullptr) out.append(style->sign).append(" ");
    append_mermaid_text(out, plan.task_name(id));
    out += "\"]";
    if (style != nullptr) {
      const TaskState state = options.states[index_of(id)];
      out.append(":::").append(to_string(state));
      used[static_cast<std::size_t>(state)] = true;
    }
    out += '\n';
  });
  for_each_edge(plan, [&](TaskId from, TaskId to) {
    out += "  ";
    append_node(out, from);
    out += look.is_thick(from, to) ? " ==> " : " --> ";
    append_node(out, to);
    out += '\n';
  });
  for_each_task(plan, [&](TaskId id) {
    if (!look.is_thick(id)) return;
    out += "  style ";
    append_node(out, id);
    out += " stroke-width:4px\n";
  });
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    const auto state = static_cast<TaskState>(i);
    out.append("  classDef ").append(to_string(state));
    out.append(" fill:").append(style_of(state).fill).append(",color:#000\n");
  }
  return out;
}

}  // namespace baton
