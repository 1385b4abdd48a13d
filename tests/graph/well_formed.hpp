// SPDX-License-Identifier: MIT
#pragma once

#include "base/characters.hpp"

#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace baton::test {

/// What keeps `text` from being well-formed XML, as far as our pictures use XML: elements, attributes in double quotes,
/// the references `&amp;`, `&lt;` and `&gt;`. Empty where nothing does.
inline std::string xml_fault(std::string_view text) {
  static const std::regex tag(R"re((/?)([A-Za-z][A-Za-z0-9:]*)((?: [A-Za-z][A-Za-z0-9:-]*="[^"<]*")*)(/?))re");
  std::string fault;
  detail::for_each_character(text, [&](const detail::Character& character) {
    const char32_t code = character.code;
    if (!character.valid) fault = "bytes that are not UTF-8";
    if ((code < 0x20 && code != U'\n') || code == 0xFFFE || code == 0xFFFF) fault = "a forbidden character";
  });
  if (!fault.empty()) return fault;

  std::vector<std::string> open;
  bool had_root = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '&') {
      const std::string_view rest = text.substr(at);
      if (!rest.starts_with("&amp;") && !rest.starts_with("&lt;") && !rest.starts_with("&gt;")) return "a bare &";
    }
    if (text[at] != '<') {
      if (open.empty() && text[at] != '\n') return "text outside of the root";
      ++at;
      continue;
    }
    const std::size_t end = text.find('>', at);
    if (end == std::string_view::npos) return "a tag without an end";
    const std::string inside(text.substr(at + 1, end - at - 1));
    at = end + 1;
    std::smatch parts;
    if (!std::regex_match(inside, parts, tag)) return "no tag: <" + inside + ">";
    if (parts[1].length() != 0) {
      if (open.empty() || open.back() != parts[2]) return "</" + parts[2].str() + "> closes something else";
      open.pop_back();
      continue;
    }
    if (open.empty() && had_root) return "two roots";
    had_root = true;
    if (parts[4].length() == 0) open.push_back(parts[2]);
  }
  if (!open.empty()) return "<" + open.back() + "> stays open";
  return had_root ? "" : "no element";
}

}  // namespace baton::test
