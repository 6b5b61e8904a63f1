// Tokens.cpp - a model that follows another one's text and vocabulary.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/RowLowerings.h"

#include <limits>

using namespace mlir;
using IPred = arith::CmpIPredicate;

namespace sinter {

/// A model's own id for one of the text, or for what stands in for it.
static Value emitOwnId(LaneBuilder &l, Value tokens, Value id) {
  int64_t count = cast<MemRefType>(tokens.getType()).getDimSize(0);
  Value at = arith::IndexCastUIOp::create(l.b, l.loc, l.b.getIndexType(), id);
  return l.either(
      l.cmp(IPred::ult, at, l.index(count)),
      [&] {
        Value own = l.load(tokens, {at});
        Value other = l.xori(own, l.i(own, -1));
        return l.select(l.cmp(IPred::slt, own, l.i(own, 0)), other, own);
      },
      [&] { return l.i(id, -1); });
}

void lowerReadHistory(LaneBuilder &l, tile::ReadHistoryOp op, Share share) {
  forRows(l, op.getRows(), share, [&](Value row) {
    Value id = l.load(op.getHistory(), {l.addi(op.getAt(), row)});
    if (op.getTokens())
      id = emitOwnId(l, op.getTokens(), id);
    l.store(id, op.getIds(), {row});
  });
}

void lowerMapLogits(LaneBuilder &l, tile::MapLogitsOp op, Share share) {
  int64_t columns = cast<MemRefType>(op.getY().getType()).getDimSize(1);
  auto row = VectorType::get({kLanes}, l.f32());
  Value none = l.constantF(row, -std::numeric_limits<double>::infinity());
  Value zero = l.index(0), lanes = l.index(kLanes);
  auto [first, last] = shareOf(l, l.index(columns / kLanes), share);
  l.loop(first, last, 1, [&](Value block) {
    Value column = l.muli(block, lanes);
    Value own = l.load(op.getTokens(), {column}, kLanes);
    Value both = l.cmp(IPred::sge, own, l.i(own, 0));
    Value values = vector::GatherOp::create(
        l.b, l.loc, row, op.getX(), ValueRange{zero, zero}, own, both, none);
    l.store(values, op.getY(), {zero, column});
  });
}

} // namespace sinter
