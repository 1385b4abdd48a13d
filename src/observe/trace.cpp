// SPDX-License-Identifier: MIT
#include <baton/observe/trace.hpp>

#include <baton/base/error.hpp>
#include <baton/observe/text.hpp>
#include <baton/observe/timeline.hpp>

#include "observe/json_text.hpp"
#include "observe/output_file.hpp"
#include "observe/trace_drawing.hpp"
#include "observe/trace_entries.hpp"

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

namespace baton {
namespace {

using detail::DrawnTask;
using detail::Lane;
using detail::RunDrawing;
using detail::TracePoint;

/// The task goes on without its body, rather than waiting to be called.
bool parks(WaitReason reason) { return reason == WaitReason::timer || reason == WaitReason::child; }

std::string name_of_run(const Event& event) {
  std::string run = "run " + std::to_string(event.run);
  if (!event.path.empty()) run.append(" (").append(event.path).append(")");
  return event.plan->name().empty() ? run : std::string(event.plan->name()) + ", " + run;
}

std::string member(std::string_view key, std::string_view word) {
  return ",\"" + std::string(key) + "\":\"" + std::string(word) + "\"";
}

}  // namespace

struct TraceObserver::State {
  State(const std::string& path, TraceOptions wanted)
      : options(wanted), name("trace '" + one_line(path) + "'"), file(detail::open_output("trace", path)), out(file) {}
  State(std::ostream& stream, TraceOptions wanted) : options(wanted), name("trace"), out(stream) {}

  const TraceOptions options;
  const std::string name;
  std::ofstream file;
  std::ostream& out;
  Timeline timeline{};
  std::atomic<bool> closed{false};
  detail::FirstMoment origin;  // where time is zero

  std::mutex mutex;  // of what follows, and of `out`
  std::string buffer = "[";
  bool empty = true;
  TimePoint buffered_since{};  // the oldest entry of the buffer
  std::uint64_t next_id = 1;   // of arrows and rows
  std::map<std::uint64_t, RunDrawing> runs{};

  [[nodiscard]] bool draws_arrows() const { return options.arrows_to_a_task != 0 && options.arrows_from_a_task != 0; }

  /// Appends all of `entry` or, when that throws, nothing: the file stays whole. `now` is the time of the event.
  void write_locked(const std::string& entry, TimePoint now) {
    if (buffer.size() <= 1) buffered_since = now;
    buffer.append((empty ? "\n" : ",\n") + entry);
    empty = false;
    if (buffer.size() >= options.flush_bytes || now - buffered_since >= options.flush_interval) flush_locked();
  }

  void flush_locked() {
    out << buffer << std::flush;
    buffer.clear();
  }

  [[nodiscard]] TracePoint point(const Event& event, Lane lane, TimePoint time) const {
    return {event.run, lane, time - origin.get()};
  }

  void need_lane_locked(const Event& event, Lane lane, const std::string& lane_name) {
    if (runs[event.run].named.insert(lane).second) {
      write_locked(detail::trace_lane(event.run, lane, lane_name), event.time);
    }
  }

  void write_interval_locked(const Event& event, Lane lane, std::string_view text, std::string_view category,
                             TimePoint from, TimePoint to, const std::string& args) {
    write_locked(detail::trace_interval(point(event, lane, from), to - origin.get(), text, category, args), event.time);
  }

  void start_run_locked(const Event& event) {
    if (draws_arrows()) runs[event.run].tasks.resize(event.plan->size());
    write_locked(detail::trace_process(event.run, name_of_run(event)), event.time);
    need_lane_locked(event, detail::run_lane, "run");
  }

  void end_run_locked(const Event& event) {
    end_pause_locked(event);
    if (const auto record = timeline.find_run(event.run); record && record->started) {
      const std::string_view text = event.plan->name().empty() ? "run" : event.plan->name();
      const std::string args =
          member("state", to_string(event.run_state)) + ",\"tasks\":" + std::to_string(event.plan->size());
      write_interval_locked(event, detail::run_lane, text, "run", *record->started, event.time, args);
    }
    timeline.forget(event.run);
    runs.erase(event.run);
    flush_locked();
  }

  void end_pause_locked(const Event& event) {
    const auto from = std::exchange(runs[event.run].paused, std::nullopt);
    if (from) write_interval_locked(event, detail::run_lane, "paused", "paused", *from, event.time, {});
  }

