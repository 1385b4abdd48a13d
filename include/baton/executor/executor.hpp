// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>

#include <cstddef>
#include <cstdint>

namespace baton {

/// How much a piece of work may do before it hands its thread back.
struct Budget {
  /// Bodies that may be started; the default is "no limit of its own".
  std::uint32_t tasks = UINT32_MAX;
};

/// Something an Executor carries: a slice of a run ("come and work on this run"), or a submitted function.
///
/// The poster owns the object and keeps it alive until `run` has returned or the executor has dropped it. Carrying
/// it allocates nothing: executors link posted work through `next`.
class Work {
 public:
  Work() = default;
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  /// Does the work, or part of it, on the calling thread. Called once for each `Executor::post`.
  ///
  /// May post this same object again before it returns; the executor touches it no more after calling `run`.
  virtual void run(const Budget& budget) noexcept = 0;

  /// For the executor that carries this work: its place in that executor's queue.
  Work* next = nullptr;

 protected:
  ~Work() = default;
};

/// Runs posted work; the seam between the scheduler and threads.
///
/// A host adapts its own threads by deriving from this class: `post` hands over one pointer and
/// `concurrency` says how many posted pieces can run at once.
/// An executor outlives every Scheduler and every run that uses it.
class BATON_API Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor();

  /// Arranges that `work.run` is called soon, on a thread of this executor and not inside this call.
  ///
  /// Work that is posted first is started first, as far as several threads allow. Thread-safe, does not block, does
  /// not throw. `work` may have been run and destroyed by the time this returns.
  virtual void post(Work& work) noexcept = 0;

  /// The number of pieces of work that can run at once: at least 1.
  [[nodiscard]] virtual std::size_t concurrency() const noexcept = 0;

  /// Whether the calling thread is one that runs this executor's work.
  [[nodiscard]] virtual bool on_worker() const noexcept = 0;

  /// Tells that the calling worker is about to block, so that another thread may take its place; `end_blocking`
  /// ends that. Calls nest. The default does nothing: an executor that can start no other thread.
  ///
  /// @returns whether another thread serves this executor's work meanwhile. When false, and `concurrency` workers all
  ///          block, posted work does not run.
  virtual bool begin_blocking() noexcept;
  /// Ends the innermost `begin_blocking` of the calling thread.
  virtual void end_blocking() noexcept;

  /// Runs one piece of posted work on the calling thread, if this executor allows that and there is some.
  /// The default does nothing and returns false.
  virtual bool try_run_one() noexcept;
};

}  // namespace baton
