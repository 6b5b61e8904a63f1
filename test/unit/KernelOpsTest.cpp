// KernelOpsTest.cpp - the property "ops" of a plan.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Analysis/KernelOps.h"
#include "dialects/Encoding/EncodingDialect.h"
#include "dialects/Plan/PlanOps.h"
#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/JSON.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace sinter;

namespace {

const char *const kPlan = R"(
#q80 = #encoding.weight<dense, s8, [(1, 32) f16]>
#table = #tile.packed<#q80, rows = 40, cols = 64, arrange = stack>
module {
  plan.kernel @layer bindings(["x", "blk.*.norm", "ids", "blk.*.a.weight+blk.*.b.weight:packed"]) scalars(["n", "position"])
  plan.kernel @absent bindings([]) scalars([])
  module @device {
    func.func @layer(%x: memref<8x64xf32>, %n: index, %w: memref<64xf32>, %at: index,
        %ids: memref<8xi32>, %t: memref<4352xi8>) attributes {tile.region} {
      tile.embed %ids, %t -> %x rows(%n) {weight = #table} : memref<8xi32>, memref<4352xi8> -> memref<8x64xf32>
      tile.rms_norm %x, %w -> %x rows(%n) {cols = 64 : i64, eps = 1.0e-5 : f32}
          : memref<8x64xf32>, memref<64xf32> -> memref<8x64xf32>
      tile.barrier many(%n)
      tile.add %x, %x -> %x rows(%n) {cols = 64 : i64} : memref<8x64xf32>, memref<8x64xf32> -> memref<8x64xf32>
      return
    }
    func.func @no_kernel(%x: memref<8x64xf32>, %n: index) attributes {tile.region} {
      return
    }
  }
}
)";

TEST(KernelOps, AreOfTheKernelsOfThePlan) {
  MLIRContext context;
  context.loadDialect<tile::TileDialect, encoding::EncodingDialect,
                      planir::PlanDialect, func::FuncDialect>();
  auto module = parseSourceString<ModuleOp>(kPlan, &context);
  ASSERT_TRUE(module);
  auto device = *module->getOps<ModuleOp>().begin();
  auto text = analysis::kernelOps(*module, device);
  auto parsed = llvm::json::parse(text);
  ASSERT_TRUE(bool(parsed)) << text;
  auto expected = llvm::json::parse(R"({"layer": [
    {"name": "embed a+b", "stage": 0, "rows": 1, "position": 0, "joins": [1, 4, 64],
     "weights": [0, 68, 0, 0], "activations": [0, 256, 0, 0]},
    {"name": "rms_norm", "stage": 0, "rows": 1, "position": 0, "joins": [1, 4, 64],
     "weights": [256, 0, 0, 0], "activations": [0, 512, 0, 0], "f32": [0, 256, 0, 0]},
    {"name": "add", "stage": 1, "rows": 1, "position": 0,
     "activations": [0, 768, 0, 0], "f32": [0, 64, 0, 0]}]})");
  ASSERT_TRUE(bool(expected));
  EXPECT_EQ(*parsed, *expected) << text;
}

} // namespace
