// SPDX-License-Identifier: MIT
#include "graph/checks.hpp"
#include "graph/cycles.hpp"
#include "graph/definition.hpp"

#include <baton/base/error.hpp>

#include <algorithm>
#include <limits>
#include <numeric>

namespace baton::detail {
namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

/// By id, whatever the highest bit says. Often they are so already.
void sort_targets(std::uint32_t* begin, std::uint32_t* end) {
  const auto before = [](std::uint32_t a, std::uint32_t b) {
    return (a & ~sole_predecessor_bit) < (b & ~sole_predecessor_bit);
  };
  if (!std::is_sorted(begin, end, before)) std::sort(begin, end, before);
}

template <typename Container>
void release(Container& container) {
  Container().swap(container);
}

/// Turns a definition into a plan: check, order, number, lay out. Each pass is linear; numbers of tasks are those of
/// the definition
/// ("index") up to `number`, and those of the plan ("id") after it.
class PlanBuilder {
 public:
  PlanBuilder(Definition& definition, bool consume)
      : definition_(definition), consume_(consume), count_(static_cast<std::uint32_t>(definition.tasks.size())) {}

  std::shared_ptr<const PlanData> build();

 private:
  void report_cycles(const std::vector<std::uint32_t>& left);

  void collect_edges();
  void order();
  void number();
  void lay_out_tasks();
  [[nodiscard]] std::uint8_t flags_of(std::uint32_t index) const;
  void lay_out_edges();
  void add_combiners();
  void lay_out_values();
  void copy_cold_parts();

  template <typename Visit>
  void for_each_edge(Visit&& visit) const;  // visit(from, to); what was declared twice comes twice
  template <typename Visit>
  void for_each_backwards(Visit&& visit) const;
  [[nodiscard]] bool live(std::uint32_t index) const { return definition_.tasks[index].type != nullptr; }
  static std::uint64_t pair(std::uint32_t from, std::uint32_t to) { return std::uint64_t{from} << 32 | to; }
  [[nodiscard]] std::string label(std::uint32_t index) const { return definition_.label(index); }

  Definition& definition_;
  const bool consume_;
  const std::uint32_t count_;
  const bool all_live_ = definition_.live_count == count_;
  std::vector<std::string> faults_;
  std::shared_ptr<PlanData> plan_ = std::make_shared<PlanData>();

  // Edges by index, kept until they are laid out: targets of u are targets_[first_[u]] to targets_[first_[u + 1] - 1].
  std::vector<std::uint32_t> first_, targets_;
  std::vector<std::uint32_t> in_degree_;
  std::unordered_map<std::uint64_t, bool> last_word_;  // by pair(): whether the edge is there; only with removals
  bool forward_ = true;                                // each edge goes from a lower to a higher index
  std::vector<std::uint32_t> topological_;             // indices; empty where forward_
  std::vector<std::uint32_t> id_of_;                   // by index; none where removed
  std::vector<std::uint32_t> index_of_;                // by id
  std::unordered_map<std::uint32_t, std::uint32_t> next_combiner_of_;  // by id of a wide join
};

std::shared_ptr<const PlanData> PlanBuilder::build() {
  faults_ = check_definition(definition_);
  collect_edges();
  order();
  if (!faults_.empty()) {
    throw DefinitionError(definition_.name.empty() ? "workflow" : "workflow '" + definition_.name + "'",
                          std::move(faults_));
  }
  number();
  lay_out_values();
  copy_cold_parts();
  lay_out_tasks();  // after all that reads the definition's tasks, whose memory it may use again
  lay_out_edges();
  plan_->creation_index = std::move(index_of_);
  plan_->task_of_index = std::move(id_of_);
  return plan_;
}

// ---- Order ----

void PlanBuilder::report_cycles(const std::vector<std::uint32_t>& left) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> edges;
  for (std::uint32_t from = 0; from < count_; ++from) {
    if (!live(from) || left[from] == 0) continue;  // those that the ordering reached have none left
    for (std::uint32_t at = first_[from]; at < first_[from + 1]; ++at) {
      if (left[targets_[at]] != 0) edges.emplace_back(from, targets_[at]);
    }
  }
  const CycleReport report = find_cycles(count_, edges);
  for (const std::vector<std::uint32_t>& cycle : report.cycles) {
    std::string text = "dependency cycle: ";
    for (const std::uint32_t task : cycle) text += label(task) + " -> ";
    faults_.push_back(text + label(cycle.front()));
  }
  if (report.truncated) faults_.push_back("more dependency cycles than are listed here");
}

