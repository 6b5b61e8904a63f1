// TileToVectorPasses.h - from stages to loops and vectors.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_TILETOVECTORPASSES_H
#define SINTER_CONVERSION_TILETOVECTOR_TILETOVECTORPASSES_H

#include "mlir/Pass/Pass.h"

namespace sinter {
#define GEN_PASS_DECL
#include "lib/Conversion/TileToVector/TileToVectorPasses.h.inc"
#define GEN_PASS_REGISTRATION
#include "lib/Conversion/TileToVector/TileToVectorPasses.h.inc"
} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_TILETOVECTORPASSES_H
