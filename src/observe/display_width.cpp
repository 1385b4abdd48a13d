// SPDX-License-Identifier: MIT
#include "observe/display_width.hpp"

#include "base/characters.hpp"

#include <baton/observe/text.hpp>

#include <algorithm>
#include <array>

namespace baton::detail {
namespace {

struct Range {
  char32_t first, last;
};

// Characters that are drawn over the one before, or not at all; those of wide use.
constexpr std::array<Range, 22> zero_wide{{
    {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x5BF, 0x5BF},   {0x5C1, 0x5C2},   {0x610, 0x61A},
    {0x64B, 0x65F},   {0x670, 0x670},   {0x6D6, 0x6DC},   {0x6DF, 0x6E4},   {0x941, 0x948},   {0x94D, 0x94D},
    {0xE31, 0xE31},   {0xE34, 0xE3A},   {0xE47, 0xE4E},   {0x1AB0, 0x1ACE}, {0x1DC0, 0x1DFF}, {0x200B, 0x200D},
    {0x20D0, 0x20F0}, {0x3099, 0x309A}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF},
}};

// East Asian characters and pictures.
constexpr std::array<Range, 34> twice_wide{{
    {0x1100, 0x115F}, {0x231A, 0x231B}, {0x2329, 0x232A},   {0x23E9, 0x23F3},   {0x25FD, 0x25FE}, {0x2614, 0x2615},
    {0x2648, 0x2653}, {0x267F, 0x267F}, {0x2693, 0x2693},   {0x26A1, 0x26A1},   {0x26AA, 0x26AB}, {0x26BD, 0x26BE},
    {0x26C4, 0x26C5}, {0x26CE, 0x26EA}, {0x26F2, 0x26FD},   {0x2705, 0x2705},   {0x270A, 0x270B}, {0x2728, 0x2728},
    {0x274C, 0x274E}, {0x2753, 0x2757}, {0x2795, 0x27BF},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B55}, {0x2E80, 0x303E},
    {0x3041, 0xA4C6}, {0xA960, 0xA97C}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19}, {0xFE30, 0xFE6F},
    {0xFF01, 0xFF60}, {0xFFE0, 0xFFE6}, {0x16FE0, 0x1B2FB}, {0x1F000, 0x3FFFD},
}};

template <std::size_t size>
bool contains(const std::array<Range, size>& ranges, char32_t code) noexcept {
  const auto found = std::lower_bound(ranges.begin(), ranges.end(), code,
                                      [](const Range& range, char32_t c) { return range.last < c; });
  return found != ranges.end() && found->first <= code;
}

/// Without what is not ASCII, where that is not wanted.
std::string shown(std::string_view text, bool unicode) {
  // More than any terminal shows; a name may be as long as it likes.
  constexpr std::size_t most = 8192;
  std::string line = one_line(text.substr(0, most));
  if (unicode) return line;
  std::string plain;
  plain.reserve(line.size());
  for_each_character(line, [&](const Character& c) { plain += c.code < 0x80 ? static_cast<char>(c.code) : '?'; });
  return plain;
}

}  // namespace

std::size_t display_width(char32_t code) noexcept {
  if (code < 0x300) return 1;
  if (contains(zero_wide, code)) return 0;
  return contains(twice_wide, code) ? 2 : 1;
}

std::size_t display_width(std::string_view text) noexcept {
  std::size_t width = 0;
  for_each_character(text, [&](const Character& character) { width += display_width(character.code); });
  return width;
}

std::size_t display_rows(std::string_view text, std::size_t columns) noexcept {
  std::size_t rows = 1;
  std::size_t column = 0;
  for_each_character(text, [&](const Character& character) {
    const std::size_t width = std::min(display_width(character.code), columns);
    if (column + width > columns) {
      ++rows;
      column = 0;
    }
    column += width;
  });
  return rows;
}

std::string fit(std::string_view text, std::size_t columns, bool unicode) {
  std::string line = shown(text, unicode);
  if (display_width(line) <= columns) return line;
  const std::string_view ellipsis = unicode ? "\u2026" : "...";
  const std::size_t mark = unicode ? 1 : ellipsis.size();
  const std::size_t room = columns > mark ? columns - mark : 0;
  std::size_t width = 0;
  std::size_t bytes = 0;
  for (std::string_view rest = line; !rest.empty();) {
    const Character character = first_character(rest);
    width += display_width(character.code);
    if (width > room) break;
    bytes += character.bytes.size();
    rest.remove_prefix(character.bytes.size());
  }
  line.resize(bytes);
  return line.append(ellipsis.substr(0, columns >= mark ? ellipsis.size() : unicode ? 0 : columns));
}

}  // namespace baton::detail
