//===- RegionContractions.cpp - contractions and their operands -----------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/LlmToTile/RegionBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace sinter;

static tile::Arrange arrangeOf(llm::LinearOp linear) {
  return linear.getArrange() == llm::Arrange::Stack
             ? tile::Arrange::Stack
             : tile::Arrange::Interleave16;
}

tile::PackedAttr RegionBuilder::packedOf(llm::LinearOp linear) {
  auto type = cast<RankedTensorType>(linear.getWeights().front().getType());
  return tile::PackedAttr::get(linear.getContext(), encoding::encodingOf(type),
                               linear.getOutCols(), linear.getInCols(),
                               arrangeOf(linear));
}

FailureOr<tile::StripLayout> RegionBuilder::layoutOf(llm::LinearOp linear) {
  tile::PackedAttr packed = packedOf(linear);
  return tile::StripLayout::get(packed.getEncoding(), packed.getRows(),
                                packed.getCols(),
                                [&] { return linear.emitError(); });
}

RegionBuilder::Quantized
RegionBuilder::allocCodes(const tile::StripLayout &layout, tile::Split split) {
  int64_t blocks = layout.blocks;
  int64_t groups = (rowCapacity * terms() + 3) / 4;
  if (split == tile::Split::Own)
    groups = std::max(groups,
                      tile::kOwnCopies * tile::ownGroupStep(blocks, terms()));
  Type f32 = builder.getF32Type();
  Quantized q;
  q.codes = alloc({groups, blocks, 4, 32}, builder.getI8Type());
  q.scale = alloc({groups, blocks, 4}, f32);
  q.start = alloc({groups, blocks * layout.scalesPerBlock(), 4},
                  builder.getI32Type());
  q.ssum = alloc({groups, blocks, 4}, f32);
  q.split = split;
  return q;
}

/// The codes of what a linear reads; made where the first linear needs them.
FailureOr<RegionBuilder::Quantized>
RegionBuilder::quantize(llm::LinearOp linear, const tile::StripLayout &layout) {
  Quantized &entry = quantized[keyOf(linear.getX(), layout)];
  if (entry.codes)
    return entry;
  FailureOr<Value> x = wholeBuffer(linear.getX(), linear);
  if (failed(x))
    return failure();
  // The worker that made 32 neighbouring columns quantizes them. Other inputs
  // come from more workers than one.
  bool gated = linear.getX().getDefiningOp<llm::GatedOp>() &&
               columnsOf(rowsOf(linear.getX()), 32);
  entry = allocCodes(layout, gated ? tile::Split::Columns : tile::Split::Own);
  tile::QuantizeOp::create(builder, location, *x, /*norm=*/Value(), entry.codes,
                           entry.scale, entry.start, entry.ssum, scalar(0),
                           /*first=*/Value(), layout.zero, terms(),
                           /*eps=*/FloatAttr(),
                           /*cols=*/IntegerAttr(), entry.split);
  return entry;
}

/// The codes of normed rows that only quantized products read.
void RegionBuilder::quantizeNorm(llm::RmsNormOp op, Value x, Value weight,
                                 const tile::StripLayout &layout) {
  Quantized &entry = quantized[keyOf(op.getResult(), layout)];
  if (entry.codes)
    return;
  int64_t cols = op.getX().getType().getDimSize(1);
  entry = allocCodes(layout, tile::Split::Own);
  tile::QuantizeOp::create(
      builder, location, x, weight, entry.codes, entry.scale, entry.start,
      entry.ssum, scalar(0), selectsRows ? scalar(1) : Value(), layout.zero,
      terms(), op.getEpsAttr(), builder.getI64IntegerAttr(cols), entry.split);
}

/// How workers share these columns, in units that are multiples of `unit`; null
/// if they were not written by one contraction that does so.
tile::ColumnsAttr RegionBuilder::columnsOf(Rows rows, int64_t unit) {
  for (tile::ColumnsAttr columns : written.lookup(rows.buffer))
    if (columns.contains(rows.firstCol, rows.firstCol + rows.cols) &&
        columns.getUnit() % unit == 0 &&
        (rows.firstCol - columns.getFirst()) % unit == 0)
      return columns;
  return nullptr;
}

/// The buffer of a value that is all of its columns.
FailureOr<Value> RegionBuilder::wholeBuffer(Value value, Operation *user) {
  Rows rows = rowsOf(value);
  if (!rows.buffer)
    return user->emitError("reads a value that no region holds");
  auto type = cast<MemRefType>(rows.buffer.getType());
  if (rows.firstCol != 0 || type.getDimSize(1) != padded(rows.cols))
    return user->emitError(
        "reads a part of a merged linear, which only rope, attention, gated "
        "units and kv_append can");
  return rows.buffer;
}

/// What rows are stored as: bf16 where only products of bf16 read them.
Type RegionBuilder::elementOf(Value rows) {
  bool rounds = options.activations == Activations::Bf16 &&
                llvm::all_of(rows.getUsers(), llvm::IsaPred<llm::LinearOp>);
  return rounds ? Type(builder.getBF16Type()) : builder.getF32Type();
}

