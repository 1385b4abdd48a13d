// SPDX-License-Identifier: MIT
#pragma once

#include <baton/graph/analysis.hpp>
#include <baton/scheduler/snapshot.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace baton::detail {

/// What a report says of a run beyond its snapshot.
struct ReportFindings {
  static constexpr std::size_t no_cause = SIZE_MAX;

  CriticalPath critical;
  std::vector<std::size_t> cause;    ///< By id: the failed or cancelled task that an omitted one hangs on.
  std::vector<std::size_t> omitted;  ///< By id: how many tasks have it as their cause.
};

/// O(tasks + edges).
[[nodiscard]] ReportFindings look_into(const Snapshot& record);

/// `text` as a page may show it: line breaks and tabs stay, other control characters, those that change the direction
/// of writing and bytes that are not UTF-8 become escapes as in `one_line`.
[[nodiscard]] std::string displayed(std::string_view text);

/// All that the page's script needs, as one JSON object without any `<`, so that it can stand in a script element.
///
/// Arrays by task or edge. Times are nanoseconds since the start of the run, positions those of the boxes' centres.
[[nodiscard]] std::string to_report_data(const Snapshot& record, const ReportFindings& findings);

}  // namespace baton::detail
