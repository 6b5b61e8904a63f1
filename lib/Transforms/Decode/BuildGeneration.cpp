//===- BuildGeneration.cpp - the generation program as a pass
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "dialects/Decode/BuildGeneration.h"
#include "dialects/Decode/DecodeOps.h"

namespace sinter {
#define GEN_PASS_DEF_BUILDGENERATION
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

class BuildGenerationPass
    : public sinter::impl::BuildGenerationBase<BuildGenerationPass> {
  using BuildGenerationBase::BuildGenerationBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (StringRef name : {"forward", "head", "sample"})
      if (!module.lookupSymbol<func::FuncOp>(name)) {
        module.emitError("has no function @")
            << name << ", which the generation program calls";
        return signalPassFailure();
      }
    decode::GenerationOptions options;
    options.maxRows = maxRows;
    options.logitsRows = logitsRows;
    decode::buildGenerationProgram(module, options);
  }
};

} // namespace
