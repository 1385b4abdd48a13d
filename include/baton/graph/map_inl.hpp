// SPDX-License-Identifier: MIT
#pragma once

// Definitions of Workflow::map and Workflow::reduce.

#include <baton/base/outcome.hpp>
#include <baton/graph/map.hpp>
#include <baton/graph/workflow.hpp>
#include <baton/graph/workflow_inl.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace baton {
namespace detail {

// ---- Results ----

/// Whether results may be put into a vector in any order, from several threads.
template <typename R>
inline constexpr bool fills_vector =
    !std::is_same_v<R, bool> && std::is_nothrow_default_constructible_v<R> && std::is_nothrow_move_assignable_v<R>;

/// The results of a map's elements, each put by the thread that has it.
template <typename R, bool direct = fills_vector<R>>
class ElementResults {
 public:
  using Gathered = std::vector<R>;
  explicit ElementResults(std::size_t count) : count_(count), slots_(std::make_unique<std::optional<R>[]>(count)) {}
  template <typename Make>
  void put(std::size_t element, Make&& make) {
    slots_[element].emplace(std::forward<Make>(make)());
  }
  void gather() {
    gathered_.reserve(count_);
    for (std::size_t element = 0; element < count_; ++element) {
      gathered_.push_back(*std::move(slots_[element]));
      slots_[element].reset();
    }
  }
  void deliver(void* place) { ::new (place) Gathered(std::move(gathered_)); }

 private:
  std::size_t count_;
  std::unique_ptr<std::optional<R>[]> slots_;
  Gathered gathered_;
};

template <typename R>
class ElementResults<R, true> {
 public:
  using Gathered = std::vector<R>;
  explicit ElementResults(std::size_t count) : results_(count) {}
  template <typename Make>
  void put(std::size_t element, Make&& make) {
    results_[element] = std::forward<Make>(make)();
  }
  void gather() {}
  void deliver(void* place) { ::new (place) Gathered(std::move(results_)); }

 private:
  Gathered results_;
};

template <>
class ElementResults<void, false> {
 public:
  using Gathered = void;
  explicit ElementResults(std::size_t) {}
  template <typename Make>
  void put(std::size_t, Make&& make) {
    std::forward<Make>(make)();
  }
  void gather() {}
  void deliver(void*) {}
};

/// `Base` with the results of elements that each give an `R`; as outcomes where they are collected.
template <typename Base, typename R, bool collects>
class ElementsWithResults : public Base {
 public:
  using Kept = std::conditional_t<collects, Outcome<R>, R>;
  template <typename... Arguments>
  explicit ElementsWithResults(std::size_t count, Arguments&&... arguments)
      : Base(count, std::forward<Arguments>(arguments)...), results_(count) {}

  bool keep_outcome(std::size_t element, TaskState state, const std::exception_ptr& error) final {
    if constexpr (collects) results_.put(element, [&] { return Kept(state, error); });
    return collects;
  }
  void gather() final { results_.gather(); }
  void deliver(void* place) final { results_.deliver(place); }

 protected:
  /// Keeps what `make` returns.
  template <typename Make>
  void put(std::size_t element, Make&& make) {
    if constexpr (!collects) {
      results_.put(element, std::forward<Make>(make));
    } else if constexpr (std::is_void_v<R>) {
      std::forward<Make>(make)();
      results_.put(element, [] { return Kept(TaskState::succeeded); });
    } else {
      results_.put(element, [&] { return Kept(std::forward<Make>(make)()); });
    }
  }

