// SPDX-License-Identifier: MIT
#pragma once

#include <baton/observe/progress.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace baton::test {

/// A terminal as far as progress needs one: it wraps, scrolls, and obeys a few sequences. Anything else fails the test.
class TerminalEmulator {
 public:
  /// What happens to lines that are there when the window gets narrower or wider.
  enum class Resize { wraps_anew, cuts };

  explicit TerminalEmulator(TerminalSize size, Resize resize = Resize::wraps_anew) : size_(size), resize_(resize) {}

  [[nodiscard]] TerminalSize size() const { return size_; }
  /// How many lines did not fit when they were written.
  [[nodiscard]] std::size_t wraps() const { return wraps_; }
  [[nodiscard]] std::size_t column() const { return column_; }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      if (bytes.starts_with("\x1b[")) {
        obey(bytes);
      } else if (bytes[0] == '\n') {
        // The terminal's driver adds the return.
        go_to(row_ + 1, 0);
        bytes.remove_prefix(1);
      } else if (bytes[0] == '\r') {
        column_ = 0;
        bytes.remove_prefix(1);
      } else {
        put(bytes);
      }
    }
  }

  void resize(TerminalSize size) {
    if (resize_ == Resize::wraps_anew) {
      wrap_anew(size.columns);
    } else {
      for (Row& row : rows_) row = {{row.cells.begin(), row.cells.begin() + fitting(row, size.columns)}, false};
      column_ = std::min(column_, size.columns - 1);
    }
    size_ = size;
  }

  /// The rows of the window from its top, without spaces at their ends and empty rows at the end.
  [[nodiscard]] std::string screen() const { return text_from(top()); }
  /// The same with what has scrolled away.
  [[nodiscard]] std::string all() const { return text_from(0); }

 private:
  struct Row {
    std::vector<std::string> cells;  // that of a wide character is followed by an empty one
    bool goes_on = false;            // in the next row
  };

  [[nodiscard]] std::size_t top() const { return rows_.size() > size_.rows ? rows_.size() - size_.rows : 0; }

  static std::ptrdiff_t fitting(const Row& row, std::size_t columns) {
    return static_cast<std::ptrdiff_t>(std::min(row.cells.size(), columns));
  }

  [[nodiscard]] std::string text_from(std::size_t first) const {
    std::string text;
    for (std::size_t i = first; i < rows_.size(); ++i) {
      for (const std::string& cell : rows_[i].cells) text += cell;
      text.erase(text.find_last_not_of(' ') + 1);
      text += '\n';
    }
    text.erase(text.find_last_not_of('\n') + 1);
    return text;
  }

  void go_to(std::size_t row, std::size_t column) {
    row_ = row;
    column_ = column;
    if (rows_.size() <= row) rows_.resize(row + 1);
  }

  void obey(std::string_view& bytes) {
    std::size_t number = 0;
    std::size_t at = 2;
    for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9'; ++at) {
      number = number * 10 + static_cast<std::size_t>(bytes[at] - '0');
    }
    const char what = at < bytes.size() ? bytes[at] : '?';
    std::vector<std::string>& cells = rows_[row_].cells;
    if (what == 'A') {
      row_ = row_ >= top() + number ? row_ - number : top();
    } else if (what == 'K' || what == 'J') {
      if (cells.size() > column_) cells.resize(column_);
      rows_[row_].goes_on = false;
      for (std::size_t i = row_ + 1; what == 'J' && i < rows_.size(); ++i) rows_[i] = {};
    } else {
      ADD_FAILURE() << "an unknown sequence: " << bytes.substr(2, at - 1);
    }
    bytes.remove_prefix(std::min(at + 1, bytes.size()));
  }

  void put(std::string_view& bytes) {
    const auto lead = static_cast<unsigned char>(bytes[0]);
    EXPECT_TRUE(lead >= 0x20 && lead != 0x7F) << "a control character: " << static_cast<int>(lead);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const std::string character(bytes.substr(0, length));
    bytes.remove_prefix(std::min(length, bytes.size()));
    // Those that the tests use.
    const bool is_wide = (character >= "\u3000" && character <= "\uD7A3") || character >= "\U0001F300";
    if (character >= "\u0300" && character <= "\u036F" && column_ > 0) {
      rows_[row_].cells[column_ - 1] += character;
      return;
    }
    const std::size_t width = is_wide ? 2 : 1;
    if (column_ + width > size_.columns && column_ > 0) {
      ++wraps_;
      rows_[row_].goes_on = true;
      go_to(row_ + 1, 0);
    }
    std::vector<std::string>& cells = rows_[row_].cells;
    if (cells.size() < column_ + width) cells.resize(column_ + width, " ");
    cells[column_] = character;
    if (is_wide) cells[column_ + 1].clear();
    column_ += width;
  }

  void wrap_anew(std::size_t columns) {
    std::vector<Row> wrapped;
    std::size_t cursor_row = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      // What belongs to one line goes on in the row that it has got so far.
      if (i == 0 || !rows_[i - 1].goes_on) wrapped.emplace_back();
      if (i == row_) cursor_row = wrapped.size() - 1;
      const std::vector<std::string>& cells = rows_[i].cells;
      for (std::size_t cell = 0; cell < cells.size(); ++cell) {
        // The two halves of a wide character stay together.
        const std::size_t width = cell + 1 < cells.size() && cells[cell + 1].empty() ? 2 : 1;
        if (wrapped.back().cells.size() + width > columns && !cells[cell].empty()) {
          wrapped.back().goes_on = true;
          wrapped.emplace_back();
        }
        wrapped.back().cells.push_back(cells[cell]);
      }
    }
    EXPECT_EQ(column_, 0U) << "the cursor of this emulator goes along only at the start of a line";
    rows_ = std::move(wrapped);
    if (rows_.empty()) rows_.emplace_back();
    row_ = cursor_row;
  }

  TerminalSize size_;
  Resize resize_;
  std::vector<Row> rows_{1};
  std::size_t row_ = 0;
  std::size_t column_ = 0;
  std::size_t wraps_ = 0;
};

}  // namespace baton::test
