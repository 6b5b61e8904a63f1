//===- LayerMenu.cpp - depths that a sequence may have
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/Skip/LayerOrder.h"

#include "dialects/Decode/DecodeOps.h"
#include "dialects/Llm/Fidelity.h"
#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace sinter {
#define GEN_PASS_DEF_LAYERMENU
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

class LayerMenuPass : public sinter::impl::LayerMenuBase<LayerMenuPass> {
  using LayerMenuBase::LayerMenuBase;

  void runOnOperation() override;
  LogicalResult find();
  LogicalResult chooseOrder();
  LogicalResult chooseLayers();
  void allLayers();
  void declare();
  void guardLaunches(func::FuncOp list);
  func::FuncOp draftingLayers();
  void declareLoss();
  void chooseIn(decode::ProgramOp program);

  func::FuncOp forward;
  tile::StateOp cache;
  SmallVector<int64_t> goes;     // layers that may go, first ones first
  SmallVector<int64_t> percents; // of each depth
  SmallVector<SmallVector<int64_t>> skips; // likewise, rising
};

} // namespace

LogicalResult LayerMenuPass::find() {
  ModuleOp module = getOperation();
  forward = module.lookupSymbol<func::FuncOp>("forward");
  cache = module.lookupSymbol<tile::StateOp>("kv");
  if (!forward || !cache)
    return module.emitError("a model whose sequences leave out layers has "
                            "@forward and a tile.state @kv");
  if (!study && from.size() > shares.size())
    return module.emitError("has ") << from.size() << " lengths of prompts for "
                                    << shares.size() << " depths";
  return success();
}

LogicalResult LayerMenuPass::chooseOrder() {
  int64_t layers = cache.getLayers();
  goes = order.empty() ? evenLayerOrder(layers)
                       : SmallVector<int64_t>(order.begin(), order.end());
  SmallVector<int64_t> sorted(goes);
  llvm::sort(sorted);
  return checkDropped(getOperation(), sorted, layers);
}

LogicalResult LayerMenuPass::chooseLayers() {
  int64_t layers = cache.getLayers(), before = 100;
  skips.push_back({});
  percents = {100};
  for (int64_t share : shares) {
    if (share < 1 || share >= before)
      return getOperation().emitError("a depth of ")
             << share << " % cannot come after one of " << before
             << " %: they fall, and stay above 0";
    before = share;
    percents.push_back(share);
    int64_t gone = layers - keptLayers(layers, share);
    if (gone < 1 || gone > int64_t(goes.size()) ||
        gone == int64_t(skips.back().size()))
      return getOperation().emitError("a depth of ")
             << share << " % leaves out " << gone << " of " << layers
             << " layers, of which " << goes.size()
             << " can go, and other depths " << skips.back().size();
    SmallVector<int64_t> &skip =
        skips.emplace_back(ArrayRef<int64_t>(goes).take_front(gone));
    llvm::sort(skip);
  }
  return success();
}

/// One depth that names all layers that may go.
void LayerMenuPass::allLayers() {
  int64_t layers = cache.getLayers(), kept = layers - int64_t(goes.size());
  skips.assign({{}, goes});
  llvm::sort(skips.back());
  percents = {100, std::max<int64_t>(1, kept * 100 / layers)};
}

void LayerMenuPass::declare() {
  OpBuilder builder(cache);
  builder.setInsertionPointAfter(cache);
  Location loc = cache.getLoc();
  int64_t words = llvm::divideCeil(int64_t(cache.getLayers()), 32);
  tile::BufferOp::create(builder, loc, decode::kSkippedBuffer, StringAttr(),
                         4 * words, /*bytes_per_position=*/0,
                         /*bytes_per_worker=*/0);
  SmallVector<Attribute> lists;
  for (ArrayRef<int64_t> skip : skips)
    lists.push_back(builder.getDenseI64ArrayAttr(skip));
  decode::DepthsOp::create(builder, loc, kDepths, "kv", percents,
                           builder.getArrayAttr(lists));
}

/// The hidden state lies in the same place after each layer: what came into one
/// that is left out goes on to the next.
void LayerMenuPass::guardLaunches(func::FuncOp list) {
  ArrayRef<int64_t> last = skips.back(); // each depth leaves out those before
  for (auto [launch, layer] : layersOf(list)) {
    if (!llvm::is_contained(last, layer))
      continue;
    OpBuilder builder(launch);
    Value keeps = decode::KeepsOp::create(builder, launch.getLoc(),
                                          builder.getI1Type(), kDepths, layer);
    auto branch = scf::IfOp::create(builder, launch.getLoc(), keeps,
                                    /*withElseRegion=*/false);
    launch->moveBefore(branch.thenBlock()->getTerminator());
    ++numGuarded;
  }
}

/// The forward of a model that drafts for itself, in its own cache.
func::FuncOp LayerMenuPass::draftingLayers() {
  for (auto view : getOperation().getOps<tile::StateOp>())
    if (view.getOf() == cache.getSymName())
      return getOperation().lookupSymbol<func::FuncOp>(
          (tile::kDraftModule + ".forward").str());
  return {};
}

/// A depth that nobody asks for is the plan's own doing.
void LayerMenuPass::declareLoss() {
  std::string knob;
  for (auto [share, least] : llvm::zip(shares, from))
    if (least > 0)
      knob += (knob.empty() ? "sequence " : ",") + std::to_string(share) + "@" +
              std::to_string(least);
  if (!knob.empty())
    declareFidelity(getOperation(), Fidelity::Lossy, "early_exit", knob);
}

/// Of the depths that begin at a length of the prompt, the one with the highest
/// number.
void LayerMenuPass::chooseIn(decode::ProgramOp program) {
  OpBuilder builder = OpBuilder::atBlockBegin(&program.getBody().front());
  Location loc = program.getLoc();
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getI64IntegerAttr(value));
  };
  Value prefer = constant(0), waiting;
  for (auto [index, least] : llvm::enumerate(from)) {
    if (least <= 0)
      continue;
    if (!waiting)
      waiting = decode::WaitingOp::create(builder, loc, builder.getI64Type());
    Value enough = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::sge, waiting, constant(least));
    Value number = arith::MulIOp::create(
        builder, loc,
        arith::ExtUIOp::create(builder, loc, builder.getI64Type(), enough),
        constant(index + 1));
    prefer = arith::MaxSIOp::create(builder, loc, prefer, number);
  }
  decode::ChooseDepthOp::create(builder, loc, kDepths, prefer);
}

void LayerMenuPass::runOnOperation() {
  if (shares.empty() && !study)
    return;
  if (failed(find()) || failed(chooseOrder()))
    return signalPassFailure();
  if (study)
    allLayers();
  else if (failed(chooseLayers()))
    return signalPassFailure();
  declare();
  if (guards) {
    guardLaunches(forward);
    // What a layer has left out it has no keys and values of.
    if (auto first = draftingLayers())
      guardLaunches(first);
  }
  declareLoss();
  for (auto program : getOperation().getOps<decode::ProgramOp>())
    chooseIn(program);
}
