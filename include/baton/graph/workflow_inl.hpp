// SPDX-License-Identifier: MIT
#pragma once

// Definitions of the templates of Workflow.

#include <baton/graph/inputs.hpp>
#include <baton/graph/untyped.hpp>
#include <baton/graph/workflow.hpp>

namespace baton {

namespace detail {

/// Puts `body` into a record's capture, or where `reserve(size, alignment)` gives room, and then tells `keep` how it
/// ends.
template <typename Body, typename Reserve, typename Keep>
void store_capture(Body&& body, std::byte* capture, Reserve&& reserve, Keep&& keep) {
  using F = std::decay_t<Body>;
  if constexpr (Capture<F>::is_inline) {
    ::new (static_cast<void*>(capture)) F(std::forward<Body>(body));
  } else {
    F* kept = ::new (reserve(sizeof(F), alignof(F))) F(std::forward<Body>(body));
    if constexpr (!std::is_trivially_destructible_v<F>) {
      keep(kept, [](void* place) noexcept { static_cast<F*>(place)->~F(); });
    }
    ::new (static_cast<void*>(capture)) F*(kept);
  }
}

}  // namespace detail

template <typename Body>
void Workflow::store_body(Body&& body, std::byte* capture) {
  detail::store_capture(
      std::forward<Body>(body), capture,
      [this](std::size_t size, std::size_t alignment) { return reserve_capture(size, alignment); },
      [this](void* place, void (*destroy)(void*) noexcept) { keep_capture(place, destroy); });
}

namespace detail {

/// Refuses a wrong body with one message; true when it is fine.
template <typename F, typename... Arguments>
constexpr bool check_body() {
  constexpr BodyFault fault = find_body_fault<F, Arguments...>();
  static_assert(
      fault != BodyFault::not_a_handle,
      "baton: each argument after the body must be a task's handle, take(handle), or a std::vector of handles "
      "(capture plain values in the body instead)");
  static_assert(fault != BodyFault::no_value,
                "baton: an argument is a task without a result (Task<void>): use .after(task) for order without data");
  static_assert(
      fault != BodyFault::mutable_body,
      "baton: a body is called through const, because runs of a plan may overlap: drop 'mutable', or keep changing "
      "state behind a std::atomic, a mutex or a pointer");
  static_assert(
      fault != BodyFault::too_few,
      "baton: the body has more parameters than it is given arguments: pass a task's handle for each parameter");
  static_assert(
      fault != BodyFault::too_many,
      "baton: the body has fewer parameters than it is given arguments: drop an argument, or use .after(task) for "
      "order without data");
  static_assert(
      fault != BodyFault::wrong_type,
      "baton: the body cannot be called with these arguments: a Task<T> gives it a const T&, take(task) a T&&, a "
      "std::vector<Task<T>> a Values<T>, outcome(task) an Outcome<const T&>, maybe(task) a Maybe<T>");
  static_assert(fault != BodyFault::reference,
                "baton: the body returns a reference, which would dangle: return a value, or a std::shared_ptr");
  return fault == BodyFault::none;
}

}  // namespace detail

template <typename Predicate, typename... Arguments>
const AnyTask& AnyTask::when(Predicate&& predicate, const Arguments&... arguments) const {
  using F = std::decay_t<Predicate>;
  if constexpr (detail::check_body<F, Arguments...>()) {
    using Bound = detail::BoundBody<F, detail::ArgumentKind<Arguments>...>;
    static_assert((!detail::takes_value<detail::ArgumentKind<Arguments>> && ...),
                  "baton: a condition only looks: pass the handle without take()");
    static_assert((!detail::waits_for_first<detail::ArgumentKind<Arguments>> && ...),
                  "baton: a condition cannot be given first(...): ask in a task that is");
    static_assert(!Bound::takes_context && std::is_convertible_v<typename Bound::Result, bool>,
                  "baton: a condition returns a bool, and takes no Context");
    const std::vector<detail::Wire> wires{detail::ArgumentKind<Arguments>::wire(arguments)...};
    add_condition(std::make_shared<const F>(std::forward<Predicate>(predicate)),
                  &detail::BoundCondition<F, detail::ArgumentKind<Arguments>...>::test, wires.data(), wires.size());
  }
  return *this;
}

template <typename T>
template <typename Body>
const Task<T>& Task<T>::compensate(Body&& body) const {
  return compensate(std::forward<Body>(body), Retry{.attempts = 1});
}

template <typename T>
template <typename Body>
const Task<T>& Task<T>::compensate(Body&& body, const Retry& policy) const {
  using F = std::decay_t<Body>;
  alignas(void*) std::byte capture[detail::inline_capture_size]{};
  const auto store = [&] {
    detail::store_capture(
        std::forward<Body>(body), capture,
        [this](std::size_t size, std::size_t alignment) { return reserve_capture(size, alignment); },
        [this](void* place, void (*destroy)(void*) noexcept) { keep_capture(place, destroy); });
  };
  if constexpr (!std::is_void_v<T> && (std::is_invocable_v<const F&, std::add_lvalue_reference_t<const T>> ||
                                       std::is_invocable_v<const F&, Context&, std::add_lvalue_reference_t<const T>>)) {
    using Bound = detail::BoundBody<F, detail::Shared<T>>;
    static_assert(std::is_void_v<typename Bound::Result>, "baton: a compensation returns nothing");
    store();
    add_compensation(Bound::type(), capture, true, policy);
  } else if constexpr (detail::check_body<F>()) {
    using Bound = detail::BoundBody<F>;
    static_assert(std::is_void_v<typename Bound::Result>, "baton: a compensation returns nothing");
    store();
    add_compensation(Bound::type(), capture, false, policy);
  }
  return *this;
}

template <typename Body, typename... Arguments>
auto Workflow::finally(std::string_view name, Body&& body, const Arguments&... arguments) {
  auto added = task(name, std::forward<Body>(body), arguments...);
  add_cleanup(added);
  return added;
}

template <typename Body, typename... Arguments>
auto Workflow::make_task(const std::string_view* name, Body&& body, const Arguments&... arguments) {
  using F = std::decay_t<Body>;
  if constexpr (detail::check_body<F, Arguments...>()) {
    using Bound = detail::BoundBody<F, detail::ArgumentKind<Arguments>...>;
    alignas(void*) std::byte capture[detail::inline_capture_size]{};
    store_body(std::forward<Body>(body), capture);
    const detail::Wire* wires = nullptr;
    if constexpr (sizeof...(Arguments) > 0) {
      const detail::Wire list[] = {detail::ArgumentKind<Arguments>::wire(arguments)...};
      wires = list;
      return Task<typename Bound::Result>(add_task(name, Bound::type(), capture, wires, sizeof...(Arguments)));
    } else {
      return Task<typename Bound::Result>(add_task(name, Bound::type(), capture, wires, 0));
    }
  } else {
    return Task<void>{};
  }
}

template <typename T, typename Body, typename... Arguments>
void Workflow::replace(const Task<T>& task, Body&& body, const Arguments&... arguments) {
  using F = std::decay_t<Body>;
  if constexpr (detail::check_body<F, Arguments...>()) {
    using Bound = detail::BoundBody<F, detail::ArgumentKind<Arguments>...>;
    static_assert(std::is_same_v<typename Bound::Result, T>,
                  "baton: the new body must return what the task's handle says, since other tasks use that type");
    alignas(void*) std::byte capture[detail::inline_capture_size]{};
    store_body(std::forward<Body>(body), capture);
    const std::vector<detail::Wire> wires{detail::ArgumentKind<Arguments>::wire(arguments)...};
    replace_task(task, Bound::type(), capture, wires.data(), wires.size());
  }
}

template <typename T>
Workflow::Fallback Workflow::make_fallback(std::shared_ptr<const T> value) {
  return std::make_shared<const detail::InputFallback>(detail::InputFallback{
      std::move(value), [](void* to, const void* from) { ::new (to) T(*static_cast<const T*>(from)); }});
}

namespace detail {

/// The body of a sub-workflow: gathers the inputs and asks the engine for the child run.
template <typename... T>
struct SubworkflowBody {
  Plan plan;
  AnyTask output;
  std::tuple<Input<T>...> inputs;