template <typename Visit>
void PlanBuilder::for_each_edge(Visit&& visit) const {
  const auto& log = definition_.edges;
  if (!definition_.has_removed_edges && all_live_) {
    for (const EdgeEntry& entry : log) visit(entry.from, entry.to);
  } else {
    for (const EdgeEntry& entry : log) {
      if ((entry.from & EdgeEntry::removal_bit) != 0 || !live(entry.from) || !live(entry.to)) continue;
      if (!definition_.has_removed_edges || last_word_.find(pair(entry.from, entry.to))->second) {
        visit(entry.from, entry.to);
      }
    }
  }
  for (std::uint32_t task = 0; task < count_ && !definition_.wires.empty(); ++task) {
    if (!live(task)) continue;
    definition_.for_each_wire(task, [&](std::uint32_t producer, bool) {
      if (live(producer)) visit(producer, task);
    });
  }
}

void PlanBuilder::collect_edges() {
  if (definition_.has_removed_edges) {
    for (const EdgeEntry& entry : definition_.edges) {
      last_word_[pair(entry.from & ~EdgeEntry::removal_bit, entry.to)] = (entry.from & EdgeEntry::removal_bit) == 0;
    }
  }
  first_.assign(std::size_t{count_} + 1, 0);
  for_each_edge([&](std::uint32_t from, std::uint32_t to) {
    ++first_[from + 1];
    forward_ &= from < to;
  });
  std::partial_sum(first_.begin(), first_.end(), first_.begin());
  targets_.resize(first_.back());
  std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
  for_each_edge([&](std::uint32_t from, std::uint32_t to) { targets_[next[from]++] = to; });
  if (consume_) definition_.edges.release();

  // An edge declared again counts once.
  std::vector<std::uint32_t>& last_source = next;
  std::fill(last_source.begin(), last_source.end(), none);
  in_degree_.assign(count_, 0);
  std::uint32_t kept = 0;
  for (std::uint32_t from = 0; from < count_; ++from) {
    const std::uint32_t begin = first_[from];
    first_[from] = kept;
    for (std::uint32_t at = begin; at < first_[from + 1]; ++at) {
      const std::uint32_t to = targets_[at];
      if (last_source[to] == from) continue;
      last_source[to] = from;
      targets_[kept++] = to;
      ++in_degree_[to];
    }
  }
  first_[count_] = kept;
  targets_.resize(kept);
}

// Tasks that were declared after all their predecessors are in order as they are, which in C++ is the rule. Otherwise
// Kahn, "Topological sorting of large networks", CACM 5 (1962).
void PlanBuilder::order() {
  if (forward_) return;
  std::vector<std::uint32_t> left = in_degree_;
  topological_.reserve(definition_.live_count);
  for (std::uint32_t task = 0; task < count_; ++task) {
    if (live(task) && left[task] == 0) topological_.push_back(task);
  }
  for (std::size_t at = 0; at < topological_.size(); ++at) {
    const std::uint32_t from = topological_[at];
    for (std::uint32_t edge = first_[from]; edge < first_[from + 1]; ++edge) {
      if (--left[targets_[edge]] == 0) topological_.push_back(targets_[edge]);
    }
  }
  if (topological_.size() < definition_.live_count) report_cycles(left);
}

/// From the last task to the first, each before its predecessors.
template <typename Visit>
void PlanBuilder::for_each_backwards(Visit&& visit) const {
  if (forward_) {
    for (std::uint32_t task = count_; task-- > 0;) {
      if (live(task)) visit(task);
    }
  } else {
    std::for_each(topological_.rbegin(), topological_.rend(), visit);
  }
}

