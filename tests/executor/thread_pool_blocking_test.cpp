// SPDX-License-Identifier: MIT
#include <baton/executor/thread_pool.hpp>

#include "support.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace baton {
namespace {

using test::CheckedPool;
using test::Gate;
using test::Meeting;
using test::repeats;

class Blocking : public test::EachPoolSize {};
BATON_FOR_EACH_POOL_SIZE(Blocking);

TEST_P(Blocking, LetsAsManyOthersWorkAsThereAreWorkers) {
  CheckedPool pool(threads());
  for (int round = 0; round < shared_repeats(50); ++round) {
    Gate gate;
    std::vector<Future<void>> blocked;
    for (std::size_t i = 0; i < threads(); ++i) {
      blocked.push_back(pool->submit([&] {
        EXPECT_TRUE(pool->begin_blocking());
        gate.wait();
        pool->end_blocking();
      }));
    }
    Meeting meeting(threads());
    std::vector<Future<void>> futures;
    for (std::size_t i = 0; i < threads(); ++i) {
      futures.push_back(pool->submit([&] { meeting.arrive_and_wait(); }));
    }
    for (Future<void>& future : futures) future.get();
    gate.open();
    for (Future<void>& future : blocked) future.get();
  }
  EXPECT_LE(pool->stats().spare_threads, 2 * threads());
}

TEST(BeginBlocking, DoesNothingOutsideThePool) {
  CheckedPool pool(1);
  EXPECT_FALSE(pool->begin_blocking());
  pool->end_blocking();
  CheckedPool other(1);
  EXPECT_FALSE(other
                   ->submit([&] {
                     const bool replaced = pool->begin_blocking();
                     pool->end_blocking();
                     return replaced;
                   })
                   .get());
  EXPECT_EQ(pool->stats().spare_threads, 0U);
}

TEST(BeginBlocking, ReturnsFalseBeyondTheLimitOfSpareThreads) {
  ThreadPoolOptions options;
  options.threads = 1;
  options.spare_threads = 1;
  CheckedPool pool(options);
  Gate gate;
  Future<bool> first = pool->submit([&] {
    const bool replaced = pool->begin_blocking();
    gate.wait();
    pool->end_blocking();
    return replaced;
  });
  const bool second = pool->submit([&] {
                            const bool replaced = pool->begin_blocking();
                            pool->end_blocking();
                            return replaced;
                          })
                          .get();
  EXPECT_FALSE(second);
  EXPECT_EQ(pool->submit([] { return 1; }).get(), 1);  // the spare thread goes on
  gate.open();
  EXPECT_TRUE(first.get());
  EXPECT_EQ(pool->stats().spare_threads, 1U);
}

TEST(BeginBlocking, Nests) {
  CheckedPool pool(1);
  pool->submit([&] {
        EXPECT_TRUE(pool->begin_blocking());
        EXPECT_TRUE(pool->begin_blocking());
        pool->end_blocking();
        Future<int> other = pool->submit([] { return 1; });
        test::yield_until([&] { return other.ready(); });  // still replaced
        pool->end_blocking();
      })
      .get();
  EXPECT_EQ(pool->stats().spare_threads, 1U);
}

TEST(BeginBlocking, UsesTheSameSpareThreadAgain) {
  CheckedPool pool(2);
  for (int i = 0; i < repeats(1'000); ++i) {
    pool->submit([&] {
          EXPECT_TRUE(pool->begin_blocking());
          pool->end_blocking();
        })
        .get();
  }
  EXPECT_LE(pool->stats().spare_threads, 2U);
}

// When the worker comes back and the spare thread has nothing to do, the spare one must not go on as a second worker.
TEST(EndBlocking, LeavesOneWorkerOfAPoolOfOne) {
  CheckedPool pool(1);
  for (int round = 0; round < repeats(200); ++round) {
    std::atomic<bool> inside{false};
    Future<void> second;
    pool->submit([&] {
          const std::uint64_t parks = pool->stats().parks;
          EXPECT_TRUE(pool->begin_blocking());
          // The spare one is idle, works, and is idle once more.
          test::yield_until([&] { return pool->stats().parks > parks; });
          const std::uint64_t parks_before_work = pool->stats().parks;
          Future<void> first = pool->submit([] {});
          test::yield_until([&] { return first.ready() && pool->stats().parks > parks_before_work; });
          pool->end_blocking();
          inside = true;
          second = pool->submit([&] { EXPECT_FALSE(inside.load()); });
          for (int i = 0; i < 10; ++i) std::this_thread::yield();
          inside = false;
        })
        .get();
    second.get();
  }
}

TEST(BeginBlocking, DoesNotKeepThePoolFromEnding) {
  for (int round = 0; round < repeats(100); ++round) {
    std::atomic<int> calls{0};
    {
      CheckedPool pool(2);
      for (int i = 0; i < 5; ++i) {
        pool->submit([&] {
          pool->begin_blocking();
          std::this_thread::yield();
          pool->end_blocking();
          pool->submit([&] { ++calls; });
        });
      }
    }
    ASSERT_EQ(calls, 5);
  }
}

}  // namespace
}  // namespace baton
