// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dialects/Llm/LlmOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/CallInterfaces.h"

using namespace mlir;
using namespace sinter;
using namespace sinter::llm;

#define GET_OP_CLASSES
#include "dialects/Llm/LlmOps.cpp.inc"

static int64_t cols(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}
static int64_t rows(Value value) {
  return cast<RankedTensorType>(value.getType()).getDimSize(0);
}

/// `what` of a value has `actual` columns where `expected` are needed.
static LogicalResult expectCols(Operation *op, StringRef what, int64_t actual,
                                int64_t expected) {
  if (actual == expected)
    return success();
  return op->emitOpError() << what << " has " << actual << " columns, expected "
                           << expected;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static LogicalResult expectBytes(WeightOp op, FileAttr file, uint64_t bytes) {
  if (file.getBytes() == bytes)
    return success();
  return op.emitOpError() << "source has " << file.getBytes()
                          << " bytes, the type needs " << bytes;
}

static LogicalResult verifySelected(WeightOp op, SelectedAttr selected) {
  int64_t rowBytes = op.getEncoding().bytes(1, op.getCols());
  int64_t rows = selected.getFile().getBytes() / rowBytes;
  if (selected.getRows().size() != op.getRows())
    return op.emitOpError() << "selects " << selected.getRows().size()
                            << " rows, the type has " << op.getRows();
  for (int32_t row : selected.getRows().asArrayRef())
    if (row < 0 || row >= rows)
      return op.emitOpError()
             << "selects row " << row << " of a matrix of " << rows;
  return success();
}

LogicalResult WeightOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !type.hasStaticShape() || type.getRank() < 1 ||
      type.getRank() > 2 || !type.getElementType().isF32())
    return emitOpError() << "type must be a static vector or matrix of f32, "
                            "with an encoding if it is stored otherwise";
  if (type.getEncoding() && !isa<encoding::WeightAttr>(type.getEncoding()))
    return emitOpError() << "has an encoding that is no #encoding.weight";
  if (auto data = dyn_cast<DataAttr>(getSource())) {
    if (getEncoding().getPreset() != encoding::Preset::F32)
      return emitOpError() << "data is f32, it takes no other encoding";
    ShapedType values = data.getValues().getType();
    if (values.getShape() != type.getShape() ||
        !values.getElementType().isF32())
      return emitOpError() << "data has type " << values << ", the weight "
                           << type;
  }
  if (auto quantized = dyn_cast<QuantizedAttr>(getSource())) {
    std::optional<encoding::Preset> from =
        encoding::presetByName(quantized.getFrom());
    if (!from || encoding::blockElements(*from) != 1 ||
        getEncoding().getPreset() != encoding::Preset::Q8_0)
      return emitOpError() << "makes Q8_0 of F32, F16 or BF16 alone";
    return expectBytes(*this, quantized.getFile(),
                       getRows() * encoding::rowBytes(*from, getCols()));
  }
  if (isa<FileAttr, SelectedAttr>(getSource()) && !getEncoding().getPreset())
    return emitOpError() << "an encoding without a name cannot be read from "
                            "a file";
  if (auto file = dyn_cast<FileAttr>(getSource()))
    return expectBytes(*this, file, getEncoding().bytes(getRows(), getCols()));
  if (auto selected = dyn_cast<SelectedAttr>(getSource()))
    return verifySelected(*this, selected);
  return success();
}

LogicalResult WeightRefOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto weight =
      symbols.lookupNearestSymbolFrom<WeightOp>(*this, getWeightAttr());
  if (!weight)
    return emitOpError() << "there is no llm.weight " << getWeightAttr();
  if (weight.getType() != getResult().getType())
    return emitOpError() << getWeightAttr() << " has type " << weight.getType()
                         << ", not " << getResult().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::verify() {
  return expectCols(*this, "the result", cols(getResult()), cols(getTable()));
}

