// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of ops over rows of logits, and of those between layers.

#include "dialects/Tile/OperandChecks.h"

using namespace mlir;
using namespace sinter::tile;

LogicalResult PenalizeOp::verify() {
  return checkExactRows(*this, getLogits(), "logits", getVocabulary());
}

template <typename Draw> static LogicalResult checkDraw(Draw op) {
  ArrayRef<int64_t> work = shapeOf(op.getWork());
  int64_t needed = 2 * shapeOf(op.getLogits())[1];
  if (work.size() != 1 || work[0] < needed)
    return op.emitOpError() << "work must be one row of at least " << needed
                            << " elements (weights and ids of a row of logits)";
  return checkExactRows(op, op.getLogits(), "logits", op.getVocabulary());
}

LogicalResult SampleOp::verify() { return checkDraw(*this); }

static LogicalResult checkProposals(Operation *op, Value proposals,
                                    Value logits) {
  int64_t columns = shapeOf(logits)[1];
  if (shapeOf(proposals)[1] == columns)
    return success();
  return op->emitOpError() << "proposals have " << shapeOf(proposals)[1]
                           << " columns, the logits " << columns;
}

LogicalResult SampleProposalOp::verify() {
  if (failed(checkProposals(*this, getProposals(), getLogits())))
    return failure();
  return checkDraw(*this);
}

LogicalResult SampleRejectOp::verify() {
  if (getProposals() &&
      failed(checkProposals(*this, getProposals(), getLogits())))
    return failure();
  return checkDraw(*this);
}

LogicalResult SampleTypicalOp::verify() {
  if (!(getEpsilon().convertToFloat() >= 0) ||
      !(getDelta().convertToFloat() >= 0))
    return emitOpError("epsilon and delta must not be negative");
  return checkDraw(*this);
}

LogicalResult SampleJudgedOp::verify() {
  if (shapeOf(getToken())[0] < 2)
    return emitOpError("token has room for the judged id and the drawn one");
  if (shapeOf(getIds())[0] % 2 != 0)
    return emitOpError("ids has a second half for the rows of the first");
  return checkDraw(*this);
}

LogicalResult SampleBestOp::verify() {
  int64_t room = shapeOf(getToken())[0];
  if (room < 2 || room % 2 != 0)
    return emitOpError("token has a second half, for how far the ids of the "
                       "first lie behind the best one");
  return checkDraw(*this);
}

LogicalResult JudgeOp::verify() {
  auto weights = dyn_cast<DenseFPElementsAttr>(getWeights());
  if (!weights || !weights.getElementType().isF32() ||
      weights.getType().getRank() != 1)
    return emitOpError("weights must be a vector of f32");
  return checkExactRows(*this, getX(), "x", weights.getNumElements());
}

LogicalResult SummarizeOp::verify() {
  return checkExactRows(*this, getLogits(), "logits", getVocabulary());
}

LogicalResult ArgmaxOp::verify() {
  return checkExactRows(*this, getLogits(), "logits", getVocabulary());
}

LogicalResult RankOp::verify() {
  int64_t count = getCount(), rows = shapeOf(getLogits())[0];
  if (count < 1 || count > kMostRanked)
    return emitOpError() << "ranks " << count << " ids, expected 1 to "
                         << kMostRanked;
  if (failed(checkSize(*this, getIds(), "ids", rows * count)))
    return failure();
  return checkExactRows(*this, getLogits(), "logits", getVocabulary());
}

LogicalResult MapLogitsOp::verify() {
  if (failed(checkRows(*this, getX(), "x", 1)) ||
      failed(checkRows(*this, getY(), "y", 1)))
    return failure();
  return checkSize(*this, getTokens(), "tokens", shapeOf(getY())[1]);
}

//===----------------------------------------------------------------------===//
// Leaving the layers early
//===----------------------------------------------------------------------===//

LogicalResult SimilarityOp::verify() {
  if (failed(checkExactRows(*this, getX(), "x", getCols())))
    return failure();
  return checkExactRows(*this, getY(), "y", getCols());
}

LogicalResult MoveRowsOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX()), y = shapeOf(getY());
  if (x.size() != 2 || y.size() != 2 || x[1] != y[1])
    return emitOpError() << "moves rows between " << getX().getType() << " and "
                         << getY().getType()
                         << ", which do not have rows of one width";
  return success();
}
