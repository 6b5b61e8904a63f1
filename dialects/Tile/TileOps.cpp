// Verifiers of the `tile` dialect.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/Tile/TileOps.h"
#include "dialects/Tile/KvLayout.h"
#include "dialects/Tile/StripLayout.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace sinter::tile;

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.cpp.inc"

namespace {

int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<MemRefType>(value.getType()).getShape();
}

/// `value` holds rows of at least `cols` columns, padded to 32.
LogicalResult checkRows(Operation *op, Value value, StringRef name,
                        int64_t cols) {
  int64_t stride = shapeOf(value)[1];
  if (stride % 32 != 0)
    return op->emitOpError() << name << " has " << stride
                             << " columns, which must be a multiple of 32";
  if (cols <= 0 || cols > stride)
    return op->emitOpError()
           << name << " has " << stride << " columns, " << cols << " needed";
  return success();
}

/// As checkRows, and no column beyond the padding of `cols`.
LogicalResult checkExactRows(Operation *op, Value value, StringRef name,
                             int64_t cols) {
  if (failed(checkRows(op, value, name, cols)))
    return failure();
  if (shapeOf(value)[1] != roundUp(cols, 32))
    return op->emitOpError()
           << name << " has " << shapeOf(value)[1] << " columns, "
           << roundUp(cols, 32) << " expected";
  return success();
}

/// `columns` columns from `first` on lie in `value`.
LogicalResult checkSpan(Operation *op, Value value, StringRef name,
                        int64_t first, int64_t columns) {
  if (failed(checkRows(op, value, name, 1)))
    return failure();
  if (first < 0 || columns <= 0 || first + columns > shapeOf(value)[1])
    return op->emitOpError()
           << name << " has " << shapeOf(value)[1] << " columns, none are "
           << first << " to " << first + columns;
  return success();
}

/// Split::Own needs room for the copies of all workers.
LogicalResult checkCopies(Operation *op, Value value, StringRef name,
                          int64_t perCopy) {
  int64_t needed = kOwnCopies * perCopy;
  if (shapeOf(value)[0] < needed)
    return op->emitOpError()
           << name << " has a first dimension of " << shapeOf(value)[0] << ", "
           << needed << " needed for copies";
  return success();
}

LogicalResult checkSize(Operation *op, Value value, StringRef name,
                        int64_t size) {
  if (shapeOf(value)[0] != size)
    return op->emitOpError() << name << " has " << shapeOf(value)[0]
                             << " elements, " << size << " expected";
  return success();
}

LogicalResult checkPacked(Operation *op, Value value, StringRef name,
                          PackedAttr packed) {
  StripLayout layout = StripLayout::getVerified(
      packed.getEncoding(), packed.getRows(), packed.getCols());
  if (shapeOf(value)[0] != layout.totalBytes)
    return op->emitOpError()
           << name << " has " << shapeOf(value)[0] << " bytes, but " << packed
           << " takes " << layout.totalBytes;
  return success();
}

LogicalResult checkPage(Operation *op, Value plane, StringRef name,
                        KvPageShape shape) {
  if (shapeOf(plane).drop_front() == ArrayRef<int64_t>(shape))
    return success();
  return op->emitOpError() << name << " pages must be " << shape[0] << " x "
                           << shape[1] << " x " << shape[2];
}

LogicalResult checkPlanes(Operation *op, Value k, Value v, int64_t kvHeads,
                          int64_t headDim) {
  Type keyType = getElementTypeOrSelf(k), valueType = getElementTypeOrSelf(v);
  if (failed(checkPage(op, k, "key", keyPageShape(keyType, kvHeads, headDim))))
    return failure();
  return checkPage(op, v, "value", valuePageShape(valueType, kvHeads, headDim));
}

LogicalResult checkHeads(Operation *op, ArrayRef<int64_t> counts) {
  if (llvm::any_of(counts, [](int64_t count) { return count <= 0; }))
    return op->emitOpError() << "head counts and sizes must be positive";
  return success();
}

LogicalResult checkInterleaving(Operation *op, Arrange arrange,
                                size_t sources) {
  if (sources == 0)
    return op->emitOpError() << "needs a source";
  if (arrange == Arrange::Interleave16 && sources != 2)
    return op->emitOpError() << "interleave16 takes 2 sources, not " << sources;
  return success();
}

} // namespace

