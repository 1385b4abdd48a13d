// SPDX-License-Identifier: MIT
#pragma once

// How a body of any type becomes one function pointer. For the engine and for Workflow; hosts need nothing of it.

#include <baton/base/outcome.hpp>
#include <baton/graph/context.hpp>
#include <baton/graph/task.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace baton::detail {

/// Offsets of values in a run are counted in these units, so that 32 bits reach 32 GiB.
inline constexpr std::size_t value_unit = 8;
/// Captures up to this size that are trivially copyable live in the task's record.
inline constexpr std::size_t inline_capture_size = 16;

/// How tasks of a run ended.
class OutcomeReader {
 public:
  [[nodiscard]] virtual TaskState state(std::uint32_t task) const noexcept = 0;
  [[nodiscard]] virtual std::exception_ptr error(std::uint32_t task) const = 0;
  /// Which task has won a contest that was won.
  [[nodiscard]] virtual std::uint32_t winner(std::uint32_t contest) const noexcept = 0;

 protected:
  ~OutcomeReader() = default;
};

/// What a call of a body needs of the run, the same for all tasks of a run.
struct Frame {
  std::byte* values = nullptr;                ///< The run's values start here.
  const std::uint32_t* first_slot = nullptr;  ///< By task: where its entries in `slots` begin.
  const std::uint32_t* slots = nullptr;       ///< Per task: its own offset, then those of its arguments.
  Context* context = nullptr;                 ///< Only while a body that needs a Context is called.
  const OutcomeReader* outcomes = nullptr;    ///< The same, and while a condition is asked.

  [[nodiscard]] const std::uint32_t* slots_of(std::uint32_t task) const { return slots + first_slot[task]; }
  template <typename T>
  [[nodiscard]] T* value(std::uint32_t offset) const {
    return std::launder(reinterpret_cast<T*>(values + std::size_t{offset} * value_unit));
  }
};

/// Calls the body whose capture is at `capture`, for `task`, and keeps its result in the run.
using Invoke = void (*)(const void* capture, const Frame& frame, std::uint32_t task);

/// What the builder keeps of a body's type. One static object a type, or one a task for untyped bodies.
struct BodyType {
  Invoke invoke = nullptr;
  TypeRef result = nullptr;
  bool takes_context = false;         ///< Or looks at outcomes: more than a plain call.
  bool has_rounds = false;            ///< A loop: called again as long as its Rounds say so.
  bool untyped = false;               ///< Arguments are one counted group; `parameters` are checked by build().
  std::vector<TypeRef> parameters{};  ///< Only for untyped bodies.
};

/// The producers that feed one parameter.
struct Wire {
  enum class Kind : std::uint8_t { shared, taken, group, outcome, maybe, maybe_taken, first };
  Kind kind = Kind::shared;
  AnyTask task;                  ///< For all but group.
  std::vector<AnyTask> tasks{};  ///< For group and first.
};

// ---- What may be passed for a parameter, and what the body then gets ----

template <typename T>
struct Shared {
  using Parameter = const T&;
  static Wire wire(const Task<T>& task) { return {Wire::Kind::shared, task, {}}; }
  static const T& read(const Frame& frame, const std::uint32_t*& slot) { return *frame.value<T>(*slot++); }
};

template <typename T>
struct Moved {
  using Parameter = T&&;
  static Wire wire(const Taken<T>& taken) { return {Wire::Kind::taken, taken.task, {}}; }
  static T&& read(const Frame& frame, const std::uint32_t*& slot) { return std::move(*frame.value<T>(*slot++)); }
};

template <typename T>
struct Group {
  using Parameter = Values<T>;
  static Wire wire(const std::vector<Task<T>>& tasks) {
    return {Wire::Kind::group, AnyTask{}, std::vector<AnyTask>(tasks.begin(), tasks.end())};
  }
  static Values<T> read(const Frame& frame, const std::uint32_t*& slot) {
    const std::uint32_t count = *slot++;
    const std::uint32_t* offsets = slot;
    slot += count;
    return Values<T>(frame.values, offsets, count);
  }
};

