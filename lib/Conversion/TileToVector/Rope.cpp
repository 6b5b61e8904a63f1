// Rope.cpp - rotary positions and the append to the KV cache.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/MathExpansion.h"
#include "lib/Conversion/TileToVector/RowLowerings.h"

using namespace mlir;

namespace sinter {
namespace {

/// a0 b0 a1 b1 ...
Value interleave(LaneBuilder &l, Value a, Value b) {
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    order.append({lane, lane + kLanes});
  return vector::ShuffleOp::create(l.b, l.loc, a, b, order);
}

/// The even (0) or odd (1) lanes of 32.
Value everySecond(LaneBuilder &l, Value x, int64_t odd) {
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < kLanes; ++lane)
    order.push_back(2 * lane + odd);
  return vector::ShuffleOp::create(l.b, l.loc, x, x, order);
}

/// (x, y) turned by the angle whose cos and sin these are.
std::pair<Value, Value> rotate(LaneBuilder &l, Value x, Value y, Value cos,
                               Value sin) {
  return {l.fma(x, cos, l.neg(l.mul(y, sin))), l.fma(y, cos, l.mul(x, sin))};
}

/// Rotates `count` pairs from pair `i` on of the head at column `head`.
void rotatePairs(LaneBuilder &l, tile::RopeOp op, Value row, Value head,
                 int64_t i, int64_t count) {
  Value x = op.getX();
  Value table =
      loadSome(l, op.getTable(), {row, l.index(i), l.index(0)}, 2 * count, 32);
  Value cos = everySecond(l, table, 0), sin = everySecond(l, table, 1);
  if (op.getInterleaved()) {
    Value at = l.addi(head, l.index(2 * i));
    Value pairs = loadSome(l, x, {row, at}, 2 * count, 32);
    auto [a, b] =
        rotate(l, everySecond(l, pairs, 0), everySecond(l, pairs, 1), cos, sin);
    storeSome(l, interleave(l, a, b), x, {row, at}, 2 * count);
    return;
  }
  Value low = l.addi(head, l.index(i));
  Value high = l.addi(low, l.index(op.getRot() / 2));
  auto [a, b] = rotate(l, loadSome(l, x, {row, low}, count),
                       loadSome(l, x, {row, high}, count), cos, sin);
  storeSome(l, a, x, {row, low}, count);
  storeSome(l, b, x, {row, high}, count);
}

} // namespace

void lowerRopeTable(LaneBuilder &l, tile::RopeTableOp op, Share share) {
  int64_t pairs = cast<MemRefType>(op.getTable().getType()).getDimSize(1);
  forRows(l, op.getRows(), share, [&](Value row) {
    Value position = l.indexCast(l.addi(op.getAt(), row), l.i64());
    // A position rounds to f32 first: what the models were trained with.
    Value p = l.splat(l.sitofp(position, l.f32()), kLanes);
    forColumns(l, pairs, {}, [&](Value i, int64_t count, ValueRange) {
      Value angle = l.mul(p, loadSome(l, op.getFreqs(), {i}, count));
      SinCos t = emitSinCos(l.b, l.loc, angle);
      storeSome(l, interleave(l, t.cos, t.sin), op.getTable(),
                {row, i, l.index(0)}, 2 * count);
      return SmallVector<Value>();
    });
  });
}

void lowerRope(LaneBuilder &l, tile::RopeOp op, Share share) {
  int64_t pairs = op.getRot() / 2;
  forRows(l, op.getRows(), share, [&](Value row) {
    Value first = l.index(op.getFirstCol());
    Value end = l.index(op.getFirstCol() + op.getHeads() * op.getHeadDim());
    l.loop(first, end, op.getHeadDim(), [&](Value head) {
      for (int64_t i = 0; i < pairs; i += kLanes)
        rotatePairs(l, op, row, head, i, std::min(kLanes, pairs - i));
    });
  });
}

/// x as the element type of the cache; saturates, NaN stays NaN.
static Value narrow(LaneBuilder &l, Value x, Type element) {
  if (element.isF32())
    return x;
  Value high = l.f(x, 65504), low = l.f(x, -65504);
  x = l.select(l.cmp(arith::CmpFPredicate::OGT, x, high), high, x);
  x = l.select(l.cmp(arith::CmpFPredicate::OLT, x, low), low, x);
  return l.truncf(x, element);
}

void lowerKvAppend(LaneBuilder &l, tile::KvAppendOp op, Share share) {
  Value x = op.getX(), k = op.getK(), v = op.getV();
  Type element = cast<MemRefType>(k.getType()).getElementType();
  int64_t dim = op.getHeadDim();
  forRows(l, op.getRows(), share, [&](Value row) {
    Value position = l.addi(op.getAt(), row);
    Value slot = l.remu(position, kPage);
    Value page = l.indexCast(l.load(op.getPages(), {l.divu(position, kPage)}),
                             l.b.getIndexType());
    l.loop(l.index(0), l.index(op.getKvHeads()), 1, [&](Value head) {
      Value at = l.muli(head, l.index(dim));
      Value kc = l.addi(at, l.index(op.getKCol()));
      Value vc = l.addi(at, l.index(op.getVCol()));
      forColumns(l, dim, {}, [&](Value d, int64_t count, ValueRange) {
        // Keys lie across the page: one lane a line.
        Value keys =
            narrow(l, loadSome(l, x, {row, l.addi(kc, d)}, count), element);
        for (int64_t lane = 0; lane < count; ++lane)
          l.store(l.extract(keys, lane), k,
                  {page, head, l.addi(d, l.index(lane)), slot});
        // Lanes beyond the head are zeros and fill the page's pad columns.
        Value values = loadSome(l, x, {row, l.addi(vc, d)}, count);
        l.store(narrow(l, values, element), v, {page, head, slot, d});
        return SmallVector<Value>();
      });
    });
  });
}

} // namespace sinter
