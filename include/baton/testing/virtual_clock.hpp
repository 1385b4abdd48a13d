// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/scheduler/clock.hpp>

#include <memory>

namespace baton {

/// A clock whose time jumps to the next alarm as soon as nothing else is going on, so that waiting takes no real time.
///
/// It stands still while a run has anything ready or running, while a `Hold` exists, and while an alarm rings; whoever
/// ends the last of those moves it on, on its own thread. Alarms of one time ring in the order in which they were set.
/// Starts at zero. An alarm that a host sets while nothing is going on rings once the next hold or run has ended.
class BATON_API VirtualClock final : public Clock {
 public:
  VirtualClock();
  ~VirtualClock() override;
  [[nodiscard]] TimePoint now() const noexcept override;
  void set(Alarm& alarm, TimePoint when) override;
  void unset(Alarm& alarm) noexcept override;
  void cancel(Alarm& alarm) noexcept override;
  void hold() noexcept override;
  void release() noexcept override;

  /// Keeps time still, for instance while several runs are started that shall begin at the same time.
  class Hold {
   public:
    /// Holds `clock`, which outlives this.
    explicit Hold(VirtualClock& clock) : clock_(clock) { clock_.hold(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { clock_.release(); }

   private:
    VirtualClock& clock_;
  };

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace baton
