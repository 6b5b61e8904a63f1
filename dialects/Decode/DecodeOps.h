// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `decode` dialect: how forward passes become tokens.

#ifndef SINTER_DIALECTS_DECODE_DECODEOPS_H
#define SINTER_DIALECTS_DECODE_DECODEOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Decode/DecodeDialect.h.inc"
#include "dialects/Decode/DecodeEnums.h.inc"
#define GET_OP_CLASSES
#include "dialects/Decode/DecodeOps.h.inc"

namespace sinter::decode {

/// Buffers of a session that decoding itself touches.
inline constexpr llvm::StringLiteral kIdsBuffer = "ids";
inline constexpr llvm::StringLiteral kHistoryBuffer = "history";
inline constexpr llvm::StringLiteral kLogitsBuffer = "logits";
inline constexpr llvm::StringLiteral kTokenBuffer = "token";
/// Runs of the rows of a batch.
inline constexpr llvm::StringLiteral kRunsBuffer = "runs";

/// Follows ids, hidden rows and logits along every path of `program`.
mlir::LogicalResult verifyFlow(ProgramOp program);

} // namespace sinter::decode

#endif
