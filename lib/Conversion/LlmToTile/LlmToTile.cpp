//===- LlmToTile.cpp - a model to regions and launches --------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/LlmToTile/LlmToTile.h"

#include "dialects/Llm/Fidelity.h"
#include "dialects/Tile/AttentionWork.h"
#include "dialects/Tile/KvTypes.h"
#include "lib/Conversion/LlmToTile/DrawFunctions.h"
#include "lib/Conversion/LlmToTile/WeightTable.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

namespace sinter {
#define GEN_PASS_DEF_LLMTOTILE
#include "lib/Conversion/LlmToTile/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

/// What a region needs at each of its launches.
struct LaunchedRegion {
  std::string name;
  SmallVector<BindingSpec> bindings;
};

class Conversion {
public:
  Conversion(ModuleOp module, TileOptions options)
      : module(module), ctx(module.getContext()), builder(ctx),
        options(options), weights(module) {}

  LogicalResult run();
  unsigned regions = 0, residuals = 0;
  unsigned packed() const { return weights.numPacked(); }

private:
  LogicalResult readModel();
  void layOutFixed();
  void declareMemory();
  void declareAttentionWork();
  LogicalResult convertEmbedding();
  LogicalResult convertLayer(func::FuncOp layer);
  LogicalResult convertHead();
  LogicalResult convertDraftHeads();
  FailureOr<LaunchedRegion> convertDraftHead(func::FuncOp draft, bool selected);
  LaunchedRegion buildMap(llm::WeightOp output);
  void buildForward();
  void launch(OpBuilder &at, const LaunchedRegion &region, ValueRange scalars,
              int64_t layer, func::CallOp call);
  Attribute resolve(const BindingSpec &spec, int64_t layer, func::CallOp call);
  func::FuncOp createList(StringRef name, ArrayRef<Type> inputs);
  MemRefType rowsType(int64_t rows, int64_t cols) {
    return MemRefType::get({rows, padded(cols)}, builder.getF32Type());
  }
  Attribute named(StringRef name) {
    return tile::BufferAttr::get(ctx, name, 0);
  }

  ModuleOp module;
  MLIRContext *ctx;
  OpBuilder builder;
  TileOptions options;
  WeightTable weights;

  func::FuncOp forward, head;
  SmallVector<func::FuncOp> draftHeads;
  llm::EmbeddingOp embedding;
  SmallVector<func::CallOp> calls;
  llvm::MapVector<Operation *, LaunchedRegion> layerRegions; // by llm function
  LaunchedRegion embedRegion, headRegion;
  FixedBuffer hidden;
  int64_t hiddenCols = 0, vocabulary = 0, fixedBytes = 0;
  llvm::MapVector<StringAttr, FixedBuffer> ropeTables;
};

} // namespace

/// Finds the parts: embedding, calls of layers in order, head.
LogicalResult Conversion::readModel() {
  forward = module.lookupSymbol<func::FuncOp>("forward");
  head = module.lookupSymbol<func::FuncOp>("head");
  if (!forward || !head)
    return module.emitError("a model has functions @forward and @head");
  for (Operation &op : forward.getBody().front()) {
    if (auto embed = dyn_cast<llm::EmbeddingOp>(op)) {
      if (embedding)
        return op.emitError("a second embedding has no lowering to tile");
      embedding = embed;
    } else if (auto call = dyn_cast<func::CallOp>(op)) {
      calls.push_back(call);
    } else if (!isa<llm::WeightRefOp, arith::ConstantOp, func::ReturnOp>(op)) {
      return op.emitError("stands outside of every layer and has no lowering "
                          "to tile; was llm-outline-layers run?");
    }
  }
  if (!embedding)
    return forward.emitError("has no llm.embedding");
  if (!embedding.getTable().getDefiningOp<llm::WeightRefOp>())
    return embedding.emitError("needs a weight as its table");
  if (calls.empty())
    return forward.emitError("calls no layers; was llm-outline-layers run?");
  hiddenCols = embedding.getResult().getType().getDimSize(1);
  auto logits = cast<RankedTensorType>(head.getResultTypes().front());
  vocabulary = logits.getDimSize(1);
  if (options.maxContext <= 0) {
    auto attr =
        module->getAttrOfType<IntegerAttr>(llm::LlmDialect::kMaxContext);
    if (!attr || attr.getInt() <= 0)
      return module.emitError("says no llm.max_context; pass max-context");
    options.maxContext = attr.getInt();
  }
  // What comes later knows only the module.
  module->setAttr(llm::LlmDialect::kMaxContext,
                  IntegerAttr::get(IntegerType::get(module.getContext(), 64),
                                   options.maxContext));
  return success();
}

