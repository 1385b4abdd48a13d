// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace baton::detail {

// What the page of a report is made of besides data: the files in src/observe/report, put here by the build. The hashes
// are what a Content-Security-Policy allows them by.
extern const std::string_view report_style;
extern const std::string_view report_style_hash;
extern const std::string_view report_script;
extern const std::string_view report_script_hash;

}  // namespace baton::detail
