// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/loop.hpp>
#include <baton/scheduler/run.hpp>
#include <baton/scheduler/scheduler.hpp>

#include "executor/lockstep.hpp"
#include "graph/plan_data.hpp"
#include "scheduler/contest.hpp"
#include "scheduler/continuation.hpp"
#include "scheduler/observers.hpp"
#include "scheduler/place.hpp"
#include "scheduler/ready_set.hpp"
#include "scheduler/recorder.hpp"
#include "scheduler/sharing.hpp"
#include "scheduler/task_byte.hpp"
#include "scheduler/watch.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <unordered_map>
#include <vector>

namespace baton::detail {

class RunCore;
class SchedulerCore;
class Seat;
class Slice;
struct Reuse;

/// Whether tasks are so short that another worker would be more in the way than of use.
constexpr bool is_brisk(std::uint64_t tasks, std::chrono::nanoseconds time) noexcept {
  return time < tasks * std::chrono::nanoseconds(300);
}

/// Something that became known about a task outside a seat of its run, for the next worker that holds one.
struct Message {
  enum class Kind : std::uint8_t {
    granted,     ///< Its resources are there: it may start.
    timer,       ///< Its parking time is over: it ends.
    body,        ///< Its body returned on another executor.
    child,       ///< What its continuation has begun is over.
    ended_well,  ///< It has its outcome; its successors have not been told, as its worker had given up its seat.
    ended_ill,   ///< The same, for any other outcome than success.
    drop,        ///< The run is being cancelled: it ends now, whatever it waited for.
    timeout,     ///< The time of its attempt is over.
    deadline,    ///< Its own time is over.
    put_back,    ///< Its executor got to it while the run was paused: it is ready as before.
    end_due,     ///< Of no task: takes back a RunCore::put_off_end.
    claim,       ///< It was cancelled while it was ready: it ends now, unless somebody has taken it up.
  };
  std::uint32_t task;
  Kind kind;
};

/// What a run must remember of a task that is not running but has not ended either, or that holds resources.
struct ParkedTask {
  std::uint32_t attempt = 0;
  bool may_start = false;  // its rule holds and its conditions were true
  bool holds_resources = false;
  bool has_waited = false;               // for resources, and was told so
  bool has_value = false;                // the body constructed its result
  bool awaits_retry = false;             // `until` is when it is called again
  bool abandoned = false;                // it has ended without waiting for its body to return
  bool after_skip = false;               // omitted though nothing went wrong
  bool has_token = false;                // its body asked for its stop token
  TaskState end = TaskState::succeeded;  // how it will end once its time is over
  std::exception_ptr error;
  TimePoint until{};
  std::shared_ptr<Continuation> rest;  // what the task waits for now that its body has returned
  std::shared_ptr<Rounds> loop;        // what a loop keeps between calls of its body
  // Only of tasks with policies.
  TimePoint first_started{};
  std::optional<TimePoint> timeout_at, deadline_at;  // of this attempt, of the task
  std::exception_ptr overdue;                        // `rest` was asked to end because of this
  bool is_last = false;                              // no other attempt is to be made
  std::vector<std::exception_ptr> earlier_errors;

  [[nodiscard]] bool calls_again() const noexcept { return loop && loop->again; }
  /// What it needed to go on could not be had: it is to fail with that.
  void give_up(std::exception_ptr why) noexcept {
    end = TaskState::failed;
    error = std::move(why);
    until = TimePoint{};
    awaits_retry = false;
    is_last = true;  // another attempt would need the same
    if (loop) loop->again = false;
  }
};

/// A body with limits of time that is being called. Guarded by the run's mutex.
struct LiveAttempt {
  std::uint32_t attempt;
  TimePoint first_started;
  std::optional<TimePoint> timeout_at, deadline_at;
  std::vector<std::exception_ptr> earlier_errors;
  std::stop_source stop{};
  std::exception_ptr timed_out{};  // once it has taken too long
  bool abandoned = false;
  bool is_last = false;
};

/// Room for messages that there is no memory for, shared by the runs of a scheduler. Thread-safe.
class SpareMessages {
 public:
  struct Entry {
    Message message{};
    Entry* next = nullptr;
  };

  SpareMessages() noexcept {
    for (Entry& entry : entries_) give(entry);
  }
  SpareMessages(const SpareMessages&) = delete;
  SpareMessages& operator=(const SpareMessages&) = delete;

