// SPDX-License-Identifier: MIT
#include "scheduler/map_run.hpp"

#include "base/fault_point.hpp"
#include "scheduler/part_context.hpp"
#include "scheduler/run_core.hpp"

#include <algorithm>

namespace baton::detail {
namespace {

/// What the body of a map sees of its run; of the element that is being called.
class ElementContext final : public PartContext {
 public:
  ElementContext(Crew& crew, const ElementRange& range) : PartContext(crew), range_(range) {}

 private:
  [[nodiscard]] std::string suffix() const override { return round_suffix(range_.next); }

  const ElementRange& range_;
};

std::size_t places_for(const Elements& elements) {
  const std::size_t limit = elements.options().limit;
  return limit == 0 ? elements.count() : std::min(limit, elements.count());
}

}  // namespace

MapRun::MapRun(RunCore& run, std::uint32_t task, std::unique_ptr<ElementCalls> calls)
    : Crew(run, task, places_for(*calls)), calls_(std::move(calls)), end_(run, task, *calls_) {}

void MapRun::begin(RunCore&, std::uint32_t) {
  if (anything_to_do()) call_one();
  begin_crew();
}

bool MapRun::finish(RunCore&, std::uint32_t, ParkedTask& parked) noexcept {
  end_.finish(parked);
  return false;
}

std::uint32_t MapRun::work(Member& member, std::uint32_t most) noexcept {
  if (is_stopped()) return 0;
  if (member.first == member.last && !claim(member, most)) return 0;
  if (has_free_place() && unclaimed() >= member.pace) call_one();
  const std::size_t first = member.first;
  if ((attention().load(std::memory_order_seq_cst) & part_bit) != 0) {
    if (const std::exception_ptr error = take_cancel(first)) {
      ++member.first;
      if (!end_.element_cancelled(first, stop_requested(), error)) stop();
      return 1;
    }
  }
  const std::uint32_t blind = std::min(member.blind, most - 1);
  ElementRange range{first, std::min(member.last, first + (blind != 0 ? blind : most)), &attention(),
                     blind != 0 ? stop_bit | pause_bit | part_bit : UINT32_MAX, nullptr};
  ElementContext context(*this, range);
  range.context = &context;
  bool goes_on = true;
  std::size_t threw = 0;
  try {
    calls_->call(range);
  } catch (...) {
    threw = 1;
    goes_on = end_.element_threw(range.next, std::current_exception(), context.attempt(), stop_requested());
  }
  end_.count_kept(range.next - first);
  member.first = range.next + threw;
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
  member.first = next_.fetch_add(size, std::memory_order_seq_cst);
  member.last = std::min(member.first + size, count);
  if (member.first < count) return true;
  member.first = member.last = 0;
  return false;
}

bool MapRun::claim_returned(Member& member) noexcept {
  const std::lock_guard lock(returned_mutex_);
  if (returned_.empty()) return false;
  member.first = returned_.back().first;
  member.last = returned_.back().last;
  returned_.pop_back();
  returned_count_.fetch_sub(member.last - member.first, std::memory_order_seq_cst);
  return true;
}

void MapRun::share(Member& member) noexcept {
  const std::size_t rest = member.last - member.first;
  if (rest >= 2 && unclaimed() == 0) {
    const std::lock_guard lock(returned_mutex_);
    try {
      returned_.push_back({member.last - rest / 2, member.last});
    } catch (...) {
      return;  // it keeps them
    }
    member.last -= rest / 2;
    returned_count_.fetch_add(rest / 2, std::memory_order_seq_cst);
  }
  if (anything_to_do()) call_one();
}

// ---- Cancelling one element ----

// The bit is raised, then `next_` is read; who claims moves `next_`, then reads the bit, and its first element is
// looked up only under the mutex. So whoever claims an element that was found unclaimed here finds its note.
bool MapRun::cancel_element(std::size_t element, const std::string& cause) {
  const std::exception_ptr error = end_.cancel_error(element, cause);
  const std::lock_guard lock(returned_mutex_);
  fault_point(FaultPoint::task_cancel);
  if (is_stopped() || !cancels_.add(element, error, {})) return false;
  attend_to_parts(true);
  if (is_unclaimed_locked(element)) return true;
  cancels_.take(element);
  if (cancels_.empty()) attend_to_parts(false);
  return false;
}

bool MapRun::is_unclaimed_locked(std::size_t element) const noexcept {
  return element >= next_.load(std::memory_order_seq_cst) ||
         std::any_of(returned_.begin(), returned_.end(),
                     [&](const Stretch& each) { return each.first <= element && element < each.last; });
}

std::exception_ptr MapRun::take_cancel(std::size_t element) noexcept {
  const std::lock_guard lock(returned_mutex_);
  std::exception_ptr error = cancels_.take(element);
  if (cancels_.empty()) attend_to_parts(false);
  return error;
}

}  // namespace baton::detail
