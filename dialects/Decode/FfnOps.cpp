// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Feed-forward blocks that tokens leave out.

#include "dialects/Decode/DecodeOps.h"

using namespace mlir;
using namespace sinter::decode;

LogicalResult FfnsOp::verify() {
  float threshold = getThreshold().convertToFloat();
  if (!(threshold >= 0 && threshold <= 1))
    return emitOpError("has the threshold ")
           << threshold << "; cosines are from 0 to 1";
  int64_t before = 0;
  for (int64_t layer : getLayers()) {
    if (layer < 1)
      return emitOpError("leaves out the block of layer ")
             << layer << ", before which no other block is asked";
    if (layer <= before)
      return emitOpError("names layer ")
             << layer << " after layer " << before << "; they must rise";
    before = layer;
  }
  return success();
}

LogicalResult FfnsOp::verifySymbolUses(SymbolTableCollection &tables) {
  for (FlatSymbolRefAttr name : {getLooksAttr(), getAsksAttr()}) {
    auto function =
        tables.lookupNearestSymbolFrom<FunctionOpInterface>(*this, name);
    if (!function || function.getNumArguments() != 0 ||
        function.getNumResults() != 0)
      return emitOpError("no function without arguments named '")
             << name.getValue() << "'";
  }
  if (getDepthsAttr() &&
      !tables.lookupNearestSymbolFrom<DepthsOp>(*this, getDepthsAttr()))
    return emitOpError("no decode.depths named '") << *getDepths() << "'";
  return success();
}

static LogicalResult lookUp(Operation *op, FlatSymbolRefAttr name,
                            SymbolTableCollection &tables) {
  if (tables.lookupNearestSymbolFrom<FfnsOp>(op, name))
    return success();
  return op->emitOpError("no decode.ffns named '") << name.getValue() << "'";
}

LogicalResult FfnOp::verifySymbolUses(SymbolTableCollection &tables) {
  return lookUp(*this, getPolicyAttr(), tables);
}
LogicalResult BeginFfnsOp::verifySymbolUses(SymbolTableCollection &tables) {
  return lookUp(*this, getPolicyAttr(), tables);
}
LogicalResult SkippingOp::verifySymbolUses(SymbolTableCollection &tables) {
  return lookUp(*this, getPolicyAttr(), tables);
}
