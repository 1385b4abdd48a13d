// SPDX-License-Identifier: MIT
#pragma once

namespace baton::test {

/// While it exists, the system refuses to start a thread once `successes` more have been started.
class ThreadStartFailure {
 public:
  explicit ThreadStartFailure(int successes);
  ThreadStartFailure(const ThreadStartFailure&) = delete;
  ThreadStartFailure& operator=(const ThreadStartFailure&) = delete;
  ~ThreadStartFailure();
};

}  // namespace baton::test