/// The outcome of a task: its offset and its number.
template <typename T>
struct Ended {
  using Parameter = std::conditional_t<std::is_void_v<T>, Outcome<void>, Outcome<std::add_lvalue_reference_t<const T>>>;
  static constexpr bool reads_outcome = true;
  static Wire wire(const OutcomeOf<T>& of) { return {Wire::Kind::outcome, of.task, {}}; }
  static Parameter read(const Frame& frame, const std::uint32_t*& slot) {
    const std::uint32_t offset = *slot++;
    const std::uint32_t task = *slot++;
    const TaskState state = frame.outcomes->state(task);
    std::exception_ptr error = state == TaskState::failed ? frame.outcomes->error(task) : nullptr;
    if constexpr (std::is_void_v<T>) {
      return Parameter(state, std::move(error));
    } else {
      return Parameter(state, state == TaskState::succeeded ? frame.value<const T>(offset) : nullptr, std::move(error));
    }
  }
};

template <typename T>
struct Perhaps {
  using Parameter = Maybe<T>;
  static constexpr bool reads_outcome = true;
  static Wire wire(const MaybeOf<T>& of) { return {Wire::Kind::maybe, of.task, {}}; }
  static Maybe<T> read(const Frame& frame, const std::uint32_t*& slot) {
    const std::uint32_t offset = *slot++;
    return Maybe<T>(frame.outcomes->state(*slot++) == TaskState::succeeded ? frame.value<const T>(offset) : nullptr);
  }
};

/// The winner of a contest: the contest's number, how many contenders there are, and offset and number of each.
template <typename T>
struct Won {
  using Parameter = const T&;
  static constexpr bool reads_outcome = true;
  static Wire wire(const FirstOf<T>& of) {
    return {Wire::Kind::first, AnyTask{}, std::vector<AnyTask>(of.tasks.begin(), of.tasks.end())};
  }
  static const T& read(const Frame& frame, const std::uint32_t*& slot) {
    const std::uint32_t winner = frame.outcomes->winner(*slot++);
    const std::uint32_t count = *slot++;
    const std::uint32_t* at = slot;
    slot += 2 * std::size_t{count};
    while (at[1] != winner) at += 2;
    return *frame.value<T>(at[0]);
  }
};

/// The result of an arm of a choice, to be moved on by Workflow::join.
template <typename T>
struct ArmOf {
  Task<T> task;
};
template <typename T>
struct MovedArm {
  using Parameter = T*;
  static constexpr bool reads_outcome = true;
  static Wire wire(const ArmOf<T>& of) { return {Wire::Kind::maybe_taken, of.task, {}}; }
  static T* read(const Frame& frame, const std::uint32_t*& slot) {
    const std::uint32_t offset = *slot++;
    return frame.outcomes->state(*slot++) == TaskState::succeeded ? frame.value<T>(offset) : nullptr;
  }
};

template <typename Kind>
inline constexpr bool reads_outcome = requires { Kind::reads_outcome; };
template <typename Kind>
inline constexpr bool takes_value = false;
template <typename T>
inline constexpr bool takes_value<Moved<T>> = true;
template <typename Kind>
inline constexpr bool waits_for_first = false;
template <typename T>
inline constexpr bool waits_for_first<Won<T>> = true;

// As std::type_identity, so that naming the kind of a Task<void> does not form a reference to void.
template <typename T>
std::type_identity<Shared<T>> argument_kind(const Task<T>&);
template <typename T>
std::type_identity<Moved<T>> argument_kind(const Taken<T>&);
template <typename T>
std::type_identity<Group<T>> argument_kind(const std::vector<Task<T>>&);
template <typename T>
std::type_identity<Ended<T>> argument_kind(const OutcomeOf<T>&);
template <typename T>
std::type_identity<Perhaps<T>> argument_kind(const MaybeOf<T>&);
template <typename T>
std::type_identity<Won<T>> argument_kind(const FirstOf<T>&);
template <typename T>
std::type_identity<MovedArm<T>> argument_kind(const ArmOf<T>&);
template <typename T>
concept IsArgument = requires(const T& argument) { argument_kind(argument); };
template <typename T>
using ArgumentKind = typename decltype(argument_kind(std::declval<const T&>()))::type;

