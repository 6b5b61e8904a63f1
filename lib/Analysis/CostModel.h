//===- CostModel.h - what an op moves and computes --------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exact counts for the ops of a region, as functions of the rows of a call and
// of the positions that they see.  Weights and cached keys count once a call:
// what several workers or several blocks of rows read again comes from a cache.
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_ANALYSIS_COSTMODEL_H
#define SINTER_LIB_ANALYSIS_COSTMODEL_H

#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <array>

namespace sinter::analysis {

/// constant + perRow * rows + perPosition * (positions that the rows see
/// together) + perPair * (pairs of a row and a position that it sees).
struct Cost {
  int64_t constant = 0, perRow = 0, perPosition = 0, perPair = 0;

  std::array<int64_t, 4> terms() const {
    return {constant, perRow, perPosition, perPair};
  }
};

struct OpCost {
  llvm::StringRef name;  ///< of the op, without its dialect
  mlir::Value weight;    ///< the packed matrix it reads; null: none
  mlir::Value rows, at;  ///< null: one row; no position
  int64_t seenFirst = 0; ///< a row sees so many of the first positions
  int64_t seenLast = 0;  ///< and of the last ones up to its own; 0: all
  Cost weightBytes, activationBytes, stateBytes;
  Cost int8Ops, f32Ops, bf16Ops; ///< a multiply and an add are two
};

/// Of a tile op of a region.
OpCost costOf(mlir::Operation *op);

/// A tile op of a region and the stage it is in: the barriers of a region end
/// stages 0, 1, ... in the order of the text; generated code hands the number
/// to the runtime (convert-tile-to-vector).
struct StageOp {
  mlir::Operation *op;
  unsigned stage;
  tile::BarrierOp end; ///< of the stage; null: the end of the region
};
llvm::SmallVector<StageOp> stagesOf(mlir::func::FuncOp region);

} // namespace sinter::analysis

#endif
