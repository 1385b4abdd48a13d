// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/part_failed.hpp>
#include <baton/base/state.hpp>
#include <baton/graph/inputs.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>

namespace baton {

class Context;

/// How the elements of a map are run.
struct MapOptions {
  /// At most so many elements are in flight at once. 0 means as many as there are threads, for a map over a plan twice
  /// as many.
  std::size_t limit = 0;
};

namespace detail {

/// A stretch of elements that one thread calls, one after the other.
struct ElementRange {
  std::atomic<std::size_t>& next;               ///< The element to be called, or being called; others look at it.
  std::size_t last;                             ///< Behind the last one.
  const std::atomic<std::uint32_t>* attention;  ///< With a bit of `heeded` set, the caller wants to look up.
  std::uint32_t heeded;                         ///< Which bits of `attention` count.
  Context* context;                             ///< Of the element `next`.

  /// Calls `call(element)` for each, at least for one, as long as nothing is in the way.
  template <typename Call>
  void for_each(Call&& call) {
    const ElementRange mine = *this;  // which no other thread can have changed
    std::size_t element = next.load(std::memory_order_relaxed);
    do {
      call(element);
      next.store(++element, std::memory_order_relaxed);
    } while (element != mine.last && (mine.attention->load(std::memory_order_relaxed) & mine.heeded) == 0);
  }
};

/// What a map asks of the engine: its elements, and room for their results. Lives until its task has ended.
class BATON_API Elements {
 public:
  Elements(std::size_t count, const MapOptions& options) : count_(count), options_(options) {}
  Elements(const Elements&) = delete;
  Elements& operator=(const Elements&) = delete;
  virtual ~Elements();

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] const MapOptions& options() const noexcept { return options_; }

  /// Whether these are what the user calls elements, and not parts of something else that is called in parallel.
  [[nodiscard]] virtual bool are_of_map() const noexcept { return true; }

  /// Keeps what became of an element that ended otherwise than well.
  /// @returns false when the map does not collect outcomes, so that the element decides about the map.
  virtual bool keep_outcome(std::size_t element, TaskState state, const std::exception_ptr& error) = 0;
  /// Makes the map's result of those of its elements, which all have one.
  virtual void gather() = 0;
  /// Constructs the map's result at `place`, after `gather`. Not called for void.
  virtual void deliver(void* place) = 0;

 private:
  const std::size_t count_;
  const MapOptions options_;
};

/// The elements of a map that calls a body.
class BATON_API ElementCalls : public Elements {
 public:
  using Elements::Elements;
  ~ElementCalls() override;

  /// Calls the elements of the range, see ElementRange::for_each, and keeps their results.
  /// Concurrently for different elements. @throws what element `range.next` throws.
  virtual void call(ElementRange& range) = 0;
};

/// The elements of a map that runs a plan.
class BATON_API ElementRuns : public Elements {
 public:
  ElementRuns(std::size_t count, const MapOptions& options, const Plan& plan, AnyTask output)
      : Elements(count, options), plan_(plan), output_(output) {}
  ~ElementRuns() override;

  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  /// The task of the plan whose value becomes the element's result; none when false.
  [[nodiscard]] AnyTask output() const noexcept { return output_; }

  /// What the run of an element starts with. Concurrently for different elements.
  virtual Inputs inputs(std::size_t element) = 0;
  /// Moves the element's result from `value`, which is null for void. Concurrently for different elements.
  virtual void keep_result(std::size_t element, void* value) = 0;

 private:
  const Plan& plan_;  // of the map's body, which outlives this
  const AnyTask output_;
};

}  // namespace detail
}  // namespace baton
