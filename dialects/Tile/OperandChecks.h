// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What verifiers of the `tile` dialect ask about operands.

#ifndef SINTER_DIALECTS_TILE_OPERANDCHECKS_H
#define SINTER_DIALECTS_TILE_OPERANDCHECKS_H

#include "dialects/Tile/KvLayout.h"
#include "dialects/Tile/TileOps.h"

namespace sinter::tile {

int64_t roundUp(int64_t value, int64_t multiple);

llvm::ArrayRef<int64_t> shapeOf(mlir::Value value);

/// `value` holds rows of at least `cols` columns, padded to 32.
llvm::LogicalResult checkRows(mlir::Operation *op, mlir::Value value,
                              llvm::StringRef name, int64_t cols);

/// As checkRows, and no column beyond the padding of `cols`.
llvm::LogicalResult checkExactRows(mlir::Operation *op, mlir::Value value,
                                   llvm::StringRef name, int64_t cols);

/// `columns` columns from `first` on lie in `value`.
llvm::LogicalResult checkSpan(mlir::Operation *op, mlir::Value value,
                              llvm::StringRef name, int64_t first,
                              int64_t columns);

/// Split::Own needs room for the copies of all workers.
llvm::LogicalResult checkCopies(mlir::Operation *op, mlir::Value value,
                                llvm::StringRef name, int64_t perCopy);

llvm::LogicalResult checkSize(mlir::Operation *op, mlir::Value value,
                              llvm::StringRef name, int64_t size);

llvm::LogicalResult checkPacked(mlir::Operation *op, mlir::Value value,
                                llvm::StringRef name, PackedAttr packed);

llvm::LogicalResult checkPage(mlir::Operation *op, mlir::Value plane,
                              llvm::StringRef name, KvPageShape shape);

llvm::LogicalResult checkPlanes(mlir::Operation *op, mlir::Value k,
                                mlir::Value v, int64_t kvHeads,
                                int64_t headDim);

llvm::LogicalResult checkHeads(mlir::Operation *op,
                               llvm::ArrayRef<int64_t> counts);

llvm::LogicalResult checkInterleaving(mlir::Operation *op, Arrange arrange,
                                      size_t sources);

} // namespace sinter::tile

#endif