/// Strips that must go to one worker: what reads the result next works on their
/// columns together.
static int64_t strips(llm::LinearOp linear, tile::Gate gate) {
  if (gate != tile::Gate::None)
    return 2; // 32 columns
  int64_t count = 1;
  SmallVector<Operation *> readers(linear->getUsers());
  while (!readers.empty()) {
    Operation *reader = readers.pop_back_val();
    if (isa<llm::ColumnsOp>(reader))
      llvm::append_range(readers, reader->getUsers());
    auto rope = dyn_cast<llm::RopeOp>(reader);
    if (rope && !rope.getInterleaved() && rope.getHeadDim() % 32 == 0)
      count = std::max<int64_t>(count, rope.getHeadDim() / 32);
  }
  return count;
}

LogicalResult RegionBuilder::contract(llm::LinearOp linear, tile::Gate gate,
                                      Value residual, Value out) {
  FailureOr<tile::StripLayout> layout = layoutOf(linear);
  if (failed(layout))
    return failure();
  FailureOr<Quantized> q = Quantized();
  FailureOr<Value> rows = Value();
  if (readsCodes(*layout))
    q = quantize(linear, *layout);
  else
    rows = wholeBuffer(linear.getX(), linear);
  if (failed(q) || failed(rows))
    return failure();
  bool isBf16 = *rows && getElementTypeOrSelf(*rows).isBF16();
  if (*rows && options.activations == Activations::Bf16 && !isBf16)
    return linear.emitError("reads rows that other ops read too: there is no "
                            "lowering with bf16 activations");
  tile::PackedAttr packed = packedOf(linear);
  Value matrixBuffer = matrix(linear.getWeights(), packed);
  Value bias;
  if (!linear.getBiases().empty())
    bias = vector(linear.getBiases(), arrangeOf(linear));
  bool own = q->split == tile::Split::Own || copied.contains(*rows);
  auto contract = tile::ContractOp::create(
      builder, location, q->codes, q->scale, q->start, q->ssum,
      isBf16 ? Value() : *rows, isBf16 ? *rows : Value(), matrixBuffer, bias,
      residual, out, scalar(0), packed, gate, q->codes ? terms() : 1, own,
      strips(linear, gate));
  int64_t firstCol = 0;
  Value buffer = out;
  if (auto part = out.getDefiningOp<memref::SubViewOp>()) {
    firstCol = part.getStaticOffset(1);
    buffer = part.getSource();
  }
  written[buffer].push_back(contract.columnsOf(firstCol));
  return success();
}

bool sinter::isDeferred(llm::LinearOp linear) {
  if (!linear->hasOneUse())
    return false;
  Operation *user = *linear->user_begin();
  if (auto add = dyn_cast<llm::AddOp>(user)) {
    Value other =
        add.getLhs() == linear.getResult() ? add.getRhs() : add.getLhs();
    Operation *def = other.getDefiningOp();
    return !def || !isa<llm::LinearOp>(def);
  }
  auto gated = dyn_cast<llm::GatedOp>(user);
  return gated && gated.getArrange() == llm::Arrange::Interleave16;
}

LogicalResult RegionBuilder::convert(llm::LinearOp op) {
  if (isDeferred(op))
    return success();
  auto place = places.find(op);
  Rows rows = place != places.end()
                  ? place->second
                  : Rows{allocRows(op.getOutCols()), 0, op.getOutCols()};
  bind(op.getResult(), rows);
  return contract(op, tile::Gate::None, Value(), view(rows));
}

Value RegionBuilder::view(Rows rows) {
  int64_t width = cast<MemRefType>(rows.buffer.getType()).getDimSize(1);
  if (width == padded(rows.cols))
    return rows.buffer;
  SmallVector<OpFoldResult> offsets, sizes, strides(2, builder.getIndexAttr(1));
  offsets = {builder.getIndexAttr(0), builder.getIndexAttr(rows.firstCol)};
  sizes = {builder.getIndexAttr(rowCapacity),
           builder.getIndexAttr(padded(rows.cols))};
  return memref::SubViewOp::create(builder, location, rows.buffer, offsets,
                                   sizes, strides);
}

Value RegionBuilder::placeOr(Operation *op, function_ref<Value()> alloc) {
  auto place = places.find(op);
  return place == places.end() ? alloc() : view(place->second);
}

/// Keys and values are appended from one buffer. Where they come from two
/// matrices (unequal encodings), both write into a buffer made for them.
void RegionBuilder::joinKeysAndValues(llm::KVAppendOp append) {
  auto root = [](Value value) {
    while (Operation *def = value.getDefiningOp()) {
      if (auto rope = dyn_cast<llm::RopeOp>(def))
        value = rope.getX();
      else if (auto columns = dyn_cast<llm::ColumnsOp>(def))
        value = columns.getX();
      else
        return dyn_cast<llm::LinearOp>(def);
    }
    return llm::LinearOp();
  };
  llm::LinearOp k = root(append.getK()), v = root(append.getV());
  if (!k || !v || k == v)
    return;
  Value buffer = allocRows(padded(k.getOutCols()) + v.getOutCols());
  places[k] = Rows{buffer, 0, k.getOutCols()};
  places[v] = Rows{buffer, padded(k.getOutCols()), v.getOutCols()};
}
