// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of ops that look texts up.

#include "dialects/Tile/OperandChecks.h"

using namespace mlir;
using namespace sinter::tile;

LogicalResult PoolOp::verify() {
  if (failed(checkExactRows(*this, getX(), "x", getCols())))
    return failure();
  return checkExactRows(*this, getSum(), "sum", getCols());
}

LogicalResult CosinesOp::verify() {
  if (failed(checkExactRows(*this, getX(), "x", getCols())) ||
      failed(checkExactRows(*this, getKeys(), "keys", getCols())))
    return failure();
  return checkSize(*this, getNear(), "near", shapeOf(getKeys())[0]);
}

LogicalResult VoteOp::verify() {
  ArrayRef<int64_t> laws = shapeOf(getLaws());
  if (failed(checkSize(*this, getNear(), "near", laws[0])) ||
      failed(checkSize(*this, getBest(), "best", 32)) ||
      failed(checkSize(*this, getChoice(), "choice", 32)))
    return failure();
  auto nearest = int64_t(getNearest());
  if (nearest < 1 || nearest > laws[0])
    return emitOpError() << "takes the nearest " << nearest << " of " << laws[0]
                         << " entries";
  float keep = getKeep().convertToFloat();
  if (!(keep > 0 && keep <= 1))
    return emitOpError() << "keeps " << keep
                         << " of the largest sum; more than 0, at most 1";
  return success();
}
