// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>

#include <memory>
#include <optional>

namespace baton {

/// Something that wants to know when a time has come.
class Alarm {
 public:
  /// Called by a clock, without any of its locks held. May set and cancel alarms.
  virtual void ring() noexcept = 0;

 protected:
  ~Alarm() = default;
};

/// The scheduler's sense of time; the seam that lets tests run three days in a millisecond.
///
/// Thread-safe. A clock outlives the schedulers that use it.
class BATON_API Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock();

  /// The time now. Never goes backwards.
  [[nodiscard]] virtual TimePoint now() const noexcept = 0;

  /// Arranges that `alarm.ring` is called once, at `when` or soon after, instead of when it was set for before.
  /// A time in the past rings soon. The caller keeps `alarm` alive until it has rung or `cancel` has returned.
  /// @throws std::bad_alloc, std::system_error  there is no memory, or no thread; the alarm is as it was. Not for an
  ///         alarm that is set or is ringing: that can always be moved.
  virtual void set(Alarm& alarm, TimePoint when) = 0;

  /// Takes the alarm back without waiting: it may be ringing at this moment.
  virtual void unset(Alarm& alarm) noexcept = 0;

  /// Takes the alarm back. Once this returns, `alarm.ring` is not running and will not be called, except that a call
  /// from inside `ring` returns at once.
  virtual void cancel(Alarm& alarm) noexcept = 0;

  /// Tells that something is going on that takes no time of this clock: until the matching `release`, virtual time
  /// stands still. Calls nest. Real clocks ignore both.
  virtual void hold() noexcept;
  /// Ends a `hold`.
  virtual void release() noexcept;
};

/// Real time. Starts one thread when the first alarm is set.
class BATON_API SteadyClock final : public Clock {
 public:
  SteadyClock();
  ~SteadyClock() override;
  [[nodiscard]] TimePoint now() const noexcept override;
  void set(Alarm& alarm, TimePoint when) override;
  void unset(Alarm& alarm) noexcept override;
  void cancel(Alarm& alarm) noexcept override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Real time without a thread: the host's own loop calls `poll`. The companion of ManualExecutor.
class BATON_API PolledClock final : public Clock {
 public:
  PolledClock();
  ~PolledClock() override;
  [[nodiscard]] TimePoint now() const noexcept override;
  void set(Alarm& alarm, TimePoint when) override;
  void unset(Alarm& alarm) noexcept override;
  void cancel(Alarm& alarm) noexcept override;

  /// Rings every alarm that is due, on the calling thread.
  /// @returns how many rang.
  std::size_t poll();
  /// When `poll` should be called next, or nothing while no alarm is set.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace baton
