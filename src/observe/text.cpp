// SPDX-License-Identifier: MIT
#include <baton/observe/text.hpp>

#include "base/characters.hpp"

#include <array>
#include <cstddef>
#include <cstdio>

namespace baton {
namespace {

template <typename... Values>
std::string print(const char* format, Values... values) {
  std::array<char, 48> text{};
  const int length = std::snprintf(text.data(), text.size(), format, values...);
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string escape(const detail::Character& character) {
  if (!character.valid) return print("\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(character.bytes[0])));
  switch (character.code) {
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    case U'\t':
      return "\\t";
    default:
      break;
  }
  return print(character.code < 0x80 ? "\\x%02x" : "\\u%04x", static_cast<unsigned>(character.code));
}

/// `value` in three digits, without zeros at the end.
std::string three_digits(double value) {
  std::string text = print("%.*f", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  detail::for_each_character(text, [&](const detail::Character& character) {
    if (character.valid && !detail::is_control(character.code)) {
      line += character.bytes;
    } else {
      line += escape(character);
    }
  });
  return line;
}

std::string format_duration(Duration duration) {
  struct Unit {
    const char* name;
    double nanoseconds;
  };
  constexpr std::array<Unit, 4> units{{{" ns", 1}, {" us", 1e3}, {" ms", 1e6}, {" s", 1e9}}};
  if (duration == Duration::zero()) return "0 s";
  const auto count = static_cast<double>(duration.count());
  const double size = count < 0 ? -count : count;
  std::size_t unit = 0;
  // From 999.5 on it would be shown as 1000 of the smaller unit.
  while (unit + 1 < units.size() && size / units[unit].nanoseconds >= 999.5) ++unit;
  std::string text = count < 0 ? "-" : "";
  return text.append(three_digits(size / units[unit].nanoseconds)).append(units[unit].name);
}

}  // namespace baton