/// Hidden state and RoPE tables live across regions.
void Conversion::layOutFixed() {
  auto place = [&](MemRefType type) {
    int64_t offset = fixedBytes;
    fixedBytes = llvm::alignTo(offset + type.getNumElements() * 4, 64);
    return FixedBuffer{offset, type};
  };
  hidden = place(rowsType(options.maxRows, hiddenCols));
  module.walk([&](llm::RopeOp rope) {
    auto freqs = rope.getFreqs().getDefiningOp<llm::WeightRefOp>();
    if (!freqs)
      return;
    StringAttr name = freqs.getWeightAttr().getAttr();
    if (!ropeTables.contains(name))
      ropeTables[name] = place(
          MemRefType::get({options.maxRows, int64_t(rope.getRot()) / 2, 2},
                          builder.getF32Type()));
  });
}

void Conversion::declareMemory() {
  builder.setInsertionPointToStart(module.getBody());
  Location loc = module.getLoc();
  auto declare = [&](StringRef name, int64_t bytes, int64_t perPosition) {
    return tile::BufferOp::create(builder, loc, name, StringAttr(), bytes,
                                  perPosition, /*bytes_per_worker=*/0);
  };
  auto arena = declare("arena", fixedBytes, 0);
  arena->setAttr("tile.fixed_bytes", builder.getI64IntegerAttr(fixedBytes));
  declare("ids", options.maxRows * 4, 0);
  declare("runs", options.maxRows * 16, 0);
  declare("history", 0, 4);
  declare("logits", options.logitsRows * padded(vocabulary) * 4, 0);
  declare("token", 64, 0);
  int64_t selected = 0;
  module.walk([&](llm::WeightOp weight) {
    if (isa<llm::SelectedAttr>(weight.getSource()))
      selected = std::max(selected, weight.getRows());
  });
  if (selected > 0)
    declare("draft.logits", padded(selected) * 4, 0);
  declareAttentionWork();
  llm::KVCacheType cache;
  for (Type type : forward.getArgumentTypes())
    if (auto kv = dyn_cast<llm::KVCacheType>(type))
      cache = kv;
  tile::StateOp::create(
      builder, loc, "kv", StringAttr(), cache.getLayers(), cache.getKvHeads(),
      cache.getHeadDim(), options.keyType,
      options.valueType == options.keyType ? TypeAttr()
                                           : TypeAttr::get(options.valueType),
      /*of=*/FlatSymbolRefAttr(), options.window, options.sinks, options.slack);
}

/// One buffer serves all layers, one after another.
void Conversion::declareAttentionWork() {
  int64_t bytes = 0, perPosition = 0, perWorker = 0;
  module.walk([&](llm::AttentionOp op) {
    tile::AttentionWork work(op.getHeads(), op.getKvHeads(), op.getHeadDim());
    bytes = std::max(bytes, work.bytes);
    perPosition = std::max(perPosition, work.bytesPerPosition);
    perWorker = std::max(perWorker, work.bytesPerWorker);
  });
  if (bytes > 0)
    tile::BufferOp::create(builder, module.getLoc(), "attention", StringAttr(),
                           bytes, perPosition, perWorker);
}

