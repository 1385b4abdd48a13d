// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/error.hpp>
#include <baton/base/export.hpp>
#include <baton/graph/body.hpp>
#include <baton/graph/loop.hpp>
#include <baton/graph/map.hpp>
#include <baton/graph/plan.hpp>
#include <baton/graph/retry.hpp>
#include <baton/graph/rule.hpp>
#include <baton/graph/task.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

namespace detail {
class Definition;
struct InputFallback;
}  // namespace detail

/// What is to be done: tasks, their data and their order. Mutable; `build` makes an immutable Plan of it, which runs.
///
/// Bodies are called through `const`, since runs of one plan overlap, and are shared between a workflow, its copies and
/// its plans. Mistakes that the compiler cannot see (foreign handles, cycles, duplicate names) are collected and
/// reported by `build`, all at once.
///
/// One thread at a time. A copy is independent of the original: use `counterpart` to get its handles. After a move the
/// source is an empty workflow, and the handles it had given out belong to the target.
class BATON_API Workflow {
 public:
  /// A workflow without a name.
  Workflow();
  /// An empty workflow of that name, which messages, logs and reports show.
  explicit Workflow(std::string_view name);
  /// A copy, which shares the bodies and is independent otherwise; `counterpart` gives its handles.
  Workflow(const Workflow& other);
  /// The same; the handles that this workflow had given out are of none any more.
  Workflow& operator=(const Workflow& other);
  /// Takes over all tasks; handles of `other` name them here.
  Workflow(Workflow&& other) noexcept;
  /// The same; the handles that this workflow had given out are of none any more.
  Workflow& operator=(Workflow&& other) noexcept;
  ~Workflow();

  /// Its name; empty where it has none.
  [[nodiscard]] std::string_view name() const noexcept;
  /// The number of tasks, inputs included, without removed ones.
  [[nodiscard]] std::size_t size() const noexcept;
  /// Whether there is no task.
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  /// Adds a task that calls `body` with the results of `arguments`.
  ///
  /// An argument is a `Task<T>` (the body gets `const T&`), `take(task)` (`T&&`), or a `std::vector<Task<T>>`
  /// (`Values<T>`, which converts to `std::vector<T>`), `outcome(task)` (`Outcome<const T&>`) or `maybe(task)`
  /// (`Maybe<T>`). A body whose first parameter is `Context&` gets that too. The
  /// body is kept by value (moved in where it is an rvalue), its result may be any type that is not a reference,
  /// move-only ones included.
  ///
  /// @param name  Unique in the workflow, not empty, without `/`, `[` and `]`, which derived names use.
  /// @throws what copying or moving the body throws; the workflow is then unchanged.
  template <typename Body, typename... Arguments>
  auto task(std::string_view name, Body&& body, const Arguments&... arguments) {
    return make_task(&name, std::forward<Body>(body), arguments...);
  }
  /// Adds a task without a name; it is shown as `#17`, 17 counting the tasks of the workflow from 0.
  template <typename Body, typename... Arguments>
    requires(!std::is_convertible_v<Body, std::string_view>)
  auto task(Body&& body, const Arguments&... arguments) {
    return make_task(nullptr, std::forward<Body>(body), arguments...);
  }

  /// Adds a task that runs when all other work of the run and all compensations are over, in any case: also when the
  /// run failed or was cancelled, and a cancel does not stop it. `body` and `arguments` as for `task`; where it is
  /// given a plain value that is not there, it is omitted, so pass `outcome(task)` or `maybe(task)`. Where it fails,
  /// the run does.
  template <typename Body, typename... Arguments>
  auto finally(std::string_view name, Body&& body, const Arguments&... arguments);

  /// Adds a task that computes a key, and gives a Choice to which an arm a key is added (<baton/graph/choice.hpp>).
  /// `selector` and `arguments` as for `task`; its result is compared with `==`.
  template <typename Selector, typename... Arguments>
  auto choose(std::string_view name, Selector&& selector, const Arguments&... arguments);
  /// Adds a task whose result is that of the first of `arms` that has one, moved out of it.
  ///
  /// The result is a `std::optional<T>` where all arms return a `T`, a `std::variant<std::monostate, ...>` of their
  /// types otherwise; empty where no arm ran. An arm that failed makes this task omitted, as anything does that
  /// depends on it.
  template <typename... Arms>
  auto join(std::string_view name, const Task<Arms>&... arms);

