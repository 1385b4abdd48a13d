// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace examples {

/// `12345` cents as `123.45`.
inline std::string format_money(std::int64_t cents) {
  const bool is_negative = cents < 0;
  const std::uint64_t size = is_negative ? 0 - static_cast<std::uint64_t>(cents) : static_cast<std::uint64_t>(cents);
  std::string text = std::to_string(size % 100);
  if (text.size() < 2) text.insert(0, 1, '0');
  text.insert(0, std::to_string(size / 100).append("."));
  return is_negative ? text.insert(0, 1, '-') : text;
}

/// `text`, filled up with spaces to `width` bytes in front or behind.
inline std::string pad_left(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}
inline std::string pad_right(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace examples
