// KvStore.cpp - the append to the KV cache.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/KvStore.h"
#include "lib/Conversion/TileToVector/Places.h"

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

KvStore::Slot KvStore::slot(Value position, Value table) {
  Value page = l.load(pages, {l.addi(table, l.divu(position, kPage))});
  return {l.indexCast(page, l.b.getIndexType()), l.remu(position, kPage)};
}

void KvStore::keys(Slot slot, Value kvHead, Value firstDim, ValueRange chunks) {
  // Keys lie across the page: one lane a line.
  for (auto [c, chunk] : llvm::enumerate(chunks)) {
    Value narrowed = narrow(l, chunk, elementOf(k));
    for (int64_t lane = 0; lane < count(c); ++lane) {
      Value dim = l.addi(firstDim, l.index(c * kLanes + lane));
      l.store(l.extract(narrowed, lane), k,
              {slot.page, kvHead, dim, slot.index});
    }
  }
}

void KvStore::values(Slot slot, Value kvHead, Value firstDim,
                     ValueRange chunks) {
  // Lanes beyond the head fill the page's pad columns.
  for (auto [c, chunk] : llvm::enumerate(chunks)) {
    Value dim = l.addi(firstDim, l.index(c * kLanes));
    l.store(narrow(l, chunk, elementOf(v)), v,
            {slot.page, kvHead, slot.index, dim});
  }
}

/// `part(column, head, dimension)` for what this worker has of the heads from
/// column `first` on: whole heads, or blocks of 32 columns.
static void
forParts(LaneBuilder &l, tile::KvAppendOp op, Share share,
         tile::ColumnsAttr columns, int64_t first,
         llvm::function_ref<void(Value, Value, Value, Value)> part) {
  int64_t dim = op.getHeadDim();
  Area area = areaOf(l, op.getRows(), columns, first,
                     first + op.getKvHeads() * dim, share);
  area.forEach(l, columns ? 32 : dim, [&](Value row, Value column) {
    Value at = l.subi(column, l.index(first));
    part(row, column, l.divu(at, dim), l.remu(at, dim));
  });
}

void lowerKvAppend(LaneBuilder &l, tile::KvAppendOp op, Share share) {
  KvStore store(l, op.getK(), op.getV(), op.getPages(), op.getHeadDim());
  auto load = [&](Value row, Value column) {
    SmallVector<Value> chunks;
    int64_t count = op.getKColumns() ? 2 : store.chunks();
    for (int64_t c = 0; c < count; ++c)
      chunks.push_back(loadSome(l, op.getX(),
                                {row, l.addi(column, l.index(c * kLanes))},
                                store.count(c)));
    return chunks;
  };
  Places places(l, op);
  auto slot = [&](Value row) {
    return store.slot(places.position(row), places.pages(row));
  };
  forParts(l, op, share, op.getKColumnsAttr(), op.getKCol(),
           [&](Value row, Value column, Value head, Value dim) {
             store.keys(slot(row), head, dim, load(row, column));
           });
  forParts(l, op, share, op.getVColumnsAttr(), op.getVCol(),
           [&](Value row, Value column, Value head, Value dim) {
             store.values(slot(row), head, dim, load(row, column));
           });
}

} // namespace sinter
