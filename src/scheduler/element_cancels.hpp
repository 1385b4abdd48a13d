// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <unordered_map>
#include <utility>

namespace baton::detail {

/// Elements of a map that are to end as cancelled, with what their outcome holds then. Everything that takes memory
/// happens where one is added. Not thread-safe.
class ElementCancels {
 public:
  struct Note {
    std::exception_ptr error;  ///< For the outcome.
    std::string cause;         ///< For the element's run, which takes it.
  };

  /// @returns whether it was not there. @throws std::bad_alloc; then nothing has changed.
  bool add(std::size_t element, const std::exception_ptr& error, std::string cause) {
    return notes_.try_emplace(element, Note{error, std::move(cause)}).second;
  }
  /// The note of an element, or null.
  [[nodiscard]] Note* find(std::size_t element) noexcept {
    const auto found = notes_.find(element);
    return found == notes_.end() ? nullptr : &found->second;
  }
  /// Forgets an element. @returns its error; null when there is no note.
  std::exception_ptr take(std::size_t element) noexcept {
    const auto found = notes_.find(element);
    if (found == notes_.end()) return nullptr;
    std::exception_ptr error = std::move(found->second.error);
    notes_.erase(found);
    return error;
  }
  [[nodiscard]] bool empty() const noexcept { return notes_.empty(); }

 private:
  std::unordered_map<std::size_t, Note> notes_;
};

}  // namespace baton::detail
