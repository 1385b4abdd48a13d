// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/map.hpp>

#include "scheduler/continuation.hpp"
#include "scheduler/crew.hpp"
#include "scheduler/element_cancels.hpp"
#include "scheduler/map_end.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

namespace baton::detail {

/// The elements of a map, called on all threads of its executor.
///
/// A member claims some elements at a time, as many as take about 20 us, and gives half of them back when they turn out
/// to be long while places are free. One record for all elements: a number for those that are unclaimed, the stretches
/// given back, and the results.
class MapRun final : public Continuation, public Crew {
 public:
  MapRun(RunCore& run, std::uint32_t task, std::unique_ptr<ElementCalls> calls);

  void begin(RunCore& run, std::uint32_t task) override;
  void cancel() noexcept override { stop(); }
  void set_paused(bool paused) noexcept override { pause_crew(paused); }
  bool finish(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept override;
  [[nodiscard]] std::optional<MapProgress> map_progress() const noexcept override { return end_.progress(); }
  bool cancel_element(std::size_t element, const std::string& cause) override;

 private:
  std::uint32_t work(Member& member, std::uint32_t most) noexcept override;
  [[nodiscard]] bool anything_to_do() noexcept override { return !is_stopped() && unclaimed() != 0; }
  void share(Member& member) noexcept override;
  void wrap_up() noexcept override { end_.wrap_up(); }

  bool claim(Member& member, std::uint32_t most) noexcept;
  bool claim_returned(Member& member) noexcept;
  [[nodiscard]] std::size_t unclaimed() const noexcept;
  [[nodiscard]] bool is_unclaimed_locked(std::size_t element) const noexcept;
  std::exception_ptr take_cancel(std::size_t element) noexcept;

  struct Stretch {
    std::size_t first, last;
  };

  const std::unique_ptr<ElementCalls> calls_;
  MapEnd end_;
  alignas(64) std::atomic<std::size_t> next_{0};  // not claimed by anybody; may lie behind the end
  alignas(64) std::atomic<std::size_t> returned_count_{0};
  std::mutex returned_mutex_;
  std::vector<Stretch> returned_;  // guarded by returned_mutex_
  ElementCancels cancels_;         // guarded by returned_mutex_; with part_bit set while there are some
};

}  // namespace baton::detail
