// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/error.hpp>
#include <baton/base/export.hpp>
#include <baton/graph/body.hpp>
#include <baton/graph/context.hpp>
#include <baton/graph/inputs.hpp>
#include <baton/graph/plan.hpp>
#include <baton/graph/task.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

namespace baton {

/// What becomes of a loop that is not done after its last round.
enum class AtLimit : std::uint8_t {
  fail,     ///< Its task fails with LoopLimit.
  succeed,  ///< Its task ends well, with the state after the last round.
};

/// How long a loop goes on, see Workflow::loop.
struct LoopOptions {
  /// The most rounds that it takes. To be given: `build` reports a loop without.
  std::uint64_t limit = 0;
  /// What happens when it is not done by then.
  AtLimit at_limit = AtLimit::fail;
  /// Asks whether it is done before the first round too, so that there may be none (`while`). Otherwise there is at
  /// least one (`do` ... `while`).
  bool ask_first = false;
};

/// A loop was not done after as many rounds as it may take.
class BATON_API LoopLimit : public Error {
 public:
  /// Of the loop `name`.
  LoopLimit(const std::string& name, std::uint64_t limit);
  LoopLimit(const LoopLimit&) = default;
  LoopLimit& operator=(const LoopLimit&) = default;
  ~LoopLimit() override;

  /// LoopOptions::limit.
  [[nodiscard]] std::uint64_t limit() const noexcept { return limit_; }

 private:
  std::uint64_t limit_;
};

namespace detail {

/// What a loop keeps from one call of its body to the next. Its task's body is called before each round of a plan and
/// after the last, or for each round that is a function.
class BATON_API Rounds {
 public:
  Rounds() = default;
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;
  virtual ~Rounds();

  /// Moves `state`, which a round has left in its run, to here.
  virtual void keep(void* state) = 0;

  std::uint64_t number = 0;  ///< Of the round that goes on, or comes next; counted from 0.
  bool in_round = false;     ///< Whether one has begun, so that what fails is that one.
  bool again = false;        ///< The body is to be called again.
  bool is_broken = false;    ///< The state is lost: a further call would have to begin anew.
};

template <typename State>
class RoundsOf final : public Rounds {
 public:
  template <typename From>
  RoundsOf(std::in_place_t, From&& initial) : state_(std::in_place, std::forward<From>(initial)) {}

  /// Begins a loop with `initial`, unless it has begun. @returns it, and whether it had.
  template <typename From>
  static std::pair<RoundsOf&, bool> of(std::shared_ptr<Rounds>& place, From&& initial) {
    const bool has_begun = place != nullptr && !place->is_broken;
    if (!has_begun) place = std::make_shared<RoundsOf>(std::in_place, std::forward<From>(initial));
    return {static_cast<RoundsOf&>(*place), has_begun};
  }

  void keep(void* state) override { keep(std::move(*static_cast<State*>(state))); }
  void keep(State&& state) {
    state_.reset();
    state_.emplace(std::move(state));
  }
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::optional<State> state_;
};

[[noreturn]] BATON_API void refuse_loop_limit(const Context& context, std::uint64_t limit);

/// When a loop ends.
template <typename Done>
struct LoopEnd {
  Done done;
  LoopOptions options;

  template <typename State>
  [[nodiscard]] bool is_over_before_the_first(const State& state) const {
    return options.ask_first && std::invoke(done, state);
  }
  /// To be asked once after each round.
  template <typename State>
  [[nodiscard]] bool is_over(RoundsOf<State>& rounds, const Context& context) const {
    if (std::invoke(done, std::as_const(rounds.state()))) return true;
    rounds.in_round = false;
    if (++rounds.number < options.limit) return false;
    if (options.at_limit == AtLimit::fail) refuse_loop_limit(context, options.limit);
    return true;
  }
};

/// The body of a loop whose rounds are runs of a plan. @returns the last state, or null when there is another round.
template <typename State, typename Done, typename Initial, typename... T>
struct PlanLoop {
  LoopEnd<Done> end;
  Plan plan;
  Input<State> state_in;
  AnyTask state_out;
  std::tuple<Input<T>...> inputs;

