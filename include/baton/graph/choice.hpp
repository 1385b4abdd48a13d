// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/error.hpp>
#include <baton/graph/workflow.hpp>

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace baton {

/// A choice among branches: a task that computes a key, and arms that run for one value of it each. Made by
/// Workflow::choose.
///
/// Arms are ordinary tasks with a condition (`Task::when`): those not chosen are skipped, and what depends on them by
/// data is omitted. `Workflow::join` brings branches together again. Copies are of the same choice; for the thread of
/// its workflow.
template <std::equality_comparable Key>
class Choice {
 public:
  /// Adds a task to the workflow that runs when the key equals `key`; `body` and `arguments` as for Workflow::task.
  /// @throws UsageError when there is an arm for `key` already, or `otherwise` was called.
  template <typename Body, typename... Arguments>
  auto arm(Key key, std::string_view name, Body&& body, const Arguments&... arguments) {
    if (state_->is_complete) throw UsageError("choose: the arm '" + std::string(name) + "' comes after otherwise()");
    if (std::find(state_->keys.begin(), state_->keys.end(), key) != state_->keys.end()) {
      throw UsageError("choose: the arm '" + std::string(name) + "' is the second one for its key");
    }
    auto task = flow_->task(name, std::forward<Body>(body), arguments...);
    state_->keys.push_back(key);
    task.when([key = std::move(key)](const Key& chosen) { return chosen == key; }, selector_);
    return task;
  }
  /// Adds a task that runs when no arm does. To be called last.
  template <typename Body, typename... Arguments>
  auto otherwise(std::string_view name, Body&& body, const Arguments&... arguments) {
    auto task = flow_->task(name, std::forward<Body>(body), arguments...);
    state_->is_complete = true;
    task.when(
        [keys = state_->keys](const Key& chosen) { return std::find(keys.begin(), keys.end(), chosen) == keys.end(); },
        selector_);
    return task;
  }
  /// The task that computes the key.
  [[nodiscard]] const Task<Key>& selector() const noexcept { return selector_; }

 private:
  friend class Workflow;
  struct State {
    std::vector<Key> keys;
    bool is_complete = false;
  };
  Choice(Workflow& flow, Task<Key> selector) : flow_(&flow), selector_(selector), state_(std::make_shared<State>()) {}

  Workflow* flow_;
  Task<Key> selector_;
  std::shared_ptr<State> state_;
};

namespace detail {

template <typename Joined, typename T>
struct AddAlternative;
template <typename... Known, typename T>
struct AddAlternative<std::variant<Known...>, T> {
  using Type = std::conditional_t<(std::is_same_v<Known, T> || ...), std::variant<Known...>, std::variant<Known..., T>>;
};
template <typename Joined, typename... T>
struct Alternatives {
  using Type = Joined;
};
template <typename Joined, typename First, typename... Rest>
struct Alternatives<Joined, First, Rest...> : Alternatives<typename AddAlternative<Joined, First>::Type, Rest...> {};

/// What arms of these types are joined to.
template <typename... T>
struct Joined;
template <typename First, typename... Rest>
struct Joined<First, Rest...> {
  using Type = std::conditional_t<(std::is_same_v<First, Rest> && ...), std::optional<First>,
                                  typename Alternatives<std::variant<std::monostate>, First, Rest...>::Type>;
};

}  // namespace detail

template <typename Selector, typename... Arguments>
auto Workflow::choose(std::string_view name, Selector&& selector, const Arguments&... arguments) {
  auto key = task(name, std::forward<Selector>(selector), arguments...);
  return Choice<typename decltype(key)::Result>(*this, key);
}

template <typename... Arms>
auto Workflow::join(std::string_view name, const Task<Arms>&... arms) {
  static_assert(sizeof...(Arms) > 0, "baton: join takes the last task of each branch");
  static_assert((!std::is_void_v<Arms> && ...), "baton: an arm without a result has nothing to join; use .after()");
  return task(
      name,
      [](Arms*... values) {
        typename detail::Joined<Arms...>::Type joined;
        const auto take = [&joined](auto* value) {
          if (value != nullptr) joined = std::move(*value);
          return value != nullptr;
        };
        static_cast<void>((take(values) || ...));
        return joined;
      },
      detail::ArmOf<Arms>{arms}...);
}

}  // namespace baton
