// SPDX-License-Identifier: MIT
#include <baton/observe/trace.hpp>

#include <baton/base/error.hpp>
#include <baton/observe/text.hpp>
#include <baton/observe/timeline.hpp>

#include "observe/output_file.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace baton {
namespace {

/// The lanes of a run: 0 is the run itself, then workers, then parked tasks.
enum class Lane : std::uint32_t {};
constexpr Lane run_lane{0};
Lane worker_lane(std::uint32_t worker) { return Lane{1 + worker}; }
Lane parked_lane(std::uint32_t number) { return Lane{1'000'001 + number}; }  // behind any number of workers

/// Gives each parked task the first lane that is free.
class ParkedLanes {
 public:
  std::uint32_t take(TimePoint from) {
    for (const std::uint32_t lane : free_) {
      // An event may come a little later than one of another task with a later time.
      if (free_since_[lane] <= from) {
        free_.erase(lane);
        return lane;
      }
    }
    free_since_.push_back(from);
    return static_cast<std::uint32_t>(free_since_.size() - 1);
  }

  void give_back(std::uint32_t lane, TimePoint since) {
    free_since_[lane] = since;
    free_.insert(lane);
  }

 private:
  std::vector<TimePoint> free_since_;
  std::set<std::uint32_t> free_;
};

struct RunLanes {
  std::set<Lane> named;
  ParkedLanes parked;
  std::unordered_map<std::uint32_t, std::uint32_t> parked_tasks;  // task: lane
};

std::string quote(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// In microseconds, the unit of the format, to the nanosecond.
std::string microseconds(Duration duration) {
  const Duration::rep count = duration.count();
  const Duration::rep size = count < 0 ? -count : count;
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%s%lld.%03lld", count < 0 ? "-" : "",
                                   static_cast<long long>(size / 1000), static_cast<long long>(size % 1000));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string place(std::uint64_t run, Lane lane) {
  return R"("pid":)" + std::to_string(run) + R"(,"tid":)" + std::to_string(static_cast<std::uint32_t>(lane));
}

std::string name_lane(std::uint64_t run, Lane lane, const std::string& name) {
  const std::string where = place(run, lane);
  return R"({"name":"thread_name","ph":"M",)" + where + R"(,"args":{"name":")" + name + "\"}},\n" +
         R"({"name":"thread_sort_index","ph":"M",)" + where + R"(,"args":{"sort_index":)" +
         std::to_string(static_cast<std::uint32_t>(lane)) + "}}";
}

}  // namespace

struct TraceObserver::State {
  explicit State(const std::string& path)
      : name("trace '" + one_line(path) + "'"), file(detail::open_output("trace", path)), out(file) {}
  explicit State(std::ostream& stream) : name("trace"), out(stream) {}

  const std::string name;
  std::ofstream file;
  std::ostream& out;
  Timeline timeline{};

  std::mutex mutex;  // of what follows, and of `out`
  bool closed = false;
  std::string buffer = "[";
  bool empty = true;
  std::optional<TimePoint> origin{};
  std::map<std::uint64_t, RunLanes> runs{};

  /// Appends all of `entry` or, when that throws, nothing: the file stays whole.
  void write_locked(const std::string& entry) {
    buffer.append((empty ? "\n" : ",\n") + entry);
    empty = false;
    constexpr std::size_t enough = std::size_t{64} * 1024;
    if (buffer.size() >= enough) flush_locked();
  }

  void flush_locked() {
    out << buffer << std::flush;
    buffer.clear();
  }

  void need_lane_locked(std::uint64_t run, Lane lane, const std::string& lane_name) {
    if (runs[run].named.insert(lane).second) write_locked(name_lane(run, lane, lane_name));
  }

  /// An interval; `args` are the members of an object.
  void write_interval_locked(const Event& event, Lane lane, std::string_view text, std::string_view category,
                             TimePoint from, TimePoint to, const std::string& args) {
    write_locked("{\"name\":" + quote(text) + R"(,"cat":")" + std::string(category) + R"(","ph":"X",)" +
                 place(event.run, lane) + ",\"ts\":" + microseconds(from - *origin) + ",\"dur\":" +
                 microseconds(to - from) + ",\"args\":{\"run\":" + std::to_string(event.run) + args + "}}");
  }

