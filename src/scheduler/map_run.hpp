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
#include <stop_token>
#include <string>
#include <vector>

namespace baton::detail {

/// The elements of a map, called on all threads of its executor.
///
/// A member claims some elements at a time, as many as take about 20 us, and gives half of them back when they turn out
/// to be long while places are free. One record for all elements: a number for those that are unclaimed, the stretches
/// given back, and the results.
///
/// Cancelling one element:
/// 1. Who cancels leaves a note, raises part_bit, passes a heavy fence, and then looks where the element is: unclaimed,
///    held by a member, or neither, as it has ended: then the note is taken back.
/// 2. A member shows which element it is at, and then reads part_bit: before it calls one, and after each. So it finds
///    the note of an element that was seen before its end; and who finds a note has to end that element as cancelled.
/// 3. Notes are left, found and taken back under `mutex_`.
class MapRun final : public Continuation, public Crew {
 public:
  MapRun(RunCore& run, std::uint32_t task, std::unique_ptr<ElementCalls> calls);
  ~MapRun() override;

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

  class ElementContext;
  struct Stretch {
    std::size_t first, last;
  };
  /// Asks the body of one element to stop, as the map's or by itself.
  struct ElementStop;
  /// What a member holds, for others: the element it is at, and behind the last one.
  struct alignas(64) Holding {
    std::atomic<std::size_t> now{0};
    std::atomic<std::size_t> last{0};
    std::atomic<std::uint32_t> version{0};  // odd while it claims
    std::unique_ptr<ElementStop> stop;  // guarded by mutex_; once a body has asked for its token, until that is used

    [[nodiscard]] Stretch look() const noexcept;
  };

  bool claim(Member& member, std::uint32_t most) noexcept;
  bool claim_returned(Member& member) noexcept;
  [[nodiscard]] std::size_t unclaimed() const noexcept;

  bool skip_cancelled(Member& member) noexcept;
  void show_ended(Member& member, std::size_t element) noexcept;
  [[nodiscard]] bool attends_to_parts() const noexcept {
    return (attention().load(std::memory_order_seq_cst) & part_bit) != 0;
  }
  std::exception_ptr take_cancel_locked(std::size_t element) noexcept;
  std::exception_ptr take_cancel(std::size_t element, Holding& holding) noexcept;
  [[nodiscard]] bool was_cancelled(std::size_t element) noexcept;
  [[nodiscard]] std::stop_token stop_token_of(std::size_t element, Holding& holding);
  [[nodiscard]] bool is_unclaimed_locked(std::size_t element) const noexcept;
  [[nodiscard]] Holding* find_holding(std::size_t element) noexcept;

  const std::unique_ptr<ElementCalls> calls_;
  MapEnd end_;
  alignas(64) std::atomic<std::size_t> next_{0};  // not claimed by anybody; may lie behind the end
  alignas(64) std::atomic<std::size_t> returned_count_{0};
  const std::unique_ptr<Holding[]> holdings_;  // by place
  std::mutex mutex_;
  std::vector<Stretch> returned_;  // guarded by mutex_
  ElementCancels cancels_;         // guarded by mutex_; with part_bit set while there are some
};

}  // namespace baton::detail
