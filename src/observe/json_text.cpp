// SPDX-License-Identifier: MIT
#include "observe/json_text.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstddef>
#include <cstdio>

namespace baton::detail {

std::string quote_json(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_microseconds(Duration duration) {
  const Duration::rep count = duration.count();
  const Duration::rep size = count < 0 ? -count : count;
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%s%lld.%03lld", count < 0 ? "-" : "",
                                   static_cast<long long>(size / 1000), static_cast<long long>(size % 1000));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace baton::detail
