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

/// Between -limit and limit; NaN stays NaN.
static Value saturate(LaneBuilder &l, Value x, double limit) {
  Value high = l.f(x, limit), low = l.f(x, -limit);
  x = l.select(l.cmp(arith::CmpFPredicate::OGT, x, high), high, x);
  return l.select(l.cmp(arith::CmpFPredicate::OLT, x, low), low, x);
}

/// To nearest even by hand: there is no instruction for it on every level, and
/// no library to call.
static Value toBf16(LaneBuilder &l, Value x) {
  constexpr double largest = 0x1.fep127;
  Value bits = l.bits(saturate(l, x, largest), l.i32());
  Value odd = l.andi(l.shru(bits, 16), l.i(bits, 1));
  Value rounded = l.shru(l.addi(bits, l.addi(odd, l.i(bits, 0x7fff))), 16);
  Value quiet = l.ori(l.shru(bits, 16), l.i(bits, 0x40));
  Value isNan = l.cmp(arith::CmpFPredicate::UNO, x, x);
  return l.bits(l.trunci(l.select(isNan, quiet, rounded), l.b.getI16Type()),
                l.b.getBF16Type());
}

/// x as a floating-point type of the cache.
static Value narrow(LaneBuilder &l, Value x, Type element) {
  if (element.isF32())
    return x;
  if (element.isBF16())
    return toBf16(l, x);
  return l.truncf(saturate(l, x, 65504), element);
}

/// Codes of one head and what they are multiplied by, max|x| / 127. There is no
/// code for NaN: it becomes 0.
static std::pair<SmallVector<Value>, Value> quantize(LaneBuilder &l,
                                                     ValueRange chunks) {
  constexpr double largest = 0x1.fffffep127;
  Value most = l.f(chunks.front(), 0);
  SmallVector<Value> finite, codes;
  for (Value x : chunks) {
    Value isNan = l.cmp(arith::CmpFPredicate::UNO, x, x);
    x = saturate(l, l.select(isNan, l.f(x, 0), x), largest);
    finite.push_back(x);
    most = l.max(l.abs(x), most);
  }
  most = l.reduce(most, [&](Value a, Value b) { return l.max(a, b); });
  Value scale = l.div(most, l.f(most, 127));
  Value isZero = l.cmp(arith::CmpFPredicate::OEQ, scale, l.f(scale, 0));
  Value divisor = l.splat(l.select(isZero, l.f(scale, 1), scale), kLanes);
  for (Value x : finite) {
    Value code = saturate(l, l.rint(l.div(x, divisor)), 127);
    Value wide = arith::FPToSIOp::create(
        l.b, l.loc, VectorType::get({kLanes}, l.i32()), code);
    codes.push_back(l.trunci(wide, l.b.getI8Type()));
  }
  return {codes, scale};
}

/// What is stored for one head: elements, and a scale where they are codes.
static std::pair<SmallVector<Value>, Value>
narrowHead(LaneBuilder &l, ValueRange chunks, Type element) {
  if (element.isInteger(8))
    return quantize(l, chunks);
  return {llvm::map_to_vector(chunks,
                              [&](Value x) { return narrow(l, x, element); }),
          Value()};
}

/// The scale of a slot, behind the codes of a page, from row `row` on.
static void storeScale(LaneBuilder &l, Value scale, Value plane,
                       KvStore::Slot slot, Value head, int64_t row) {
  if (!scale)
    return;
  Value bytes = vector::BitCastOp::create(
      l.b, l.loc, VectorType::get({4}, l.b.getI8Type()), l.splat(scale, 1));
  l.store(bytes, plane,
          {slot.page, head, l.index(row), l.muli(slot.index, l.index(4))});
}

KvStore::Slot KvStore::slot(Value position, Value table) {
  Value page = l.load(pages, {l.addi(table, l.divu(position, kPage))});
  return {l.indexCast(page, l.b.getIndexType()), l.remu(position, kPage)};
}

void KvStore::keys(Slot slot, Value kvHead, Value firstDim, ValueRange chunks) {
  auto [elements, scale] = narrowHead(l, chunks, elementOf(k));
  // Keys lie across the page: one lane a line.
  for (auto [c, chunk] : llvm::enumerate(elements))
    for (int64_t lane = 0; lane < count(c); ++lane) {
      Value dim = l.addi(firstDim, l.index(c * kLanes + lane));
      l.store(l.extract(chunk, lane), k, {slot.page, kvHead, dim, slot.index});
    }
  storeScale(l, scale, k, slot, kvHead, headDim);
}

