// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From `decode` and launch lists to `plan`.

#ifndef SINTER_LIB_CONVERSION_DECODETOPLAN_DECODETOPLAN_H
#define SINTER_LIB_CONVERSION_DECODETOPLAN_DECODETOPLAN_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace sinter {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Conversion/DecodeToPlan/Passes.h.inc"

/// Name of the nested module that keeps regions, `tile.packed`, `tile.vector`,
/// whatever they refer to, and the attributes of the module, after
/// decode-to-plan: code objects and packed weights are made from it.
inline constexpr llvm::StringLiteral kDeviceModule = "device";

/// Places each `plan.weight` of `module` in its section, in the order of the
/// module, and gives the sections their sizes.
void layoutWeights(mlir::ModuleOp module);

} // namespace sinter

#endif
