// KvReader.cpp - how keys and values come out of their pages.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/KvReader.h"

using namespace mlir;

namespace sinter {

Value KvReader::page(Value number) {
  return l.indexCast(l.load(pages, {l.addi(table, number)}),
                     l.b.getIndexType());
}

Value KvReader::widen(Value x) {
  return getElementTypeOrSelf(x).isF32() ? x : l.extf(x, l.f32());
}

Value KvReader::keys(Value page, Value head, Value d) {
  return widen(l.load(k, {page, head, d, l.index(0)}, kLanes));
}

Value KvReader::values(Value page, Value head, Value slot, Value column) {
  return widen(l.load(v, {page, head, slot, column}, kLanes));
}

int64_t KvReader::elementBytes(Value plane) {
  return cast<MemRefType>(plane.getType()).getElementTypeBitWidth() / 8;
}

int64_t KvReader::headBytes(Value plane) {
  ArrayRef<int64_t> shape = cast<MemRefType>(plane.getType()).getShape();
  return shape[2] * shape[3] * elementBytes(plane);
}

Value KvReader::address(Value plane, Value page, Value head) {
  int64_t heads = cast<MemRefType>(plane.getType()).getDimSize(1);
  Value base =
      memref::ExtractAlignedPointerAsIndexOp::create(l.b, l.loc, plane);
  Value number = l.addi(l.muli(page, l.index(heads)), head);
  return l.indexCast(l.addi(base, l.muli(number, l.index(headBytes(plane)))),
                     l.i64());
}

} // namespace sinter
