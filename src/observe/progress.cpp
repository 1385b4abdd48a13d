// SPDX-License-Identifier: MIT
#include <baton/observe/progress.hpp>

#include <baton/observe/text.hpp>

#include <atomic>
#include <chrono>
#include <cmath>
#include <iostream>
#include <mutex>
#include <set>
#include <string>

#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

namespace baton {
namespace {

using namespace std::chrono_literals;

bool stderr_is_terminal() noexcept {
#if defined(_WIN32)
  return _isatty(2) != 0;
#else
  return isatty(STDERR_FILENO) != 0;
#endif
}

ProgressStyle choose_style(const ProgressOptions& options) {
  if (options.style != ProgressStyle::automatic) return options.style;
  return options.out == nullptr && stderr_is_terminal() ? ProgressStyle::bar : ProgressStyle::lines;
}

Duration choose_interval(const ProgressOptions& options, ProgressStyle style) {
  if (options.interval > Duration::zero()) return options.interval;
  return style == ProgressStyle::bar ? Duration{100ms} : Duration{2s};
}

/// `tasks` a second over `time`, as `410/s`; empty where there is nothing to tell from.
std::string describe_rate(std::uint64_t tasks, Duration time) {
  if (tasks == 0 || time <= Duration::zero()) return {};
  const double rate = static_cast<double>(tasks) / std::chrono::duration<double>(time).count();
  if (rate >= 10) return ", " + std::to_string(std::llround(rate)) + "/s";
  const auto tenths = std::llround(rate * 10);
  return ", " + std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "/s";
}

std::string draw_bar(std::uint64_t ended, std::uint64_t total) {
  constexpr std::uint64_t width = 16;  // the whole line shall fit into 80 columns
  // Tasks of a run whose start was missed count as ended, not as a part of the total.
  const auto scaled = [&](std::uint64_t full) { return ended >= total ? full : ended * full / total; };
  const std::uint64_t filled = scaled(width);
  std::string bar = "[";
  bar.append(filled, '#').append(width - filled, '.');
  return bar + "] " + std::to_string(scaled(100)) + " % ";
}

}  // namespace

struct ProgressObserver::State {
  explicit State(const ProgressOptions& options)
      : style(choose_style(options)),
        out(options.out == nullptr ? std::cerr : *options.out),
        interval(choose_interval(options, style)) {}

  const ProgressStyle style;
  std::ostream& out;
  const Duration interval;

  // Read without the mutex, by whoever draws.
  std::atomic<std::uint64_t> total{0};
  std::atomic<std::uint64_t> ended{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::int64_t> running{0};
  std::atomic<Duration::rep> next_drawing{0};

  std::mutex mutex;                // of what follows, and of `out`
  std::set<std::uint64_t> runs{};  // seen to start, not ended
  std::string name{};
  TimePoint started{};

  void draw_locked(TimePoint now) {
    const std::uint64_t done = ended;
    const Duration time = now - started;
    std::string text;
    if (style == ProgressStyle::bar) {
      text = '\r' + draw_bar(done, total) + std::to_string(done) + '/' + std::to_string(total);
    } else {
      if (!name.empty()) text = name + ": ";
      text += std::to_string(done) + " of " + std::to_string(total) + (total == 1 ? " task ended" : " tasks ended");
    }
    if (running > 0) text += ", " + std::to_string(running) + " running";
    if (failed > 0) text += ", " + std::to_string(failed) + " failed";
    text += ", " + format_duration(time) + describe_rate(done, time);
    // The last line stays; one that will be drawn over is cleared behind its end.
    const bool last = runs.empty();
    if (style == ProgressStyle::bar) text += "\x1b[K";
    if (style != ProgressStyle::bar || last) text += '\n';
    out << text << std::flush;
    next_drawing = (now + interval).time_since_epoch().count();
  }

  void draw_if_due(TimePoint now) {
    if (now.time_since_epoch().count() < next_drawing) return;
    // Somebody else is drawing: that will do.
    const std::unique_lock lock(mutex, std::try_to_lock);
    if (lock && !runs.empty() && now.time_since_epoch().count() >= next_drawing) draw_locked(now);
  }

  void start_run(const Event& event) {
    const std::lock_guard lock(mutex);
    const bool first = runs.empty();
    runs.insert(event.run);
    if (first) {
      total = ended = failed = 0;
      running = 0;
      started = event.time;
    }
    total += event.plan->size();
    name = one_line(event.plan->name());
    if (style == ProgressStyle::bar) {
      draw_locked(event.time);
    } else if (first) {
      next_drawing = (event.time + interval).time_since_epoch().count();
    }
  }

  void end_run(const Event& event) {
    const std::lock_guard lock(mutex);
    if (runs.erase(event.run) == 1 && runs.empty()) draw_locked(event.time);
  }
};

ProgressObserver::ProgressObserver(ProgressOptions options) : state_(std::make_unique<State>(options)) {}
ProgressObserver::~ProgressObserver() = default;

void ProgressObserver::on_event(const Event& event) {
  State& state = *state_;
  if (state.style == ProgressStyle::silent) return;
  switch (event.kind) {
    case Event::Kind::run_started:
      return state.start_run(event);
    case Event::Kind::run_ended:
      return state.end_run(event);
    case Event::Kind::task_started:
      ++state.running;
      break;
    case Event::Kind::task_ended:
      if (event.state == TaskState::failed) ++state.failed;
      if (event.attempt > 0) --state.running;
      ++state.ended;
      break;
    case Event::Kind::task_ready:
    case Event::Kind::task_waiting:
      return;
  }
  state.draw_if_due(event.time);
}

}  // namespace baton
