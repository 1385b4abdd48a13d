// SPDX-License-Identifier: MIT
#include "graph/svg_text.hpp"

#include "base/characters.hpp"

#include <cstddef>
#include <vector>

namespace baton::detail {
namespace {

constexpr int ellipsis = 100;  // its width

void append_character(std::string& out, const Character& character) {
  if (!character.valid || is_control(character.code) || is_forbidden_in_xml(character.code)) {
    out += "\uFFFD";
  } else if (character.code == U'&') {
    out += "&amp;";
  } else if (character.code == U'<') {
    out += "&lt;";
  } else if (character.code == U'>') {
    out += "&gt;";
  } else {
    out += character.bytes;
  }
}

/// How wide a character is in a common font, in hundredths of the font size; rather too much than too little.
int width_of(const Character& character) {
  const char32_t code = character.code;
  if (!character.valid || is_control(code)) return 105;  // U+FFFD
  if (code >= 0x300 && code < 0x370) return 0;           // accents on the character before
  if (code >= 0x80 && code < 0x1100) return 75;
  if (code >= 0x80) return code >= 0x1E00 && code < 0x2000 ? 75 : 115;
  constexpr std::string_view narrow = "fijlrtI.,:;'`|!()[]/\\ -";
  constexpr std::string_view wide = "mwMW@%";
  const char c = static_cast<char>(code);
  if (narrow.find(c) != std::string_view::npos) return 42;
  if (wide.find(c) != std::string_view::npos) return 100;
  return c >= 'A' && c <= 'Z' ? 77 : 62;
}

}  // namespace

void append_svg_text(std::string& out, std::string_view text) {
  for_each_character(text, [&](const Character& character) { append_character(out, character); });
}

void append_short_svg_text(std::string& out, std::string_view text, int room) {
  std::vector<Character> characters;
  characters.reserve(text.size());
  int needed = 0;  // no more than a little beyond `room`
  for_each_character(text, [&](const Character& character) {
    characters.push_back(character);
    if (needed <= room) needed += width_of(character);
  });
  if (needed <= room) return append_svg_text(out, text);

  // Names often differ in their ends, so a third of the room is for the end.
  int left = room - ellipsis;
  std::size_t tail = characters.size();
  for (int used = 0; tail > 0 && used + width_of(characters[tail - 1]) <= left / 3;) {
    used += width_of(characters[--tail]);
  }
  for (std::size_t at = tail; at < characters.size(); ++at) left -= width_of(characters[at]);
  for (std::size_t at = 0; at < tail && left >= width_of(characters[at]); ++at) {
    left -= width_of(characters[at]);
    append_character(out, characters[at]);
  }
  out += "\u2026";
  for (std::size_t at = tail; at < characters.size(); ++at) append_character(out, characters[at]);
}

}  // namespace baton::detail