void LinearOp::build(OpBuilder &builder, OperationState &state, Value x,
                     ValueRange weights, ValueRange biases, Arrange arrange) {
  int64_t out = 0;
  for (Value weight : weights)
    out += rows(weight);
  auto xType = cast<RankedTensorType>(x.getType());
  auto type =
      RankedTensorType::get({xType.getDimSize(0), out}, builder.getF32Type());
  build(builder, state, type, x, weights, biases, arrange);
}

LogicalResult LinearOp::verify() {
  if (getWeights().empty())
    return emitOpError() << "needs at least one weight";
  int64_t out = 0;
  for (Value weight : getWeights()) {
    if (failed(expectCols(*this, "a weight", cols(weight), cols(getX()))))
      return failure();
    out += rows(weight);
  }
  if (failed(expectCols(*this, "the result", cols(getResult()), out)))
    return failure();
  if (!getBiases().empty() && getBiases().size() != getWeights().size())
    return emitOpError() << "has " << getBiases().size() << " biases for "
                         << getWeights().size() << " weights";
  for (auto [weight, bias] : llvm::zip(getWeights(), getBiases()))
    if (cols(bias) != rows(weight))
      return emitOpError() << "bias of " << cols(bias)
                           << " elements for a weight of " << rows(weight)
                           << " rows";
  if (getArrange() == Arrange::Interleave16) {
    if (getWeights().size() != 2 ||
        rows(getWeights()[0]) != rows(getWeights()[1]) ||
        rows(getWeights()[0]) % 16 != 0)
      return emitOpError() << "interleave16 takes two weights of the same "
                              "number of rows, a multiple of 16";
  }
  return success();
}

LogicalResult ColumnsOp::verify() {
  int64_t first = getFirst(), last = first + cols(getResult());
  if (first < 0 || last > cols(getX()))
    return emitOpError() << "takes columns " << first << " to " << last
                         << " of " << cols(getX());
  return success();
}

LogicalResult ConcatOp::verify() {
  if (getParts().empty())
    return emitOpError() << "needs parts";
  int64_t sum = 0;
  for (Value part : getParts())
    sum += cols(part);
  return expectCols(*this, "the result", cols(getResult()), sum);
}

LogicalResult RmsNormOp::verify() {
  if (!getEps().isFinite() || getEps().isNegative())
    return emitOpError() << "eps must be finite and not negative";
  return expectCols(*this, "the weight", cols(getWeight()), cols(getX()));
}

