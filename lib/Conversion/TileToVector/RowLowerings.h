// RowLowerings.h - lowering of the tile ops that work row by row.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_ROWLOWERINGS_H
#define SINTER_CONVERSION_TILETOVECTOR_ROWLOWERINGS_H

#include "dialects/Tile/TileOps.h"
#include "lib/Conversion/TileToVector/LaneBuilder.h"

namespace sinter {

/// Which share of an op the code computes: both are values of type index.
struct Share {
  mlir::Value worker, workers;
};

/// What a lowering may know about the machine. It changes blocking, never bits.
struct RowMachine {
  /// Vectors of 16 f32 that the register file holds: 32 with AVX-512, 8 with
  /// AVX2.
  int64_t registers = 32;
};

/// Emits, before `op`, the share of `op` that one worker computes. Returns
/// false (and emits nothing) if `op` is none of the ops lowered here; `op`
/// itself stays for the caller to erase.
bool lowerRowOp(mlir::Operation *op, mlir::OpBuilder &b, Share share,
                RowMachine machine);

// One op each.
void lowerRmsNorm(LaneBuilder &l, tile::RmsNormOp op, Share share);
void lowerGated(LaneBuilder &l, tile::GatedOp op, Share share);
void lowerAdd(LaneBuilder &l, tile::AddOp op, Share share);
void lowerRopeTable(LaneBuilder &l, tile::RopeTableOp op, Share share);
void lowerRope(LaneBuilder &l, tile::RopeOp op, Share share);
void lowerKvAppend(LaneBuilder &l, tile::KvAppendOp op, Share share);
void lowerAttention(LaneBuilder &l, tile::AttentionOp op, Share share,
                    RowMachine machine);
void lowerPenalize(LaneBuilder &l, tile::PenalizeOp op, Share share);
void lowerArgmax(LaneBuilder &l, tile::ArgmaxOp op, Share share);
void lowerSample(LaneBuilder &l, tile::SampleOp op, Share share);

//===----------------------------------------------------------------------===//
// Shared by these lowerings
//===----------------------------------------------------------------------===//

constexpr int64_t kLanes = 16;
/// Positions of a KV page, and of a span of attention.
constexpr int64_t kPage = 16;
constexpr int64_t kSpan = 256;

inline int64_t roundUpTo(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Calls `body(row)` for the rows [n w / W, n (w + 1) / W) of worker w.
void forRows(LaneBuilder &l, mlir::Value rows, Share share,
             llvm::function_ref<void(mlir::Value)> body);

/// 16 lanes from `at`, of which the first `count` are read; the others are 0.
mlir::Value loadSome(LaneBuilder &l, mlir::Value memref, mlir::ValueRange at,
                     int64_t count, int64_t lanes = kLanes);
/// Stores the first `count` lanes.
void storeSome(LaneBuilder &l, mlir::Value x, mlir::Value memref,
               mlir::ValueRange at, int64_t count);

/// y[row, c] = body(c) for c < cols in vectors of 16 columns, and zeros in the
/// pad columns behind them. `body(column, count)`: the first `count` lanes are
/// columns, the others are replaced by zeros.
void writeRow(LaneBuilder &l, mlir::Value y, mlir::Value row, int64_t cols,
              llvm::function_ref<mlir::Value(mlir::Value, int64_t)> body);

/// `columns` of 16 at a time: body(column, count, values) for whole vectors in
/// a loop, then for the rest.
llvm::SmallVector<mlir::Value> forColumns(
    LaneBuilder &l, int64_t cols, mlir::ValueRange init,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, int64_t,
                                                      mlir::ValueRange)>
        body);

/// Scratch memory of one worker, on its stack: `type` must be static.
mlir::Value scratch(LaneBuilder &l, llvm::ArrayRef<int64_t> shape,
                    mlir::Type element);

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_ROWLOWERINGS_H
