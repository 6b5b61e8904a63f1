// MathPasses.h - what may reach LLVM as mathematics.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_MATHPASSES_H
#define SINTER_CONVERSION_TILETOVECTOR_MATHPASSES_H

#include "mlir/Pass/Pass.h"

namespace sinter {
#define GEN_PASS_DECL
#include "lib/Conversion/TileToVector/MathPasses.h.inc"
#define GEN_PASS_REGISTRATION
#include "lib/Conversion/TileToVector/MathPasses.h.inc"
} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_MATHPASSES_H