// Ready tasks start in the order of their ids, so the numbering is the schedule's priority: by the given priority, then
// by the longest path to a leaf, in time where durations are known, else in tasks; then by creation. Without priorities
// this is topological: a path is longer than its rest.
void PlanBuilder::number() {
  bool any_duration = false;
  bool any_priority = false;
  for (const auto& [task, settings] : definition_.settings) {
    any_duration |= settings.expected_duration.has_value();
    any_priority |= settings.priority != 0;
  }
  std::vector<std::uint32_t> hops(count_, 0);
  std::vector<std::int64_t> time(any_duration ? count_ : 0, 0);
  std::uint32_t longest = 0;
  for_each_backwards([&](std::uint32_t task) {
    std::uint32_t path = 0;
    for (std::uint32_t edge = first_[task]; edge < first_[task + 1]; ++edge) {
      path = std::max(path, hops[targets_[edge]] + 1);
      if (any_duration) time[task] = std::max(time[task], time[targets_[edge]]);
    }
    hops[task] = path;
    longest = std::max(longest, path);
    if (any_duration) {
      const auto settings = definition_.settings.find(task);
      if (settings != definition_.settings.end() && settings->second.expected_duration) {
        const std::int64_t own = std::max<std::int64_t>(0, settings->second.expected_duration->count());
        time[task] = own > std::numeric_limits<std::int64_t>::max() - time[task]
                         ? std::numeric_limits<std::int64_t>::max()
                         : time[task] + own;
      }
    }
  });

  // Counting sort by hops, longest first, stable in the order of creation.
  const auto live_count = static_cast<std::uint32_t>(definition_.live_count);
  release(topological_);
  std::vector<std::uint32_t> place(std::size_t{longest} + 2, 0);
  for (std::uint32_t task = 0; task < count_; ++task) {
    if (live(task)) ++place[longest - hops[task] + 1];
  }
  std::partial_sum(place.begin(), place.end(), place.begin());
  index_of_.resize(live_count);
  for (std::uint32_t task = 0; task < count_; ++task) {
    if (live(task)) index_of_[place[longest - hops[task]]++] = task;
  }
  if (any_duration) {
    std::stable_sort(index_of_.begin(), index_of_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return time[a] > time[b]; });
  }
  if (any_priority) {
    const auto priority = [&](std::uint32_t task) {
      const auto found = definition_.settings.find(task);
      return found == definition_.settings.end() ? 0 : found->second.priority;
    };
    std::stable_sort(index_of_.begin(), index_of_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return priority(a) > priority(b); });
    plan_->topological = false;
  }
  id_of_.assign(count_, none);
  for (std::uint32_t id = 0; id < live_count; ++id) id_of_[index_of_[id]] = id;
  plan_->task_count = live_count;
}

// ---- Layout ----

std::uint8_t PlanBuilder::flags_of(std::uint32_t index) const {
  const std::uint8_t flags =
      definition_.tasks[index].type->takes_context ? std::uint8_t{takes_context} : std::uint8_t{0};
  if (definition_.settings.empty()) return flags;
  const auto settings = definition_.settings.find(index);
  return settings == definition_.settings.end() ? flags : static_cast<std::uint8_t>(flags | settings->second.flags());
}

