// SPDX-License-Identifier: MIT
#include "graph/stand_in.hpp"

#include "graph/definition.hpp"

#include <algorithm>
#include <utility>

namespace baton::detail {

StandIn::~StandIn() = default;

namespace {

struct StandInBody {
  std::shared_ptr<const StandIn> stand_in;
  OriginalBody original;
};

void call_stand_in(const void* capture, const Frame& frame, std::uint32_t task) {
  const StandInBody& body = Capture<StandInBody>::body(capture);
  body.stand_in->call(body.original, frame, task);
}

}  // namespace

std::vector<NamedBody> bodies_of(const Definition& definition) {
  std::vector<bool> is_input(definition.tasks.size());
  for (const PlanInput& input : definition.inputs) is_input[input.task] = true;
  std::vector<NamedBody> bodies;
  bodies.reserve(definition.live_count);
  for (std::uint32_t task = 0; task < definition.tasks.size(); ++task) {
    if (!definition.is_live(task) || is_input[task] || task == definition.cleanup.end_of_work) continue;
    bodies.push_back({task, definition.name_or_number(task), definition.tasks[task].type->result});
  }
  return bodies;
}

std::vector<std::string> input_names(const Definition& definition) {
  std::vector<std::string> names;
  for (const PlanInput& input : definition.inputs) names.push_back(definition.name_or_number(input.task));
  return names;
}

void put_in_place(Definition& definition, std::uint32_t task, std::shared_ptr<const StandIn> stand_in) {
  TaskDraft& draft = definition.tasks[task];
  StandInBody body{std::move(stand_in), {draft.type->invoke, {}}};
  std::copy_n(draft.capture, inline_capture_size, body.original.capture);

  auto type = std::make_shared<BodyType>(*draft.type);
  type->invoke = &call_stand_in;
  type->takes_context = type->has_rounds = true;

  alignas(void*) std::byte capture[inline_capture_size]{};
  store_capture(
      std::move(body), capture,
      [&](std::size_t size, std::size_t alignment) { return definition.reserve_capture(size, alignment); },
      [&](void* place, void (*destroy)(void*) noexcept) { definition.keep_capture(place, destroy); });
  definition.untyped_bodies.push_back(type);
  std::copy_n(capture, inline_capture_size, draft.capture);
  draft.type = type.get();
  definition.has_special = true;
}

}  // namespace baton::detail
