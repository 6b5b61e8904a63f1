// Retrieval.cpp - what is known of texts like this one.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/Vocabulary.h"

using namespace mlir;
using FPred = arith::CmpFPredicate;
using IPred = arith::CmpIPredicate;

namespace sinter {

/// Workers share the columns: one chain for each of them, whoever adds.
void lowerPool(LaneBuilder &l, tile::PoolOp op, Share share) {
  int64_t padded = cast<MemRefType>(op.getSum().getType()).getDimSize(1);
  Value zero = l.index(0), lanes = l.index(kLanes);
  Value none = l.constantF(VectorType::get({kLanes}, l.f32()), 0);
  Value begins = l.cmp(IPred::eq, op.getFirst(), zero);
  auto [first, last] = shareOf(l, l.index(padded / kLanes), share);
  l.loop(first, last, 1, [&](Value block) {
    Value column = l.muli(block, lanes);
    Value before = l.either(
        begins, [&] { return none; },
        [&] { return l.load(op.getSum(), {zero, column}, kLanes); });
    Value sum =
        l.loop(zero, op.getRows(), 1, {before}, [&](Value row, ValueRange v) {
          Value x = l.load(op.getX(), {row, column}, kLanes);
          return SmallVector<Value>{l.add(v[0], x)};
        })[0];
    l.store(sum, op.getSum(), {zero, column});
  });
}

/// The sum over a row of x[c] y[c].
static Value emitDot(LaneBuilder &l, int64_t cols, Value x, Value y,
                     Value rowOfY) {
  Value zero = l.constantF(VectorType::get({kLanes}, l.f32()), 0);
  Value lanes = forColumns(
      l, cols, {zero}, [&](Value column, int64_t count, ValueRange sum) {
        Value a = loadSome(l, x, {l.index(0), column}, count);
        Value b = loadSome(l, y, {rowOfY, column}, count);
        return SmallVector<Value>{l.fma(a, b, sum[0])};
      })[0];
  return l.reduce(lanes, [&](Value a, Value b) { return l.add(a, b); });
}

void lowerCosines(LaneBuilder &l, tile::CosinesOp op, Share share) {
  Value x = op.getX();
  int64_t cols = op.getCols();
  Value length = l.sqrt(emitDot(l, cols, x, x, l.index(0)));
  int64_t entries = cast<MemRefType>(op.getKeys().getType()).getDimSize(0);
  forRows(l, l.index(entries), share, [&](Value entry) {
    Value near = l.div(emitDot(l, cols, x, op.getKeys(), entry), length);
    Value zero = l.f(near, 0), one = l.f(near, 1);
    near = l.select(l.cmp(FPred::OGT, near, zero), near, zero); // NaN: 0
    near = l.select(l.cmp(FPred::OLT, near, one), near, one);
    l.store(near, op.getNear(), {entry});
  });
}

/// The largest value, and the first entry that has it.
static std::pair<Value, Value> emitNearest(LaneBuilder &l, Value near) {
  int64_t entries = cast<MemRefType>(near.getType()).getDimSize(0);
  Value zero = l.index(0);
  SmallVector<Value> found =
      l.loop(l.index(1), l.index(entries), 1, {l.load(near, {zero}), zero},
             [&](Value entry, ValueRange v) {
               Value other = l.load(near, {entry});
               Value nearer = l.cmp(FPred::OGT, other, v[0]);
               return SmallVector<Value>{l.select(nearer, other, v[0]),
                                         l.select(nearer, entry, v[1])};
             });
  return {found[0], found[1]};
}

/// The last of the sums that is at least `keep` times the largest.
static Value emitChoice(LaneBuilder &l, ArrayRef<Value> sums, double keep) {
  Value most = sums[0], choice = l.constantI(l.i32(), 0);
  for (Value sum : sums.drop_front())
    most = l.max(sum, most);
  Value enough = l.mul(most, l.f(most, keep));
  for (auto [column, sum] : llvm::enumerate(sums))
    choice = l.select(l.cmp(FPred::OGE, sum, enough),
                      l.i(choice, int64_t(column)), choice);
  return choice;
}

void lowerVote(LaneBuilder &l, tile::VoteOp op, Share share) {
  int64_t columns = cast<MemRefType>(op.getLaws().getType()).getDimSize(1);
  onFirstWorker(l, share, [&] {
    Value none = l.constantF(l.f32(), 0), zero = l.index(0);
    Value most = emitNearest(l, op.getNear()).first;
    SmallVector<Value> sums = l.loop(
        zero, l.index(op.getNearest()), 1, SmallVector<Value>(columns, none),
        [&](Value, ValueRange before) {
          auto [near, entry] = emitNearest(l, op.getNear());
          l.store(l.f(near, -1), op.getNear(), {entry});
          SmallVector<Value> after;
          for (auto [column, sum] : llvm::enumerate(before)) {
            Value law = l.load(op.getLaws(), {entry, l.index(int64_t(column))});
            after.push_back(l.fma(near, law, sum));
          }
          return after;
        });
    l.store(emitChoice(l, sums, op.getKeep().convertToDouble()), op.getChoice(),
            {zero});
    l.store(most, op.getBest(), {zero});
  });
}

} // namespace sinter
