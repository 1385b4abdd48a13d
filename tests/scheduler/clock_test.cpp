// SPDX-License-Identifier: MIT
#include <baton/scheduler/clock.hpp>
#include <baton/testing/virtual_clock.hpp>

#include "support/scale.hpp"
#include "support/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace {

using baton::Alarm;
using baton::Clock;
using baton::Duration;
using baton::PolledClock;
using baton::SteadyClock;
using baton::TimePoint;
using baton::VirtualClock;
using baton::test::Signal;
using testing::ElementsAre;

class CallingAlarm final : public Alarm {
 public:
  explicit CallingAlarm(std::function<void()> function) : function_(std::move(function)) {}
  void ring() noexcept override { function_(); }

 private:
  std::function<void()> function_;
};

constexpr TimePoint at(std::int64_t nanoseconds) { return TimePoint(Duration(nanoseconds)); }

TEST(VirtualTime, StartsAtZeroAndStandsWhileHeld) {
  VirtualClock clock;
  EXPECT_EQ(clock.now(), at(0));
  int rung = 0;
  CallingAlarm alarm([&] { ++rung; });
  {
    const VirtualClock::Hold hold(clock);
    clock.set(alarm, at(5));
    EXPECT_EQ(rung, 0);
    EXPECT_EQ(clock.now(), at(0));
  }
  EXPECT_EQ(rung, 1);
  EXPECT_EQ(clock.now(), at(5));
}

TEST(VirtualTime, AlarmsRingInOrderOfTimeThenOfSetting) {
  VirtualClock clock;
  std::vector<std::pair<char, TimePoint>> rung;
  CallingAlarm a([&] { rung.emplace_back('a', clock.now()); });
  CallingAlarm b([&] { rung.emplace_back('b', clock.now()); });
  CallingAlarm c([&] { rung.emplace_back('c', clock.now()); });
  {
    const VirtualClock::Hold hold(clock);
    clock.set(a, at(7));
    clock.set(b, at(3));
    clock.set(c, at(7));
  }
  EXPECT_THAT(rung, ElementsAre(std::pair('b', at(3)), std::pair('a', at(7)), std::pair('c', at(7))));
}

TEST(VirtualTime, HoldsNest) {
  VirtualClock clock;
  bool rung = false;
  CallingAlarm alarm([&] { rung = true; });
  clock.hold();
  clock.hold();
  clock.set(alarm, at(1));
  clock.release();
  EXPECT_FALSE(rung);
  clock.release();
  EXPECT_TRUE(rung);
}

TEST(VirtualTime, AlarmInThePastRingsWithoutMovingTimeBack) {
  VirtualClock clock;
  CallingAlarm first([] {});
  int rung = 0;
  CallingAlarm second([&] { ++rung; });
  {
    const VirtualClock::Hold hold(clock);
    clock.set(first, at(10));
  }
  {
    const VirtualClock::Hold hold(clock);
    clock.set(second, at(4));
  }
  EXPECT_EQ(rung, 1);
  EXPECT_EQ(clock.now(), at(10));
}

TEST(VirtualTime, AlarmSetAgainRingsAtTheLaterWordOnly) {
  VirtualClock clock;
  std::vector<TimePoint> times;
  CallingAlarm alarm([&] { times.push_back(clock.now()); });
  {
    const VirtualClock::Hold hold(clock);
    clock.set(alarm, at(3));
    clock.set(alarm, at(8));
  }
  EXPECT_THAT(times, ElementsAre(at(8)));
}

TEST(VirtualTime, AlarmMaySetItselfAgain) {
  VirtualClock clock;
  std::vector<TimePoint> times;
  CallingAlarm* self = nullptr;
  CallingAlarm alarm([&] {
    times.push_back(clock.now());
    if (times.size() < 4) clock.set(*self, clock.now() + Duration(10));
  });
  self = &alarm;
  {
    const VirtualClock::Hold hold(clock);
    clock.set(alarm, at(1));
  }
  EXPECT_THAT(times, ElementsAre(at(1), at(11), at(21), at(31)));
}

TEST(VirtualTime, CancelledAlarmNeitherRingsNorMovesTime) {
  VirtualClock clock;
  CallingAlarm alarm([] { ADD_FAILURE() << "it rang"; });
  {
    const VirtualClock::Hold hold(clock);
    clock.set(alarm, at(9));
    clock.cancel(alarm);
    clock.cancel(alarm);
  }
  EXPECT_EQ(clock.now(), at(0));
}

TEST(VirtualTime, ReachesTheFarthestMoment) {
  VirtualClock clock;
  bool rung = false;
  CallingAlarm alarm([&] { rung = true; });
  {
    const VirtualClock::Hold hold(clock);
    clock.set(alarm, TimePoint::max());
  }
  EXPECT_TRUE(rung);
  EXPECT_EQ(clock.now(), TimePoint::max());
}

