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
/// Ids drafted after a row, and what summaries of rows say.
inline constexpr llvm::StringLiteral kDraftedBuffer = "drafted";
inline constexpr llvm::StringLiteral kSummaryBuffer = "summary";
/// The best ids of a row, and how far each lies behind the first.
inline constexpr llvm::StringLiteral kBestBuffer = "best";
inline constexpr llvm::StringLiteral kRankedBuffer = "ranked";
/// Runs of the rows of a batch.
inline constexpr llvm::StringLiteral kRunsBuffer = "runs";
/// A bit for each layer that the sequence at hand leaves out.
inline constexpr llvm::StringLiteral kSkippedBuffer = "skipped";

/// Feed-forward blocks that rows leave out: i32 words.
inline constexpr llvm::StringLiteral kFfnsBuffer = "ffns.words";
enum class FfnWord {
  Asks,      ///< the row at hand may leave blocks out
  Passes,    ///< the next block that may go goes
  Threshold, ///< bits of an f32
  Rows,      ///< that might have left some out
  Skipped,   ///< blocks that were
  Count
};

/// The key of the text at hand; how near the nearest entry of the store is, as
/// f32, and behind it, as i32, the depth that is chosen.
inline constexpr llvm::StringLiteral kKeyBuffer = "retrieval.key";
inline constexpr llvm::StringLiteral kChoiceBuffer = "retrieval.choice";
inline constexpr int64_t kChoiceOffset = 128;

/// What decides which model writes.
inline constexpr llvm::StringLiteral kModelSwitch = "switch";

/// What a probe says about a row, as f32.
inline constexpr llvm::StringLiteral kScoreBuffer = "exit.score";
/// Functions of a model with exits: they move rows to where they wait, and
/// back. Arguments: the first place, how many rows.
inline constexpr llvm::StringLiteral kKeepFunction = "exit.keep";
inline constexpr llvm::StringLiteral kResumeFunction = "exit.resume";
/// On the function of a segment: its first layer, and the one behind its last.
inline constexpr llvm::StringLiteral kLayersAttr = "decode.layers";

/// Exits of a program, at most.
inline constexpr unsigned kMostExits = 8;

/// The probe makes logits of the row: they need not be made again.
bool readsHead(ProbeKind kind);

/// Whether a policy may end a draft after any id, by what is known of its row.
inline bool looksAtIds(PolicyKind policy) {
  return policy == PolicyKind::Entropy || policy == PolicyKind::Disco;
}

/// Follows ids, hidden rows and logits along every path of `program`.
mlir::LogicalResult verifyFlow(ProgramOp program);

} // namespace sinter::decode

#endif