LogicalResult Conversion::convertEmbedding() {
  RegionBuilder region(module, "embed", options, options.maxRows, 3);
  auto table = embedding.getTable().getDefiningOp<llm::WeightRefOp>();
  auto type = cast<RankedTensorType>(table.getType());
  auto packed =
      tile::PackedAttr::get(ctx, encoding::encodingOf(type), type.getDimSize(0),
                            type.getDimSize(1), tile::Arrange::Stack);
  Value ids = region.fixedBuffer(
      named("ids"), MemRefType::get({options.maxRows}, builder.getI32Type()));
  Value x =
      region.fixedBuffer(tile::ArenaAttr::get(ctx, hidden.offset), hidden.type);
  Value matrix = region.matrix(table.getResult(), packed);
  tile::EmbedOp::create(region.ops(), region.loc(), ids, matrix, x,
                        region.scalar(0), /*first=*/Value(), packed);
  for (auto &[name, table] : ropeTables) {
    Value freqs;
    module.walk([&, symbol = name](llm::WeightRefOp ref) {
      if (ref.getWeightAttr().getAttr() == symbol)
        freqs = ref.getResult();
    });
    Value vector = region.vector(freqs, tile::Arrange::Stack);
    Value buffer =
        region.fixedBuffer(tile::ArenaAttr::get(ctx, table.offset), table.type);
    // Arguments move the scalars: ask for them last.
    Value places = region.rowPlaces();
    tile::RopeTableOp::create(region.ops(), region.loc(), vector, buffer,
                              region.scalar(0), region.scalar(1), places,
                              region.scalar(2));
  }
  region.finish();
  embedRegion = {"embed", llvm::to_vector(region.bindings())};
  ++regions;
  return success();
}

LogicalResult Conversion::convertLayer(func::FuncOp layer) {
  std::string name = layer.getName().str();
  layer.setName("llm." + name);
  RegionBuilder region(module, name, options, options.maxRows, 3);
  region.ropeTables = &ropeTables;
  Value x =
      region.fixedBuffer(tile::ArenaAttr::get(ctx, hidden.offset), hidden.type);
  Block &body = layer.getBody().front();
  region.bind(body.getArgument(0), {x, 0, hiddenCols});
  if (failed(region.convertBody(body)))
    return failure();
  Operation *terminator = body.getTerminator();
  if (region.rowsOf(terminator->getOperand(0)).buffer != x)
    return terminator->emitError(
        "the hidden state is not updated in place; layers must end in a "
        "residual sum over their input");
  region.finish();
  residuals += region.residualsFused;
  layerRegions[layer] = {name, llvm::to_vector(region.bindings())};
  ++regions;
  return success();
}

LogicalResult Conversion::convertHead() {
  head.setName("llm.head");
  RegionBuilder region(module, "head_rows", options, options.logitsRows, 2);
  Value x =
      region.fixedBuffer(tile::ArenaAttr::get(ctx, hidden.offset), hidden.type);
  Value logits = region.fixedBuffer(named("logits"),
                                    rowsType(options.logitsRows, vocabulary));
  Block &body = head.getBody().front();
  region.bind(body.getArgument(0), {x, 0, hiddenCols});
  auto norm = dyn_cast_or_null<llm::RmsNormOp>(
      body.getArgument(0).hasOneUse() ? *body.getArgument(0).user_begin()
                                      : nullptr);
  auto linear =
      body.getTerminator()->getOperand(0).getDefiningOp<llm::LinearOp>();
  if (!norm || !linear)
    return head.emitError("must be a norm of the hidden state, then a linear");
  region.selectsRows = true;
  region.place(linear, {logits, 0, vocabulary});
  if (failed(region.convertBody(body)))
    return failure();
  region.finish();
  headRegion = {"head_rows", llvm::to_vector(region.bindings())};
  ++regions;
  return success();
}

