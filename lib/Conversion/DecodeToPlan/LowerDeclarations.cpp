// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Model, buffers, states, weights and kernels.

#include "dialects/Tile/KvTypes.h"
#include "dialects/Tile/StripLayout.h"
#include "lib/Conversion/DecodeToPlan/Lowering.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace sinter;

static std::string toText(Attribute attr) {
  std::string text;
  llvm::raw_string_ostream(text) << attr;
  return text;
}

//===-- model -------------------------------------------------------------===//

/// Bytes of the buffer `name`, which decoding cannot do without.
static FailureOr<int64_t> bufferBytes(ModuleOp module, StringRef name) {
  if (auto buffer = module.lookupSymbol<tile::BufferOp>(name))
    return static_cast<int64_t>(buffer.getBytes());
  return module.emitError("decode-to-plan needs a tile.buffer @") << name;
}

static LogicalResult lowerModel(ModuleOp module, OpBuilder &builder) {
  auto name = module->getAttrOfType<StringAttr>("llm.name");
  auto architecture = module->getAttrOfType<StringAttr>("llm.architecture");
  auto vocabulary = module->getAttrOfType<IntegerAttr>("llm.vocabulary");
  auto context = module->getAttrOfType<IntegerAttr>("llm.max_context");
  if (!name || !architecture || !vocabulary || !context)
    return module.emitError(
        "decode-to-plan needs the module attributes llm.name, "
        "llm.architecture, llm.vocabulary, llm.max_context");
  FailureOr<int64_t> ids = bufferBytes(module, decode::kIdsBuffer);
  FailureOr<int64_t> logits = bufferBytes(module, decode::kLogitsBuffer);
  if (failed(ids) || failed(logits) ||
      failed(bufferBytes(module, decode::kHistoryBuffer)) ||
      failed(bufferBytes(module, decode::kTokenBuffer)))
    return failure();
  // Rows of logits are padded to whole strips.
  int64_t rowBytes = 4 * llvm::alignTo(vocabulary.getInt(), 32);
  if (*logits == 0 || *logits % rowBytes != 0)
    return module.emitError("buffer @logits has ")
           << *logits << " bytes, no multiple of a row of " << rowBytes;
  planir::ModelOp::create(
      builder, module.getLoc(), name, architecture,
      builder.getI64IntegerAttr(vocabulary.getInt()),
      builder.getI64IntegerAttr(context.getInt()),
      builder.getI64IntegerAttr(*ids / 4),
      builder.getI64IntegerAttr(*logits / rowBytes),
      FlatSymbolRefAttr::get(builder.getContext(), decode::kIdsBuffer),
      FlatSymbolRefAttr::get(builder.getContext(), decode::kHistoryBuffer));
  return success();
}

//===-- weights -----------------------------------------------------------===//

static ArrayAttr sourceNames(ArrayAttr symbols, OpBuilder &builder) {
  SmallVector<StringRef> names;
  for (auto symbol : symbols.getAsRange<FlatSymbolRefAttr>())
    names.push_back(symbol.getValue());
  return builder.getStrArrayAttr(names);
}

/// Where the weight of an op of the tile level lies.
static StringRef sectionOf(Operation &op) {
  auto [model, rest] = cast<SymbolOpInterface>(op).getName().split('.');
  if (!rest.empty())
    for (StringRef name : {kDraftSection, kRetrievalSection})
      if (model == name)
        return name;
  return kWeightSection;
}

static void createWeight(Operation *from, StringAttr name, uint64_t bytes,
                         uint64_t rows, uint64_t cols, StringRef encoding,
                         ArrayAttr sources, OpBuilder &builder) {
  planir::WeightOp::create(
      builder, from->getLoc(), name,
      FlatSymbolRefAttr::get(builder.getContext(), sectionOf(*from)),
      builder.getI64IntegerAttr(0), builder.getI64IntegerAttr(bytes),
      builder.getI64IntegerAttr(rows), builder.getI64IntegerAttr(cols),
      builder.getStringAttr(encoding), sourceNames(sources, builder));
}

static LogicalResult lowerPacked(tile::PackedOp op, OpBuilder &builder) {
  tile::PackedAttr packed = op.getPacked();
  auto layout = tile::StripLayout::get(packed.getEncoding(), packed.getRows(),
                                       packed.getCols(),
                                       [&] { return op.emitOpError(); });
  if (failed(layout))
    return failure();
  createWeight(op, op.getSymNameAttr(), layout->totalBytes, packed.getRows(),
               packed.getCols(), toText(packed.getEncoding()), op.getSources(),
               builder);
  return success();
}

//===-- kernels -----------------------------------------------------------===//

static void lowerRegion(func::FuncOp region, OpBuilder &builder) {
  KernelNames names = kernelNames(region);
  planir::KernelOp::create(builder, region.getLoc(), region.getSymNameAttr(),
                           builder.getStrArrayAttr(toRefs(names.bindings)),
                           builder.getStrArrayAttr(toRefs(names.scalars)));
}

