// SPDX-License-Identifier: MIT
#pragma once

#include <baton/executor/executor.hpp>
#include <baton/testing/seeded_executor.hpp>

#include "executor/lockstep.hpp"
#include "testing/seeded_random.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace baton::detail {

/// A thread of a SeededExecutor.
struct SeededThread {
  enum class Role : std::uint8_t { none, host, worker, added, engine };  // none: kept for the next that is needed
  enum class State : std::uint8_t { idle, ready, waiting };              // idle: has nothing to do

  explicit SeededThread(std::size_t its_index) : index(its_index) {}

  const std::size_t index;
  // Of the member whose turn it is, as all of SeededThreads.
  Role role = Role::none;
  State state = State::idle;
  bool notified = false;  // what it waits for may have come
  bool for_idle = false;  // waits until no other can go on
  std::uint32_t masks = 0;
  std::uint32_t blocking = 0;  // begin_blocking calls not ended
  std::uint32_t weight = 1;    // how readily it is chosen
  const char* place = "begin";
  const void* condition = nullptr;  // waits for this, or for any step of another when null
  SteadyTime until{};
  std::uint64_t seen = 0;  // progress_ when it looked last
  std::string name;
  std::function<void()> body;

  std::atomic<std::uint32_t> turn{0};
  std::thread thread;  // none for the host
};

/// The lock-step of a SeededExecutor: which of its threads goes on, where, and with what work.
///
/// One member at a time has the turn, and it alone touches what is here. It gives the turn away in `hand_over`, whose
/// atomic orders what both do. Only `post` may come from other threads, so the posted work has a mutex.
class SeededThreads final : public Lockstep {
 public:
  SeededThreads(std::uint64_t seed, const SeededOptions& options);
  SeededThreads(const SeededThreads&) = delete;
  SeededThreads& operator=(const SeededThreads&) = delete;
  ~SeededThreads();

  void restart(std::uint64_t seed);
  void add_thread(SeededThread::Role role, std::string name, std::function<void()> body);
  void run_until_idle();
  void finish();
  [[nodiscard]] std::vector<std::string> waiting() const;
  std::uint32_t draw(std::uint32_t bound);
  void wait_until(const char* place, const std::function<bool()>& ready);

  void post(Work& work) noexcept;
  bool begin_blocking() noexcept;
  void end_blocking() noexcept;
  bool try_run_one() noexcept;
  /// The calling thread, if it is one of these.
  [[nodiscard]] SeededThread* current() const noexcept;

  [[nodiscard]] const SeededOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return fingerprint_; }
  [[nodiscard]] std::vector<SeededStep> trace() const;

  void pass(const char* place, bool in_loop) noexcept override;
  SteadyTime now() noexcept override;
  void wait(std::unique_lock<std::mutex>& lock, const void* condition, const char* place,
            SteadyTime until) noexcept override;
  void notify(const void* condition) noexcept override;
  void mask(bool masked) noexcept override;
  void start_thread(const char* name, std::function<void()> body) override;

 private:
  struct Passed {
    std::uint32_t thread;
    const char* place;
  };

  void begin(std::uint64_t seed);
  SeededThread& take_thread(SeededThread::Role role, std::string name);
  void serve(SeededThread& me) noexcept;
  void await_turn(SeededThread& me) noexcept;
  void await_turn_of_host(SeededThread& host) noexcept;
  void give_turn(SeededThread& next) noexcept;
  void hand_over(SeededThread& me, SeededThread& next) noexcept;
  /// Lets the seed choose who goes on; returns when that is `me` again.
  void switch_from(SeededThread& me) noexcept;
  [[nodiscard]] SeededThread* choose(const SeededThread& me) noexcept;
  [[nodiscard]] SeededThread* choose_candidate() noexcept;
  void add_a_waiting_one() noexcept;
  [[nodiscard]] SeededThread* choose_when_all_wait() noexcept;
  [[nodiscard]] bool can_go_on(const SeededThread& thread) const noexcept;
  [[nodiscard]] SeededThread* idle_worker(const SeededThread* preferred) const noexcept;
  [[nodiscard]] bool has_work() const noexcept;
  Work* take_work() noexcept;
  bool run_work() noexcept;
  void note(const SeededThread& thread, const char* place) noexcept;
  void refresh_waits() noexcept;
  std::uint32_t draw_weight() noexcept;
  void give_up(SeededThread& me) noexcept;
  [[noreturn]] void end_process(const char* why) const noexcept;
  [[nodiscard]] std::string describe(const char* why) const;

  const SeededOptions options_;
  std::vector<std::unique_ptr<SeededThread>> threads_;  // the host first
  std::vector<SeededThread*> candidates_;

  std::uint64_t seed_ = 0;
  SeededRandom random_{0};
  std::uint32_t switch_odds_ = 1;  // at one point in so many
  std::int64_t tick_ = 0;          // how fast time goes
  bool wakes_for_nothing_ = false;
  std::size_t most_workers_ = 0;
  std::size_t workers_ = 0;
  std::size_t busy_ = 0;  // workers inside work, and not blocked
  SteadyTime now_{};
  std::uint64_t steps_ = 0;
  std::uint64_t progress_ = 0;            // counts what others may have waited for
  std::uint32_t leaps_ = 0;               // of time, since something happened
  std::chrono::milliseconds starved_{0};  // how long nobody could go on
  std::uint64_t fingerprint_ = 0;
  std::vector<Passed> trace_;  // a ring
  std::exception_ptr error_;   // the first that left a body of add_thread
  bool stuck_ = false;
  bool stopping_ = false;

  // For the host's look at whether anything goes on.
  std::atomic<std::uint64_t> turns_{0};  // changes with each step
  std::atomic<const SeededThread*> holder_{nullptr};

  mutable std::mutex mutex_;
  std::condition_variable host_called_;
  std::vector<Work*> posted_;  // guarded by mutex_
};

}  // namespace baton::detail
