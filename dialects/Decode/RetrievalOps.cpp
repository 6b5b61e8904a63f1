// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Depths that are looked up.

#include "dialects/Decode/DecodeOps.h"

using namespace mlir;
using namespace sinter::decode;

LogicalResult RetrievalOp::verify() {
  auto entries = int64_t(getEntries()), nearest = int64_t(getNearest());
  if ((entries > 0) != getVotes().has_value())
    return emitOpError("has ")
           << entries << " entries and " << (getVotes() ? "a" : "no")
           << " function that asks them";
  if (entries > 0 && (nearest < 1 || nearest > entries))
    return emitOpError("asks the nearest ")
           << nearest << " of " << entries << " entries";
  float similar = getSimilar().convertToFloat();
  if (!(similar > 0 && similar <= 2))
    return emitOpError("has the bound ")
           << similar << "; more than 0, and at most 2, which nothing reaches";
  float keep = getKeep().convertToFloat();
  if (!(keep > 0 && keep <= 1))
    return emitOpError("keeps ")
           << keep << " of the largest sum; more than 0, at most 1";
  return success();
}

LogicalResult RetrievalOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (!tables.lookupNearestSymbolFrom<DepthsOp>(*this, getDepthsAttr()))
    return emitOpError("no decode.depths named '") << getDepths() << "'";
  auto check = [&](FlatSymbolRefAttr name, unsigned arguments) {
    auto function =
        tables.lookupNearestSymbolFrom<FunctionOpInterface>(*this, name);
    if (function && function.getNumArguments() == arguments &&
        function.getNumResults() == 0)
      return success();
    return LogicalResult(emitOpError("no function of ")
                         << arguments << " arguments named '" << name.getValue()
                         << "'");
  };
  if (failed(check(getPoolsAttr(), 2)))
    return failure();
  return getVotes() ? check(getVotesAttr(), 0) : success();
}

LogicalResult RetrieveOp::verifySymbolUses(SymbolTableCollection &tables) {
  if (!tables.lookupNearestSymbolFrom<RetrievalOp>(*this, getStoreAttr()))
    return emitOpError("no decode.retrieval named '") << getStore() << "'";
  Operation *state = tables.lookupNearestSymbolFrom(*this, getStateAttr());
  if (!state || state->getName().stripDialect() != "state")
    return emitOpError("no state named '") << getState() << "'";
  return success();
}
