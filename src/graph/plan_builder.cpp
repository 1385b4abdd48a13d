// SPDX-License-Identifier: MIT
#include "graph/checks.hpp"
#include "graph/cycles.hpp"
#include "graph/definition.hpp"
#include "graph/edge_uses.hpp"
#include "graph/incoming_edges.hpp"

#include <baton/base/error.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

namespace baton::detail {
namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

// A walk in the order of ids may jump about indices, but where to is known in advance.
constexpr std::uint32_t ahead = 16;
void prefetch([[maybe_unused]] const void* place) {
#if defined(__GNUC__)
  __builtin_prefetch(place);
#endif
}

/// Turns a definition into a plan: check, order, number, lay out. Each pass is linear; numbers of tasks are those of
/// the definition ("index") up to `number`, and those of the plan ("id") after it.
class PlanBuilder {
 public:
  PlanBuilder(Definition& definition, bool consume)
      : definition_(definition), consume_(consume), count_(static_cast<std::uint32_t>(definition.tasks.size())) {}

  std::shared_ptr<const PlanData> build();

 private:
  void measure_paths();
  [[nodiscard]] std::vector<std::uint32_t> order_backwards();
  void report_cycles(const std::vector<std::uint32_t>& left);
  [[nodiscard]] std::vector<std::int64_t> path_times() const;
  void number();
  void sort_by_path();
  void sort_by_settings();
  void lay_out_tasks();
  [[nodiscard]] std::uint8_t flags_of(std::uint32_t index) const;
  void lay_out_edge_uses(const EdgeUses& uses);
  void lay_out_edges();
  void lay_out_contenders(std::uint32_t id);
  [[nodiscard]] std::uint32_t fan_in(std::uint32_t id) const;
  void lay_out_join(std::uint32_t id, std::uint32_t first_combiner);
  void add_combiners();
  void lay_out_values();
  void lay_out_slots(std::span<const std::uint32_t> wires, const std::vector<std::uint32_t>& offsets);
  void lay_out_controls(const std::vector<std::uint32_t>& offsets);
  void copy_cold_parts();

  template <typename Visit>
  void for_each_backwards(Visit&& visit) const;
  [[nodiscard]] bool live(std::uint32_t index) const { return all_live_ || definition_.tasks[index].type != nullptr; }
  [[nodiscard]] std::string label(std::uint32_t index) const { return definition_.label(index); }

  /// What the passes over the edges note of a task, by index.
  struct Node {
    std::uint32_t hops;        // on the longest path to a leaf
    std::uint32_t successors;  // how many; then where the next one is laid out
  };

  Definition& definition_;
  const bool consume_;
  const std::uint32_t count_;
  const bool all_live_ = definition_.live_count == count_;
  std::vector<std::string> faults_;
  std::shared_ptr<PlanData> plan_ = std::make_shared<PlanData>();

