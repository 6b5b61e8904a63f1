//===- DepthStudy.h - which depth suits which text --------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_DEPTHSTUDY_H
#define SINTER_LIB_PIPELINES_DEPTHSTUDY_H

#include "lib/Pipelines/CompileOptions.h"
#include "lib/Pipelines/PlanProbe.h"
#include "mlir/Support/LLVM.h"

namespace sinter {

/// Lets the whole model answer the calibration texts, and asks each depth of
/// the options about every token of the answers. Two texts of three become a
/// store, in a file that the options name afterwards; by the others it is
/// measured.
llvm::Error makeDepthStore(PlanProbe &probe, CompileOptions &options);

/// Whether the options name a store that was made before.
bool readsDepthStore(const CompileOptions &options);
/// Takes depths, layers and figures from it. What is wrong with it has been
/// said on stderr.
llvm::LogicalResult useDepthStore(CompileOptions &options);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_DEPTHSTUDY_H