  /// Adds a value that each run is given by `Inputs::set`; starting a run without it is a DefinitionError.
  template <typename T>
  Input<T> input(std::string_view name) {
    return Input<T>(Task<T>(add_input(name, type_of<T>(), nullptr)));
  }
  /// Adds a value that a run may be given, and that is a copy of `fallback` in the others.
  template <typename T>
  Input<T> input(std::string_view name, T fallback) {
    auto holder = std::make_shared<const T>(std::move(fallback));
    return Input<T>(Task<T>(add_input(name, type_of<T>(), make_fallback(std::move(holder)))));
  }

  /// Adds a task that runs another plan and ends as it ends, without holding a thread meanwhile.
  ///
  /// `build` reports an `output` or an input that is not of `plan`, and an input without a default that nothing feeds.
  /// A resource that the scheduler does not have makes the task fail when it runs.
  ///
  /// @param output    A task of `plan` whose result becomes the result of this one; moved out of the child run.
  /// @param bindings  `bind(input, task)`: what feeds each input of `plan`.
  template <typename T, typename... Bindings>
  Task<T> subworkflow(std::string_view name, const Plan& plan, const Task<T>& output, const Bindings&... bindings);
  /// The same without a result.
  template <typename... Bindings>
  Task<void> subworkflow(std::string_view name, const Plan& plan, const Bindings&... bindings);

  /// Adds a task that runs another plan again and again, each round with the state that the one before has left, and
  /// ends with the last state. It holds no thread between rounds.
  ///
  ///     do state = round(state); while (!done(state));
  ///
  /// A round that fails or is cancelled ends the task so; its error names the round, `epoch[2]` being the third. A loop
  /// that is not done after `options.limit` rounds fails with LoopLimit, or ends well, as the options say. Cancelling
  /// reaches the round that goes on, and no other begins.
  ///
  /// The state is moved from round to round. `done` is asked on a worker after each round; what it throws fails the
  /// task. `build` reports what it reports of a sub-workflow, and a loop without a limit.
  ///
  /// @param initial    What the first round gets: a `Task<State>`, which is copied, or `take(task)`.
  /// @param state_in   The input of `plan` that gets the state.
  /// @param state_out  The task of `plan` whose result is the state after a round.
  /// @param done       `bool(const State&)`.
  /// @param bindings   `bind(input, task)`: what feeds the other inputs of `plan`, a copy for each round.
  template <typename Initial, typename In, typename Out, typename Done, typename... Bindings>
  auto loop(std::string_view name, const Initial& initial, const Plan& plan, const Input<In>& state_in,
            const Task<Out>& state_out, Done&& done, const LoopOptions& options, const Bindings&... bindings);
  /// The same where a round is one function: `State round(State&&, const T&...)`, which may take `const State&` or
  /// `State` instead, and a `Context&` first. A worker calls it once a round; between rounds other work has its turn.
  /// `Context::park_for` lets the next round begin, or the task end, that much later.
  ///
  /// @param arguments  Handles of tasks, whose results every round gets, without copies.
  template <typename Initial, typename Round, typename Done, typename... Arguments>
    requires(!std::is_same_v<std::decay_t<Round>, Plan>)
  auto loop(std::string_view name, const Initial& initial, Round&& round, Done&& done, const LoopOptions& options,
            const Arguments&... arguments);

