// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace baton::detail {

/// Gives the content of the file at a path, or nothing if it cannot be read.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

/// How many cores' time the control groups of this process allow; nothing if they set no limit.
[[nodiscard]] std::optional<double> cpu_quota(const FileReader& read);

// Parts of the above.

/// Of the content of /proc/self/cgroup: the group for `controller` ("" means version 2), "/a/b" for instance.
[[nodiscard]] std::optional<std::string> cgroup_path(std::string_view content, std::string_view controller);

/// Of the content of cpu.max (version 2), "150000 100000" or "max 100000": 1.5 or nothing.
[[nodiscard]] std::optional<double> quota_of_cpu_max(std::string_view content);

/// Of the contents of cpu.cfs_quota_us and cpu.cfs_period_us (version 1); a quota of -1 means no limit.
[[nodiscard]] std::optional<double> quota_of_cfs(std::string_view quota, std::string_view period);

}  // namespace baton::detail
