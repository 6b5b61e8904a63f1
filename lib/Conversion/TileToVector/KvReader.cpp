// KvReader.cpp - how keys and values come out of their pages.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Conversion/TileToVector/KvReader.h"
#include "dialects/Tile/KvLayout.h"

using namespace mlir;

namespace sinter {

Value KvReader::page(Value number) {
  return l.indexCast(l.load(pages, {l.addi(table, number)}),
                     l.b.getIndexType());
}

Value KvReader::keyScales(Value page, Value head) {
  auto type = cast<MemRefType>(k.getType());
  if (!type.getElementType().isInteger(8))
    return Value();
  // Behind the codes of the head.
  int64_t dim = type.getDimSize(2) -
                tile::kvScaleRows(type.getElementType(), type.getDimSize(3));
  return floatsAt(k, {page, head, l.index(dim), l.index(0)}, kPage);
}

Value KvReader::valueScale(Value page, Value head, Value slot) {
  auto type = cast<MemRefType>(v.getType());
  if (!type.getElementType().isInteger(8))
    return Value();
  Value scale =
      floatsAt(v, {page, head, l.index(kPage), l.muli(slot, l.index(4))}, 1);
  return l.splat(l.extract(scale, 0), kLanes);
}

/// `count` floats that lie among bytes.
Value KvReader::floatsAt(Value plane, ValueRange at, int64_t count) {
  Value bytes = l.load(plane, at, 4 * count);
  return vector::BitCastOp::create(l.b, l.loc,
                                   VectorType::get({count}, l.f32()), bytes);
}

Value KvReader::widen(Value x, Value scale) {
  Type type = getElementTypeOrSelf(x);
  if (type.isF32())
    return x;
  if (type.isF16())
    return l.extf(x, l.f32());
  if (type.isBF16()) // the upper half of an f32
    return l.bits(l.shl(l.extu(l.bits(x, l.b.getI16Type()), l.i32()), 16),
                  l.f32());
  return l.mul(l.sitofp(x, l.f32()), scale);
}

Value KvReader::rawKeys(Value page, Value head, Value d) {
  return l.load(k, {page, head, d, l.index(0)}, kLanes);
}

Value KvReader::rawValues(Value page, Value head, Value slot, Value column) {
  return l.load(v, {page, head, slot, column}, kLanes);
}

bool KvReader::keysAreBf16() const { return getElementTypeOrSelf(k).isBF16(); }

bool KvReader::valuesAreBf16() const {
  return getElementTypeOrSelf(v).isBF16();
}

Value KvReader::keys(Value page, Value head, Value d, Value scales) {
  return widen(rawKeys(page, head, d), scales);
}

Value KvReader::values(Value page, Value head, Value slot, Value column,
                       Value scale) {
  return widen(rawValues(page, head, slot, column), scale);
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