  /// Ends the process when all are in use: a message that is lost would be a run that never ends.
  Entry& take() noexcept;
  void give(Entry& entry) noexcept;

 private:
  std::mutex mutex_;
  std::array<Entry, 256> entries_{};
  Entry* free_ = nullptr;  // guarded by mutex_
};

/// A place from which a worker works on a run. Posted to the executor as "come and work on this run".
///
/// The threads of the executor may all be busy for long, so a thread that waits for the run may take a posted seat for
/// itself. The executor still has it in its queue then: whoever comes finds it revoked, unless it was posted once more.
/// What is queued counts as an engine reference, which is the one of its holder while it is posted.
class alignas(64) Seat final : public Work {
 public:
  void run(const Budget& budget) noexcept override;

  /// To the executor. @returns whether it was in the queue already, so that there is one engine reference to spare.
  bool post(Executor& executor) noexcept;
  /// Takes it for the calling thread when it is posted and nobody has come for it. The caller has an engine reference
  /// and becomes the holder.
  bool revoke() noexcept;

  static constexpr std::uint32_t no_task = UINT32_MAX;

  RunCore* core = nullptr;
  BlockMap map;                  // Of the worker that holds the seat; thieves see it through steal_highest.
  std::uint32_t next = no_task;  // Goes first: the rest of a chain that was cut where the slice ended.
  Progress progress;
  Seat* next_handed = nullptr;  // of those handed to threads that wait; guarded by the run's mutex

 private:
  enum class Posting : std::uint8_t { none, posted, revoked };
  std::atomic<Posting> posting_{Posting::none};
};

/// A body that is being called on this thread, and what is further down on its stack.
struct BodyFrame {
  RunCore* run;
  Executor* executor;  // Whose thread this is; null when the host's own works along.
  std::uint32_t task = UINT32_MAX;
  BodyFrame* outer = nullptr;
  Slice* slice = nullptr;  // What calls the body; null on another executor.
  // Sleeps that it is part of: its own, and those of bodies that its thread calls while it waits in that.
  std::atomic<std::uint32_t> sleeps{0};

  static BodyFrame*& innermost() noexcept;
  /// A thread that waits in a body works on the awaited run, further up on its stack.
  /// @throws UsageError  so many bodies wait on this thread that another wait could overflow its stack.
  static void check_stack();
};

/// A sleep inside a body. Guarded by the mutex of the run that is waited for.
struct SleepingFrame {
  BodyFrame* innermost;
  SleepingFrame* next = nullptr;
};

/// Bits of RunCore::attention: why a start needs a second look.
enum Attention : std::uint32_t {
  some_doomed = 1,  ///< A task ended otherwise than well: look at the doomed bit.
  cancelling = 2,   ///< Run::cancel was called.
  stopping = 4,     ///< A task failed, and the failure mode is stop.
  observed = 8,     ///< Somebody wants events.
  has_messages = 16,
  reusing = 32,          ///< Tasks that ended before the run began may become ready once more.
  pausing = 64,          ///< Run::pause was called: nothing starts, unless to be stopped. See pause.cpp.
  some_cancelled = 128,  ///< Run::cancel was called for a task: look whether it was this one. See task_cancel.cpp.
};

/// Whether ready tasks are left alone. Stopping them is no start, so that ends a pause.
constexpr bool is_paused(std::uint32_t attention) noexcept {
  return (attention & (pausing | cancelling | stopping)) == pausing;
}

/// One run: a header and, behind it in the same allocation, one byte a task, the ready set, the seats and the results.
///
/// Lives as long as a handle (`references`) or the engine (`keep`, counted apart) needs it. The run is *decided* once
/// every task has ended, and *quiet* once the engine lets go of it: from then on it touches neither scheduler, clock
/// nor executor.
class RunCore {
 public:
  /// The run has one engine reference, which `finish_undecided` ends, and one for the handle that is returned.
  /// @param workers  How many threads may work on it at once.
  /// @param reuse    What it takes over from an ended run; null for nothing.
  /// @param place    Of a child run; null for one that the host starts.
  static RunCore* create(SchedulerCore& scheduler, const Plan& plan, StartOptions& options, std::size_t workers,
                         const Reuse* reuse, std::unique_ptr<const RunPlace> place);
  RunCore(const RunCore&) = delete;
  RunCore& operator=(const RunCore&) = delete;

