// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/graph/spawn.hpp>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace baton {

namespace detail {
struct ChildCall;
class Rounds;
class ElementCalls;
class ElementRuns;
}  // namespace detail

/// What a body sees of the run that calls it: a body that takes a `Context&` as its first parameter gets one.
///
/// Valid during the call, on the thread of the call.
class BATON_API Context {
 public:
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Asked to stop when the task or its run is cancelled, or the run stops at a failure, before the task has ended. The
  /// token is the task's own and may outlive the call.
  [[nodiscard]] virtual std::stop_token stop_token() const = 0;

  /// Whether that was asked; it may be so a moment before a token says it. Cheap enough for an inner loop.
  [[nodiscard]] virtual bool stop_requested() const noexcept = 0;

  /// @throws Cancelled when that was asked; the task then ends `cancelled`.
  void throw_if_stopped() const;

  /// Ends the task `duration` after this call, or with the body if that takes longer.
  ///
  /// Until then the task is `waiting`, keeps its inputs and resources, and holds no thread. The time is that of the
  /// scheduler's clock and counts from this call; zero and negative durations end the task with its body. The last call
  /// counts. Cancelling the run ends the task at once, as `cancelled`.
  virtual void park_for(Duration duration) = 0;

  /// The time of the scheduler's clock.
  [[nodiscard]] virtual TimePoint now() const noexcept = 0;

  /// Which call of the body this is, counted from 1.
  [[nodiscard]] virtual std::uint32_t attempt() const noexcept = 0;

  /// The name of the task, or `#17` where it has none, 17 counting the tasks of the workflow from 0 in order of
  /// creation.
  [[nodiscard]] virtual std::string task_name() const = 0;

  /// The name of the workflow; empty where it has none.
  [[nodiscard]] virtual std::string_view workflow_name() const noexcept = 0;

  /// The number of the run, as `Run::id` gives it.
  [[nodiscard]] virtual std::uint64_t run_id() const noexcept = 0;

  /// The name of the task with those of the tasks that it is part of: `train/epoch[2]/evaluate` is the task `evaluate`
  /// in the third round of the loop `epoch` in the sub-workflow `train`. Of a task of a run that the host has started
  /// it is the name alone. In a loop whose rounds are calls of a function it has the round: `epoch[2]`.
  [[nodiscard]] virtual std::string path() const = 0;

  /// The round of the innermost loop that the call is part of, counted from 0; 0 outside loops.
  [[nodiscard]] virtual std::uint64_t round() const noexcept = 0;

  /// Adds a task to this one while it runs: `body` is called once, as `body()` or `body(Context&)`, soon, on any thread
  /// of the executor, and may spawn more. This task ends, and its successors start, when its own body has returned and
  /// all that was spawned has ended. No order holds among what is spawned.
  ///
  /// It is part of this task for observers, resources and settings. When a spawned body throws, what has not started is
  /// not to start, what runs is asked to stop, and this task fails with PartFailed, which names it: `walk/page 7`. When
  /// this body throws, what it spawned is treated the same way, and its own error counts.
  ///
  /// To be called while this body runs, on its thread. `body` is kept by value; it may be movable only.
  ///
  /// @param name  Without `/`, `[` and `]`. One without a name is shown by its number: `walk/3`.
  /// @throws UsageError  the name is not one, or this is an element of a map.
  template <typename Body>
  void spawn(std::string_view name, Body&& body) {
    using F = std::decay_t<Body>;
    if constexpr (detail::check_spawned<F>()) add(detail::SpawnedBody<F>::make(name, std::forward<Body>(body)));
  }
  /// The same without a name.
  template <typename Body>
    requires(!std::is_convertible_v<Body, std::string_view>)
  void spawn(Body&& body) {
    spawn(std::string_view{}, std::forward<Body>(body));
  }
  /// For `spawn`.
  virtual void add(detail::SpawnedPtr spawned) = 0;

  /// For the body of a sub-workflow or loop: starts the child run; when that has ended, the task ends or, in a loop,
  /// the body is called again.
  virtual void call(detail::ChildCall&& child) = 0;
  /// For the body of a map: starts the elements; the task ends when they have ended.
  virtual void call(std::unique_ptr<detail::ElementCalls> elements) = 0;
  /// The same for a map over a plan.
  virtual void call(std::unique_ptr<detail::ElementRuns> elements) = 0;

  /// For the body of a loop: what it keeps from call to call; null when it begins.
  [[nodiscard]] virtual std::shared_ptr<detail::Rounds>& rounds() noexcept = 0;

 protected:
  Context() = default;
  virtual ~Context();
};

}  // namespace baton
