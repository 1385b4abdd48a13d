// SPDX-License-Identifier: MIT
#include <baton/base/type.hpp>

#include <cstdlib>
#include <memory>
#include <string_view>

#if defined(__GNUG__)
#include <cxxabi.h>
#endif

namespace baton {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

/// Removes each argument of a template that begins with `start`, up to the bracket that ends it.
void remove_arguments(std::string& text, std::string_view start) {
  for (std::size_t at = 0; (at = text.find(start, at)) != std::string::npos;) {
    std::size_t end = at + start.size();
    for (int depth = 1; depth > 0 && end < text.size(); ++end)
      depth += text[end] == '<' ? 1 : text[end] == '>' ? -1 : 0;
    text.erase(at, end - at);
  }
}

}  // namespace

std::string readable_name(const std::type_info& type) {
#if defined(__GNUG__)
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(type.name(), nullptr, nullptr, &status),
                                                    std::free);
  if (status == 0) {
    std::string text = name.get();
    replace_all(text, "std::__cxx11::", "std::");
    replace_all(text, "std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string");
    // What nobody writes: the default arguments of the library's templates.
    for (const std::string_view start :
         {", std::allocator<", ", std::less<", ", std::hash<", ", std::equal_to<", ", std::default_delete<"}) {
      remove_arguments(text, start);
    }
    replace_all(text, " >", ">");
    return text;
  }
#endif
  return type.name();
}

}  // namespace baton
