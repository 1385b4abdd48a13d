// SPDX-License-Identifier: MIT
#include "scheduler/map_run.hpp"

#include "base/fault_point.hpp"
#include "executor/heavy_fence.hpp"
#include "scheduler/part_context.hpp"
#include "scheduler/run_core.hpp"

#include <algorithm>
#include <optional>
#include <thread>

namespace baton::detail {
namespace {

std::size_t places_for(const Elements& elements) {
  const std::size_t limit = elements.options().limit;
  return limit == 0 ? elements.count() : std::min(limit, elements.count());
}

}  // namespace

/// What the body of a map sees of its run; of the element that is being called.
class MapRun::ElementContext final : public PartContext {
 public:
  ElementContext(MapRun& map, Holding& holding) : PartContext(map), map_(map), holding_(holding) {}

  [[nodiscard]] std::stop_token stop_token() const override { return map_.stop_token_of(element(), holding_); }
  [[nodiscard]] bool stop_requested() const noexcept override {
    return map_.stop_requested() || map_.was_cancelled(element());
  }

 private:
  [[nodiscard]] std::size_t element() const noexcept { return holding_.now.load(std::memory_order_relaxed); }
  [[nodiscard]] std::string suffix() const override { return round_suffix(element()); }

  MapRun& map_;
  Holding& holding_;
};

struct MapRun::ElementStop {
  struct Relay {
    std::stop_source source;
    void operator()() const noexcept { source.request_stop(); }
  };

  explicit ElementStop(const std::stop_token& of_map) : above(of_map, Relay{source}) {}

