// SPDX-License-Identifier: MIT
#pragma once

#include <baton/base/export.hpp>
#include <baton/base/time.hpp>

#include <string>
#include <string_view>

namespace baton {

/// `text`, fit for one line of a terminal or a log.
///
/// Names of tasks and messages of errors may hold anything. Control characters, those that change the direction of
/// writing, and bytes that are not UTF-8 are shown as escapes: `\n`, `\x1b`, `\u202e`. All else stays, the backslash
/// too.
[[nodiscard]] BATON_API std::string one_line(std::string_view text);

/// `duration` for people, in three digits or so: `0 s`, `850 ns`, `12.3 ms`, `41.2 s`, `75847 s`.
[[nodiscard]] BATON_API std::string format_duration(Duration duration);

}  // namespace baton
