//===- RegionBuilder.cpp - one tile region from llm ops -------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/LlmToTile/RegionBuilder.h"
#include "dialects/Tile/KvLayout.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace sinter;

/// Bound of pages in a plane's type: the runtime's page table decides.
static constexpr int64_t kPageBound = 1 << 20;
/// Bytes that attention works in: a bound as well.
static constexpr int64_t kWorkBound = 1 << 30;

static int64_t padded(int64_t cols) { return llvm::alignTo(cols, 32); }

RegionBuilder::RegionBuilder(ModuleOp module, StringRef name,
                             const TileOptions &options, int64_t rows,
                             unsigned numScalars)
    : RegionBuilder(
          module, name, options, rows,
          SmallVector<Type>(numScalars, IndexType::get(module.getContext()))) {}

RegionBuilder::RegionBuilder(ModuleOp module, StringRef name,
                             const TileOptions &options, int64_t rows,
                             ArrayRef<Type> scalars)
    : builder(module.getContext()), location(module.getLoc()), options(options),
      rowCapacity(rows) {
  auto arena = MemRefType::get({64}, builder.getI8Type());
  builder.setInsertionPointToEnd(module.getBody());
  SmallVector<Type> inputs = {arena};
  llvm::append_range(inputs, scalars);
  func = func::FuncOp::create(builder, location, name,
                              builder.getFunctionType(inputs, {}));
  func.setPrivate();
  func->setAttr("tile.region", builder.getUnitAttr());
  Block *entry = func.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  BindingSpec spec;
  spec.fixed = tile::ArenaAttr::get(builder.getContext(), 0);
  specs.push_back(spec);
}

Value RegionBuilder::scalar(unsigned index) {
  return func.getArgument(specs.size() + index);
}

Value RegionBuilder::alloc(ArrayRef<int64_t> shape, Type element) {
  return memref::AllocOp::create(builder, location,
                                 MemRefType::get(shape, element));
}

Value RegionBuilder::allocRows(int64_t cols, Type element) {
  return allocRows(rowCapacity, cols, element);
}

Value RegionBuilder::allocRows(int64_t rows, int64_t cols, Type element) {
  return alloc({rows, padded(cols)}, element ? element : builder.getF32Type());
}

Value RegionBuilder::addArgument(Type type, BindingSpec spec) {
  func.getBody().front().insertArgument(specs.size(), type, location);
  specs.push_back(std::move(spec));
  return func.getArgument(specs.size() - 1);
}

Value RegionBuilder::fixedBuffer(Attribute binding, MemRefType type) {
  for (auto [index, spec] : llvm::enumerate(specs))
    if (index > 0 && spec.fixed == binding)
      return func.getArgument(index);
  BindingSpec spec;
  spec.fixed = binding;
  return addArgument(type, std::move(spec));
}

Value RegionBuilder::matrix(ValueRange weights, tile::PackedAttr packed) {
  SmallVector<Value> list(weights.begin(), weights.end());
  for (auto [index, spec] : llvm::enumerate(specs))
    if (spec.packed == packed && spec.weights == list)
      return func.getArgument(index);
  BindingSpec spec;
  spec.weights = std::move(list);
  spec.packed = packed;
  auto layout = tile::StripLayout::getVerified(
      packed.getEncoding(), packed.getRows(), packed.getCols());
  return addArgument(MemRefType::get({layout.totalBytes}, builder.getI8Type()),
                     std::move(spec));
}

Value RegionBuilder::vector(ValueRange weights, tile::Arrange arrange) {
  SmallVector<Value> list(weights.begin(), weights.end());
  int64_t size = 0;
  for (Value weight : weights)
    size += cast<RankedTensorType>(weight.getType()).getNumElements();
  for (auto [index, spec] : llvm::enumerate(specs))
    if (spec.vectorSize == size && spec.weights == list)
      return func.getArgument(index);
  BindingSpec spec;
  spec.weights = std::move(list);
  spec.vectorSize = size;
  spec.arrange = arrange;
  return addArgument(MemRefType::get({padded(size)}, builder.getF32Type()),
                     std::move(spec));
}

Value RegionBuilder::plane(int index, llm::KVCacheType cache) {
  for (auto [at, spec] : llvm::enumerate(specs))
    if (spec.plane == index)
      return func.getArgument(at);
  BindingSpec spec;
  spec.plane = index;
  int64_t heads = cache.getKvHeads(), dim = cache.getHeadDim();
  Type type = index == 0 ? options.keyType : options.valueType;
  SmallVector<int64_t> shape = {kPageBound};
  llvm::append_range(shape, index == 0
                                ? tile::keyPageShape(type, heads, dim)
                                : tile::valuePageShape(type, heads, dim));
  return addArgument(MemRefType::get(shape, type), std::move(spec));
}

Value RegionBuilder::pages() {
  auto state = FlatSymbolRefAttr::get(builder.getContext(), "kv");
  return fixedBuffer(tile::PagesAttr::get(builder.getContext(), state),
                     MemRefType::get({kPageBound}, builder.getI32Type()));
}

Value RegionBuilder::rowPlaces() {
  return fixedBuffer(
      tile::BufferAttr::get(builder.getContext(), "runs", 0),
      MemRefType::get({options.maxRows, 4}, builder.getI32Type()));
}

void RegionBuilder::finish() {
  func::ReturnOp::create(builder, location);
  func.setType(
      builder.getFunctionType(func.getBody().front().getArgumentTypes(), {}));
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

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

/// True if the linear is computed where its only reader stands.
static bool isDeferred(llm::LinearOp linear) {
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

//===----------------------------------------------------------------------===//
// The other ops
//===----------------------------------------------------------------------===//

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