  std::stop_source source;
  const std::stop_callback<Relay> above;
};

MapRun::MapRun(RunCore& run, std::uint32_t task, std::unique_ptr<ElementCalls> calls)
    : Crew(run, task, places_for(*calls)),
      calls_(std::move(calls)),
      end_(run, task, *calls_),
      holdings_(std::make_unique<Holding[]>(places())) {}

MapRun::~MapRun() = default;

void MapRun::begin(RunCore&, std::uint32_t) {
  if (anything_to_do()) call_one();
  begin_crew();
}

bool MapRun::finish(RunCore&, std::uint32_t, ParkedTask& parked) noexcept {
  end_.finish(parked);
  return false;
}

std::uint32_t MapRun::work(Member& member, std::uint32_t most) noexcept {
  yield_point("map: elements are next");
  if (is_stopped()) return 0;
  if (member.first == member.last && !claim(member, most)) return 0;
  if (has_free_place() && unclaimed() >= member.pace) call_one();
  if (attends_to_parts() && skip_cancelled(member)) return 1;
  Holding& holding = holdings_[member.place];
  const std::size_t first = member.first;
  const std::uint32_t blind = std::min(member.blind, most - 1);
  const std::size_t in_a_row = has_heavy_fence() ? (blind != 0 ? blind : most) : 1;
  ElementRange range{holding.now, std::min(member.last, first + in_a_row), &attention(),
                     blind != 0 ? stop_bit | pause_bit | part_bit : UINT32_MAX, nullptr};
  ElementContext context(*this, holding);
  range.context = &context;
  std::exception_ptr error;
  try {
    calls_->call(range);
  } catch (...) {
    error = std::current_exception();
  }
  const std::size_t next = holding.now.load(std::memory_order_relaxed);
  const std::size_t ended = error != nullptr ? next : next - 1;  // the last one that was called
  yield_point("map: an element has returned");
  show_ended(member, ended);
  yield_point("map: an element has ended");
  std::size_t kept = next - first;
  bool goes_on = true;
  if (const std::exception_ptr why = attends_to_parts() ? take_cancel(ended, holding) : nullptr) {
    if (error == nullptr) --kept;
    goes_on = end_.element_cancelled(ended, stop_requested(), why);
  } else if (error != nullptr) {
    goes_on = end_.element_threw(ended, error, context.attempt(), stop_requested());
  }
  end_.count_kept(kept);
  if (!goes_on) stop();
  return static_cast<std::uint32_t>(member.first - first);
}

// ---- Claiming ----

std::size_t MapRun::unclaimed() const noexcept {
  const std::size_t next = std::min(next_.load(std::memory_order_seq_cst), calls_->count());
  return calls_->count() - next + returned_count_.load(std::memory_order_seq_cst);
}

bool MapRun::claim(Member& member, std::uint32_t most) noexcept {
  if (returned_count_.load(std::memory_order_seq_cst) != 0 && claim_returned(member)) return true;
  const std::size_t count = calls_->count();
  const std::size_t next = next_.load(std::memory_order_relaxed);
  if (next >= count) return false;
  // Less towards the end, so that all members end at about the same time.
  const std::size_t size = std::clamp<std::size_t>((count - next) / (2 * places()), 1, most);
  Holding& holding = holdings_[member.place];
  const std::uint32_t version = holding.version.load(std::memory_order_relaxed);
  holding.version.store(version + 1, std::memory_order_seq_cst);
  member.first = std::min(next_.fetch_add(size, std::memory_order_seq_cst), count);
  member.last = std::min(member.first + size, count);
  holding.last.store(member.last, std::memory_order_release);
  holding.now.store(member.first, std::memory_order_release);
  holding.version.store(version + 2, std::memory_order_seq_cst);
  return member.first != member.last;
}

bool MapRun::claim_returned(Member& member) noexcept {
  const std::lock_guard lock(mutex_);
  if (returned_.empty()) return false;
  member.first = returned_.back().first;
  member.last = returned_.back().last;
  returned_.pop_back();
  holdings_[member.place].last.store(member.last, std::memory_order_release);
  holdings_[member.place].now.store(member.first, std::memory_order_seq_cst);
  returned_count_.fetch_sub(member.last - member.first, std::memory_order_seq_cst);
  return true;
}

void MapRun::share(Member& member) noexcept {
  const std::size_t rest = member.last - member.first;
  if (rest >= 2 && unclaimed() == 0) {
    const std::lock_guard lock(mutex_);
    try {
      returned_.push_back({member.last - rest / 2, member.last});
    } catch (...) {
      return;  // it keeps them
    }
    member.last -= rest / 2;
    holdings_[member.place].last.store(member.last, std::memory_order_release);
    returned_count_.fetch_add(rest / 2, std::memory_order_seq_cst);
  }
  if (anything_to_do()) call_one();
}

// ---- Cancelling one element ----

MapRun::Stretch MapRun::Holding::look() const noexcept {
  for (;; std::this_thread::yield()) {
    const std::uint32_t before = version.load(std::memory_order_seq_cst);
    const Stretch held{now.load(std::memory_order_seq_cst), last.load(std::memory_order_seq_cst)};
    if (before % 2 == 0 && version.load(std::memory_order_seq_cst) == before) return held;
  }
}

bool MapRun::cancel_element(std::size_t element, const std::string& cause) {
  const std::exception_ptr error = end_.cancel_error(element, cause);
  std::optional<std::stop_source> source;
  {
    const std::lock_guard lock(mutex_);
    fault_point(FaultPoint::task_cancel);
    if (is_stopped() || !cancels_.add(element, error, {})) return false;
    attend_to_parts(true);
    if (has_heavy_fence()) heavy_fence();
    if (!is_unclaimed_locked(element)) {
      const Holding* const holding = find_holding(element);
      if (holding == nullptr) {
        take_cancel_locked(element);
        return false;
      }
      if (holding->stop != nullptr && holding->look().first == element) source.emplace(holding->stop->source);
    }
  }
  yield_point("map: an element is cancelled");
  if (source) source->request_stop();  // calls the host's, so without the lock
  return true;
}

bool MapRun::is_unclaimed_locked(std::size_t element) const noexcept {
  return element >= next_.load(std::memory_order_seq_cst) ||
         std::any_of(returned_.begin(), returned_.end(),
                     [&](const Stretch& each) { return each.first <= element && element < each.last; });
}

MapRun::Holding* MapRun::find_holding(std::size_t element) noexcept {
  Holding* const end = holdings_.get() + places();
  Holding* const found = std::find_if(holdings_.get(), end, [&](const Holding& each) {
    const Stretch held = each.look();
    return held.first <= element && element < held.last;
  });
  return found != end ? found : nullptr;
}

/// Ends the next element of a member, if it was cancelled. @returns whether it was.
bool MapRun::skip_cancelled(Member& member) noexcept {
  const std::size_t element = member.first;
  const std::exception_ptr why = [&] {
    const std::lock_guard lock(mutex_);
    std::exception_ptr error = take_cancel_locked(element);
    if (error != nullptr) show_ended(member, element);
    return error;
  }();
  if (why == nullptr) return false;
  if (!end_.element_cancelled(element, stop_requested(), why)) stop();
  return true;
}

/// From here on `element` is not found any more.
void MapRun::show_ended(Member& member, std::size_t element) noexcept {
  member.first = element + 1;
  std::atomic<std::size_t>& now = holdings_[member.place].now;
  if (has_heavy_fence()) {
    now.store(member.first, std::memory_order_release);
    light_fence();
  } else {
    now.exchange(member.first, std::memory_order_seq_cst);
  }
}

std::exception_ptr MapRun::take_cancel_locked(std::size_t element) noexcept {
  std::exception_ptr error = cancels_.take(element);
  if (cancels_.empty()) attend_to_parts(false);
  return error;
}

/// For an element whose body has returned.
std::exception_ptr MapRun::take_cancel(std::size_t element, Holding& holding) noexcept {
  std::unique_ptr<ElementStop> used;  // ends after the lock
  const std::lock_guard lock(mutex_);
  std::exception_ptr error = take_cancel_locked(element);
  if (error != nullptr) used = std::move(holding.stop);
  return error;
}

bool MapRun::was_cancelled(std::size_t element) noexcept {
  if ((attention().load(std::memory_order_relaxed) & part_bit) == 0) return false;
  const std::lock_guard lock(mutex_);
  return cancels_.find(element) != nullptr;
}

std::stop_token MapRun::stop_token_of(std::size_t element, Holding& holding) {
  const auto token = [&] { return holding.stop != nullptr ? holding.stop->source.get_token() : std::stop_token(); };
  {
    const std::lock_guard lock(mutex_);
    if (holding.stop != nullptr) return token();
  }
  const std::stop_token of_map = stop_token();
  fault_point(FaultPoint::stop_token);
  auto made = std::make_unique<ElementStop>(of_map);  // ends after the lock, where the body's other threads were faster
  const std::lock_guard lock(mutex_);
  if (holding.stop == nullptr) {
    if (cancels_.find(element) != nullptr) made->source.request_stop();
    holding.stop.swap(made);
  }
  return token();
}

}  // namespace baton::detail
