// SPDX-License-Identifier: MIT
#pragma once

// How the bodies that a task spawns are kept: for Context::spawn and the engine.

#include <baton/base/export.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace baton {

class Context;

namespace detail {

/// A spawned task: one allocation, with its body and the characters of its name.
///
/// Outlives its body for as long as tasks that it has spawned need its name.
class BATON_API Spawned {
 public:
  Spawned(const Spawned&) = delete;
  Spawned& operator=(const Spawned&) = delete;

  /// Calls the body, once.
  virtual void call(Context& context) = 0;
  /// Ends the body.
  virtual void drop_body() noexcept = 0;
  /// Ends and frees this.
  virtual void free() noexcept = 0;

  /// As it was given; empty for none.
  [[nodiscard]] std::string_view name() const noexcept { return {name_, name_size_}; }

  Spawned* next = nullptr;    ///< Of those that wait.
  Spawned* parent = nullptr;  ///< Whose body spawned this; null for the task's own. Holds one of its references.
  std::uint32_t number = 0;   ///< Counts what its parent spawned, from 0.
  std::atomic<std::uint32_t> references{1};

 protected:
  Spawned() = default;
  virtual ~Spawned();
  void place_name(std::string_view name, char* place) noexcept {
    std::copy(name.begin(), name.end(), place);
    name_ = place;
    name_size_ = name.size();
  }

 private:
  const char* name_ = nullptr;
  std::size_t name_size_ = 0;
};

struct SpawnedFree {
  void operator()(Spawned* spawned) const noexcept { spawned->free(); }
};
using SpawnedPtr = std::unique_ptr<Spawned, SpawnedFree>;

template <typename F>
class SpawnedBody final : public Spawned {
 public:
  template <typename Body>
  static SpawnedPtr make(std::string_view name, Body&& body) {
    void* const memory = ::operator new(sizeof(SpawnedBody) + name.size(), alignment);
    SpawnedBody* made = nullptr;
    try {
      made = ::new (memory) SpawnedBody(std::in_place, std::forward<Body>(body));
    } catch (...) {
      ::operator delete(memory, alignment);
      throw;
    }
    made->place_name(name, static_cast<char*>(memory) + sizeof(SpawnedBody));
    return SpawnedPtr(made);
  }

  void call(Context& context) override {
    if constexpr (std::is_invocable_v<F&, Context&>) {
      (*body_)(context);
    } else {
      (*body_)();
    }
  }
  void drop_body() noexcept override { body_.reset(); }
  void free() noexcept override {
    this->~SpawnedBody();
    ::operator delete(static_cast<void*>(this), alignment);
  }

 private:
  static constexpr std::align_val_t alignment{alignof(std::optional<F>) > alignof(Spawned) ? alignof(std::optional<F>)
                                                                                           : alignof(Spawned)};
  template <typename Body>
  explicit SpawnedBody(std::in_place_t in_place, Body&& body) : body_(in_place, std::forward<Body>(body)) {}
  ~SpawnedBody() override = default;

  std::optional<F> body_;
};

/// Refuses a wrong body with one message; true when it is fine.
template <typename F>
constexpr bool check_spawned() {
  constexpr bool plain = std::is_invocable_v<F&>;
  constexpr bool with_context = std::is_invocable_v<F&, Context&>;
  static_assert(plain || with_context, "baton: a spawned body is called as body() or body(Context&)");
  if constexpr (with_context) {
    constexpr bool returns_nothing = std::is_void_v<std::invoke_result_t<F&, Context&>>;
    static_assert(returns_nothing,
                  "baton: a spawned body returns nothing: leave what it makes where its task finds it");
    return returns_nothing;
  } else if constexpr (plain) {
    constexpr bool returns_nothing = std::is_void_v<std::invoke_result_t<F&>>;
    static_assert(returns_nothing,
                  "baton: a spawned body returns nothing: leave what it makes where its task finds it");
    return returns_nothing;
  } else {
    return false;
  }
}

}  // namespace detail
}  // namespace baton
