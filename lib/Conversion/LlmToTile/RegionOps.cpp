//===- RegionOps.cpp - the other ops of a region --------------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/LlmToTile/RegionBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;

/// Bytes that attention works in: a bound.
static constexpr int64_t kWorkBound = 1 << 30;

/// Parts are written where they will lie. That takes columns in blocks of 32.
void RegionBuilder::joinParts(llm::ConcatOp concat) {
  Rows place = {allocRows(concat.getResult().getType().getDimSize(1)), 0, 0};
  bind(concat.getResult(),
       {place.buffer, 0, concat.getResult().getType().getDimSize(1)});
  for (Value part : concat.getParts()) {
    place.cols = cast<RankedTensorType>(part.getType()).getDimSize(1);
    if (Operation *def = part.getDefiningOp())
      places[def] = place;
    place.firstCol += place.cols;
  }
}

LogicalResult RegionBuilder::convert(llm::ConcatOp op) {
  for (Value part : op.getParts()) {
    Operation *def = part.getDefiningOp();
    int64_t cols = cast<RankedTensorType>(part.getType()).getDimSize(1);
    if (!isa_and_nonnull<llm::RmsNormOp, llm::EmbeddingOp>(def) ||
        !part.hasOneUse() || cols % 32 != 0)
      return op.emitError("puts rows side by side that are not norms or "
                          "embeddings of a multiple of 32 columns, which "
                          "nothing else reads");
  }
  return success();
}

LogicalResult RegionBuilder::convert(llm::EmbeddingOp op) {
  auto [buffer, row] = ids.lookup(op.getIds());
  auto type = cast<RankedTensorType>(op.getTable().getType());
  if (!buffer)
    return op.emitError("reads ids that no region holds");
  int64_t cols = type.getDimSize(1);
  auto packed =
      tile::PackedAttr::get(op.getContext(), encoding::encodingOf(type),
                            type.getDimSize(0), cols, tile::Arrange::Stack);
  Value table = matrix(op.getTable(), packed);
  Value x = placeOr(op, [&] { return allocRows(cols); });
  Value first = arith::ConstantIndexOp::create(builder, location, row);
  tile::EmbedOp::create(builder, location, buffer, table, x, scalar(0), first,
                        packed);
  bind(op.getResult(), {x, 0, cols});
  return success();
}

LogicalResult RegionBuilder::convert(llm::SiluOp op) {
  FailureOr<Value> x = wholeBuffer(op.getX(), op);
  if (failed(x))
    return failure();
  int64_t cols = op.getResult().getType().getDimSize(1);
  Value y = op.getX().hasOneUse() ? *x : allocRows(cols);
  tile::SiluOp::create(builder, location, *x, y, scalar(0), cols);
  bind(op.getResult(), {y, 0, cols});
  return success();
}

LogicalResult RegionBuilder::convert(llm::RmsNormOp op) {
  FailureOr<Value> x = wholeBuffer(op.getX(), op);
  if (failed(x))
    return failure();
  int64_t cols = op.getX().getType().getDimSize(1);
  Value weight = vector(op.getWeight(), tile::Arrange::Stack);
  bool needsRows = false, onlyLinears = true;
  for (Operation *user : op.getResult().getUsers()) {
    auto linear = dyn_cast<llm::LinearOp>(user);
    onlyLinears &= linear != nullptr;
    if (!linear) {
      needsRows = true;
      continue;
    }
    FailureOr<tile::StripLayout> layout = layoutOf(linear);
    if (failed(layout))
      return failure();
    if (readsCodes(*layout))
      quantizeNorm(op, *x, weight, *layout);
    else
      needsRows = true;
  }
  Value y;
  if (needsRows) {
    auto split = onlyLinears ? tile::Split::Own : tile::Split::Rows;
    int64_t rows =
        onlyLinears ? std::max(rowCapacity, tile::kOwnCopies * tile::kFewRows)
                    : rowCapacity;
    y = placeOr(
        op, [&] { return allocRows(rows, cols, elementOf(op.getResult())); });
    if (onlyLinears)
      copied.insert(y);
    tile::RmsNormOp::create(builder, location, *x, weight, y, scalar(0),
                            selectsRows ? scalar(1) : Value(), cols,
                            op.getEps(), split);
  }
  bind(op.getResult(), {y, 0, cols});
  return success();
}

LogicalResult RegionBuilder::convert(llm::ColumnsOp op) {
  Rows rows = rowsOf(op.getX());
  if (!rows.buffer)
    return op.emitError("takes columns of a value that no region holds");
  bind(op.getResult(), {rows.buffer, rows.firstCol + int64_t(op.getFirst()),
                        op.getResult().getType().getDimSize(1)});
  return success();
}

LogicalResult RegionBuilder::convert(llm::RopeOp op) {
  Rows rows = rowsOf(op.getX());
  auto freqs = op.getFreqs().getDefiningOp<llm::WeightRefOp>();
  if (!freqs || !ropeTables || !rows.buffer)
    return op.emitError("needs frequencies of one weight for all layers of "
                        "its class");
  if (!op.getX().hasOneUse())
    return op.emitError("rotates a value in place that something else reads");
  FixedBuffer table = ropeTables->lookup(freqs.getWeightAttr().getAttr());
  Value buffer = fixedBuffer(
      tile::ArenaAttr::get(builder.getContext(), table.offset), table.type);
  int64_t dim = op.getHeadDim();
  tile::ColumnsAttr columns;
  if (dim % 32 == 0 && (!op.getInterleaved() || op.getRot() % 32 == 0))
    columns = columnsOf(rows, op.getInterleaved() ? 32 : dim);
  tile::RopeOp::create(builder, location, rows.buffer, buffer, scalar(0),
                       rows.firstCol, op.getHeads(), op.getHeadDim(),
                       op.getRot(), op.getInterleaved(), columns);
  bind(op.getResult(), rows);
  return success();
}

