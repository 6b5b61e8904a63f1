// Vocabulary.cpp - argmax and repetition penalty.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/Vocabulary.h"

#include <limits>

using namespace mlir;
using FPred = arith::CmpFPredicate;
using IPred = arith::CmpIPredicate;

namespace sinter {

Best betterOf(LaneBuilder &l, Best x, Best y) {
  Value more = l.cmp(FPred::OGT, y.value, x.value);
  Value tie = l.andi(l.cmp(FPred::OEQ, y.value, x.value),
                     l.cmp(IPred::slt, y.id, x.id));
  Value takeY = l.ori(more, tie);
  return {l.select(takeY, y.value, x.value), l.select(takeY, y.id, x.id)};
}

Best bestLane(LaneBuilder &l, Best lanes) {
  auto half = [&](Value v, int64_t from, int64_t count) -> Value {
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < count; ++lane)
      order.push_back(from + lane);
    return vector::ShuffleOp::create(l.b, l.loc, v, v, order);
  };
  for (int64_t n = kLanes / 2; n >= 1; n /= 2)
    lanes = betterOf(l, {half(lanes.value, 0, n), half(lanes.id, 0, n)},
                     {half(lanes.value, n, n), half(lanes.id, n, n)});
  return {l.extract(lanes.value, 0), l.extract(lanes.id, 0)};
}

Value anyLane(LaneBuilder &l, Value mask) {
  return vector::ReductionOp::create(l.b, l.loc, vector::CombiningKind::OR,
                                     mask);
}

Value forLanes(LaneBuilder &l, Value mask,
               llvm::function_ref<void(Value, Value)> body) {
  const int64_t lanes = cast<VectorType>(mask.getType()).getNumElements();
  Type word = l.b.getIntegerType(unsigned(lanes));
  Value set = l.extract(
      vector::BitCastOp::create(l.b, l.loc, VectorType::get({1}, word), mask),
      0);
  Type index = l.b.getIndexType();
  auto unsignedIndex = [&](Value x) -> Value {
    return arith::IndexCastUIOp::create(l.b, l.loc, index, x);
  };
  Value count = unsignedIndex(math::CtPopOp::create(l.b, l.loc, set));
  l.loop(l.index(0), count, 1, {set}, [&](Value before, ValueRange left) {
    Value first = math::CountTrailingZerosOp::create(l.b, l.loc, left[0]);
    body(unsignedIndex(first), before);
    Value rest = l.subi(left[0], l.i(left[0], 1));
    return SmallVector<Value>{l.andi(left[0], rest)};
  });
  return count;
}

void onFirstWorker(LaneBuilder &l, Share share,
                   llvm::function_ref<void()> body) {
  l.when(l.cmp(IPred::eq, share.worker, l.index(0)), body);
}

Best emitArgmax(LaneBuilder &l, Value logits, Value row, int64_t vocabulary,
                ArrayRef<Best> others) {
  Value lanes = l.iota(kLanes, l.i32());
  auto vec = VectorType::get({kLanes}, l.f32());
  double inf = std::numeric_limits<double>::infinity();
  Value low = l.constantF(vec, -inf);
  auto best = forColumns(
      l, vocabulary, {low, lanes}, [&](Value i, int64_t count, ValueRange v) {
        Value x = loadSome(l, logits, {row, i}, count);
        Value ids = l.addi(lanes, l.splat(l.indexCast(i, l.i32()), kLanes));
        if (count < kLanes) // the rest reads as 0, which might win
          x = l.select(l.cmp(IPred::slt, lanes, l.i(lanes, count)), x, low);
        for (const Best &other : others)
          x = l.select(l.cmp(IPred::eq, ids, l.splat(other.id, kLanes)), low,
                       x);
        Value more = l.cmp(FPred::OGT, x, v[0]);
        return SmallVector<Value>{l.select(more, x, v[0]),
                                  l.select(more, ids, v[1])};
      });
  return bestLane(l, {best[0], best[1]});
}

void lowerArgmax(LaneBuilder &l, tile::ArgmaxOp op, Share share) {
  onFirstWorker(l, share, [&] {
    Best best = emitArgmax(l, op.getLogits(), l.index(0), op.getVocabulary());
    l.store(best.id, op.getToken(), {l.index(0)});
  });
}

/// Whether history[from .. to) holds `id`.
static Value emitContains(LaneBuilder &l, Value history, Value from, Value to,
                          Value id) {
  auto mask = VectorType::get({kLanes}, l.b.getI1Type());
  auto ids = VectorType::get({kLanes}, l.i32());
  Value wanted = l.splat(id, kLanes);
  Value hits = l.loop(
      from, to, kLanes, {l.constantI(mask, 0)}, [&](Value i, ValueRange hit) {
        Value left = vector::CreateMaskOp::create(l.b, l.loc, mask,
                                                  ValueRange{l.subi(to, i)});
        Value x = vector::MaskedLoadOp::create(
            l.b, l.loc, ids, history, ValueRange{i}, left, l.constantI(ids, 0));
        Value same = l.andi(left, l.cmp(IPred::eq, x, wanted));
        return SmallVector<Value>{l.ori(hit[0], same)};
      })[0];
  return anyLane(l, hits);
}

void lowerPenalize(LaneBuilder &l, tile::PenalizeOp op, Share share) {
  Value history = op.getHistory(), penalty = op.getPenalty();
  Value zero = l.index(0);
  onFirstWorker(l, share, [&] {
    Value used = l.cmp(FPred::UNE, penalty, l.f(penalty, 1));
    Value window = l.mins(l.maxs(op.getWindow(), zero), op.getCount());
    Value from = l.subi(op.getCount(), window);
    l.when(used, [&] {
      l.loop(from, op.getCount(), 1, [&](Value i) {
        Value id = l.load(history, {i});
        Value known = l.cmp(IPred::ult, id, l.i(id, op.getVocabulary()));
        Value again = emitContains(l, history, from, i, id);
        Value first = l.xori(again, l.i(again, 1));
        l.when(l.andi(known, first), [&] {
          Value at = l.indexCast(id, l.b.getIndexType());
          Value x = l.load(op.getLogits(), {op.getRow(), at});
          Value y = l.select(l.cmp(FPred::OGT, x, l.f(x, 0)), l.div(x, penalty),
                             l.mul(x, penalty));
          l.store(y, op.getLogits(), {op.getRow(), at});
        });
      });
    });
  });
}

} // namespace sinter
