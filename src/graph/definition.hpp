// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/workflow.hpp>

#include "graph/arena.hpp"
#include "graph/buffer.hpp"
#include "graph/control.hpp"
#include "graph/edge_log.hpp"
#include "graph/handle_access.hpp"
#include "graph/plan_data.hpp"

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace baton::detail {

/// Where handles find their workflow, wherever that moved; never freed, so that a stale handle can tell that it is.
/// A slot is used again for another workflow under the next generation.
struct WorkflowSlot {
  std::atomic<std::uint32_t> generation{0};
  Definition* definition = nullptr;
  WorkflowSlot* next_free = nullptr;
};

/// A task being described. `type` is null once it has been removed.
struct TaskDraft {
  const BodyType* type;
  alignas(void*) std::byte capture[inline_capture_size];
  std::uint32_t first_wire;  // into wires, where a count comes first
  std::uint32_t name;        // into names, plus 1; 0: nameless
};

// Wiring of one task: the number of entries that follow, then an entry a producer. A group is its own entry, with the
// number of its members, before them.
inline constexpr std::uint32_t taken_wire = 1u << 31;
inline constexpr std::uint32_t group_wire = 1u << 30;
// With group_wire, no number: the next entry is used in another way (see Use).
inline constexpr std::uint32_t outcome_wire = 1u << 29;
inline constexpr std::uint32_t maybe_wire = 1u << 28;

// With group_wire and the number of members: the next so many entries are contenders of one contest.
inline constexpr std::uint32_t first_wire_bit = 1u << 31;

inline constexpr std::uint32_t no_owner = UINT32_MAX;

/// What was wrong with a call, kept for build().
struct DefinitionFault {
  std::string text;
  std::uint32_t owner;  // the task that it goes away with
  bool wiring;          // also goes away when that task gets another body
};

/// The state of a Workflow: an append-only log of what was declared, checked and compiled by PlanBuilder.
class Definition {
 public:
  Definition();
  Definition(const Definition& other);
  Definition& operator=(const Definition&) = delete;
  ~Definition();

  [[nodiscard]] WorkflowIdentity identity() const noexcept { return identity_; }
  /// The definition that `identity` names.
  /// @throws UsageError when it is gone.
  static Definition& of(WorkflowIdentity identity) {
    if (identity.slot == nullptr || identity.slot->generation.load(std::memory_order_relaxed) != identity.generation) {
      refuse(identity);
    }
    return *identity.slot->definition;
  }

  void* reserve_capture(std::size_t size, std::size_t alignment);
  void keep_capture(void* place, void (*destroy)(void*) noexcept) noexcept { arenas.back()->keep(place, destroy); }

  std::uint32_t add(const std::string_view* task_name, const BodyType& type, const std::byte* capture);
  /// The task keeps its order, name and settings; its wiring is still to come.
  void replace_body(std::uint32_t task, const BodyType& type, const std::byte* capture);
  void wire(std::uint32_t task, const Wire* list, std::size_t count);
  void add_condition(std::uint32_t task, Condition condition, const Wire* list, std::size_t count);
  void add_rule(std::uint32_t task, const Rule& rule);
  /// Marks `task` as one that runs when the work is over.
  void add_cleanup(std::uint32_t task);
  void add_compensation(std::uint32_t task, const BodyType& type, const std::byte* capture, bool is_given_value,
                        const Retry& retry);
  void remove(std::uint32_t task);
  void rename(std::uint32_t task, std::string_view task_name);
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view task_name) const;

  [[nodiscard]] bool is_live(std::uint32_t task) const {
    return task < tasks.size() && (live_count == tasks.size() || tasks[task].type != nullptr);
  }
  /// Whether `task` is a live one of this workflow.
  [[nodiscard]] bool has(AnyTask task) const {
    return HandleAccess::identity(task) == identity_ && is_live(HandleAccess::index(task));
  }
  /// `'name'`, or `#17`, for messages.
  [[nodiscard]] std::string label(std::uint32_t task) const;
  /// `name`, or `#17`.
  [[nodiscard]] std::string name_or_number(std::uint32_t task) const;
  /// The number of `task`, when it is a live one of this workflow; otherwise notes a fault about `what`, which is
  /// forgotten when task `owner` is removed or, where it is about `wiring`, gets another body.
  std::optional<std::uint32_t> accept(AnyTask task, std::string_view what, std::uint32_t owner = no_owner,
                                      bool wiring = false);
  /// The wires of what `task` itself is given.
  [[nodiscard]] std::span<const std::uint32_t> wires_of(std::uint32_t task) const {
    const std::uint32_t first = tasks[task].first_wire;
    return first == 0 ? std::span<const std::uint32_t>() : std::span(wires).subspan(first + 1, wires[first]);
  }
  /// visit(producer, taken, use) for each producer in `list`.
  template <typename Visit>
  static void for_each_producer(std::span<const std::uint32_t> list, Visit&& visit) {
    Use use = needs_value;
    std::uint32_t contenders = 0;
    for (const std::uint32_t wire : list) {
      if (contenders > 0) {
        --contenders;
        visit(wire, false, wants_first);
      } else if ((wire & (group_wire | first_wire_bit)) == (group_wire | first_wire_bit)) {
        contenders = wire & ~(group_wire | first_wire_bit);
      } else if ((wire & group_wire) != 0) {
        use = (wire & outcome_wire) != 0 ? wants_outcome : (wire & maybe_wire) != 0 ? wants_value : needs_value;
      } else {
        visit(wire & ~taken_wire, (wire & taken_wire) != 0, use);
        use = needs_value;
      }
    }
  }
  /// visit(producer, taken, use) for each task whose result or outcome `task` is given, those of its conditions
  /// included.
  template <typename Visit>
  void for_each_wire(std::uint32_t task, Visit&& visit) const {
    for_each_producer(wires_of(task), visit);
    if (controls.empty()) return;
    const auto control = controls.find(task);
    if (control == controls.end()) return;
    for (const Condition& condition : control->second.conditions) for_each_producer(condition.wires, visit);
  }
  [[nodiscard]] bool has_wiring_fault(std::uint32_t task) const;
  /// Whether `index` names a live task here that stood in the workflow `origin` when this one was copied from it.
  [[nodiscard]] bool has_counterpart(WorkflowIdentity origin, std::uint32_t index) const;

  std::string name;
  Buffer<TaskDraft> tasks;
  EdgeLog edges;
  std::vector<std::uint32_t> wires;
  std::vector<std::string> names;
  std::unordered_map<std::uint32_t, TaskSettings> settings;
  std::unordered_map<std::uint32_t, Control> controls;
  Cleanup cleanup;
  std::vector<PlanInput> inputs;  // `task` is the number here
  std::vector<std::shared_ptr<Arena>> arenas;
  std::vector<std::shared_ptr<const BodyType>> untyped_bodies;
  std::unordered_map<std::uint32_t, Plan> children;  // of the tasks that are sub-workflows
  std::vector<DefinitionFault> faults;               // found so far, reported by build()
  std::size_t live_count = 0;
  bool has_special = false;   // some body takes a context
  bool has_values = false;    // some task returns something or is fed
  bool has_uses = false;      // some task is given an outcome, or a value that may be missing
  bool has_contests = false;  // some task is given first(...)

 private:
  void remove_one(std::uint32_t task);
  std::uint32_t add_name(std::string_view text);
  void add_wires(std::vector<std::uint32_t>& target, std::uint32_t task, const Wire* list, std::size_t count);
  void forget_index() {
    index_.clear();
    indexed_ = 0;
  }
  [[noreturn]] static void refuse(WorkflowIdentity identity);
  void note_type(const BodyType& type) {
    has_values = has_values || type.result->size != 0;
    has_special = has_special || type.takes_context;
  }

  struct Origin {
    WorkflowIdentity identity;
    std::size_t task_count;  // when the copy was made
  };
  WorkflowIdentity identity_;
  std::vector<Origin> origins_;  // what this was copied from, and what that was copied from
  // Grows by what was added since the last search; cleared when a name changes or the names move.
  mutable std::unordered_map<std::string_view, std::uint32_t> index_;
  mutable std::uint32_t indexed_ = 0;
};

/// Compiles `definition`. When `consume`, its memory is released as soon as it is no longer needed.
/// @throws DefinitionError
std::shared_ptr<const PlanData> build_plan(Definition& definition, bool consume);

}  // namespace baton::detail
