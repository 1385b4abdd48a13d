// SPDX-License-Identifier: MIT
#include "observe/report_data.hpp"

#include <baton/graph/layout.hpp>
#include <baton/observe/text.hpp>

#include "base/characters.hpp"
#include "graph/diagram_look.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <optional>

namespace baton::detail {
namespace {

/// Writes JSON piece by piece. Tens of thousands of tasks are too many to build a tree of values first.
class JsonText {
 public:
  void key(std::string_view name) {
    if (text_.size() > 1) text_ += ',';
    text_ += '"';
    text_ += name;
    text_ += "\":";
  }
  template <std::integral Number>
  void add(Number number) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    text_.append(digits.data(), end);
  }
  void add(std::string_view text) {
    text_ += '"';
    for_each_character(text, [&](const Character& character) { add_character(character); });
    text_ += '"';
  }
  void add(std::optional<std::int64_t> number) { number ? add(*number) : static_cast<void>(text_ += "null"); }

  /// One array under `name`: what `value(i)` gives for each i below `count`.
  template <typename Value>
  void list(std::string_view name, std::size_t count, Value value) {
    key(name);
    text_ += '[';
    for (std::size_t i = 0; i < count; ++i) {
      if (i != 0) text_ += ',';
      add(value(i));
    }
    text_ += ']';
  }

  [[nodiscard]] std::string finish() && { return std::move(text_ += '}'); }

 private:
  void add_character(const Character& character) {
    // Whatever could end the script element, or a line of it, is written by its number.
    constexpr std::string_view hex = "0123456789abcdef";
    const char32_t code = character.valid ? character.code : U'\uFFFD';
    const bool plain = code >= 0x20 && code != U'<' && code != U'>' && code != U'&' && code != U'"' && code != U'\\' &&
                       code != 0x2028 && code != 0x2029;
    if (plain) {
      text_ += character.valid ? character.bytes : std::string_view("\uFFFD");
      return;
    }
    text_ += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) text_ += hex[(code >> static_cast<unsigned>(shift)) & 0xFU];
  }

  std::string text_ = "{";
};

constexpr double box_width = 150;
constexpr double box_height = 28;

/// Where the graph is drawn.
struct Placing {
  double width = 0;
  double height = 0;
  std::vector<Point> tasks;  ///< The centre of each box, by id.
  std::vector<Point> bends;  ///< Of all edges, without their two ends.
  std::vector<std::size_t>
      bend_at;  ///< Where the bends of each edge begin, and the end; empty: all edges are straight.
};

/// Levels from left to right, each as a block of as many columns as give the whole a shape that fits a screen.
Placing place_in_blocks(const Plan& plan) {
  constexpr double column = box_width + 24;
  constexpr double row = box_height + 10;
  constexpr double shape = 2.5;  // width to height
  const std::vector<std::uint32_t> level = levels(plan);
  std::vector<std::size_t> size(depth(plan), 0);
  for (const std::uint32_t of_task : level) ++size[of_task];
  const double area = static_cast<double>(plan.size()) * column * row;
  const auto rows = std::max<std::size_t>(1, static_cast<std::size_t>(std::sqrt(area / shape) / row));

  Placing placing;
  std::vector<double> left;
  left.reserve(size.size());
  for (const std::size_t tasks : size) {
    left.push_back(placing.width);
    const std::size_t columns = (tasks + rows - 1) / rows;
    placing.width += static_cast<double>(columns) * column + box_width / 2;
  }
  placing.height = static_cast<double>(rows) * row;
  placing.tasks.reserve(plan.size());
  std::vector<std::size_t> placed(size.size(), 0);
  for (const std::uint32_t of_task : level) {
    const std::size_t at = placed[of_task]++;
    const std::size_t columns_before = at / rows;
    placing.tasks.push_back({left[of_task] + static_cast<double>(columns_before) * column + box_width / 2,
                             static_cast<double>(at % rows) * row + box_height / 2});
  }
  return placing;
}

