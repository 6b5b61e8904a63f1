//===- Registration.cpp - every dialect, pass and pipeline ----------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Registration.h"

#include "dialects/Decode/DecodeOps.h"
#include "dialects/Encoding/EncodingDialect.h"
#include "dialects/Llm/LlmDialect.h"
#include "dialects/Plan/PlanOps.h"
#include "dialects/Tile/TileOps.h"
#include "lib/Conversion/DecodeToPlan/DecodeToPlan.h"
#include "lib/Conversion/LlmToTile/LlmToTile.h"
#include "lib/Conversion/TileToVector/MathPasses.h"
#include "lib/Conversion/TileToVector/TileToVectorPasses.h"
#include "lib/Import/GGUF/MappedCheckpoint.h"
#include "lib/Interpret/Passes.h"
#include "lib/Pipelines/Pipelines.h"
#include "lib/Target/X86/CodeObject.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace sinter;

void sinter::registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                  mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::vector::VectorDialect, mlir::LLVM::LLVMDialect,
                  mlir::cf::ControlFlowDialect, mlir::math::MathDialect,
                  decode::DecodeDialect, encoding::EncodingDialect,
                  llm::LlmDialect, planir::PlanDialect, tile::TileDialect>();
}

void sinter::registerEverything(mlir::DialectRegistry &registry) {
  registerDialects(registry);
  mlir::registerTransformsPasses();
  registerSinterTransformsPasses();
  registerInterpreter([] { return std::make_unique<MappedCheckpoint>(); });
  registerSinterLlmToTilePasses();
  registerSinterDecodeToPlanPasses();
  registerSinterMathPasses();
  registerSinterTileToVectorPasses();
  registerTileToLLVMPipelines();
  registerPhasePipelines();
}
