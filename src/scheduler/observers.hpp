// SPDX-License-Identifier: MIT
#pragma once

#include <baton/scheduler/observer.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace baton::detail {

/// A set of observers that may change while it is told events. Thread-safe.
class Observers {
 public:
  explicit Observers(std::shared_ptr<std::atomic<std::uint64_t>> errors) : errors_(std::move(errors)) {}

  void add(std::shared_ptr<Observer> observer);
  /// Once this returns the observer is not being called, except further up on this thread's stack.
  void remove(const std::shared_ptr<Observer>& observer);
  [[nodiscard]] bool empty() const;
  void tell(const Event& event) const noexcept;

 private:
  struct Entry {
    std::shared_ptr<Observer> observer;
    // Announced before `removed` is read, and the other way round by remove(): one of both sees the other (seq_cst).
    std::atomic<std::uint32_t> calls{0};
    std::atomic<bool> removed{false};
  };
  using List = std::vector<std::shared_ptr<Entry>>;

  std::shared_ptr<std::atomic<std::uint64_t>> errors_;
  mutable std::mutex mutex_;
  std::shared_ptr<const List> list_ = std::make_shared<const List>();  // replaced, never changed
};

}  // namespace baton::detail