  // ---- Lifetime ----
  void reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void dereference() noexcept;
  /// One more reason of the engine's.
  void keep() noexcept { engine_references_.fetch_add(1, std::memory_order_relaxed); }
  /// The same unless the run is quiet already.
  bool try_keep() noexcept;
  void drop() noexcept;

  // ---- Constant ----
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }
  [[nodiscard]] const PlanData& data() const noexcept { return data_; }
  [[nodiscard]] SchedulerCore& scheduler() const noexcept { return scheduler_; }
  [[nodiscard]] FailureMode failure_mode() const noexcept { return failure_mode_; }
  [[nodiscard]] const Frame& frame() const noexcept { return frame_; }
  [[nodiscard]] std::string label(std::uint32_t task) const { return "task '" + data_.label(task) + "'"; }
  /// Null for a run that the host has started.
  [[nodiscard]] const RunPlace* place() const noexcept { return place_.get(); }
  /// Of the innermost loop that it is part of; 0 outside loops.
  [[nodiscard]] std::uint64_t round() const noexcept { return place_ ? place_->round : 0; }
  /// Where a run that `task` starts stands.
  [[nodiscard]] RunPlace place_of_child(std::uint32_t task) const { return {id_, path_of(task), round()}; }
  /// The name of a task with those of the tasks that it is part of.
  [[nodiscard]] std::string path_of(std::uint32_t task) const;
  /// `run 7 of workflow 'nightly'`, and the path of a child run, for messages.
  [[nodiscard]] std::string describe() const;

  // ---- Hot, any worker with a seat ----
  [[nodiscard]] std::atomic<std::uint8_t>& byte(std::uint32_t task) noexcept { return bytes_[task]; }
  [[nodiscard]] Word& block(std::uint32_t index) noexcept { return blocks_[index]; }
  [[nodiscard]] std::uint32_t attention() const noexcept { return attention_.load(std::memory_order_relaxed); }
  /// In one order with what this thread has said seq_cst, or before a fence.
  [[nodiscard]] std::uint32_t attention_in_order() const noexcept { return attention_.load(std::memory_order_seq_cst); }
  /// @returns the attention before that; so does `lower`.
  std::uint32_t raise(std::uint32_t bits) noexcept { return attention_.fetch_or(bits, std::memory_order_seq_cst); }
  std::uint32_t lower(std::uint32_t bits) noexcept { return attention_.fetch_and(~bits, std::memory_order_seq_cst); }
  /// Whether `task`, or what it still waits for, is to end early. Not so of cleanup, which runs in any case.
  [[nodiscard]] bool stops(std::uint32_t task) const noexcept {
    return (attention() & (cancelling | stopping)) != 0 && (data_.flags_of(task) & is_cleanup) == 0;
  }
  /// Whether something failed that was not allowed to, or was cancelled.
  [[nodiscard]] bool went_wrong() const noexcept {
    return any_failed_.load(std::memory_order_relaxed) || any_cancelled_.load(std::memory_order_relaxed);
  }
  /// Counts tasks that have ended; the one that counts the last decides the run.
  void count_ended(std::uint64_t tasks) noexcept;
  /// Ends a run that has no task to run, right after its creation.
  void decide_if_nothing_is_left() noexcept {
    if (left_.load(std::memory_order_relaxed) == 0) decide();
  }

  /// A contender, which leads to `combiner`, has ended.
  Contest::Verdict end_contender(std::uint32_t task, std::uint32_t combiner, bool ill) noexcept {
    const std::uint32_t contest = data_.contest_of[combiner - data_.first_contender];
    return contests_[contest].end(task, ill, static_cast<std::uint32_t>(data_.contests[contest].contenders.size()));
  }
  /// Which task has won a contest; UINT32_MAX where none has.
  [[nodiscard]] std::uint32_t winner(std::uint32_t contest) const noexcept { return contests_[contest].winner(); }

