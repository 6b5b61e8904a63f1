// MathPasses.cpp - what may reach LLVM as mathematics.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/MathPasses.h"
#include "lib/Conversion/TileToVector/MathExpansion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

using namespace mlir;

namespace sinter {
#define GEN_PASS_DEF_EXPANDMATH
#define GEN_PASS_DEF_VERIFYMACHINE
#include "lib/Conversion/TileToVector/MathPasses.h.inc"

namespace {

bool isElementary(Operation *op) {
  return isa<math::ExpOp, math::Exp2Op, math::LogOp, math::SinOp, math::CosOp>(
      op);
}

struct ExpandMath final : impl::ExpandMathBase<ExpandMath> {
  void runOnOperation() final {
    getOperation()->walk([&](Operation *op) { expanded += isElementary(op); });
    RewritePatternSet patterns(&getContext());
    populateMathExpansionPatterns(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

/// Why `op` may not reach LLVM; empty if it may.
StringRef refusal(Operation *op) {
  if (isa_and_nonnull<math::MathDialect>(op->getDialect()) &&
      !isa<math::FmaOp, math::SqrtOp, math::RoundEvenOp, math::AbsFOp,
           math::CtPopOp, math::CountTrailingZerosOp>(op))
    return "has no fixed sequence here: expand it before this point (only fma, "
           "sqrt, roundeven, absf, ctpop and cttz reach LLVM)";
  if (isa<vector::FMAOp>(op))
    return "becomes llvm.fmuladd, whose rounding is not fixed: use math.fma";
  if (auto reduction = dyn_cast<vector::ReductionOp>(op);
      reduction && isa<FloatType>(reduction.getType()))
    return "has no fixed order: reduce with shuffles";
  auto fast = dyn_cast<arith::ArithFastMathInterface>(op);
  if (fast && fast.getFastMathFlagsAttr() &&
      fast.getFastMathFlagsAttr().getValue() != arith::FastMathFlags::none)
    return "carries fast-math flags: results would depend on the machine";
  return {};
}

struct VerifyMachine final : impl::VerifyMachineBase<VerifyMachine> {
  void runOnOperation() final {
    bool failed = false;
    getOperation()->walk([&](Operation *op) {
      StringRef reason = refusal(op);
      if (reason.empty())
        return;
      op->emitOpError(reason);
      failed = true;
    });
    if (failed)
      signalPassFailure();
  }
};

} // namespace
} // namespace sinter
