// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/error.hpp>
#include <baton/base/export.hpp>
#include <baton/base/time.hpp>
#include <baton/executor/executor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace baton {

/// How a SeededExecutor is set up. Another value here makes another interleaving of the same seed.
struct SeededOptions {
  /// How many pieces of work can run at once, so what `concurrency` says. At least 1.
  std::size_t workers = 3;
  /// How many workers may take the place of blocked ones; the seed decides how many of them there are.
  std::size_t spare_workers = 4;
  /// The largest budget of a piece of work; the seed decides each time.
  std::uint32_t longest_slice = 4;
  /// After that many points it is taken for granted that the threads go round in circles.
  std::uint64_t most_steps = 200'000;
  /// A thread that does nothing that the executor sees for so much real time ends the process, with a message.
  Duration patience = std::chrono::seconds(60);
  /// How many of the last points are kept for `trace`.
  std::size_t trace_length = 1000;
};

/// A point that a thread of a SeededExecutor has passed.
struct SeededStep {
  std::string thread;  ///< `host`, `worker 2`, `watch`, or as `add_thread` named it.
  std::string place;   ///< Where it was.
  friend bool operator==(const SeededStep&, const SeededStep&) = default;
};

/// Threads of a SeededExecutor do not come to an end. `what()` names the seed, and says where each thread is.
class BATON_API SeededStuck : public Error {
 public:
  using Error::Error;
  SeededStuck(const SeededStuck&) = default;
  SeededStuck& operator=(const SeededStuck&) = default;
  ~SeededStuck() override;
};

/// An executor for tests: a seed decides which thread goes on, where it stops for another, which posted work runs next
/// and with what budget. The same seed repeats an interleaving exactly; another one is another interleaving.
///
/// It has real threads, but one at a time goes on: the *host*, that is the thread which made the executor, its workers,
/// the threads of `add_thread`, and those that a scheduler on it starts. They hand over at points inside the engine's
/// protocols (cancel, messages, seats, resources, timers, the end of a run, ...), at `step`, and where they wait for
/// the engine or in `wait_until`. Between two such points a thread is alone.
///
/// What is repeated: everything that these threads do, if what the test does depends on nothing but the seed; time as
/// far as the engine decides by it; and the time of a VirtualClock. What is not: other threads, so a SteadyClock's
/// alarms or a ThreadPool that is used as well; real time, addresses and random numbers that bodies look at; the jitter
/// of delays where StartOptions::seed is not set; run ids. A plan remembers how long its tasks took, so what shall
/// repeat has to begin with a fresh plan.
///
/// Not explored: what happens between two points, so the engine's plain path of tasks without settings, and the order
/// in which the memory of two cores shows changes.
///
/// A thread that waits in any other way, for a std::future or a locked mutex, keeps its turn and so stops all: see
/// `wait_until`. All members are for the threads above, the constructor, `restart`, `run_until_idle`, `finish` and the
/// destructor for the host only.
class BATON_API SeededExecutor final : public Executor {
 public:
  /// Makes the calling thread the host, until the executor is destroyed or is stuck.
  /// @throws UsageError  it is the host of another one already.
  explicit SeededExecutor(std::uint64_t seed, SeededOptions options = {});
  /// Lets all threads come to their end, as `run_until_idle`. Ends the process when some cannot, or when called on
  /// another thread than the host. Posted work that is left is dropped. A stuck executor must not be destroyed: its
  /// threads never end. Leave it to the end of the process.
  ~SeededExecutor() override;

  /// Lets all threads come to their end, as `run_until_idle`; then begins anew as if just made with `seed`, without
  /// starting threads again.
  /// @throws UsageError  threads of it wait, or a scheduler on it has not been destroyed; it goes on with its old seed.
  /// @throws whatever `run_until_idle` throws.
  void restart(std::uint64_t seed);
  /// The one given last.
  [[nodiscard]] std::uint64_t seed() const noexcept;

  /// Adds a thread that calls `body` once; it takes part from now on, so it begins when the seed says.
  /// What `body` throws comes out of the next `run_until_idle`.
  /// @throws std::system_error  the system gives no thread.
  void add_thread(std::string name, std::function<void()> body);
  /// Returns when no other thread can go on. Some may be left that wait for what the host does next, see `waiting`.
  /// @throws SeededStuck  after SeededOptions::most_steps. The threads stay where they are for ever, with what they
  /// use,
  ///                      so that all this must be left alive. The calling thread is no host any more.
  void run_until_idle();
  /// The same, and no thread may be left that waits.
  /// @throws SeededStuck  as `run_until_idle`; or some wait. Then the executor can go on, if the host has what they
  /// wait
  ///                      for.
  void finish();
  /// The threads that wait inside a call, each with what for; workers without work are not among them.
  [[nodiscard]] std::vector<std::string> waiting() const;

  /// A number below `bound`, which is not 0, for what the test itself decides.
  /// @throws UsageError  called on a thread that does not take part.
  std::uint32_t draw(std::uint32_t bound);
  /// A point where another thread may go on, for bodies, observers and clocks of a test. `place` is a literal.
  /// Does nothing on other threads.
  static void step(const char* place) noexcept;
  /// Lets others go on until `ready()` holds, which is asked again whenever one has. The way for threads to wait for
  /// each other. A body that does so keeps its worker.
  /// @throws UsageError  called on a thread that does not take part.
  static void wait_until(const char* place, const std::function<bool()>& ready);

  /// The last points that were passed, oldest first.
  [[nodiscard]] std::vector<SeededStep> trace() const;
  /// How many points were passed.
  [[nodiscard]] std::uint64_t steps() const noexcept;
  /// A number that is the same for the same interleaving, and hardly ever for another.
  [[nodiscard]] std::uint64_t fingerprint() const noexcept;

  void post(Work& work) noexcept override;
  [[nodiscard]] std::size_t concurrency() const noexcept override;
  [[nodiscard]] bool on_worker() const noexcept override;
  bool begin_blocking() noexcept override;
  void end_blocking() noexcept override;
  /// For workers, the one inside `begin_blocking`; false for others, as the workers do it.
  bool try_run_one() noexcept override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace baton
