// SPDX-License-Identifier: MIT
#include <baton/graph/workflow.hpp>

#include "graph/definition.hpp"
#include "graph/handle_access.hpp"
#include "graph/retry_check.hpp"

#include <algorithm>

namespace baton {

using detail::Definition;

namespace {

/// The number of `task` in `definition`, for calls that cannot go on without one.
std::uint32_t require(const Definition& definition, AnyTask task) {
  const auto identity = HandleAccess::identity(task);
  const auto index = HandleAccess::index(task);
  if (identity.slot == nullptr) throw UsageError("this handle names no task: it was never given out by a workflow");
  if (identity != definition.identity()) {
    throw UsageError("the handle is of another workflow than '" + definition.name + "'");
  }
  if (!definition.is_live(index)) throw UsageError("task " + definition.label(index) + " has been removed");
  return index;
}

detail::TaskSettings& settings_of(AnyTask task) {
  Definition& definition = Definition::of(HandleAccess::identity(task));
  return definition.settings[require(definition, task)];
}

// Apart from their callers, whose usual way is short.
[[gnu::noinline]] void refuse_predecessor(Definition& definition, AnyTask task, AnyTask predecessor) {
  const auto to = definition.accept(task, "the task after which order was asked for");
  if (to) definition.accept(predecessor, "a predecessor of task " + definition.label(*to), *to);
}
[[gnu::noinline]] void refuse_successor(Definition& definition, AnyTask task, AnyTask successor) {
  const auto from = definition.accept(task, "the task before which order was asked for");
  if (from) definition.accept(successor, "a successor of task " + definition.label(*from), *from);
}

}  // namespace

// ---- AnyTask ----

void AnyTask::add_edge_from(AnyTask predecessor) const {
  Definition& definition = Definition::of(identity());
  if (definition.has(*this) && definition.has(predecessor)) {
    definition.edges.add(predecessor.index_, index_);
  } else {
    refuse_predecessor(definition, *this, predecessor);
  }
}

void AnyTask::add_edge_to(AnyTask successor) const {
  Definition& definition = Definition::of(identity());
  if (definition.has(*this) && definition.has(successor)) {
    definition.edges.add(index_, successor.index_);
  } else {
    refuse_successor(definition, *this, successor);
  }
}

const AnyTask& AnyTask::depends(const Rule& rule) const {
  Definition& definition = Definition::of(identity());
  definition.add_rule(require(definition, *this), rule);
  return *this;
}

void AnyTask::add_condition(std::shared_ptr<const void> predicate, detail::ConditionTest test,
                            const detail::Wire* wires, std::size_t wire_count) const {
  Definition& definition = Definition::of(identity());
  definition.add_condition(require(definition, *this), {std::move(predicate), test}, wires, wire_count);
}

void* AnyTask::reserve_capture(std::size_t size, std::size_t alignment) const {
  return Definition::of(identity()).reserve_capture(size, alignment);
}

void AnyTask::keep_capture(void* place, void (*destroy)(void*) noexcept) const noexcept {
  Definition::of(identity()).keep_capture(place, destroy);
}

void AnyTask::add_compensation(const detail::BodyType& type, const std::byte* capture, bool is_given_value,
                               const Retry& policy) const {
  detail::check_retry(policy);
  Definition& definition = Definition::of(identity());
  definition.add_compensation(require(definition, *this), type, capture, is_given_value, policy);
}

const AnyTask& AnyTask::allow_failure() const {
  settings_of(*this).allows_failure = true;
  return *this;
}

const AnyTask& AnyTask::retry(const Retry& policy) const {
  detail::check_retry(policy);
  settings_of(*this).retry = policy;
  return *this;
}

const AnyTask& AnyTask::timeout(Duration limit) const {
  detail::check_limit(limit, "timeout");
  settings_of(*this).timeout = limit;
  return *this;
}

const AnyTask& AnyTask::deadline(Duration limit) const {
  detail::check_limit(limit, "deadline");
  settings_of(*this).deadline = limit;
  return *this;
}

const AnyTask& AnyTask::resource(std::string_view name, std::uint64_t amount) const {
  detail::TaskSettings& settings = settings_of(*this);
  const auto same = std::find_if(settings.resources.begin(), settings.resources.end(),
                                 [&](const detail::ResourceRequest& request) { return request.name == name; });
  if (same != settings.resources.end()) {
    same->amount += amount;
  } else if (amount > 0) {
    settings.resources.push_back({std::string(name), amount});
  }
  return *this;
}

const AnyTask& AnyTask::on(Executor& executor) const {
  settings_of(*this).executor = &executor;
  return *this;
}

const AnyTask& AnyTask::priority(int value) const {
  settings_of(*this).priority = value;
  return *this;
}

const AnyTask& AnyTask::expected_duration(Duration duration) const {
  settings_of(*this).expected_duration = duration;
  return *this;
}

const AnyTask& AnyTask::tag(std::string_view word) const {
  settings_of(*this).tags.emplace_back(word);
  return *this;
}

// ---- Workflow ----

Workflow::Workflow() = default;
Workflow::Workflow(std::string_view name) { definition().name = name; }
Workflow::Workflow(const Workflow& other)
    : definition_(other.definition_ ? std::make_unique<Definition>(*other.definition_) : nullptr) {}
Workflow& Workflow::operator=(const Workflow& other) {
  if (this != &other) *this = Workflow(other);
  return *this;
}
Workflow::Workflow(Workflow&& other) noexcept = default;
Workflow& Workflow::operator=(Workflow&& other) noexcept = default;
Workflow::~Workflow() = default;

Definition& Workflow::definition() { return definition_ ? *definition_ : begin_definition(); }

[[gnu::noinline]] Definition& Workflow::begin_definition() {
  definition_ = std::make_unique<Definition>();
  return *definition_;
}

std::string_view Workflow::name() const noexcept { return definition_ ? definition_->name : std::string_view{}; }
std::size_t Workflow::size() const noexcept { return definition_ ? definition_->live_count : 0; }

void* Workflow::reserve_capture(std::size_t size, std::size_t alignment) {
  return definition().reserve_capture(size, alignment);
}

void Workflow::keep_capture(void* place, void (*destroy)(void*) noexcept) noexcept {
  definition_->keep_capture(place, destroy);
}

AnyTask Workflow::add_task(const std::string_view* name, const detail::BodyType& type, const std::byte* capture,
                           const detail::Wire* wires, std::size_t wire_count) {
  Definition& target = definition();
  const std::uint32_t index = target.add(name, type, capture);
  if (wire_count > 0) target.wire(index, wires, wire_count);
  return AnyTask(target.identity(), index);
}

AnyTask Workflow::add_untyped_task(std::string_view name, detail::BodyType type, const std::byte* capture,
                                   const std::vector<AnyTask>& arguments) {
  Definition& target = definition();
  target.untyped_bodies.push_back(std::make_shared<const detail::BodyType>(std::move(type)));
  const detail::Wire group{detail::Wire::Kind::group, AnyTask{}, arguments};
  return add_task(&name, *target.untyped_bodies.back(), capture, &group, 1);
}

void Workflow::replace_task(AnyTask task, const detail::BodyType& type, const std::byte* capture,
                            const detail::Wire* wires, std::size_t wire_count) {
  const std::uint32_t index = require(definition(), task);
  definition_->replace_body(index, type, capture);
  definition_->wire(index, wires, wire_count);
}

void Workflow::add_cleanup(AnyTask task) { definition_->add_cleanup(require(*definition_, task)); }

AnyTask Workflow::add_input(std::string_view name, TypeRef type, Fallback fallback) {
  // The scheduler constructs the value before the run starts, so the body has nothing left to do.
  auto body = std::make_shared<detail::BodyType>();
  body->invoke = [](const void*, const detail::Frame&, std::uint32_t) {};
  body->result = type;
  Definition& target = definition();
  target.untyped_bodies.push_back(body);
  const std::byte capture[detail::inline_capture_size]{};
  const AnyTask task = add_task(&name, *body, capture, nullptr, 0);
  target.inputs.push_back({task.index_, type, std::move(fallback)});
  return task;
}

void Workflow::edge(AnyTask from, AnyTask to) {
  if (definition_ && definition_->has(from) && definition_->has(to)) {
    definition_->edges.add(HandleAccess::index(from), HandleAccess::index(to));
  } else {
    refuse_edge(from, to);
  }
}

// Apart, so that the usual way of `edge` is short.
[[gnu::noinline]] void Workflow::refuse_edge(AnyTask from, AnyTask to) {
  definition().accept(from, "the first task of an edge");
  definition().accept(to, "the second task of an edge");
}

void Workflow::remove_edge(AnyTask from, AnyTask to) {
  Definition& target = definition();
  const std::uint32_t first = require(target, from);
  const std::uint32_t second = require(target, to);
  target.edges.remove(first, second);
}

void Workflow::remove(AnyTask task) { definition().remove(require(definition(), task)); }

void Workflow::rename(AnyTask task, std::string_view name) { definition().rename(require(definition(), task), name); }

std::optional<AnyTask> Workflow::find(std::string_view name) const {
  const auto index = definition_ ? definition_->find(name) : std::nullopt;
  if (!index) return std::nullopt;
  return AnyTask(definition_->identity(), *index);
}

AnyTask Workflow::find_typed(std::string_view name, TypeRef type) const {
  const auto found = find(name);
  const std::string where = "workflow '" + std::string(this->name()) + "': ";
  if (!found) throw UsageError(where + "there is no task '" + std::string(name) + "'");
  const TypeRef result = definition_->tasks[found->index_].type->result;
  if (!same_type(result, type)) {
    throw UsageError(where + "task '" + std::string(name) + "' returns " + readable_name(*result->id) + ", not " +
                     readable_name(*type->id));
  }
  return *found;
}

AnyTask Workflow::counterpart(AnyTask task) const {
  if (!definition_ || !definition_->has_counterpart(task.identity(), task.index_)) {
    throw UsageError("workflow '" + std::string(name()) + "' has no counterpart of this task");
  }
  return AnyTask(definition_->identity(), task.index_);
}

void Workflow::check_subworkflow(AnyTask task, const Plan& plan, AnyTask output, const std::vector<AnyTask>& inputs) {
  definition_->children.insert_or_assign(task.index_, plan);
  const std::string subject = "task " + definition_->label(task.index_) + ": ";
  const std::string whose = " of plan '" + std::string(plan.name()) + "'";
  const auto fault = [&](const std::string& text) {
    definition_->faults.push_back({subject + text, task.index_, true});
  };
  if (output && !plan.contains(output)) fault("its output is not a task" + whose);
  std::vector<TaskId> bound;
  for (const AnyTask& input : inputs) {
    if (plan.contains(input)) {
      bound.push_back(plan.id(input));
    } else {
      fault("it binds an input that is not one" + whose);
    }
  }
  for (const detail::PlanInput& input : plan.data().inputs) {
    const TaskId id{input.task};
    if (!input.fallback && std::find(bound.begin(), bound.end(), id) == bound.end()) {
      fault("nothing feeds the input '" + plan.task_name(id) + "'" + whose + "; pass bind(input, task)");
    }
  }
}

Plan Workflow::build() const& {
  if (!definition_) return Plan{};
  return Plan(detail::build_plan(*definition_, false));
}

Plan Workflow::build() && {
  const std::unique_ptr<Definition> consumed = std::move(definition_);
  if (!consumed) return Plan{};
  return Plan(detail::build_plan(*consumed, true));
}

}  // namespace baton
