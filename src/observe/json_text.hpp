// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/time.hpp>

#include <string>
#include <string_view>

namespace baton::detail {

/// `text` as a string of JSON, its quotes included; bytes that are not UTF-8 become U+FFFD.
std::string quote_json(std::string_view text);

/// A number in microseconds, to the nanosecond: `1500.250`.
std::string json_microseconds(Duration duration);

}  // namespace baton::detail