/// What heads say about some tokens alone, among the logits of all of them.
LaunchedRegion Conversion::buildMap(llm::WeightOp output) {
  auto selected = cast<llm::SelectedAttr>(output.getSource());
  SmallVector<int32_t> places(vocabulary, -1);
  for (auto [place, id] : llvm::enumerate(selected.getRows().asArrayRef()))
    places[id] = int32_t(place);
  builder.setInsertionPointToEnd(module.getBody());
  auto tokens = tile::TokensOp::create(builder, module.getLoc(),
                                       (tile::kDraftModule + ".tokens").str(),
                                       StringAttr(), output.getRows(), places);
  RegionBuilder region(module, (tile::kDraftModule + ".map").str(), options, 1,
                       0);
  Value x =
      region.fixedBuffer(named("draft.logits"), rowsType(1, output.getRows()));
  Value table = region.fixedBuffer(
      tile::WeightAttr::get(ctx, FlatSymbolRefAttr::get(tokens)),
      MemRefType::get({tokens.paddedSize()}, builder.getI32Type()));
  Value y = region.fixedBuffer(named("logits"),
                               rowsType(options.logitsRows, vocabulary));
  tile::MapLogitsOp::create(region.ops(), region.loc(), x, table, y);
  region.finish();
  ++regions;
  return {region.function().getName().str(),
          llvm::to_vector(region.bindings())};
}

/// A region over one hidden row, and the ids of the rows up to where it drafts.
FailureOr<LaunchedRegion> Conversion::convertDraftHead(func::FuncOp draft,
                                                       bool selected) {
  // It changes how fast tokens come, never which: its numbers are the fast
  // ones.
  TileOptions fast = options;
  fast.activations = Activations::Int8;
  std::string name = draft.getName().str();
  draft.setName("llm." + name);
  RegionBuilder region(module, name + ".rows", fast, 1, 2);
  Value x =
      region.fixedBuffer(tile::ArenaAttr::get(ctx, hidden.offset), hidden.type);
  Block &body = draft.getBody().front();
  region.bind(body.getArgument(0), {x, 0, hiddenCols});
  Value ids = region.fixedBuffer(
      named("ids"), MemRefType::get({options.maxRows}, builder.getI32Type()));
  for (auto [row, id] : llvm::enumerate(body.getArguments().drop_front()))
    region.bindIds(id, ids, row);
  auto linear =
      body.getTerminator()->getOperand(0).getDefiningOp<llm::LinearOp>();
  if (!linear)
    return draft.emitError("must end in a linear");
  int64_t cols = linear.getOutCols();
  Value logits =
      selected ? region.fixedBuffer(named("draft.logits"), rowsType(1, cols))
               : region.fixedBuffer(named("logits"),
                                    rowsType(options.logitsRows, vocabulary));
  region.selectsRows = true;
  region.place(linear, {logits, 0, cols});
  if (failed(region.convertBody(body)))
    return failure();
  region.finish();
  ++regions;
  return LaunchedRegion{region.function().getName().str(),
                        llvm::to_vector(region.bindings())};
}

/// The output matrix of a head, if it has some tokens alone.
static llm::WeightOp selectedOutput(func::FuncOp draft) {
  auto linear = draft.getBody()
                    .front()
                    .getTerminator()
                    ->getOperand(0)
                    .getDefiningOp<llm::LinearOp>();
  auto ref = linear ? linear.getWeights()[0].getDefiningOp<llm::WeightRefOp>()
                    : llm::WeightRefOp();
  auto weight = ref ? SymbolTable::lookupNearestSymbolFrom<llm::WeightOp>(
                          draft, ref.getWeightAttr())
                    : llm::WeightOp();
  return weight && isa<llm::SelectedAttr>(weight.getSource()) ? weight
                                                              : llm::WeightOp();
}

