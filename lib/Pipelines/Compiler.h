//===- Compiler.h - from a checkpoint to a plan -----------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_PIPELINES_COMPILER_H
#define SINTER_LIB_PIPELINES_COMPILER_H

#include "lib/Pipelines/CompileOptions.h"
#include "mlir/Support/LLVM.h"

namespace sinter {

/// Runs the phases from `options.from` to `options.to` and writes the output.
/// What went wrong has been said on stderr; nothing half-written is left.
mlir::LogicalResult compile(const CompileOptions &options);

} // namespace sinter

#endif // SINTER_LIB_PIPELINES_COMPILER_H
