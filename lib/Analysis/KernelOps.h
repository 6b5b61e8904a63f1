//===- KernelOps.h - what the kernels of a plan do, as text -----*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_ANALYSIS_KERNELOPS_H
#define SINTER_LIB_ANALYSIS_KERNELOPS_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace sinter::analysis {

/// JSON for the property "ops" of a plan: {kernel: [op, ...]} with the ops of
/// the kernel's region in `device`. An op has "name", "stage" (see stagesOf),
/// "rows" and "position" (1 + the index of the scalar, 0: none), and costs
/// "weights", "state" and "activations" (bytes), "int8", "f32" and "bf16"
/// (operations), each [constant, per row, per position, per pair]; a cost of
/// zeros is left out. "joins": [scalar as in "rows", N, W] if up to N rows and
/// W workers do not wait at the end of the stage; "seen": [F, L] if a row sees
/// the first F and the last L positions alone.
std::string kernelOps(mlir::ModuleOp plan, mlir::ModuleOp device);

} // namespace sinter::analysis

#endif