//===-- all ---------------------------------------------------------------===//

/// What the model ranks best after each id.
static constexpr llvm::StringLiteral kRecycled = "recycled";

/// As many ids of each as a row has in the buffer of those that are ranked.
static FailureOr<int64_t> createRecycled(ModuleOp module, Location loc,
                                         OpBuilder &builder) {
  FailureOr<int64_t> ranked = bufferBytes(module, decode::kRankedBuffer);
  FailureOr<int64_t> logits = bufferBytes(module, decode::kLogitsBuffer);
  if (failed(ranked) || failed(logits))
    return failure();
  int64_t vocabulary =
      module->getAttrOfType<IntegerAttr>("llm.vocabulary").getInt();
  int64_t rows = *logits / (4 * llvm::alignTo(vocabulary, 32));
  int64_t each = *ranked / (4 * rows);
  planir::BufferOp::create(builder, loc, builder.getStringAttr(kRecycled),
                           builder.getI64IntegerAttr(4 * each * vocabulary),
                           builder.getI64IntegerAttr(0),
                           builder.getI64IntegerAttr(0));
  return each;
}

static LogicalResult lowerDrafter(decode::DrafterOp drafter,
                                  OpBuilder &builder) {
  Location loc = drafter.getLoc();
  FlatSymbolRefAttr buffer;
  FailureOr<int64_t> keeps = 0;
  if (drafter.getKind() == decode::DrafterKind::Recycle) {
    keeps = createRecycled(drafter->getParentOfType<ModuleOp>(), loc, builder);
    if (failed(keeps))
      return failure();
    buffer = FlatSymbolRefAttr::get(builder.getContext(), kRecycled);
  }
  planir::DrafterOp::create(
      builder, loc, drafter.getSymName(),
      static_cast<planir::DrafterKind>(drafter.getKind()),
      drafter.getMinMatch(), drafter.getMaxMatch(), drafter.getMaxDraft(),
      static_cast<planir::PolicyKind>(drafter.getPolicy()),
      drafter.getPartsAttr(), buffer, drafter.getSettingsAttr(),
      drafter.getBranches(), *keeps);
  return success();
}

static void lowerDepths(decode::DepthsOp depths, OpBuilder &builder) {
  for (auto [percent, skips] :
       llvm::zip(depths.getPercents(),
                 depths.getSkips().getAsRange<DenseI64ArrayAttr>()))
    planir::DepthOp::create(builder, depths.getLoc(), percent,
                            skips.asArrayRef());
}

/// One page for the longest context; of each plane two halves.
static LogicalResult lowerRecurrence(tile::RecurrenceOp state,
                                     OpBuilder &builder) {
  auto module = state->getParentOfType<ModuleOp>();
  auto context = module->getAttrOfType<IntegerAttr>("llm.max_context");
  FailureOr<int64_t> ids = bufferBytes(module, decode::kIdsBuffer);
  if (failed(ids))
    return failure();
  planir::StateOp::create(builder, state.getLoc(), state.getSymNameAttr(),
                          builder.getI64IntegerAttr(state.getLayers()),
                          builder.getI64IntegerAttr(context.getInt()),
                          builder.getDenseI64ArrayAttr(
                              {2 * int64_t(state.getStateBytes()),
                               2 * *ids / 4 * int64_t(state.getInputBytes())}),
                          builder.getStringAttr(toText(state.getTypeAttr())),
                          builder.getUnitAttr(), /*of=*/FlatSymbolRefAttr());
  return success();
}

