// SPDX-License-Identifier: MIT
#include "scheduler/run_core.hpp"

#include "base/fault_point.hpp"
#include "scheduler/retry_decision.hpp"
#include "scheduler/run_reuse.hpp"
#include "scheduler/scheduler_core.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>

namespace baton::detail {
namespace {

std::uint64_t next_run_id() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::uint32_t thread_number() {
  static std::atomic<std::uint32_t> count{0};
  thread_local const std::uint32_t number = count.fetch_add(1, std::memory_order_relaxed);
  return number;
}

/// Differs from process to process, so that many that failed together do not try again together.
std::uint64_t process_seed() {
  static const std::uint64_t seed = (std::uint64_t{std::random_device{}()} << 32U) | std::random_device{}();
  return seed;
}

constexpr std::size_t align_up(std::size_t size, std::size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

BodyFrame*& BodyFrame::innermost() noexcept {
  thread_local BodyFrame* frame = nullptr;
  return frame;
}

/// Offsets into the one allocation.
struct RunCore::Layout {
  std::uint32_t seats, blocks;
  std::size_t map_words;  // a seat
  std::size_t free_bits_at, seats_at, maps_at, blocks_at, bytes_at, values_at, size, alignment;

  Layout(const PlanData& plan, std::size_t workers) {
    // One more than tasks, where a late body is to be noticed while it is called.
    const std::size_t useful = std::size_t{plan.task_count} + (plan.has_limits ? 1 : 0);
    seats = static_cast<std::uint32_t>(std::clamp<std::size_t>(useful, 1, workers));
    blocks = static_cast<std::uint32_t>(words_for(plan.task_count));
    constexpr std::size_t line = 64;
    // A seat's map has cache lines of its own: its owner writes it all the time.
    map_words = align_up(BlockMap::words(blocks), line / sizeof(Word));
    free_bits_at = align_up(sizeof(RunCore), line);
    seats_at = align_up(free_bits_at + words_for(seats) * sizeof(Word), line);
    maps_at = align_up(seats_at + seats * sizeof(Seat), line);
    blocks_at = maps_at + seats * map_words * sizeof(Word);
    bytes_at = align_up(blocks_at + blocks * sizeof(Word), line);
    values_at = align_up(bytes_at + plan.joins.size(), std::max(line, plan.values_alignment));
    size = values_at + plan.values_size;
    alignment = std::max(line, plan.values_alignment);
  }
};

// ---- Lifetime ----

RunCore* RunCore::create(SchedulerCore& scheduler, const Plan& plan, StartOptions& options, std::size_t workers,
                         const Reuse* reuse, std::unique_ptr<const RunPlace> place) {
  const Layout layout(plan.data(), workers);
  fault_point(FaultPoint::run_memory);
  void* memory = ::operator new(layout.size, std::align_val_t{layout.alignment});
  RunCore* run = nullptr;
  try {
    run = ::new (memory) RunCore(scheduler, plan, options, layout, std::move(place));
    run->place_inputs(options.inputs, reuse);
    if (reuse != nullptr) run->take_over(*reuse);
  } catch (...) {
    if (run != nullptr) run->~RunCore();
    ::operator delete(memory, std::align_val_t{layout.alignment});
    throw;
  }
  return run;
}

RunCore::RunCore(SchedulerCore& scheduler, const Plan& plan, const StartOptions& options, const Layout& layout,
                 std::unique_ptr<const RunPlace> place)
    : plan_(plan),
      data_(plan.data()),
      scheduler_(scheduler),
      executor_(scheduler.executor),
      id_(next_run_id()),
      failure_mode_(options.failure_mode),
      deadline_(options.deadline),
      seed_(options.seed.value_or(mix(process_seed(), id_))),
      place_(std::move(place)),
      seat_count_(layout.seats),
      block_count_(layout.blocks),
      allocation_alignment_(layout.alignment),
      recorder_(options.record ? std::make_shared<Recorder>(plan) : nullptr),
      observers_(scheduler.errors),
      errors_(scheduler.errors),
      sharing_(seat_count_) {
  auto* const base = reinterpret_cast<std::byte*>(this);
  blocks_ = reinterpret_cast<Word*>(base + layout.blocks_at);
  bytes_ = reinterpret_cast<std::atomic<std::uint8_t>*>(base + layout.bytes_at);
  if (data_.task_count > 0) {
    std::memcpy(static_cast<void*>(blocks_), data_.roots.data(), data_.roots.size() * sizeof(Word));
    std::memcpy(static_cast<void*>(bytes_), data_.joins.data(), data_.joins.size());
  }
  seats_ = reinterpret_cast<Seat*>(base + layout.seats_at);
  auto* const maps = reinterpret_cast<Word*>(base + layout.maps_at);
  std::memset(static_cast<void*>(maps), 0, seat_count_ * layout.map_words * sizeof(Word));
  free_seat_bits_ = reinterpret_cast<Word*>(base + layout.free_bits_at);
  std::memset(static_cast<void*>(free_seat_bits_), 0, words_for(seat_count_) * sizeof(Word));
  for (std::uint32_t index = 0; index < seat_count_; ++index) {
    free_seat_bits_[index / 64].fetch_or(bit(index), std::memory_order_relaxed);
    Seat* const seat = ::new (static_cast<void*>(seats_ + index)) Seat;
    seat->core = this;
    seat->map.attach(maps + index * layout.map_words, block_count_);
  }
  frame_.values = base + layout.values_at;
  frame_.first_slot = data_.first_slot.data();
  frame_.slots = data_.slots.data();
  if (!data_.contests.empty()) contests_ = std::vector<Contest>(data_.contests.size());
  left_.store(data_.task_count, std::memory_order_relaxed);
  free_seats_.store(seat_count_, std::memory_order_relaxed);
  for (const auto& observer : options.observers) observers_.add(observer);
  if (recorder_) observers_.add(recorder_);  // told before those: what they ask the run for has what they are told
  if (recorder_ || !options.observers.empty()) raise(observed);  // the scheduler's: once it knows of the run
}

RunCore::~RunCore() {
  for (const Destructible& each : data_.destructibles) {
    if (task_state(each.task) == TaskState::succeeded) each.destroy(value(each.task));
  }
}

void RunCore::dereference() noexcept {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const auto alignment = std::align_val_t{allocation_alignment_};
  this->~RunCore();
  ::operator delete(static_cast<void*>(this), alignment);
}

bool RunCore::try_keep() noexcept {
  std::uint32_t count = engine_references_.load(std::memory_order_relaxed);
  while (count != 0) {
    if (engine_references_.compare_exchange_weak(count, count + 1, std::memory_order_acquire,
                                                 std::memory_order_relaxed))
      return true;
  }
  return false;
}

void RunCore::drop() noexcept {
  yield_point("drop");
  if (engine_references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  scheduler_.retire(*this);
  yield_point("drop: the run is quiet");  // this, and the scheduler, may be gone
}

// An input's value is there before anything runs; its task has nothing left to do but to end.
void RunCore::place_inputs(Inputs& inputs, const Reuse* reuse) {
  std::uint32_t looked_at = 0;
  try {
    for (const PlanInput& input : data_.inputs) {
      if (reuse != nullptr && reuse->has(input.task)) {
        ++looked_at;
        continue;
      }
      const auto given =
          std::find_if(inputs.entries().begin(), inputs.entries().end(), [&](const Inputs::Entry& entry) {
            return plan_.contains(entry.input) && plan_.id(entry.input) == TaskId{input.task};
          });
      if (given != inputs.entries().end()) {
        input.type->move(value(input.task), given->value.get());
      } else {
        input.fallback->copy(value(input.task), input.fallback->value.get());
      }
      ++looked_at;
    }
  } catch (...) {
    destroy_inputs(looked_at, reuse);
    throw;
  }
}

/// Destroys the values of the first `count` inputs, as far as they were placed.
void RunCore::destroy_inputs(std::size_t count, const Reuse* reuse) noexcept {
  for (std::size_t index = 0; index < count; ++index) {
    const std::uint32_t task = data_.inputs[index].task;
    if (reuse == nullptr || !reuse->has(task)) destroy_value(task);
  }
}

std::string RunCore::describe() const {
  std::string text = "run " + std::to_string(id_);
  if (!data_.name.empty()) text += " of workflow '" + data_.name + "'";
  return place_ ? text + " (" + place_->path + ")" : text;
}

std::string RunCore::path_of(std::uint32_t task) const {
  return place_ ? place_->path + "/" + data_.label(task) : data_.label(task);
}

// ---- Messages ----

void RunCore::deliver(Message message) noexcept {
  yield_point("deliver");
  {
    const std::lock_guard lock(mutex_);
    add_message_locked(message);
    raise(has_messages);  // Under the lock: take_messages lowers it together with emptying the list.
  }
  call_for_help();
}

void RunCore::add_message_locked(Message message) noexcept {
  if (first_spare_ == nullptr) {  // or it would overtake
    try {
      fault_point(FaultPoint::message);
      messages_.push_back(message);
      return;
    } catch (const std::bad_alloc&) {
    }
  }
  SpareMessages::Entry& spare = scheduler_.spare_messages.take();
  spare.message = message;
  (first_spare_ == nullptr ? first_spare_ : last_spare_->next) = &spare;
  last_spare_ = &spare;
}

std::vector<Message> RunCore::take_messages() noexcept {
  yield_point("take messages");
  const std::lock_guard lock(mutex_);
  if (first_spare_ == nullptr) lower(has_messages);
  return std::exchange(messages_, {});
}

std::optional<Message> RunCore::take_spare_message() noexcept {
  const std::lock_guard lock(mutex_);
  if (first_spare_ == nullptr) return std::nullopt;
  SpareMessages::Entry& spare = *std::exchange(first_spare_, first_spare_->next);
  const Message message = spare.message;
  scheduler_.spare_messages.give(spare);
  if (first_spare_ == nullptr && messages_.empty()) lower(has_messages);
  return message;
}

SpareMessages::Entry& SpareMessages::take() noexcept {
  const std::lock_guard lock(mutex_);
  if (free_ == nullptr) {
    std::fputs("baton: there is no memory for the messages of a run, and what is kept for that case is used up\n",
               stderr);
    std::abort();
  }
  Entry& entry = *std::exchange(free_, free_->next);
  entry.next = nullptr;
  return entry;
}

void SpareMessages::give(Entry& entry) noexcept {
  const std::lock_guard lock(mutex_);
  entry.next = std::exchange(free_, &entry);
}

void RunCore::reserve_park(std::uint32_t task) {
  const std::lock_guard lock(mutex_);
  if (parked_.find(task) != parked_.end()) return;
  fault_point(FaultPoint::task_record);
  parked_.try_emplace(task);
}

bool RunCore::park(std::uint32_t task, ParkedTask& parked) noexcept try {
  const std::lock_guard lock(mutex_);
  auto place = parked_.find(task);
  if (place == parked_.end()) {
    fault_point(FaultPoint::task_record);
    place = parked_.try_emplace(task).first;
  }
  place->second = std::move(parked);
  return true;
} catch (...) {
  parked.give_up(std::current_exception());
  return false;
}

ParkedTask RunCore::unpark_for_now(std::uint32_t task) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = parked_.find(task);
  return found != parked_.end() ? std::exchange(found->second, {}) : ParkedTask{};
}

void RunCore::give_up_room(std::uint32_t task) noexcept {
  const std::lock_guard lock(mutex_);
  parked_.erase(task);
}

ParkedTask RunCore::unpark(std::uint32_t task) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = parked_.find(task);
  if (found == parked_.end()) return {};
  ParkedTask parked = std::move(found->second);
  parked_.erase(found);
  return parked;
}

// ---- Events, failures, stopping ----

bool RunCore::wants(Event::Kind kind) const noexcept {
  return (attention() & observed) != 0 && (scheduler_.observers.want(kind) || observers_.want(kind));
}

void RunCore::tell(Event event) noexcept {
  event.plan = &plan_;
  event.run = id_;
  if (place_) {
    event.path = place_->path;
    event.parent = place_->parent;
  }
  if (scheduler_.observers.need_time() || observers_.need_time()) event.time = scheduler_.clock.now();
  event.worker = thread_number();
  scheduler_.observers.tell(event);
  observers_.tell(event);
}

void RunCore::tell_task(Event::Kind kind, std::uint32_t task, TaskState state, std::uint32_t attempt, WaitReason reason,
                        const std::exception_ptr* error, std::string_view cause) noexcept {
  if (!wants(kind)) return;
  Event event{};
  event.kind = kind;
  event.task = TaskId{task};
  event.attempt = attempt;
  event.state = state;
  event.reason = reason;
  event.error = error;
  event.cause = cause;
  tell(event);
}

void RunCore::add_failure(std::uint32_t task, const ParkedTask& parked, bool allowed) noexcept {
  if (!allowed) any_failed_.store(true, std::memory_order_relaxed);
  try {
    record_failure(task, parked, allowed);
  } catch (...) {
    any_failure_lost_.store(true, std::memory_order_release);
  }
}

void RunCore::record_failure(std::uint32_t task, const ParkedTask& parked, bool allowed) {
  fault_point(FaultPoint::failure_record);
  std::string message = baton::describe(parked.error);
  std::string name = data_.label(task);
  if (parked.loop && parked.loop->in_round) name += round_suffix(parked.loop->number);
  TaskFailure failure{TaskId{task},       std::move(name), parked.attempt,       parked.error,
                      std::move(message), allowed,         parked.earlier_errors};
  const std::lock_guard lock(mutex_);
  failures_.push_back(std::move(failure));
  try {
    failure_of_.emplace(task, failures_.size() - 1);
  } catch (...) {
    failures_.pop_back();
    throw;
  }
}

void RunCore::begin_attempt(std::uint32_t task, LiveAttempt& attempt) {
  const std::lock_guard lock(mutex_);
  live_attempts_.emplace(task, &attempt);
  if (stops(task) || see_cancel_locked(task)) attempt.stop.request_stop();
}

void RunCore::end_attempt(std::uint32_t task) noexcept {
  const std::lock_guard lock(mutex_);
  live_attempts_.erase(task);
}

void RunCore::stop_waiting_tasks() noexcept {
  end_pause();  // so that workers come and end what is ready
  yield_point("cancel: asked");
  // One that comes from now on is born stopped.
  stop_each(live_attempts_, [](const LiveAttempt* attempt) { return attempt->stop; });
  stop_each(stop_sources_, [](const std::stop_source& source) { return source; });
  yield_point("cancel: resources");
  scheduler_.resources.drop_stopped(*this);
  yield_point("cancel: timers");
  scheduler_.timers.drop_stopped(*this);
  yield_point("cancel: continuations");
  for_each_begun([this](std::uint32_t task, Continuation& rest) {
    if (stops(task)) rest.cancel();
  });
}

// One by one, as this must go on where there is no memory for a list, and what is called is the host's.
template <typename Map, typename SourceOf>
void RunCore::stop_each(const Map& map, SourceOf&& source_of) noexcept {
  std::stop_source source{std::nostopstate};
  for (std::uint32_t next = 0;; source.request_stop()) {
    const std::lock_guard lock(mutex_);
    auto found = map.lower_bound(next);
    while (found != map.end() && !stops(found->first)) ++found;
    if (found == map.end()) return;
    next = found->first + 1;
    source = source_of(found->second);
  }
}

// ---- Looking at it ----

std::optional<TimePoint> RunCore::moment(std::optional<TimePoint> end) noexcept {
  if (end) return end;
  if (!try_keep()) return std::nullopt;
  const TimePoint now = scheduler_.clock.now();
  drop();
  return now;
}

std::optional<MapProgress> RunCore::map_progress(std::uint32_t task) const {
  const std::lock_guard lock(mutex_);
  const auto found = parked_.find(task);
  if (found == parked_.end() || !found->second.rest) return std::nullopt;
  return found->second.rest->map_progress();
}

Snapshot RunCore::snapshot() {
  Snapshot snapshot;
  if (recorder_) {
    snapshot = recorder_->look(id_);
  } else {
    snapshot.run = id_;
    snapshot.plan = plan_;
    snapshot.state = state();
    snapshot.paused = is_pausing();
    snapshot.tasks.resize(data_.task_count);
    for (std::uint32_t task = 0; task < data_.task_count; ++task) snapshot.tasks[task].state = task_state(task);
    for (TaskFailure& failure : failures()) snapshot.errors.push_back({failure.task, std::move(failure.message)});
  }
  snapshot.taken = moment(snapshot.ended);
  return snapshot;
}

SnapshotChanges RunCore::changes(std::uint64_t since) {
  if (!recorder_) {
    throw UsageError(describe() + " is not recorded; start it with StartOptions::record to ask for its changes");
  }
  SnapshotChanges changes = recorder_->changes(since);
  changes.taken = moment(changes.ended);
  return changes;
}

// ---- Results ----

void* RunCore::value(std::uint32_t task) const noexcept {
  return frame_.values + std::size_t{frame_.slots_of(task)[0]} * value_unit;
}

void RunCore::destroy_value(std::uint32_t task) noexcept {
  const TypeRef type = plan_.result_type(TaskId{task});
  if (type->destroy != nullptr) type->destroy(value(task));
}

/// The failures of tasks for whose records there was no memory.
void RunCore::add_lost_failures(std::vector<TaskFailure>& failures) const {
  if (!any_failure_lost_.load(std::memory_order_acquire)) return;
  const std::exception_ptr error = std::make_exception_ptr(std::bad_alloc());
  for (std::uint32_t task = 0; task < data_.task_count; ++task) {
    if (task_state(task) != TaskState::failed || failure_of_.find(task) != failure_of_.end()) continue;
    const TaskSettings* const settings = data_.find_settings(task);
    failures.push_back({TaskId{task},
                        data_.label(task),
                        0,
                        error,
                        "it failed, and there was no memory to keep its error",
                        settings != nullptr && settings->allows_failure,
                        {}});
  }
}

const void* RunCore::result(TaskId id, TypeRef type) const {
  const auto task = static_cast<std::uint32_t>(id);
  const auto fail = [&](const std::string& why) { throw UsageError(describe() + ": " + label(task) + " " + why); };
  const TypeRef own = plan_.result_type(id);
  if (!same_type(own, type)) fail("returns " + readable_name(*own->id) + ", not " + readable_name(*type->id));
  const TaskState now = task_state(task);
  if (now != TaskState::succeeded) fail("has no result: it is " + std::string(to_string(now)));
  if (data_.is_taken(task)) fail("has no result any more: it was handed over by take()");
  if (const std::uint64_t other = handed_over_to(task); other != 0) {
    fail("has no result any more: it was handed over to run " + std::to_string(other));
  }
  return value(task);
}

std::exception_ptr RunCore::error(std::uint32_t task) const {
  const std::lock_guard lock(mutex_);
  const auto found = failure_of_.find(task);
  if (found != failure_of_.end()) return failures_[found->second].error;
  const bool lost = any_failure_lost_.load(std::memory_order_acquire) && task_state(task) == TaskState::failed;
  return lost ? std::make_exception_ptr(std::bad_alloc()) : nullptr;
}

std::vector<TaskFailure> RunCore::failures() const {
  const std::lock_guard lock(mutex_);
  std::vector<TaskFailure> all = failures_;
  add_lost_failures(all);
  return all;
}

}  // namespace baton::detail