  State* operator()(Context& context, typename Initial::Parameter initial, const T&... values) const {
    const auto [rounds, has_begun] =
        RoundsOf<State>::of(context.rounds(), static_cast<typename Initial::Parameter>(initial));
    if (has_begun ? end.is_over(rounds, context) : end.is_over_before_the_first(rounds.state())) return &rounds.state();
    Inputs given;
    given.set(state_in, std::move(rounds.state()));
    std::apply([&](const auto&... input) { (given.set(input, values), ...); }, inputs);
    rounds.in_round = true;
    context.call(ChildCall{&plan, std::move(given), state_out});
    return nullptr;
  }
};

/// The body of a loop whose rounds are calls of a function. @returns as above.
template <typename State, typename Function, typename Done, typename Initial, typename... Kinds>
struct FunctionLoop {
  LoopEnd<Done> end;
  Function function;

  State* operator()(Context& context, typename Initial::Parameter initial, typename Kinds::Parameter... values) const {
    const auto [rounds, has_begun] =
        RoundsOf<State>::of(context.rounds(), static_cast<typename Initial::Parameter>(initial));
    if (!has_begun && end.is_over_before_the_first(rounds.state())) return &rounds.state();
    rounds.in_round = true;
    rounds.keep(call(context, std::move(rounds.state()), values...));
    if (end.is_over(rounds, context)) return &rounds.state();
    rounds.again = true;
    return nullptr;
  }

  template <typename... Values>
  State call(Context& context, State&& state, const Values&... values) const {
    if constexpr (std::is_invocable_v<const Function&, State&&, const Values&...>) {
      return std::invoke(function, std::move(state), values...);
    } else {
      return std::invoke(function, context, std::move(state), values...);
    }
  }
};

template <typename State, typename F, typename... Kinds>
const BodyType& loop_type() {
  static const BodyType type = [] {
    BodyType loop;
    loop.invoke = [](const void* capture, const Frame& frame, std::uint32_t task) {
      const std::uint32_t* const slots = frame.slots_of(task);
      State* const last = BoundBody<F, Kinds...>::call(Capture<F>::body(capture), frame, slots + 1);
      if (last == nullptr) return;
      ::new (static_cast<void*>(frame.values + std::size_t{slots[0]} * value_unit)) State(std::move(*last));
    };
    loop.result = type_of<State>();
    loop.takes_context = true;
    loop.has_rounds = true;
    return loop;
  }();
  return type;
}

/// What a loop begins with: its state's type, and whether that has to be copied.
template <typename T>
struct LoopInitial {
  static constexpr bool is_task = false;
};
template <typename T>
struct LoopInitial<Task<T>> {
  static constexpr bool is_task = true;
  static constexpr bool copies = true;
  using State = T;
};
template <typename T>
struct LoopInitial<Input<T>> : LoopInitial<Task<T>> {};
template <typename T>
struct LoopInitial<Taken<T>> : LoopInitial<Task<T>> {
  static constexpr bool copies = false;
};

template <typename T>
inline constexpr bool is_taken = false;
template <typename T>
inline constexpr bool is_taken<Taken<T>> = true;

/// Refuses what cannot be a loop with one message; true when it is fine.
template <typename Initial, typename Done>
constexpr bool check_loop() {
  using Begin = LoopInitial<Initial>;
  static_assert(Begin::is_task,
                "baton: a loop begins with a task's handle, or take(handle): wrap a value by flow.task");
  if constexpr (!Begin::is_task) {
    return false;
  } else {
    using State = typename Begin::State;
    constexpr bool has_state = !std::is_void_v<State>;
    static_assert(has_state, "baton: a loop needs a state, so it cannot begin with a Task<void>");
    if constexpr (!has_state) {
      return false;
    } else {
      constexpr bool moves = std::is_move_constructible_v<State>;
      static_assert(moves, "baton: the state of a loop is moved from round to round, so its type must be movable");
      constexpr bool begins = !Begin::copies || std::is_copy_constructible_v<State>;
      static_assert(begins, "baton: a loop copies the state that it begins with: pass take(task) where it only moves");
      constexpr bool asks = std::is_invocable_r_v<bool, const Done&, const State&>;
      static_assert(asks, "baton: whether a loop is done is asked as bool done(const State&), through const");
      return moves && begins && asks;
    }
  }
}

}  // namespace detail
}  // namespace baton