/// `@draft.head.N`, as lists like `@head`.
LogicalResult Conversion::convertDraftHeads() {
  std::optional<LaunchedRegion> map;
  while (auto draft = module.lookupSymbol<func::FuncOp>(
             llm::draftHeadName(draftHeads.size() + 1))) {
    draftHeads.push_back(draft);
    llm::WeightOp selected = selectedOutput(draft);
    std::string name = draft.getName().str();
    FailureOr<LaunchedRegion> region = convertDraftHead(draft, bool(selected));
    if (failed(region))
      return failure();
    if (selected && !map)
      map = buildMap(selected);
    Type index = builder.getIndexType();
    func::FuncOp list = createList(name, {index, index});
    OpBuilder at = OpBuilder::atBlockEnd(&list.getBody().front());
    launch(at, *region, {list.getArgument(1), list.getArgument(0)}, 0, nullptr);
    if (selected)
      launch(at, *map, {}, 0, nullptr);
    func::ReturnOp::create(at, list.getLoc());
  }
  if (auto source = module->getAttr(llm::LlmDialect::kHeadsSource))
    module->setAttr(tile::kDraftSource, source);
  return success();
}

func::FuncOp Conversion::createList(StringRef name, ArrayRef<Type> inputs) {
  builder.setInsertionPointToEnd(module.getBody());
  auto list = func::FuncOp::create(builder, module.getLoc(), name,
                                   builder.getFunctionType(inputs, {}));
  list.addEntryBlock();
  return list;
}

void Conversion::buildForward() {
  Type index = builder.getIndexType();
  func::FuncOp old = forward;
  old.setName("llm.forward");
  func::FuncOp list = createList("forward", {index, index, index});
  OpBuilder at = OpBuilder::atBlockEnd(&list.getBody().front());
  launch(at, embedRegion, list.getArguments(), 0, nullptr);
  for (func::CallOp call : calls) {
    Operation *callee = module.lookupSymbol(("llm." + call.getCallee()).str());
    APInt layer;
    matchPattern(call.getOperand(3), m_ConstantInt(&layer));
    launch(at, layerRegions[callee], list.getArguments(), layer.getSExtValue(),
           call);
  }
  func::ReturnOp::create(at, list.getLoc());

  func::FuncOp headList = createList("head", {index, index});
  OpBuilder headAt = OpBuilder::atBlockEnd(&headList.getBody().front());
  Value first = headList.getArgument(0), rows = headList.getArgument(1);
  launch(headAt, headRegion, {rows, first}, 0, nullptr);
  func::ReturnOp::create(headAt, headList.getLoc());
}

/// The binding of one launch: weights that the outlined function takes as
/// arguments are those of the call.
Attribute Conversion::resolve(const BindingSpec &spec, int64_t layer,
                              func::CallOp call) {
  if (spec.fixed)
    return spec.fixed;
  if (spec.plane >= 0)
    return tile::StateAttr::get(ctx, FlatSymbolRefAttr::get(ctx, "kv"), layer,
                                spec.plane);
  SmallVector<FlatSymbolRefAttr> sources;
  for (Value weight : spec.weights) {
    if (auto argument = dyn_cast<BlockArgument>(weight))
      weight = call.getOperand(argument.getArgNumber());
    sources.push_back(weight.getDefiningOp<llm::WeightRefOp>().getWeightAttr());
  }
  FlatSymbolRefAttr symbol =
      spec.packed ? weights.packed(sources, spec.packed)
                  : weights.vector(sources, spec.vectorSize, spec.arrange);
  return tile::WeightAttr::get(ctx, symbol);
}

void Conversion::launch(OpBuilder &at, const LaunchedRegion &region,
                        ValueRange scalars, int64_t layer, func::CallOp call) {
  SmallVector<Attribute> bindings;
  for (const BindingSpec &spec : region.bindings)
    bindings.push_back(resolve(spec, layer, call));
  tile::LaunchOp::create(at, module.getLoc(),
                         FlatSymbolRefAttr::get(ctx, region.name),
                         at.getArrayAttr(bindings), scalars);
}

