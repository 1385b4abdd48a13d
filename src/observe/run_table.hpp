// SPDX-License-Identifier: MIT
#pragma once

#include <baton/scheduler/observer.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>

namespace baton::detail {

/// Where a thread found the entry of a run the last time.
struct RunTablePlace {
  std::uint64_t table = 0;  ///< No table has this number.
  std::uint64_t run = 0;
  std::uint64_t version = 0;  ///< Of the table; any entry that goes makes a new one.
  void* entry = nullptr;

  /// The place of the calling thread where this run of this table is kept, if at all.
  static RunTablePlace& of(std::uint64_t table, std::uint64_t run) noexcept;
  /// A number for a table that no other has had.
  static std::uint64_t next_table() noexcept;
};

/// What an observer keeps of each run that goes on, an `Entry` a run, made from the first event that comes of it.
///
/// Thread-safe. A thread that is told of the same few runs again and again finds them without a lock.
template <typename Entry>
class RunTable {
 public:
  /// The entry of the event's run; it stays until `drop`, which only the end of the run may call: all its other events
  /// have been told by then.
  Entry& at(const Event& event) {
    RunTablePlace& place = RunTablePlace::of(number_, event.run);
    if (place.table == number_ && place.run == event.run && place.version == version_.load(std::memory_order_acquire)) {
      return *static_cast<Entry*>(place.entry);
    }
    return find(event, place);
  }

  /// Ends the entry of a run, if there is one.
  void drop(std::uint64_t run) {
    std::unique_ptr<Entry> gone;  // released after the lock
    const std::lock_guard lock(mutex_);
    const auto found = runs_.find(run);
    if (found == runs_.end()) return;
    gone = std::move(found->second);
    runs_.erase(found);
    version_.fetch_add(1, std::memory_order_release);
  }

  /// The number of runs that are kept.
  [[nodiscard]] std::size_t size() const {
    const std::shared_lock lock(mutex_);
    return runs_.size();
  }

 private:
  Entry& find(const Event& event, RunTablePlace& place) {
    {
      const std::shared_lock lock(mutex_);
      if (const auto found = runs_.find(event.run); found != runs_.end()) return keep(event, place, *found->second);
    }
    auto entry = std::make_unique<Entry>(event);
    const std::lock_guard lock(mutex_);
    return keep(event, place, *runs_.try_emplace(event.run, std::move(entry)).first->second);
  }

  /// With the lock held: the version cannot change.
  Entry& keep(const Event& event, RunTablePlace& place, Entry& entry) noexcept {
    place = {number_, event.run, version_.load(std::memory_order_relaxed), &entry};
    return entry;
  }

  const std::uint64_t number_ = RunTablePlace::next_table();
  std::atomic<std::uint64_t> version_{0};
  mutable std::shared_mutex mutex_;
  std::map<std::uint64_t, std::unique_ptr<Entry>> runs_;
};

}  // namespace baton::detail
