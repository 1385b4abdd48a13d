// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace baton::detail {

/// Appends `text` as it may stand between tags. Control characters and what is not UTF-8 become U+FFFD.
void append_svg_text(std::string& out, std::string_view text);

/// The same with an ellipsis instead of what does not fit into `room`, in hundredths of the font size.
void append_short_svg_text(std::string& out, std::string_view text, int room);

}  // namespace baton::detail
