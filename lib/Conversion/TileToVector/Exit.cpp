// Exit.cpp - whether layers can be left, and rows that wait for them.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/Vocabulary.h"

using namespace mlir;
using FPred = arith::CmpFPredicate;

namespace sinter {

/// Between 0 and 1 whatever was rounded; 0 for what is no number.
static void storeScore(LaneBuilder &l, Value score, Value to) {
  Value zero = l.f(score, 0), one = l.f(score, 1);
  score = l.select(l.cmp(FPred::OGT, score, zero), score, zero);
  score = l.select(l.cmp(FPred::OLT, score, one), score, one);
  l.store(score, to, {l.index(0)});
}

void lowerSimilarity(LaneBuilder &l, tile::SimilarityOp op, Share share) {
  onFirstWorker(l, share, [&] {
    Value zero = l.constantF(VectorType::get({kLanes}, l.f32()), 0);
    SmallVector<Value> lanes = forColumns(
        l, op.getCols(), {zero, zero, zero},
        [&](Value column, int64_t count, ValueRange sum) {
          Value x = loadSome(l, op.getX(), {op.getRow(), column}, count);
          Value y = loadSome(l, op.getY(), {l.index(0), column}, count);
          return SmallVector<Value>{l.fma(x, y, sum[0]), l.fma(x, x, sum[1]),
                                    l.fma(y, y, sum[2])};
        });
    auto total = [&](unsigned i) {
      return l.reduce(lanes[i], [&](Value a, Value b) { return l.add(a, b); });
    };
    Value both = l.mul(l.sqrt(total(1)), l.sqrt(total(2)));
    storeScore(l, l.div(total(0), both), op.getScore());
  });
}

void lowerMoveRows(LaneBuilder &l, tile::MoveRowsOp op, Share share) {
  int64_t cols = cast<MemRefType>(op.getX().getType()).getDimSize(1);
  forRows(l, op.getRows(), share, [&](Value row) {
    Value from = l.addi(op.getFrom(), row), to = l.addi(op.getTo(), row);
    forColumns(l, cols, {}, [&](Value column, int64_t count, ValueRange) {
      storeSome(l, loadSome(l, op.getX(), {from, column}, count), op.getY(),
                {to, column}, count);
      return SmallVector<Value>();
    });
  });
}

} // namespace sinter
