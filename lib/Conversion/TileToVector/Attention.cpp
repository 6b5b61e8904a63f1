// Attention.cpp - causal attention over a paged cache.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/Attention.h"
#include "dialects/Tile/AttentionWork.h"

using namespace mlir;

namespace sinter {

/// Zeros in the columns behind the last head.
static void clearPadding(LaneBuilder &l, tile::AttentionOp op, Share share) {
  int64_t cols = op.getHeads() * op.getHeadDim();
  int64_t padded = cast<MemRefType>(op.getOut().getType()).getDimSize(1);
  if (cols == padded)
    return;
  Value zero = l.constantF(VectorType::get({kLanes}, l.f32()), 0);
  forRows(l, op.getRows(), share, [&](Value row) {
    for (int64_t c = cols; c < padded; c += kLanes)
      storeSome(l, asElement(l, zero, op.getOut()), op.getOut(),
                {row, l.index(c)}, std::min(kLanes, padded - c));
  });
}

void lowerAttention(LaneBuilder &l, tile::AttentionOp op, Share share,
                    RowMachine machine) {
  Places(l, op).forEachRun([&](const Run &run) {
    Value few = l.cmp(arith::CmpIPredicate::ule, run.rows,
                      l.index(tile::AttentionWork::kFewRows));
    l.when(few, [&] { emitAttentionBySpans(l, op, run, share, machine); });
    l.when(l.xori(few, l.i(few, 1)),
           [&] { emitAttentionByBlocks(l, op, run, share, machine); });
  });
  clearPadding(l, op, share);
}

} // namespace sinter