  // ---- Seats ----
  [[nodiscard]] std::uint32_t free_seats() const noexcept { return free_seats_.load(std::memory_order_seq_cst); }
  /// A seat that nobody holds, with an engine reference and a hold on the clock; null when there is none.
  Seat* take_seat() noexcept;
  void leave_seat(Seat& seat) noexcept;
  /// A seat that was posted and that nobody has come for yet; null when there is none.
  Seat* revoke_seat() noexcept;
  [[nodiscard]] std::uint32_t seat_count() const noexcept { return seat_count_; }
  [[nodiscard]] Seat& seat(std::uint32_t index) noexcept { return seats_[index]; }
  [[nodiscard]] std::uint32_t index_of_seat(const Seat& seat) const noexcept {
    return static_cast<std::uint32_t>(&seat - seats_);
  }
  [[nodiscard]] Sharing& sharing() noexcept { return sharing_; }
  /// How many bodies were started from the seats below `seat`, or from all.
  [[nodiscard]] std::uint64_t bodies_started_below(std::uint32_t seat) const noexcept;
  [[nodiscard]] std::uint64_t bodies_started() const noexcept { return bodies_started_below(seat_count_); }
  /// Looks for some microseconds whether those at work get along quickly, so that one more would be in their way.
  [[nodiscard]] bool is_going_briskly() const noexcept;
  /// Whether the watch should call for one more worker, when tasks are not short.
  [[nodiscard]] bool needs_help() const noexcept;
  /// Whether the inbox has something or, unless the run is paused, any seat's map; the second look of ready_set.hpp
  /// (4).
  [[nodiscard]] bool anything_to_do() const noexcept;
  /// Gets one more worker when a seat is free.
  void call_for_help() noexcept;
  /// Gets a worker for each marked block, while seats are free.
  void call_for_help_with_all_marks() noexcept;
  /// What runs before this one have found. A hint.
  [[nodiscard]] PlanData::Pace expected_pace() const noexcept;
  void note_pace(PlanData::Pace pace) noexcept;
  /// Makes sure that somebody sees it when a task of this exclusive run turns out to be long. Once is enough.
  void get_attended() noexcept;
  /// Whether nobody is at work.
  [[nodiscard]] bool is_at_rest() const noexcept { return free_seats() == seat_count_; }
  /// Nobody looks after this run any more. @returns false when somebody is at work, who may believe that one does.
  bool neglect() noexcept {
    attended_.store(false, std::memory_order_seq_cst);
    return is_at_rest();
  }
  /// Gets another worker for a seat that is taken.
  void pass_on(Seat& seat) noexcept;
  /// Marks the blocks of the plan's roots in the map of `seat`.
  void mark_roots(Seat& seat) noexcept;

  // ---- Parked tasks ----
  /// Hands `message` to the next worker, and gets one if none is at work.
  void deliver(Message message) noexcept;
  std::vector<Message> take_messages() noexcept;
  /// One of those that `take_messages` leaves, as there was no memory for them; nothing when there is none.
  std::optional<Message> take_spare_message() noexcept;
  /// Keeps the record of a task, which is moved. @returns false where there is no memory for it: then the record is as
  /// it was, but that it gives up.
  [[nodiscard]] bool park(std::uint32_t task, ParkedTask& parked) noexcept;
  /// Sees to it that `task` can be parked once. Before what cannot be taken back without a record.
  /// @throws std::bad_alloc  there is no memory.
  void reserve_park(std::uint32_t task);
  /// Takes the record of a parked task; an empty one when there is none.
  ParkedTask unpark(std::uint32_t task) noexcept;
  /// The same for a task that may be parked again: there is room for that until `give_up_room`.
  ParkedTask unpark_for_now(std::uint32_t task) noexcept;
  void give_up_room(std::uint32_t task) noexcept;
  /// Calls `use(record)` under the lock, with the record of a parked task or null.
  template <typename Use>
  auto with_parked(std::uint32_t task, Use&& use) {
    const std::lock_guard lock(mutex_);
    const auto found = parked_.find(task);
    return use(found == parked_.end() ? nullptr : &found->second);
  }

  // ---- Bodies with limits of time ----
  void begin_attempt(std::uint32_t task, LiveAttempt& attempt);
  void end_attempt(std::uint32_t task) noexcept;
  /// Calls `use(attempt)` under the lock, with the attempt of `task` that is being made or null.
  template <typename Use>
  auto with_attempt(std::uint32_t task, Use&& use) {
    const std::lock_guard lock(mutex_);
    const auto found = live_attempts_.find(task);
    return use(found == live_attempts_.end() ? nullptr : found->second);
  }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

