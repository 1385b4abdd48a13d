// SPDX-License-Identifier: MIT
#pragma once

#include <baton/executor/executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

namespace baton::detail {

class RunCore;

/// Threads of an executor that work off the parts of one task: the elements of a map, what it has spawned.
///
/// A crew has a fixed number of *places*. A thread that holds one is posted as a Member, works for a slice's share of
/// time and posts itself again, as long as it finds something. Members come one by one: each that has found work calls
/// one more while there is more. A place is freed before its thread looks a second time, and work is there before free
/// places are looked for (both in one order), so no part is left behind.
///
/// The crew has *reasons* to go on: one from its creation until `begin`, one for each member at work, one for each
/// `enter`. With the last one, and nothing left to do, its task's run is told by Message::Kind::child, and the crew is
/// touched no more.
class Crew {
 public:
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Asks what runs to stop; what has not started is not to start. Any number of times, from any thread.
  void stop() noexcept;
  /// While paused no part starts. The last call counts; none after `stop`.
  void pause_crew(bool paused) noexcept;
  [[nodiscard]] bool is_paused() const noexcept {
    return (attention_.load(std::memory_order_relaxed) & pause_bit) != 0;
  }
  /// Whether the parts are to stop: by `stop`, or as the run is.
  [[nodiscard]] bool stop_requested() const noexcept;
  /// Stopped when the above turns true.
  [[nodiscard]] std::stop_token stop_token();

  [[nodiscard]] RunCore& run() const noexcept { return run_; }
  [[nodiscard]] std::uint32_t task() const noexcept { return task_; }

 protected:
  /// A thread's place, and what it has claimed.
  struct alignas(64) Member final : Work {
    void run(const Budget& budget) noexcept override { crew->serve(*this, budget); }

    Crew* crew = nullptr;
    Member* next_free = nullptr;
    std::size_t place = 0;            // its number
    std::size_t first = 0, last = 0;  // what it has claimed, for the derived class
    std::uint32_t pace = 1;           // how many parts it takes until it looks at the time
    std::uint32_t blind = 0;          // how many of them it takes without looking for free places
  };
  static constexpr std::uint32_t stop_bit = 1U << 31;
  static constexpr std::uint32_t pause_bit = 1U << 30;
  static constexpr std::uint32_t part_bit = 1U << 29;  // of the derived class: something is to be known of single parts

  /// @param most  How many places are of use, at least 1; there are no more than the executor has threads.
  /// @param asked  Stops it too; the run's own token where there is none.
  Crew(RunCore& run, std::uint32_t task, std::size_t most, std::stop_token asked = {});
  ~Crew();

  /// Calls at most `most` parts. @returns how many; 0 when there was nothing to do.
  virtual std::uint32_t work(Member& member, std::uint32_t most) noexcept = 0;
  /// Whether a member would find something.
  [[nodiscard]] virtual bool anything_to_do() noexcept = 0;
  /// Places are free, and parts take their time: others may have some of what `member` has claimed.
  virtual void share(Member&) noexcept {}
  /// The last one before the run is told.
  virtual void wrap_up() noexcept {}

  /// Ends the reason of the creation; the run is kept alive from here on.
  void begin_crew() noexcept;
  /// The same where nobody is to be told of the end; until then it is kept alive by `self`.
  void end_alone(std::shared_ptr<void> self) noexcept;
  void enter() noexcept;
  void leave() noexcept;
  /// Gets one more member, where a place is free.
  void call_one() noexcept;
  [[nodiscard]] std::size_t places() const noexcept { return places_; }
  [[nodiscard]] bool has_free_place() const noexcept {
    return (attention_.load(std::memory_order_seq_cst) & ~(stop_bit | pause_bit | part_bit)) != 0;
  }
  [[nodiscard]] bool is_stopped() const noexcept {
    return (attention_.load(std::memory_order_relaxed) & stop_bit) != 0;
  }
  void attend_to_parts(bool attend) noexcept {
    if (attend) {
      attention_.fetch_or(part_bit, std::memory_order_seq_cst);
    } else {
      attention_.fetch_and(~part_bit, std::memory_order_seq_cst);
    }
  }
  /// The number of free places, and the bits of `stop`, `pause_crew` and `attend_to_parts`.
  [[nodiscard]] const std::atomic<std::uint32_t>& attention() const noexcept { return attention_; }

 private:
  struct Relay {
    std::stop_source source;
    void operator()() const noexcept { source.request_stop(); }
  };

  bool rest(Member& member) noexcept;
  void serve(Member& member, const Budget& budget) noexcept;
  /// @returns whether it found nothing more to do.
  bool serve_for_a_while(Member& member, const Budget& budget) noexcept;
  static void set_pace(Member& member, std::uint32_t called, std::chrono::nanoseconds time, bool places_free) noexcept;
  Member* take_place() noexcept;
  void give_place(Member& member) noexcept;

  RunCore& run_;
  const std::uint32_t task_;
  Executor& executor_;
  const std::size_t places_;
  const std::stop_token asked_;
  const std::unique_ptr<Member[]> members_;
  std::atomic<std::uint32_t> attention_;
  std::atomic<std::size_t> reasons_{1};
  std::shared_ptr<void> self_;  // set while there is the reason of the creation, read by the last one

  std::mutex crew_mutex_;
  Member* free_ = nullptr;                                  // guarded by crew_mutex_
  Member* resting_ = nullptr;                               // guarded by crew_mutex_; linked by next_free
  std::stop_source source_{std::nostopstate};               // guarded by crew_mutex_
  std::optional<std::stop_callback<Relay>> stopped_above_;  // made once, under crew_mutex_
};

}  // namespace baton::detail