void PlanBuilder::lay_out_tasks() {
  PlanData& plan = *plan_;
  bool any_special = !definition_.settings.empty();
  for (std::uint32_t id = 0; id < plan.task_count && !any_special; ++id) any_special = flags_of(index_of_[id]) != 0;
  if (any_special) {
    plan.flags.resize(plan.task_count);
    for (std::uint32_t id = 0; id < plan.task_count; ++id) plan.flags[id] = flags_of(index_of_[id]);
  }
  plan.records.resize_uninitialized(plan.task_count);
  std::vector<bool> done(consume_ ? count_ : 0);
  std::size_t unread = count_;  // none of the definition's tasks from here on is still to be read
  for (std::uint32_t id = plan.task_count; id-- > 0;) {
    const std::uint32_t index = index_of_[id];
    const TaskDraft& draft = definition_.tasks[index];
    TaskRecord& record = plan.records[id];
    record.invoke = draft.type->invoke;
    std::copy_n(draft.capture, inline_capture_size, record.capture);
    record.successor_count = any_special && plan.flags[id] != 0 ? special_bit : 0;
    if (!consume_) continue;
    // Ids mostly follow indices, so what was read can be given back while the records take memory.
    done[index] = true;
    if (index + 1 != unread) continue;
    while (unread > 0 && (done[unread - 1] || !live(static_cast<std::uint32_t>(unread - 1)))) --unread;
    constexpr std::size_t portion = 1U << 15;
    if (definition_.tasks.size() - unread >= portion) definition_.tasks.shrink(unread);
  }
}

void PlanBuilder::lay_out_edges() {
  PlanData& plan = *plan_;
  plan.edge_count = targets_.size();
  plan.joins.assign(plan.task_count, 0);
  plan.roots.assign((plan.task_count + 63) / 64, 0);
  for (std::uint32_t id = 0; id < plan.task_count; ++id) {
    const std::uint32_t degree = in_degree_[index_of_[id]];
    if (degree == 0) plan.roots[id / 64] |= std::uint64_t{1} << (id % 64);
    if (degree <= max_fan_in) plan.joins[id] = static_cast<std::uint8_t>(degree);
  }
  add_combiners();

  plan.successors.resize(targets_.size());
  std::uint32_t* place = plan.successors.data();
  for (std::uint32_t id = 0; id < plan.task_count; ++id) {
    const std::uint32_t index = index_of_[id];
    std::uint32_t* const begin = place;
    for (std::uint32_t edge = first_[index]; edge < first_[index + 1]; ++edge) {
      const std::uint32_t degree = in_degree_[targets_[edge]];
      *place++ = id_of_[targets_[edge]] | (degree == 1 ? sole_predecessor_bit : 0);
    }
    sort_targets(begin, place);
    for (std::uint32_t* target = begin; plan.combiner_count != 0 && target != place; ++target) {
      const auto combiner = next_combiner_of_.find(*target);
      if (combiner == next_combiner_of_.end()) continue;
      if (plan.joins[combiner->second] == max_fan_in) ++combiner->second;
      ++plan.joins[combiner->second];
      *target = combiner->second;
    }
    plan.records[id].first_successor = static_cast<std::uint32_t>(begin - plan.successors.data());
    plan.records[id].successor_count |= static_cast<std::uint32_t>(place - begin);
  }
  release(targets_);
  release(first_);
  release(in_degree_);
}

// A wide join gets as many combiners as its predecessors need, those get combiners in turn, until few enough remain.
void PlanBuilder::add_combiners() {
  PlanData& plan = *plan_;
  for (std::uint32_t id = 0; id < plan.task_count; ++id) {
    std::uint32_t feeding = in_degree_[index_of_[id]];
    if (feeding <= max_fan_in) continue;
    std::uint32_t level = plan.task_count + plan.combiner_count;  // the first of the current level
    next_combiner_of_[id] = level;
    for (bool leaves = true; feeding > max_fan_in; leaves = false) {
      const std::uint32_t combiners = (feeding + max_fan_in - 1) / max_fan_in;
      const std::uint32_t fresh = plan.task_count + plan.combiner_count;
      plan.combiner_count += combiners;
      plan.combiner_targets.resize(plan.combiner_count, id);
      plan.joins.resize(std::size_t{plan.task_count} + plan.combiner_count, 0);
      // The leaves' own counts are filled while the edges are laid out.
      for (std::uint32_t child = 0; !leaves && child < feeding; ++child) {
        plan.combiner_targets[level + child - plan.task_count] = fresh + child / max_fan_in;
        ++plan.joins[fresh + child / max_fan_in];
      }
      level = fresh;
      feeding = combiners;
    }
    plan.joins[id] = static_cast<std::uint8_t>(feeding);
  }
}

