// SPDX-License-Identifier: MIT
#include "observe/terminal.hpp"

#include "observe/display_width.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <iostream>
#include <utility>

#if defined(_WIN32)
#include <io.h>
#else
#include <sys/ioctl.h>
#include <unistd.h>
#endif

namespace baton::detail {
namespace {

int descriptor_of(const std::ostream& out) noexcept {
  if (out.rdbuf() == nullptr) return -1;
  if (out.rdbuf() == std::cerr.rdbuf() || out.rdbuf() == std::clog.rdbuf()) return 2;
  return out.rdbuf() == std::cout.rdbuf() ? 1 : -1;
}

bool is_terminal(int descriptor) noexcept {
#if defined(_WIN32)
  return descriptor >= 0 && _isatty(descriptor) != 0;
#else
  return descriptor >= 0 && isatty(descriptor) != 0;
#endif
}

/// The variable `name`; empty where it is not set.
std::string_view variable(const char* name) noexcept {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody can do better
  return value == nullptr ? std::string_view{} : value;
}

}  // namespace

Terminal::Terminal(const std::ostream& out) : descriptor_(descriptor_of(out)) {
  if (!is_terminal(descriptor_)) descriptor_ = -1;
}

bool Terminal::can_move_cursor() const noexcept {
  if (descriptor_ < 0) return false;
#if defined(_WIN32)
  return true;
#else
  const std::string_view kind = variable("TERM");
  return !kind.empty() && kind != "dumb";
#endif
}

std::optional<TerminalSize> Terminal::size() const noexcept {
#if !defined(_WIN32)
  winsize size{};
  if (descriptor_ >= 0 && ioctl(descriptor_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    return TerminalSize{size.ws_col, size.ws_row};
  }
#endif
  return std::nullopt;
}

bool locale_is_utf8() noexcept {
  std::string_view locale;
  for (const char* const name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    locale = variable(name);
    if (!locale.empty()) break;
  }
  std::string letters;
  for (const char c : locale) {
    if (c != '-') letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return letters.find("utf8") != std::string::npos;
}

std::string TerminalBlock::draw(std::vector<std::string> lines, TerminalSize size) {
  std::string bytes = go_to_top(size);
  lines_ = std::move(lines);
  append_lines(bytes);
  return bytes;
}

std::string TerminalBlock::print(std::string_view text, TerminalSize size) const {
  std::string bytes = go_to_top(size);
  if (!lines_.empty()) bytes += "\x1b[J";
  bytes += text;
  if (text.empty() || text.back() != '\n') bytes += '\n';
  if (!lines_.empty()) append_lines(bytes);
  return bytes;
}

std::string TerminalBlock::go_to_top(TerminalSize size) const {
  if (lines_.empty()) return {};
  std::size_t rows = 0;
  for (const std::string& line : lines_) rows += display_rows(line, std::max<std::size_t>(size.columns, 1));
  return "\r\x1b[" + std::to_string(rows) + 'A';  // stops at the top of the window
}

void TerminalBlock::append_lines(std::string& bytes) const {
  for (const std::string& line : lines_) bytes.append(line).append("\x1b[K\n");
  bytes += "\x1b[J";
}

}  // namespace baton::detail
