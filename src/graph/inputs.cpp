// SPDX-License-Identifier: MIT
#include <baton/graph/inputs.hpp>

#include <baton/base/error.hpp>
#include <baton/graph/context.hpp>

#include <new>

namespace baton {

namespace detail {

void* AnyValue::allocate(const TypeInfo& type) { return ::operator new(type.size, std::align_val_t{type.alignment}); }

void AnyValue::deallocate() noexcept {
  if (place_ != nullptr) ::operator delete(place_, std::align_val_t{type_->alignment});
}

}  // namespace detail

void Inputs::assign(AnyTask input, detail::AnyValue value) {
  for (Entry& entry : entries_) {
    if (entry.input == input) {
      entry.value = std::move(value);
      return;
    }
  }
  entries_.push_back({input, std::move(value)});
}

}  // namespace baton