  void wait_locked(const Event& event, const std::optional<TaskTiming>& timing) {
    if (event.reason == WaitReason::retry) {
      if (timing && timing->started)
        static_cast<void>(draw_attempt_locked(event, *timing, args_of(event, "failed"), {}));
      return;
    }
    RunDrawing& run = runs[event.run];
    const auto task = static_cast<std::uint32_t>(event.task);
    if (parks(event.reason)) {
      if (run.parked_tasks.contains(task)) return;  // a round of a loop parks again: it keeps its lane
      run.parked_tasks.emplace(task, detail::ParkedPlace{run.parked.take(event.time), event.reason});
    } else if (options.waiting_lanes != 0) {
      run.waits[task].emplace_back(event.time, event.reason);
    }
  }

  /// How long a task waited since it was ready, until `event`: first for a worker, then for what its events told.
  void write_wait_locked(const Event& event, TimePoint ready, const std::string& args) {
    RunDrawing& run = runs[event.run];
    std::vector<std::pair<TimePoint, WaitReason>> waits;
    if (auto told = run.waits.extract(static_cast<std::uint32_t>(event.task))) waits = std::move(told.mapped());
    const auto row = run.waiting.take(ready, event.time, options.waiting_lanes, next_id);
    if (!row) return;
    const std::string text = event.plan->task_name(event.task);
    std::string entries;
    const auto draw = [&](TimePoint from, TimePoint to, std::string_view reason) {
      if (to <= from) return;
      if (!entries.empty()) entries += ",\n";
      entries += detail::trace_wait(point(event, detail::run_lane, from), to - origin.get(), text, *row,
                                    member("reason", reason) + args);
    };
    TimePoint from = ready;
    std::string_view reason = "worker";
    for (const auto& [time, next_reason] : waits) {
      draw(from, time, reason);
      from = time;
      reason = to_string(next_reason);
    }
    draw(from, event.time, reason);
    if (!entries.empty()) write_locked(entries, event.time);
  }

  /// What is said of the attempt that `event` ends.
  static std::string args_of(const Event& event, std::string_view state) {
    std::string args = ",\"attempt\":" + std::to_string(event.attempt) + member("state", state);
    if (event.error != nullptr && *event.error) args += ",\"error\":" + detail::quote_json(describe(*event.error));
    return args;
  }

  void end_task_locked(const Event& event, const TaskTiming& timing) {
    RunDrawing& run = runs[event.run];
    const auto arrows = find_arrows(event, run);
    std::string of_body;
    const auto waited = timing.attempt == 1 ? timing.wait() : std::nullopt;
    if (waited && *waited > Duration::zero() && *waited >= options.shortest_wait) {
      of_body += ",\"waited_us\":" + detail::json_microseconds(*waited);
    }
    of_body += args_of(event, run, arrows);
    const DrawnTask drawn = draw_attempt_locked(event, timing, args_of(event, to_string(event.state)), of_body);
    write_arrows_locked(event, arrows, point(event, detail::worker_lane(timing.worker), *timing.started));
    run.waits.erase(static_cast<std::uint32_t>(event.task));
    if (!run.tasks.empty()) run.tasks[index_of(event.task)] = drawn;
  }

  /// The body of the attempt that `event` ends and, if the task was parked, what came after that.
  /// @returns the later of the two.
  DrawnTask draw_attempt_locked(const Event& event, const TaskTiming& timing, const std::string& args,
                                const std::string& of_body) {
    RunDrawing& run = runs[event.run];
    const std::string text = event.plan->task_name(event.task);
    const Lane lane = detail::worker_lane(timing.worker);
    const TimePoint returned = timing.parked.value_or(event.time);
    need_lane_locked(event, lane, "worker " + std::to_string(timing.worker));
    write_interval_locked(event, lane, text, "task", *timing.started, returned, args + of_body);

    DrawnTask drawn{*timing.started, returned, lane};
    if (const auto found = run.parked_tasks.find(static_cast<std::uint32_t>(event.task));
        found != run.parked_tasks.end()) {
      const auto [parked, reason] = found->second;
      need_lane_locked(event, detail::parked_lane(parked), "parked " + std::to_string(parked));
      write_interval_locked(event, detail::parked_lane(parked), text, "parked", returned, event.time,
                            args + member("reason", to_string(reason)));
      drawn = {returned, event.time, detail::parked_lane(parked)};
      run.parked.give_back(parked, event.time);
      run.parked_tasks.erase(found);
    }
    return drawn;
  }

