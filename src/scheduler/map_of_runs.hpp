// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/map.hpp>
#include <baton/scheduler/run.hpp>

#include "scheduler/continuation.hpp"
#include "scheduler/crew.hpp"
#include "scheduler/element_cancels.hpp"
#include "scheduler/map_end.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace baton::detail {

/// The elements of a map over a plan: a child run each, at most `limit` at a time. What a member does is to start runs;
/// each run that goes on is a reason of the crew, and where it ends, on its own thread, its result is moved over.
class MapOfRuns final : public Continuation, public Crew {
 public:
  MapOfRuns(RunCore& run, std::uint32_t task, std::unique_ptr<ElementRuns> runs);

  void begin(RunCore& run, std::uint32_t task) override;
  void cancel() noexcept override;
  void set_paused(bool paused) noexcept override;
  bool finish(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept override;
  [[nodiscard]] std::optional<MapProgress> map_progress() const noexcept override { return end_.progress(); }
  bool cancel_element(std::size_t element, const std::string& cause) override;

 private:
  static constexpr std::size_t no_element = SIZE_MAX;
  /// For an element whose outcome is not decided yet, with its run once there is one.
  struct Slot {
    Run run;
    std::size_t element = no_element;
  };

  template <typename Call>
  void for_each_run(Call&& call) noexcept;
  std::uint32_t work(Member& member, std::uint32_t most) noexcept override;
  [[nodiscard]] bool anything_to_do() noexcept override;
  void wrap_up() noexcept override { end_.wrap_up(); }

  bool start_next() noexcept;
  void start(std::size_t element, std::size_t slot);
  void share_pause_with(const Run& child) noexcept;
  void element_ended(std::size_t element, std::size_t slot, const Run& ended) noexcept;
  bool keep_result(std::size_t element, const Run& ended) noexcept;
  /// From here on its element cannot be cancelled. @returns the error of one that was; else null.
  std::exception_ptr decide(std::size_t slot) noexcept;
  void close(std::size_t slot) noexcept;

  const std::unique_ptr<ElementRuns> runs_;
  MapEnd end_;

  std::mutex slots_mutex_;
  std::size_t next_ = 0;                 // guarded by slots_mutex_
  std::vector<Slot> slots_;              // guarded by slots_mutex_: runs that go on, one a slot in use
  std::vector<std::size_t> free_slots_;  // guarded by slots_mutex_: of use again; its capacity is the limit
  ElementCancels cancels_;               // guarded by slots_mutex_: of elements that are not decided
};

}  // namespace baton::detail
