// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace baton::detail {

// The ready tasks of a run: one bit a task, in words of 64 called blocks, and for each seat a map of the blocks to look
// at.
//
// Protocol
//  (1) A task's bit is set once, by whoever ended its last predecessor, and cleared once, by the claim that starts it.
//  (2) Whoever turns a block from empty to non-empty marks it in the map of its own seat. So a non-empty block is
//      marked in some map, or a visitor has just taken the mark and will mark it again before it starts a body.
//  (3) Only the owner of a seat sets marks in its map; thieves only clear them. So the owner may use plain stores: a
//      thief's clear that is overwritten leaves a stale mark, which costs a look at an empty block.
//  (4) A worker that gives up its seat looks through all maps once more afterwards, and a worker calls, before each
//      body, for as many others as it has blocks to spare and there are free seats: marks and the count of free seats
//      are sequentially consistent, so one of the two sees the other, and no ready task is left to a worker that is
//      busy with something long. So it is with messages: whoever leaves one then looks for a free seat.
//  (5) A visitor that leaves a block with tasks in it need not mark it where its own map has the mark. A thief may have
//      taken that, found the block empty and gone away, all before the block was filled again: so taking a mark, that
//      look, filling, claiming and the look at the own mark are sequentially consistent, and the mark is seen to be
//      gone.
//
// tests/models/seat_second_look.pml tries every order of these steps. A change here is a change there.
using Word = std::atomic<std::uint64_t>;

inline constexpr std::uint32_t no_block = UINT32_MAX;

constexpr std::size_t words_for(std::size_t bits) { return (bits + 63) / 64; }
constexpr std::uint64_t bit(std::uint32_t index) { return std::uint64_t{1} << (index & 63); }

/// The map of one seat: a mark a block, and a summary, for the owner alone, of which words have marks.
class BlockMap {
 public:
  /// Words of memory for a map of `blocks` blocks.
  static std::size_t words(std::size_t blocks) { return words_for(blocks) + words_for(words_for(blocks)); }

  void attach(Word* memory, std::uint32_t blocks) {
    mark_words_ = static_cast<std::uint32_t>(words_for(blocks));
    summary_words_ = static_cast<std::uint32_t>(words_for(mark_words_));
    marks_ = memory;
    summary_ = memory + mark_words_;
  }

  // ---- Owner only ----

  /// @param shared  Whether others are at work, so that (4) matters.
  void mark(std::uint32_t block, bool shared) {
    const std::uint32_t word = block >> 6;
    Word& summary = summary_[word >> 6];
    summary.store(summary.load(std::memory_order_relaxed) | bit(word), std::memory_order_relaxed);
    const std::uint64_t marks = marks_[word].load(std::memory_order_relaxed) | bit(block);
    if (shared) {
      marks_[word].store(marks, std::memory_order_seq_cst);  // (4)
    } else {
      marks_[word].store(marks, std::memory_order_relaxed);
    }
    if (block < lowest_) lowest_ = block;
    if ((word >> 6) < first_summary_) first_summary_ = word >> 6;
  }

  [[nodiscard]] bool is_marked(std::uint32_t block) const {
    return (marks_[block >> 6].load(std::memory_order_seq_cst) & bit(block)) != 0;  // (5)
  }

  /// Takes the lowest marked block; no_block when there is none.
  std::uint32_t take_lowest() {
    for (; first_summary_ < summary_words_; ++first_summary_) {
      Word& summary = summary_[first_summary_];
      while (const std::uint64_t words = summary.load(std::memory_order_relaxed)) {
        const std::uint32_t word = first_summary_ * 64 + static_cast<std::uint32_t>(std::countr_zero(words));
        const std::uint64_t marks = marks_[word].load(std::memory_order_relaxed);
        const std::uint64_t rest = marks & (marks - 1);
        marks_[word].store(rest, std::memory_order_relaxed);
        if (rest == 0) summary.store(words & (words - 1), std::memory_order_relaxed);
        if (marks == 0) continue;
        lowest_ = no_block;
        return word * 64 + static_cast<std::uint32_t>(std::countr_zero(marks));
      }
    }
    lowest_ = no_block;
    return no_block;
  }

  /// Whether nothing is marked, as far as the owner knows.
  [[nodiscard]] bool empty() const { return count_up_to(1) == 0; }

  /// The lowest block marked since the last take_lowest.
  [[nodiscard]] std::uint32_t lowest_new() const { return lowest_; }

