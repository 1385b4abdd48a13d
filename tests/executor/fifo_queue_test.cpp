// SPDX-License-Identifier: MIT
#include "executor/fifo_queue.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace baton {
namespace {

using detail::FifoQueue;
using test::repeats;

struct Node {
  Node* next = nullptr;
  int producer = 0;
  int number = 0;
  std::atomic<int> popped{0};
};

TEST(FifoQueue, KeepsTheOrderAcrossRefills) {
  FifoQueue<Node> queue;
  Node nodes[5];
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.pop(), nullptr);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.push(nodes[i]));
  EXPECT_EQ(queue.pop(), &nodes[0]);
  for (int i = 3; i < 5; ++i) EXPECT_TRUE(queue.push(nodes[i]));
  for (int i = 1; i < 5; ++i) {
    EXPECT_FALSE(queue.empty());
    EXPECT_EQ(queue.pop(), &nodes[i]);
  }
  EXPECT_EQ(queue.pop(), nullptr);
  EXPECT_TRUE(queue.empty());
}

TEST(FifoQueue, ClosesOnlyWhenEmptyAndThenRefuses) {
  FifoQueue<Node> queue;
  Node first;
  Node second;
  queue.push(first);
  queue.push(second);
  EXPECT_FALSE(queue.close());
  queue.pop();
  EXPECT_FALSE(queue.close());
  queue.pop();
  EXPECT_TRUE(queue.close());
  EXPECT_TRUE(queue.close());
  EXPECT_FALSE(queue.push(first));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.pop(), nullptr);
}

TEST(FifoQueue, GivesEachNodeOnceAndThoseOfAProducerInOrder) {
  constexpr int producers = 3;
  constexpr int consumers = 3;
  constexpr int each = 20'000;
  for (int round = 0; round < repeats(3); ++round) {
    FifoQueue<Node> queue;
    const auto nodes = std::make_unique<Node[]>(producers * each);
    std::atomic<int> left{producers * each};
    std::vector<std::thread> threads;
    for (int producer = 0; producer < producers; ++producer) {
      threads.emplace_back([&, producer] {
        for (int number = 0; number < each; ++number) {
          Node& node = nodes[static_cast<std::size_t>(producer * each + number)];
          node.producer = producer;
          node.number = number;
          queue.push(node);
        }
      });
    }
    for (int consumer = 0; consumer < consumers; ++consumer) {
      threads.emplace_back([&] {
        int last[producers] = {-1, -1, -1};
        while (left.load() > 0) {
          Node* const node = queue.pop();
          if (node == nullptr) continue;
          left.fetch_sub(1);
          node->popped.fetch_add(1);
          EXPECT_LT(last[node->producer], node->number);
          last[node->producer] = node->number;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(queue.empty());
    for (int i = 0; i < producers * each; ++i) ASSERT_EQ(nodes[static_cast<std::size_t>(i)].popped.load(), 1);
  }
}

// What a sleeper's last look relies on: a node pushed before the look and not popped until after it is seen, also
// while others move it about inside.
TEST(FifoQueue, NeverLooksEmptyWhileANodeStaysInside) {
  FifoQueue<Node> queue;
  Node nodes[3];
  std::atomic<int> phase{0};  // odd while the last node is inside
  std::atomic<bool> over{false};
  std::thread observer([&] {
    while (!over.load()) {
      const int before = phase.load();
      const bool empty = queue.empty();
      if (before % 2 == 1 && phase.load() == before) {
        ASSERT_FALSE(empty);
      }
    }
  });
  for (int i = 0; i < repeats(100'000); ++i) {
    for (Node& node : nodes) queue.push(node);
    ++phase;
    queue.pop();
    queue.pop();
    ++phase;
    queue.pop();
  }
  over.store(true);
  observer.join();
}

}  // namespace
}  // namespace baton
