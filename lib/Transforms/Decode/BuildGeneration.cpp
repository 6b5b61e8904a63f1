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

/// Layers of the model itself, which are a second model to the program.
static constexpr StringLiteral kSelf = "self";

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
    for (const std::string &name : speculate) {
      bool self = name == kSelf;
      auto kind = self ? decode::DrafterKind::Model
                       : decode::symbolizeDrafterKind(name);
      if (!kind || *kind == decode::DrafterKind::Priority) {
        module.emitError("speculate: no drafter is named '")
            << name
            << "'; there are copy, lookup, ngram, trigram, recycle, model and "
               "self";
        return signalPassFailure();
      }
      if (logitsRows < 2 || llvm::is_contained(options.drafters, *kind)) {
        module.emitError("speculate: ")
            << (logitsRows < 2 ? "needs two rows of logits"
                               : "names '" + name + "' twice");
        return signalPassFailure();
      }
      options.drafters.push_back(*kind);
      if (self)
        options.modelName = kSelf;
      if (*kind == decode::DrafterKind::Model && !hasDraftModel(module))
        return signalPassFailure();
    }
    decode::buildGenerationProgram(module, options);
  }

  static bool hasDraftModel(ModuleOp module) {
    for (StringRef name : {"draft.forward", "draft.head", "draft.kv"})
      if (!module.lookupSymbol(name)) {
        module.emitError("speculate: needs a second model in the module (or "
                         "tile-self-draft), whose @")
            << name << " is not there";
        return false;
      }
    return true;
  }
};

} // namespace
