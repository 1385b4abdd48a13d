// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/executor/executor.hpp>

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace baton {

/// An executor without threads of its own: posted work runs when the host says so, on the host's thread.
///
/// A GUI or render loop calls `run_until_idle` once a turn, or `run_one` while there is time left in a frame; a test
/// calls `run_one` and decides so when each task runs.
///
/// Thread-safe: any thread may post, and any thread may run, also several at once. Work that is still posted when
/// the executor is destroyed is dropped without being run.
class BATON_API ManualExecutor final : public Executor {
 public:
  ManualExecutor();

  /// @param on_post  Called after each `post`, on the thread that posts, so that a sleeping loop can be woken. By
  ///                 then the work may have run. Several threads may be in it at once. It must not throw, and should
  ///                 only leave a note: it runs inside calls of the scheduler, so it must not run work or wait.
  template <typename F>
    requires std::is_invocable_v<const F&>
  explicit ManualExecutor(F on_post)
      : ManualExecutor(std::make_shared<const F>(std::move(on_post)),
                       [](const void* callable) noexcept { (*static_cast<const F*>(callable))(); }) {}

  ~ManualExecutor() override;

  /// Runs the oldest posted work on the calling thread, with a budget of one body. Work that is not finished by that
  /// has posted itself again.
  ///
  /// @returns false if nothing was posted.
  bool run_one() noexcept;

  /// Runs posted work, oldest first and without a budget, also what it posts meanwhile, until nothing is posted.
  ///
  /// @returns how many pieces of work ran.
  std::size_t run_until_idle() noexcept;

  /// Whether nothing is posted. Work that another thread is just running may post some.
  [[nodiscard]] bool empty() const noexcept;

  void post(Work& work) noexcept override;

  /// 1, though more can run when several threads of the host run this executor.
  [[nodiscard]] std::size_t concurrency() const noexcept override { return 1; }

  /// Whether the calling thread is inside `run_one` or `run_until_idle` of this executor.
  [[nodiscard]] bool on_worker() const noexcept override;

  /// As `run_one`: the calling thread drives the executor for as long as that takes.
  bool try_run_one() noexcept override;

 private:
  struct Impl;

  ManualExecutor(std::shared_ptr<const void> callable, void (*on_post)(const void* callable) noexcept);

  std::unique_ptr<Impl> impl_;
};

}  // namespace baton
