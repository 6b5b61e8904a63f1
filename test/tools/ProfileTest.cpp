// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/common/Profile.h"
#include "tools/common/Failure.h"
#include "tools/common/Machine.h"

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

TEST(PlanOps, AWindowBoundsWhatRowsSee) {
  const PlanOps plan(R"({"k": [{"name": "a", "stage": 0, "rows": 2,
    "position": 1, "seen": [2, 4], "state": [0, 0, 10, 0], "f32": [0, 0, 0, 1]}]})");
  const OpFormula &op = plan.of("k")[0];
  const int64_t early[] = {0, 3}, late[] = {100, 3}, between[] = {4, 3};
  EXPECT_EQ(op.at(early).stateBytes, 30u);
  EXPECT_EQ(op.at(early).f32Ops, 1u + 2 + 3);
  // Rows at 4, 5 and 6 see 5, 6 and 6: the last one no longer sees position 2.
  EXPECT_EQ(op.at(between).stateBytes, 70u);
  EXPECT_EQ(op.at(between).f32Ops, 5u + 6 + 6);
  // Positions 0 and 1, and 97 to 102.
  EXPECT_EQ(op.at(late).stateBytes, 80u);
  EXPECT_EQ(op.at(late).f32Ops, 18u);
}

TEST(PlanOps, ABatchSaysWhatItsRowsSee) {
  const PlanOps plan(R"({"k": [{"name": "a", "stage": 0, "rows": 1,
    "position": 2, "state": [0, 1, 5, 0], "f32": [0, 0, 0, 2]}]})");
  const int64_t scalars[] = {3, 0};
  const OpCounts counts = plan.of("k")[0].at(scalars, {40, 41});
  EXPECT_EQ(counts.stateBytes, 3u + 200);
  EXPECT_EQ(counts.f32Ops, 82u);
}

TEST(PlanOps, FewRowsJoinStages) {
  const PlanOps plan(R"({"k": [
    {"name": "a", "stage": 0, "rows": 1, "position": 0, "joins": [1, 4, 64]},
    {"name": "b", "stage": 1, "rows": 1, "position": 0},
    {"name": "c", "stage": 3, "rows": 1, "position": 0, "joins": [1, 4, 64]}]})");
  using Stages = std::vector<std::pair<uint32_t, uint32_t>>;
  const int64_t few[] = {4}, many[] = {5};
  EXPECT_EQ(stagesOf(plan.of("k"), few, 2), (Stages{{0, 1}, {2, 2}, {3, 3}}));
  const Stages all = {{0, 0}, {1, 1}, {2, 2}, {3, 3}};
  EXPECT_EQ(stagesOf(plan.of("k"), many, 2), all);
  EXPECT_EQ(stagesOf(plan.of("k"), few, 65), all) << "too many workers";
  EXPECT_EQ(stagesOf({}, few, 1), (Stages{{0, 0}}));
}

TEST(Roofline, TheLowestRoofBoundsAnOp) {
  const Roofs roofs = {10, 100, 20}; // a nanosecond
  OpCounts counts;
  EXPECT_EQ(Prediction(counts, roofs).ns(), 0);
  counts.weightBytes = 60;
  counts.stateBytes = 40;
  counts.activationBytes = 1'000'000; // caches
  EXPECT_DOUBLE_EQ(Prediction(counts, roofs).ns(), 10);
  EXPECT_EQ(Prediction(counts, roofs).roof(), Roof::Stream);
  counts.int8Ops = 2000;
  EXPECT_DOUBLE_EQ(Prediction(counts, roofs).ns(), 20);
  EXPECT_EQ(Prediction(counts, roofs).roof(), Roof::Dot);
  counts.f32Ops = 600;
  EXPECT_DOUBLE_EQ(Prediction(counts, roofs).ns(), 30);
  EXPECT_EQ(Prediction(counts, roofs).roof(), Roof::Fma);
  EXPECT_DOUBLE_EQ(Prediction(counts, roofs).computeNs(), 20 + 30);
}

