//===- TrimHead.h - a head that knows some tokens alone
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_TRIMHEAD_H
#define SINTER_LIB_TRANSFORMS_TRIMHEAD_H

#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace sinter {

/// Makes `head`, `@head` or a copy of it, one of the first `tokens` ids for one
/// row: it launches a region of its own, `<name>.rows`, whose logits go to the
/// buffer `logits`; `tokens` is a multiple of 32. Tokenizers number tokens as
/// they were found worth one, the most frequent pairs first: low ids are
/// frequent in any text (FR-Spec, Zhao et al., 2025), and their rows are the
/// beginning of the packed matrix, so that nothing is there twice.
mlir::LogicalResult trimHead(mlir::func::FuncOp head, int64_t tokens,
                             llvm::StringRef logits);

} // namespace sinter

#endif // SINTER_LIB_TRANSFORMS_TRIMHEAD_H
