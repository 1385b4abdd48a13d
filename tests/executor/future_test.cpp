// SPDX-License-Identifier: MIT
#include <baton/executor/future.hpp>

#include "support.hpp"

#include <baton/base/error.hpp>
#include <baton/executor/thread_pool.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace baton {
namespace {

using namespace std::chrono_literals;
using test::CheckedPool;
using test::Gate;
using test::repeats;

TEST(Future, GivesTheResultOfTheFunction) {
  CheckedPool pool(2);
  EXPECT_EQ(pool->submit([] { return 7; }).get(), 7);
  EXPECT_EQ(pool->submit([] { return std::string("text"); }).get(), "text");
  static_assert(std::is_same_v<decltype(pool->submit([] { return 1.5F; })), Future<float>>);
}

TEST(Future, WorksWithoutAResult) {
  CheckedPool pool(2);
  int calls = 0;
  Future<void> future = pool->submit([&] { ++calls; });
  future.get();
  EXPECT_EQ(calls, 1);
}

TEST(Future, TakesMoveOnlyFunctionsAndResults) {
  CheckedPool pool(1);
  auto value = std::make_unique<int>(5);
  std::unique_ptr<int> result = pool->submit([value = std::move(value)]() mutable { return std::move(value); }).get();
  EXPECT_EQ(*result, 5);
}

int seven() { return 7; }

TEST(Future, TakesFunctionPointers) {
  CheckedPool pool(1);
  EXPECT_EQ(pool->submit(seven).get(), 7);
  EXPECT_EQ(pool->submit(&seven).get(), 7);
}

TEST(Future, TakesResultsWithoutADefaultValue) {
  struct Result {
    explicit Result(int its_value) : value(its_value) {}
    int value;
  };
  CheckedPool pool(1);
  EXPECT_EQ(pool->submit([] { return Result(3); }).get().value, 3);
}

TEST(Future, RethrowsWhatTheFunctionThrew) {
  CheckedPool pool(2);
  Future<int> standard = pool->submit([]() -> int { throw std::out_of_range("far out"); });
  try {
    standard.get();
    FAIL();
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "far out");
  }
  EXPECT_FALSE(standard.valid());
  Future<void> other = pool->submit([] { throw 42; });
  EXPECT_THROW(other.get(), int);
  EXPECT_EQ(pool->submit([] { return 1; }).get(), 1);  // the pool goes on as if nothing had happened
}

TEST(Future, RethrowsWhatMovingTheResultThrew) {
  struct Result {
    Result() = default;
    Result(Result&&) { throw std::runtime_error("cannot be moved"); }
  };
  CheckedPool pool(1);
  std::optional<Result> source(std::in_place);
  EXPECT_THROW(pool->submit([&]() -> Result { return std::move(*source); }).get(), std::runtime_error);
}

TEST(Future, DropsTheFunctionIfCopyingItThrows) {
  struct Body {
    Body() = default;
    Body(const Body&) { throw std::runtime_error("cannot be copied"); }
    void operator()() const {}
  };
  CheckedPool pool(1);
  const Body body;
  EXPECT_THROW(pool->submit(body), std::runtime_error);
  EXPECT_EQ(pool->stats().posted, 0U);
}

TEST(Future, IsNotValidOnceItsResultWasTakenOrItWasMoved) {
  CheckedPool pool(1);
  Future<int> empty;
  EXPECT_FALSE(empty.valid());
  EXPECT_THROW(empty.wait(), UsageError);
  EXPECT_THROW(static_cast<void>(empty.ready()), UsageError);
  EXPECT_THROW(static_cast<void>(empty.wait_for(1s)), UsageError);
  Future<int> future = pool->submit(seven);
  EXPECT_TRUE(future.valid());
  Future<int> moved = std::move(future);
  EXPECT_FALSE(future.valid());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(moved.get(), 7);
  EXPECT_FALSE(moved.valid());
  EXPECT_THROW(moved.get(), UsageError);
  moved = pool->submit(seven);
  EXPECT_EQ(moved.get(), 7);
}

TEST(Future, SaysWhatWasCalledOnOneThatIsNotValid) {
  Future<void> empty;
  try {
    empty.get();
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "Future::get: there is no result to wait for, or it was taken");
  }
}

TEST(Future, MayBeDroppedWithoutWaiting) {
  std::atomic<int> calls{0};
  {
    CheckedPool pool(2);
    for (int i = 0; i < 100; ++i) pool->submit([&] { ++calls; });
    pool->submit([] { throw std::runtime_error("dropped with its future"); });
  }
  EXPECT_EQ(calls, 100);
}

TEST(Future, MayOutliveItsPool) {
  Future<int> future;
  {
    CheckedPool pool(1);
    future = pool->submit(seven);
  }
  EXPECT_TRUE(future.ready());
  EXPECT_TRUE(future.wait_for(0s));
  EXPECT_EQ(future.get(), 7);
}

