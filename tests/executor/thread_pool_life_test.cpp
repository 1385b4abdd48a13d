// SPDX-License-Identifier: MIT
#include <baton/executor/thread_pool.hpp>

#include "support.hpp"
#include "thread_start_failure.hpp"

#include <baton/base/error.hpp>
#include <baton/executor/cpu_count.hpp>
#include <baton/executor/task_group.hpp>

#include <gtest/gtest.h>

#include <pthread.h>

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace baton {
namespace {

using test::CallingWork;
using test::CheckedPool;
using test::repeats;
using test::ThreadStartFailure;

class PoolLife : public test::EachPoolSize {};
BATON_FOR_EACH_POOL_SIZE(PoolLife);

TEST_P(PoolLife, EndsIdle) {
  for (int i = 0; i < shared_repeats(100); ++i) CheckedPool pool(threads());
}

TEST_P(PoolLife, EndsRightAfterASubmission) {
  for (int i = 0; i < shared_repeats(100); ++i) {
    std::atomic<int> calls{0};
    {
      CheckedPool pool(threads());
      pool->submit([&] { ++calls; });
    }
    ASSERT_EQ(calls, 1);
  }
}

TEST_P(PoolLife, EndsAfterRunningAllThatWasPosted) {
  for (int i = 0; i < shared_repeats(30); ++i) {
    std::atomic<int> calls{0};
    {
      CheckedPool pool(threads());
      for (int k = 0; k < 300; ++k) pool->submit([&] { ++calls; });
    }
    ASSERT_EQ(calls, 300);
  }
}

TEST_P(PoolLife, EndsAfterRunningWhatRunningWorkPosts) {
  for (int i = 0; i < shared_repeats(30); ++i) {
    std::atomic<int> calls{0};
    {
      CheckedPool pool(threads());
      for (int k = 0; k < 10; ++k) {
        pool->submit([&] {
          pool->submit([&] {
            TaskGroup group(*pool);
            group.run([&] { ++calls; });
            group.wait();
            pool->submit([&] { ++calls; });
          });
          ++calls;
        });
      }
    }
    ASSERT_EQ(calls, 30);
  }
}

// The function tells another thread, which ends the pool while this one may not have left submit() yet.
TEST_P(PoolLife, EndsWhileASubmitReturns) {
  for (int i = 0; i < shared_repeats(200); ++i) {
    auto pool = std::make_unique<CheckedPool>(threads());
    ThreadPool& used = **pool;
    std::atomic<bool> called{false};
    std::thread ender([&] {
      test::yield_until([&] { return called.load(); });
      pool.reset();
    });
    used.submit([&] { called = true; });
    ender.join();
  }
}

TEST_P(PoolLife, EitherRunsOrRefusesWhatIsSubmittedDuringShutdown) {
  for (int i = 0; i < shared_repeats(100); ++i) {
    ThreadPool pool(threads());
    std::atomic<int> calls{0};
    std::atomic<bool> begun{false};
    int accepted = 0;
    std::thread host([&] {
      try {
        for (;; ++accepted) {
          pool.submit([&] { ++calls; });
          begun = true;
        }
      } catch (const UsageError&) {
      }
    });
    test::yield_until([&] { return begun.load(); });
    pool.shutdown();
    host.join();
    ASSERT_EQ(calls, accepted);
  }
}

TEST(ThreadPoolLife, IsMadeAndEndedTenThousandTimes) {
  std::atomic<int> calls{0};
  const int count = repeats(10'000);
  for (int i = 0; i < count; ++i) {
    ThreadPool pool(2);
    if (i % 2 == 0) pool.submit([&] { ++calls; });
  }
  EXPECT_EQ(calls, (count + 1) / 2);
}

TEST(ThreadPoolLife, UsesEachAvailableCoreIfNoNumberIsGiven) {
  CheckedPool pool(0);
  EXPECT_EQ(pool->concurrency(), available_cores());
  ThreadPool by_default;
  EXPECT_EQ(by_default.concurrency(), available_cores());
}

TEST(ThreadPoolLife, RefusesSubmissionsAfterShutdown) {
  ThreadPool pool(2);
  pool.submit([] {}).get();
  pool.shutdown();
  pool.shutdown();
  auto kept = std::make_shared<int>(0);
  try {
    pool.submit([kept] {});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "ThreadPool::submit: the pool was shut down");
  }
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_EQ(pool.stats().posted_run, 1U);
  EXPECT_EQ(pool.stats().posted, 1U);
  EXPECT_FALSE(pool.on_worker());
  EXPECT_EQ(pool.concurrency(), 2U);
}

TEST(ThreadPoolLife, MayBeShutDownBySeveralThreadsAtOnce) {
  for (int i = 0; i < repeats(100); ++i) {
    ThreadPool pool(2);
    std::atomic<int> calls{0};
    for (int k = 0; k < 10; ++k) pool.submit([&] { ++calls; });
    std::vector<std::thread> threads;
    for (int k = 0; k < 3; ++k) {
      threads.emplace_back([&] {
        pool.shutdown();
        EXPECT_EQ(calls, 10);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
}

TEST(ThreadPoolLife, RefusesToBeShutDownByItsOwnWorker) {
  CheckedPool pool(2);
  pool->submit([&] {
        try {
          pool->shutdown();
          FAIL();
        } catch (const UsageError& error) {
          EXPECT_STREQ(error.what(),
                       "ThreadPool::shutdown: called on a worker of the pool, where it would wait for itself");
        }
      })
      .get();
  EXPECT_EQ(pool->submit([] { return 1; }).get(), 1);
}

TEST(ThreadPoolLife, MayBeShutDownByAWorkerOfAnother) {
  CheckedPool other(1);
  other
      ->submit([&] {
        ThreadPool pool(1);
        pool.submit([&] { other->submit([] {}).get(); });
      })
      .get();
}

TEST(ThreadPoolLife, CallsItsHooksOnEachThreadWithItsIndex) {
  std::mutex mutex;
  std::set<std::size_t> started;
  std::set<std::size_t> stopped;
  std::set<std::thread::id> ids;
  ThreadPoolOptions options;
  options.threads = 3;
  options.on_thread_start = [&](std::size_t index) {
    const std::lock_guard lock(mutex);
    started.insert(index);
    ids.insert(std::this_thread::get_id());
  };
  options.on_thread_stop = [&](std::size_t index) {
    const std::lock_guard lock(mutex);
    stopped.insert(index);
    EXPECT_TRUE(ids.contains(std::this_thread::get_id()));
  };
  {
    CheckedPool pool(options);
    pool->submit([&] {
          pool->begin_blocking();  // starts a fourth thread
          pool->submit([] {}).wait();
          pool->end_blocking();
        })
        .get();
  }
  EXPECT_EQ(started, std::set<std::size_t>({0, 1, 2, 3}));
  EXPECT_EQ(stopped, started);
  EXPECT_EQ(ids.size(), 4U);
}

std::string thread_name() {
  char name[64] = {};
  pthread_getname_np(pthread_self(), name, sizeof name);
  return name;
}

TEST(ThreadPoolLife, NamesItsThreads) {
  CheckedPool pool(1);
  EXPECT_EQ(pool->submit(thread_name).get(), "baton-0");
  ThreadPoolOptions options;
  options.threads = 1;
  options.name = "a rather long name";
  CheckedPool named(options);
  EXPECT_EQ(named->submit(thread_name).get(), "a rather long-0");
}

TEST(ThreadPoolLife, EndsTheThreadsItHasIfOneCannotBeStarted) {
  for (int successes = 0; successes < 4; ++successes) {
    std::atomic<int> started{0};
    std::atomic<int> stopped{0};
    ThreadPoolOptions options;
    options.threads = 4;
    options.on_thread_start = [&](std::size_t) { ++started; };
    options.on_thread_stop = [&](std::size_t) { ++stopped; };
    const ThreadStartFailure failure(successes);
    try {
      const ThreadPool pool(options);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), "thread pool 'baton': thread " + std::to_string(successes + 1) +
                                  " of 4 cannot be started: Resource temporarily unavailable");
    }
    EXPECT_EQ(started, successes);
    EXPECT_EQ(stopped, successes);
  }
}

TEST(ThreadPoolLife, GoesOnWithoutASpareThreadIfNoneCanBeStarted) {
  CheckedPool pool(2);
  const ThreadStartFailure failure(0);
  EXPECT_FALSE(pool->submit([&] {
                     const bool replaced = pool->begin_blocking();
                     pool->end_blocking();
                     return replaced;
                   })
                   .get());
  EXPECT_EQ(pool->stats().spare_threads, 0U);
  EXPECT_EQ(pool->submit([] { return 1; }).get(), 1);
}

class ThreadPoolDeathTest : public testing::Test {
 protected:
  ThreadPoolDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(ThreadPoolDeathTest, EndsTheProcessIfAWorkerDestroysItsPool) {
  EXPECT_DEATH(
      {
        auto* const pool = new ThreadPool(2);
        pool->submit([pool] { delete pool; }).wait();
      },
      "a ThreadPool is destroyed on one of its own workers, where it would wait for itself");
}

TEST_F(ThreadPoolDeathTest, EndsTheProcessIfWorkIsPostedAfterShutdown) {
  EXPECT_DEATH(
      {
        ThreadPool pool(1);
        pool.shutdown();
        CallingWork work([](Work&, const Budget&) {});
        pool.post(work);
      },
      "work is posted to a ThreadPool that was shut down");
}

TEST_F(ThreadPoolDeathTest, EndsTheProcessIfABusyGroupIsDestroyedOnAForeignThread) {
  EXPECT_DEATH(
      {
        ThreadPool pool(2);
        pool.submit([&pool] {
              auto group = std::make_unique<TaskGroup>(pool);
              group->run([] {});
              std::thread([&] { group.reset(); }).join();
            })
            .wait();
      },
      "a TaskGroup with bodies still to run is destroyed on another thread than its own");
}

TEST_F(ThreadPoolDeathTest, MayLiveInStaticStorage) {
  EXPECT_EXIT(
      {
        static ThreadPool pool(2);
        pool.submit([] {}).get();
        std::exit(0);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace baton
