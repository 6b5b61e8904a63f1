//===- FuseGatedMlp.cpp - gate, up, silu and product to one stage
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

namespace sinter {
#define GEN_PASS_DEF_FUSEGATEDMLP
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

/// A linear over one weight that nothing but \p user reads.
llm::LinearOp soleLinear(Value value) {
  auto linear = value.getDefiningOp<llm::LinearOp>();
  if (!linear || !linear->hasOneUse() || linear.getWeights().size() != 1)
    return nullptr;
  return linear;
}

/// Rows interleave by 16 within a strip of 32 rows.
bool interleaves(llm::LinearOp gate, llm::LinearOp up) {
  return gate && up && gate.getX() == up.getX() && gate.getBiases().empty() &&
         up.getBiases().empty() &&
         gate.getWeights()[0].getType() == up.getWeights()[0].getType() &&
         gate.getOutCols() % 16 == 0;
}

Value fuse(llm::MulOp mul, llm::SiluOp silu, Value upValue) {
  OpBuilder builder(mul);
  Location loc = mul.getLoc();
  llm::LinearOp gate = soleLinear(silu.getX());
  llm::LinearOp up = soleLinear(upValue);
  if (!interleaves(gate, up))
    return llm::GatedOp::create(builder, loc, mul.getType(),
                                llm::Activation::Silu, silu.getX(), upValue,
                                llm::Arrange::Stack);
  auto both = llm::LinearOp::create(
      builder, loc, gate.getX(),
      ValueRange{gate.getWeights()[0], up.getWeights()[0]}, ValueRange(),
      llm::Arrange::Interleave16);
  return llm::GatedOp::create(builder, loc, mul.getType(),
                              llm::Activation::Silu, both.getResult(), Value(),
                              llm::Arrange::Interleave16);
}

class FuseGatedMlpPass
    : public sinter::impl::FuseGatedMlpBase<FuseGatedMlpPass> {
  void runOnOperation() override {
    SmallVector<llm::MulOp> roots;
    getOperation().walk([&](llm::MulOp mul) { roots.push_back(mul); });
    for (llm::MulOp mul : roots) {
      auto silu = mul.getLhs().getDefiningOp<llm::SiluOp>();
      Value up = mul.getRhs();
      if (!silu) {
        silu = mul.getRhs().getDefiningOp<llm::SiluOp>();
        up = mul.getLhs();
      }
      if (!silu || !silu->hasOneUse())
        continue;
      Operation *gateOp = silu.getX().getDefiningOp();
      Operation *upOp = up.getDefiningOp();
      mul.replaceAllUsesWith(fuse(mul, silu, up));
      mul.erase();
      silu.erase();
      for (Operation *op : {gateOp, upOp})
        if (op && op->use_empty())
          op->erase();
      ++numFused;
    }
  }
};

} // namespace
