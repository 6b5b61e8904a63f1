// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Verifiers of ops over rows of activations.

#include "dialects/Tile/OperandChecks.h"
#include "dialects/Tile/StripLayout.h"

using namespace mlir;
using namespace sinter::tile;

//===----------------------------------------------------------------------===//
// Rows in, rows out
//===----------------------------------------------------------------------===//

LogicalResult EmbedOp::verify() {
  if (failed(checkPacked(*this, getTable(), "table", getWeight())))
    return failure();
  if (getWeight().getArrange() != Arrange::Stack)
    return emitOpError() << "the table must be stacked";
  return checkExactRows(*this, getX(), "x", getWeight().getCols());
}

LogicalResult RmsNormOp::verify() {
  if (failed(checkExactRows(*this, getX(), "x", getCols())) ||
      failed(checkExactRows(*this, getY(), "y", getCols())))
    return failure();
  if (getSplit() == Split::Columns)
    return emitOpError() << "needs whole rows: columns is no split of it";
  if (getSplit() == Split::Own &&
      failed(checkCopies(*this, getY(), "y", kFewRows)))
    return failure();
  return checkSize(*this, getWeight(), "weight", roundUp(getCols(), 32));
}

int64_t sinter::tile::ownGroupStep(int64_t blocks, int64_t terms) {
  int64_t step = (kFewRows * terms + 3) / 4;
  while (step * blocks * 4 * sizeof(float) % 64 != 0)
    ++step;
  return step;
}

/// The four buffers of a quantized activation fit each other.
static LogicalResult checkQuantized(Operation *op, Value codes, Value scale,
                                    Value start, Value ssum, int64_t blocks,
                                    int64_t starts) {
  ArrayRef<int64_t> shape = shapeOf(codes);
  if (shape[1] != blocks || shape[2] != 4 || shape[3] != 32)
    return op->emitOpError()
           << "codes must be groups x " << blocks << " x 4 x 32";
  for (Value side : {scale, ssum})
    if (shapeOf(side) != shape.drop_back())
      return op->emitOpError() << "scale and ssum must be " << shape[0] << " x "
                               << blocks << " x 4";
  if (shapeOf(start) != ArrayRef<int64_t>({shape[0], starts, 4}))
    return op->emitOpError()
           << "start must be " << shape[0] << " x " << starts << " x 4";
  return success();
}

LogicalResult QuantizeOp::verify() {
  if (failed(checkRows(*this, getX(), "x", 1)))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(getX());
  if (getTerms() != 1 && getTerms() != 2)
    return emitOpError() << "terms must be 1 or 2";
  int64_t groups = (shape[0] * getTerms() + 3) / 4;
  if (!getFirst() && shapeOf(getCodes())[0] < groups)
    return emitOpError() << "codes must have " << groups << " groups of 4 rows";
  if (getSplit() == Split::Own &&
      failed(checkCopies(*this, getCodes(), "codes",
                         ownGroupStep(shape[1] / 32, getTerms()))))
    return failure();
  if (getNorm()) {
    if (getSplit() == Split::Columns)
      return emitOpError() << "a norm needs whole rows: columns is no split";
    if (!getEps() || !getCols())
      return emitOpError() << "a norm needs eps and cols";
    if (failed(checkExactRows(*this, getX(), "x", *getCols())) ||
        failed(checkSize(*this, getNorm(), "norm", shape[1])))
      return failure();
  }
  // One start for 32 columns, or for 16.
  int64_t blocks = shape[1] / 32, starts = shapeOf(getStart())[1];
  return checkQuantized(*this, getCodes(), getScale(), getStart(), getSsum(),
                        blocks, starts == 2 * blocks ? starts : blocks);
}

LogicalResult ContractOp::verify() {
  PackedAttr weight = getWeight();
  if (failed(checkPacked(*this, getW(), "w", weight)))
    return failure();
  bool quantized = getCodes() != nullptr;
  if (quantized + (getX() != nullptr) + (getX16() != nullptr) != 1)
    return emitOpError() << "needs either a q8, an f32 or a bf16 input";
  Value floats = getX() ? getX() : getX16();
  StripLayout layout = StripLayout::getVerified(
      weight.getEncoding(), weight.getRows(), weight.getCols());
  if (quantized) {
    if (!layout.hasDot())
      return emitOpError() << "there is no int8 kernel for "
                           << weight.getEncoding() << ": use an f32 input";
    if (failed(checkQuantized(*this, getCodes(), getScale(), getStart(),
                              getSsum(), layout.blocks,
                              layout.blocks * layout.scalesPerBlock())))
      return failure();
  } else if (failed(checkExactRows(*this, floats, "x", layout.cols))) {
    return failure();
  }
  if (getTerms() != 1 && (getTerms() != 2 || !quantized))
    return emitOpError() << "terms must be 1, or 2 of a q8 input";
  bool gated = getGate() != Gate::None;
  if (gated && (weight.getArrange() != Arrange::Interleave16 || getBias() ||
                getResidual()))
    return emitOpError() << "a gate needs interleave16, no bias, no residual";
  if (!gated && weight.getArrange() == Arrange::Interleave16)
    return emitOpError() << "interleave16 needs a gate";
  if (getShare() < 1)
    return emitOpError() << "share must be at least one strip";
  if (getOwn() &&
      failed(quantized ? checkCopies(*this, getCodes(), "codes",
                                     ownGroupStep(layout.blocks, getTerms()))
                       : checkCopies(*this, floats, "x", kFewRows)))
    return failure();
  int64_t columns = gated ? layout.rows / 2 : layout.rows;
  if (failed(checkExactRows(*this, getOut(), "out", columns)))
    return failure();
  if (getResidual() &&
      failed(checkExactRows(*this, getResidual(), "residual", columns)))
    return failure();
  if (getBias())
    return checkSize(*this, getBias(), "bias", roundUp(columns, 32));
  return success();
}

