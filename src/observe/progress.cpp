// SPDX-License-Identifier: MIT
#include <baton/observe/progress.hpp>

#include "observe/progress_text.hpp"
#include "observe/task_tally.hpp"
#include "observe/terminal.hpp"

#include <baton/base/error.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <ostream>
#include <set>
#include <streambuf>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace baton {
namespace {

using namespace std::chrono_literals;
using detail::ProgressFigures;
using detail::RunningTask;
using detail::TaskCount;

std::streambuf* buffer_of(const ProgressOptions& options) {
  if (options.out != nullptr) return options.out->rdbuf();
  return std::cerr.rdbuf();
}

ProgressStyle choose_style(const ProgressOptions& options, const detail::Terminal& terminal) {
  if (options.style != ProgressStyle::automatic) return options.style;
  return terminal.can_move_cursor() ? ProgressStyle::bar : ProgressStyle::lines;
}

Duration choose_interval(const ProgressOptions& options, ProgressStyle style) {
  if (options.interval > Duration::zero()) return options.interval;
  return style == ProgressStyle::bar ? Duration{100ms} : Duration{2s};
}

/// 0: without a thread.
Duration choose_refresh(const ProgressOptions& options, ProgressStyle style, Duration interval) {
  if (style != ProgressStyle::bar) return Duration::zero();
  if (!options.refresh.has_value()) return interval;
  return std::max(*options.refresh, Duration::zero());
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

TimePoint real_now() { return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()); }

/// The tasks that run, at one moment.
struct Running {
  std::uint64_t count = 0;
  std::vector<RunningTask> longest{};  // the longest first
  double progress = 0;                 // seconds of expected work done by all
  std::unordered_map<std::uint64_t, std::unordered_map<TaskId, double>> progress_of{};  // by run and task
};

bool has_run_longer(const RunningTask& a, const RunningTask& b) {
  return std::tie(a.started, a.run, a.task) < std::tie(b.started, b.run, b.task);
}

/// Keeps the `most` tasks that have run longest, as a heap with the shortest of them in front.
void keep_longest(std::vector<RunningTask>& heap, const RunningTask& task, std::size_t most) {
  if (heap.size() == most && !has_run_longer(task, heap.front())) return;
  if (heap.size() == most) {
    std::pop_heap(heap.begin(), heap.end(), has_run_longer);
    heap.pop_back();
  }
  heap.push_back(task);
  std::push_heap(heap.begin(), heap.end(), has_run_longer);
}

}  // namespace

struct ProgressObserver::State {
  explicit State(ProgressOptions wanted)
      : options(std::move(wanted)),
        out(buffer_of(options)),
        terminal(out),
        style(choose_style(options, terminal)),
        interval(choose_interval(options, style)),
        refresh(choose_refresh(options, style, interval)),
        unicode(options.unicode.value_or(detail::locale_is_utf8())) {}

  const ProgressOptions options;
  std::ostream out;  // guarded by `mutex`; its own, so that a host may give the stream another buffer
  const detail::Terminal terminal;
  const ProgressStyle style;
  const Duration interval;
  const Duration refresh;
  const bool unicode;

  detail::TaskTally tally{};
  std::atomic<bool> events_draw{true};  // there is no thread that does
  std::atomic<Duration::rep> next_drawing{0};

  std::mutex mutex;  // of what follows, and of changes to the runs of `tally`
  std::uint64_t total = 0;
  std::set<std::uint64_t> paused_runs{};
  double work_of_ended_runs = 0;  // what was expected of their tasks, in seconds
  std::string name{};
  TimePoint started{};       // of the first run, on the scheduler's clock
  TimePoint really_started;  // the same in real time
  detail::RecentRate tasks_lately{}, work_lately{};
  detail::TerminalBlock block{};

  std::thread thread{};
  std::condition_variable changed{};
  bool is_thread_over = true;
  bool is_ending = false;

  [[nodiscard]] TerminalSize size() const {
    if (options.terminal_size) return options.terminal_size();
    return terminal.size().value_or(TerminalSize{});
  }

  /// Writes all of it at once.
  void write_locked(const std::string& bytes) {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    out.clear();  // where a terminal was away for a moment, the next drawing may find it again
  }

  /// A number of expected seconds of work for each second of a task.
  static double speed_of(const TaskCount& count) {
    return count.busy > 0 && count.worked > 0 ? count.worked / count.busy : 1;
  }

  [[nodiscard]] bool work_is_known_locked() const {
    const auto& runs = tally.runs();
    return std::all_of(runs.begin(), runs.end(), [](const auto& run) { return run.second->work.known(); });
  }

