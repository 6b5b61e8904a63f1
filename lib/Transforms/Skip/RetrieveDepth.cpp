//===- RetrieveDepth.cpp - depths that are looked up
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/LaunchFunctions.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/Skip/DepthStore.h"
#include "lib/Transforms/Skip/LayerOrder.h"

#include "dialects/Decode/DecodeOps.h"
#include "dialects/Encoding/Presets.h"
#include "dialects/Llm/Fidelity.h"
#include "dialects/Llm/LlmOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"

namespace sinter {
#define GEN_PASS_DEF_RETRIEVEDEPTH
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

static constexpr StringLiteral kStore = "retrieval", kPool = "retrieval.pool",
                               kVote = "retrieval.vote",
                               kNear = "retrieval.near";

namespace {

/// Regions and weights of a store.
class RetrievalFunctions : LaunchFunctions {
public:
  explicit RetrievalFunctions(ModuleOp module) : LaunchFunctions(module) {}
  /// `@retrieval.pool(rows, first)`.
  LogicalResult pool();
  /// `@retrieval.vote()`.
  LogicalResult vote(const DepthStore &store, const RetrievalRule &rule);
  /// Rows of a forward.
  int64_t mostRows() const { return rows.front().type.getDimSize(0); }

private:
  void table(StringRef name, ArrayRef<float> numbers);
  MemRefType f32s(ArrayRef<int64_t> shape) {
    return MemRefType::get(shape, builder.getF32Type());
  }
  int64_t width() const { return hidden().type.getDimSize(1); }
};

class RetrieveDepthPass
    : public sinter::impl::RetrieveDepthBase<RetrieveDepthPass> {
  using RetrieveDepthBase::RetrieveDepthBase;

  void runOnOperation() override;
  LogicalResult readStore();
  LogicalResult declare();
  void retrieveIn(decode::ProgramOp program);

  decode::DepthsOp depths;
  RetrievalRule rule;
  DepthStore texts;
  int64_t mostRows = 0;
};

} // namespace

/// The forward's own launch makes the rows, as if they were the first ones.
LogicalResult RetrievalFunctions::pool() {
  if (failed(findRows()))
    return failure();
  Location loc = module.getLoc();
  declareBuffer(decode::kChoiceBuffer, 2 * decode::kChoiceOffset);
  declareBuffer(decode::kKeyBuffer, 4 * width());
  Type index = builder.getIndexType();
  MemRefType key = f32s({1, width()});
  func::FuncOp region =
      createRegion((kPool + ".rows").str(), {hidden().type, key, index, index});
  tile::PoolOp::create(builder, loc, region.getArgument(0),
                       region.getArgument(1), region.getArgument(2),
                       region.getArgument(3), width());
  func::ReturnOp::create(builder, loc);
  func::FuncOp list = createList(kPool, 2);
  list.setArgAttr(0, "tile.name", builder.getStringAttr("rows"));
  list.setArgAttr(1, "tile.name", builder.getStringAttr("first"));
  auto at = OpBuilder::atBlockEnd(&list.getBody().front());
  Value zero = arith::ConstantIndexOp::create(at, loc, 0);
  tile::LaunchOp made = embed();
  SmallVector<Value> scalars(made.getScalars().size(), zero);
  scalars[0] = list.getArgument(0);
  launch(at, made.getCallee(), llvm::to_vector(made.getBindings()), scalars);
  launch(at, region.getSymName(),
         {arena(hidden().offset), buffer(decode::kKeyBuffer)},
         list.getArguments());
  func::ReturnOp::create(at, loc);
  return success();
}

void RetrievalFunctions::table(StringRef name, ArrayRef<float> numbers) {
  MLIRContext *ctx = builder.getContext();
  Location loc = module.getLoc();
  int64_t size = numbers.size();
  std::string data = (name + ".data").str();
  builder.setInsertionPointToEnd(module.getBody());
  auto plain = RankedTensorType::get(size, builder.getF32Type());
  llm::WeightOp::create(
      builder, loc, data,
      encoding::weightType(ctx, size, encoding::Preset::F32),
      llm::DataAttr::get(ctx, cast<DenseFPElementsAttr>(
                                  DenseElementsAttr::get(plain, numbers))));
  tile::VectorOp::create(
      builder, loc, name, StringAttr(),
      builder.getArrayAttr(FlatSymbolRefAttr::get(ctx, data)), size,
      tile::Arrange::Stack);
}

LogicalResult RetrievalFunctions::vote(const DepthStore &store,
                                       const RetrievalRule &rule) {
  if (int64_t(store.width()) != width())
    return module.emitError("keys of the store have ")
           << store.width() << " numbers, rows of this model " << width();
  std::vector<float> keys, laws;
  for (const DepthStore::Entry &entry : store.entries) {
    llvm::append_range(keys, entry.key);
    llvm::append_range(laws, entry.law);
  }
  table(tile::kRetrievalKeys, keys);
  table(tile::kRetrievalLaws, laws);
  auto entries = int64_t(store.entries.size());
  auto columns = int64_t(store.depths());
  Location loc = module.getLoc();
  declareBuffer(kNear, llvm::alignTo(4 * entries, 64));
  func::FuncOp region =
      createRegion((kVote + ".rows").str(),
                   {f32s({1, width()}), f32s({entries, width()}),
                    f32s({entries, columns}), f32s({entries}), f32s({32}),
                    MemRefType::get({32}, builder.getI32Type())});
  auto argument = [&](unsigned i) { return region.getArgument(i); };
  tile::CosinesOp::create(builder, loc, argument(0), argument(1), argument(3),
                          width());
  tile::BarrierOp::create(builder, loc, Value());
  tile::VoteOp::create(builder, loc, argument(3), argument(2), argument(4),
                       argument(5), rule.nearest,
                       llvm::APFloat(float(rule.keep)));
  func::ReturnOp::create(builder, loc);
  auto weight = [&](StringRef name) -> Attribute {
    MLIRContext *ctx = builder.getContext();
    return tile::WeightAttr::get(ctx, FlatSymbolRefAttr::get(ctx, name));
  };
  func::FuncOp list = createList(kVote, 0);
  auto at = OpBuilder::atBlockEnd(&list.getBody().front());
  launch(at, region.getSymName(),
         {buffer(decode::kKeyBuffer), weight(tile::kRetrievalKeys),
          weight(tile::kRetrievalLaws), buffer(kNear),
          buffer(decode::kChoiceBuffer),
          buffer(decode::kChoiceBuffer, decode::kChoiceOffset)},
         {});
  func::ReturnOp::create(at, loc);
  return success();
}

LogicalResult RetrieveDepthPass::readStore() {
  ModuleOp module = getOperation();
  depths = module.lookupSymbol<decode::DepthsOp>(kDepths);
  if (!depths)
    return module.emitError("has no depths to look up; was decode-layer-menu "
                            "run?");
  rule = {nearest, similar, keep};
  if (store == "empty")
    return success();
  auto read = DepthStore::read(store);
  if (!read)
    return module.emitError(llvm::toString(read.takeError()));
  texts = std::move(*read);
  SmallVector<int64_t> percents = {100};
  llvm::append_range(percents, texts.percents);
  if (percents != depths.getPercents())
    return module.emitError(store.getValue())
           << ": was made for the depths "
           << llvm::formatv("{0:$[,]}",
                            llvm::make_range(percents.begin(), percents.end()))
                  .str()
           << ", not for those of this plan";
  if (rule.nearest > int64_t(texts.entries.size()))
    return module.emitError("the nearest ")
           << rule.nearest << " texts cannot choose the depth: the store has "
           << texts.entries.size();
  return success();
}

LogicalResult RetrieveDepthPass::declare() {
  RetrievalFunctions functions(getOperation());
  if (failed(functions.pool()) ||
      (!texts.entries.empty() && failed(functions.vote(texts, rule))))
    return failure();
  mostRows = functions.mostRows();
  OpBuilder builder(depths);
  builder.setInsertionPointAfter(depths);
  MLIRContext *ctx = &getContext();
  auto entries = int64_t(texts.entries.size());
  decode::RetrievalOp::create(
      builder, depths.getLoc(), kStore, kDepths, entries,
      entries ? rule.nearest : 0, llvm::APFloat(float(rule.similar)),
      llvm::APFloat(float(rule.keep)), kPool,
      entries ? FlatSymbolRefAttr::get(ctx, kVote) : FlatSymbolRefAttr());
  numEntries += entries;
  return success();
}

/// Rows of several sessions have no one text.
void RetrieveDepthPass::retrieveIn(decode::ProgramOp program) {
  if (program.walk([](decode::BatchOp) { return WalkResult::interrupt(); })
          .wasInterrupted())
    return;
  program.walk([&](decode::ChooseDepthOp choose) {
    OpBuilder builder(choose);
    Location loc = choose.getLoc();
    Value rows = arith::ConstantOp::create(builder, loc,
                                           builder.getI64IntegerAttr(mostRows));
    Value number = decode::RetrieveOp::create(
        builder, loc, builder.getI64Type(), kStore, depths.getState(), rows);
    choose.getPreferMutable().assign(number);
  });
}

void RetrieveDepthPass::runOnOperation() {
  if (store.empty())
    return;
  if (failed(readStore()) || failed(declare()))
    return signalPassFailure();
  for (auto program : getOperation().getOps<decode::ProgramOp>())
    retrieveIn(program);
  if (texts.entries.empty())
    return;
  declareFidelity(getOperation(), Fidelity::Lossy, "early_exit",
                  llvm::formatv("sequence, the nearest {0} of {1} texts over "
                                "{2}, {3} of the best",
                                rule.nearest, texts.entries.size(),
                                rule.similar, rule.keep)
                      .str());
}
