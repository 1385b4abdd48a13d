// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/base/type.hpp>
#include <baton/graph/workflow.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace baton {

/// What takes the place of bodies in a test: results, failures and delays, by the names of tasks.
///
///     baton::Doubles doubles;
///     doubles.returns("load orders", Orders{...}).fails("fetch *", std::runtime_error("no network"), 2);
///     doubles.apply(flow);
///
/// A pattern is a name in which `*` stands for any characters but '/', and `?` for one of them; `#17` names a nameless
/// task, `book/compensate` the compensation of `book`. What is said of a task adds up: a body first takes its delay,
/// then fails, then gives its result, or calls the real body where there is none. Where two patterns say the same sort
/// of thing of a task, the later one counts. All but the body stays: arguments, retry, time limits, resources, rules,
/// conditions, compensation.
///
/// A sub-workflow, a map or a loop is one task, whose result may be replaced; for tasks inside it apply doubles to the
/// workflow of which it runs a plan. Single elements of a map cannot be replaced.
///
/// One thread at a time, but for `calls`, which may be asked while runs go on. Plans keep what they need of it.
class BATON_API Doubles {
 public:
  /// For `fails`: every attempt.
  static constexpr std::uint32_t always = std::numeric_limits<std::uint32_t>::max();

  Doubles();
  Doubles(const Doubles&) = delete;
  Doubles& operator=(const Doubles&) = delete;
  /// Leaves `other` only fit for being destroyed or assigned to.
  Doubles(Doubles&& other) noexcept;
  /// The same.
  Doubles& operator=(Doubles&& other) noexcept;
  ~Doubles();

  /// Tasks that match return a copy of `value`, whose type is that of their result: `returns<std::string>("x", "a")`.
  /// @throws UsageError when the pattern is none.
  template <typename T>
  Doubles& returns(std::string_view pattern, T value) {
    static_assert(
        std::is_copy_constructible_v<T>,
        "baton: each call of a double returns a copy: pass what only moves to runs(), as the result of a body");
    return add_result(pattern, type_of<T>(), [kept = std::make_shared<const T>(std::move(value))](void* to, Context&) {
      ::new (to) T(*kept);
    });
  }
  /// Tasks that match, which have no result, do nothing.
  /// @throws UsageError when the pattern is none.
  Doubles& returns(std::string_view pattern);
  /// Tasks that match call `body`, as `body()` or `body(Context&)`, for their result. Through `const`, and for several
  /// tasks and runs at once.
  /// @throws UsageError when the pattern is none.
  template <typename Body>
  Doubles& runs(std::string_view pattern, Body body) {
    if constexpr (detail::check_body<Body>()) {
      return add_result(pattern, type_of<typename detail::BoundBody<Body>::Result>(), MakeBy<Body>{std::move(body)});
    }
    return *this;
  }

  /// The first `times` attempts of tasks that match, in each run, throw `error`; `Cancelled` cancels the task.
  /// @throws UsageError when the pattern is none, or `times` is 0.
  template <typename E>
    requires(!std::is_convertible_v<E, std::exception_ptr>)
  Doubles& fails(std::string_view pattern, E error, std::uint32_t times = always) {
    return fails(pattern, std::make_exception_ptr(std::move(error)), times);
  }
  /// The same for an exception that was kept. @throws UsageError also when there is none.
  Doubles& fails(std::string_view pattern, std::exception_ptr error, std::uint32_t times = always);

  /// Each attempt of tasks that match begins with so much time of the scheduler's clock, which holds no thread; then it
  /// goes on.
  /// @throws UsageError when the pattern is none, or the duration negative.
  Doubles& delays(std::string_view pattern, Duration duration);

  /// Puts the doubles into `flow`, so into what is built or copied from it from now on. Tasks that are added later are
  /// not concerned.
  ///
  /// To keep `flow` as it is, pass a copy; `counterpart` gives its handles.
  ///
  /// @throws UsageError when a pattern matches no task, or a task has a result of another type. Nothing is changed
  /// then.
  void apply(Workflow& flow);

  /// How many attempts doubles of tasks that match have begun, in all runs. Thread-safe while nothing is applied.
  /// @throws UsageError when no task that matches has a double.
  [[nodiscard]] std::uint64_t calls(std::string_view pattern) const;

 private:
  struct State;
  using Make = std::function<void(void* place, Context& context)>;
  template <typename Body>
  struct MakeBy {
    using Bound = detail::BoundBody<Body>;
    using Result = typename Bound::Result;
    std::shared_ptr<const Body> body;

    explicit MakeBy(Body kept) : body(std::make_shared<const Body>(std::move(kept))) {}
    Result call([[maybe_unused]] Context& context) const {
      if constexpr (Bound::takes_context) {
        return std::invoke(*body, context);
      } else {
        return std::invoke(*body);
      }
    }
    void operator()([[maybe_unused]] void* place, Context& context) const {
      if constexpr (std::is_void_v<Result>) {
        call(context);
      } else {
        ::new (place) Result(call(context));
      }
    }
  };
  Doubles& add_result(std::string_view pattern, TypeRef type, Make make);

  std::unique_ptr<State> state_;
};

}  // namespace baton