  /// Adds a task that calls `body` for each element of a range that another task makes, on all threads of the executor,
  /// and returns the results in order: `Task<std::vector<R>>`, `Task<void>` for a body that returns nothing.
  ///
  /// `body` is called through `const`, for several elements at once, as `body(element, shared...)`, with `Context&`
  /// first if it wants one. It is one task for observers, resources (held from before the first element until after the
  /// last) and settings. The first element that fails ends the map: no other starts, those that are running are asked
  /// to stop, and the task fails with PartFailed, which names the element: `render[3]`.
  ///
  /// @param items   A `Task<T>` (elements are `const`) or `take(task)` (elements to move from), `T` being a random
  ///                access range that knows its size, std::vector for instance.
  /// @param shared  Tasks whose results all elements get, as `const T&`.
  template <typename Items, typename Body, typename... Shared>
    requires(!std::is_same_v<std::decay_t<Body>, Plan>)
  auto map(std::string_view name, const Items& items, Body&& body, const Shared&... shared) {
    return make_map<false>(name, items, std::forward<Body>(body), MapOptions{}, shared...);
  }
  /// The same with options.
  template <typename Items, typename Body, typename... Shared>
    requires(!std::is_same_v<std::decay_t<Body>, Plan>)
  auto map(std::string_view name, const Items& items, Body&& body, const MapOptions& options, const Shared&... shared) {
    return make_map<false>(name, items, std::forward<Body>(body), options, shared...);
  }
  /// The same, where an element that fails or is cancelled concerns nobody else: the task returns how each ended, as
  /// `Task<std::vector<Outcome<R>>>`, and succeeds.
  template <typename Items, typename Body, typename... Shared>
    requires(!std::is_same_v<std::decay_t<Body>, Plan>)
  auto map_outcomes(std::string_view name, const Items& items, Body&& body, const Shared&... shared) {
    return make_map<true>(name, items, std::forward<Body>(body), MapOptions{}, shared...);
  }
  /// The same with options.
  template <typename Items, typename Body, typename... Shared>
    requires(!std::is_same_v<std::decay_t<Body>, Plan>)
  auto map_outcomes(std::string_view name, const Items& items, Body&& body, const MapOptions& options,
                    const Shared&... shared) {
    return make_map<true>(name, items, std::forward<Body>(body), options, shared...);
  }

  /// Adds a task that runs `plan` once for each element of a range, at most `options.limit` at a time, and returns the
  /// values of `output` in order. Otherwise as the map of a body; an element's error is the RunFailed of its run, by
  /// whose text the task fails: `task 'order[77]/check': no stock`.
  ///
  /// @param input     Of `plan`: gets the element, copied, or moved where `items` is `take(task)`.
  /// @param bindings  `bind(input, task)`: what feeds other inputs, copied for each element.
  template <typename Items, typename T, typename R, typename... Bindings>
  auto map(std::string_view name, const Items& items, const Plan& plan, const Input<T>& input, const Task<R>& output,
           const MapOptions& options = {}, const Bindings&... bindings) {
    return make_map_of_runs<false>(name, items, plan, input, output, options, bindings...);
  }
  /// The same, where the end of one run concerns nobody else: see map_outcomes above.
  template <typename Items, typename T, typename R, typename... Bindings>
  auto map_outcomes(std::string_view name, const Items& items, const Plan& plan, const Input<T>& input,
                    const Task<R>& output, const MapOptions& options = {}, const Bindings&... bindings) {
    return make_map_of_runs<true>(name, items, plan, input, output, options, bindings...);
  }

  /// Adds a task that folds a range into one value, in order and on one thread: `fold(T, element)` gives the next `T`.
  template <typename Items, typename T, typename Fold>
  Task<T> reduce(std::string_view name, const Items& items, T first, Fold fold);
  /// The same on all threads: stretches of the range, which depend on its size alone, are folded each from a copy of
  /// `first`, and `combine(T, T)` joins what they give, in order.
  ///
  /// @param first  Must change nothing where it is combined with something: 0 for a sum, 1 for a product.
  template <typename Items, typename T, typename Fold, typename Combine>
  Task<T> reduce(std::string_view name, const Items& items, T first, Fold fold, Combine combine);

  /// Adds a task whose types are known at run time only, for registries and loaders of files.
  ///
  /// `body` is called as `body(UntypedCall&)`, see <baton/graph/untyped.hpp>. `build` checks that each argument's type
  /// is the parameter's.
  template <typename Body>
  AnyTask untyped_task(std::string_view name, TypeRef result, std::vector<TypeRef> parameters, Body body,
                       const std::vector<AnyTask>& arguments);

  /// Makes `to` start only after `from` has ended well. Declaring an edge again changes nothing.
  void edge(AnyTask from, AnyTask to);
  /// Removes the order between `from` and `to`; one that a value needs stays. Removing what is not there changes
  /// nothing.
  void remove_edge(AnyTask from, AnyTask to);
  /// Removes a task and its edges. Tasks that use its result are reported by `build` until they are replaced or removed
  /// too.
  void remove(AnyTask task);
  /// Gives a task another body and other arguments; handle, name, order-only edges and settings stay. The result's type
  /// must be the same.
  template <typename T, typename Body, typename... Arguments>
  void replace(const Task<T>& task, Body&& body, const Arguments&... arguments);
  /// @throws UsageError when `task` is not a task of this workflow.
  void rename(AnyTask task, std::string_view name);

