// SPDX-License-Identifier: MIT
#pragma once

#include "scheduler/run_core.hpp"
#include "scheduler/timers.hpp"

#include <chrono>

namespace baton::detail {

/// A slice of a run: what one thread does from the seat it holds. This is where tasks start and end.
///
/// One thread at a time: the one that holds the seat.
class Slice {
 public:
  /// @param here  The executor whose thread this is; null when the host's own works along.
  Slice(RunCore& run, Seat& seat, Executor* here) noexcept;
  ~Slice();
  Slice(const Slice&) = delete;
  Slice& operator=(const Slice&) = delete;

  /// Works until there is nothing left to take, then gives up the seat.
  /// @returns false when it left the rest to others instead, who do better without this thread.
  bool work_until_dry() noexcept;
  /// Works until there is nothing left to take, or `budget` or the slice's share of time is over.
  /// @returns whether the seat was kept because there is more to do; otherwise it has been given up and the run may be
  /// gone.
  bool work(const Budget& budget) noexcept;

  /// Passes the seat on, because the thread is about to block inside the body that it is calling: others go on with
  /// what the seat's map has. From then on the body is on its own: it has an engine reference, no hold on the clock,
  /// and ends by a message. Does nothing when that has happened already.
  /// @returns whether the seat was passed on.
  bool give_up_seat() noexcept;

 private:
  /// How a start of a task went on.
  enum class Step { ended_well, ended_ill, parked };
  static constexpr std::uint32_t no_task = Seat::no_task;

  bool join() noexcept;
  void come_in() noexcept;
  void accept_others() noexcept;
  void share_less(std::uint64_t tasks, std::chrono::nanoseconds time) noexcept;
  bool run_some() noexcept;
  void visit(std::uint32_t block) noexcept;
  std::uint32_t steal() noexcept;
  std::uint32_t take_lowest_of_all() noexcept;
  void run_chain(std::uint32_t task) noexcept;
  Step call_plainly(const TaskRecord& record, std::uint32_t task) noexcept;
  Step end_with_error(std::uint32_t task) noexcept;
  template <bool ill>
  std::uint32_t release_successors(const TaskRecord& record) noexcept;
  [[nodiscard]] std::uint32_t next_in_chain(const TaskRecord& record) const noexcept;
  std::uint32_t release_exclusively(const TaskRecord& record) noexcept;
  std::uint8_t count_down_exclusively(std::uint32_t task) noexcept;
  std::uint8_t count_down(std::uint32_t task, bool ill, bool exclusively) noexcept;
  void make_ready(std::uint32_t block, std::uint64_t bits) noexcept;
  void make_ready(std::uint32_t task) noexcept { make_ready(task / 64, bit(task)); }
  void share_surplus() noexcept;
  [[nodiscard]] bool share_is_over() noexcept;

  // The slow path: tasks that are special, and all tasks of a run that wants attention.
  Step start_specially(std::uint32_t task) noexcept;
  Step start_body(std::uint32_t task, ParkedTask parked) noexcept;
  TaskState decide(std::uint32_t task, ParkedTask& parked);
  Step wait_for_resources(std::uint32_t task, ParkedTask& parked);
  void post_to_executor(std::uint32_t task, Executor& executor, ParkedTask& parked);
  void take_messages() noexcept;
  bool take_notice() noexcept;
  Step put_back(std::uint32_t task) noexcept;
  void make_ready_again(std::uint32_t task, std::uint8_t byte) noexcept;
  void end_if_ready(std::uint32_t task) noexcept;
  Step end_attentively(std::uint32_t task) noexcept;
  const std::string* hear_cancel(std::uint32_t task, const ParkedTask& parked) noexcept;
  void take(const Message& message) noexcept;
  template <bool ill>
  void pass_on_end(std::uint32_t task) noexcept;
  void end_parked(std::uint32_t task, ParkedTask parked) noexcept;
  void begin_next_round(std::uint32_t task, ParkedTask parked) noexcept;
  void begin_rest(std::uint32_t task, ParkedTask parked) noexcept;
  void give_up_waiting(std::uint32_t task, std::exception_ptr why) noexcept;
  void end_given_up(std::uint32_t task, ParkedTask& parked) noexcept;
  void start_again(std::uint32_t task, ParkedTask parked) noexcept;
  void drop_value(std::uint32_t task, ParkedTask& parked) noexcept;
  void wait_until(std::uint32_t task, ParkedTask parked, WaitReason reason) noexcept;
  void watch_deadline(std::uint32_t task, ParkedTask& parked);
  void forget_limits(std::uint32_t task) noexcept;
  bool try_again(std::uint32_t task, ParkedTask& parked) noexcept;
  void time_out(std::uint32_t task, TimerKind kind) noexcept;
  bool time_out_body(std::uint32_t task) noexcept;
  Step end(std::uint32_t task, TaskState state, const ParkedTask& parked) noexcept;

  RunCore& run_;
  Seat* seat_;  // null once given up
  const PlanData& data_;
  BodyFrame frame_;
  bool atomic_ = true;                      // others are at work: what is shared must be changed atomically
  bool attended_ = false;                   // somebody looks after this run while it is exclusive
  bool retreats_ = false;                   // leaves the rest to others, as tasks are short
  std::uint64_t bodies_below_ = 0;          // started from lower seats, at the last look
  std::uint64_t ended_ = 0;                 // not counted in the run yet
  std::uint32_t starts_left_ = UINT32_MAX;  // of the budget
  std::uint32_t until_look_ = 1;            // starts until the next look at the time
  std::uint32_t look_every_ = 1;
  std::chrono::steady_clock::time_point slice_began_, last_look_;
};

}  // namespace baton::detail