/// Takes over what `lay_out` found; where it bent no edge, or so many that the page would get heavy, all are straight.
Placing placing_of(const PlanLayout& layout, std::size_t edges) {
  constexpr std::size_t most_bends = 60'000;
  Placing placing{layout.width, layout.height, layout.tasks, {}, {}};
  if (layout.points.size() == 2 * edges || layout.points.size() > most_bends + 2 * edges) return placing;
  placing.bend_at.reserve(edges + 1);
  placing.bends.reserve(layout.points.size());
  for (std::size_t edge = 0; edge < edges; ++edge) {
    placing.bend_at.push_back(placing.bends.size());
    const std::span<const Point> route = layout.route(edge);
    placing.bends.insert(placing.bends.end(), route.begin() + 1, route.end() - 1);
  }
  placing.bend_at.push_back(placing.bends.size());
  return placing;
}

/// By a layered layout; where that would take long, or make a ribbon that nobody can look at, in blocks.
Placing positions_of(const Plan& plan) {
  constexpr std::size_t most_tasks = 20'000;
  constexpr std::size_t most_edges = 100'000;
  constexpr double longest_ribbon = 15;
  if (plan.empty()) return {};
  if (plan.size() > most_tasks || plan.edge_count() > most_edges) return place_in_blocks(plan);
  const PlanLayout layout = lay_out(plan, {.direction = DiagramDirection::right,
                                           .node_width = box_width,
                                           .node_height = box_height,
                                           .node_gap = 12,
                                           .layer_gap = 56});
  // A long chain is a ribbon however it is placed; a level of many tasks need not be.
  if (layout.height > layout.width * longest_ribbon) return place_in_blocks(plan);
  return placing_of(layout, plan.edge_count());
}

/// What times are counted from: the start, or what is known to be first where the recording came later than that.
TimePoint origin_of(const Snapshot& record) {
  if (record.started) return *record.started;
  TimePoint first = record.taken.value_or(record.ended.value_or(TimePoint::max()));
  for (const TaskTiming& task : record.tasks) {
    for (const auto& time : {task.ready, task.started, task.ended}) first = std::min(first, time.value_or(first));
  }
  return first == TimePoint::max() ? TimePoint{} : first;
}

std::optional<std::int64_t> since(TimePoint origin, std::optional<TimePoint> time) {
  if (!time) return std::nullopt;
  return std::int64_t{(*time - origin).count()};
}

void add_run(JsonText& json, const Snapshot& record, TimePoint origin) {
  json.key("workflow");
  json.add(one_line(record.plan.name()));
  json.key("run");
  json.add(std::to_string(record.run));
  json.key("state");
  json.add(to_string(record.state));
  json.key("taken");
  json.add(since(origin, record.taken));
  json.key("ended");
  json.add(since(origin, record.ended));
  const auto state = [](std::size_t i) { return static_cast<TaskState>(i); };
  json.list("states", task_state_count, [&](std::size_t i) { return to_string(state(i)); });
  json.list("signs", task_state_count, [&](std::size_t i) { return style_of(state(i)).sign; });
}

void add_tasks(JsonText& json, const Snapshot& record, TimePoint origin) {
  const std::size_t count = record.tasks.size();
  const auto task = [&](std::size_t i) -> const TaskTiming& { return record.tasks[i]; };
  json.list("name", count, [&](std::size_t i) { return one_line(record.plan.task_name(static_cast<TaskId>(i))); });
  json.list("task_state", count, [&](std::size_t i) { return static_cast<unsigned>(task(i).state); });
  json.list("ready", count, [&](std::size_t i) { return since(origin, task(i).ready); });
  json.list("started", count, [&](std::size_t i) { return since(origin, task(i).started); });
  json.list("parked", count, [&](std::size_t i) { return since(origin, task(i).parked); });
  json.list("task_ended", count, [&](std::size_t i) { return since(origin, task(i).ended); });
  json.list("worker", count, [&](std::size_t i) { return task(i).worker; });
  json.list("attempt", count, [&](std::size_t i) { return task(i).attempt; });
}

/// Tasks of which something is known that is not known of most.
void add_reasons(JsonText& json, const Snapshot& record) {
  std::vector<std::size_t> waiting;
  for (std::size_t i = 0; i < record.tasks.size(); ++i) {
    if (record.tasks[i].reason != WaitReason::none) waiting.push_back(i);
  }
  json.list("waiting_task", waiting.size(), [&](std::size_t i) { return waiting[i]; });
  json.list("waits_for", waiting.size(), [&](std::size_t i) { return to_string(record.tasks[waiting[i]].reason); });
}

