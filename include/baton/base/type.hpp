// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>

#include <cstddef>
#include <new>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

namespace baton {

/// What the engine must know of a type whose values it keeps: identity, layout, and how to end a value.
struct TypeInfo {
  const std::type_info* id;               ///< typeid(void) for "no value".
  std::size_t size;                       ///< In bytes; 0 for void.
  std::size_t alignment;                  ///< In bytes; 1 for void.
  void (*destroy)(void* value) noexcept;  ///< Ends the value at `value`; null where that does nothing.
  void (*move)(void* to, void* from);     ///< Constructs at `to` from the value at `from`; null for void.
  bool moves_surely;                      ///< That never throws.
};

/// A type by reference: cheap to copy, compares by the type, null when default-constructed.
using TypeRef = const TypeInfo*;

namespace detail {

template <typename T>
constexpr TypeInfo describe_type() noexcept {
  if constexpr (std::is_void_v<T>) {
    return {&typeid(void), 0, 1, nullptr, nullptr, true};
  } else {
    TypeInfo info{&typeid(T),
                  sizeof(T),
                  alignof(T),
                  nullptr,
                  [](void* to, void* from) { ::new (to) T(std::move(*static_cast<T*>(from))); },
                  std::is_nothrow_move_constructible_v<T>};
    if constexpr (!std::is_trivially_destructible_v<T>) {
      info.destroy = [](void* value) noexcept { static_cast<T*>(value)->~T(); };
    }
    return info;
  }
}

template <typename T>
inline constexpr TypeInfo type_info_of = describe_type<T>();

}  // namespace detail

/// The description of `T`, which must be a movable object type or void. The same type may have several descriptions
/// (one a shared library): compare with same_type.
template <typename T>
[[nodiscard]] constexpr TypeRef type_of() noexcept {
  return &detail::type_info_of<T>;
}

/// Whether `a` and `b`, both not null, describe the same type.
[[nodiscard]] inline bool same_type(TypeRef a, TypeRef b) noexcept { return a == b || *a->id == *b->id; }

/// The name of a type as a person writes it, "std::vector<int>" for instance, as far as the compiler tells it.
[[nodiscard]] BATON_API std::string readable_name(const std::type_info& type);

}  // namespace baton