TEST(Roofline, Bf16WithoutDotsOfItsOwnTakesFmas) {
  Roofs roofs = {10, 100, 20};
  OpCounts counts;
  counts.bf16Ops = 800;
  EXPECT_DOUBLE_EQ(Prediction(counts, roofs).ns(), 40);
  roofs.bf16 = 40;
  EXPECT_DOUBLE_EQ(Prediction(counts, roofs).ns(), 20);
  EXPECT_EQ(Prediction(counts, roofs).roof(), Roof::Bf16);
  EXPECT_DOUBLE_EQ(Prediction(counts, roofs).computeNs(), 20);
}

TEST(Roofline, OpsFollowOneAnother) {
  const Roofs roofs = {10, 100, 20};
  OpCounts bytes, dots;
  bytes.weightBytes = 100;
  dots.int8Ops = 4000;
  Prediction both(bytes, roofs);
  both.add(Prediction(dots, roofs));
  EXPECT_DOUBLE_EQ(both.ns(), 10 + 40);
  EXPECT_EQ(both.roof(), Roof::Dot);
  EXPECT_DOUBLE_EQ(both.computeNs(), 40);
}

TEST(StageAdder, PredictsDispatches) {
  const PlanOps ops(R"({"layer": [
    {"name": "norm", "stage": 0, "rows": 1, "position": 0, "joins": [1, 4, 64], "weights": [10, 0, 0, 0]},
    {"name": "contract w", "stage": 1, "rows": 1, "position": 0, "weights": [1000, 0, 0, 0], "int8": [0, 5000, 0, 0]}]})");
  const Roofs roofs = {10, 100, 20};
  PhaseTimes one, many;
  StageAdder few(ops, roofs, one), lots(ops, roofs, many);
  few.predict({"layer", 0, {1}}, 2);
  few.predict({"layer", 1, {1}}, 2);
  few.predict({"head", -1, {}}, 2);
  ASSERT_EQ(one.stages.size(), 2u);
  EXPECT_EQ(one.stages[0].fullName(), "layer: norm + contract w");
  EXPECT_EQ(one.stages[1].fullName(), "head: stage 0");
  EXPECT_EQ(one.stages[0].calls, 2u);
  EXPECT_FALSE(one.measured());
  EXPECT_EQ(one.dispatches, 3u);
  EXPECT_DOUBLE_EQ(one.layers.at(1).predicted.ns(), 1 + 100);
  EXPECT_DOUBLE_EQ(one.sum().predicted.ns(), 2 * 101);
  lots.predict({"layer", 0, {5}}, 2);
  ASSERT_EQ(many.stages.size(), 2u);
  EXPECT_EQ(many.stages[1].name, "contract w");
  EXPECT_DOUBLE_EQ(many.stages[1].predicted.ns(), 250);
}

TEST(Machine, IsReadFromText) {
  const Machine machine =
      parseMachine("--machine", "dot:1000,stream:40.5,fma:250,threads:2");
  EXPECT_EQ(machine.threads, 2u);
  EXPECT_EQ(machine.roofs.stream, 40.5);
  EXPECT_EQ(machine.roofs.dot, 1000);
  EXPECT_EQ(machine.roofs.fma, 250);
  EXPECT_EQ(machine.roofs.barrierNs, 0);
  EXPECT_FALSE(machine.measured);
  EXPECT_EQ(machine.line(),
            "given, not measured: probe, 2 threads: stream 40.5 GB/s (40.5 to "
            "40.5), dot 1000 Gop/s (1000 to 1000), fma 250 Gflop/s (250 to "
            "250)\n");
}

TEST(Machine, RefusesWhatMakesNoSense) {
  for (const char *text :
       {"", "stream:40,dot:1000", "stream:40,dot:1000,fma",
        "stream:0,dot:1,fma:1", "stream:-1,dot:1,fma:1",
        "stream:1,dot:1,fma:1,", "stream:1,dot:1,fma:1,gpu:1",
        "stream:nan,dot:1,fma:1"})
    EXPECT_THROW(parseMachine("--machine", text), UsageError) << text;
}