void add_findings(JsonText& json, const Snapshot& record, const ReportFindings& findings) {
  const auto& errors = record.errors;
  json.list("failed_task", errors.size(), [&](std::size_t i) { return index_of(errors[i].task); });
  json.list("error", errors.size(), [&](std::size_t i) { return displayed(errors[i].message); });
  std::vector<std::size_t> omitted;
  for (std::size_t i = 0; i < findings.cause.size(); ++i) {
    if (findings.cause[i] != ReportFindings::no_cause) omitted.push_back(i);
  }
  json.list("omitted_task", omitted.size(), [&](std::size_t i) { return omitted[i]; });
  json.list("cause", omitted.size(), [&](std::size_t i) { return findings.cause[omitted[i]]; });
  const auto& path = findings.critical.tasks;
  json.list("critical", path.size(), [&](std::size_t i) { return index_of(path[i]); });
}

void add_graph(JsonText& json, const Plan& plan) {
  const auto id = [](std::size_t i) { return static_cast<TaskId>(i); };
  json.list("successors", plan.size(), [&](std::size_t i) { return plan.successors(id(i)).size(); });
  std::vector<TaskId> to;
  to.reserve(plan.edge_count());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const std::span<const TaskId> successors = plan.successors(id(i));
    to.insert(to.end(), successors.begin(), successors.end());
  }
  json.list("to", to.size(), [&](std::size_t i) { return index_of(to[i]); });

  const Placing placing = positions_of(plan);
  const auto size = std::array{box_width, box_height, placing.width, placing.height};
  json.list("size", size.size(), [&](std::size_t i) { return std::lround(size[i]); });
  json.list("x", plan.size(), [&](std::size_t i) { return std::lround(placing.tasks[i].x); });
  json.list("y", plan.size(), [&](std::size_t i) { return std::lround(placing.tasks[i].y); });
  json.list("bend_at", placing.bend_at.size(), [&](std::size_t i) { return placing.bend_at[i]; });
  json.list("bend_x", placing.bends.size(), [&](std::size_t i) { return std::lround(placing.bends[i].x); });
  json.list("bend_y", placing.bends.size(), [&](std::size_t i) { return std::lround(placing.bends[i].y); });
}

/// The task that `id`, which is omitted, hangs on; nothing where no predecessor tells.
std::size_t cause_of(const Snapshot& record, const std::vector<std::size_t>& known, TaskId id) {
  for (const TaskId before : record.plan.predecessors(id)) {
    const TaskState state = record.tasks[index_of(before)].state;
    if (state == TaskState::failed || state == TaskState::cancelled) return index_of(before);
    if (known[index_of(before)] != ReportFindings::no_cause) return known[index_of(before)];
  }
  return ReportFindings::no_cause;
}

}  // namespace

ReportFindings look_into(const Snapshot& record) {
  const std::size_t count = record.tasks.size();
  ReportFindings findings{critical_path(record), std::vector(count, ReportFindings::no_cause),
                          std::vector<std::size_t>(count, 0)};
  for (const TaskId id : record.plan.topological_order()) {
    if (record.tasks[index_of(id)].state != TaskState::omitted) continue;
    const std::size_t cause = cause_of(record, findings.cause, id);
    findings.cause[index_of(id)] = cause;
    if (cause != ReportFindings::no_cause) ++findings.omitted[cause];
  }
  return findings;
}

std::string displayed(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for_each_character(text, [&](const Character& character) {
    const bool layout = character.code == U'\n' || character.code == U'\t';
    if (character.valid && (layout || !is_control(character.code))) {
      shown += character.bytes;
    } else {
      shown += one_line(character.bytes);
    }
  });
  return shown;
}

std::string to_report_data(const Snapshot& record, const ReportFindings& findings) {
  const TimePoint origin = origin_of(record);
  JsonText json;
  add_run(json, record, origin);
  add_tasks(json, record, origin);
  add_reasons(json, record);
  add_findings(json, record, findings);
  add_graph(json, record.plan);
  return std::move(json).finish();
}

}  // namespace baton::detail
