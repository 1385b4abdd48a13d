// SPDX-License-Identifier: MIT
#include <baton/graph/diagram.hpp>

#include <baton/base/error.hpp>

#include <array>
#include <charconv>
#include <string_view>
#include <vector>

namespace baton {
namespace {

struct StateStyle {
  std::string_view sign;
  std::string_view fill;  // light enough for black text
};

constexpr std::array<StateStyle, task_state_count> state_styles{{
    {"○", "#f5f5f5"},  // pending
    {"…", "#fff3c4"},  // waiting
    {"◎", "#e0ecff"},  // ready
    {"►", "#9cc9ff"},  // running
    {"✓", "#b7e4c0"},  // succeeded
    {"✗", "#ffb3ad"},  // failed
    {"»", "#e6e0f0"},  // skipped
    {"⊘", "#d0d0d0"},  // omitted
    {"■", "#f7d6b5"},  // cancelled
}};

const StateStyle& style_of(TaskState state) {
  const auto index = static_cast<std::size_t>(state);
  return state_styles[index];
}

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

/// The bytes of the UTF-8 character that `text` begins with; 0 where it begins with none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    if (i >= text.size()) return 0;
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Narrower where it could be written shorter, is a surrogate, or lies beyond Unicode.
  const unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < lowest || byte(1) > highest) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

/// Whether a character of several bytes must not stand in XML, which diagrams become.
bool is_forbidden(std::string_view character) {
  return (character[0] == '\xC2' && character[1] < '\xA0') || character == "\xEF\xBF\xBE" ||
         character == "\xEF\xBF\xBF";
}

bool is_alphanumeric(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9');
}

/// Appends `name`, leaving ASCII characters to `append`, which gets each with the one after it:
/// printable ones, and \n for a line break.
template <typename Append>
void append_name(std::string& out, std::string_view name, Append append) {
  while (!name.empty()) {
    const std::size_t length = utf8_length(name);
    const char c = name[0];
    const char after = name.size() > 1 ? name[1] : ' ';
    if (length == 0 || (length > 1 && is_forbidden(name.substr(0, length)))) {
      out += "\uFFFD";
    } else if (length > 1) {
      out += name.substr(0, length);
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
    name.remove_prefix(length == 0 ? 1 : length);
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

// ---- Options ----

/// The options, checked and by task.
class Look {
 public:
  Look(const Plan& plan, const DiagramOptions& options)
      : states_(options.states), next_(options.highlighted.empty() ? 0 : plan.size(), off_path) {
    if (!states_.empty() && states_.size() != plan.size()) {
      const std::string tasks = std::to_string(plan.size()) + " tasks";
      const std::string given = std::to_string(states_.size());
      throw UsageError("a diagram of " + tasks + " needs as many states, " + given + " were given");
    }
    for (const TaskId id : options.highlighted) {
      if (index_of(id) >= plan.size()) throw_not_in(plan, id);
      next_[index_of(id)] = path_end;
    }
    for (std::size_t i = 1; i < options.highlighted.size(); ++i) {
      next_[index_of(options.highlighted[i - 1])] = index_of(options.highlighted[i]);
    }
  }

  [[nodiscard]] const StateStyle* find_style(TaskId id) const {
    return states_.empty() ? nullptr : &style_of(states_[index_of(id)]);
  }
  [[nodiscard]] bool is_thick(TaskId id) const {
    return !next_.empty() && next_[index_of(id)] != off_path;  // on the path
  }
  [[nodiscard]] bool is_thick(TaskId from, TaskId to) const {
    return !next_.empty() && next_[index_of(from)] == index_of(to);
  }

 private:
  [[noreturn]] static void throw_not_in(const Plan& plan, TaskId id) {
    const std::string tasks = std::to_string(plan.size()) + " tasks";
    const std::string number = std::to_string(index_of(id));
    throw UsageError("task id " + number + " is not in a plan of " + tasks);
  }

  static constexpr std::size_t off_path = SIZE_MAX;
  static constexpr std::size_t path_end = SIZE_MAX - 1;

  std::span<const TaskState> states_;
  std::vector<std::size_t> next_;  // by task, on the path; empty without one
};

/// Calls `visit` with each task in order of id.
template <typename Visit>
void for_each_task(const Plan& plan, Visit visit) {
  for (std::size_t task = 0; task < plan.size(); ++task) visit(static_cast<TaskId>(task));
}

/// Calls `visit` with both ends of each edge, in order of id.
template <typename Visit>
void for_each_edge(const Plan& plan, Visit visit) {
  for_each_task(plan, [&](TaskId from) {
    for (const TaskId to : plan.successors(from)) visit(from, to);
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