void PlanBuilder::lay_out_values() {
  PlanData& plan = *plan_;
  if (!definition_.has_values && definition_.untyped_bodies.empty()) return;

  plan.results.resize(plan.task_count);
  std::vector<std::uint32_t> offsets(plan.task_count, 0);
  std::size_t size = 0;
  for (std::uint32_t id = 0; id < plan.task_count; ++id) {
    const TypeRef result = definition_.tasks[index_of_[id]].type->result;
    plan.results[id] = result;
    if (result->size == 0) continue;
    const std::size_t alignment = std::max(result->alignment, value_unit);
    plan.values_alignment = std::max(plan.values_alignment, alignment);
    size = (size + alignment - 1) / alignment * alignment;
    if (size / value_unit > none)
      throw UsageError("the results of a plan take more than 32 GiB; keep large ones behind pointers");
    offsets[id] = static_cast<std::uint32_t>(size / value_unit);
    size += result->size;
    if (result->destroy != nullptr) plan.destructibles.push_back({id, result->destroy});
  }
  plan.values_size = size;

  plan.first_slot.resize(plan.task_count);
  for (std::uint32_t id = 0; id < plan.task_count; ++id) {
    plan.first_slot[id] = static_cast<std::uint32_t>(plan.slots.size());
    plan.slots.push_back(offsets[id]);
    const TaskDraft& draft = definition_.tasks[index_of_[id]];
    if (draft.first_wire == 0) {
      if (draft.type->untyped) plan.slots.push_back(0);
      continue;
    }
    const std::uint32_t* wire = definition_.wires.data() + draft.first_wire + 1;
    for (const std::uint32_t* end = wire + wire[-1]; wire != end; ++wire) {
      if ((*wire & group_wire) != 0) {
        plan.slots.push_back(*wire & ~group_wire);
        continue;
      }
      const std::uint32_t producer = id_of_[*wire & ~taken_wire];
      plan.slots.push_back(offsets[producer]);
      if ((*wire & taken_wire) != 0) plan.taken_from.push_back(producer);
    }
  }
  std::sort(plan.taken_from.begin(), plan.taken_from.end());
}

void PlanBuilder::copy_cold_parts() {
  PlanData& plan = *plan_;
  plan.name = definition_.name;
  plan.identity = definition_.identity();
  for (const PlanInput& input : definition_.inputs) {
    plan.inputs.push_back({id_of_[input.task], input.type, input.fallback});
  }
  std::sort(plan.inputs.begin(), plan.inputs.end(),
            [](const PlanInput& a, const PlanInput& b) { return a.task < b.task; });
  for (const auto& [task, settings] : definition_.settings) {
    if (!live(task)) continue;
    plan.settings.emplace(id_of_[task], settings);
    for (const ResourceRequest& request : settings.resources) plan.resource_names.push_back(request.name);
  }
  for (const auto& [task, child] : definition_.children) {
    const std::vector<std::string>& names = child.data().resource_names;
    plan.resource_names.insert(plan.resource_names.end(), names.begin(), names.end());
  }
  std::sort(plan.resource_names.begin(), plan.resource_names.end());
  plan.resource_names.erase(std::unique(plan.resource_names.begin(), plan.resource_names.end()),
                            plan.resource_names.end());
  if (!definition_.names.empty()) {
    plan.name_of.resize(plan.task_count);
    for (std::uint32_t id = 0; id < plan.task_count; ++id) {
      const std::uint32_t name = definition_.tasks[index_of_[id]].name;
      if (name == 0) continue;
      std::string& text = definition_.names[name - 1];
      plan.names.push_back(consume_ ? std::move(text) : text);
      plan.name_of[id] = static_cast<std::uint32_t>(plan.names.size());
    }
  }
  plan.arenas.assign(definition_.arenas.begin(), definition_.arenas.end());
  plan.untyped_bodies = definition_.untyped_bodies;
}

}  // namespace

std::shared_ptr<const PlanData> build_plan(Definition& definition, bool consume) {
  return PlanBuilder(definition, consume).build();
}

}  // namespace baton::detail