static LogicalResult lowerDeclaration(Operation *op, OpBuilder &builder) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](tile::BufferOp buffer) {
        planir::BufferOp::create(
            builder, op->getLoc(), buffer.getSymNameAttr(),
            builder.getI64IntegerAttr(buffer.getBytes()),
            builder.getI64IntegerAttr(buffer.getBytesPerPosition()),
            builder.getI64IntegerAttr(buffer.getBytesPerWorker()));
        return success();
      })
      .Case([&](tile::StateOp state) {
        planir::StateOp::create(
            builder, op->getLoc(), state.getSymNameAttr(),
            builder.getI64IntegerAttr(state.getLayers()),
            builder.getI64IntegerAttr(tile::StateOp::kPageTokens),
            builder.getDenseI64ArrayAttr(
                {state.keyPageBytes(), state.valuePageBytes()}),
            builder.getStringAttr(KvTypes{kvTypeName(state.elementType(0)),
                                          kvTypeName(state.elementType(1))}
                                      .str()),
            /*recurrent=*/UnitAttr(), state.getOfAttr(), state.getWindowAttr(),
            state.getSinksAttr(), state.getSlackAttr(), /*text=*/UnitAttr());
        return success();
      })
      .Case([&](tile::TextOp text) {
        planir::StateOp::create(
            builder, op->getLoc(), text.getSymNameAttr(),
            builder.getI64IntegerAttr(1),
            builder.getI64IntegerAttr(tile::StateOp::kPageTokens),
            builder.getDenseI64ArrayAttr({0, 0}), builder.getStringAttr("text"),
            /*recurrent=*/UnitAttr(), /*of=*/FlatSymbolRefAttr(),
            /*window=*/IntegerAttr(), /*sinks=*/IntegerAttr(),
            /*slack=*/IntegerAttr(), builder.getUnitAttr());
        return success();
      })
      .Case([&](decode::ModelSwitchOp models) {
        planir::ModelSwitchOp::create(
            builder, op->getLoc(), models.getThresholdAttr(),
            models.getWindowAttr(), models.getLeastAttr());
        return success();
      })
      .Case([&](tile::RecurrenceOp state) {
        return lowerRecurrence(state, builder);
      })
      .Case([&](decode::DrafterOp drafter) {
        return lowerDrafter(drafter, builder);
      })
      .Case([&](decode::CostsOp costs) {
        planir::CostsOp::create(builder, op->getLoc(), costs.getRowsAttr(),
                                costs.getIdAttr(), costs.getMeasuredAttr());
        return success();
      })
      .Case([&](decode::DepthsOp depths) {
        lowerDepths(depths, builder);
        return success();
      })
      .Case([&](decode::FfnsOp ffns) {
        planir::FfnsOp::create(
            builder, op->getLoc(), ffns.getLayersAttr(),
            ffns.getThresholdAttr(), ffns.getWarmUpAttr(),
            FlatSymbolRefAttr::get(builder.getContext(), decode::kFfnsBuffer));
        return success();
      })
      .Case([&](decode::RetrievalOp retrieval) {
        lowerRetrieval(retrieval, builder);
        return success();
      })
      .Case([&](decode::ExitOp exit) {
        planir::ExitOp::create(builder, op->getLoc(), exit.getSymName(),
                               static_cast<planir::ProbeKind>(exit.getProbe()),
                               exit.getTokensAttr(), exit.getAfter(),
                               exit.getThreshold(), exit.getStopAttr(),
                               exit.getDecayAttr(), exit.getOver());
        return success();
      })
      .Case([&](tile::PackedOp packed) { return lowerPacked(packed, builder); })
      .Case([&](tile::VectorOp vector) {
        createWeight(op, vector.getSymNameAttr(), 4 * vector.paddedSize(), 1,
                     vector.getSize(), "f32", vector.getSources(), builder);
        return success();
      })
      .Case([&](tile::TokensOp tokens) {
        createWeight(op, tokens.getSymNameAttr(), 4 * tokens.paddedSize(), 1,
                     tokens.getIds().size(), "i32", builder.getArrayAttr({}),
                     builder);
        return success();
      })
      .Case([&](func::FuncOp function) {
        if (function->hasAttr(tile::kRegionAttr))
          lowerRegion(function, builder);
        return success();
      })
      .Default(success());
}

LogicalResult sinter::lowerDeclarations(ModuleOp module, OpBuilder &builder) {
  if (failed(lowerModel(module, builder)))
    return failure();
  for (StringRef name : {kWeightSection, kDraftSection, kRetrievalSection})
    if (llvm::any_of(*module.getBody(), [&](Operation &op) {
          return isa<tile::PackedOp, tile::VectorOp, tile::TokensOp>(op) &&
                 sectionOf(op) == name;
        }))
      planir::SectionOp::create(
          builder, module.getLoc(), builder.getStringAttr(name),
          planir::SectionKindAttr::get(builder.getContext(),
                                       planir::SectionKind::Weights),
          builder.getI64IntegerAttr(0));
  for (Operation &op : *module.getBody())
    if (failed(lowerDeclaration(&op, builder)))
      return failure();
  return success();
}

Attribute sinter::lowerBinding(Attribute binding) {
  MLIRContext *context = binding.getContext();
  auto symbol = [&](StringRef name) {
    return FlatSymbolRefAttr::get(context, name);
  };
  return TypeSwitch<Attribute, Attribute>(binding)
      .Case([&](tile::ArenaAttr attr) -> Attribute {
        return planir::BufferBindingAttr::get(context, symbol("arena"),
                                              attr.getOffset());
      })
      .Case([&](tile::BufferAttr attr) -> Attribute {
        return planir::BufferBindingAttr::get(context, symbol(attr.getName()),
                                              attr.getOffset());
      })
      .Case([&](tile::WeightAttr attr) -> Attribute {
        return planir::WeightBindingAttr::get(context, attr.getSymbol());
      })
      .Case([&](tile::StateAttr attr) -> Attribute {
        return planir::PlaneBindingAttr::get(context, attr.getSymbol(),
                                             attr.getLayer(), attr.getPlane());
      })
      .Case([&](tile::PagesAttr attr) -> Attribute {
        return planir::PagesBindingAttr::get(context, attr.getSymbol());
      })
      .Default(Attribute());
}
