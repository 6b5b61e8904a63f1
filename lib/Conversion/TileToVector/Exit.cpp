// Exit.cpp - whether layers can be left, and rows that wait for them.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/MathExpansion.h"
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

/// As lowerJudge, of a row divided by its root mean square.
void lowerLogistic(LaneBuilder &l, tile::LogisticOp op, Share share) {
  const int64_t columns = op.getWeights().size();
  SmallVector<float> weights(op.getWeights());
  weights.resize(roundUpTo(columns, kLanes));
  auto vec = VectorType::get({kLanes}, l.f32());
  onFirstWorker(l, share, [&] {
    Value dot = l.constantF(vec, 0), squares = dot;
    for (int64_t at = 0; at < columns; at += kLanes) {
      Value x = loadSome(l, op.getX(), {op.getRow(), l.index(at)},
                         std::min(kLanes, columns - at));
      auto part =
          DenseElementsAttr::get(vec, ArrayRef(weights).slice(at, kLanes));
      dot = l.fma(x, arith::ConstantOp::create(l.b, l.loc, part), dot);
      squares = l.fma(x, x, squares);
    }
    auto total = [&](Value lanes) {
      return l.reduce(lanes, [&](Value a, Value b) { return l.add(a, b); });
    };
    Value sum = total(squares);
    Value mean = l.mul(sum, l.f(sum, 1.0 / columns));
    Value z = l.add(l.div(total(dot), l.sqrt(mean)),
                    l.f(mean, op.getBias().convertToDouble()));
    Value one = l.f(z, 1);
    storeScore(l, l.div(one, l.add(one, emitExp(l.b, l.loc, l.neg(z)))),
               op.getScore());
  });
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
