//===- LlmToTile.h - from llm to tile ---------------------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_CONVERSION_LLMTOTILE_LLMTOTILE_H
#define SINTER_LIB_CONVERSION_LLMTOTILE_LLMTOTILE_H

#include "dialects/Llm/LlmOps.h"
#include "dialects/Tile/TileOps.h"
#include "mlir/Pass/Pass.h"

namespace sinter {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "lib/Conversion/LlmToTile/Passes.h.inc"

} // namespace sinter

#endif // SINTER_LIB_CONVERSION_LLMTOTILE_LLMTOTILE_H