  // ---- Events, failures, stopping ----
  /// Whether anybody is to be told events of that kind.
  [[nodiscard]] bool wants(Event::Kind kind) const noexcept;
  void tell(Event event) noexcept;
  void tell_task(Event::Kind kind, std::uint32_t task, TaskState state, std::uint32_t attempt = 0,
                 WaitReason reason = WaitReason::none, const std::exception_ptr* error = nullptr,
                 std::string_view cause = {}) noexcept;
  void add_failure(std::uint32_t task, const ParkedTask& parked, bool allowed) noexcept;
  void note_cancelled() noexcept { any_cancelled_.store(true, std::memory_order_relaxed); }
  /// Does nothing but for the first call, whose cause counts.
  void cancel(std::string cause) noexcept;
  /// Of the run, if it was cancelled.
  [[nodiscard]] std::string cancel_cause() const;
  /// Why it is being stopped, and so `task`, for what that has begun.
  [[nodiscard]] std::string why_stopped(std::uint32_t task) const;
  /// Begins the time of the run's deadline, if there is one. Before anything of it is called. Where there can be no
  /// timer the run is cancelled.
  void start_deadline() noexcept;
  /// On the clock's thread: all workers may be busy with bodies, which are to be asked.
  void end_at_deadline() noexcept;
  /// Once cancelling or stopping is raised: asks the bodies to stop, and ends what is parked.
  void stop_waiting_tasks() noexcept;
  /// Whether `task` is to end `cancelled`, with its run or by itself. Takes the run's mutex where some task was.
  [[nodiscard]] bool should_stop(std::uint32_t task) {
    return stops(task) || ((attention_in_order() & some_cancelled) != 0 && was_cancelled(task));
  }

  // ---- Cancelling a task ----
  /// @returns whether this call decided that `task` ends `cancelled`.
  bool cancel_task(std::uint32_t task, std::string cause);
  /// Whether `task` is to end `cancelled`, though its run is not. Whoever has seen that may act on it: then the call
  /// that cancels the task cannot find any more that it came too late.
  [[nodiscard]] bool was_cancelled(std::uint32_t task);
  /// Whether a task that is about to get its outcome was cancelled before. @returns the cause; null if it was not.
  const std::string* hear_cancel(std::uint32_t task);
  [[nodiscard]] std::string task_cancel_cause(std::uint32_t task) const;
  /// The tasks that ended `cancelled` by themselves, in order of id, with the causes; `most` at most.
  [[nodiscard]] std::vector<std::pair<std::uint32_t, std::string>> cancelled_tasks(std::size_t most) const;
  /// A token of the body of `task`, until forget_stop_token.
  [[nodiscard]] std::stop_token stop_token(std::uint32_t task);
  void forget_stop_token(std::uint32_t task) noexcept;

  // ---- Pausing ----
  /// @returns whether this call paused the run.
  bool pause() noexcept;
  /// @returns whether this call ended a pause.
  bool resume() noexcept;
  [[nodiscard]] bool is_pausing() const noexcept {
    return state() == RunState::running && is_paused(attention_.load(std::memory_order_seq_cst));
  }
  /// Makes what a task waits for pause or go on as this run does. For each continuation that has just been parked, too.
  void share_pause_with(std::uint32_t task, Continuation& rest) noexcept;

  [[nodiscard]] std::optional<MapProgress> map_progress(std::uint32_t task) const;
  /// @returns whether this call decided that the element of a map ends as cancelled. @throws as Run::cancel_element.
  bool cancel_element(std::uint32_t task, std::size_t element, const std::string& cause);
  [[nodiscard]] Snapshot snapshot();
  [[nodiscard]] SnapshotChanges changes(std::uint64_t since);

  // ---- Reuse, see run_reuse.hpp ----
  /// Whether the task ended in an earlier run, as which it is here from the beginning.
  [[nodiscard]] bool is_reused(std::uint32_t task) const noexcept { return !reused_.empty() && reused_[task] != 0; }
  /// Of a run that has not started: tells what tells observers of each start of a run about its tasks.
  void tell_first_tasks() noexcept;
  /// The run that was given the result of `task`; 0 while it is here.
  [[nodiscard]] std::uint64_t handed_over_to(std::uint32_t task) const;
  /// The same by task; empty while all are here.
  [[nodiscard]] std::vector<std::uint64_t> handed_over() const;
  /// Of a run that has ended: the tasks whose bodies were not waited for, and have not returned.
  [[nodiscard]] std::vector<std::uint32_t> late_bodies() const;

  // ---- Waiting ----
  [[nodiscard]] RunState state() const noexcept { return state_.load(std::memory_order_acquire); }
  void wait();
  bool wait_for(Duration timeout);
  /// Works on this run on the calling thread until it is decided; `seat` is one to begin with, or null.
  void work_along(Seat* seat);
  void on_end(std::function<void(const Run&)> callback);

