// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace baton::detail {

/// Whether `name` is what `pattern` describes: `*` stands for any characters but '/', `?` for one, all else for itself.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view name) noexcept;

/// The places in `names` of those that match, ascending.
[[nodiscard]] std::vector<std::size_t> find_matches(std::string_view pattern, const std::vector<std::string>& names);

/// `; the nearest names are 'load', 'lead'`: up to three, fewest edits first; nothing where there are none.
[[nodiscard]] std::string nearest_names(std::string_view pattern, const std::vector<std::string>& names);

/// @throws UsageError  `pattern` is none that a task's name could match; `user` begins the message.
void check_pattern(std::string_view user, std::string_view pattern);

}  // namespace baton::detail
