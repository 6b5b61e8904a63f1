//===- VerifyFused.cpp - what the fuse phase promises
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

namespace sinter {
#define GEN_PASS_DEF_VERIFYFUSED
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

class VerifyFusedPass : public sinter::impl::VerifyFusedBase<VerifyFusedPass> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](Operation *op) {
      if (!isa<llm::ScoresOp, llm::CausalMaskOp, llm::SoftmaxOp, llm::MixOp>(
              op))
        return WalkResult::advance();
      op->emitError() << "is left after the fuse phase: this form of attention "
                         "was not recognised by llm-fuse-attention, and there "
                         "is no kernel for its parts";
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