  // ---- Results ----
  [[nodiscard]] TaskState task_state(std::uint32_t task) const noexcept { return task_byte::state(end_byte(task)); }
  /// The byte of `task` as far as it tells a state.
  [[nodiscard]] std::uint8_t end_byte(std::uint32_t task) const noexcept {
    return is_reused(task) ? reused_[task] : bytes_[task].load(std::memory_order_acquire);
  }
  [[nodiscard]] void* value(std::uint32_t task) const noexcept;
  [[nodiscard]] const void* result(TaskId id, TypeRef type) const;
  [[nodiscard]] std::exception_ptr error(std::uint32_t task) const;
  [[nodiscard]] std::vector<TaskFailure> failures() const;
  void destroy_value(std::uint32_t task) noexcept;

  // ---- Of the scheduler, under its mutex ----
  RunCore* previous_live = nullptr;
  RunCore* next_live = nullptr;

  Watch::Entry watch;

 private:
  struct Layout;
  RunCore(SchedulerCore& scheduler, const Plan& plan, const StartOptions& options, const Layout& layout,
          std::unique_ptr<const RunPlace> place);
  ~RunCore();

  void place_inputs(Inputs& inputs, const Reuse* reuse);
  void destroy_inputs(std::size_t count, const Reuse* reuse) noexcept;
  void take_over(const Reuse& reuse);
  [[nodiscard]] std::vector<TaskFailure> failures_of(const Reuse& reuse) const;
  void renumber(TaskFailure& failure);
  void hand_over(const Reuse& reuse, RunCore& other);
  void keep_what_was_not_moved(const Reuse& reuse, const RunCore& other, const std::vector<std::uint32_t>& moved);
  void move_results(const Reuse& reuse, bool surely, std::vector<std::uint32_t>& moved);
  void end_reused_tasks(const Reuse& reuse) noexcept;
  void count_down_for_reused(const Reuse& reuse, std::uint32_t task, bool ill) noexcept;
  void find_ready_tasks() noexcept;
  /// The time on the scheduler's clock; that of the end once the run has ended.
  [[nodiscard]] std::optional<TimePoint> moment(std::optional<TimePoint> end) noexcept;
  void decide() noexcept;
  bool see_cancel_locked(std::uint32_t task);
  bool note_task_cancel(std::uint32_t task, std::string cause);
  void reach_cancelled(std::uint32_t task) noexcept;
  template <typename Cause>
  void cancel_because(Cause&& cause) noexcept;
  void add_message_locked(Message message) noexcept;
  void record_failure(std::uint32_t task, const ParkedTask& parked, bool allowed);
  void add_lost_failures(std::vector<TaskFailure>& failures) const;
  /// Keeps the run from being decided until a Message::Kind::end_due was taken. @returns false when it is too late.
  bool put_off_end() noexcept;
  /// Lowers the bit. @returns whether it was up, so that this call ended a pause.
  bool end_pause() noexcept;
  void tell_pause() noexcept;
  /// Calls `use(task, continuation)` for each that is parked, without the lock. Those that come meanwhile may be left
  /// out.
  template <typename Use>
  void for_each_begun(Use&& use) noexcept;
  /// Calls `use(source)` for each stop source of a task that is to stop, without the lock.
  template <typename Map, typename SourceOf>
  void stop_each(const Map& map, SourceOf&& source_of) noexcept;
  /// Whether the owner's seat has no thread at the moment.
  [[nodiscard]] bool is_exclusive_to_nobody() const noexcept;
  void check_wait_is_possible() const;
  /// Whose worker the calling thread is, as far as this run can know; null for a thread of the host's.
  [[nodiscard]] Executor* executor_here() const noexcept;
  enum class Sleep {
    idle,            ///< Calls no bodies.
    serving_others,  ///< Runs other work of the executor, where no spare thread takes its place.
    helping,         ///< The same, and takes seats of this run.
  };
  /// Sleeps until the run is decided, a seat is handed to this thread, or `until`; may return earlier. Bodies further
  /// down on the stack give up their seats, and let the clock go on, meanwhile.
  /// @returns the seat, or null.
  Seat* sleep(Executor* here, Sleep kind, std::chrono::steady_clock::time_point until);
  bool hand_to_helper(Seat& seat) noexcept;
  void wake_helpers() noexcept;

