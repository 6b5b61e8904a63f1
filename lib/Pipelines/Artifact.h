//===- Artifact.h - code objects, weights and the plan file -----*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_ARTIFACT_H
#define SINTER_LIB_PIPELINES_ARTIFACT_H

#include "lib/Pipelines/CompileOptions.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/Timing.h"

namespace sinter {

/// Compiles the regions for every CPU level, packs the weights and writes the
/// plan.  The module is at the end of the plan phase.
mlir::LogicalResult writeArtifact(mlir::ModuleOp module,
                                  const CompileOptions &options,
                                  mlir::TimingScope &timing);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_ARTIFACT_H