 private:
  ElementResults<Kept> results_;
};

/// What a map with such elements returns.
template <typename R, bool collects>
using MapResult = typename ElementResults<std::conditional_t<collects, Outcome<R>, R>>::Gathered;

// ---- The range and its elements ----

template <typename Argument>
inline constexpr bool is_task_of_range = false;
template <typename T>
  requires std::ranges::random_access_range<const T> && std::ranges::sized_range<const T>
inline constexpr bool is_task_of_range<Task<T>> = true;
template <typename T>
  requires std::ranges::random_access_range<const T> && std::ranges::sized_range<const T>
inline constexpr bool is_task_of_range<Input<T>> = true;
template <typename T>
  requires std::ranges::random_access_range<T> && std::ranges::sized_range<T>
inline constexpr bool is_task_of_range<Taken<T>> = true;

template <typename Argument>
inline constexpr bool is_taken_argument = false;
template <typename T>
inline constexpr bool is_taken_argument<Taken<T>> = true;

/// A range that a body was given by `Parameter`: const T& to look at, T&& to move elements out of.
template <typename Parameter>
class ElementsOf {
 public:
  using Range = std::remove_reference_t<Parameter>;
  static constexpr bool moves = std::is_rvalue_reference_v<Parameter>;
  using Element =
      std::conditional_t<moves, std::ranges::range_rvalue_reference_t<Range>, std::ranges::range_reference_t<Range>>;

  explicit ElementsOf(Range& range) : begin_(std::ranges::begin(range)) {}
  Element operator[](std::size_t element) const {
    const auto at = begin_ + static_cast<std::ranges::range_difference_t<Range>>(element);
    if constexpr (moves) {
      return std::ranges::iter_move(at);
    } else {
      return *at;
    }
  }

 private:
  std::ranges::iterator_t<Range> begin_;
};

template <typename Parameter>
using ElementOf = typename ElementsOf<Parameter>::Element;

/// The body `F` of a map, for an element and what all elements share.
template <typename F, typename Element, typename... Shared>
struct ElementBody {
  static constexpr bool takes_context = !std::is_invocable_v<const F&, Element, const Shared&...>;
  using Invoked = std::conditional_t<takes_context, std::invoke_result<const F&, Context&, Element, const Shared&...>,
                                     std::invoke_result<const F&, Element, const Shared&...>>;
  using Result = std::remove_cv_t<typename Invoked::type>;
};

template <typename F, bool collects, typename Parameter, typename... Shared>
class MapCalls final
    : public ElementsWithResults<ElementCalls, typename ElementBody<F, ElementOf<Parameter>, Shared...>::Result,
                                 collects> {
  using Called = ElementBody<F, ElementOf<Parameter>, Shared...>;
  using Base = ElementsWithResults<ElementCalls, typename Called::Result, collects>;

 public:
  MapCalls(const F& body, const MapOptions& options, std::remove_reference_t<Parameter>& range, Shared... shared)
      : Base(static_cast<std::size_t>(std::ranges::size(range)), options),
        body_(body),
        elements_(range),
        shared_(std::forward<Shared>(shared)...) {}

  void call(ElementRange& range) override {
    range.for_each([&](std::size_t element) {
      this->put(element, [&]() -> typename Called::Result {
        return std::apply(
            [&](const auto&... shared) -> typename Called::Result {
              if constexpr (Called::takes_context) {
                return std::invoke(body_, *range.context, elements_[element], shared...);
              } else {
                return std::invoke(body_, elements_[element], shared...);
              }
            },
            shared_);
      });
    });
  }

 private:
  const F& body_;
  const ElementsOf<Parameter> elements_;
  const std::tuple<Shared...> shared_;
};

/// The body of a map's task: hands the elements to the engine.
template <typename F, bool collects>
struct MapBody {
  F body;
  MapOptions options;

