// SPDX-License-Identifier: MIT
#include <baton/observe/snapshot_json.hpp>

#include <baton/base/error.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string_view>

namespace baton {
namespace {

using Json = nlohmann::ordered_json;

constexpr int format = 1;

/// What times are counted from.
TimePoint origin_of(std::optional<TimePoint> started) { return started.value_or(TimePoint{}); }

Json show(std::optional<TimePoint> time, TimePoint origin) {
  if (!time) return nullptr;
  return std::int64_t{(*time - origin).count()};
}

/// What is not known is left out: most tasks of a large run lack most of it.
void add_time(Json& to, const char* name, std::optional<TimePoint> time, TimePoint origin) {
  if (time) to[name] = show(time, origin);
}

void add_timing(Json& to, const TaskTiming& task, TimePoint origin) {
  to["state"] = to_string(task.state);
  if (task.reason != WaitReason::none) to["waits_for"] = to_string(task.reason);
  if (task.attempt != 0) {
    to["attempt"] = task.attempt;
    to["worker"] = task.worker;
  }
  add_time(to, "ready_ns", task.ready, origin);
  add_time(to, "started_ns", task.started, origin);
  add_time(to, "parked_ns", task.parked, origin);
  add_time(to, "ended_ns", task.ended, origin);
}

Json show_errors(const std::vector<TaskError>& errors) {
  Json list = Json::array();
  for (const TaskError& error : errors) list.push_back({{"task", index_of(error.task)}, {"message", error.message}});
  return list;
}

Json show_ids(std::span<const TaskId> ids) {
  Json list = Json::array();
  for (const TaskId id : ids) list.push_back(index_of(id));
  return list;
}

Json show_counts(const Snapshot& snapshot) {
  Json counts = Json::object();
  for (std::size_t state = 0; state < task_state_count; ++state) {
    const auto task_state = static_cast<TaskState>(state);
    counts[std::string(to_string(task_state))] = snapshot.count(task_state);
  }
  return counts;
}

Json show_tasks(const Snapshot& snapshot, const PlanLayout* layout) {
  const TimePoint origin = origin_of(snapshot.started);
  Json list = Json::array();
  for (std::size_t at = 0; at < snapshot.tasks.size(); ++at) {
    const TaskId id{static_cast<std::uint32_t>(at)};
    Json task{{"id", at}, {"name", snapshot.plan.task_name(id)}};
    add_timing(task, snapshot.tasks[at], origin);
    if (const auto expected = snapshot.plan.expected_duration(id)) task["expected_ns"] = expected->count();
    task["successors"] = show_ids(snapshot.plan.successors(id));
    if (layout != nullptr) {
      task["x"] = layout->tasks[at].x;
      task["y"] = layout->tasks[at].y;
    }
    list.push_back(std::move(task));
  }
  return list;
}

std::string print(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string show_snapshot(const Snapshot& snapshot, const PlanLayout* layout) {
  const TimePoint origin = origin_of(snapshot.started);
  const CriticalPath path = critical_path(snapshot);
  Json shown{{"format", format},
             {"run", snapshot.run},
             {"workflow", snapshot.plan.name()},
             {"version", snapshot.version},
             {"state", to_string(snapshot.state)},
             {"paused", snapshot.paused},
             {"taken_ns", show(snapshot.taken, origin)},
             {"ended_ns", show(snapshot.ended, origin)},
             {"counts", show_counts(snapshot)},
             {"critical_path", {{"length_ns", path.length.count()}, {"tasks", show_ids(path.tasks)}}}};
  if (layout != nullptr) shown["size"] = {{"width", layout->width}, {"height", layout->height}};
  shown["tasks"] = show_tasks(snapshot, layout);
  shown["errors"] = show_errors(snapshot.errors);
  return print(shown);
}

}  // namespace

std::string to_json(const Snapshot& snapshot) { return show_snapshot(snapshot, nullptr); }

std::string to_json(const Snapshot& snapshot, const PlanLayout& layout) {
  if (layout.tasks.size() != snapshot.plan.size()) {
    throw UsageError("a layout of " + std::to_string(layout.tasks.size()) + " tasks was given for a snapshot of " +
                     std::to_string(snapshot.plan.size()));
  }
  return show_snapshot(snapshot, &layout);
}

std::string to_json(const SnapshotChanges& changes) {
  const TimePoint origin = origin_of(changes.started);
  Json tasks = Json::array();
  for (const auto& [id, timing] : changes.tasks) {
    Json task{{"id", index_of(id)}};
    add_timing(task, timing, origin);
    tasks.push_back(std::move(task));
  }
  return print(Json{{"format", format},
                    {"since", changes.since},
                    {"version", changes.version},
                    {"state", to_string(changes.state)},
                    {"paused", changes.paused},
                    {"taken_ns", show(changes.taken, origin)},
                    {"ended_ns", show(changes.ended, origin)},
                    {"tasks", std::move(tasks)},
                    {"errors", show_errors(changes.errors)}});
}

}  // namespace baton
