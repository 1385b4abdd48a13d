// SPDX-License-Identifier: MIT
#pragma once

#include "graph/buffer.hpp"

#include <cstdint>

namespace baton::detail {

/// The order that was declared between tasks, as it came: a word a predecessor, after a word that says whose they are.
/// A task's predecessors mostly come together, and tasks in the order of their numbers; then no sorting is needed.
class EdgeLog {
 public:
  static constexpr std::uint32_t target_bit = 1u << 31;   // the word names the task that the next ones precede
  static constexpr std::uint32_t removal_bit = 1u << 30;  // the edge is taken back; the last word on a pair counts

  void add(std::uint32_t from, std::uint32_t to) {
    if (!words_.has_room(2)) return grow_and_put(from, to);
    put(from, to);
  }
  void remove(std::uint32_t from, std::uint32_t to) {
    if (!words_.has_room(2)) words_.make_room();
    has_removals_ = true;
    append(from | removal_bit, to);
  }

  /// visit(from, to, removed), in the order of the calls.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    std::uint32_t to = 0;
    for (const std::uint32_t word : words_) {
      if ((word & target_bit) != 0) {
        to = word & ~target_bit;
      } else {
        visit(word & ~removal_bit, to, (word & removal_bit) != 0);
      }
    }
  }

  [[nodiscard]] const Buffer<std::uint32_t>& words() const noexcept { return words_; }
  Buffer<std::uint32_t> take_words() noexcept { return std::move(words_); }
  /// Whether each edge goes from a lower to a higher number.
  [[nodiscard]] bool forward() const noexcept { return forward_; }
  /// Whether each task's predecessors stand together, and tasks in the order of their numbers.
  [[nodiscard]] bool grouped() const noexcept { return grouped_; }
  [[nodiscard]] bool has_removals() const noexcept { return has_removals_; }

 private:
  [[gnu::noinline]] void grow_and_put(std::uint32_t from, std::uint32_t to) {  // apart, so that `add` is short
    words_.make_room();
    put(from, to);
  }
  void put(std::uint32_t from, std::uint32_t to) {
    forward_ = forward_ && from < to;
    append(from, to);
  }
  void append(std::uint32_t word, std::uint32_t to) {
    if (to != target_) {
      grouped_ = grouped_ && to + 1 > target_ + 1;  // from none, which is one less than 0, to any
      target_ = to;
      words_.push_to_room(to | target_bit);
    }
    words_.push_to_room(word);
  }

  Buffer<std::uint32_t> words_;
  std::uint32_t target_ = UINT32_MAX;  // that of the last word; none yet
  bool forward_ = true;
  bool grouped_ = true;
  bool has_removals_ = false;
};

}  // namespace baton::detail
