// SPDX-License-Identifier: MIT
#include "executor/deque.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace baton {
namespace {

using detail::Deque;
using detail::Thieves;
using test::repeats;

// With the private part of its owner, where the system has what that takes, and all public.
class DequeOf : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam() && !detail::has_heavy_fence()) GTEST_SKIP() << "no heavy fence on this system";
  }
};

INSTANTIATE_TEST_SUITE_P(Kind, DequeOf, testing::Bool(), [](const testing::TestParamInfo<bool>& kind) {
  return kind.param ? "PrivateAndPublicItems" : "PublicItemsOnly";
});

TEST_P(DequeOf, GivesItsOwnerTheNewestAndThievesTheOldest) {
  Deque<int> deque(Thieves::possible, GetParam());
  int items[3] = {};
  EXPECT_TRUE(deque.empty());
  EXPECT_FALSE(deque.used());
  EXPECT_EQ(deque.pop(), nullptr);
  EXPECT_EQ(deque.steal(), nullptr);
  for (int& item : items) EXPECT_TRUE(deque.push(item));
  EXPECT_FALSE(deque.empty());
  EXPECT_EQ(deque.steal(), &items[0]);
  EXPECT_EQ(deque.pop(), &items[2]);
  EXPECT_EQ(deque.pop(), &items[1]);
  EXPECT_EQ(deque.pop(), nullptr);
  EXPECT_EQ(deque.steal(), nullptr);
  EXPECT_TRUE(deque.empty());
  EXPECT_TRUE(deque.used());
}

// The same as a simple queue with two ends would do, whatever is private, public, half taken or left behind.
TEST_P(DequeOf, DoesAsAPlainQueueWithTwoEndsDoes) {
  constexpr std::size_t count = 20'000;
  std::vector<int> items(count);
  Deque<int> deque(Thieves::possible, GetParam());
  std::deque<int*> expected;
  std::mt19937 random(1);
  for (std::size_t next = 0; next < count;) {
    for (auto n = random() % 20; n-- > 0 && next < count; ++next) {
      ASSERT_TRUE(deque.push(items[next]));
      expected.push_back(&items[next]);
    }
    for (auto n = random() % 20; n-- > 0;) {
      const bool newest = random() % 2 == 0;
      int* const item = expected.empty() ? nullptr : newest ? expected.back() : expected.front();
      ASSERT_EQ(newest ? deque.pop() : deque.steal(), item);
      if (item == nullptr) break;
      newest ? expected.pop_back() : expected.pop_front();
    }
    ASSERT_EQ(deque.empty(), expected.empty());
  }
}

TEST_P(DequeOf, KeepsAllItemsWhenItGrows) {
  constexpr std::size_t count = 10'000;
  std::vector<int> items(count);
  Deque<int> deque(Thieves::possible, GetParam());
  for (std::size_t i = 0; i < 100; ++i) {  // so that the ring does not begin at its first slot
    deque.push(items[i]);
    deque.steal();
  }
  for (int& item : items) EXPECT_TRUE(deque.push(item));
  for (std::size_t i = 0; i < count / 2; ++i) EXPECT_EQ(deque.steal(), &items[i]);
  for (std::size_t i = count; i-- > count / 2;) EXPECT_EQ(deque.pop(), &items[i]);
  EXPECT_TRUE(deque.empty());
}

// As the only worker of a pool does, on a system without the fence, before it starts a second one.
TEST(Deque, GivesItsItemsToThievesThatItsOwnerExpectsLater) {
  for (const bool heavy : {false, detail::has_heavy_fence()}) {
    Deque<int> deque(Thieves::none, heavy);
    int items[3] = {};
    for (int& item : items) EXPECT_TRUE(deque.push(item));
    EXPECT_EQ(deque.pop(), &items[2]);
    deque.expect_thieves();
    EXPECT_EQ(deque.steal(), &items[0]);
    EXPECT_EQ(deque.pop(), &items[1]);
    EXPECT_EQ(deque.pop(), nullptr);
    EXPECT_EQ(deque.steal(), nullptr);
  }
}

// An owner in a long body gets no part in it.
TEST_P(DequeOf, LetsThievesTakeEverythingWhileItsOwnerDoesNothing) {
  constexpr std::size_t count = 5'000;
  Deque<std::atomic<int>> deque(Thieves::possible, GetParam());
  const auto items = std::make_unique<std::atomic<int>[]>(count);
  for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(deque.push(items[i]));
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!deque.empty()) {
        if (std::atomic<int>* const item = deque.steal()) item->fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(items[i].load(), 1) << "item " << i;
  EXPECT_EQ(deque.pop(), nullptr);
}

// An owner that pushes and pops at random against thieves; each item must come out exactly once.
void stress(bool heavy, std::size_t thieves, std::size_t count, unsigned burst) {
  Deque<std::atomic<int>> deque(Thieves::possible, heavy);
  const auto items = std::make_unique<std::atomic<int>[]>(count);
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < thieves; ++i) {
    threads.emplace_back([&] {
      while (!over.load(std::memory_order_acquire)) {
        if (std::atomic<int>* const item = deque.steal()) item->fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  std::uint64_t random = 88172645463325252u + burst;
  for (std::size_t next = 0; next < count;) {
    random ^= random << 13, random ^= random >> 7, random ^= random << 17;
    for (std::uint64_t n = random % burst + 1; n-- > 0 && next < count;) ASSERT_TRUE(deque.push(items[next++]));
    for (std::uint64_t n = (random >> 32) % burst + 1; n-- > 0;) {
      std::atomic<int>* const item = deque.pop();
      if (item == nullptr) break;
      item->fetch_add(1, std::memory_order_relaxed);
    }
  }
  while (std::atomic<int>* const item = deque.pop()) item->fetch_add(1, std::memory_order_relaxed);
  test::yield_until([&] { return deque.empty(); });
  over.store(true, std::memory_order_release);
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(items[i].load(), 1) << "item " << i;
}

TEST_P(DequeOf, GivesEachItemOnceWhenOwnerAndThievesMeetAtTheLastOne) {
  for (int i = 0; i < repeats(5); ++i) stress(GetParam(), 2, 50'000, 1);
}

TEST_P(DequeOf, GivesEachItemOnceWhenThievesOvertakeThePopOfItsOwner) {
  for (int i = 0; i < repeats(5); ++i) stress(GetParam(), 3, 100'000, 2);
}

TEST_P(DequeOf, GivesEachItemOnceWhileItGrows) {
  for (int i = 0; i < repeats(5); ++i) stress(GetParam(), 3, 100'000, 2'000);
}

}  // namespace
}  // namespace baton