  template <typename... Values>
  void operator()(Context& context, Values&&... values) const {
    Inputs given;
    std::apply([&](const auto&... input) { (given.set(input, std::forward<Values>(values)), ...); }, inputs);
    context.call(ChildCall{&plan, std::move(given), output});
  }
};

}  // namespace detail

template <typename T, typename... Bindings>
Task<T> Workflow::subworkflow(std::string_view name, const Plan& plan, const Task<T>& output,
                              const Bindings&... bindings) {
  static_assert(std::is_void_v<T> || std::is_move_constructible_v<T>,
                "baton: the result of a sub-workflow is moved out of it, so its type must be movable");
  using F = detail::SubworkflowBody<typename decltype(bindings.input)::Result...>;
  using Bound = detail::BoundBody<F, detail::ArgumentKind<decltype(bindings.argument)>...>;
  alignas(void*) std::byte capture[detail::inline_capture_size]{};
  store_body(F{plan, output, {bindings.input...}}, capture);
  const std::vector<detail::Wire> wires{detail::ArgumentKind<decltype(bindings.argument)>::wire(bindings.argument)...};
  const Task<T> task(add_task(&name, detail::type_with_result<T, Bound>(), capture, wires.data(), wires.size()));
  check_subworkflow(task, plan, output, {bindings.input...});
  return task;
}

template <typename... Bindings>
Task<void> Workflow::subworkflow(std::string_view name, const Plan& plan, const Bindings&... bindings) {
  return subworkflow(name, plan, Task<void>{}, bindings...);
}

template <typename State, typename Initial, typename... Arguments, typename Body>
Task<State> Workflow::add_loop(std::string_view name, Body body, const LoopOptions& options, const Initial& initial,
                               const Arguments&... arguments) {
  const detail::BodyType& type =
      detail::loop_type<State, Body, detail::ArgumentKind<Initial>, detail::ArgumentKind<Arguments>...>();
  alignas(void*) std::byte capture[detail::inline_capture_size]{};
  store_body(std::move(body), capture);
  const detail::Wire wires[] = {detail::ArgumentKind<Initial>::wire(initial),
                                detail::ArgumentKind<Arguments>::wire(arguments)...};
  const Task<State> task(add_task(&name, type, capture, wires, 1 + sizeof...(Arguments)));
  check_loop(task, options);
  return task;
}

template <typename Initial, typename In, typename Out, typename Done, typename... Bindings>
auto Workflow::loop(std::string_view name, const Initial& initial, const Plan& plan, const Input<In>& state_in,
                    const Task<Out>& state_out, Done&& done, const LoopOptions& options, const Bindings&... bindings) {
  if constexpr (!detail::check_loop<Initial, std::decay_t<Done>>()) {
    return Task<void>{};
  } else {
    using State = typename detail::LoopInitial<Initial>::State;
    constexpr bool same = std::is_same_v<State, In> && std::is_same_v<State, Out>;
    static_assert(same, "baton: what a loop begins with, the input and the task of its plan need the same type");
    constexpr bool shares = ((!detail::is_taken<decltype(bindings.argument)> &&
                              std::is_copy_constructible_v<typename decltype(bindings.input)::Result>) &&
                             ...);
    static_assert(shares,
                  "baton: every round of a loop is given a copy: pass bind(input, task) without take(), or put what "
                  "only moves into a std::shared_ptr");
    if constexpr (same && shares) {
      using Body = detail::PlanLoop<State, std::decay_t<Done>, detail::ArgumentKind<Initial>,
                                    typename decltype(bindings.input)::Result...>;
      const Task<State> task = add_loop<State>(
          name, Body{{std::forward<Done>(done), options}, plan, state_in, state_out, {bindings.input...}}, options,
          initial, bindings.argument...);
      check_plan_loop(task, plan, state_in, state_out, {bindings.input...});
      return task;
    } else {
      return Task<State>{};
    }
  }
}

template <typename Initial, typename Round, typename Done, typename... Arguments>
  requires(!std::is_same_v<std::decay_t<Round>, Plan>)
auto Workflow::loop(std::string_view name, const Initial& initial, Round&& round, Done&& done,
                    const LoopOptions& options, const Arguments&... arguments) {
  if constexpr (!detail::check_loop<Initial, std::decay_t<Done>>()) {
    return Task<void>{};
  } else {
    using State = typename detail::LoopInitial<Initial>::State;
    using F = std::decay_t<Round>;
    constexpr bool shares = (!detail::is_taken<Arguments> && ...);
    static_assert(shares, "baton: every round of a loop gets the same arguments: pass the handles without take()");
    if constexpr (shares && detail::check_body<F, Taken<State>, Arguments...>()) {
      using Result = typename detail::BoundBody<F, detail::Moved<State>, detail::ArgumentKind<Arguments>...>::Result;
      constexpr bool returns = std::is_convertible_v<Result, State>;
      static_assert(returns, "baton: a round of a loop returns the next state");
      if constexpr (returns) {
        using Body = detail::FunctionLoop<State, F, std::decay_t<Done>, detail::ArgumentKind<Initial>,
                                          detail::ArgumentKind<Arguments>...>;
        return add_loop<State>(name, Body{{std::forward<Done>(done), options}, std::forward<Round>(round)}, options,
                               initial, arguments...);
      } else {
        return Task<State>{};
      }
    } else {
      return Task<State>{};
    }
  }
}

template <typename Body>
AnyTask Workflow::untyped_task(std::string_view name, TypeRef result, std::vector<TypeRef> parameters, Body body,
                               const std::vector<AnyTask>& arguments) {
  static_assert(std::is_invocable_v<const Body&, UntypedCall&>,
                "baton: an untyped body is called as body(UntypedCall&), through const");
  alignas(void*) std::byte capture[detail::inline_capture_size]{};
  detail::BodyType type;
  type.invoke = [](const void* stored, const detail::Frame& frame, std::uint32_t task) {
    if constexpr (std::is_invocable_v<const Body&, UntypedCall&>) {  // said once above
      UntypedCall call(frame, frame.slots_of(task));
      std::invoke(detail::Capture<Body>::body(stored), call);
    }
  };
  type.result = result;
  type.takes_context = true;
  type.untyped = true;
  type.parameters = std::move(parameters);
  store_body(std::move(body), capture);
  return add_untyped_task(name, std::move(type), capture, arguments);
}

}  // namespace baton