  /// The number of marked blocks, as far as `limit`.
  [[nodiscard]] std::uint32_t count_up_to(std::uint32_t limit) const {
    std::uint32_t count = 0;
    for (std::uint32_t at = first_summary_; at < summary_words_ && count < limit; ++at) {
      std::uint64_t words = summary_[at].load(std::memory_order_relaxed);
      for (; words != 0 && count < limit; words &= words - 1) {
        const auto word = at * 64 + static_cast<std::uint32_t>(std::countr_zero(words));
        count += static_cast<std::uint32_t>(std::popcount(marks_[word].load(std::memory_order_relaxed)));
      }
    }
    return std::min(count, limit);
  }

  // ---- Any thread ----

  /// Takes the highest marked block of another seat; no_block when there is none.
  std::uint32_t steal_highest() {
    for (std::uint32_t word = mark_words_; word-- > 0;) {
      std::uint64_t marks = marks_[word].load(std::memory_order_acquire);
      while (marks != 0) {
        const auto top = static_cast<std::uint32_t>(63 - std::countl_zero(marks));
        marks = marks_[word].fetch_and(~bit(top), std::memory_order_seq_cst);  // (5)
        if ((marks & bit(top)) != 0) return word * 64 + top;
        marks &= ~bit(top);
      }
    }
    return no_block;
  }

  /// The lowest marked block, which stays marked; no_block when there is none.
  [[nodiscard]] std::uint32_t find_lowest() const {
    for (std::uint32_t word = 0; word < mark_words_; ++word) {
      const std::uint64_t marks = marks_[word].load(std::memory_order_acquire);
      if (marks != 0) return word * 64 + static_cast<std::uint32_t>(std::countr_zero(marks));
    }
    return no_block;
  }

  /// Takes the mark of `block`. @returns whether it was there.
  bool steal(std::uint32_t block) {
    return (marks_[block >> 6].fetch_and(~bit(block), std::memory_order_seq_cst) & bit(block)) != 0;  // (5)
  }

  /// Whether any block is marked; the second look of (4).
  [[nodiscard]] bool any() const { return count_all_up_to(1) != 0; }

  /// The number of marked blocks, as far as `limit`.
  [[nodiscard]] std::uint32_t count_all_up_to(std::uint32_t limit) const {
    std::uint32_t count = 0;
    for (std::uint32_t word = 0; word < mark_words_ && count < limit; ++word) {
      count += static_cast<std::uint32_t>(std::popcount(marks_[word].load(std::memory_order_seq_cst)));
    }
    return std::min(count, limit);
  }

 private:
  Word* marks_ = nullptr;
  Word* summary_ = nullptr;
  std::uint32_t mark_words_ = 0;
  std::uint32_t summary_words_ = 0;
  std::uint32_t first_summary_ = 0;  // no summary below is set
  std::uint32_t lowest_ = no_block;
};

/// What claiming a task of a block gave.
struct Claim {
  std::uint32_t offset = 0;  ///< In the block.
  bool found = false;
  bool more = false;  ///< Others were left; the claimer marks the block.
};

/// Claims the lowest ready task of a block. One at a time: what is not started stays there for others.
/// @param shared  Whether there are others; without them nothing needs to be atomic.
inline Claim claim_lowest(Word& block, bool shared) {
  std::uint64_t ready = block.load(std::memory_order_seq_cst);  // (5)
  while (ready != 0) {
    const std::uint64_t lowest = ready & (~ready + 1);
    if (shared) {
      // (5), and acquire: what its predecessors wrote; release: keeps the chain to those whose bits stay.
      ready = block.fetch_and(~lowest, std::memory_order_seq_cst);
    } else {
      block.store(ready & ~lowest, std::memory_order_relaxed);
    }
    if ((ready & lowest) != 0) {
      return {static_cast<std::uint32_t>(std::countr_zero(lowest)), true, (ready & ~lowest) != 0};
    }
  }
  return {};
}

/// Sets bits of a block. @returns whether it was empty.
inline bool set_ready(Word& block, std::uint64_t bits, bool shared) {
  // (5), and acq_rel: the claimer sees what this worker wrote and saw.
  if (shared) return block.fetch_or(bits, std::memory_order_seq_cst) == 0;
  const std::uint64_t before = block.load(std::memory_order_relaxed);
  block.store(before | bits, std::memory_order_relaxed);
  return before == 0;
}

}  // namespace baton::detail