  template <typename Range, typename... Shared>
  void operator()(Context& context, Range&& range, Shared&&... shared) const {
    using Calls = MapCalls<F, collects, Range&&, Shared...>;
    context.call(
        std::unique_ptr<ElementCalls>(std::make_unique<Calls>(body, options, range, std::forward<Shared>(shared)...)));
  }
};

template <typename F, typename Items, typename... Shared>
constexpr BodyFault find_map_fault() {
  if constexpr (!is_task_of_range<Items>) {
    return BodyFault::not_a_handle;
  } else if constexpr (!((IsArgument<Shared> && carries_value<Shared> && !is_taken_argument<Shared>) && ...)) {
    return BodyFault::no_value;
  } else {
    return find_call_fault<F, ElementOf<typename ArgumentKind<Items>::Parameter>,
                           const std::remove_reference_t<typename ArgumentKind<Shared>::Parameter>&...>();
  }
}

/// Refuses a wrong map with one message; true when it is fine.
template <typename F, typename Items, typename... Shared>
constexpr bool check_map() {
  constexpr BodyFault fault = find_map_fault<F, Items, Shared...>();
  static_assert(
      fault != BodyFault::not_a_handle,
      "baton: a map is over a Task<T>, an Input<T> or take(task), where T is a random access range that knows "
      "its size: a std::vector, for instance");
  static_assert(fault != BodyFault::no_value,
                "baton: what follows the body of a map is for all elements: a task's handle or a std::vector of "
                "handles, without take()");
  static_assert(fault != BodyFault::mutable_body,
                "baton: the body of a map is called through const, for several elements at once: drop 'mutable'");
  static_assert(fault != BodyFault::too_few,
                "baton: the body of a map has more parameters than it is given arguments: an element, and what follows "
                "the body");
  static_assert(
      fault != BodyFault::too_many,
      "baton: the body of a map has fewer parameters than it is given arguments: an element, and what follows "
      "the body");
  static_assert(fault != BodyFault::wrong_type,
                "baton: the body of a map cannot be called with an element and what follows the body: a range gives it "
                "const elements, take(task) elements to move from, further handles const T&");
  static_assert(fault != BodyFault::reference,
                "baton: the body of a map returns a reference, which would dangle: return a value");
  return fault == BodyFault::none;
}

// ---- A run an element ----

/// The elements of a map over a plan: each gets `Input<T>`, and copies of what all share.
template <typename R, bool collects, typename Parameter, typename T, typename... S>
class MapRuns final : public ElementsWithResults<ElementRuns, R, collects> {
  using Base = ElementsWithResults<ElementRuns, R, collects>;

 public:
  MapRuns(const MapOptions& options, const Plan& plan, AnyTask output, std::remove_reference_t<Parameter>& range,
          const std::tuple<Input<T>, Input<S>...>& inputs, const S&... shared)
      : Base(static_cast<std::size_t>(std::ranges::size(range)), options, plan, output),
        inputs_(inputs),
        elements_(range),
        shared_(shared...) {}

  Inputs inputs(std::size_t element) override {
    Inputs given;
    std::apply(
        [&](const Input<T>& input, const Input<S>&... shared_inputs) {
          given.set(input, T(elements_[element]));
          std::apply([&](const S&... shared) { (given.set(shared_inputs, shared), ...); }, shared_);
        },
        inputs_);
    return given;
  }
  void keep_result(std::size_t element, void* value) override {
    if constexpr (std::is_void_v<R>) {
      this->put(element, [] {});
    } else {
      this->put(element, [&] { return R(std::move(*static_cast<R*>(value))); });
    }
  }

 private:
  const std::tuple<Input<T>, Input<S>...>& inputs_;
  const ElementsOf<Parameter> elements_;
  const std::tuple<const S&...> shared_;
};

/// The body of the task of a map over a plan.
template <typename R, bool collects, typename T, typename... S>
struct MapPlanBody {
  Plan plan;
  AnyTask output;
  MapOptions options;
  std::tuple<Input<T>, Input<S>...> inputs;

  template <typename Range>
  void operator()(Context& context, Range&& range, const S&... shared) const {
    using Runs = MapRuns<R, collects, Range&&, T, S...>;
    context.call(std::unique_ptr<ElementRuns>(std::make_unique<Runs>(options, plan, output, range, inputs, shared...)));
  }
};

// ---- Reducing ----

/// Folds a range on one thread.
template <typename T, typename Fold>
struct ReduceBody {
  T first;
  Fold fold;

