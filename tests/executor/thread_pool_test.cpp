// SPDX-License-Identifier: MIT
#include <baton/executor/thread_pool.hpp>

#include "support.hpp"

#include <baton/base/error.hpp>
#include <baton/executor/task_group.hpp>

#include <gtest/gtest.h>

#include <ctime>
#include <memory>
#include <thread>
#include <vector>

namespace baton {
namespace {

using test::CallingWork;
using test::CheckedPool;
using test::Gate;
using test::Meeting;
using test::repeats;

class ThreadPools : public test::EachPoolSize {};
BATON_FOR_EACH_POOL_SIZE(ThreadPools);

TEST_P(ThreadPools, RunTinySubmissionsOneAtATime) {
  CheckedPool pool(threads());
  for (int i = 0; i < shared_repeats(20'000); ++i) ASSERT_EQ(pool->submit([i] { return i; }).get(), i);
}

TEST_P(ThreadPools, RunWhatSeveralThreadsPost) {
  CheckedPool pool(threads());
  std::atomic<int> calls{0};
  const int each = shared_repeats(10'000);
  std::vector<std::thread> hosts;
  for (int i = 0; i < 3; ++i) {
    hosts.emplace_back([&] {
      for (int k = 0; k < each; ++k) pool->submit([&] { ++calls; });
    });
  }
  for (std::thread& host : hosts) host.join();
  pool->shutdown();
  EXPECT_EQ(calls, 3 * each);
}

TEST_P(ThreadPools, RunAsManySubmissionsAtOnceAsThereAreWorkers) {
  CheckedPool pool(threads());
  for (int round = 0; round < shared_repeats(300); ++round) {
    Meeting meeting(threads());
    std::vector<Future<void>> futures;
    for (std::size_t i = 0; i < threads(); ++i) {
      futures.push_back(pool->submit([&] { meeting.arrive_and_wait(); }));
    }
    for (Future<void>& future : futures) future.get();
  }
}

// The same from a worker, which posts everything before it stands still itself.
TEST_P(ThreadPools, RunAsManyPostedByAWorkerAtOnceAsThereAreWorkers) {
  CheckedPool pool(threads());
  for (int round = 0; round < shared_repeats(300); ++round) {
    Meeting meeting(threads());
    std::vector<Future<void>> futures(threads());
    Future<void> first = pool->submit([&] {
      for (std::size_t i = 1; i < threads(); ++i) {
        futures[i] = pool->submit([&] { meeting.arrive_and_wait(); });
      }
      meeting.arrive_and_wait();
    });
    first.get();
    for (std::size_t i = 1; i < threads(); ++i) futures[i].get();
  }
}

TEST_P(ThreadPools, GiveEachOfManyRunsItsTurn) {
  CheckedPool pool(threads());
  // Twice as many runs as workers, each of which posts itself again: all of them must get on.
  const std::size_t runs = 2 * threads();
  const auto turns = std::make_unique<std::atomic<int>[]>(runs);
  std::atomic<std::size_t> complete{0};
  std::atomic<std::size_t> ended{0};
  const auto body = [&](std::size_t run) {
    return [&, run](Work& self, const Budget&) {
      if (turns[run].fetch_add(1) == 100) ++complete;
      if (complete == runs) {
        ++ended;
      } else {
        pool->post(self);
      }
    };
  };
  std::vector<std::unique_ptr<CallingWork<decltype(body(0))>>> works;
  for (std::size_t run = 0; run < runs; ++run)
    works.push_back(std::make_unique<CallingWork<decltype(body(0))>>(body(run)));
  for (const auto& work : works) pool->post(*work);
  test::yield_until([&] { return ended == runs; });
  pool->shutdown();
}

TEST(ThreadPool, StartsPostedWorkInOrderOnOneThread) {
  std::vector<int> order;
  {
    Gate gate;
    CheckedPool pool(1);
    pool->submit([&] { gate.wait(); });
    for (int i = 0; i < 1'000; ++i) pool->submit([&order, i] { order.push_back(i); });
    gate.open();
  }
  ASSERT_EQ(order.size(), 1'000U);
  for (int i = 0; i < 1'000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(ThreadPool, LetsTwoLongRunsTakeTurnsOnOneThread) {
  CheckedPool pool(1);
  std::vector<int> order;
  Gate gate;
  const auto alternate = [&](int number) {
    return [&, number](Work& self, const Budget&) {
      order.push_back(number);
      if (order.size() < 999) pool->post(self);
    };
  };
  CallingWork first(alternate(0));
  CallingWork second(alternate(1));
  pool->submit([&] { gate.wait(); });
  pool->post(first);
  pool->post(second);
  gate.open();
  pool->shutdown();
  ASSERT_EQ(order.size(), 1'000U);
  for (std::size_t i = 0; i < order.size(); ++i) EXPECT_EQ(order[i], static_cast<int>(i % 2));
}

// A recursion that keeps everybody busy must not keep posted work from starting.
TEST(ThreadPool, StartsPostedWorkBesideAnEndlessRecursion) {
  CheckedPool pool(2);
  std::atomic<bool> over{false};
  Future<void> recursion = pool->submit([&] {
    while (!over.load()) {
      TaskGroup group(*pool);
      for (int i = 0; i < 10; ++i) group.run([] {});
      group.wait();
    }
  });
  for (int i = 0; i < repeats(100); ++i) pool->submit([] {}).get();
  over = true;
  recursion.get();
}

TEST(ThreadPool, StartsBodiesFromOutsideBesideAnEndlessStreamOfPostedWork) {
  CheckedPool pool(1);
  std::atomic<bool> over{false};
  CallingWork stream([&](Work& self, const Budget&) {
    if (!over.load()) pool->post(self);
  });
  pool->post(stream);
  for (int i = 0; i < repeats(100); ++i) {
    TaskGroup group(*pool);
    group.run([] {});
    group.wait();
  }
  over = true;
  pool->shutdown();
}

TEST(ThreadPool, KnowsItsWorkers) {
  CheckedPool pool(3);
  CheckedPool other(1);
  EXPECT_EQ(pool->concurrency(), 3U);
  EXPECT_FALSE(pool->on_worker());
  EXPECT_TRUE(pool->submit([&] { return pool->on_worker(); }).get());
  EXPECT_FALSE(pool->submit([&] { return other->on_worker(); }).get());
}

TEST(ThreadPool, LetsAWorkerRunOneMorePiece) {
  CheckedPool pool(1);
  EXPECT_FALSE(pool->try_run_one());
  int calls = 0;
  pool->submit([&] {
        EXPECT_FALSE(pool->try_run_one());
        Future<void> posted = pool->submit([&] { ++calls; });
        EXPECT_TRUE(pool->try_run_one());
        EXPECT_EQ(calls, 1);
        TaskGroup group(*pool);
        group.run([&] { ++calls; });
        EXPECT_TRUE(pool->try_run_one());
        EXPECT_EQ(calls, 2);
        EXPECT_FALSE(pool->try_run_one());
      })
      .get();
}

TEST(ThreadPool, CountsWhatItDoes) {
  CheckedPool pool(2);
  for (int i = 0; i < 10; ++i) pool->submit([] {}).get();
  pool->submit([&] {
        TaskGroup group(*pool);
        for (int i = 0; i < 5; ++i) group.run([] {});
        group.wait();
        pool->submit([] {}).get();
      })
      .get();
  pool->shutdown();
  const ThreadPoolStats stats = pool->stats();
  EXPECT_EQ(stats.posted, 12U);
  EXPECT_EQ(stats.posted_run, 12U);
  EXPECT_EQ(stats.closures_run, 5U);
  EXPECT_EQ(stats.threads, 2U);
  EXPECT_LE(stats.steals, 5U);
  EXPECT_GE(stats.parks, 1U);
}

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Real time has to pass here; the bound is a tenth of what one spinning thread would use.
TEST(ThreadPool, UsesNoProcessorTimeWhileItIsIdleOrWaits) {
  Gate gate;
  Meeting begun(4);
  const auto stand_still = [&] {
    begun.arrive_and_wait();
    gate.wait();
  };
  CheckedPool idle(64);
  std::vector<Future<void>> futures;
  for (int i = 0; i < 64; ++i) futures.push_back(idle->submit([] {}));
  for (Future<void>& future : futures) future.get();
  CheckedPool busy(8);
  Future<void> standing = busy->submit(stand_still);
  std::vector<Future<void>> waiting;
  for (int bodies = 1; bodies <= 2; ++bodies) {
    waiting.push_back(busy->submit([&, bodies] {
      TaskGroup group(*busy);
      group.run(stand_still);
      Meeting stolen(2);
      TaskGroup other(*busy);
      (bodies == 1 ? other : group).run([&] { stolen.arrive_and_wait(); });
      stolen.arrive_and_wait();  // so was the older body
      group.wait();
    }));
  }
  begun.arrive_and_wait();
  waiting.push_back(busy->submit([&] { standing.wait(); }));
  EXPECT_FALSE(waiting[0].wait_for(std::chrono::milliseconds{50}));  // time to fall asleep
  const double before = cpu_seconds();
  EXPECT_FALSE(waiting[0].wait_for(std::chrono::milliseconds{500}));
  EXPECT_LT(cpu_seconds() - before, 0.05);
  gate.open();
  for (Future<void>& future : waiting) future.get();
}

TEST(ThreadPool, IsNotDisturbedByAnother) {
  CheckedPool one(2);
  CheckedPool other(2);
  std::vector<Future<int>> futures;
  for (int i = 0; i < repeats(1'000); ++i) {
    futures.push_back(one->submit([&other, i] { return other->submit([i] { return i; }).get(); }));
  }
  for (std::size_t i = 0; i < futures.size(); ++i) ASSERT_EQ(futures[i].get(), static_cast<int>(i));
}

}  // namespace
}  // namespace baton
