// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Profile.h"
#include "tools/common/Failure.h"

#include <gtest/gtest.h>

using namespace sinter::tools;

TEST(PlanOps, AStageIsCalledByItsOps) {
  const PlanOps plan(R"({"layer": [
    {"name": "rope_table", "stage": 0, "rows": 0, "position": 0},
    {"name": "rope", "stage": 1, "rows": 0, "position": 0},
    {"name": "rope", "stage": 1, "rows": 0, "position": 0},
    {"name": "append", "stage": 1, "rows": 0, "position": 0}]})");
  EXPECT_EQ(stageName(plan.of("layer"), 0, 0), "rope_table");
  EXPECT_EQ(stageName(plan.of("layer"), 1, 1), "rope + append");
  EXPECT_EQ(stageName(plan.of("layer"), 2, 2), "stage 2");
  EXPECT_EQ(stageName(plan.of("layer"), 0, 1), "rope_table + rope + append");
  EXPECT_TRUE(plan.of("other").empty());
  EXPECT_TRUE(PlanOps("").of("layer").empty());
}

TEST(PlanOps, CountsByTheScalars) {
  const PlanOps plan(
      R"({"k": [{"name": "a", "stage": 0, "rows": 2, "position": 1,
    "weights": [7, 0, 0, 0], "state": [0, 0, 5, 0], "activations": [0, 3, 0, 0],
    "f32": [1, 1, 1, 2]}]})");
  const int64_t scalars[] = {10, 3};
  // Rows 10, 11 and 12 see 11 + 12 + 13 positions, 13 together.
  const OpCounts counts = plan.of("k")[0].at(scalars);
  EXPECT_EQ(counts.weightBytes, 7u);
  EXPECT_EQ(counts.activationBytes, 9u);
  EXPECT_EQ(counts.stateBytes, 65u);
  EXPECT_EQ(counts.int8Ops, 0u);
  EXPECT_EQ(counts.f32Ops, 1u + 3 + 13 + 2 * 36);
  EXPECT_EQ(counts.memoryBytes(), 72u);
}

TEST(PlanOps, RefusesWhatItCannotRead) {
  EXPECT_THROW(PlanOps("{"), Failure);
  EXPECT_THROW(PlanOps(R"({"k": [{"name": 7}]})"), Failure);
}

TEST(Profile, TheHighestRoofPredicts) {
  const ProbeSample roofs = {10, 100, 20}; // a nanosecond
  OpCounts counts;
  EXPECT_EQ(counts.predictedNs(roofs), 0);
  counts.weightBytes = 60;
  counts.stateBytes = 40;
  counts.activationBytes = 1'000'000; // caches
  EXPECT_DOUBLE_EQ(counts.predictedNs(roofs), 10);
  counts.int8Ops = 2000;
  EXPECT_DOUBLE_EQ(counts.predictedNs(roofs), 20);
  counts.f32Ops = 600;
  EXPECT_DOUBLE_EQ(counts.predictedNs(roofs), 30);
}
