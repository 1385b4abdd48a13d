// SPDX-License-Identifier: MIT
#include <baton/executor/manual_executor.hpp>

#include "support.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace baton {
namespace {

using test::CallingWork;
using test::repeats;

TEST(ManualExecutor, RunsNothingByItself) {
  ManualExecutor executor;
  int calls = 0;
  CallingWork work([&](Work&, const Budget&) { ++calls; });
  EXPECT_TRUE(executor.empty());
  EXPECT_FALSE(executor.run_one());
  EXPECT_EQ(executor.run_until_idle(), 0U);
  executor.post(work);
  EXPECT_FALSE(executor.empty());
  EXPECT_EQ(calls, 0);
}

TEST(ManualExecutor, RunsTheOldestWorkWithABudgetOfOne) {
  ManualExecutor executor;
  std::vector<int> order;
  const auto note = [&](int number) {
    return [&order, number](Work&, const Budget& budget) {
      EXPECT_EQ(budget.tasks, 1U);
      order.push_back(number);
    };
  };
  CallingWork first(note(1));
  CallingWork second(note(2));
  executor.post(first);
  executor.post(second);
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(order, std::vector<int>({1}));
  EXPECT_TRUE(executor.run_one());
  EXPECT_EQ(order, std::vector<int>({1, 2}));
  EXPECT_FALSE(executor.run_one());
}

TEST(ManualExecutor, RunsAlsoWhatIsPostedMeanwhileAndCounts) {
  ManualExecutor executor;
  int left = 5;
  CallingWork work([&](Work& self, const Budget& budget) {
    EXPECT_EQ(budget.tasks, Budget{}.tasks);
    if (--left > 0) executor.post(self);
  });
  executor.post(work);
  EXPECT_EQ(executor.run_until_idle(), 5U);
  EXPECT_TRUE(executor.empty());
}

TEST(ManualExecutor, SharesItsThreadBetweenTwoThatPostThemselvesAgain) {
  ManualExecutor executor;
  std::vector<int> order;
  const auto alternate = [&](int number) {
    return [&, number](Work& self, const Budget&) {
      order.push_back(number);
      if (order.size() < 5) executor.post(self);
    };
  };
  CallingWork first(alternate(1));
  CallingWork second(alternate(2));
  executor.post(first);
  executor.post(second);
  executor.run_until_idle();
  EXPECT_EQ(order, std::vector<int>({1, 2, 1, 2, 1, 2}));
}

TEST(ManualExecutor, CallsOnPostAfterEachPostOnThePostingThread) {
  int posts = 0;
  std::thread::id poster;
  ManualExecutor* itself = nullptr;
  ManualExecutor executor([&] {
    ++posts;
    poster = std::this_thread::get_id();
    EXPECT_FALSE(itself->empty());
  });
  itself = &executor;
  CallingWork first([](Work&, const Budget&) {});
  CallingWork second([](Work&, const Budget&) {});
  executor.post(first);
  EXPECT_EQ(posts, 1);
  EXPECT_EQ(poster, std::this_thread::get_id());
  std::thread other([&] {
    executor.post(second);
    EXPECT_EQ(poster, std::this_thread::get_id());
  });
  other.join();
  EXPECT_EQ(posts, 2);
  EXPECT_EQ(executor.run_until_idle(), 2U);
}

TEST(ManualExecutor, KnowsItsWorkerOnlyWhileAThreadIsInsideRun) {
  ManualExecutor executor;
  ManualExecutor other;
  CallingWork inner([&](Work&, const Budget&) {
    EXPECT_TRUE(executor.on_worker());
    EXPECT_TRUE(other.on_worker());
    std::thread([&] { EXPECT_FALSE(executor.on_worker()); }).join();
  });
  CallingWork outer([&](Work&, const Budget&) {
    EXPECT_TRUE(executor.on_worker());
    EXPECT_FALSE(other.on_worker());
    other.post(inner);
    EXPECT_TRUE(other.run_one());
    EXPECT_FALSE(other.on_worker());
  });
  EXPECT_EQ(executor.concurrency(), 1U);
  EXPECT_FALSE(executor.on_worker());
  executor.post(outer);
  executor.run_until_idle();
  EXPECT_FALSE(executor.on_worker());
}

TEST(ManualExecutor, LetsWorkRunOtherWork) {
  ManualExecutor executor;
  bool ran = false;
  CallingWork inner([&](Work&, const Budget&) { ran = true; });
  CallingWork outer([&](Work&, const Budget&) {
    EXPECT_TRUE(executor.try_run_one());
    EXPECT_TRUE(ran);
    EXPECT_FALSE(executor.try_run_one());
    EXPECT_FALSE(executor.begin_blocking());  // no thread could stand in
    executor.end_blocking();
  });
  executor.post(outer);
  executor.post(inner);
  EXPECT_TRUE(executor.try_run_one());
  EXPECT_TRUE(ran);
}

TEST(ManualExecutor, DropsWhatIsStillPostedAtItsEnd) {
  bool ran = false;
  CallingWork work([&](Work&, const Budget&) { ran = true; });
  {
    ManualExecutor executor;
    executor.post(work);
  }
  EXPECT_FALSE(ran);
}

TEST(ManualExecutor, IsDrivenBySeveralThreadsAtOnce) {
  for (int round = 0; round < repeats(5); ++round) {
    constexpr int producers = 2;
    constexpr int drivers = 3;
    constexpr int each = 2'000;
    std::atomic<int> wakes{0};
    ManualExecutor executor([&] { ++wakes; });
    std::atomic<int> calls{0};
    const auto body = [&](Work&, const Budget&) { ++calls; };
    std::vector<std::unique_ptr<CallingWork<decltype(body)>>> works;
    for (int i = 0; i < producers * each; ++i) works.push_back(std::make_unique<CallingWork<decltype(body)>>(body));
    std::vector<std::thread> threads;
    for (int producer = 0; producer < producers; ++producer) {
      threads.emplace_back([&, producer] {
        for (int i = 0; i < each; ++i) executor.post(*works[static_cast<std::size_t>(producer * each + i)]);
      });
    }
    for (int driver = 0; driver < drivers; ++driver) {
      threads.emplace_back([&, driver] {
        while (calls.load() < producers * each) {
          if (driver == 0) {
            executor.run_until_idle();
          } else {
            executor.run_one();
          }
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(calls, producers * each);
    EXPECT_EQ(wakes, producers * each);
  }
}

}  // namespace
}  // namespace baton
