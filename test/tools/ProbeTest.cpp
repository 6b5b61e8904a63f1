// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Probe.h"

#include <gtest/gtest.h>

using namespace sinter::tools;

TEST(Probe, MeasuresEachUnit) {
  for (uint32_t threads : {1u, 3u}) {
    Roofs sample = Probe(threads, 1 << 20, "").sample();
    EXPECT_GT(sample.stream, 0);
    EXPECT_GT(sample.dot, 0);
    EXPECT_GT(sample.fma, 0);
    EXPECT_EQ(sample.barrierNs, 0) << "without a plan";
  }
}

TEST(Probe, ReadsWholePagesAndOneForEachThreadAtLeast) {
  EXPECT_EQ(Probe(2, 3 * 4096 + 1, "").bytes(), 3u * 4096);
  EXPECT_EQ(Probe(3, 0, "").bytes(), 3u * 4096);
}

TEST(Probe, UsesWhatTheCodeObjectMayUse) {
  // Every machine that runs a plan has AVX2.
  EXPECT_STREQ(Probe(1, 0, "x86-64-v3").dotName(), "vpmaddubsw ymm");
  EXPECT_STREQ(Probe(1, 0, "x86-64-v3").fmaName(), "vfmadd ymm");
  if (cpuFeatures().find("avx512vnni") != std::string::npos) {
    EXPECT_STREQ(Probe(1, 0, "x86-64-v4-vnni").dotName(), "vpdpbusd zmm");
  }
  if (cpuFeatures().find("avx512bf16") != std::string::npos) {
    const Probe probe(1, 0, "x86-64-v4-bf16");
    EXPECT_STREQ(probe.dotName(), "vpdpbusd zmm");
    EXPECT_GT(probe.sample().bf16, 0);
    EXPECT_EQ(Probe(1, 0, "x86-64-v4-vnni").sample().bf16, 0);
  }
  if (cpuFeatures().find("avxvnni") != std::string::npos) {
    EXPECT_STREQ(Probe(1, 0, "x86-64-v3-vnni").dotName(), "vpdpbusd ymm");
  }
}
