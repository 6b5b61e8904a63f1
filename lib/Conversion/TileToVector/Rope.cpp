// Rope.cpp - rotary positions.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/MathExpansion.h"
#include "lib/Conversion/TileToVector/Places.h"

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
                 Value i, int64_t count) {
  Value x = op.getX();
  Value table = loadSome(l, op.getTable(), {row, i, l.index(0)}, 2 * count, 32);
  Value cos = everySecond(l, table, 0), sin = everySecond(l, table, 1);
  if (op.getInterleaved()) {
    Value at = l.addi(head, l.muli(i, l.index(2)));
    Value pairs = loadSome(l, x, {row, at}, 2 * count, 32);
    auto [a, b] =
        rotate(l, everySecond(l, pairs, 0), everySecond(l, pairs, 1), cos, sin);
    storeSome(l, interleave(l, a, b), x, {row, at}, 2 * count);
    return;
  }
  Value low = l.addi(head, i);
  Value high = l.addi(low, l.index(op.getRot() / 2));
  auto [a, b] = rotate(l, loadSome(l, x, {row, low}, count),
                       loadSome(l, x, {row, high}, count), cos, sin);
  storeSome(l, a, x, {row, low}, count);
  storeSome(l, b, x, {row, high}, count);
}

/// Rotates the 16 pairs of a block of 32 columns, where pairs lie together.
void rotateBlock(LaneBuilder &l, tile::RopeOp op, Value row, Value column) {
  Value within = l.remu(l.subi(column, l.index(op.getFirstCol())),
                        op.getHeadDim()); // of its head
  auto rotate = [&] {
    rotatePairs(l, op, row, l.subi(column, within), l.divu(within, 2), kLanes);
  };
  if (op.getRot() == op.getHeadDim())
    return rotate();
  l.when(l.cmp(arith::CmpIPredicate::ult, within, l.index(op.getRot())),
         rotate);
}

} // namespace

void lowerRopeTable(LaneBuilder &l, tile::RopeTableOp op, Share share) {
  int64_t pairs = cast<MemRefType>(op.getTable().getType()).getDimSize(1);
  Places places(l, op);
  forRows(l, op.getRows(), share, [&](Value row) {
    Value position = l.indexCast(places.position(row), l.i64());
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
  int64_t pairs = op.getRot() / 2, dim = op.getHeadDim();
  tile::ColumnsAttr columns = op.getColumnsAttr();
  int64_t first = op.getFirstCol();
  Area area = areaOf(l, op.getRows(), columns, first,
                     first + op.getHeads() * dim, share);
  if (columns && op.getInterleaved())
    return area.forEach(l, 32, [&](Value row, Value column) {
      rotateBlock(l, op, row, column);
    });
  area.forEach(l, dim, [&](Value row, Value head) {
    for (int64_t i = 0; i < pairs; i += kLanes)
      rotatePairs(l, op, row, head, l.index(i), std::min(kLanes, pairs - i));
  });
}

} // namespace sinter
