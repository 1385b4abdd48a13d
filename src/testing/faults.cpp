// SPDX-License-Identifier: MIT
#include <baton/testing/faults.hpp>

#include <baton/base/error.hpp>

#include "base/fault_point.hpp"
#include "testing/seeded_random.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>
#include <new>
#include <system_error>

namespace baton {
namespace {

constexpr std::size_t point_count = detail::fault_point_count;

// In the order of detail::FaultPoint.
constexpr std::array<FaultPointInfo, point_count> infos{{
    {"run_memory", "Memory of a run: the start throws; that of a child run fails its task."},
    {"task_record", "The record of a task that waits, has an executor of its own or is tried again: the task fails."},
    {"message", "Memory of a message to a run: nothing is lost, as a scheduler has some in reserve."},
    {"attempt", "What an attempt with a limit of time needs to be stopped: the attempt fails."},
    {"stop_token", "A stop token that a body asks for: the call throws."},
    {"timer",
     "A timer for a retry, park_for or a limit of time: the task fails; without that of its deadline a run is "
     "cancelled at once."},
    {"clock_thread", "The thread of a SteadyClock, which the first timer needs: as `timer`."},
    {"child_run",
     "What a task keeps of the run of a sub-workflow, of a round of a loop or of an element: as if that "
     "had failed."},
    {"map_memory", "What a map keeps of its elements: its task fails."},
    {"spawn_tree", "What a task keeps of those that it spawns: Context::spawn throws."},
    {"spawn_part", "The place of a spawned task: Context::spawn throws."},
    {"end_callback",
     "The place of a function that is called when a run ends: Run::on_end throws; where a task waits "
     "for that run, the task fails."},
    {"pinned_task", "A task's way to its own executor (`on`): the task fails."},
    {"resource_queue", "The place in the queue for a resource: the task fails."},
    {"task_cancel",
     "The note that a task or an element is cancelled: Run::cancel or cancel_element throws, and changes nothing."},
    {"failure_record", "The record of a task's error: the task is failed, with std::bad_alloc for its error."},
    {"observer", "The place of an observer: Scheduler::observe, or the start of the run, throws."},
    {"recorded_error", "An error's place in a snapshot (`record`): the snapshot lacks the error, and has the state."},
    {"pool_thread", "A thread of a ThreadPool: the constructor throws; a spare thread is done without."},
    {"watch_thread", "The thread that looks after runs left to one worker: it is done without."},
}};

bool needs_thread(std::size_t point) {
  using detail::FaultPoint;
  const auto value = static_cast<FaultPoint>(point);
  return value == FaultPoint::pool_thread || value == FaultPoint::clock_thread || value == FaultPoint::watch_thread;
}

std::size_t point_of(std::string_view name) {
  const auto* const found =
      std::find_if(infos.begin(), infos.end(), [&](const FaultPointInfo& info) { return info.name == name; });
  if (found != infos.end()) return static_cast<std::size_t>(found - infos.begin());
  std::string text = "Faults: there is no point '" + std::string(name) + "'; there are";
  for (const FaultPointInfo& info : infos) text.append(&info == infos.data() ? " " : ", ").append(info.name);
  throw UsageError(text);
}

}  // namespace

class Faults::Impl final : public detail::FaultSource {
 public:
  void pass(detail::FaultPoint point) override {
    const auto index = static_cast<std::size_t>(point);
    {
      const std::lock_guard lock(mutex_);
      Point& at = points_[index];
      if (!at.rule.applies(++at.passes)) return;
      ++at.failed;
    }
    if (!needs_thread(index)) throw std::bad_alloc();
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
  }

  struct Rule {
    std::uint64_t first = 0, last = 0;  // of the passes that fail; 0 for none
    std::uint64_t one_in = 1, seed = 0;

    [[nodiscard]] bool applies(std::uint64_t pass) const {
      return first != 0 && pass >= first && pass <= last &&
             (one_in == 1 || detail::SeededRandom(detail::SeededRandom::mix(seed) + pass).next() % one_in == 0);
    }
  };
  struct Point {
    std::uint64_t passes = 0, failed = 0;
    Rule rule{};
  };

  void set(std::string_view name, Rule rule) {
    const std::size_t index = point_of(name);
    const std::lock_guard lock(mutex_);
    points_[index].rule = rule;
  }
  [[nodiscard]] Point look(std::string_view name) const {
    const std::size_t index = point_of(name);
    const std::lock_guard lock(mutex_);
    return points_[index];
  }
  void clear() noexcept {
    const std::lock_guard lock(mutex_);
    points_ = {};
  }

 private:
  mutable std::mutex mutex_;
  std::array<Point, point_count> points_{};  // guarded by mutex_
};

Faults::Faults() : impl_(std::make_unique<Impl>()) {
  if (!detail::set_fault_source(*impl_)) {
    throw UsageError(
        "Faults: there is one already, and faults are those of the whole process; destroy it first, or "
        "use it");
  }
}

Faults::~Faults() { detail::remove_fault_source(); }

std::vector<FaultPointInfo> Faults::points() { return {infos.begin(), infos.end()}; }

void Faults::fail(std::string_view point, std::uint64_t pass) { fail(point, pass, pass); }

void Faults::fail(std::string_view point, std::uint64_t first, std::uint64_t last) {
  if (first == 0 || last < first) {
    throw UsageError("Faults::fail of '" + std::string(point) + "': passes " + std::to_string(first) + " to " +
                     std::to_string(last) + " are none; they are counted from 1");
  }
  impl_->set(point, {first, last});
}

void Faults::fail_always(std::string_view point) { impl_->set(point, {1, UINT64_MAX}); }

void Faults::fail_some(std::string_view point, std::uint64_t one_in, std::uint64_t seed) {
  if (one_in == 0) {
    throw UsageError("Faults::fail_some of '" + std::string(point) + "': one in 0 passes; give 1 for each of them");
  }
  impl_->set(point, {1, UINT64_MAX, one_in, seed});
}

void Faults::clear() noexcept { impl_->clear(); }
std::uint64_t Faults::passes(std::string_view point) const { return impl_->look(point).passes; }
std::uint64_t Faults::failed(std::string_view point) const { return impl_->look(point).failed; }

}  // namespace baton
