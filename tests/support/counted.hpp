// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

namespace baton::test {

/// What happens to the values of a test. Outlives them: a worker may end the values of a run a moment after the last
/// handle of the run is gone, so the tally waits for them at its end. A value that nobody ends keeps the test for ever.
struct Tally {
  Tally() = default;
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  ~Tally() {
    while (alive != 0) std::this_thread::yield();
  }

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
