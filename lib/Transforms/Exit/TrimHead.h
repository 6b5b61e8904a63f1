//===- TrimHead.h - a head that knows some tokens alone
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_EXIT_TRIMHEAD_H
#define SINTER_LIB_TRANSFORMS_EXIT_TRIMHEAD_H

#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace sinter {

/// Where trimmed heads put the logits of a row.
inline constexpr llvm::StringLiteral kTrimmedLogits = "exit.logits";

/// `@exit.head.N(first, rows)`: `@head` of the first `tokens` ids, a multiple
/// of 32, for one row. Tokenizers number tokens as they were found worth one,
/// the most frequent pairs first: low ids are frequent in any text, and their
/// rows are the beginning of the packed matrix, so that nothing is there twice.
mlir::FailureOr<mlir::func::FuncOp> trimHead(mlir::ModuleOp module,
                                             int64_t tokens);

} // namespace sinter

#endif // SINTER_LIB_TRANSFORMS_EXIT_TRIMHEAD_H
