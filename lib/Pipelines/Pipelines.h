//===- Pipelines.h - the passes of each phase -------------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_PIPELINES_H
#define SINTER_LIB_PIPELINES_PIPELINES_H

#include "lib/Pipelines/CompileOptions.h"

namespace mlir {
class OpPassManager;
}

namespace sinter {

/// The passes of the outline phase without its verifier.
void buildOutline(mlir::OpPassManager &manager,
                  llvm::ArrayRef<int64_t> dropLayers);

/// Adds the passes that lead from the phase before to `phase`, its verifier
/// last.  Artifact has no passes: it writes a file.
void buildPhase(mlir::OpPassManager &manager, Phase phase,
                const CompileOptions &options);

/// `llm-opt --phase-fuse` and so on: the same passes with default options.
void registerPhasePipelines();

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_PIPELINES_H