ColumnsAttr ContractOp::columnsOf(int64_t firstCol) {
  int64_t unit = getShare() * (getGate() == Gate::None ? 32 : 16);
  int64_t count = shapeOf(getOut())[1];
  return ColumnsAttr::get(getContext(), firstCol, firstCol + count, unit);
}

LogicalResult GatedOp::verify() {
  if (failed(checkSpan(*this, getGate(), "gate", getGateCol(), getCols())) ||
      failed(checkSpan(*this, getUp(), "up", getUpCol(), getCols())))
    return failure();
  return checkExactRows(*this, getY(), "y", getCols());
}

LogicalResult SiluOp::verify() {
  if (failed(checkExactRows(*this, getX(), "x", getCols())))
    return failure();
  return checkExactRows(*this, getY(), "y", getCols());
}

LogicalResult AddOp::verify() {
  if (failed(checkExactRows(*this, getA(), "a", getCols())) ||
      failed(checkExactRows(*this, getB(), "b", getCols())))
    return failure();
  return checkExactRows(*this, getY(), "y", getCols());
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// Runs and places come together, a place for each row that there may be.
template <typename Op> static LogicalResult checkPlaces(Op op, int64_t rows) {
  if (!op.getPlaces() != !op.getRuns())
    return op.emitOpError() << "needs runs and places, or neither";
  if (!op.getPlaces())
    return success();
  ArrayRef<int64_t> shape = shapeOf(op.getPlaces());
  if (shape[0] < rows || shape[1] != 4)
    return op.emitOpError() << "places must be " << rows << " rows x 4";
  return success();
}

LogicalResult RopeTableOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getTable());
  if (shape[2] != 2)
    return emitOpError() << "table must be rows x pairs x 2";
  if (failed(checkPlaces(*this, shape[0])))
    return failure();
  return checkSize(*this, getFreqs(), "freqs", roundUp(shape[1], 32));
}

LogicalResult RopeOp::verify() {
  if (failed(checkHeads(*this, {getHeads(), getHeadDim(), getRot()})))
    return failure();
  if (getRot() % 2 != 0 || getRot() > getHeadDim())
    return emitOpError() << "cannot rotate " << getRot() << " of "
                         << getHeadDim() << " columns";
  if (shapeOf(getTable())[1] * 2 != getRot() || shapeOf(getTable())[2] != 2)
    return emitOpError() << "table must be rows x " << getRot() / 2 << " x 2";
  if (failed(checkSpan(*this, getX(), "x", getFirstCol(),
                       getHeads() * getHeadDim())))
    return failure();
  // A pair must not be torn apart.
  auto columns = getColumnsAttr();
  int64_t whole = getInterleaved() ? 32 : getHeadDim();
  if (columns && (columns.getUnit() % whole != 0 || getHeadDim() % 32 != 0 ||
                  (getInterleaved() && getRot() % 32 != 0) ||
                  (getFirstCol() - columns.getFirst()) % whole != 0))
    return emitOpError() << "workers cannot share pairs by " << columns;
  return success();
}

LogicalResult KvAppendOp::verify() {
  int64_t columns = getKvHeads() * getHeadDim();
  if (failed(checkHeads(*this, {getKvHeads(), getHeadDim()})) ||
      failed(checkSpan(*this, getX(), "keys", getKCol(), columns)) ||
      failed(checkSpan(*this, getX(), "values", getVCol(), columns)) ||
      failed(checkPlaces(*this, shapeOf(getX())[0])))
    return failure();
  if (!getKColumns() != !getVColumns())
    return emitOpError() << "needs both k_columns and v_columns, or none";
  if (getKColumns() && (getElementTypeOrSelf(getK()).isInteger(8) ||
                        getElementTypeOrSelf(getV()).isInteger(8)))
    return emitOpError() << "codes need whole heads: no k_columns, v_columns";
  for (auto [shared, first] : {std::pair(getKColumnsAttr(), getKCol()),
                               std::pair(getVColumnsAttr(), getVCol())})
    if (shared && (shared.getUnit() % 32 != 0 || getHeadDim() % 32 != 0 ||
                   (int64_t(first) - shared.getFirst()) % 32 != 0))
      return emitOpError() << "workers cannot share heads by " << shared;
  return checkPlanes(*this, getK(), getV(), getKvHeads(), getHeadDim());
}

LogicalResult AttentionOp::verify() {
  if (failed(checkHeads(*this, {getHeads(), getKvHeads(), getHeadDim()})))
    return failure();
  if (getHeads() % getKvHeads() != 0)
    return emitOpError() << getHeads() << " heads cannot share " << getKvHeads()
                         << " key heads";
  if (getDots16() && getHeadDim() % 2 != 0)
    return emitOpError() << "dots16 takes pairs of dimensions, and there are "
                         << getHeadDim();
  int64_t columns = getHeads() * getHeadDim();
  if (failed(checkSpan(*this, getX(), "queries", getQCol(), columns)) ||
      failed(checkExactRows(*this, getOut(), "out", columns)) ||
      failed(checkPlaces(*this, shapeOf(getX())[0])))
    return failure();
  if (getWindow() < 0 || getSinks() < 0 || (getSinks() > 0 && !getWindow()))
    return emitOpError() << "sinks need a window, and neither is negative";
  return checkPlanes(*this, getK(), getV(), getKvHeads(), getHeadDim());
}
