// TileToLLVM.cpp - the passes between `tile` and the LLVM dialect.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/MathPasses.h"
#include "lib/Conversion/TileToVector/TileToVectorPasses.h"
#include "lib/Target/X86/CodeObject.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace {

struct TileToLLVMOptions : PassPipelineOptions<TileToLLVMOptions> {
  Option<std::string> level{
      *this, "level", llvm::cl::desc("CPU level, as of convert-tile-to-vector"),
      llvm::cl::init("x86-64-v3")};
};

} // namespace

void sinter::buildTileToLLVM(OpPassManager &pm, StringRef level) {
  ConvertTileToVectorOptions toVector;
  toVector.level = level.str();
  pm.addPass(createConvertTileToVector(toVector));
  pm.addPass(createExpandMath());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(createVerifyMachine());
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions functions;
  functions.useBarePtrCallConv = true;
  pm.addPass(createConvertFuncToLLVMPass(functions));
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createEmitKernelEntries());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void sinter::registerTileToLLVMPipelines() {
  PassPipelineRegistration<TileToLLVMOptions>(
      "tile-to-llvm", "Lower tile regions to the LLVM dialect, with entries",
      [](OpPassManager &pm, const TileToLLVMOptions &options) {
        buildTileToLLVM(pm, options.level);
      });
}