template <typename T>
inline constexpr bool carries_value = true;
template <>
inline constexpr bool carries_value<Task<void>> = false;
template <>
inline constexpr bool carries_value<Taken<void>> = false;
template <>
inline constexpr bool carries_value<std::vector<Task<void>>> = false;
template <>
inline constexpr bool carries_value<MaybeOf<void>> = false;
template <>
inline constexpr bool carries_value<FirstOf<void>> = false;
template <>
inline constexpr bool carries_value<ArmOf<void>> = false;

// ---- What can be wrong with a body; each has one message in Workflow::task ----

enum class BodyFault { none, not_a_handle, no_value, mutable_body, too_few, too_many, wrong_type, reference };

template <typename F>
inline constexpr int arity_of = -1;  // unknown: overloaded, generic, or no function at all
template <typename R, typename... P>
inline constexpr int arity_of<R (*)(P...)> = sizeof...(P);
template <typename R, typename... P>
inline constexpr int arity_of<R (*)(P...) noexcept> = sizeof...(P);
template <typename R, typename C, typename... P>
inline constexpr int arity_of<R (C::*)(P...)> = sizeof...(P);
template <typename R, typename C, typename... P>
inline constexpr int arity_of<R (C::*)(P...) const> = sizeof...(P);
template <typename R, typename C, typename... P>
inline constexpr int arity_of<R (C::*)(P...) noexcept> = sizeof...(P);
template <typename R, typename C, typename... P>
inline constexpr int arity_of<R (C::*)(P...) const noexcept> = sizeof...(P);

template <typename F>
inline constexpr bool first_is_context = false;
template <typename R, typename... P>
inline constexpr bool first_is_context<R (*)(Context&, P...)> = true;
template <typename R, typename C, typename... P>
inline constexpr bool first_is_context<R (C::*)(Context&, P...)> = true;
template <typename R, typename C, typename... P>
inline constexpr bool first_is_context<R (C::*)(Context&, P...) const> = true;
template <typename R, typename... P>
inline constexpr bool first_is_context<R (*)(Context&, P...) noexcept> = true;
template <typename R, typename C, typename... P>
inline constexpr bool first_is_context<R (C::*)(Context&, P...) noexcept> = true;
template <typename R, typename C, typename... P>
inline constexpr bool first_is_context<R (C::*)(Context&, P...) const noexcept> = true;

template <typename F, typename... Parameters>
constexpr BodyFault why_not_callable() {
  constexpr auto compare = [](int arity, bool context) {
    const int wanted = arity - (context ? 1 : 0);
    const int given = sizeof...(Parameters);
    if (arity < 0 || wanted == given) return BodyFault::wrong_type;
    return given < wanted ? BodyFault::too_few : BodyFault::too_many;
  };
  if constexpr (requires { &F::operator(); }) {
    using Call = decltype(&F::operator());
    return compare(arity_of<Call>, first_is_context<Call>);
  } else {
    return compare(arity_of<F>, first_is_context<F>);
  }
}

template <typename F, typename... Parameters>
constexpr BodyFault find_call_fault() {
  constexpr bool plain = std::is_invocable_v<const F&, Parameters...>;
  constexpr bool with_context = std::is_invocable_v<const F&, Context&, Parameters...>;
  if constexpr (plain) {
    if (std::is_reference_v<std::invoke_result_t<const F&, Parameters...>>) return BodyFault::reference;
  } else if constexpr (with_context) {
    if (std::is_reference_v<std::invoke_result_t<const F&, Context&, Parameters...>>) return BodyFault::reference;
  } else if constexpr (std::is_invocable_v<F&, Parameters...> || std::is_invocable_v<F&, Context&, Parameters...>) {
    return BodyFault::mutable_body;
  } else {
    return why_not_callable<F, Parameters...>();
  }
  return BodyFault::none;
}

