// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/map.hpp>
#include <baton/scheduler/run.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

namespace baton::detail {

class RunCore;
struct ParkedTask;

/// What a map knows of its elements that have ended, and how its task ends by that.
class MapEnd {
 public:
  MapEnd(RunCore& run, std::uint32_t task, Elements& elements) : run_(run), task_(task), elements_(elements) {}

  /// `count` elements have ended and kept their results.
  void count_kept(std::size_t count) noexcept { kept_.fetch_add(count, std::memory_order_relaxed); }
  /// Decides about an element that has thrown; `error` is not null. `asked`: whether it had been asked to stop.
  /// @returns whether the map goes on.
  bool element_threw(std::size_t element, const std::exception_ptr& error, std::uint32_t attempt, bool asked) noexcept;
  /// Decides about an element that was cancelled; `error` says why, where it was by itself.
  /// @returns whether the map goes on.
  bool element_cancelled(std::size_t element, bool asked, const std::exception_ptr& error = nullptr) noexcept;
  /// For the outcome of an element that is cancelled by itself: a Cancelled. @throws std::bad_alloc
  [[nodiscard]] std::exception_ptr cancel_error(std::size_t element, const std::string& cause) const;

  /// Makes the result, if every element has one. By the last thread of the map.
  void wrap_up() noexcept;
  /// See Continuation::finish.
  void finish(ParkedTask& parked) noexcept;

  /// `render[3]`.
  [[nodiscard]] std::string name_of(std::size_t element) const;
  /// Nothing where this is no map, but works like one.
  [[nodiscard]] std::optional<MapProgress> progress() const noexcept {
    if (!elements_.are_of_map()) return std::nullopt;
    return MapProgress{kept(), elements_.count()};
  }

 private:
  [[nodiscard]] std::size_t kept() const noexcept { return kept_.load(std::memory_order_relaxed); }
  bool element_failed(std::size_t element, const std::exception_ptr& error, std::uint32_t attempt) noexcept;
  bool keep_outcome(std::size_t element, TaskState state, const std::exception_ptr& error) noexcept;

  RunCore& run_;
  const std::uint32_t task_;
  Elements& elements_;
  std::atomic<std::size_t> kept_{0};
  std::mutex mutex_;
  std::exception_ptr error_;  // guarded by mutex_: of the lowest element that failed
  std::size_t failed_ = 0;    // guarded by mutex_: which that is
};

}  // namespace baton::detail
