// SPDX-License-Identifier: MIT
#include <baton/graph/plan.hpp>

#include <baton/base/error.hpp>

#include "graph/handle_access.hpp"
#include "graph/plan_data.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>

namespace baton {
namespace detail {

bool PlanData::is_taken(std::uint32_t task) const {
  return std::binary_search(taken_from.begin(), taken_from.end(), task);
}

bool PlanData::is_input(std::uint32_t task) const {
  const auto found = std::lower_bound(inputs.begin(), inputs.end(), task,
                                      [](const PlanInput& input, std::uint32_t id) { return input.task < id; });
  return found != inputs.end() && found->task == task;
}

std::string PlanData::label(std::uint32_t task) const {
  if (!name_of.empty() && name_of[task] != 0) return names[name_of[task] - 1];
  return std::string("#").append(std::to_string(creation_index[task]));
}

namespace {

Adjacency build_adjacency(const PlanData& plan) {
  Adjacency result;
  result.first_successor.assign(std::size_t{plan.task_count} + 1, 0);
  result.first_predecessor.assign(std::size_t{plan.task_count} + 1, 0);
  result.successors.reserve(plan.edge_count);
  for (std::uint32_t task = 0; task < plan.task_count; ++task) {
    const TaskRecord& record = plan.records[task];
    const std::uint32_t count = record.successor_count & ~special_bit;
    for (std::uint32_t at = 0; at < count; ++at) {
      const std::uint32_t target = plan.resolve(plan.successors[record.first_successor + at]);
      result.successors.push_back(TaskId{target});
      ++result.first_predecessor[target + 1];
    }
    result.first_successor[task + 1] = static_cast<std::uint32_t>(result.successors.size());
  }
  std::partial_sum(result.first_predecessor.begin(), result.first_predecessor.end(), result.first_predecessor.begin());
  result.predecessors.resize(result.successors.size());
  std::vector<std::uint32_t> next(result.first_predecessor.begin(), result.first_predecessor.end() - 1);
  for (std::uint32_t task = 0; task < plan.task_count; ++task) {
    for (std::uint32_t at = result.first_successor[task]; at < result.first_successor[task + 1]; ++at) {
      result.predecessors[next[index_of(result.successors[at])]++] = TaskId{task};
    }
  }
  return result;
}

}  // namespace

const Adjacency& PlanData::adjacency() const {
  std::call_once(adjacency_once_, [this] { adjacency_ = build_adjacency(*this); });
  return adjacency_;
}

const std::unordered_map<std::string_view, std::uint32_t>& PlanData::name_index() const {
  std::call_once(name_index_once_, [this] {
    name_index_.reserve(names.size());
    for (std::uint32_t task = 0; task < name_of.size(); ++task) {
      if (name_of[task] != 0) name_index_.emplace(names[name_of[task] - 1], task);
    }
  });
  return name_index_;
}

}  // namespace detail

namespace {

const std::shared_ptr<const detail::PlanData>& empty_plan() {
  static const auto plan = std::make_shared<const detail::PlanData>();
  return plan;
}

template <typename T>
std::size_t bytes_of(const std::vector<T>& vector) {
  return vector.capacity() * sizeof(T);  // NOLINT(bugprone-sizeof-expression): also of pointers
}
template <typename T>
std::size_t bytes_of(const detail::Buffer<T>& buffer) {
  return buffer.size() * sizeof(T);
}

}  // namespace

Plan::Plan() : data_(empty_plan()) {}

std::string_view Plan::name() const noexcept { return data_->name; }
std::size_t Plan::size() const noexcept { return data_->task_count; }
std::size_t Plan::edge_count() const noexcept { return data_->edge_count; }

bool Plan::contains(AnyTask task) const noexcept {
  const std::uint32_t index = HandleAccess::index(task);
  return task && HandleAccess::identity(task) == data_->identity && index < data_->task_of_index.size() &&
         data_->task_of_index[index] != UINT32_MAX;
}

TaskId Plan::id(AnyTask task) const {
  if (!contains(task)) {
    throw UsageError(
        "plan '" + data_->name +
        "': the handle names no task of it (it is of another workflow, or the task was removed or added later)");
  }
  return TaskId{data_->task_of_index[HandleAccess::index(task)]};
}

std::optional<TaskId> Plan::find(std::string_view name) const {
  const auto& index = data_->name_index();
  if (const auto found = index.find(name); found != index.end()) return TaskId{found->second};
  std::uint32_t number = 0;
  if (name.starts_with('#') && name.size() > 1) {
    const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
    if (error == std::errc{} && end == name.data() + name.size() && number < data_->task_of_index.size()) {
      const std::uint32_t task = data_->task_of_index[number];
      if (task != UINT32_MAX && (data_->name_of.empty() || data_->name_of[task] == 0)) return TaskId{task};
    }
  }
  return std::nullopt;
}

std::string Plan::task_name(TaskId id) const { return data_->label(static_cast<std::uint32_t>(id)); }

std::uint32_t Plan::creation_index(TaskId id) const noexcept { return data_->creation_index[index_of(id)]; }

TypeRef Plan::result_type(TaskId id) const noexcept {
  return data_->results.empty() ? type_of<void>() : data_->results[index_of(id)];
}

int Plan::priority(TaskId id) const noexcept {
  const detail::TaskSettings* settings = data_->find_settings(static_cast<std::uint32_t>(id));
  return settings == nullptr ? 0 : settings->priority;
}

std::optional<Duration> Plan::expected_duration(TaskId id) const noexcept {
  const detail::TaskSettings* settings = data_->find_settings(static_cast<std::uint32_t>(id));
  return settings == nullptr ? std::nullopt : settings->expected_duration;
}

std::vector<TaskId> Plan::tagged(std::string_view word) const {
  std::vector<TaskId> found;
  for (const auto& [task, settings] : data_->settings) {
    if (std::find(settings.tags.begin(), settings.tags.end(), word) != settings.tags.end())
      found.push_back(TaskId{task});
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::span<const TaskId> Plan::successors(TaskId id) const {
  const detail::Adjacency& adjacency = data_->adjacency();
  const std::uint32_t* first = &adjacency.first_successor[index_of(id)];
  return {adjacency.successors.data() + first[0], first[1] - first[0]};
}

std::span<const TaskId> Plan::predecessors(TaskId id) const {
  const detail::Adjacency& adjacency = data_->adjacency();
  const std::uint32_t* first = &adjacency.first_predecessor[index_of(id)];
  return {adjacency.predecessors.data() + first[0], first[1] - first[0]};
}

std::vector<TaskId> Plan::roots() const {
  std::vector<TaskId> found;
  for (std::uint32_t task = 0; task < data_->task_count; ++task) {
    if ((data_->roots[task / 64] >> (task % 64) & 1) != 0) found.push_back(TaskId{task});
  }
  return found;
}

std::vector<TaskId> Plan::leaves() const {
  std::vector<TaskId> found;
  for (std::uint32_t task = 0; task < data_->task_count; ++task) {
    if ((data_->records[task].successor_count & ~detail::special_bit) == 0) found.push_back(TaskId{task});
  }
  return found;
}

std::vector<TaskId> Plan::topological_order() const {
  std::vector<TaskId> order;
  order.reserve(size());
  if (data_->topological) {
    for (std::uint32_t task = 0; task < data_->task_count; ++task) order.push_back(TaskId{task});
    return order;
  }
  const detail::Adjacency& adjacency = data_->adjacency();
  std::vector<std::uint32_t> missing(size());
  for (std::size_t task = 0; task < size(); ++task) {
    missing[task] = adjacency.first_predecessor[task + 1] - adjacency.first_predecessor[task];
    if (missing[task] == 0) order.push_back(TaskId{static_cast<std::uint32_t>(task)});
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    for (const TaskId next : successors(order[at])) {
      if (--missing[index_of(next)] == 0) order.push_back(next);
    }
  }
  return order;
}

std::size_t Plan::memory_bytes() const noexcept {
  const detail::PlanData& plan = *data_;
  return sizeof(plan) + bytes_of(plan.records) + bytes_of(plan.successors) + bytes_of(plan.joins) +
         bytes_of(plan.combiner_targets) + bytes_of(plan.roots) + bytes_of(plan.first_slot) + bytes_of(plan.slots) +
         bytes_of(plan.results) + bytes_of(plan.taken_from) + bytes_of(plan.destructibles) + bytes_of(plan.inputs) +
         plan.order_only.capacity() / 8 + bytes_of(plan.flags) + bytes_of(plan.creation_index) +
         bytes_of(plan.task_of_index) + bytes_of(plan.name_of) + bytes_of(plan.names) +
         plan.settings.size() * (sizeof(detail::TaskSettings) + 4 * sizeof(void*));
}

}  // namespace baton