template <typename F, typename... Arguments>
constexpr BodyFault find_body_fault() {
  if constexpr (!(IsArgument<Arguments> && ...)) {
    return BodyFault::not_a_handle;
  } else if constexpr (!(carries_value<Arguments> && ...)) {
    return BodyFault::no_value;
  } else {
    return find_call_fault<F, typename ArgumentKind<Arguments>::Parameter...>();
  }
}

// ---- The call ----

/// Where a body of type `F` is kept: in its task's record, or, where it does not fit, in an arena the record points to.
template <typename F>
struct Capture {
  static constexpr bool is_inline = sizeof(F) <= inline_capture_size && alignof(F) <= alignof(void*) &&
                                    std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>;

  static const F& body(const void* capture) {
    if constexpr (is_inline) {
      return *std::launder(static_cast<const F*>(capture));
    } else {
      return **static_cast<const F* const*>(capture);
    }
  }
};

/// The body `F` (decayed) fed by arguments of the given kinds.
template <typename F, typename... Kinds>
struct BoundBody {
  static constexpr bool takes_context = !std::is_invocable_v<const F&, typename Kinds::Parameter...>;
  using Invoked =
      std::conditional_t<takes_context, std::invoke_result<const F&, Context&, typename Kinds::Parameter...>,
                         std::invoke_result<const F&, typename Kinds::Parameter...>>;
  using Result = std::remove_cv_t<typename Invoked::type>;
  static constexpr bool uses_slots = !std::is_void_v<Result> || sizeof...(Kinds) > 0;

  static Result call(const F& function, const Frame& frame, [[maybe_unused]] const std::uint32_t* slot) {
    // Braces: the arguments are read from left to right, which `slot` relies on.
    std::tuple<typename Kinds::Parameter...> arguments{Kinds::read(frame, slot)...};
    return std::apply(
        [&](auto&&... values) -> Result {
          if constexpr (takes_context) {
            return std::invoke(function, *frame.context, static_cast<typename Kinds::Parameter>(values)...);
          } else {
            return std::invoke(function, static_cast<typename Kinds::Parameter>(values)...);
          }
        },
        arguments);
  }

  static void invoke(const void* capture, const Frame& frame, std::uint32_t task) {
    if constexpr (!uses_slots) {
      if constexpr (takes_context) {
        std::invoke(Capture<F>::body(capture), *frame.context);
      } else {
        std::invoke(Capture<F>::body(capture));
      }
    } else {
      const std::uint32_t* slots = frame.slots_of(task);
      if constexpr (std::is_void_v<Result>) {
        call(Capture<F>::body(capture), frame, slots + 1);
      } else {
        ::new (static_cast<void*>(frame.values + std::size_t{slots[0]} * value_unit))
            Result(call(Capture<F>::body(capture), frame, slots + 1));
      }
    }
  }

  static BodyType describe() {
    BodyType type;
    type.invoke = &invoke;
    type.result = type_of<Result>();
    type.takes_context = takes_context || (reads_outcome<Kinds> || ...);
    return type;
  }
  static const BodyType& type() {
    static const BodyType type = describe();
    return type;
  }
};

/// The type of a body whose task has another result than the body returns: what it asks the engine for has it.
template <typename Result, typename Bound>
const BodyType& type_with_result() {
  static const BodyType type = [] {
    BodyType changed = Bound::describe();
    changed.result = type_of<Result>();
    return changed;
  }();
  return type;
}

/// The condition `F` (decayed) fed by arguments of the given kinds.
template <typename F, typename... Kinds>
struct BoundCondition {
  static bool test(const void* predicate, const Frame& frame, [[maybe_unused]] const std::uint32_t* slot) {
    std::tuple<typename Kinds::Parameter...> arguments{Kinds::read(frame, slot)...};  // in order, as BoundBody::call
    return std::apply(
        [&](auto&&... values) -> bool {
          return static_cast<bool>(
              std::invoke(*static_cast<const F*>(predicate), static_cast<typename Kinds::Parameter>(values)...));
        },
        arguments);
  }
};

}  // namespace baton::detail
