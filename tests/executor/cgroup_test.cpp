// SPDX-License-Identifier: MIT
#include "executor/cgroup.hpp"

#include <baton/executor/cpu_count.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>

namespace baton {
namespace {

using detail::cgroup_path;
using detail::cpu_quota;
using detail::quota_of_cfs;
using detail::quota_of_cpu_max;
using Files = std::map<std::string, std::string>;

std::optional<double> quota_with(const Files& files) {
  return cpu_quota([&files](const std::string& path) -> std::optional<std::string> {
    const auto file = files.find(path);
    if (file == files.end()) return std::nullopt;
    return file->second;
  });
}

TEST(CpuCount, IsAtLeastOneAndAtMostWhatTheMachineHas) {
  EXPECT_GE(available_cores(), 1U);
  EXPECT_LE(available_cores(), std::max(1U, std::thread::hardware_concurrency()));
}

TEST(CgroupPath, OfVersionTwoIsInTheLineWithoutControllers) {
  EXPECT_EQ(cgroup_path("0::/user.slice/a.scope\n", ""), "/user.slice/a.scope");
  EXPECT_EQ(cgroup_path("4:cpu,cpuacct:/x\n0::/\n", ""), "/");
}

TEST(CgroupPath, OfVersionOneIsInTheLineThatListsTheController) {
  EXPECT_EQ(cgroup_path("5:cpuset:/s\n4:cpu,cpuacct:/x:y\n0::/\n", "cpu"), "/x:y");
  EXPECT_EQ(cgroup_path("4:cpuacct,cpu:/x", "cpu"), "/x");
}

TEST(CgroupPath, IsMissingIfNoLineNamesTheController) {
  EXPECT_EQ(cgroup_path("5:cpuset:/s\n", "cpu"), std::nullopt);
  EXPECT_EQ(cgroup_path("5:cpuset:/s\n", ""), std::nullopt);
  EXPECT_EQ(cgroup_path("", ""), std::nullopt);
  EXPECT_EQ(cgroup_path("garbage", "cpu"), std::nullopt);
}

TEST(CgroupQuota, IsTheQuotaOverThePeriod) {
  EXPECT_EQ(quota_of_cpu_max("150000 100000\n"), 1.5);
  EXPECT_EQ(quota_of_cfs("50000\n", "100000\n"), 0.5);
}

TEST(CgroupQuota, IsMissingWithoutALimitOrWithoutSense) {
  for (const char* content :
       {"max 100000\n", "max", "", "\n", "100000", "x y", "100000 0", "-5 100000", "1e5 100000"}) {
    EXPECT_EQ(quota_of_cpu_max(content), std::nullopt) << content;
  }
  EXPECT_EQ(quota_of_cfs("-1\n", "100000\n"), std::nullopt);
  EXPECT_EQ(quota_of_cfs("", ""), std::nullopt);
}

TEST(CpuQuota, IsMissingWithoutControlGroups) { EXPECT_EQ(quota_with({}), std::nullopt); }

TEST(CpuQuota, OfVersionTwoIsTheLeastFromTheGroupUpwards) {
  Files files{{"/proc/self/cgroup", "0::/a/b\n"},
              {"/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n"},
              {"/sys/fs/cgroup/a/cpu.max", "250000 100000\n"}};
  EXPECT_EQ(quota_with(files), 2.5);
  files["/sys/fs/cgroup/a/b/cpu.max"] = "100000 100000\n";
  EXPECT_EQ(quota_with(files), 1.0);
  files["/sys/fs/cgroup/a/b/cpu.max"] = "max 100000\n";
  files["/sys/fs/cgroup/a/cpu.max"] = "max 100000\n";
  EXPECT_EQ(quota_with(files), std::nullopt);
}

TEST(CpuQuota, OfAContainerIsThatOfTheMountedRootThoughThePathIsTheHosts) {
  EXPECT_EQ(quota_with({{"/proc/self/cgroup", "0::/docker/0123\n"}, {"/sys/fs/cgroup/cpu.max", "200000 100000\n"}}),
            2.0);
}

TEST(CpuQuota, OfVersionOneIsReadWhereverTheControllerIsMounted) {
  for (const std::string mount : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"}) {
    EXPECT_EQ(quota_with({{"/proc/self/cgroup", "4:cpu,cpuacct:/job\n"},
                          {mount + "/job/cpu.cfs_quota_us", "300000\n"},
                          {mount + "/job/cpu.cfs_period_us", "100000\n"},
                          {mount + "/cpu.cfs_quota_us", "-1\n"},
                          {mount + "/cpu.cfs_period_us", "100000\n"}}),
              3.0)
        << mount;
  }
}

}  // namespace
}  // namespace baton
