// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace baton::detail {

/// The columns that a terminal gives to a character that is no control: 0, 1 or 2. Where terminals do not agree, the
/// most, since a line that is too short does less harm than one that wraps.
[[nodiscard]] std::size_t display_width(char32_t code) noexcept;
/// The columns of `text`, which `one_line` or `fit` has made.
[[nodiscard]] std::size_t display_width(std::string_view text) noexcept;

/// The rows that `text`, made as above, takes in a terminal of `columns` (at least 1); an empty one takes a row too.
[[nodiscard]] std::size_t display_rows(std::string_view text, std::size_t columns) noexcept;

/// `text` as `one_line` shows it, in at most `columns`: a longer one is cut and ends with an ellipsis. Without
/// `unicode`, a question mark stands for what is not ASCII.
[[nodiscard]] std::string fit(std::string_view text, std::size_t columns, bool unicode);

}  // namespace baton::detail
