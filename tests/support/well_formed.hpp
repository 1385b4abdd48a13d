// SPDX-License-Identifier: MIT
#pragma once

#include "base/characters.hpp"

#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton::test {

/// What stands between `<` and `>`.
struct XmlTag {
  bool closes = false;  // </name>
  bool alone = false;   // <name/>
  std::string name;
};

/// Takes a name off the front of `text`; empty where there is none.
inline std::string take_xml_name(std::string_view& text) {
  std::size_t length = 0;
  const auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '-'; };
  if (text.empty() || std::isalpha(static_cast<unsigned char>(text[0])) == 0) return {};
  while (length < text.size() && fits(text[length])) ++length;
  std::string name(text.substr(0, length));
  text.remove_prefix(length);
  return name;
}

/// Nothing where it is no tag.
inline std::optional<XmlTag> parse_xml_tag(std::string_view inside) {
  XmlTag tag;
  tag.closes = inside.starts_with('/');
  if (tag.closes) inside.remove_prefix(1);
  tag.name = take_xml_name(inside);
  if (tag.name.empty()) return std::nullopt;
  while (inside.starts_with(' ')) {
    inside.remove_prefix(1);
    if (take_xml_name(inside).empty() || !inside.starts_with("=\"")) return std::nullopt;
    const std::size_t end = inside.find('"', 2);
    if (end == std::string_view::npos || inside.substr(0, end).find('<') != std::string_view::npos) return std::nullopt;
    inside.remove_prefix(end + 1);
  }
  tag.alone = inside == "/";
  if (!inside.empty() && !tag.alone) return std::nullopt;
  return tag;
}

/// What keeps `text` from being well-formed XML, as far as our pictures use XML: elements, attributes in double quotes,
/// the references `&amp;`, `&lt;` and `&gt;`. Empty where nothing does.
inline std::string xml_fault(std::string_view text) {
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
    const std::optional<XmlTag> tag = parse_xml_tag(inside);
    if (!tag) return "no tag: <" + inside + ">";
    if (tag->closes) {
      if (open.empty() || open.back() != tag->name) return "</" + tag->name + "> closes something else";
      open.pop_back();
      continue;
    }
    if (open.empty() && had_root) return "two roots";
    had_root = true;
    if (!tag->alone) open.push_back(tag->name);
  }
  if (!open.empty()) return "<" + open.back() + "> stays open";
  return had_root ? "" : "no element";
}

}  // namespace baton::test