LogicalResult Conversion::run() {
  if (failed(readModel()))
    return failure();
  layOutFixed();
  declareMemory();
  if (failed(convertEmbedding()))
    return failure();
  SmallVector<func::FuncOp> layers;
  for (func::CallOp call : calls) {
    auto layer = module.lookupSymbol<func::FuncOp>(call.getCallee());
    if (!llvm::is_contained(layers, layer))
      layers.push_back(layer);
  }
  for (func::FuncOp layer : layers)
    if (failed(convertLayer(layer)))
      return failure();
  if (failed(convertHead()))
    return failure();
  buildForward();
  if (failed(convertDraftHeads()))
    return failure();
  DrawFunctions draws(module, options, vocabulary, hidden, hiddenCols);
  if (failed(draws.build()))
    return failure();
  regions += draws.regions;
  for (func::FuncOp layer : layers)
    layer.erase();
  for (func::FuncOp draft : draftHeads)
    draft.erase();
  forward.erase();
  head.erase();
  return success();
}

namespace {

class LlmToTilePass : public sinter::impl::LlmToTileBase<LlmToTilePass> {
  using LlmToTileBase::LlmToTileBase;

  void runOnOperation() override {
    TileOptions values;
    if (failed(readOptions(values)))
      return signalPassFailure();
    Conversion conversion(getOperation(), values);
    if (failed(conversion.run()))
      return signalPassFailure();
    if (kvWindow > 0)
      declareFidelity(getOperation(), Fidelity::Lossy, "kv_window",
                      kvSinks > 0
                          ? Twine(kvWindow) + " behind " + Twine(kvSinks)
                          : Twine(kvWindow));
    numRegions += conversion.regions;
    numPacked += conversion.packed();
    numResiduals += conversion.residuals;
  }

  LogicalResult readOptions(TileOptions &values) {
    ModuleOp module = getOperation();
    auto mode = llvm::StringSwitch<std::optional<Activations>>(activations)
                    .Case("int8", Activations::Int8)
                    .Case("bf16", Activations::Bf16)
                    .Case("f32", Activations::F32)
                    .Default(std::nullopt);
    if (!mode)
      return module.emitError("activations=")
             << activations.getValue() << " is none of int8, bf16 and f32";
    if (!llvm::is_contained({"", "bf16", "f32"}, attention))
      return module.emitError("attention=")
             << attention.getValue() << " is neither bf16 nor f32";
    values.activations = *mode;
    values.attentionBf16 =
        attention.empty() ? *mode == Activations::Bf16 : attention == "bf16";
    std::string type = kv;
    if (type.empty())
      type = values.attentionBf16        ? "bf16"
             : *mode == Activations::F32 ? "f32"
                                         : "f16";
    std::optional<KvTypes> types = KvTypes::parse(type);
    if (!types)
      return module.emitError("kv=")
             << type << " is neither a type (f32, f16, bf16, int8) nor k:TYPE,"
             << "v:TYPE";
    if (kvWindow < 0 || kvSinks < 0 || (kvSinks > 0 && kvWindow == 0))
      return module.emitError("kv-sinks=")
             << kvSinks.getValue()
             << " needs kv-window, and neither may be negative";
    if (kvSlack < 0)
      return module.emitError("kv-slack=")
             << kvSlack.getValue() << " is negative";
    values.window = kvWindow;
    values.sinks = kvSinks;
    values.keyType = kvElementType(types->key, &getContext());
    values.valueType = kvElementType(types->value, &getContext());
    if (maxRows < 1 || logitsRows < 1 || logitsRows > maxRows)
      return module.emitError("needs 1 <= logits-rows <= max-rows");
    values.maxRows = llvm::alignTo(maxRows, 4);
    // Programs forget what they drafted: never more than a forward has.
    if (kvWindow > 0)
      values.slack = std::max<int64_t>(kvSlack, values.maxRows);
    values.logitsRows = logitsRows;
    values.maxContext = maxContext;
    auto rule = VerifyRule::parse(verifyRule);
    if (!rule)
      return module.emitError("verify-rule=")
             << llvm::toString(rule.takeError());
    values.rule = *rule;
    values.proposals = proposals;
    values.summarize = summarize;
    values.best = best;
    values.ranked = ranked;
    if (ranked < 0 || ranked > tile::RankOp::kMostRanked)
      return module.emitError("ranked=")
             << ranked.getValue() << " is outside of 0 to "
             << tile::RankOp::kMostRanked;
    return success();
  }
};

} // namespace