TEST(Future, WaitsForALimitedTime) {
  CheckedPool pool(1);
  Gate gate;
  Future<void> future = pool->submit([&] { gate.wait(); });
  EXPECT_FALSE(future.ready());
  EXPECT_FALSE(future.wait_for(-1s));
  EXPECT_FALSE(future.wait_for(0s));
  EXPECT_FALSE(future.wait_for(1ms));
  gate.open();
  EXPECT_TRUE(future.wait_for(Duration::max()));
  EXPECT_TRUE(future.ready());
}

TEST(Future, WaitingForALimitedTimeNeverCallsTheFunction) {
  CheckedPool pool(1);
  pool->submit([&] {
        bool called = false;
        Future<void> inner = pool->submit([&] {
          called = true;
          EXPECT_FALSE(false);
        });
        // A spare thread may run it meanwhile; this thread may not.
        const std::thread::id me = std::this_thread::get_id();
        Future<std::thread::id> where = pool->submit([] { return std::this_thread::get_id(); });
        EXPECT_TRUE(where.wait_for(Duration::max()));
        EXPECT_NE(where.get(), me);
        inner.get();
        EXPECT_TRUE(called);
      })
      .get();
}

// The waiter may go on, and its stack with what a capture refers to may end, as soon as it sees the result.
TEST(Future, DestroysTheFunctionBeforeItsResultIsVisible) {
  struct Mark {
    explicit Mark(std::atomic<bool>& its_gone) : gone(&its_gone) {}
    Mark(Mark&& other) noexcept : gone(std::exchange(other.gone, nullptr)) {}
    ~Mark() {
      if (gone != nullptr) gone->store(true);
    }
    std::atomic<bool>* gone;
  };
  CheckedPool pool(2);
  for (int i = 0; i < repeats(2'000); ++i) {
    std::atomic<bool> gone{false};
    Future<void> future = pool->submit([mark = Mark(gone)] {});
    if (i % 2 == 0) test::yield_until([&] { return future.ready(); });
    future.get();
    ASSERT_TRUE(gone.load());
  }
}

class FutureWait : public test::EachPoolSize {};
BATON_FOR_EACH_POOL_SIZE(FutureWait);

int chain(ThreadPool& pool, int depth) {
  if (depth == 0) return 0;
  return pool.submit([&pool, depth] { return chain(pool, depth - 1); }).get() + 1;
}

TEST_P(FutureWait, MayBeNestedDeeperThanThereAreWorkers) {
  CheckedPool pool(threads());
  EXPECT_EQ(pool->submit([&] { return chain(*pool, 200); }).get(), 200);
}

TEST_P(FutureWait, NeedsNoSpareThreadForFunctionsThatHaveNotBegun) {
  ThreadPoolOptions options;
  options.threads = threads();
  options.spare_threads = 0;
  CheckedPool pool(options);
  EXPECT_EQ(pool->submit([&] { return chain(*pool, 200); }).get(), 200);
}

TEST_P(FutureWait, IsReplacedWhenTheFunctionRunsElsewhere) {
  CheckedPool pool(threads());
  Gate begun;
  Gate gate;
  Future<void> slow = pool->submit([&] {
    begun.open();
    gate.wait();
  });
  begun.wait();  // now no wait can call it
  std::vector<Future<void>> waiters;
  std::atomic<int> done{0};
  const int count = static_cast<int>(threads()) + 3;
  for (int i = 0; i < count; ++i) {
    waiters.push_back(pool->submit([&] {
      while (!slow.wait_for(Duration::max())) {
      }
      ++done;
    }));
  }
  // On one thread: it stands still in `slow` itself, without the pool's knowledge, so only a second one gets through.
  if (threads() > 1) pool->submit([] {}).get();
  gate.open();
  for (Future<void>& waiter : waiters) waiter.get();
  EXPECT_EQ(done, count);
  slow.get();
}

TEST_P(FutureWait, GivesEachOfManyResultsToManyThreads) {
  CheckedPool pool(threads());
  std::vector<std::thread> hosts;
  for (int host = 0; host < 3; ++host) {
    hosts.emplace_back([&, host] {
      std::vector<Future<int>> futures;
      const int count = shared_repeats(3'000);
      for (int i = 0; i < count; ++i) futures.push_back(pool->submit([host, i] { return host * 1'000'000 + i; }));
      for (int i = 0; i < count; ++i) {
        ASSERT_EQ(futures[static_cast<std::size_t>(i)].get(), host * 1'000'000 + i);
      }
    });
  }
  for (std::thread& host : hosts) host.join();
}

}  // namespace
}  // namespace baton
