// SPDX-License-Identifier: MIT
#include <baton/executor/cpu_count.hpp>

#include "cgroup.hpp"
#include "this_thread.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <thread>

namespace baton {
namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

std::size_t available_cores() {
  std::size_t cores = detail::Affinity().core_count();
  if (cores == 0) cores = std::thread::hardware_concurrency();
  if (const auto quota = detail::cpu_quota(read_file)) {
    const double whole = std::ceil(*quota);
    if (whole < static_cast<double>(cores)) cores = static_cast<std::size_t>(whole);
  }
  return std::max<std::size_t>(cores, 1);
}

}  // namespace baton