TEST(VirtualTime, StandsWhileAnAlarmRings) {
  VirtualClock clock;
  Signal ringing;
  Signal go;
  std::atomic<bool> second_rang{false};
  CallingAlarm first([&] {
    ringing.set();
    go.wait();
    EXPECT_FALSE(second_rang);
    EXPECT_EQ(clock.now(), at(1));
  });
  CallingAlarm second([&] { second_rang = true; });
  clock.hold();
  clock.set(first, at(1));
  clock.set(second, at(2));
  std::jthread releaser([&] { clock.release(); });
  ringing.wait();
  clock.hold();
  clock.release();
  EXPECT_EQ(clock.now(), at(1));
  go.set();
  releaser.join();
  EXPECT_TRUE(second_rang);
}

/// What every clock promises about cancel: afterwards the alarm is not ringing.
void expect_cancel_waits(Clock& clock, const std::function<void()>& drive) {
  for (std::size_t round = 0; round < baton::test::scaled(200); ++round) {
    auto alive = std::make_unique<std::atomic<int>>(0);
    auto alarm = std::make_unique<CallingAlarm>([&] { ++*alive; });
    clock.set(*alarm, clock.now() + Duration(static_cast<std::int64_t>(round % 7) * 1000));
    std::jthread driver(drive);
    for (std::size_t spin = 0; spin < round % 20; ++spin) std::this_thread::yield();
    clock.cancel(*alarm);
    alarm.reset();
    alive.reset();
  }
}

TEST(SteadyTime, CancelWaitsForARingingAlarm) {
  SteadyClock clock;
  expect_cancel_waits(clock, [] {});
}

TEST(PolledTime, CancelWaitsForARingingAlarm) {
  PolledClock clock;
  expect_cancel_waits(clock, [&] { clock.poll(); });
}

TEST(SteadyTime, MovesForwards) {
  const SteadyClock clock;
  const TimePoint before = clock.now();
  EXPECT_LE(before, clock.now());
}

TEST(SteadyTime, AlarmRingsOnceAndNotEarly) {
  SteadyClock clock;
  Signal rung;
  std::atomic<int> times{0};
  std::atomic<bool> early{false};
  const TimePoint when = clock.now() + std::chrono::milliseconds(2);
  CallingAlarm alarm([&] {
    early = clock.now() < when;
    ++times;
    rung.set();
  });
  clock.set(alarm, when);
  rung.wait();
  clock.cancel(alarm);
  EXPECT_EQ(times, 1);
  EXPECT_FALSE(early);
}

TEST(SteadyTime, EarlierAlarmOvertakesAFarOne) {
  SteadyClock clock;
  Signal rung;
  CallingAlarm far([] { ADD_FAILURE() << "it rang"; });
  CallingAlarm near([&] { rung.set(); });
  clock.set(far, TimePoint::max());
  clock.set(near, clock.now());
  rung.wait();
  clock.cancel(far);
}

TEST(SteadyTime, AlarmInThePastRings) {
  SteadyClock clock;
  Signal rung;
  CallingAlarm alarm([&] { rung.set(); });
  clock.set(alarm, TimePoint::min());
  rung.wait();
}

TEST(SteadyTime, IsDestroyedWithAlarmsSet) {
  CallingAlarm alarm([] { ADD_FAILURE() << "it rang"; });
  SteadyClock clock;
  clock.set(alarm, clock.now() + std::chrono::hours(1));
}

TEST(PolledTime, RingsWhatIsDueOnTheCallingThread) {
  PolledClock clock;
  EXPECT_EQ(clock.next_deadline(), std::nullopt);
  std::vector<char> rung;
  std::thread::id thread;
  CallingAlarm due([&] {
    rung.push_back('a');
    thread = std::this_thread::get_id();
  });
  CallingAlarm later([&] { rung.push_back('b'); });
  const TimePoint far = clock.now() + std::chrono::hours(1);
  clock.set(later, far);
  EXPECT_EQ(clock.next_deadline(), far);
  const TimePoint now = clock.now();
  clock.set(due, now);
  EXPECT_EQ(clock.next_deadline(), now);
  EXPECT_TRUE(rung.empty()) << "nothing rings outside of poll";
  EXPECT_EQ(clock.poll(), 1U);
  EXPECT_THAT(rung, ElementsAre('a'));
  EXPECT_EQ(thread, std::this_thread::get_id());
  EXPECT_EQ(clock.poll(), 0U);
  EXPECT_EQ(clock.next_deadline(), far);
  clock.cancel(later);
  EXPECT_EQ(clock.next_deadline(), std::nullopt);
}

TEST(PolledTime, WhatRingingSetsWaitsForTheNextPoll) {
  PolledClock clock;
  int rung = 0;
  CallingAlarm* self = nullptr;
  CallingAlarm alarm([&] {
    ++rung;
    clock.set(*self, clock.now());
  });
  self = &alarm;
  clock.set(alarm, clock.now());
  EXPECT_EQ(clock.poll(), 1U);
  EXPECT_EQ(rung, 1);
  clock.cancel(alarm);
}

TEST(AnyClock, CancelInsideRingReturnsAtOnce) {
  VirtualClock clock;
  CallingAlarm* self = nullptr;
  bool returned = false;
  CallingAlarm alarm([&] {
    clock.cancel(*self);
    returned = true;
  });
  self = &alarm;
  clock.hold();
  clock.set(alarm, at(1));
  clock.release();
  EXPECT_TRUE(returned);
}

}  // namespace
