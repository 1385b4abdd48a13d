// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace baton::detail {

// The places where the engine asks for something that it may not get: memory, or a thread. Tests make them fail, see
// baton/testing/faults.hpp, which says of each what then becomes of the run. While nobody does, a point costs one
// relaxed load. None is on the way of a plain task.

enum class FaultPoint : std::uint8_t {
  run_memory,
  task_record,
  message,
  attempt,
  stop_token,
  timer,
  clock_thread,
  child_run,
  map_memory,
  spawn_tree,
  spawn_part,
  end_callback,
  pinned_task,
  resource_queue,
  task_cancel,
  failure_record,
  observer,
  recorded_error,
  pool_thread,
  watch_thread,
};
inline constexpr std::size_t fault_point_count = static_cast<std::size_t>(FaultPoint::watch_thread) + 1;

/// Who decides what fails. `pass` is called by one thread at a time, perhaps with mutexes of the engine held.
class FaultSource {
 public:
  FaultSource() = default;
  FaultSource(const FaultSource&) = delete;
  FaultSource& operator=(const FaultSource&) = delete;

  /// @throws std::bad_alloc, std::system_error  as what is asked for here would.
  virtual void pass(FaultPoint point) = 0;

 protected:
  ~FaultSource() = default;
};

extern BATON_API std::atomic<bool> any_fault_source;
BATON_API void pass_fault_point(FaultPoint point);

/// From now on `source` is asked. @returns false when there is another one already; nothing has changed.
[[nodiscard]] BATON_API bool set_fault_source(FaultSource& source) noexcept;
/// Nobody is asked any more. Once this returns, nobody is being asked.
BATON_API void remove_fault_source() noexcept;

/// Stands where the engine is about to ask for something. @throws as that would.
inline void fault_point(FaultPoint point) {
  if (any_fault_source.load(std::memory_order_relaxed)) [[unlikely]]
    pass_fault_point(point);
}

}  // namespace baton::detail