  /// The tasks from which arrows shall lead to the one that has ended.
  [[nodiscard]] std::vector<DrawnTask*> find_arrows(const Event& event, RunDrawing& run) const {
    if (run.tasks.empty()) return {};
    return detail::choose_arrows(event.plan->predecessors(event.task), run.tasks, options.arrows_to_a_task,
                                 options.arrows_from_a_task);
  }

  /// Says how many arrows are missing, if any are.
  static std::string args_of(const Event& event, const RunDrawing& run, const std::vector<DrawnTask*>& arrows) {
    if (run.tasks.empty()) return {};
    const std::size_t all = event.plan->predecessors(event.task).size();
    return all == arrows.size() ? std::string{} : ",\"arrows_left_out\":" + std::to_string(all - arrows.size());
  }

  void write_arrows_locked(const Event& event, const std::vector<DrawnTask*>& arrows, const TracePoint& to) {
    for (DrawnTask* from : arrows) {
      write_locked(detail::trace_arrow(point(event, from->lane, from->last()), to, next_id), event.time);
      ++next_id;
      ++from->arrows;
    }
  }

  /// A wait that is long enough to be shown, and which `event` ends.
  [[nodiscard]] bool shows_wait(const Event& event, const std::optional<TaskTiming>& timing) const {
    if (options.waiting_lanes == 0 || !timing || !timing->ready) return false;
    return event.time > *timing->ready && event.time - *timing->ready >= options.shortest_wait;
  }

  void write_event(const Event& event) {
    if (closed.load(std::memory_order_acquire)) return;
    using enum Event::Kind;
    origin.note(event.time);
    timeline.on_event(event);
    if (event.kind == task_ready) return;
    std::optional<TaskTiming> timing;
    const bool ends_attempt = event.kind == task_ended || event.reason == WaitReason::retry;
    if (event.kind == task_started || ends_attempt) timing = timeline.find_task(event.run, event.task);
    if (event.kind == task_started && !(event.attempt == 1 && shows_wait(event, timing))) return;
    // The first call on a plan is the one that takes its time.
    if (event.kind == run_started && draws_arrows() && !event.plan->empty()) {
      static_cast<void>(event.plan->predecessors(TaskId{0}));
    }
    const std::lock_guard lock(mutex);
    if (!closed.load(std::memory_order_relaxed)) write_event_locked(event, timing);
  }

  void write_event_locked(const Event& event, const std::optional<TaskTiming>& timing) {
    switch (event.kind) {
      case Event::Kind::run_started:
        return start_run_locked(event);
      case Event::Kind::task_waiting:
        return wait_locked(event, timing);
      case Event::Kind::task_ready:
        return;
      case Event::Kind::task_started:
        return write_wait_locked(event, *timing->ready, {});
      case Event::Kind::task_ended:
        if (timing && timing->started) return end_task_locked(event, *timing);
        if (shows_wait(event, timing)) {
          write_wait_locked(event, *timing->ready, member("state", to_string(event.state)));
        }
        return;
      case Event::Kind::run_paused:
        runs[event.run].paused = event.time;
        return;
      case Event::Kind::run_resumed:
        return end_pause_locked(event);
      case Event::Kind::run_ended:
        break;
    }
    end_run_locked(event);
  }

  void close() {
    const std::lock_guard lock(mutex);
    if (closed.exchange(true)) return;
    buffer += empty ? "]\n" : "\n]\n";
    flush_locked();
    runs.clear();
    for (const std::uint64_t run : timeline.runs()) timeline.forget(run);
    if (!out) throw Error(name + ": could not be written completely");
  }
};

TraceObserver::TraceObserver(const std::string& path, TraceOptions options)
    : state_(std::make_unique<State>(path, options)) {}
TraceObserver::TraceObserver(std::ostream& out, TraceOptions options) : state_(std::make_unique<State>(out, options)) {}
TraceObserver::~TraceObserver() {
  try {
    close();
  } catch (...) {  // close() is there for those who want to know
  }
}

void TraceObserver::on_event(const Event& event) { state_->write_event(event); }
void TraceObserver::close() { state_->close(); }

}  // namespace baton