  [[nodiscard]] Running look_at_running_locked(TimePoint now, double speed) const {
    // What is shorter than a drawing would only flicker.
    constexpr Duration least = 100ms;
    Running running;
    const auto& runs = tally.runs();
    tally.for_each_running([&](const RunningTask& task) {
      ++running.count;
      const auto run = runs.find(task.run);
      if (run == runs.end()) return;
      const Duration time = now - task.started;
      if (time >= least) keep_longest(running.longest, task, detail::most_task_lines);
      const double expected = run->second->work.known() ? run->second->work.of(task.task) : 0;
      if (expected <= 0) return;
      const double done = std::clamp(seconds(time) * speed, 0.0, expected);
      running.progress += done;
      running.progress_of[task.run][task.task] = done;
    });
    std::sort_heap(running.longest.begin(), running.longest.end(), has_run_longer);
    return running;
  }

  /// The expected time that is left; nothing while too little is known.
  std::optional<Duration> guess_left_locked(TimePoint now, const TaskCount& count, const Running& running) {
    constexpr Duration too_early = 1s;
    constexpr std::uint64_t too_few = 4;
    tasks_lately.note(now, static_cast<double>(count.called));
    work_lately.note(now, count.worked + running.progress);
    if (now - started < too_early || count.ended >= total) return std::nullopt;
    double left = 0;
    if (work_is_known_locked()) {
      const double rate = work_lately.per_second();
      if (count.worked <= 0 || rate <= 0) return std::nullopt;
      double work = -count.worked - count.omitted - running.progress + work_of_ended_runs;
      double path = 0;
      for (const auto& [id, run] : tally.runs()) {
        work += run->work.total();
        const auto progress = running.progress_of.find(id);
        path = std::max(
            path, run->work.rest_of_critical_path(progress == running.progress_of.end() ? decltype(progress->second){}
                                                                                        : progress->second));
      }
      left = std::max(work / rate, path / speed_of(count));
    } else {
      const double rate = tasks_lately.per_second();
      if (count.called < too_few || rate <= 0) return std::nullopt;
      left = static_cast<double>(total - count.ended) / rate;
    }
    constexpr double longest = 1e9;  // 30 years: there is no use in telling more
    if (left <= 0 || left > longest) return std::nullopt;
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(left));
  }

  ProgressFigures figures_locked(TimePoint now) {
    const TaskCount count = tally.count();
    const Running running = look_at_running_locked(now, speed_of(count));
    ProgressFigures figures;
    figures.name = name;
    figures.total = total;
    figures.ended = count.ended;
    figures.failed = count.failed;
    figures.running = running.count;
    figures.time = std::max(now - started, Duration::zero());
    figures.is_last = tally.runs().empty();
    figures.is_paused = !figures.is_last && paused_runs.size() == tally.runs().size();
    if (!figures.is_last) figures.left = guess_left_locked(now, count, running);
    if (figures.is_paused) figures.left.reset();
    figures.tasks.reserve(running.longest.size());
    for (const RunningTask& task : running.longest) {
      figures.tasks.push_back({tally.runs().at(task.run)->plan.task_name(task.task), now - task.started});
    }
    return figures;
  }

  void draw_locked(TimePoint now) {
    const ProgressFigures figures = figures_locked(now);
    if (style == ProgressStyle::bar) {
      const TerminalSize now_size = size();
      write_locked(block.draw(detail::draw_block(figures, now_size, unicode), now_size));
      if (figures.is_last) block.leave();
    } else {
      write_locked(detail::draw_line(figures) + '\n');
    }
    next_drawing = (now + interval).time_since_epoch().count();
  }

  void draw_if_due(TimePoint now) {
    if (!events_draw.load(std::memory_order_relaxed) || now.time_since_epoch().count() < next_drawing) return;
    // Somebody else is drawing: that will do.
    const std::unique_lock lock(mutex, std::try_to_lock);
    if (lock && !tally.runs().empty() && now.time_since_epoch().count() >= next_drawing) draw_locked(now);
  }

  void start_run(const Event& event) {
    const std::lock_guard lock(mutex);
    const bool is_first = tally.runs().empty();
    if (is_first) restart_locked(event.time);
    tally.add_run(event.run, *event.plan);
    total += event.plan->size();
    name = event.plan->name();
    if (!is_first) return;
    if (refresh > Duration::zero()) start_thread_locked();
    if (style == ProgressStyle::bar) {
      draw_locked(event.time);
    } else {
      next_drawing = (event.time + interval).time_since_epoch().count();
    }
  }

  void restart_locked(TimePoint now) {
    tally.clear();
    total = 0;
    paused_runs.clear();
    work_of_ended_runs = 0;
    started = now;
    really_started = real_now();
    tasks_lately.restart(now);
    work_lately.restart(now);
  }

  void end_run(const Event& event) {
    const std::lock_guard lock(mutex);
    const auto run = tally.runs().find(event.run);
    if (run == tally.runs().end()) return;
    work_of_ended_runs += run->second->work.total();
    paused_runs.erase(event.run);
    tally.remove_run(event.run);
    if (tally.runs().empty()) draw_locked(event.time);
  }

  /// A pause, or its end, is drawn at once: nothing else may happen for long.
  void pause_run(const Event& event) {
    const std::lock_guard lock(mutex);
    if (tally.runs().count(event.run) == 0) return;
    if (event.kind == Event::Kind::run_paused) {
      paused_runs.insert(event.run);
    } else {
      paused_runs.erase(event.run);
    }
    draw_locked(event.time);
  }

  void start_thread_locked() {
    if (!is_thread_over) return changed.notify_all();  // it lingers
    if (thread.joinable()) thread.join();              // it has said that it is over
    try {
      thread = std::thread([this] { draw_again_and_again(); });
      is_thread_over = false;
    } catch (const std::system_error&) {
      // The system has no thread for this: events will do.
    }
    events_draw = is_thread_over;
  }

  /// The thread. Stays for a while after the last run, in case that another one comes.
  void draw_again_and_again() {
    constexpr auto linger = 1s;
    constexpr int rest = 20;  // so much longer than a drawing takes is the pause after it, at least
    const auto has_runs = [&] { return !tally.runs().empty(); };
    Duration pause = refresh;
    std::unique_lock lock(mutex);
    while (!is_ending) {
      if (!has_runs()) {
        if (!changed.wait_for(lock, linger, [&] { return is_ending || has_runs(); })) break;
        continue;
      }
      changed.wait_for(lock, pause, [&] { return is_ending; });
      if (is_ending || !has_runs()) continue;
      const TimePoint now = real_now();
      try {
        draw_locked(started + (now - really_started));
      } catch (...) {  // no memory, or the host's `terminal_size`: the next drawing may do
      }
      pause = std::max(refresh, rest * (real_now() - now));
    }
    is_thread_over = true;
  }

  void end_thread() {
    {
      const std::lock_guard lock(mutex);
      is_ending = true;
    }
    changed.notify_all();
    if (thread.joinable()) thread.join();
  }

  void print(std::string_view text) {
    const std::lock_guard lock(mutex);
    write_locked(block.print(text, size()));
  }
};