LogicalResult RopeOp::verify() {
  if (getHeads() == 0 || getHeadDim() == 0)
    return emitOpError() << "heads and head_dim must be positive";
  if (getRot() == 0 || getRot() % 2 != 0 || getRot() > getHeadDim())
    return emitOpError() << "rot is " << getRot()
                         << ", expected an even number up to head_dim";
  if (failed(expectCols(*this, "the operand", cols(getX()),
                        getHeads() * getHeadDim())))
    return failure();
  if (cols(getFreqs()) != static_cast<int64_t>(getRot() / 2))
    return emitOpError() << "has " << cols(getFreqs())
                         << " frequencies, expected " << getRot() / 2;
  return success();
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

LogicalResult KVAppendOp::verify() {
  int64_t expected = getKv().getType().getCols();
  if (failed(expectCols(*this, "a row of keys", cols(getK()), expected)))
    return failure();
  return expectCols(*this, "the result", cols(getKeys()), expected);
}

/// Heads must divide evenly over the heads of keys and values.
static LogicalResult verifyHeads(Operation *op, int64_t heads, int64_t kvHeads,
                                 int64_t headDim) {
  if (heads > 0 && kvHeads > 0 && headDim > 0 && heads % kvHeads == 0)
    return success();
  return op->emitOpError() << heads << " heads of size " << headDim
                           << " do not share " << kvHeads
                           << " key-value heads evenly";
}

LogicalResult ScoresOp::verify() {
  int64_t heads = getHeads(), kvHeads = getKvHeads(), headDim = getHeadDim();
  if (failed(verifyHeads(*this, heads, kvHeads, headDim)) ||
      failed(expectCols(*this, "the query", cols(getQ()), heads * headDim)) ||
      failed(expectCols(*this, "a key", cols(getKeys()), kvHeads * headDim)))
    return failure();
  if (rows(getResult()) != heads)
    return emitOpError() << "has scores of " << rows(getResult())
                         << " heads, expected " << heads;
  return success();
}

LogicalResult MixOp::verify() {
  int64_t heads = getHeads(), kvHeads = getKvHeads(), headDim = getHeadDim();
  if (failed(verifyHeads(*this, heads, kvHeads, headDim)) ||
      failed(
          expectCols(*this, "a value", cols(getValues()), kvHeads * headDim)) ||
      failed(
          expectCols(*this, "the result", cols(getResult()), heads * headDim)))
    return failure();
  if (rows(getProbabilities()) != heads)
    return emitOpError() << "has probabilities of " << rows(getProbabilities())
                         << " heads, expected " << heads;
  return success();
}

LogicalResult AttentionOp::verify() {
  int64_t heads = getHeads(), kvHeads = getKvHeads(), headDim = getHeadDim();
  KVCacheType kv = getKv().getType();
  if (failed(verifyHeads(*this, heads, kvHeads, headDim)) ||
      failed(expectCols(*this, "the query", cols(getQ()), heads * headDim)))
    return failure();
  if (kv.getKvHeads() != kvHeads || kv.getHeadDim() != headDim)
    return emitOpError() << "reads a cache of " << kv.getKvHeads()
                         << " heads of size " << kv.getHeadDim()
                         << ", expected " << kvHeads << " of " << headDim;
  return success();
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

LogicalResult GatedOp::verify() {
  if (getUp()) {
    if (getArrange() != Arrange::Stack)
      return emitOpError() << "two operands are not interleaved";
    if (failed(expectCols(*this, "the second operand", cols(getUp()),
                          cols(getGate()))))
      return failure();
    return expectCols(*this, "the result", cols(getResult()), cols(getGate()));
  }
  if (getArrange() == Arrange::Interleave16 && cols(getResult()) % 16 != 0)
    return emitOpError() << "interleaved halves have a multiple of 16 columns, "
                            "not "
                         << cols(getResult());
  return expectCols(*this, "the operand", cols(getGate()),
                    2 * cols(getResult()));
}

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

static bool changesState(Operation *op) {
  return isa<KVAppendOp, CallOpInterface>(op) ||
         op->hasTrait<OpTrait::IsTerminator>();
}

static LogicalResult verifyLinearHandle(Value handle) {
  Operation *change = nullptr;
  for (Operation *user : handle.getUsers()) {
    if (!changesState(user))
      continue;
    if (change && change != user) {
      InFlightDiagnostic diag = user->emitOpError()
                                << "changes a state handle that another op "
                                   "changes too";
      diag.attachNote(change->getLoc()) << "the other op";
      return diag;
    }
    change = user;
  }
  for (Operation *user : handle.getUsers())
    if (change && user != change && user->getBlock() == change->getBlock() &&
        change->isBeforeInBlock(user))
      return user->emitOpError() << "reads a state handle after it has changed";
  return success();
}

LogicalResult sinter::llm::verifyLinearState(FunctionOpInterface function) {
  auto isHandle = [](Value value) { return isa<KVCacheType>(value.getType()); };
  for (Region &region : function->getRegions())
    for (Block &block : region)
      for (Value argument :
           llvm::make_filter_range(block.getArguments(), isHandle))
        if (failed(verifyLinearHandle(argument)))
          return failure();
  WalkResult result = function->walk([&](Operation *op) {
    for (Value value : llvm::make_filter_range(op->getResults(), isHandle))
      if (failed(verifyLinearHandle(value)))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}
