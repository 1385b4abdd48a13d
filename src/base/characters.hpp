// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string_view>

namespace baton::detail {

/// A piece of a text that may not be UTF-8.
struct Character {
  std::string_view bytes;
  char32_t code = 0;
  bool valid = false;  ///< Otherwise `bytes` is a single byte that is no part of a character.
};

/// The character that `text`, which is not empty, begins with.
inline Character first_character(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {text.substr(0, 1), static_cast<char32_t>(lead), true};
  const Character broken{text.substr(0, 1), 0, false};
  if (lead < 0xC2 || lead > 0xF4) return broken;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // Narrower where it could be written shorter, is a surrogate, or lies beyond Unicode.
  const unsigned lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < lowest || byte(1) > highest) return broken;
  char32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return broken;
    code = (code << 6) | (byte(i) & 0x3F);
  }
  return {text.substr(0, length), code, true};
}

/// Calls `each(Character)` for all of `text` in order.
template <typename Each>
void for_each_character(std::string_view text, Each each) {
  while (!text.empty()) {
    const Character character = first_character(text);
    each(character);
    text.remove_prefix(character.bytes.size());
  }
}

/// Whether a terminal or a page would obey the character instead of showing it: controls, line separators, and what
/// changes the direction of writing.
constexpr bool is_control(char32_t code) noexcept {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

/// Whether XML cannot hold the character, or holds it only as something else (C1 controls).
constexpr bool is_forbidden_in_xml(char32_t code) noexcept {
  return (code >= 0x80 && code < 0xA0) || code == 0xFFFE || code == 0xFFFF;
}

}  // namespace baton::detail