  void start_run_locked(const Event& event) {
    const std::string run = std::to_string(event.run);
    const std::string text =
        event.plan->name().empty() ? "run " + run : std::string(event.plan->name()) + ", run " + run;
    write_locked(R"({"name":"process_name","ph":"M",)" + place(event.run, run_lane) + R"(,"args":{"name":)" +
                 quote(text) + "}}");
    need_lane_locked(event.run, run_lane, "run");
  }

  void end_run_locked(const Event& event) {
    if (const auto record = timeline.find_run(event.run); record && record->started) {
      const std::string_view text = event.plan->name().empty() ? "run" : event.plan->name();
      std::string args = R"(,"state":")";
      args += to_string(event.run_state);
      args += R"(","tasks":)" + std::to_string(event.plan->size());
      write_interval_locked(event, run_lane, text, "run", *record->started, event.time, args);
    }
    timeline.forget(event.run);
    runs.erase(event.run);
    flush_locked();
  }

  void park_locked(const Event& event) {
    RunLanes& lanes = runs[event.run];
    const auto task = static_cast<std::uint32_t>(event.task);
    lanes.parked_tasks.emplace(task, lanes.parked.take(event.time));
  }

  void end_task_locked(const Event& event) {
    const auto timing = timeline.find_task(event.run, event.task);
    if (!timing || !timing->started) return;
    std::string args = R"(,"attempt":)" + std::to_string(timing->attempt) + R"(,"state":")";
    args += to_string(event.state);
    args += '"';
    if (event.error != nullptr && *event.error) args += ",\"error\":" + quote(describe(*event.error));

    const std::string text = event.plan->task_name(event.task);
    const Lane lane = worker_lane(timing->worker);
    need_lane_locked(event.run, lane, "worker " + std::to_string(timing->worker));
    const TimePoint returned = timing->parked.value_or(event.time);
    write_interval_locked(event, lane, text, "task", *timing->started, returned, args);

    RunLanes& lanes = runs[event.run];
    const auto found = lanes.parked_tasks.find(static_cast<std::uint32_t>(event.task));
    if (found == lanes.parked_tasks.end()) return;
    const std::uint32_t parked = found->second;
    need_lane_locked(event.run, parked_lane(parked), "parked " + std::to_string(parked));
    write_interval_locked(event, parked_lane(parked), text, "parked", returned, event.time, args);
    lanes.parked.give_back(parked, event.time);
    lanes.parked_tasks.erase(found);
  }

  void write_event(const Event& event) {
    timeline.on_event(event);
    const bool parks = event.kind == Event::Kind::task_waiting &&
                       (event.reason == WaitReason::timer || event.reason == WaitReason::child);
    const bool is_written = parks || event.kind == Event::Kind::run_started || event.kind == Event::Kind::task_ended ||
                            event.kind == Event::Kind::run_ended;
    if (!is_written) return;
    const std::lock_guard lock(mutex);
    if (closed) return;
    if (!origin) origin = event.time;
    if (parks) return park_locked(event);
    if (event.kind == Event::Kind::run_started) return start_run_locked(event);
    if (event.kind == Event::Kind::task_ended) return end_task_locked(event);
    end_run_locked(event);
  }

  void close() {
    const std::lock_guard lock(mutex);
    if (closed) return;
    closed = true;
    buffer += empty ? "]\n" : "\n]\n";
    flush_locked();
    if (!out) throw Error(name + ": could not be written completely");
  }
};

TraceObserver::TraceObserver(const std::string& path) : state_(std::make_unique<State>(path)) {}
TraceObserver::TraceObserver(std::ostream& out) : state_(std::make_unique<State>(out)) {}
TraceObserver::~TraceObserver() {
  try {
    close();
  } catch (...) {  // close() is there for those who want to know
  }
}

void TraceObserver::on_event(const Event& event) { state_->write_event(event); }
void TraceObserver::close() { state_->close(); }

}  // namespace baton