LogicalResult RegionBuilder::convert(llm::KVAppendOp op) {
  Rows k = rowsOf(op.getK()), v = rowsOf(op.getV());
  if (!k.buffer || k.buffer != v.buffer)
    return op.emitError("keys and values must come from linears");
  llm::KVCacheType cache = op.getKv().getType();
  tile::ColumnsAttr keys = columnsOf(k, 32), values = columnsOf(v, 32);
  // A scale needs the whole head.
  bool codes = options.keyType.isInteger(8) || options.valueType.isInteger(8);
  if (codes || cache.getHeadDim() % 32 != 0 || !keys || !values)
    keys = values = nullptr;
  tile::KvAppendOp::create(
      builder, location, k.buffer, plane(0, cache), plane(1, cache), pages(),
      scalar(0), scalar(1), rowPlaces(), scalar(2), k.firstCol, v.firstCol,
      cache.getKvHeads(), cache.getHeadDim(), keys, values);
  return success();
}

LogicalResult RegionBuilder::convert(llm::AttentionOp op) {
  Rows q = rowsOf(op.getQ());
  if (!q.buffer)
    return op.emitError("reads queries that no region holds");
  llm::KVCacheType cache = op.getKv().getType();
  int64_t cols = op.getHeads() * op.getHeadDim();
  Value out = allocRows(cols, elementOf(op.getResult()));
  Value work =
      fixedBuffer(tile::BufferAttr::get(builder.getContext(), "attention", 0),
                  MemRefType::get({kWorkBound}, builder.getI8Type()));
  tile::AttentionOp::create(
      builder, location, q.buffer, plane(0, cache), plane(1, cache), pages(),
      work, out, scalar(0), scalar(1), rowPlaces(), scalar(2), q.firstCol,
      op.getHeads(), op.getKvHeads(), op.getHeadDim(), op.getScale(),
      options.window, options.sinks, options.attentionBf16);
  bind(op.getResult(), {out, 0, cols});
  return success();
}

/// The sum takes over the buffer of an operand that nobody reads later.
static bool diesAt(Value value, Operation *op) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    return user == op || user->isBeforeInBlock(op);
  });
}

LogicalResult RegionBuilder::convert(llm::AddOp op) {
  llm::LinearOp linear;
  Value other;
  for (Value operand : {op.getLhs(), op.getRhs()}) {
    auto def = operand.getDefiningOp<llm::LinearOp>();
    if (def && isDeferred(def) && !linear)
      linear = def;
    else
      other = operand;
  }
  int64_t cols = op.getResult().getType().getDimSize(1);
  FailureOr<Value> a = wholeBuffer(other, op);
  if (failed(a))
    return failure();
  // Not where the linear still reads the rows that the sum would replace.
  bool inPlace =
      diesAt(other, op) && !(linear && rowsOf(linear.getX()).buffer == *a);
  Value out = inPlace ? *a : allocRows(cols);
  bind(op.getResult(), {out, 0, cols});
  if (linear) {
    ++residualsFused;
    return contract(linear, tile::Gate::None, *a, out);
  }
  FailureOr<Value> b =
      wholeBuffer(other == op.getLhs() ? op.getRhs() : op.getLhs(), op);
  if (failed(b))
    return failure();
  tile::AddOp::create(builder, location, *a, *b, out, scalar(0), cols);
  return success();
}

LogicalResult RegionBuilder::convert(llm::GatedOp op) {
  int64_t cols = op.getResult().getType().getDimSize(1);
  Value out = allocRows(cols, elementOf(op.getResult()));
  bind(op.getResult(), {out, 0, cols});
  auto linear = op.getGate().getDefiningOp<llm::LinearOp>();
  if (linear && isDeferred(linear))
    return contract(linear, tile::Gate::Silu, Value(), out);
  Rows gate = rowsOf(op.getGate());
  Rows up = op.getUp() ? rowsOf(op.getUp())
                       : Rows{gate.buffer, gate.firstCol + cols, cols};
  if (!gate.buffer || !up.buffer)
    return op.emitError("reads values that no region holds");
  if (!op.getUp() && op.getArrange() == llm::Arrange::Interleave16)
    return op.emitError("interleaved halves must come from one linear that "
                        "nothing else reads");
  tile::GatedOp::create(builder, location, gate.buffer, up.buffer, out,
                        scalar(0), cols, gate.firstCol, up.firstCol);
  return success();
}

LogicalResult RegionBuilder::convertBody(Block &body) {
  for (auto append : body.getOps<llm::KVAppendOp>())
    joinKeysAndValues(append);
  for (auto concat : body.getOps<llm::ConcatOp>())
    joinParts(concat);
  for (Operation &op : body) {
    LogicalResult result =
        llvm::TypeSwitch<Operation *, LogicalResult>(&op)
            .Case<llm::EmbeddingOp, llm::ConcatOp, llm::SiluOp, llm::RmsNormOp,
                  llm::LinearOp, llm::ColumnsOp, llm::RopeOp, llm::KVAppendOp,
                  llm::AttentionOp, llm::AddOp, llm::GatedOp>(
                [&](auto typed) { return convert(typed); })
            .Case<llm::WeightRefOp, arith::ConstantOp, func::ReturnOp>(
                [](Operation *) { return success(); })
            .Default([](Operation *other) {
              return other->emitError("has no lowering to tile");
            });
    if (failed(result))
      return failure();
  }
  return success();
}
