//===- VerifyPhases.cpp - what each phase promises to the next ------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One gate a phase, all in this file: what may still exist at the end of a
// phase is code, not folklore.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "dialects/Plan/PlanOps.h"

namespace sinter {
#define GEN_PASS_DEF_VERIFYIMPORTED
#define GEN_PASS_DEF_VERIFYFUSED
#define GEN_PASS_DEF_VERIFYOUTLINED
#define GEN_PASS_DEF_VERIFYTILED
#define GEN_PASS_DEF_VERIFYDECODED
#define GEN_PASS_DEF_VERIFYPLANNED
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

class VerifyImportedPass
    : public sinter::impl::VerifyImportedBase<VerifyImportedPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (StringRef name :
         {llm::LlmDialect::kVocabulary, llm::LlmDialect::kMaxContext}) {
      auto attr = module->getAttrOfType<IntegerAttr>(name);
      if (!attr || attr.getInt() <= 0)
        return fail(module, "does not say a positive " + name.str());
    }
    for (StringRef name : {"forward", "head"})
      if (!module.lookupSymbol<func::FuncOp>(name))
        return fail(module, "has no function @" + name.str());
    for (auto function : module.getOps<func::FuncOp>())
      if (failed(llm::verifyLinearState(function)))
        return signalPassFailure();
  }

  void fail(ModuleOp module, const std::string &text) {
    module.emitError() << "a model " << text;
    signalPassFailure();
  }
};

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

class VerifyOutlinedPass
    : public sinter::impl::VerifyOutlinedBase<VerifyOutlinedPass> {
  void runOnOperation() override {
    auto forward = getOperation().lookupSymbol<func::FuncOp>("forward");
    if (!forward || forward.isDeclaration())
      return;
    for (Operation &op : forward.getBody().front())
      if (!isa<llm::EmbeddingOp, llm::WeightRefOp, arith::ConstantOp,
               func::CallOp, func::ReturnOp>(op)) {
        op.emitError() << "is left outside of every layer after the outline "
                          "phase";
        return signalPassFailure();
      }
  }
};

/// What stands in a region beside tile ops: places in memory and constants.
bool belongsInRegion(Operation &op) {
  return isa<tile::TileDialect, arith::ArithDialect>(op.getDialect()) ||
         isa<memref::ViewOp, memref::SubViewOp, func::ReturnOp>(op);
}

bool belongsInList(Operation &op) {
  return isa<tile::LaunchOp, func::ReturnOp>(op) ||
         isa<arith::ArithDialect>(op.getDialect());
}

class VerifyTiledPass : public sinter::impl::VerifyTiledBase<VerifyTiledPass> {
  void runOnOperation() override {
    for (Operation &op : *getOperation().getBody()) {
      if (isa<llm::LlmDialect>(op.getDialect()) && !isa<llm::WeightOp>(op))
        return fail(op, "is left after the tile phase");
      auto function = dyn_cast<func::FuncOp>(op);
      if (!function || function.isDeclaration())
        continue;
      bool region = function->hasAttr("tile.region");
      for (Operation &inner : function.getBody().front())
        if (!(region ? belongsInRegion(inner) : belongsInList(inner)))
          return fail(inner, region ? "does not belong in a region after the "
                                      "tile phase"
                                    : "does not belong in a list of launches");
    }
  }

  void fail(Operation &op, StringRef text) {
    op.emitError() << text;
    signalPassFailure();
  }
};

class VerifyDecodedPass
    : public sinter::impl::VerifyDecodedBase<VerifyDecodedPass> {
  void runOnOperation() override {
    for (StringRef name : {"prefill", "score", "generate"})
      if (!getOperation().lookupSymbol<decode::ProgramOp>(name)) {
        getOperation().emitError()
            << "has no decode.program @" << name << ", which the runtime calls";
        return signalPassFailure();
      }
  }
};

class VerifyPlannedPass
    : public sinter::impl::VerifyPlannedBase<VerifyPlannedPass> {
  void runOnOperation() override {
    ModuleOp device;
    for (Operation &op : *getOperation().getBody()) {
      if (auto nested = dyn_cast<ModuleOp>(op)) {
        device = nested;
      } else if (!isa<planir::PlanDialect>(op.getDialect())) {
        op.emitError() << "is left after the plan phase";
        return signalPassFailure();
      }
    }
    for (auto kernel : getOperation().getOps<planir::KernelOp>()) {
      auto region = device
                        ? device.lookupSymbol<func::FuncOp>(kernel.getSymName())
                        : func::FuncOp();
      if (!region || !region->hasAttr("tile.region")) {
        kernel.emitError() << "has no region in the module @device";
        return signalPassFailure();
      }
    }
  }
};

} // namespace