  // Constant after creation.
  const Plan plan_;
  const PlanData& data_;
  SchedulerCore& scheduler_;
  Executor& executor_;
  const std::uint64_t id_;
  const FailureMode failure_mode_;
  const std::optional<Duration> deadline_;
  const std::uint64_t seed_;
  const std::unique_ptr<const RunPlace> place_;
  std::uint32_t seat_count_ = 0;
  std::uint32_t block_count_ = 0;
  std::atomic<std::uint8_t>* bytes_ = nullptr;
  Word* blocks_ = nullptr;
  Seat* seats_ = nullptr;
  Frame frame_;
  std::size_t allocation_alignment_ = 0;
  std::vector<Contest> contests_;     // by number in the plan
  std::vector<std::uint8_t> reused_;  // by task: the byte with its outcome; 0 where it runs; empty where all do

  // Own synchronisation.
  std::atomic<std::uint32_t> references_{2};
  std::atomic<std::uint32_t> engine_references_{1};
  std::atomic<RunState> state_{RunState::running};
  std::atomic<bool> any_failed_{false};
  std::atomic<bool> any_cancelled_{false};
  std::atomic<bool> any_failure_lost_{false};  // some failed task is not in failures_
  std::atomic<std::uint32_t> sleeping_helpers_{0};
  std::atomic<bool> attended_{false};
  std::atomic<bool> any_handed_over_{false};
  std::atomic<std::uint32_t> pause_changes_{0};  // that observers have not been told; not 0 while somebody tells them
  bool told_pause_ = false;                      // what they were told; of that somebody
  const std::shared_ptr<Recorder> recorder_;     // null where nothing is recorded
  Observers observers_;
  std::shared_ptr<std::atomic<std::uint64_t>> errors_;
  alignas(64) std::atomic<std::uint32_t> attention_{0};   // Read at every start, written rarely.
  Sharing sharing_;                                       // So is this.
  alignas(64) std::atomic<std::uint32_t> free_seats_{0};  // never more than there are bits in free_seat_bits_
  Word* free_seat_bits_ = nullptr;
  alignas(64) std::atomic<std::uint64_t> left_{0};  // Tasks that have not been counted as ended.

  // Guarded by mutex_.
  mutable std::mutex mutex_;
  EngineCondition changed_;
  std::vector<Message> messages_;
  SpareMessages::Entry* first_spare_ = nullptr;  // come after those
  SpareMessages::Entry* last_spare_ = nullptr;
  std::unordered_map<std::uint32_t, ParkedTask> parked_;
  // Ordered maps: they are empty in most runs, and an empty one costs less to make than a hash table.
  std::map<std::uint32_t, LiveAttempt*> live_attempts_;
  std::vector<TaskFailure> failures_;
  std::map<std::uint32_t, std::size_t> failure_of_;  // by task, into failures_
  std::vector<std::function<void(const Run&)>> callbacks_;
  Seat* handed_seats_ = nullptr;  // the newest first
  std::uint32_t handed_count_ = 0;
  SleepingFrame* sleeping_frames_ = nullptr;  // of threads that sleep inside a body
  std::vector<std::uint64_t> handed_over_;    // by task: the run that has its result; empty while all are here
  std::string cancel_cause_;
  std::map<std::uint32_t, std::stop_source> stop_sources_;  // of tasks whose bodies asked for them
  struct TaskCancel {
    std::string cause;
    bool seen = false;   // somebody acts on it, so that it stays
    bool heard = false;  // it has ended so; from then on this does not change
  };
  std::map<std::uint32_t, TaskCancel> task_cancels_;
};

template <typename Use>
void RunCore::for_each_begun(Use&& use) noexcept {
  std::vector<std::pair<std::uint32_t, std::shared_ptr<Continuation>>> begun;
  try {
    const std::lock_guard lock(mutex_);
    for (const auto& [task, parked] : parked_) {
      if (parked.rest) begun.emplace_back(task, parked.rest);
    }
  } catch (const std::bad_alloc&) {  // without a list, then
    begun.clear();
    for (std::uint32_t task = 0; task < data_.task_count; ++task) {
      const auto rest = with_parked(task, [](const ParkedTask* parked) {
        return parked != nullptr ? parked->rest : std::shared_ptr<Continuation>{};
      });
      if (rest) use(task, *rest);
    }
  }
  for (const auto& [task, rest] : begun) use(task, *rest);
}

}  // namespace baton::detail
