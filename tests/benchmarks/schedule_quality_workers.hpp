// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/time.hpp>
#include <baton/executor/executor.hpp>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <limits>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace schedule_quality {

/// An executor whose workers live in virtual time: a body holds its worker for as long as it says, and time jumps to
/// the next moment at which some worker goes on.
///
/// As on a ThreadPool with bodies that are longer than a slice's share of time: one body, then the back of the queue.
/// One thread is awake at a time, and at one moment ends come before starts, so that every run repeats exactly.
class VirtualWorkers final : public baton::Executor {
 public:
  explicit VirtualWorkers(std::size_t count) : workers_(count) {
    for (std::size_t index = 0; index < count; ++index) idle_.insert(index);
    for (std::size_t index = 0; index < count; ++index) {
      workers_[index].thread = std::thread([this, index] { serve(index); });
    }
  }

  ~VirtualWorkers() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (Worker& worker : workers_) worker.turn.notify_one();
    }
    for (Worker& worker : workers_) worker.thread.join();
  }

  void post(baton::Work& work) noexcept override {
    const std::lock_guard lock(mutex_);
    posted_.push_back(&work);
    if (awake_ == nobody) wake_next_locked();
  }
  [[nodiscard]] std::size_t concurrency() const noexcept override { return workers_.size(); }
  [[nodiscard]] bool on_worker() const noexcept override { return here().pool == this; }

  /// For a body: holds its worker for that long.
  void spend(baton::Duration time) {
    if (time <= baton::Duration::zero()) return;
    const std::size_t self = here().index;
    std::unique_lock lock(mutex_);
    busy_.emplace(now_ + time, self);
    wake_next_locked();
    await_turn(lock, self);
  }

  [[nodiscard]] baton::Duration now() const {
    const std::lock_guard lock(mutex_);
    return now_;
  }

 private:
  static constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();
  struct Worker {
    std::thread thread;
    std::condition_variable turn;
  };
  struct Here {
    const VirtualWorkers* pool = nullptr;
    std::size_t index = nobody;
  };
  static Here& here() noexcept {
    thread_local Here here;
    return here;
  }

  void serve(std::size_t self) {
    here() = {this, self};
    std::unique_lock lock(mutex_);
    while (await_turn(lock, self)) {
      baton::Work& work = *posted_.front();
      posted_.pop_front();
      lock.unlock();
      work.run(baton::Budget{.tasks = 1});
      lock.lock();
      idle_.insert(self);
      wake_next_locked();
    }
  }

  /// @returns false when the executor is going.
  bool await_turn(std::unique_lock<std::mutex>& lock, std::size_t self) {
    workers_[self].turn.wait(lock, [&] { return awake_ == self || stopping_; });
    return !stopping_;
  }

  void wake_next_locked() {
    awake_ = nobody;
    const bool can_start = !posted_.empty() && !idle_.empty();
    if (!busy_.empty() && (busy_.begin()->first <= now_ || !can_start)) {
      std::tie(now_, awake_) = *busy_.begin();
      busy_.erase(busy_.begin());
    } else if (can_start) {
      awake_ = *idle_.begin();
      idle_.erase(idle_.begin());
    }
    if (awake_ != nobody) workers_[awake_].turn.notify_one();
  }

  mutable std::mutex mutex_;  // guards everything below but the threads
  std::vector<Worker> workers_;
  std::deque<baton::Work*> posted_;
  std::set<std::size_t> idle_;
  std::set<std::pair<baton::Duration, std::size_t>> busy_;  // until when, and who
  std::size_t awake_ = nobody;
  baton::Duration now_{};
  bool stopping_ = false;
};

}  // namespace schedule_quality
