// KvStore.cpp - the append to the KV cache.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/KvStore.h"

using namespace mlir;

namespace sinter {

static Type elementOf(Value plane) {
  return cast<MemRefType>(plane.getType()).getElementType();
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

KvStore::Slot KvStore::slot(Value position) {
  Value page = l.load(pages, {l.divu(position, kPage)});
  return {l.indexCast(page, l.b.getIndexType()), l.remu(position, kPage)};
}

void KvStore::keys(Slot slot, Value kvHead, ValueRange chunks) {
  // Keys lie across the page: one lane a line.
  for (auto [c, chunk] : llvm::enumerate(chunks)) {
    Value narrowed = narrow(l, chunk, elementOf(k));
    for (int64_t lane = 0; lane < count(c); ++lane)
      l.store(l.extract(narrowed, lane), k,
              {slot.page, kvHead, l.index(c * kLanes + lane), slot.index});
  }
}

void KvStore::values(Slot slot, Value kvHead, ValueRange chunks) {
  // Lanes beyond the head fill the page's pad columns.
  for (auto [c, chunk] : llvm::enumerate(chunks))
    l.store(narrow(l, chunk, elementOf(v)), v,
            {slot.page, kvHead, slot.index, l.index(c * kLanes)});
}

void lowerKvAppend(LaneBuilder &l, tile::KvAppendOp op, Share share) {
  KvStore store(l, op.getK(), op.getV(), op.getPages(), op.getHeadDim());
  forRows(l, op.getRows(), share, [&](Value row) {
    KvStore::Slot slot = store.slot(l.addi(op.getAt(), row));
    l.loop(l.index(0), l.index(op.getKvHeads()), 1, [&](Value head) {
      Value at = l.muli(head, l.index(op.getHeadDim()));
      auto headFrom = [&](int64_t firstCol) {
        SmallVector<Value> chunks;
        for (int64_t c = 0; c < store.chunks(); ++c) {
          Value column = l.addi(at, l.index(firstCol + c * kLanes));
          chunks.push_back(
              loadSome(l, op.getX(), {row, column}, store.count(c)));
        }
        return chunks;
      };
      store.keys(slot, head, headFrom(op.getKCol()));
      store.values(slot, head, headFrom(op.getVCol()));
    });
  });
}

} // namespace sinter