  template <typename Range>
  T operator()(Range&& range) const {
    const ElementsOf<Range&&> elements(range);
    const auto count = static_cast<std::size_t>(std::ranges::size(range));
    T total = first;
    for (std::size_t element = 0; element < count; ++element) {
      total = std::invoke(fold, std::move(total), elements[element]);
    }
    return total;
  }
};

/// Folds stretches of a range, each from a copy of the first value, and combines what they give in order. Where the
/// stretches begin depends on the size of the range alone, so that results repeat exactly.
template <typename Parameter, typename T, typename Fold, typename Combine>
class ReduceCalls final : public ElementCalls {
 public:
  ReduceCalls(const ReduceBody<T, Fold>& body, const Combine& combine, std::remove_reference_t<Parameter>& range)
      : ElementCalls(stretches_of(std::ranges::size(range)), MapOptions{}),
        body_(body),
        combine_(combine),
        size_(static_cast<std::size_t>(std::ranges::size(range))),
        elements_(range),
        totals_(count()) {}

  [[nodiscard]] bool are_of_map() const noexcept override { return false; }
  bool keep_outcome(std::size_t, TaskState, const std::exception_ptr&) override { return false; }
  void call(ElementRange& range) override {
    range.for_each([&](std::size_t stretch) {
      T total = body_.first;
      const std::size_t end = begin_of(stretch + 1);
      for (std::size_t element = begin_of(stretch); element < end; ++element) {
        total = std::invoke(body_.fold, std::move(total), elements_[element]);
      }
      totals_[stretch].emplace(std::move(total));
    });
  }
  void gather() override {
    T total = body_.first;
    for (std::optional<T>& each : totals_) total = std::invoke(combine_, std::move(total), *std::move(each));
    total_.emplace(std::move(total));
  }
  void deliver(void* place) override { ::new (place) T(*std::move(total_)); }

 private:
  template <typename Size>
  static std::size_t stretches_of(Size size) {
    return std::min<std::size_t>(static_cast<std::size_t>(size), 256);
  }
  // Without overflow: the first size_ % count() stretches have one element more.
  [[nodiscard]] std::size_t begin_of(std::size_t stretch) const {
    return stretch * (size_ / count()) + std::min(stretch, size_ % count());
  }

  const ReduceBody<T, Fold>& body_;
  const Combine& combine_;
  const std::size_t size_;
  const ElementsOf<Parameter> elements_;
  std::vector<std::optional<T>> totals_;
  std::optional<T> total_;
};

/// The body of a reduction in parallel.
template <typename T, typename Fold, typename Combine>
struct ParallelReduceBody {
  ReduceBody<T, Fold> reduce;
  Combine combine;

  template <typename Range>
  void operator()(Context& context, Range&& range) const {
    using Calls = ReduceCalls<Range&&, T, Fold, Combine>;
    context.call(std::unique_ptr<ElementCalls>(std::make_unique<Calls>(reduce, combine, range)));
  }
};

template <typename T, typename Fold, typename Items>
constexpr bool check_reduce() {
  static_assert(
      is_task_of_range<Items>,
      "baton: a reduction is over a Task<T>, an Input<T> or take(task), where T is a random access range that "
      "knows its size: a std::vector, for instance");
  if constexpr (is_task_of_range<Items>) {
    constexpr bool folds = std::is_invocable_r_v<T, const Fold&, T, ElementOf<typename ArgumentKind<Items>::Parameter>>;
    static_assert(folds,
                  "baton: a reduction calls fold(T, element), through const, and gets a T, T being the type of "
                  "the first value");
    static_assert(std::is_copy_constructible_v<T>, "baton: each run begins with a copy of the first value");
    return folds && std::is_copy_constructible_v<T>;
  } else {
    return false;
  }
}

}  // namespace detail

