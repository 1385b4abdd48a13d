// SPDX-License-Identifier: MIT
#include "executor/deque.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace baton {
namespace {

using detail::Deque;
using test::repeats;

TEST(Deque, GivesItsOwnerTheNewestAndThievesTheOldest) {
  Deque<int> deque;
  int items[3] = {};
  EXPECT_TRUE(deque.empty());
  for (int& item : items) EXPECT_TRUE(deque.push(item));
  EXPECT_FALSE(deque.empty());
  EXPECT_EQ(deque.steal(), &items[0]);
  EXPECT_EQ(deque.pop(), &items[2]);
  EXPECT_EQ(deque.pop(), &items[1]);
  EXPECT_EQ(deque.pop(), nullptr);
  EXPECT_EQ(deque.steal(), nullptr);
  EXPECT_TRUE(deque.empty());
}

TEST(Deque, KeepsAllItemsWhenItGrows) {
  constexpr std::size_t count = 10'000;
  std::vector<int> items(count);
  Deque<int> deque;
  for (std::size_t i = 0; i < 100; ++i) {  // so that the ring does not begin at its first slot
    deque.push(items[i]);
    deque.steal();
  }
  for (int& item : items) EXPECT_TRUE(deque.push(item));
  for (std::size_t i = 0; i < count / 2; ++i) EXPECT_EQ(deque.steal(), &items[i]);
  for (std::size_t i = count; i-- > count / 2;) EXPECT_EQ(deque.pop(), &items[i]);
  EXPECT_TRUE(deque.empty());
}

// An owner that pushes and pops at random against thieves; each item must come out exactly once.
void stress(std::size_t thieves, std::size_t count, unsigned burst) {
  Deque<std::atomic<int>> deque;
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

TEST(Deque, GivesEachItemOnceWhenOwnerAndThievesMeetAtTheLastOne) {
  for (int i = 0; i < repeats(5); ++i) stress(2, 50'000, 1);
}

TEST(Deque, GivesEachItemOnceWhenThievesOvertakeThePopOfItsOwner) {
  for (int i = 0; i < repeats(5); ++i) stress(3, 100'000, 2);
}

TEST(Deque, GivesEachItemOnceWhileItGrows) {
  for (int i = 0; i < repeats(5); ++i) stress(3, 100'000, 2'000);
}

}  // namespace
}  // namespace baton
