// SPDX-License-Identifier: MIT
#include "executor/event_count.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace baton {
namespace {

using namespace std::chrono_literals;
using detail::BasicEventCount;
using detail::deadline_after;
using detail::sleep_unless;
using test::repeats;

template <typename Gate>
class EventCount : public testing::Test {};

#if BATON_FUTEX
using Gates = testing::Types<detail::MutexGate, detail::FutexGate>;
#else
using Gates = testing::Types<detail::MutexGate>;
#endif
TYPED_TEST_SUITE(EventCount, Gates, );

TYPED_TEST(EventCount, DoesNotSleepAfterANoticeThatCameBetweenAnnouncingAndWaiting) {
  BasicEventCount<TypeParam> event;
  const auto key = event.announce();
  event.notify();
  EXPECT_TRUE(event.wait_until(key, TimePoint::max()));
  event.retract();
}

TYPED_TEST(EventCount, EndsAWaitAtItsDeadline) {
  BasicEventCount<TypeParam> event;
  const auto key = event.announce();
  EXPECT_FALSE(event.wait_until(key, deadline_after(1ms)));
  EXPECT_FALSE(event.wait_until(key, deadline_after(-1ms)));
  event.notify();
  EXPECT_TRUE(event.wait_until(key, deadline_after(-1ms)));
  event.retract();
}

TYPED_TEST(EventCount, WakesAllWaiters) {
  BasicEventCount<TypeParam> event;
  std::atomic<bool> holds{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!holds.load()) EXPECT_TRUE(sleep_unless(event, 10s, [&] { return holds.load(); }));
    });
  }
  holds.store(true);
  event.notify();
  for (std::thread& thread : threads) thread.join();
}

TYPED_TEST(EventCount, LosesNoWakeUpBetweenTwoThreadsThatTakeTurns) {
  BasicEventCount<TypeParam> event;
  std::atomic<int> turn{0};
  const int turns = repeats(20'000);
  const auto play = [&](int first) {
    for (int mine = first; mine < turns; mine += 2) {
      while (turn.load() != mine) {
        EXPECT_TRUE(sleep_unless(event, 10s, [&] { return turn.load() == mine; }));
      }
      turn.store(mine + 1);
      event.notify();
    }
  };
  std::thread other([&] { play(1); });
  play(0);
  other.join();
  EXPECT_EQ(turn.load(), turns);
}

TYPED_TEST(EventCount, LosesNoWakeUpBetweenManyProducersAndConsumers) {
  BasicEventCount<TypeParam> event;
  std::atomic<int> items{0};
  std::atomic<int> taken{0};
  const int each = repeats(5'000);
  const auto consume = [&] {
    for (int i = 0; i < each; ++i) {
      for (;;) {
        int seen = items.load();
        if (seen > 0 && items.compare_exchange_strong(seen, seen - 1)) break;
        if (seen == 0) {
          EXPECT_TRUE(sleep_unless(event, 10s, [&] { return items.load() > 0; }));
        }
      }
      taken.fetch_add(1);
    }
  };
  const auto produce = [&] {
    for (int i = 0; i < each; ++i) {
      items.fetch_add(1);
      event.notify();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back(consume);
    threads.emplace_back(produce);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken.load(), 3 * each);
}

TEST(SleepUnless, ReportsAConditionThatHeldWithoutANotice) {
  detail::EventCount event;
  int looks = 0;
  EXPECT_FALSE(sleep_unless(event, 1ms, [&] { return ++looks > 1; }));
  looks = -100;
  EXPECT_TRUE(sleep_unless(event, 1ms, [&] { return ++looks > 1; }));  // the limit alone is no defect
}

TEST(DeadlineAfter, EndsWithTheClock) {
  EXPECT_EQ(deadline_after(Duration::max()), TimePoint::max());
  EXPECT_LT(deadline_after(1h), deadline_after(2h));
}

}  // namespace
}  // namespace baton
