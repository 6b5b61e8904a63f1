//===- LayerStudy.h - what a model loses with its layers --------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_LAYERSTUDY_H
#define SINTER_LIB_PIPELINES_LAYERSTUDY_H

#include "lib/Pipelines/CompileOptions.h"
#include "mlir/Support/LLVM.h"

namespace sinter {

/// Where layers go and the options do not say which ones, or what that costs:
/// compiles the whole model, lets its own kernels read a text without this
/// layer and without that one, and completes the options: layers, their order,
/// and the quality that the plan carries. Nothing to do: nothing done.
/// What went wrong has been said on stderr.
llvm::LogicalResult studyLayers(CompileOptions &options);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_LAYERSTUDY_H
