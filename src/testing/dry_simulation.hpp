// SPDX-License-Identifier: MIT
#pragma once

#include <baton/testing/dry_run.hpp>

#include "graph/plan_data.hpp"
#include "scheduler/start_decision.hpp"
#include "testing/dry_supplies.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace baton::detail {

/// What is taken for granted, by task.
struct DryBehaviour {
  std::size_t threads = 1;
  bool stops_at_failure = false;
  std::uint64_t seed = 0;
  std::vector<Duration> durations;
  std::vector<bool> skipped;
  std::unordered_map<std::uint32_t, std::uint32_t> failures;  // of how many attempts; absent: none
};

/// Goes through a run of a plan in the order of time, as a scheduler with that many threads would.
class DrySimulation final : private Endings {
 public:
  /// All of it outlives this.
  DrySimulation(const PlanData& plan, const DryBehaviour& behaviour, DrySupplies supplies);

  void run();
  [[nodiscard]] bool any_failed() const noexcept { return any_failed_; }
  /// Once it was run: what became of the tasks, by id, and their order.
  [[nodiscard]] std::vector<DryRunTask>& tasks() noexcept { return tasks_; }
  [[nodiscard]] std::vector<TaskId>& order() noexcept { return order_; }

 private:
  /// Of a contest: as scheduler/contest.hpp, for one thread.
  struct Contenders {
    std::size_t lost = 0;
    bool is_won = false;
  };
  enum class Wait : std::uint8_t { none, units, retry };
  /// What is known of a task that has not ended.
  struct Progress {
    std::uint32_t left = 0;  // predecessors that have not ended
    bool is_doomed = false;  // one of them ended otherwise than well
    bool may_start = false;
    bool has_units = false;
    bool will_fail = false;  // the attempt that goes on
    bool is_last = false;    // no other attempt is to be made
    bool after_skip = false;
    Wait waits = Wait::none;
    std::optional<Duration> deadline{};
  };
  enum class Kind : std::uint8_t { attempt_over, retry_due, deadline };
  struct Event {
    Duration at;
    std::uint64_t number;  // those of one time in the order in which they were made
    std::uint32_t task;
    Kind kind;
    friend bool operator>(const Event& a, const Event& b) {
      return std::tie(a.at, a.number) > std::tie(b.at, b.number);
    }
  };

  [[nodiscard]] Ending of(std::uint32_t task) const noexcept override {
    return {tasks_[task].outcome, progress_[task].after_skip};
  }
  [[nodiscard]] bool has(std::uint32_t task, TaskFlags flag) const { return (plan_.flags_of(task) & flag) != 0; }
  [[nodiscard]] bool stops(std::uint32_t task) const { return is_stopping_ && !has(task, is_cleanup); }
  void add_event(Duration at, std::uint32_t task, Kind kind) { events_.push({at, events_made_++, task, kind}); }

  void take_up(std::uint32_t task);
  [[nodiscard]] TaskState decide(std::uint32_t task);
  [[nodiscard]] bool get_units(std::uint32_t task);
  void begin_attempt(std::uint32_t task);
  void end_attempt(std::uint32_t task);
  [[nodiscard]] bool try_again(std::uint32_t task);
  void give_up(std::uint32_t task);
  void handle(const Event& event);
  void wait(std::uint32_t task, Wait what);
  void stop_waiting(std::uint32_t task);
  void give_units_back(std::uint32_t task);
  void call(const std::vector<std::uint32_t>& tasks);
  void end(std::uint32_t task, TaskState outcome);
  [[nodiscard]] bool counts(std::uint32_t contest, TaskState outcome);
  void stop();

  const PlanData& plan_;
  const DryBehaviour& behaviour_;
  DrySupplies supplies_;
  Duration now_{};
  std::size_t free_threads_;
  bool is_stopping_ = false;
  bool has_to_stop_ = false;  // now that this has been handled
  bool any_failed_ = false;
  std::vector<Progress> progress_;
  std::vector<Contenders> contests_;  // by number in the plan
  std::vector<DryRunTask> tasks_;
  std::vector<TaskId> order_;
  std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ready_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t events_made_ = 0;
  std::set<std::uint32_t> waiting_;
};

}  // namespace baton::detail
