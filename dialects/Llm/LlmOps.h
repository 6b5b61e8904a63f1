// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_DIALECTS_LLM_LLMOPS_H
#define SINTER_DIALECTS_LLM_LLMOPS_H

#include "dialects/Encoding/EncodingDialect.h"
#include "dialects/Llm/LlmDialect.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "dialects/Llm/LlmOps.h.inc"

namespace sinter::llm {

/// The row of a merged matrix of \p rows rows in total that holds row \p row of
/// its part \p part, for two interleaved parts.
inline int64_t interleavedRow(int64_t part, int64_t row) {
  return row / 16 * 32 + part * 16 + row % 16;
}

/// Checks that the state handles of a function are used linearly: at most one
/// op changes a handle (`llm.kv_append`, a call or a return takes it), and no
/// op reads it afterwards.
llvm::LogicalResult verifyLinearState(mlir::FunctionOpInterface function);

} // namespace sinter::llm

#endif // SINTER_DIALECTS_LLM_LLMOPS_H