//===----------------------------------------------------------------------===//
// Module-level ops
//===----------------------------------------------------------------------===//

LogicalResult PackedOp::verify() {
  return checkInterleaving(*this, getPacked().getArrange(),
                           getSources().size());
}

LogicalResult VectorOp::verify() {
  if (getSize() <= 0)
    return emitOpError() << "size must be positive";
  return checkInterleaving(*this, getArrange(), getSources().size());
}

LogicalResult TokensOp::verify() {
  llvm::SmallBitVector taken(std::max<int64_t>(getVocabulary(), 0));
  for (auto [token, id] : llvm::enumerate(getIds())) {
    int32_t known = id < 0 ? ~id : id;
    if (known >= getVocabulary())
      return emitOpError() << "token " << token << " has the id " << known
                           << " in a vocabulary of " << getVocabulary();
    if (id < 0)
      continue;
    if (taken.test(id))
      return emitOpError() << "two tokens have the id " << id;
    taken.set(id);
  }
  return success();
}

LogicalResult BufferOp::verify() {
  if (getBytes() < 0 || getBytesPerPosition() < 0 || getBytesPerWorker() < 0)
    return emitOpError() << "sizes must not be negative";
  return success();
}

LogicalResult StateOp::verify() {
  if (!isKvType(elementType(0)) || !isKvType(elementType(1)))
    return emitOpError() << "element types must be f32, f16, bf16 or i8";
  if (getValueType() && getValueType() == getKeyType())
    return emitOpError() << "names one type twice";
  return checkHeads(*this, {getLayers(), getKvHeads(), getHeadDim()});
}

LogicalResult RecurrenceOp::verify() {
  if (getLayers() <= 0 || getStateBytes() <= 0 || getInputBytes() <= 0)
    return emitOpError() << "layers and bytes must be positive";
  if (getStateBytes() % 64 || getInputBytes() % 64)
    return emitOpError() << "has " << getStateBytes() << " bytes of state and "
                         << getInputBytes()
                         << " of inputs; expected multiples of 64";
  return success();
}

static LogicalResult verifyRecurrence(Operation *op, FlatSymbolRefAttr state,
                                      SymbolTableCollection &tables) {
  if (tables.lookupNearestSymbolFrom<RecurrenceOp>(op, state))
    return success();
  return op->emitOpError() << "no recurrent state named '" << state.getValue()
                           << "'";
}
LogicalResult HalfOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyRecurrence(*this, getStateAttr(), tables);
}
LogicalResult UnplayedOp::verifySymbolUses(SymbolTableCollection &tables) {
  return verifyRecurrence(*this, getStateAttr(), tables);
}

Type StateOp::elementType(int plane) {
  return plane == 1 ? getValueType().value_or(getKeyType()) : getKeyType();
}

int64_t StateOp::keyPageBytes() {
  Type type = elementType(0);
  return kvPageBytes(type, keyPageShape(type, getKvHeads(), getHeadDim()));
}

int64_t StateOp::valuePageBytes() {
  Type type = elementType(1);
  return kvPageBytes(type, valuePageShape(type, getKvHeads(), getHeadDim()));
}

LogicalResult LaunchOp::verify() {
  for (Attribute binding : getBindings())
    if (!isa<ArenaAttr, BufferAttr, WeightAttr, StateAttr, PagesAttr>(binding))
      return emitOpError() << "no binding: " << binding;
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto region =
      symbolTable.lookupNearestSymbolFrom<func::FuncOp>(*this, getCalleeAttr());
  if (!region)
    return emitOpError() << "there is no function " << getCalleeAttr();
  SmallVector<Type> scalars;
  size_t buffers = 0;
  for (Type type : region.getArgumentTypes()) {
    if (isa<MemRefType>(type))
      ++buffers;
    else
      scalars.push_back(type);
  }
  if (buffers != getBindings().size())
    return emitOpError() << getBindings().size() << " bindings, but "
                         << getCalleeAttr() << " takes " << buffers
                         << " buffers";
  if (TypeRange(scalars) != getScalars().getTypes())
    return emitOpError() << "scalars (" << getScalars().getTypes() << "), but "
                         << getCalleeAttr() << " takes (" << TypeRange(scalars)
                         << ")";
  return success();
}

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

//===----------------------------------------------------------------------===//
// Passes over the vocabulary
//===----------------------------------------------------------------------===//

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
