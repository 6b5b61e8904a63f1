// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/device/cpu/Quota.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace sinter::runtime;

namespace {

/// A folder that stands for the root of a machine.
class Quota : public testing::Test {
protected:
  Quota() {
    std::string name = testing::TempDir() + "/quotaXXXXXX";
    root = mkdtemp(name.data());
  }
  ~Quota() override { std::filesystem::remove_all(root); }

  void write(const std::string &path, const std::string &text) {
    std::filesystem::path file = root + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void mount(const std::string &base, const std::string &point,
             const std::string &kind, const std::string &options) {
    mounts += "30 23 0:26 " + base + " " + point +
              " rw,nosuid shared:9 master:1 - " + kind + " none rw," + options +
              "\n";
    write("/proc/self/mountinfo", mounts);
  }
  uint32_t cores() { return quotaCores(root.c_str()); }

  std::string root, mounts = "23 1 8:1 / / rw - ext4 /dev/sda1 rw\n";
};

TEST_F(Quota, NoneWithoutGroups) {
  EXPECT_EQ(cores(), 0u);
  write("/proc/self/cgroup", "0::/\n");
  EXPECT_EQ(cores(), 0u);
  mount("/", "/sys/fs/cgroup", "cgroup2", "nsdelegate");
  EXPECT_EQ(cores(), 0u);
  write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(cores(), 0u);
}

TEST_F(Quota, RoundsUp) {
  write("/proc/self/cgroup", "0::/\n");
  mount("/", "/sys/fs/cgroup", "cgroup2", "nsdelegate");
  for (auto [text, expected] : {std::pair("100000 100000", 1u),
                                {"150000 100000", 2u},
                                {"1000 100000", 1u},
                                {"800000 100000", 8u},
                                {"25000 10000", 3u}}) {
    write("/sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(cores(), expected) << text;
  }
}

TEST_F(Quota, TheLeastOfTheGroupsAround) {
  write("/proc/self/cgroup", "0::/user.slice/job.scope\n");
  mount("/", "/sys/fs/cgroup", "cgroup2", "nsdelegate");
  write("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "max 100000\n");
  write("/sys/fs/cgroup/user.slice/other.scope/cpu.max", "100000 100000\n");
  EXPECT_EQ(cores(), 0u);
  write("/sys/fs/cgroup/user.slice/cpu.max", "300000 100000\n");
  EXPECT_EQ(cores(), 3u);
  write("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "400000 100000\n");
  EXPECT_EQ(cores(), 3u);
  write("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "200000 100000\n");
  EXPECT_EQ(cores(), 2u);
}

TEST_F(Quota, VersionOne) {
  write("/proc/self/cgroup", "12:cpuset:/jobs\n4:cpu,cpuacct:/jobs/mine\n"
                             "1:name=systemd:/jobs\n0::/\n");
  mount("/", "/sys/fs/cgroup/cpuset", "cgroup", "cpuset");
  mount("/", "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct");
  mount("/", "/sys/fs/cgroup/unified", "cgroup2", "nsdelegate");
  write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  write("/sys/fs/cgroup/cpu,cpuacct/jobs/mine/cpu.cfs_quota_us", "250000\n");
  EXPECT_EQ(cores(), 0u) << "a quota without a period";
  write("/sys/fs/cgroup/cpu,cpuacct/jobs/mine/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cores(), 3u);
  // Where both versions have one the smaller one holds.
  write("/sys/fs/cgroup/unified/cpu.max", "200000 100000\n");
  EXPECT_EQ(cores(), 2u);
}

TEST_F(Quota, ContainersSeeTheirPartOfTheTree) {
  write("/proc/self/cgroup", "4:cpuacct,cpu:/docker/12ab/inner\n");
  mount("/docker/12ab", "/sys/fs/cgroup/cpu", "cgroup", "cpuacct,cpu");
  write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000");
  write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cores(), 4u);
  write("/sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "50000");
  write("/sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "100000");
  EXPECT_EQ(cores(), 1u);
  // A group that lies outside of what is mounted: what is seen counts.
  write("/proc/self/cgroup", "4:cpuacct,cpu:/elsewhere\n");
  EXPECT_EQ(cores(), 4u);
}

TEST_F(Quota, SurvivesNonsense) {
  std::string longName(9000, 'x');
  write("/proc/self/cgroup", "\n:\n0::\n0::/" + longName + "\n0::/..\nabc");
  write("/proc/self/mountinfo",
        "\n - \n1 2 3 4 5 6 - cgroup2\n1 2 3 / /m - cgroup2 a b\n" + longName +
            "\n");
  write("/m/cpu.max", "nonsense of another kind");
  EXPECT_EQ(cores(), 0u);
  write("/m/cpu.max", "99999999999999999999999999 1");
  EXPECT_EQ(cores(), 0u);
  write("/m/cpu.max", "-5 -7");
  EXPECT_EQ(cores(), 0u);
}

} // namespace
