// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/spawn.hpp>

#include "scheduler/continuation.hpp"
#include "scheduler/crew.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>

namespace baton::detail {

/// What a task has spawned while its body ran, what that has spawned, and so on. Runs from the first one on; its task
/// ends when all of it has ended.
///
/// What waits lies on one stack: the newest is taken first, so that a deep tree does not grow wide.
class SpawnTree final : public Continuation, public Crew {
 public:
  /// @param asked  Stopped when the task's body is asked to stop.
  SpawnTree(RunCore& run, std::uint32_t task, std::stop_token asked) : Crew(run, task, SIZE_MAX, std::move(asked)) {}
  ~SpawnTree() override;

  /// Adds the next one that `parent` has spawned; null for the task's own body. By the thread that runs the parent.
  /// @throws UsageError when its name is reserved.
  void add(SpawnedPtr spawned, Spawned* parent, std::uint32_t& count);
  /// What its name has behind that of the task: `/page 7`, or `/3` for one without a name.
  [[nodiscard]] static std::string suffix_of(const Spawned& spawned);

  void begin(RunCore&, std::uint32_t) override { begin_crew(); }
  void cancel() noexcept override { stop(); }
  void set_paused(bool paused) noexcept override { pause_crew(paused); }
  [[nodiscard]] bool is_early() const noexcept override { return true; }
  void abandon(const std::shared_ptr<Continuation>& self) noexcept override { end_alone(self); }
  /// How the body ended counts first.
  bool finish(RunCore& run, std::uint32_t task, ParkedTask& parked) noexcept override;

 private:
  std::uint32_t work(Member& member, std::uint32_t most) noexcept override;
  [[nodiscard]] bool anything_to_do() noexcept override { return waiting_.load(std::memory_order_seq_cst) != 0; }

  void push(Spawned& spawned) noexcept;
  Spawned* pop() noexcept;
  void run_one(Spawned& spawned) noexcept;
  void note_failure(const Spawned& spawned, const std::exception_ptr& error) noexcept;
  static void release(Spawned* spawned) noexcept;

  std::atomic<std::size_t> waiting_{0};  // changed under tree_mutex_
  std::atomic<bool> any_cancelled_{false};
  std::mutex tree_mutex_;
  Spawned* top_ = nullptr;    // guarded by tree_mutex_
  std::exception_ptr error_;  // guarded by tree_mutex_: of the first one that failed
};

}  // namespace baton::detail
