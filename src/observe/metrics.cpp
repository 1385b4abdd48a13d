// SPDX-License-Identifier: MIT
#include <baton/observe/metrics.hpp>

#include "observe/run_notes.hpp"
#include "observe/run_table.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <numeric>

namespace baton {
namespace {

constexpr std::array<Duration, DurationHistogram::bound_count> make_bounds() {
  std::array<Duration, DurationHistogram::bound_count> bounds{};
  Duration::rep decade = 1000;  // 1 us
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = Duration{i % 3 == 0 ? decade : i % 3 == 1 ? decade * 5 / 2 : decade * 5};
    if (i % 3 == 2) decade *= 10;
  }
  return bounds;
}
constexpr auto range_bounds = make_bounds();
static_assert(range_bounds.back() == std::chrono::seconds{1000});

/// By the number of bits of a duration in nanoseconds: the first range that it may fall into.
constexpr std::array<std::uint8_t, 65> make_first_ranges() {
  std::array<std::uint8_t, 65> first{};
  std::uint8_t range = 0;
  for (unsigned bits = 1; bits < first.size(); ++bits) {
    const std::uint64_t least = std::uint64_t{1} << (bits - 1);
    while (range < range_bounds.size() && static_cast<std::uint64_t>(range_bounds[range].count()) < least) ++range;
    first[bits] = range;
  }
  return first;
}
constexpr auto first_ranges = make_first_ranges();

std::size_t range_of(std::uint64_t nanoseconds) noexcept {
  std::size_t range = first_ranges[static_cast<std::size_t>(std::bit_width(nanoseconds))];
  while (range < range_bounds.size() && nanoseconds > static_cast<std::uint64_t>(range_bounds[range].count())) ++range;
  return range;
}

/// Whether other threads may count in the same place at the same time.
enum class Writers : std::uint8_t { one, several };

/// Wraps around; sums over all shards are right all the same, also where one of them would be below 0.
class Counter {
 public:
  template <Writers writers>
  void add(std::uint64_t count) noexcept {
    if constexpr (writers == Writers::several) {
      value_.fetch_add(count, std::memory_order_relaxed);
    } else {
      value_.store(value_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    }
  }
  [[nodiscard]] std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};
constexpr std::uint64_t up = 1;
constexpr std::uint64_t down = ~std::uint64_t{0};

class Histogram {
 public:
  template <Writers writers>
  void add(Duration duration) noexcept {
    // Two threads may look at a clock in another order than they act in.
    const auto nanoseconds = static_cast<std::uint64_t>(std::max<Duration::rep>(duration.count(), 0));
    counts_[range_of(nanoseconds)].template add<writers>(up);
    low_.template add<writers>(nanoseconds & low_mask);
    if (nanoseconds > low_mask) high_.template add<writers>(nanoseconds >> low_bits);
  }

  void add_to(DurationHistogram& sum) const noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) sum.counts[i] += counts_[i].get();
    const double nanoseconds =
        static_cast<double>(high_.get()) * static_cast<double>(low_mask + 1) + static_cast<double>(low_.get());
    sum.sum_seconds += nanoseconds / 1e9;
  }

 private:
  // In two words, since virtual time may be long: one would be full after 584 years.
  static constexpr unsigned low_bits = 32;
  static constexpr std::uint64_t low_mask = (std::uint64_t{1} << low_bits) - 1;
  std::array<Counter, DurationHistogram::bound_count + 1> counts_;
  Counter low_, high_;
};

/// What some of the threads have counted.
struct alignas(64) Shard {
  std::array<Counter, MetricsSnapshot::run_state_count> runs;
  std::array<Counter, task_state_count> tasks;
  std::array<Counter, MetricsSnapshot::reason_count> waits;
  Histogram queue_time;
  Histogram run_time;

  template <Writers writers>
  void count_task(const Event& event, const detail::RunNotes::Change& change) noexcept {
    if (event.kind == Event::Kind::task_waiting) {
      waits[static_cast<std::size_t>(event.reason)].template add<writers>(up);
    }
    if (change.before == event.state) return;
    tasks[static_cast<std::size_t>(event.state)].template add<writers>(up);
    if (change.before != TaskState::pending) {
      tasks[static_cast<std::size_t>(change.before)].template add<writers>(down);
    }
    if (!change.lasted) return;
    (event.kind == Event::Kind::task_started ? queue_time : run_time).template add<writers>(*change.lasted);
  }

  void add_to(MetricsSnapshot& sum) const noexcept {
    for (std::size_t i = 0; i < runs.size(); ++i) sum.runs[i] += runs[i].get();
    for (std::size_t i = 0; i < tasks.size(); ++i) sum.tasks[i] += tasks[i].get();
    for (std::size_t i = 0; i < waits.size(); ++i) sum.waits[i] += waits[i].get();
    queue_time.add_to(sum.queue_time);
    run_time.add_to(sum.run_time);
  }
};

/// A number that goes down elsewhere than up may be seen below 0 for a moment.
std::uint64_t at_least_zero(std::uint64_t count) noexcept { return count > (UINT64_MAX >> 1) ? 0 : count; }

}  // namespace

const std::array<Duration, DurationHistogram::bound_count>& DurationHistogram::bounds() noexcept {
  return range_bounds;
}

std::uint64_t DurationHistogram::count() const noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

DurationHistogram& DurationHistogram::operator+=(const DurationHistogram& other) noexcept {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
  sum_seconds += other.sum_seconds;
  return *this;
}

struct MetricsObserver::State {
  detail::RunTable<detail::RunNotes> runs;
  // Threads are numbered in order of their first event, and no number comes twice. So the first ones have a shard each,
  // which costs them no more than the counting; later ones share.
  std::array<Shard, 32> own;
  std::array<Shard, 32> shared;

  void count_task(const Event& event, const detail::RunNotes::Change& change) noexcept {
    if (event.worker < own.size()) {
      own[event.worker].count_task<Writers::one>(event, change);
    } else {
      shared[event.worker % shared.size()].count_task<Writers::several>(event, change);
    }
  }

  void count_end(const Event& event) noexcept {
    shared[event.worker % shared.size()].runs[static_cast<std::size_t>(event.run_state)].add<Writers::several>(up);
  }
};

MetricsObserver::MetricsObserver() : state_(std::make_unique<State>()) {}
MetricsObserver::~MetricsObserver() = default;

void MetricsObserver::on_event(const Event& event) {
  detail::RunNotes& notes = state_->runs.at(event);
  if (is_of_task(event.kind)) return state_->count_task(event, notes.note(event));
  if (event.kind != Event::Kind::run_ended) return;
  state_->count_end(event);
  state_->runs.drop(event.run);
}

MetricsSnapshot MetricsObserver::snapshot() const {
  MetricsSnapshot sum;
  for (const Shard& shard : state_->own) shard.add_to(sum);
  for (const Shard& shard : state_->shared) shard.add_to(sum);
  for (std::uint64_t& count : sum.tasks) count = at_least_zero(count);
  sum.runs[static_cast<std::size_t>(RunState::running)] = state_->runs.size();
  return sum;
}

}  // namespace baton
