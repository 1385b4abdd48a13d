// SPDX-License-Identifier: MIT
#include "graph/definition.hpp"

#include "graph/handle_access.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <mutex>

namespace baton {

namespace detail {
namespace {

class SlotTable {
 public:
  WorkflowSlot* take() {
    const std::lock_guard lock(mutex_);
    if (free_ == nullptr) {
      slots_.emplace_back();
      return &slots_.back();
    }
    WorkflowSlot* slot = free_;
    free_ = slot->next_free;
    return slot;
  }

  void give_back(WorkflowSlot* slot) {
    const std::lock_guard lock(mutex_);
    slot->next_free = free_;
    free_ = slot;
  }

 private:
  std::mutex mutex_;
  std::deque<WorkflowSlot> slots_;
  WorkflowSlot* free_ = nullptr;
};

SlotTable& slot_table() {
  // Never destroyed: handles and workflows in static storage may outlive any destructor order.
  static SlotTable* const table = new SlotTable;
  return *table;
}

WorkflowIdentity take_identity(Definition* definition) {
  WorkflowSlot* slot = slot_table().take();
  slot->definition = definition;
  return {slot, slot->generation.load(std::memory_order_relaxed)};
}

}  // namespace

Definition::Definition() : identity_(take_identity(this)) {}

Definition::Definition(const Definition& other)
    : name(other.name),
      tasks(other.tasks),
      edges(other.edges),
      wires(other.wires),
      names(other.names),
      settings(other.settings),
      controls(other.controls),
      cleanup(other.cleanup),
      inputs(other.inputs),
      arenas(other.arenas),
      untyped_bodies(other.untyped_bodies),
      children(other.children),
      faults(other.faults),
      live_count(other.live_count),
      has_special(other.has_special),
      has_values(other.has_values),
      has_uses(other.has_uses),
      has_contests(other.has_contests),
      identity_(take_identity(this)),
      origins_(other.origins_) {
  origins_.push_back({other.identity_, other.tasks.size()});
}

Definition::~Definition() {
  identity_.slot->generation.fetch_add(1, std::memory_order_relaxed);
  identity_.slot->definition = nullptr;
  slot_table().give_back(identity_.slot);
}

void Definition::refuse(WorkflowIdentity identity) {
  if (identity.slot == nullptr) throw UsageError("this handle names no task: it was never given out by a workflow");
  throw UsageError(
      "the workflow of this handle no longer exists: it was destroyed, or built by std::move(flow).build()");
}

void* Definition::reserve_capture(std::size_t size, std::size_t alignment) {
  // Plans and copies share arenas and may be destroyed on other threads: only an arena nobody else holds may grow.
  if (arenas.empty() || arenas.back().use_count() != 1) arenas.push_back(std::make_shared<Arena>());
  return arenas.back()->reserve(size, alignment);
}

std::uint32_t Definition::add(const std::string_view* task_name, const BodyType& type, const std::byte* capture) {
  if (tasks.size() >= max_tasks) throw UsageError("a workflow has at most " + std::to_string(max_tasks) + " tasks");
  const std::uint32_t name_number = task_name != nullptr ? add_name(*task_name) : 0;
  TaskDraft& draft = tasks.grow();
  draft.type = &type;
  std::memcpy(draft.capture, capture, sizeof(draft.capture));
  draft.first_wire = 0;
  draft.name = name_number;
  note_type(type);
  ++live_count;
  return static_cast<std::uint32_t>(tasks.size() - 1);
}

/// @returns its number plus 1.
std::uint32_t Definition::add_name(std::string_view text) {
  if (names.size() == names.capacity()) forget_index();
  names.emplace_back(text);
  return static_cast<std::uint32_t>(names.size());
}

void Definition::replace_body(std::uint32_t task, const BodyType& type, const std::byte* capture) {
  std::memcpy(tasks[task].capture, capture, sizeof(tasks[task].capture));
  tasks[task].type = &type;
  note_type(type);
  children.erase(task);
  std::erase_if(inputs, [task](const PlanInput& input) { return input.task == task; });
}

void Definition::wire(std::uint32_t task, const Wire* list, std::size_t count) {
  std::erase_if(faults, [task](const DefinitionFault& fault) { return fault.owner == task && fault.wiring; });
  has_values = true;
  if (wires.empty()) wires.push_back(0);  // entry 0 is "no arguments"
  if (count == 0) {
    tasks[task].first_wire = 0;
    return;
  }
  const auto first = static_cast<std::uint32_t>(wires.size());
  wires.push_back(0);
  add_wires(wires, task, list, count);
  wires[first] = static_cast<std::uint32_t>(wires.size()) - first - 1;
  tasks[task].first_wire = first;
}

void Definition::add_wires(std::vector<std::uint32_t>& target, std::uint32_t task, const Wire* list,
                           std::size_t count) {
  const auto add_producer = [&](const AnyTask& producer, std::uint32_t marker, std::uint32_t bits) {
    if (HandleAccess::identity(producer) == identity_ && is_live(HandleAccess::index(producer))) {
      if (marker != 0) target.push_back(marker | group_wire);
      has_uses = has_uses || marker != 0;
      target.push_back(HandleAccess::index(producer) | bits);
    } else {
      accept(producer, "an argument of task " + label(task), task, true);
    }
  };
  const auto add_contest = [&](const Wire& wire) {
    const std::size_t at = target.size();
    target.push_back(0);
    for (const AnyTask& contender : wire.tasks) add_producer(contender, 0, 0);
    target[at] = static_cast<std::uint32_t>(target.size() - at - 1) | group_wire | first_wire_bit;
    has_uses = has_contests = true;
    if (wire.tasks.size() >= 2) return;
    faults.push_back({"task " + label(task) + ": first(...) needs two contenders or more, not " +
                          std::to_string(wire.tasks.size()) + "; pass a single handle as it is",
                      task, true});
  };
  for (const Wire* each = list; each != list + count; ++each) {
    switch (each->kind) {
      case Wire::Kind::group:
        target.push_back(static_cast<std::uint32_t>(each->tasks.size()) | group_wire);
        for (const AnyTask& producer : each->tasks) add_producer(producer, 0, 0);
        break;
      case Wire::Kind::shared:
        add_producer(each->task, 0, 0);
        break;
      case Wire::Kind::taken:
        add_producer(each->task, 0, taken_wire);
        break;
      case Wire::Kind::outcome:
        add_producer(each->task, outcome_wire, 0);
        break;
      case Wire::Kind::maybe:
        add_producer(each->task, maybe_wire, 0);
        break;
      case Wire::Kind::first:
        add_contest(*each);
        break;
      case Wire::Kind::maybe_taken:
        add_producer(each->task, maybe_wire, taken_wire);
        break;
    }
  }
}

void Definition::add_condition(std::uint32_t task, Condition condition, const Wire* list, std::size_t count) {
  if (wires.empty()) wires.push_back(0);  // so that build() looks at wiring
  has_values = has_values || count != 0;
  add_wires(condition.wires, task, list, count);
  controls[task].conditions.push_back(std::move(condition));
}

void Definition::add_rule(std::uint32_t task, const Rule& rule) {
  std::vector<CompiledStep> steps;
  steps.reserve(rule.steps().size());
  for (const RuleStep& step : rule.steps()) {
    if (step.op != RuleStep::Op::outcome) {
      steps.push_back({step.op, 0, step.count, step.least});
      continue;
    }
    const auto of = accept(step.task, "a task in the rule of task " + label(task), task);
    if (!of) return;
    steps.push_back({step.op, step.states, *of, 0});
  }
  std::vector<CompiledStep>& all = controls[task].rule;
  const bool second = !all.empty();
  all.insert(all.end(), steps.begin(), steps.end());
  if (second) all.push_back({RuleStep::Op::at_least, 0, 2, 2});
}

void Definition::add_cleanup(std::uint32_t task) {
  if (cleanup.end_of_work == Cleanup::none) {
    static const BodyType nothing{[](const void*, const Frame&, std::uint32_t) {}, type_of<void>()};
    const std::string_view end_of_work = "[end of work]";
    const std::byte capture[inline_capture_size]{};
    cleanup.end_of_work = add(&end_of_work, nothing, capture);
    cleanup.tasks.insert(cleanup.end_of_work);
    has_uses = has_values = true;
  }
  cleanup.tasks.insert(task);
}

void Definition::add_compensation(std::uint32_t task, const BodyType& type, const std::byte* capture,
                                  bool is_given_value, const Retry& retry) {
  if (cleanup.compensations.find(task) != cleanup.compensations.end()) {
    throw UsageError("task " + label(task) + " has a compensation already");
  }
  const std::string undo = name_or_number(task) + "/compensate";
  const std::string_view undo_view = undo;
  const std::uint32_t compensation = add(&undo_view, type, capture);
  if (is_given_value) {
    const Wire value{Wire::Kind::shared, HandleAccess::make(identity_, task), {}};
    wire(compensation, &value, 1);
  }
  if (retry.attempts > 1) settings[compensation].retry = retry;
  add_cleanup(compensation);
  cleanup.compensations.emplace(task, compensation);
}

void Definition::remove(std::uint32_t task) {
  cleanup.tasks.erase(task);
  if (const auto found = cleanup.compensations.find(task); found != cleanup.compensations.end()) {
    const std::uint32_t compensation = found->second;
    cleanup.compensations.erase(found);
    remove_one(compensation);
    cleanup.tasks.erase(compensation);
  }
  remove_one(task);
}

void Definition::remove_one(std::uint32_t task) {
  tasks[task].type = nullptr;
  settings.erase(task);
  controls.erase(task);
  children.erase(task);
  std::erase_if(faults, [task](const DefinitionFault& fault) { return fault.owner == task; });
  std::erase_if(inputs, [task](const PlanInput& input) { return input.task == task; });
  --live_count;
  forget_index();
}

void Definition::rename(std::uint32_t task, std::string_view task_name) {
  tasks[task].name = add_name(task_name);
  if (const auto found = cleanup.compensations.find(task); found != cleanup.compensations.end()) {
    tasks[found->second].name = add_name(std::string(task_name) + "/compensate");
  }
  forget_index();
}

std::optional<std::uint32_t> Definition::find(std::string_view task_name) const {
  for (; indexed_ < tasks.size(); ++indexed_) {
    const TaskDraft& draft = tasks[indexed_];
    if (draft.type != nullptr && draft.name != 0) index_.emplace(names[draft.name - 1], indexed_);
  }
  const auto found = index_.find(task_name);
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

std::string Definition::label(std::uint32_t task) const {
  const TaskDraft& draft = tasks[task];
  return draft.name == 0 ? name_or_number(task) : "'" + names[draft.name - 1] + "'";
}

std::string Definition::name_or_number(std::uint32_t task) const {
  const TaskDraft& draft = tasks[task];
  return draft.name == 0 ? std::string("#").append(std::to_string(task)) : names[draft.name - 1];
}

std::optional<std::uint32_t> Definition::accept(AnyTask task, std::string_view what, std::uint32_t owner, bool wiring) {
  const WorkflowIdentity task_identity = HandleAccess::identity(task);
  const std::uint32_t index = HandleAccess::index(task);
  std::string why;
  if (task_identity.slot == nullptr) {
    why = " is a handle of no task";
  } else if (task_identity != identity_) {
    why = " is a handle of another workflow; use counterpart() for handles of the original of a copy";
  } else if (!is_live(index)) {
    why = " is task " + label(index) + ", which has been removed";
  } else {
    return index;
  }
  faults.push_back({std::string(what) + why, owner, wiring});
  return std::nullopt;
}

bool Definition::has_wiring_fault(std::uint32_t task) const {
  return std::any_of(faults.begin(), faults.end(),
                     [task](const DefinitionFault& fault) { return fault.owner == task && fault.wiring; });
}

bool Definition::has_counterpart(WorkflowIdentity origin, std::uint32_t index) const {
  if (!is_live(index)) return false;
  return origin == identity_ || std::any_of(origins_.begin(), origins_.end(), [&](const Origin& each) {
           return each.identity == origin && index < each.task_count;
         });
}

}  // namespace detail
}  // namespace baton