// ---- Workflow ----

template <typename Result, typename F, typename... Arguments>
Task<Result> Workflow::make_engine_task(std::string_view name, F&& body, const Arguments&... arguments) {
  using Bound = detail::BoundBody<std::decay_t<F>, detail::ArgumentKind<Arguments>...>;
  alignas(void*) std::byte capture[detail::inline_capture_size]{};
  store_body(std::forward<F>(body), capture);
  const std::vector<detail::Wire> wires{detail::ArgumentKind<Arguments>::wire(arguments)...};
  return Task<Result>(add_task(&name, detail::type_with_result<Result, Bound>(), capture, wires.data(), wires.size()));
}

template <bool collects, typename Items, typename Body, typename... Shared>
auto Workflow::make_map(std::string_view name, const Items& items, Body&& body, const MapOptions& options,
                        const Shared&... shared) {
  using F = std::decay_t<Body>;
  if constexpr (detail::check_map<F, Items, Shared...>()) {
    using Element = detail::ElementOf<typename detail::ArgumentKind<Items>::Parameter>;
    using Called = detail::ElementBody<F, Element, typename detail::ArgumentKind<Shared>::Parameter...>;
    using Result = detail::MapResult<typename Called::Result, collects>;
    return make_engine_task<Result>(name, detail::MapBody<F, collects>{std::forward<Body>(body), options}, items,
                                    shared...);
  } else {
    return Task<void>{};
  }
}

template <bool collects, typename Items, typename T, typename R, typename... Bindings>
auto Workflow::make_map_of_runs(std::string_view name, const Items& items, const Plan& plan, const Input<T>& input,
                                const Task<R>& output, const MapOptions& options, const Bindings&... bindings) {
  static_assert(
      detail::is_task_of_range<Items>,
      "baton: a map is over a Task<T>, an Input<T> or take(task), where T is a random access range that knows "
      "its size: a std::vector, for instance");
  static_assert((!detail::is_taken_argument<decltype(bindings.argument)> && ...),
                "baton: what is bound in a map is copied for each element: bind(input, task), without take()");
  if constexpr (detail::is_task_of_range<Items>) {
    using Element = detail::ElementOf<typename detail::ArgumentKind<Items>::Parameter>;
    static_assert(std::is_constructible_v<T, Element>,
                  "baton: the input of the plan cannot be made of an element of the range");
    using Body = detail::MapPlanBody<R, collects, T, typename decltype(bindings.input)::Result...>;
    const auto task = make_engine_task<detail::MapResult<R, collects>>(
        name, Body{plan, output, options, {input, bindings.input...}}, items, bindings.argument...);
    check_subworkflow(task, plan, output, {input, bindings.input...});
    return task;
  } else {
    return Task<void>{};
  }
}

template <typename Items, typename T, typename Fold>
Task<T> Workflow::reduce(std::string_view name, const Items& items, T first, Fold fold) {
  if constexpr (detail::check_reduce<T, Fold, Items>()) {
    return make_task(&name, detail::ReduceBody<T, Fold>{std::move(first), std::move(fold)}, items);
  } else {
    return Task<T>{};
  }
}

template <typename Items, typename T, typename Fold, typename Combine>
Task<T> Workflow::reduce(std::string_view name, const Items& items, T first, Fold fold, Combine combine) {
  static_assert(std::is_invocable_r_v<T, const Combine&, T, T>,
                "baton: a reduction in parallel calls combine(T, T), through const, and gets a T");
  if constexpr (detail::check_reduce<T, Fold, Items>()) {
    using Body = detail::ParallelReduceBody<T, Fold, Combine>;
    return make_engine_task<T>(name, Body{{std::move(first), std::move(fold)}, std::move(combine)}, items);
  } else {
    return Task<T>{};
  }
}

}  // namespace baton
