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

/// i1: the rows count as few, so that workers repeat what they would else wait
/// for (tile::kFewRows). All workers of a region get the same answer.
mlir::Value areFew(LaneBuilder &l, mlir::Value rows, mlir::Value workers);

/// A worker's part of `count` things: [count w / W, count (w + 1) / W).
std::pair<mlir::Value, mlir::Value> shareOf(LaneBuilder &l, mlir::Value count,
                                            Share share);

/// The part of an op that one worker computes: rows, and blocks of 32 columns.
struct Part {
  mlir::Value firstRow, lastRow;
  /// Split::Own: where the worker's copy begins, in copies; else 0.
  mlir::Value copy;
};
Part partOf(LaneBuilder &l, mlir::Value rows, tile::Split split, Share share);

/// The columns [first, last) of rows, or one worker's part of them: its share
/// of the rows, or, if there are `columns` and few rows, all rows of those
/// columns that belong to it.
struct Area {
  mlir::Value firstRow, lastRow, firstCol, lastCol;

  /// body(row, column) for every `step`th column of each row.
  void forEach(LaneBuilder &l, int64_t step,
               llvm::function_ref<void(mlir::Value, mlir::Value)> body);
};
Area areaOf(LaneBuilder &l, mlir::Value rows, tile::ColumnsAttr columns,
            int64_t first, int64_t last, Share share);

/// What a lowering may know about the machine. It changes blocking, never bits.
struct RowMachine {
  /// Vectors of 16 f32 that the register file holds: 32 with AVX-512, 8 with
  /// AVX2.
  int64_t registers = 32;
  bool bf16 = false; // has dots of 16 pairs
};

/// Emits, before `op`, the share of `op` that one worker computes. Returns
/// false (and emits nothing) if `op` is none of the ops lowered here; `op`
/// itself stays for the caller to erase.
bool lowerRowOp(mlir::Operation *op, mlir::OpBuilder &b, Share share,
                RowMachine machine);

// One op each.
void lowerRmsNorm(LaneBuilder &l, tile::RmsNormOp op, Share share);
void lowerSilu(LaneBuilder &l, tile::SiluOp op, Share share);
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
void lowerSampleBest(LaneBuilder &l, tile::SampleBestOp op, Share share);
void lowerSampleProposal(LaneBuilder &l, tile::SampleProposalOp op,
                         Share share);
void lowerSampleReject(LaneBuilder &l, tile::SampleRejectOp op, Share share);
void lowerSampleTypical(LaneBuilder &l, tile::SampleTypicalOp op, Share share);
void lowerSampleJudged(LaneBuilder &l, tile::SampleJudgedOp op, Share share);
void lowerJudge(LaneBuilder &l, tile::JudgeOp op, Share share);
void lowerSummarize(LaneBuilder &l, tile::SummarizeOp op, Share share);
void lowerRank(LaneBuilder &l, tile::RankOp op, Share share);
void lowerReadHistory(LaneBuilder &l, tile::ReadHistoryOp op, Share share);
void lowerMapLogits(LaneBuilder &l, tile::MapLogitsOp op, Share share);
void lowerLogistic(LaneBuilder &l, tile::LogisticOp op, Share share);
void lowerSimilarity(LaneBuilder &l, tile::SimilarityOp op, Share share);
void lowerMoveRows(LaneBuilder &l, tile::MoveRowsOp op, Share share);
void lowerPool(LaneBuilder &l, tile::PoolOp op, Share share);
void lowerCosines(LaneBuilder &l, tile::CosinesOp op, Share share);
void lowerVote(LaneBuilder &l, tile::VoteOp op, Share share);

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

/// Calls `body(row)` for this worker's share of the rows.
void forRows(LaneBuilder &l, mlir::Value rows, Share share,
             llvm::function_ref<void(mlir::Value)> body);

/// 16 lanes from `at`, of which the first `count` are read; the others are 0.
mlir::Value loadSome(LaneBuilder &l, mlir::Value memref, mlir::ValueRange at,
                     int64_t count, int64_t lanes = kLanes);
/// Stores the first `count` lanes.
void storeSome(LaneBuilder &l, mlir::Value x, mlir::Value memref,
               mlir::ValueRange at, int64_t count);

/// x as an element of `memref`: f32, or rounded to bf16.
mlir::Value asElement(LaneBuilder &l, mlir::Value x, mlir::Value memref);

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

/// 1 / sqrt(mean of squares + eps) of row `row` of `x`.
mlir::Value emitRmsScale(LaneBuilder &l, mlir::Value x, mlir::Value row,
                         int64_t cols, double eps);

/// Scratch memory of one worker, on its stack: `type` must be static.
mlir::Value scratch(LaneBuilder &l, llvm::ArrayRef<int64_t> shape,
                    mlir::Type element);

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_ROWLOWERINGS_H