void KvStore::values(Slot slot, Value kvHead, Value firstDim,
                     ValueRange chunks) {
  auto [elements, scale] = narrowHead(l, chunks, elementOf(v));
  // Lanes beyond the head fill the page's pad columns.
  for (auto [c, chunk] : llvm::enumerate(elements)) {
    Value dim = l.addi(firstDim, l.index(c * kLanes));
    l.store(chunk, v, {slot.page, kvHead, slot.index, dim});
  }
  storeScale(l, scale, v, slot, kvHead, kPage);
}

/// Dimensions of a line of the cache.
static int64_t dimsOfLine(Value plane, int64_t elementsOfDim) {
  int64_t bytes = elementOf(plane).getIntOrFloatBitWidth() / 8 * elementsOfDim;
  return std::max<int64_t>(1, 64 / bytes);
}

void KvStore::fetch(Value plane, ValueRange at) {
  memref::PrefetchOp::create(l.b, l.loc, plane, at, /*isWrite=*/true,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

void KvStore::fetchKeys(Slot slot, Value kvHead, Value firstDim, int64_t dims) {
  for (int64_t d = 0; d < dims; d += dimsOfLine(k, kPage))
    fetch(k, {slot.page, kvHead, l.addi(firstDim, l.index(d)), slot.index});
}

void KvStore::fetchValues(Slot slot, Value kvHead, Value firstDim,
                          int64_t dims) {
  for (int64_t d = 0; d < dims; d += dimsOfLine(v, 1))
    fetch(v, {slot.page, kvHead, slot.index, l.addi(firstDim, l.index(d))});
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

/// The same for the copies of rows: whoever has a row stores its copies, so
/// that nobody waits. `part` takes the place of the copy, too.
static void
forCopies(LaneBuilder &l, tile::KvAppendOp op, Share share, Places &places,
          tile::ColumnsAttr columns, int64_t first,
          llvm::function_ref<void(Value, Value, Value, Value, Value)> part) {
  int64_t dim = op.getHeadDim();
  Area area = areaOf(l, op.getRows(), columns, first,
                     first + op.getKvHeads() * dim, share);
  places.forEachCopy([&](Value place, Value row) {
    Value mine = l.andi(l.cmp(arith::CmpIPredicate::uge, row, area.firstRow),
                        l.cmp(arith::CmpIPredicate::ult, row, area.lastRow));
    l.when(mine, [&] {
      l.loop(area.firstCol, area.lastCol, columns ? 32 : dim,
             [&](Value column) {
               Value at = l.subi(column, l.index(first));
               part(place, row, column, l.divu(at, dim), l.remu(at, dim));
             });
    });
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
  forCopies(l, op, share, places, op.getKColumnsAttr(), op.getKCol(),
            [&](Value place, Value row, Value column, Value head, Value dim) {
              store.keys(slot(place), head, dim, load(row, column));
            });
  forCopies(l, op, share, places, op.getVColumnsAttr(), op.getVCol(),
            [&](Value place, Value row, Value column, Value head, Value dim) {
              store.values(slot(place), head, dim, load(row, column));
            });
}

void fetchKvSlots(LaneBuilder &l, tile::KvAppendOp op, Share share) {
  KvStore store(l, op.getK(), op.getV(), op.getPages(), op.getHeadDim());
  Places places(l, op);
  auto slot = [&](Value row) {
    return store.slot(places.position(row), places.pages(row));
  };
  auto dims = [&](tile::ColumnsAttr columns) -> int64_t {
    return columns ? 32 : op.getHeadDim();
  };
  forParts(l, op, share, op.getKColumnsAttr(), op.getKCol(),
           [&](Value row, Value, Value head, Value dim) {
             store.fetchKeys(slot(row), head, dim, dims(op.getKColumnsAttr()));
           });
  forParts(l, op, share, op.getVColumnsAttr(), op.getVCol(),
           [&](Value row, Value, Value head, Value dim) {
             store.fetchValues(slot(row), head, dim,
                               dims(op.getVColumnsAttr()));
           });
}

} // namespace sinter