ProgressObserver::ProgressObserver(ProgressOptions options) : state_(std::make_unique<State>(std::move(options))) {}

ProgressObserver::~ProgressObserver() { state_->end_thread(); }

void ProgressObserver::print(std::string_view text) { state_->print(text); }

EventKinds ProgressObserver::kinds() const noexcept {
  using enum Event::Kind;
  if (state_->style == ProgressStyle::silent) return {};
  return {run_started, task_waiting, task_started, task_ended, run_ended, run_paused, run_resumed};
}

void ProgressObserver::on_event(const Event& event) {
  State& state = *state_;
  if (state.style == ProgressStyle::silent) return;
  switch (event.kind) {
    case Event::Kind::run_started:
      return state.start_run(event);
    case Event::Kind::run_ended:
      return state.end_run(event);
    case Event::Kind::run_paused:
    case Event::Kind::run_resumed:
      return state.pause_run(event);
    case Event::Kind::task_started:
      state.tally.start(event);
      break;
    case Event::Kind::task_ended:
      state.tally.end(event);
      break;
    case Event::Kind::task_waiting:
      // One that is parked goes on; this one does nothing until its next attempt.
      if (event.reason == WaitReason::retry) state.tally.put_aside(event);
      return;
    case Event::Kind::task_ready:
      return;
  }
  state.draw_if_due(event.time);
}

namespace {

/// Collects what is written until a line is complete.
class ProgressBuffer final : public std::streambuf {
 public:
  explicit ProgressBuffer(std::shared_ptr<ProgressObserver> observer) : observer_(std::move(observer)) {}
  ProgressBuffer(const ProgressBuffer&) = delete;
  ProgressBuffer& operator=(const ProgressBuffer&) = delete;
  ~ProgressBuffer() override {
    try {
      if (!rest_.empty()) observer_->print(rest_);
    } catch (...) {  // there is nobody to tell
    }
  }

 protected:
  int_type overflow(int_type c) override {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char letter = traits_type::to_char_type(c);
    return xsputn(&letter, 1) == 1 ? c : traits_type::eof();
  }

  std::streamsize xsputn(const char* text, std::streamsize count) override {
    const std::lock_guard lock(mutex_);
    rest_.append(text, static_cast<std::size_t>(count));
    const std::size_t lines = rest_.rfind('\n') + 1;  // 0 where there is none
    if (lines > 0) {
      observer_->print(std::string_view(rest_).substr(0, lines));
      rest_.erase(0, lines);
    }
    return count;
  }

 private:
  const std::shared_ptr<ProgressObserver> observer_;
  std::mutex mutex_;
  std::string rest_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<std::streambuf> make_progress_buffer(std::shared_ptr<ProgressObserver> observer) {
  if (observer == nullptr) {
    throw UsageError("make_progress_buffer: there is no observer; give it the one that draws the progress");
  }
  return std::make_unique<ProgressBuffer>(std::move(observer));
}

}  // namespace baton
