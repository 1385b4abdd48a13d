// SPDX-License-Identifier: MIT
#pragma once

#include <baton/observe/progress.hpp>

#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton::detail {

/// The terminal that a stream writes to, if it does.
class Terminal {
 public:
  /// @param out  Known are stderr and stdout, by their buffers.
  explicit Terminal(const std::ostream& out);

  /// Whether there is a terminal and it obeys sequences that move the cursor.
  [[nodiscard]] bool can_move_cursor() const noexcept;
  /// Its size now; nothing where there is no terminal or it does not know.
  [[nodiscard]] std::optional<TerminalSize> size() const noexcept;

 private:
  int descriptor_;  // -1: none
};

/// Whether the environment's locale writes UTF-8.
[[nodiscard]] bool locale_is_utf8() noexcept;

/// Some lines at the end of what a terminal shows, drawn anew in their place. Between two drawings the cursor is at the
/// start of the line below them, so whoever else writes there, or finds it there when the process is gone, is on a
/// fresh line.
///
/// Lines must not wrap when they are drawn. When the terminal has become narrower since, it is taken to have wrapped
/// them, as most do, and all their rows are cleared.
class TerminalBlock {
 public:
  /// What to write so that `lines` stand where those before stood.
  [[nodiscard]] std::string draw(std::vector<std::string> lines, TerminalSize size);
  /// What to write so that `text` stands above the lines. A line break is added where it ends with none.
  [[nodiscard]] std::string print(std::string_view text, TerminalSize size) const;
  /// The lines stay for good, and the next ones come below.
  void leave() noexcept { lines_.clear(); }

 private:
  [[nodiscard]] std::string go_to_top(TerminalSize size) const;
  void append_lines(std::string& bytes) const;

  std::vector<std::string> lines_;
};

}  // namespace baton::detail
