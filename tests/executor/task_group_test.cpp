// SPDX-License-Identifier: MIT
#include <baton/executor/task_group.hpp>

#include "support.hpp"

#include <baton/base/error.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace baton {
namespace {

using test::CheckedPool;
using test::Gate;
using test::Meeting;
using test::repeats;

class TaskGroups : public test::EachPoolSize {};
BATON_FOR_EACH_POOL_SIZE(TaskGroups);

int fib(ThreadPool& pool, int n) {
  if (n < 2) return n;
  int left = 0;
  TaskGroup group(pool);
  group.run([&pool, &left, n] { left = fib(pool, n - 1); });
  const int right = fib(pool, n - 2);
  group.wait();
  return left + right;
}

TEST_P(TaskGroups, ComputeFibonacciByRecursion) {
  CheckedPool pool(threads());
  for (int i = 0; i < shared_repeats(20); ++i) {
    ASSERT_EQ(pool->submit([&] { return fib(*pool, 20); }).get(), 6765);
  }
}

TEST_P(TaskGroups, ComputeManyRecursionsAtOnce) {
  CheckedPool pool(threads());
  for (int round = 0; round < shared_repeats(10); ++round) {
    std::vector<Future<int>> futures;
    for (int i = 0; i < 20; ++i) futures.push_back(pool->submit([&] { return fib(*pool, 14); }));
    for (Future<int>& future : futures) ASSERT_EQ(future.get(), 377);
  }
}

void nest(ThreadPool& pool, int depth, std::atomic<int>& ended) {
  if (depth == 0) return;
  TaskGroup group(pool);
  group.run([&] { nest(pool, depth - 1, ended); });
  group.run([&] { ++ended; });
  group.wait();
}

TEST_P(TaskGroups, MayBeNestedDeeperThanThereAreWorkers) {
  CheckedPool pool(threads());
  for (int round = 0; round < shared_repeats(20); ++round) {
    std::atomic<int> ended{0};
    pool->submit([&] { nest(*pool, 200, ended); }).get();
    ASSERT_EQ(ended, 200);
  }
}

TEST_P(TaskGroups, NeedNoSpareThreads) {
  ThreadPoolOptions options;
  options.threads = threads();
  options.spare_threads = 0;
  CheckedPool pool(options);
  for (int round = 0; round < shared_repeats(10); ++round) {
    std::atomic<int> ended{0};
    Future<void> deep = pool->submit([&] { nest(*pool, 100, ended); });
    EXPECT_EQ(pool->submit([&] { return fib(*pool, 16); }).get(), 987);
    deep.get();
    ASSERT_EQ(ended, 100);
  }
}

TEST_P(TaskGroups, RunEachOfManyBodiesOnce) {
  CheckedPool pool(threads());
  constexpr std::size_t count = 20'000;  // more than a deque holds at first
  const auto calls = std::make_unique<std::atomic<int>[]>(count);
  const auto all = [&] {
    TaskGroup group(*pool);
    for (std::size_t i = 0; i < count; ++i) group.run([&calls, i] { ++calls[i]; });
    group.wait();
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(calls[i].exchange(0), 1);
  };
  for (int round = 0; round < shared_repeats(5); ++round) {
    all();  // from outside
    pool->submit(all).get();
  }
}

TEST_P(TaskGroups, WaitForBodiesThatBodiesAdd) {
  CheckedPool pool(threads());
  const auto all = [&] {
    std::atomic<int> calls{0};
    TaskGroup group(*pool);
    for (int i = 0; i < 10; ++i) {
      group.run([&] {
        for (int k = 0; k < 10; ++k) {
          group.run([&] {
            group.run([&] { ++calls; });
            ++calls;
          });
        }
        ++calls;
      });
    }
    group.wait();
    ASSERT_EQ(calls, 210);
  };
  for (int round = 0; round < shared_repeats(50); ++round) {
    all();
    pool->submit(all).get();
  }
}

TEST_P(TaskGroups, RunAsManyBodiesAtOnceAsThereAreWorkers) {
  CheckedPool pool(threads());
  for (int round = 0; round < shared_repeats(200); ++round) {
    pool->submit([&] {
          Meeting meeting(threads());
          TaskGroup group(*pool);
          for (std::size_t i = 1; i < threads(); ++i) group.run([&] { meeting.arrive_and_wait(); });
          meeting.arrive_and_wait();  // in here: the others must be stolen, as this worker takes none of them
          group.wait();
        })
        .get();
  }
}

// The other worker is at any point between searching and sleep when a body is queued, which it alone can run.
TEST(TaskGroup, CallsAWorkerThatIsJustGoingToSleep) {
  CheckedPool pool(ThreadPoolOptions{.threads = 2, .park_limit = std::chrono::milliseconds{100}});
  const int rounds = repeats(20'000);
  pool->submit([&] {
        std::uint64_t random = 1;
        std::atomic<std::uint64_t> idled{0};
        for (int round = 0; round < rounds; ++round) {
          std::atomic<bool> begun{false};
          TaskGroup group(*pool);
          group.run([&] { begun.store(true, std::memory_order_release); });
          test::yield_until([&] { return begun.load(std::memory_order_acquire); });
          group.wait();
          random = random * 6364136223846793005u + 1442695040888963407u;
          for (std::uint64_t n = random >> 51; n-- > 0;) idled.fetch_add(1, std::memory_order_relaxed);
        }
      })
      .get();
}

TEST_P(TaskGroups, AreUsedByManyOutsideThreadsAtOnce) {
  CheckedPool pool(threads());
  TaskGroup group(*pool);
  std::atomic<int> calls{0};
  const int each = shared_repeats(2'000);
  std::vector<std::thread> hosts;
  for (int i = 0; i < 3; ++i) {
    hosts.emplace_back([&] {
      for (int k = 0; k < each; ++k) group.run([&] { ++calls; });
      TaskGroup own(*pool);
      for (int k = 0; k < each; ++k) own.run([&] { ++calls; });
      own.wait();
    });
  }
  for (std::thread& host : hosts) host.join();
  group.wait();
  EXPECT_EQ(calls, 6 * each);
}

TEST_P(TaskGroups, KeepTheFirstExceptionAndCountTheOthers) {
  CheckedPool pool(threads());
  const auto all = [&] {
    TaskGroup group(*pool);
    for (int i = 0; i < 10; ++i) {
      group.run([i] {
        if (i % 2 == 0) throw i;
      });
    }
    try {
      group.wait();
      FAIL();
    } catch (int thrown) {
      EXPECT_EQ(thrown % 2, 0);
    }
    EXPECT_EQ(group.failures(), 5U);
    int calls = 0;  // the group can be used again, and the error does not come back
    group.run([&] { ++calls; });
    group.wait();
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(group.failures(), 0U);
  };
  for (int round = 0; round < shared_repeats(50); ++round) {
    all();
    pool->submit(all).get();
  }
}

// P workers all wait for bodies that need a piece of posted work, which only a spare thread can run.
TEST_P(TaskGroups, LetOthersWorkWhenAllWorkersWait) {
  CheckedPool pool(threads());
  for (int round = 0; round < shared_repeats(20); ++round) {
    Gate gate;
    Meeting meeting(threads());
    std::vector<Future<void>> waiters;
    for (std::size_t i = 0; i < threads(); ++i) {
      waiters.push_back(pool->submit([&] {
        meeting.arrive_and_wait();
        TaskGroup group(*pool);
        group.run([&] {
          pool->begin_blocking();
          gate.wait();
          pool->end_blocking();
        });
        group.wait();
      }));
    }
    pool->submit([&] { gate.open(); });
    for (Future<void>& waiter : waiters) waiter.get();
  }
  EXPECT_LE(pool->stats().spare_threads, 2 * threads());
}

TEST_P(TaskGroups, DestroyBodiesBeforeTheyCountAsEnded) {
  struct Mark {
    explicit Mark(std::atomic<int>& its_gone) : gone(&its_gone) {}
    Mark(Mark&& other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
    ~Mark() {
      if (gone != nullptr) ++*gone;
    }
    std::atomic<int>* gone;
  };
  CheckedPool pool(threads());
  const auto all = [&] {
    std::atomic<int> gone{0};
    TaskGroup group(*pool);
    std::array<char, 64> large{};
    for (int i = 0; i < 4; ++i) {
      group.run([mark = Mark(gone)] {});
      group.run([mark = Mark(gone), large] { static_cast<void>(large); });
    }
    group.wait();
    ASSERT_EQ(gone, 8);
  };
  for (int round = 0; round < shared_repeats(500); ++round) {
    all();
    pool->submit(all).get();
  }
}

// Each body waits for a group of its own whose body may be stolen; without a limit the waits would pile up on a stack.
TEST_P(TaskGroups, DoNotStackWaitsWithoutLimit) {
  CheckedPool pool(threads());
  static thread_local int depth;
  static std::atomic<int> deepest;
  deepest = 0;
  for (int round = 0; round < shared_repeats(10); ++round) {
    pool->submit([&] {
          TaskGroup group(*pool);
          for (int i = 0; i < 1'000; ++i) {
            group.run([&] {
              const int here = ++depth;
              int seen = deepest.load();
              while (seen < here && !deepest.compare_exchange_weak(seen, here)) {
              }
              TaskGroup own(*pool);
              own.run([] { std::this_thread::yield(); });
              own.run([] { std::this_thread::yield(); });
              own.wait();
              --depth;
            });
          }
          group.wait();
        })
        .get();
  }
  EXPECT_LE(deepest, static_cast<int>(TaskGroup::helping_depth) + 1);
}

TEST(TaskGroup, NeverRunsPostedWorkAboveAWait) {
  CheckedPool pool(2);
  for (int round = 0; round < repeats(100); ++round) {
    std::atomic<std::thread::id> waiting{};
    Gate begun;
    Gate gate;
    Future<void> task = pool->submit([&] {
      TaskGroup group(*pool);
      group.run([&] {
        begun.open();
        gate.wait();
      });
      begun.wait();  // stolen by the other worker, which stands still
      waiting = std::this_thread::get_id();
      group.wait();
      waiting = std::thread::id();
    });
    begun.wait();
    for (int i = 0; i < 5; ++i) {
      pool->submit([&] { EXPECT_NE(waiting.load(), std::this_thread::get_id()); }).get();
    }
    gate.open();
    task.get();
  }
}

TEST(TaskGroup, TakesBodiesThatAreMoveOnlyLargeOrOverAligned) {
  struct alignas(64) Aligned {
    char data[64];
  };
  CheckedPool pool(2);
  std::atomic<int> sum{0};
  TaskGroup group(*pool);
  group.run([&sum, value = std::make_unique<int>(1)]() mutable { sum += *value; });
  std::array<int, 100> large{};
  large[99] = 10;
  group.run([&sum, large] { sum += large[99]; });
  Aligned aligned{};
  aligned.data[63] = 100;
  group.run([&sum, aligned] {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&aligned) % 64, 0U);
    sum += aligned.data[63];
  });
  group.run([&sum] { return ++sum; });  // a result is dropped
  group.wait();
  EXPECT_EQ(sum, 112);
}

TEST(TaskGroup, IsAsBeforeIfCopyingABodyThrows) {
  struct Small {
    Small() = default;
    Small(const Small&) { throw std::runtime_error("cannot be copied"); }
    void operator()() const {}
  };
  struct Large : Small {
    char data[100] = {};
  };
  CheckedPool pool(1);
  const auto all = [&] {
    TaskGroup group(*pool);
    const Small small;
    const Large large;
    EXPECT_THROW(group.run(small), std::runtime_error);
    EXPECT_THROW(group.run(large), std::runtime_error);
    int calls = 0;
    group.run([&] { ++calls; });
    group.wait();
    EXPECT_EQ(calls, 1);
  };
  all();
  pool->submit(all).get();
}

TEST(TaskGroup, RethrowsAnExceptionOfAnyType) {
  CheckedPool pool(2);
  TaskGroup group(*pool);
  group.run([] { throw std::out_of_range("far out"); });
  try {
    group.wait();
    FAIL();
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "far out");
  }
  group.run([] { throw "no exception class"; });
  EXPECT_THROW(group.wait(), const char*);
}

TEST(TaskGroup, WaitsInItsDestructorAndDropsTheError) {
  CheckedPool pool(2);
  for (int round = 0; round < repeats(200); ++round) {
    std::atomic<int> calls{0};
    {
      TaskGroup group(*pool);
      for (int i = 0; i < 5; ++i) group.run([&] { ++calls; });
      group.run([] { throw std::runtime_error("dropped"); });
    }
    ASSERT_EQ(calls, 5);
    pool->submit([&] {
          TaskGroup group(*pool);
          for (int i = 0; i < 5; ++i) group.run([&] { ++calls; });
          throw std::runtime_error("leaves the body while the group is busy");
        })
        .wait();
    ASSERT_EQ(calls, 10);
  }
}

TEST(TaskGroup, RefusesToBeWaitedForOnAForeignThread) {
  CheckedPool pool(2);
  pool->submit([&] {
        TaskGroup group(*pool);
        std::thread([&] {
          try {
            group.wait();
            FAIL();
          } catch (const UsageError& error) {
            EXPECT_STREQ(error.what(), "TaskGroup::wait: called on another thread than the worker that made the group");
          }
        }).join();
        int calls = 0;
        group.run([&] { ++calls; });
        group.wait();
        EXPECT_EQ(calls, 1);
      })
      .get();
}

TEST(TaskGroup, OfOutsideCanBeWaitedForOnAnyThread) {
  CheckedPool pool(1);
  for (int round = 0; round < repeats(100); ++round) {
    TaskGroup group(*pool);
    std::atomic<int> calls{0};
    for (int i = 0; i < 5; ++i) group.run([&] { ++calls; });
    pool->submit([&] {
          group.wait();
          ASSERT_EQ(calls, 5);
          group.run([&] { ++calls; });
        })
        .get();
    group.wait();
    ASSERT_EQ(calls, 6);
  }
}

TEST(TaskGroup, OfOnePoolCanBeUsedOnAWorkerOfAnother) {
  CheckedPool one(1);
  CheckedPool other(1);
  for (int round = 0; round < repeats(100); ++round) {
    const bool right = one->submit([&] {
                            TaskGroup group(*other);
                            bool there = false;
                            group.run([&] { there = other->on_worker() && !one->on_worker(); });
                            group.wait();
                            return there;
                          })
                           .get();
    ASSERT_TRUE(right);
  }
}

TEST(TaskGroup, RefusesABodyAfterShutdownAndDestroysIt) {
  ThreadPool pool(1);
  TaskGroup group(pool);
  pool.shutdown();
  auto kept = std::make_shared<int>(0);
  EXPECT_THROW(group.run([kept] {}), UsageError);
  EXPECT_THROW(group.run([kept, large = std::array<char, 100>{}] { static_cast<void>(large); }), UsageError);
  EXPECT_EQ(kept.use_count(), 1);
  group.wait();
}

}  // namespace
}  // namespace baton
