// SPDX-License-Identifier: MIT
#include "cgroup.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace baton::detail {
namespace {

// Takes the text before the first `separator` off `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

std::optional<long long> positive_number(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value <= 0) return std::nullopt;
  return value;
}

std::optional<double> ratio(std::string_view quota, std::string_view period) {
  const auto quota_us = positive_number(quota);
  const auto period_us = positive_number(period);
  if (!quota_us || !period_us) return std::nullopt;
  return static_cast<double>(*quota_us) / static_cast<double>(*period_us);
}

std::optional<double> smaller(std::optional<double> a, std::optional<double> b) {
  return a && b ? std::min(*a, *b) : (a ? a : b);
}

// The least quota of the group at `path` and those above it. Inside a container the path may be that of the host, and
// missing here; the root is then the container's own group.
template <typename Quota>
std::optional<double> least_quota(const std::string& mount, std::string path, Quota quota_of) {
  std::optional<double> least;
  for (;;) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    least = smaller(least, quota_of(mount + path + '/'));
    if (path.empty()) return least;
    path.resize(path.find_last_of('/') == std::string::npos ? 0 : path.find_last_of('/'));
  }
}

}  // namespace

std::optional<std::string> cgroup_path(std::string_view content, std::string_view controller) {
  while (!content.empty()) {  // lines like "4:cpu,cpuacct:/a/b", and "0::/a/b" for version 2
    std::string_view line = next_part(content, '\n');
    next_part(line, ':');
    std::string_view controllers = next_part(line, ':');
    if (controllers.empty() && controller.empty()) return std::string(line);
    while (!controllers.empty()) {
      if (next_part(controllers, ',') == controller) return std::string(line);
    }
  }
  return std::nullopt;
}

std::optional<double> quota_of_cpu_max(std::string_view content) {
  const std::string_view quota = next_part(content, ' ');
  return ratio(quota, content);
}

std::optional<double> quota_of_cfs(std::string_view quota, std::string_view period) { return ratio(quota, period); }

std::optional<double> cpu_quota(const FileReader& read) {
  const std::string groups = read("/proc/self/cgroup").value_or("");
  std::optional<double> least;
  if (const auto path = cgroup_path(groups, "")) {
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      least = smaller(least, least_quota(mount, *path, [&](const std::string& group) {
                        return quota_of_cpu_max(read(group + "cpu.max").value_or(""));
                      }));
    }
  }
  if (const auto path = cgroup_path(groups, "cpu")) {
    for (const char* mount : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"}) {
      least = smaller(least, least_quota(mount, *path, [&](const std::string& group) {
                        return quota_of_cfs(read(group + "cpu.cfs_quota_us").value_or(""),
                                            read(group + "cpu.cfs_period_us").value_or(""));
                      }));
    }
  }
  return least;
}

}  // namespace baton::detail
