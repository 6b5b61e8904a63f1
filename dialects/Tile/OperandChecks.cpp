// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/OperandChecks.h"
#include "dialects/Tile/StripLayout.h"

using namespace mlir;
using namespace sinter::tile;

int64_t sinter::tile::roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

ArrayRef<int64_t> sinter::tile::shapeOf(Value value) {
  return cast<MemRefType>(value.getType()).getShape();
}

LogicalResult sinter::tile::checkRows(Operation *op, Value value,
                                      StringRef name, int64_t cols) {
  int64_t stride = shapeOf(value)[1];
  if (stride % 32 != 0)
    return op->emitOpError() << name << " has " << stride
                             << " columns, which must be a multiple of 32";
  if (cols <= 0 || cols > stride)
    return op->emitOpError()
           << name << " has " << stride << " columns, " << cols << " needed";
  return success();
}

LogicalResult sinter::tile::checkExactRows(Operation *op, Value value,
                                           StringRef name, int64_t cols) {
  if (failed(checkRows(op, value, name, cols)))
    return failure();
  if (shapeOf(value)[1] != roundUp(cols, 32))
    return op->emitOpError()
           << name << " has " << shapeOf(value)[1] << " columns, "
           << roundUp(cols, 32) << " expected";
  return success();
}

LogicalResult sinter::tile::checkSpan(Operation *op, Value value,
                                      StringRef name, int64_t first,
                                      int64_t columns) {
  if (failed(checkRows(op, value, name, 1)))
    return failure();
  if (first < 0 || columns <= 0 || first + columns > shapeOf(value)[1])
    return op->emitOpError()
           << name << " has " << shapeOf(value)[1] << " columns, none are "
           << first << " to " << first + columns;
  return success();
}

LogicalResult sinter::tile::checkCopies(Operation *op, Value value,
                                        StringRef name, int64_t perCopy) {
  int64_t needed = kOwnCopies * perCopy;
  if (shapeOf(value)[0] < needed)
    return op->emitOpError()
           << name << " has a first dimension of " << shapeOf(value)[0] << ", "
           << needed << " needed for copies";
  return success();
}

LogicalResult sinter::tile::checkSize(Operation *op, Value value,
                                      StringRef name, int64_t size) {
  if (shapeOf(value)[0] != size)
    return op->emitOpError() << name << " has " << shapeOf(value)[0]
                             << " elements, " << size << " expected";
  return success();
}

LogicalResult sinter::tile::checkPacked(Operation *op, Value value,
                                        StringRef name, PackedAttr packed) {
  StripLayout layout = StripLayout::getVerified(
      packed.getEncoding(), packed.getRows(), packed.getCols());
  if (shapeOf(value)[0] != layout.totalBytes)
    return op->emitOpError()
           << name << " has " << shapeOf(value)[0] << " bytes, but " << packed
           << " takes " << layout.totalBytes;
  return success();
}

LogicalResult sinter::tile::checkPage(Operation *op, Value plane,
                                      StringRef name, KvPageShape shape) {
  if (shapeOf(plane).drop_front() == ArrayRef<int64_t>(shape))
    return success();
  return op->emitOpError() << name << " pages must be " << shape[0] << " x "
                           << shape[1] << " x " << shape[2];
}

LogicalResult sinter::tile::checkPlanes(Operation *op, Value k, Value v,
                                        int64_t kvHeads, int64_t headDim) {
  Type keyType = getElementTypeOrSelf(k), valueType = getElementTypeOrSelf(v);
  if (failed(checkPage(op, k, "key", keyPageShape(keyType, kvHeads, headDim))))
    return failure();
  return checkPage(op, v, "value", valuePageShape(valueType, kvHeads, headDim));
}

LogicalResult sinter::tile::checkHeads(Operation *op,
                                       ArrayRef<int64_t> counts) {
  if (llvm::any_of(counts, [](int64_t count) { return count <= 0; }))
    return op->emitOpError() << "head counts and sizes must be positive";
  return success();
}

LogicalResult sinter::tile::checkInterleaving(Operation *op, Arrange arrange,
                                              size_t sources) {
  if (sources == 0)
    return op->emitOpError() << "needs a source";
  if (arrange == Arrange::Interleave16 && sources != 2)
    return op->emitOpError() << "interleave16 takes 2 sources, not " << sources;
  return success();
}