  IncomingEdges edges_;
  Buffer<Node> nodes_;
  std::uint32_t longest_ = 0;             // of all hops
  std::vector<std::uint32_t> backwards_;  // indices, each before its predecessors; empty where edges_.forward
  Buffer<std::uint32_t> id_of_;           // by index; none where removed
  Buffer<std::uint32_t> index_of_;        // by id
  std::unordered_map<std::uint32_t, std::uint32_t> first_combiner_of_;         // by id of a wide join
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> contests_of_;  // by id
};

std::shared_ptr<const PlanData> PlanBuilder::build() {
  faults_ = check_definition(definition_);
  const bool any_edge_declared = !definition_.edges.words().empty();
  edges_ = collect_incoming_edges(definition_, consume_);
  measure_paths();
  if (!faults_.empty()) {
    throw DefinitionError(definition_.name.empty() ? "workflow" : "workflow '" + definition_.name + "'",
                          std::move(faults_));
  }
  number();
  lay_out_values();
  copy_cold_parts();
  const EdgeUses uses = find_edge_uses(definition_, edges_, any_edge_declared);
  lay_out_tasks();          // after all that reads the definition's tasks, whose memory it may use again
  lay_out_edge_uses(uses);  // before that, which counts on in the tasks' nodes
  lay_out_edges();
  plan_->creation_index = std::move(index_of_);
  plan_->task_of_index = std::move(id_of_);
  return plan_;
}

// ---- Order ----

/// From the last task to the first, each before its predecessors.
template <typename Visit>
void PlanBuilder::for_each_backwards(Visit&& visit) const {
  if (edges_.forward) {
    for (std::uint32_t task = count_; task-- > 0;) {
      if (live(task)) visit(task);
    }
  } else {
    std::for_each(backwards_.begin(), backwards_.end(), visit);
  }
}

// Tasks that were declared after all their predecessors are in order as they are, which in C++ is the rule.
void PlanBuilder::measure_paths() {
  nodes_.resize_uninitialized(count_);
  std::fill(nodes_.begin(), nodes_.end(), Node{0, 0});
  if (!edges_.forward) backwards_ = order_backwards();
  for_each_backwards([&](std::uint32_t task) {
    const std::uint32_t hops = nodes_[task].hops;
    longest_ = std::max(longest_, hops);
    for (const std::uint32_t source : edges_.of(task)) {
      Node& node = nodes_[source];
      node.hops = std::max(node.hops, hops + 1);
      ++node.successors;
    }
  });
}

// Kahn, "Topological sorting of large networks", CACM 5 (1962), from the leaves.
std::vector<std::uint32_t> PlanBuilder::order_backwards() {
  std::vector<std::uint32_t> left(count_, 0);  // successors without a place
  for (const std::uint32_t source : edges_.sources) ++left[source];
  std::vector<std::uint32_t> order;
  order.reserve(definition_.live_count);
  for (std::uint32_t task = 0; task < count_; ++task) {
    if (live(task) && left[task] == 0) order.push_back(task);
  }
  for (std::size_t at = 0; at < order.size(); ++at) {
    for (const std::uint32_t source : edges_.of(order[at])) {
      if (--left[source] == 0) order.push_back(source);
    }
  }
  if (order.size() < definition_.live_count) report_cycles(left);
  return order;
}

void PlanBuilder::report_cycles(const std::vector<std::uint32_t>& left) {
  Edges edges;  // among the tasks that the ordering did not reach, which have some left
  for (std::uint32_t to = 0; to < count_; ++to) {
    if (left[to] == 0) continue;
    for (const std::uint32_t from : edges_.of(to)) {
      if (left[from] != 0) edges.emplace_back(from, to);
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

/// By index: the expected time of the longest path from a task to a leaf, its own included.
std::vector<std::int64_t> PlanBuilder::path_times() const {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> time(count_, 0);
  for_each_backwards([&](std::uint32_t task) {
    const auto settings = definition_.settings.find(task);
    if (settings != definition_.settings.end() && settings->second.expected_duration) {
      const std::int64_t own = std::max<std::int64_t>(0, settings->second.expected_duration->count());
      time[task] = own > most - time[task] ? most : time[task] + own;
    }
    for (const std::uint32_t source : edges_.of(task)) time[source] = std::max(time[source], time[task]);
  });
  return time;
}

// Ready tasks start in the order of their ids, so the numbering is the schedule's priority: by the given priority, then
// by the longest path to a leaf, in time where durations are known, else in tasks; then by creation. Without priorities
// this is topological: a path is longer than its rest.
void PlanBuilder::number() {
  plan_->task_count = static_cast<std::uint32_t>(definition_.live_count);
  index_of_.resize_uninitialized(plan_->task_count);
  id_of_.resize_uninitialized(count_);
  sort_by_path();
  if (!definition_.settings.empty()) sort_by_settings();
}

/// Counting sort by hops, longest first, stable in the order of creation.
void PlanBuilder::sort_by_path() {
  std::vector<std::uint32_t> place(std::size_t{longest_} + 2, 0);
  for (std::uint32_t task = 0; task < count_; ++task) {
    if (live(task)) ++place[longest_ - nodes_[task].hops + 1];
  }
  std::partial_sum(place.begin(), place.end(), place.begin());
  for (std::uint32_t task = 0; task < count_; ++task) {
    if (!live(task)) {
      id_of_[task] = none;
      continue;
    }
    const std::uint32_t id = place[longest_ - nodes_[task].hops]++;
    index_of_[id] = task;
    id_of_[task] = id;
  }
}

void PlanBuilder::sort_by_settings() {
  bool any_duration = false;
  bool any_priority = false;
  for (const auto& [task, settings] : definition_.settings) {
    any_duration |= settings.expected_duration.has_value();
    any_priority |= settings.priority != 0;
  }
  if (any_duration) {
    const std::vector<std::int64_t> time = path_times();
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
  for (std::uint32_t id = 0; id < plan_->task_count; ++id) id_of_[index_of_[id]] = id;
}

// ---- Layout ----

std::uint8_t PlanBuilder::flags_of(std::uint32_t index) const {
  const BodyType& type = *definition_.tasks[index].type;
  unsigned flags = type.takes_context ? unsigned{takes_context} : 0U;
  if (type.has_rounds) flags |= has_rounds;
  if (definition_.controls.find(index) != definition_.controls.end()) flags |= has_control;
  if (definition_.cleanup.has(index)) flags |= is_cleanup;
  const auto settings = definition_.settings.find(index);
  if (settings != definition_.settings.end()) flags |= settings->second.flags();
  return static_cast<std::uint8_t>(flags);
}

// Records are made from the last to the first: ids mostly follow indices, so what was read of the definition can be
// given back while the records take memory.
void PlanBuilder::lay_out_tasks() {
  PlanData& plan = *plan_;
  backwards_ = std::vector<std::uint32_t>();  // gives its memory back
  const bool any_special = definition_.has_special || !definition_.settings.empty() || !definition_.controls.empty() ||
                           !definition_.cleanup.empty();
  if (any_special) plan.flags.resize(plan.task_count);
  plan.records.resize_uninitialized(plan.task_count);
  constexpr std::size_t portion = 1U << 15;
  const bool shrinks = consume_ && count_ > portion;
  std::vector<bool> done(shrinks ? count_ : 0);
  std::size_t unread = count_;  // none of the definition's tasks from here on is still to be read
  std::uint32_t first_successor = static_cast<std::uint32_t>(edges_.sources.size());
  for (std::uint32_t id = plan.task_count; id-- > 0;) {
    if (id >= ahead) {
      prefetch(&definition_.tasks[index_of_[id - ahead]]);
      prefetch(&nodes_[index_of_[id - ahead]]);
    }
    const std::uint32_t index = index_of_[id];
    const TaskDraft& draft = definition_.tasks[index];
    TaskRecord& record = plan.records[id];
    Node& node = nodes_[index];
    record.invoke = draft.type->invoke;
    std::copy_n(draft.capture, inline_capture_size, record.capture);
    record.successor_count = node.successors;
    if (any_special) plan.flags[id] = flags_of(index);
    if (any_special && plan.flags[id] != 0) record.successor_count |= special_bit;
    first_successor -= node.successors;
    record.first_successor = node.successors = first_successor;
    if (!shrinks) continue;
    done[index] = true;
    if (index + 1 != unread) continue;
    while (unread > 0 && (done[unread - 1] || !live(static_cast<std::uint32_t>(unread - 1)))) --unread;
    if (definition_.tasks.size() - unread >= portion) definition_.tasks.shrink(unread);
  }
}

void PlanBuilder::lay_out_edge_uses(const EdgeUses& uses) {
  plan_->edge_use = uses.use;
  if (uses.use != EdgeUse::mixed) return;
  plan_->order_only.resize(edges_.sources.size());
  std::vector<std::uint32_t> next(count_);  // by index: where the next successor will be
  for (std::uint32_t index = 0; index < count_; ++index) next[index] = nodes_[index].successors;
  for (std::uint32_t id = 0; id < plan_->task_count; ++id) {
    const std::uint32_t task = index_of_[id];
    for (std::uint32_t at = edges_.first[task]; at < edges_.first[task + 1]; ++at) {
      plan_->order_only[next[edges_.sources[at]]++] = uses.order_only[at];
    }
  }
}

// Targets are laid out in the order of their ids, so that those of each task are ascending.
void PlanBuilder::lay_out_edges() {
  PlanData& plan = *plan_;
  plan.edge_count = edges_.sources.size();
  plan.joins.assign(plan.task_count, 0);
  plan.roots.assign((plan.task_count + 63) / 64, 0);
  plan.successors.resize_uninitialized(plan.edge_count);
  for (std::uint32_t at = 0; at < plan.contests.size(); ++at) contests_of_[plan.contests[at].task].push_back(at);
  if (edges_.max_degree > max_fan_in) add_combiners();
  plan.first_contender = plan.task_count + plan.combiner_count;
  for (std::uint32_t id = 0; id < plan.task_count; ++id) {
    if (id + ahead < plan.task_count) {
      prefetch(&edges_.first[index_of_[id + ahead]]);
      prefetch(&nodes_[index_of_[id + ahead]]);
    }
    if (!contests_of_.empty() && contests_of_.contains(id)) {
      lay_out_contenders(id);
      continue;
    }
    const std::span<const std::uint32_t> sources = edges_.of(index_of_[id]);
    if (sources.size() > max_fan_in) {
      lay_out_join(id, first_combiner_of_[id]);
      continue;
    }
    if (sources.empty()) plan.roots[id / 64] |= std::uint64_t{1} << (id % 64);
    plan.joins[id] = static_cast<std::uint8_t>(sources.size());
    const std::uint32_t target = id | (sources.size() == 1 ? sole_predecessor_bit : 0);
    for (const std::uint32_t source : sources) plan.successors[nodes_[source].successors++] = target;
  }
}

/// Each contender leads to a combiner of its own, all those of a contest to where the contest counts.
void PlanBuilder::lay_out_contenders(std::uint32_t id) {
  PlanData& plan = *plan_;
  const bool wide = fan_in(id) > max_fan_in;
  std::uint32_t leaf = wide ? first_combiner_of_[id] : id;
  const auto next_leaf = [&] {
    if (wide && plan.joins[leaf] == max_fan_in) ++leaf;
    ++plan.joins[leaf];
    return leaf;
  };
  std::unordered_map<std::uint32_t, std::uint32_t> contest_of;  // by contender
  std::unordered_map<std::uint32_t, std::uint32_t> target_of;   // by contest
  for (const std::uint32_t contest : contests_of_[id]) {
    target_of[contest] = next_leaf();
    for (const std::uint32_t contender : plan.contests[contest].contenders) contest_of[contender] = contest;
  }
  for (const std::uint32_t source : edges_.of(index_of_[id])) {
    const auto contest = contest_of.find(id_of_[source]);
    if (contest == contest_of.end()) {
      plan.successors[nodes_[source].successors++] = next_leaf();
      continue;
    }
    plan.successors[nodes_[source].successors++] = plan.task_count + plan.combiner_count++;
    plan.combiner_targets.push_back(target_of[contest->second]);
    plan.contest_of.push_back(contest->second);
    plan.joins.push_back(1);
  }
}

void PlanBuilder::lay_out_join(std::uint32_t id, std::uint32_t first_combiner) {
  std::uint32_t combiner = first_combiner;
  for (const std::uint32_t source : edges_.of(index_of_[id])) {
    if (plan_->joins[combiner] == max_fan_in) ++combiner;
    ++plan_->joins[combiner];
    plan_->successors[nodes_[source].successors++] = combiner;
  }
}

/// How many predecessors and contests are counted down for a task.
std::uint32_t PlanBuilder::fan_in(std::uint32_t id) const {
  std::uint32_t count = edges_.degree(index_of_[id]);
  const auto found = contests_of_.find(id);
  if (found == contests_of_.end()) return count;
  for (const std::uint32_t contest : found->second) {
    count -= static_cast<std::uint32_t>(plan_->contests[contest].contenders.size()) - 1;
  }
  return count;
}

// A wide join gets as many combiners as its predecessors need, those get combiners in turn, until few enough remain.
void PlanBuilder::add_combiners() {
  PlanData& plan = *plan_;
  for (std::uint32_t id = 0; id < plan.task_count; ++id) {
    std::uint32_t feeding = fan_in(id);
    if (feeding <= max_fan_in) continue;
    std::uint32_t level = plan.task_count + plan.combiner_count;  // the first of the current level
    first_combiner_of_[id] = level;
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
  if (!definition_.has_values && definition_.untyped_bodies.empty()) {
    lay_out_controls({});
    return;
  }
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
    const std::size_t contest = plan.contests.size();
    lay_out_slots(definition_.wires_of(index_of_[id]), offsets);
    for (std::size_t at = contest; at < plan.contests.size(); ++at) plan.contests[at].task = id;
  }
  std::sort(plan.taken_from.begin(), plan.taken_from.end());
  lay_out_controls(offsets);
}

void PlanBuilder::lay_out_slots(std::span<const std::uint32_t> wires, const std::vector<std::uint32_t>& offsets) {
  bool with_number = false;
  std::uint32_t contenders = 0;  // still to come, of a contest
  for (const std::uint32_t wire : wires) {
    if (contenders == 0 && (wire & (group_wire | first_wire_bit)) == (group_wire | first_wire_bit)) {
      contenders = wire & ~(group_wire | first_wire_bit);
      plan_->slots.push_back(static_cast<std::uint32_t>(plan_->contests.size()));
      plan_->slots.push_back(contenders);
      plan_->contests.push_back({static_cast<std::uint32_t>(plan_->first_slot.size()), {}});
      continue;
    }
    if ((wire & group_wire) != 0) {
      with_number = (wire & (outcome_wire | maybe_wire)) != 0;
      if (!with_number) plan_->slots.push_back(wire & ~group_wire);
      continue;
    }
    const std::uint32_t producer = id_of_[wire & ~taken_wire];
    if (contenders > 0) {
      --contenders;
      plan_->slots.push_back(offsets[producer]);
      plan_->slots.push_back(producer);
      plan_->contests.back().contenders.push_back(producer);
      continue;
    }
    plan_->slots.push_back(offsets[producer]);
    if (std::exchange(with_number, false)) plan_->slots.push_back(producer);
    if ((wire & taken_wire) != 0) plan_->taken_from.push_back(producer);
  }
}

void PlanBuilder::lay_out_controls(const std::vector<std::uint32_t>& offsets) {
  PlanData& plan = *plan_;
  for (const auto& [task, source] : definition_.controls) {
    if (!live(task)) continue;
    Control control;
    for (CompiledStep step : source.rule) {
      if (step.op == RuleStep::Op::outcome) step.operand = id_of_[step.operand];
      control.rule.push_back(step);
    }
    for (const Condition& each : source.conditions) {
      std::vector<std::uint32_t> producers;
      Definition::for_each_producer(each.wires,
                                    [&](std::uint32_t producer, bool, Use) { producers.push_back(id_of_[producer]); });
      control.conditions.push_back(
          {each.predicate, each.test, std::move(producers), static_cast<std::uint32_t>(plan.slots.size())});
      lay_out_slots(each.wires, offsets);
    }
    plan.controls.emplace(id_of_[task], std::move(control));
  }
  for (const auto& [task, compensation] : definition_.cleanup.compensations) {
    plan.compensates.emplace(id_of_[compensation], id_of_[task]);
  }
  if (plan.controls.empty() && !definition_.has_uses) return;
  plan.first_use.reserve(std::size_t{plan.task_count} + 1);
  for (std::uint32_t id = 0; id < plan.task_count; ++id) {
    plan.first_use.push_back(static_cast<std::uint32_t>(plan.uses.size()));
    definition_.for_each_wire(
        index_of_[id], [&](std::uint32_t producer, bool, Use use) { plan.uses.push_back(id_of_[producer] | use); });
  }
  plan.first_use.push_back(static_cast<std::uint32_t>(plan.uses.size()));
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
    plan.has_limits = plan.has_limits || settings.timeout || settings.deadline;
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
