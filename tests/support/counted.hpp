// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace baton::test {

/// What happens to the values of a test. Outlives them.
struct Tally {
  std::atomic<std::int64_t> alive{0};
  std::atomic<std::int64_t> made{0};
  std::atomic<std::int64_t> copies{0};
  std::atomic<std::int64_t> moves{0};
};

/// A value that tells a tally when it is made, copied, moved and destroyed.
class Counted {
 public:
  explicit Counted(Tally& tally, int value = 0) : tally_(&tally), value_(value) {
    ++tally_->made;
    ++tally_->alive;
  }
  Counted(const Counted& other) : tally_(other.tally_), value_(other.value_) {
    ++tally_->copies;
    ++tally_->alive;
  }
  Counted(Counted&& other) noexcept : tally_(other.tally_), value_(std::exchange(other.value_, -1)) {
    ++tally_->moves;
    ++tally_->alive;
  }
  Counted& operator=(const Counted&) = delete;
  Counted& operator=(Counted&&) = delete;
  ~Counted() { --tally_->alive; }

  [[nodiscard]] int value() const { return value_; }

 private:
  Tally* tally_;
  int value_;
};

}  // namespace baton::test
