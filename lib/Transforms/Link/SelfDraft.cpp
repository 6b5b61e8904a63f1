//===- SelfDraft.cpp - the first layers of a model draft for it
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Launches.h"
#include "lib/Transforms/Link/DraftFunctions.h"
#include "lib/Transforms/Passes.h"

namespace sinter {
#define GEN_PASS_DEF_SELFDRAFT
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

class SelfDraftPass : public sinter::impl::SelfDraftBase<SelfDraftPass> {
  using SelfDraftBase::SelfDraftBase;

  void runOnOperation() override;
  LogicalResult find();
  LogicalResult chooseLayers();
  void declareMemory();
  void cut();

  func::FuncOp forward, head;
  tile::StateOp cache;
  tile::BufferOp ids;
  int64_t kept = 0;
};

} // namespace

LogicalResult SelfDraftPass::find() {
  ModuleOp module = getOperation();
  forward = module.lookupSymbol<func::FuncOp>("forward");
  head = module.lookupSymbol<func::FuncOp>("head");
  cache = module.lookupSymbol<tile::StateOp>("kv");
  ids = module.lookupSymbol<tile::BufferOp>("ids");
  if (!forward || !head || !cache || !ids)
    return module.emitError("a model that drafts for itself has @forward, "
                            "@head, a tile.state @kv and a tile.buffer @ids");
  for (const std::string &name :
       {tile::kDraftModule.str(), draftName("forward")})
    if (module.lookupSymbol(name))
      return module.emitError("has a model that drafts: @") << name;
  return success();
}

LogicalResult SelfDraftPass::chooseLayers() {
  int64_t all = cache.getLayers();
  kept = layers > 0 ? int64_t(layers) : std::max<int64_t>(1, all / 3);
  if (all < 2)
    return getOperation().emitError(
        "the model has one layer: none of them can draft for the others");
  if (vocabulary < 0 || vocabulary % 32 != 0)
    return getOperation().emitError("vocabulary=")
           << vocabulary.getValue() << " is no multiple of 32";
  if (layers < 0 || kept >= all)
    return getOperation().emitError("the first ")
           << layers.getValue() << " layers cannot draft: the model has " << all
           << ", so 1 to " << all - 1 << " of them can";
  return success();
}

/// What is drafted lies behind the text in the model's own cache: the layers
/// that draft compute for the text what they compute for the model. The ids of
/// their rows have a place of their own.
void SelfDraftPass::declareMemory() {
  OpBuilder builder(cache);
  builder.setInsertionPointAfter(cache);
  auto own = cast<tile::StateOp>(builder.clone(*cache));
  own.setSymName(draftName("kv"));
  own.setLayers(kept);
  own.setOfAttr(FlatSymbolRefAttr::get(cache));
  own.setWindow(0);
  own.setSinks(0);
  own.setSlack(0);
  builder.setInsertionPointAfter(ids);
  cast<tile::BufferOp>(builder.clone(*ids)).setSymName(draftName("ids"));
}

/// A forward that ends before the first launch of a layer that does not draft:
/// the hidden state lies where the head reads it after each layer.
void SelfDraftPass::cut() {
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](tile::BufferAttr attr) -> Attribute {
    return attr.getName() == "ids"
               ? tile::BufferAttr::get(&getContext(), draftName("ids"),
                                       attr.getOffset())
               : attr;
  });
  auto builder = OpBuilder::atBlockEnd(getOperation().getBody());
  auto first = cast<func::FuncOp>(builder.clone(*forward));
  first.setSymName(draftName("forward"));
  bool past = false;
  for (auto launch : llvm::make_early_inc_range(
           first.getBody().front().getOps<tile::LaunchOp>())) {
    past |= layerOf(launch) >= kept;
    if (past)
      launch.erase();
    else
      replacer.replaceElementsIn(launch);
  }
  cast<func::FuncOp>(builder.clone(*head)).setSymName(draftName("head"));
}

void SelfDraftPass::runOnOperation() {
  if (failed(find()) || failed(chooseLayers()))
    return signalPassFailure();
  declareMemory();
  cut();
  DraftFunctions functions(getOperation(), /*tokens=*/nullptr);
  if (failed(functions.readHistory()) ||
      (vocabulary > 0 && failed(functions.limitVocabulary(vocabulary))))
    return signalPassFailure();
  numLayers += kept;
}
