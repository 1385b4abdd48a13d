// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/time.hpp>
#include <baton/observe/progress.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace baton::detail {

/// What there is to be shown of some runs.
struct ProgressFigures {
  std::string name;  // any bytes
  std::uint64_t total = 0;
  std::uint64_t ended = 0;
  std::uint64_t failed = 0;
  std::uint64_t running = 0;
  Duration time{};
  std::optional<Duration> left{};
  bool is_paused = false;  // all runs are
  bool is_last = false;

  struct Task {
    std::string name;  // any bytes
    Duration time{};
  };
  std::vector<Task> tasks{};  // some of those that run, the longest first
};

/// How many tasks have a line of their own, at most.
inline constexpr std::size_t most_task_lines = 8;

/// `nightly: 2 of 4 tasks ended, 1 running, 2 s, 1.0/s`, without a line break.
[[nodiscard]] std::string draw_line(const ProgressFigures& figures);

/// A bar, and the tasks, as far as there is room for them and for a line below. Each line leaves the last column free,
/// where terminals differ in when they wrap.
[[nodiscard]] std::vector<std::string> draw_block(const ProgressFigures& figures, TerminalSize size, bool unicode);

}  // namespace baton::detail
