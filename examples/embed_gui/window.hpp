// SPDX-License-Identifier: MIT
#pragma once

#include <baton/scheduler/snapshot.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace window {

/// What a frame tells besides the tasks.
struct Status {
  std::size_t frame = 0;      ///< Counted from 1.
  double per_second = 0;      ///< Frames; 0: not known yet.
  baton::Duration longest{};  ///< The most time that the bodies of one frame have taken.
};

/// Draws snapshots of runs of one plan as text: a column of boxes for each level, and a list of what goes on.
class Window {
 public:
  explicit Window(const baton::Plan& plan);

  /// A frame, always of the same number of lines, of at most 78 columns. What is drawn is the snapshot and nothing
  /// else.
  [[nodiscard]] std::vector<std::string> draw(const baton::Snapshot& snapshot, const Status& status) const;

 private:
  [[nodiscard]] std::string draw_row(const baton::Snapshot& snapshot, std::size_t row) const;
  void draw_list(const baton::Snapshot& snapshot, std::vector<std::string>& lines) const;

  std::vector<std::vector<baton::TaskId>> levels_;
};

/// Shows frames on a terminal, each in the place of the one before, or below each other.
class Screen {
 public:
  enum class Kind { in_place, plain };
  explicit Screen(Kind kind) : kind_(kind) {}

  /// Cuts the lines to the width that the terminal has now, so that none wraps.
  void show(std::vector<std::string> lines);

 private:
  Kind kind_;
  std::size_t shown_ = 0;  // lines of the frame before
};

/// Whether stdout is a terminal that moves its cursor when told to.
[[nodiscard]] bool stdout_is_terminal() noexcept;

}  // namespace window
