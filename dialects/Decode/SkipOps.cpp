// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of the ops that leave layers out.

#include "dialects/Decode/DecodeOps.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace sinter::decode;

LogicalResult DepthsOp::verify() {
  ArrayRef<int64_t> percents = getPercents();
  if (percents.size() != getSkips().size())
    return emitOpError("has ") << percents.size() << " shares and "
                               << getSkips().size() << " lists of layers";
  if (percents.empty() || percents.front() != 100 ||
      !cast<DenseI64ArrayAttr>(getSkips()[0]).empty())
    return emitOpError("must begin with the whole model: 100 percent, no "
                       "layer left out");
  for (size_t i = 1; i < percents.size(); ++i)
    if (percents[i] < 1 || percents[i] >= percents[i - 1])
      return emitOpError("has the share ")
             << percents[i] << " after " << percents[i - 1]
             << "; shares fall, and stay above 0";
  return success();
}

LogicalResult DepthsOp::verifySymbolUses(SymbolTableCollection &tables) {
  Operation *state = tables.lookupNearestSymbolFrom(*this, getStateAttr());
  if (!state || state->getName().stripDialect() != "state")
    return emitOpError("no state named '") << getState() << "'";
  auto layers = dyn_cast_or_null<IntegerAttr>(
      state->getInherentAttr("layers").value_or(Attribute()));
  for (auto skips : getSkips().getAsRange<DenseI64ArrayAttr>()) {
    llvm::DenseSet<int64_t> seen;
    for (int64_t layer : skips.asArrayRef()) {
      if (layer < 0 || (layers && layer >= layers.getInt()))
        return emitOpError("leaves out layer ")
               << layer << "; '" << getState() << "' has " << layers.getInt();
      if (!seen.insert(layer).second)
        return emitOpError("leaves out layer ") << layer << " twice";
    }
    if (layers && int64_t(seen.size()) == layers.getInt())
      return emitOpError("leaves out all ") << layers.getInt() << " layers";
  }
  return success();
}

static FailureOr<DepthsOp> lookUpDepths(Operation *op, FlatSymbolRefAttr name,
                                        SymbolTableCollection &tables) {
  if (auto depths = tables.lookupNearestSymbolFrom<DepthsOp>(op, name))
    return depths;
  return op->emitOpError("no decode.depths named '") << name.getValue() << "'";
}

/// A layer that no depth leaves out needs no question; asking one says that
/// the list and the depths were made for different models.
LogicalResult KeepsOp::verifySymbolUses(SymbolTableCollection &tables) {
  auto depths = lookUpDepths(*this, getDepthsAttr(), tables);
  if (failed(depths))
    return failure();
  for (auto skips : depths->getSkips().getAsRange<DenseI64ArrayAttr>())
    if (llvm::is_contained(skips.asArrayRef(), getLayer()))
      return success();
  return emitOpError("asks for layer ") << getLayer() << ", which no depth of '"
                                        << getDepths() << "' leaves out";
}

LogicalResult ChooseDepthOp::verifySymbolUses(SymbolTableCollection &tables) {
  return lookUpDepths(*this, getDepthsAttr(), tables);
}