  /// The task called `name`, or nothing.
  [[nodiscard]] std::optional<AnyTask> find(std::string_view name) const;
  /// The task called `name`, typed.
  /// @throws UsageError when there is none, or its result is not a `T`; the message says which.
  template <typename T>
  [[nodiscard]] Task<T> task_named(std::string_view name) const {
    return Task<T>(find_typed(name, type_of<T>()));
  }
  /// The handle, in this workflow, of the task that `task` names in the workflow that this one was copied from.
  /// Handles of this workflow itself, and of what the original was copied from, will do too.
  /// @throws UsageError when this workflow has no such task.
  [[nodiscard]] AnyTask counterpart(AnyTask task) const;
  /// The same, typed.
  template <typename T>
  [[nodiscard]] Task<T> counterpart(const Task<T>& task) const {
    return Task<T>(counterpart(static_cast<const AnyTask&>(task)));
  }
  /// The same of an input.
  template <typename T>
  [[nodiscard]] Input<T> counterpart(const Input<T>& task) const {
    return Input<T>(counterpart(static_cast<const Task<T>&>(task)));
  }

  /// Checks everything and freezes it. Linear in tasks and edges.
  ///
  /// @throws DefinitionError with every fault: each cycle, task by task; handles of other workflows or of removed
  ///         tasks; duplicate, empty and reserved names; arguments of a wrong type; values taken that others need. The
  ///         workflow is unchanged.
  [[nodiscard]] Plan build() const&;
  /// The same, giving the workflow's memory to the plan; the workflow is empty afterwards, also when this throws.
  [[nodiscard]] Plan build() &&;

  /// For the engine.
  [[nodiscard]] detail::Definition& data() { return definition(); }

 private:
  friend class AnyTask;
  using Fallback = std::shared_ptr<const detail::InputFallback>;

  template <typename T>
  static Fallback make_fallback(std::shared_ptr<const T> value);
  template <typename Body, typename... Arguments>
  auto make_task(const std::string_view* name, Body&& body, const Arguments&... arguments);
  template <typename Body>
  void store_body(Body&& body, std::byte* capture);
  /// A task whose body asks the engine for something by its Context, which then makes the result.
  template <typename Result, typename F, typename... Arguments>
  Task<Result> make_engine_task(std::string_view name, F&& body, const Arguments&... arguments);
  template <bool collects, typename Items, typename Body, typename... Shared>
  auto make_map(std::string_view name, const Items& items, Body&& body, const MapOptions& options,
                const Shared&... shared);
  template <bool collects, typename Items, typename T, typename R, typename... Bindings>
  auto make_map_of_runs(std::string_view name, const Items& items, const Plan& plan, const Input<T>& input,
                        const Task<R>& output, const MapOptions& options, const Bindings&... bindings);

  void* reserve_capture(std::size_t size, std::size_t alignment);
  void keep_capture(void* place, void (*destroy)(void*) noexcept) noexcept;
  AnyTask add_task(const std::string_view* name, const detail::BodyType& type, const std::byte* capture,
                   const detail::Wire* wires, std::size_t wire_count);
  AnyTask add_untyped_task(std::string_view name, detail::BodyType type, const std::byte* capture,
                           const std::vector<AnyTask>& arguments);
  void replace_task(AnyTask task, const detail::BodyType& type, const std::byte* capture, const detail::Wire* wires,
                    std::size_t wire_count);
  void check_subworkflow(AnyTask task, const Plan& plan, AnyTask output, const std::vector<AnyTask>& inputs);
  void add_cleanup(AnyTask task);
  template <typename State, typename Initial, typename... Arguments, typename Body>
  Task<State> add_loop(std::string_view name, Body body, const LoopOptions& options, const Initial& initial,
                       const Arguments&... arguments);
  void check_loop(AnyTask loop, const LoopOptions& options);
  void check_plan_loop(AnyTask loop, const Plan& plan, AnyTask state_in, AnyTask state_out,
                       const std::vector<AnyTask>& inputs);
  AnyTask add_input(std::string_view name, TypeRef type, Fallback fallback);
  [[nodiscard]] AnyTask find_typed(std::string_view name, TypeRef type) const;
  detail::Definition& definition();
  detail::Definition& begin_definition();
  void refuse_edge(AnyTask from, AnyTask to);

  std::unique_ptr<detail::Definition> definition_;  // null: empty and nameless
};

}  // namespace baton

#include <baton/graph/choice.hpp>
#include <baton/graph/map_inl.hpp>
#include <baton/graph/workflow_inl.hpp>
