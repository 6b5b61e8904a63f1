//===- DropLayers.cpp - a model without some of its layers
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Outline/DropLayers.h"
#include "dialects/Llm/Fidelity.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/Skip/LayerOrder.h"

namespace sinter {
#define GEN_PASS_DEF_DROPLAYERS
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

class DropLayersPass : public sinter::impl::DropLayersBase<DropLayersPass> {
  using DropLayersBase::DropLayersBase;

  void runOnOperation() override;
  LogicalResult find();
  void drop();
  void renumber();
  void shrinkCaches();
  void eraseUnused();

  func::FuncOp forward;
  SmallVector<func::CallOp> calls; // one a layer
  SmallVector<int64_t> dropped;    // rising
};

} // namespace

LogicalResult DropLayersPass::find() {
  ModuleOp module = getOperation();
  forward = module.lookupSymbol<func::FuncOp>("forward");
  if (!forward)
    return module.emitError("has no function @forward");
  calls = llvm::to_vector(forward.getBody().front().getOps<func::CallOp>());
  if (calls.empty())
    return forward.emitError("calls no layers; was llm-outline-layers run?");
  dropped.assign(layers.begin(), layers.end());
  llvm::sort(dropped);
  return checkDropped(module, dropped, calls.size());
}

/// What came into a layer goes on to the next.
void DropLayersPass::drop() {
  for (int64_t layer : llvm::reverse(dropped)) {
    func::CallOp call = calls[layer];
    call.getResult(0).replaceAllUsesWith(call.getOperand(0));
    call.getResult(1).replaceAllUsesWith(call.getOperand(2));
    call.erase();
    calls.erase(calls.begin() + layer);
  }
}

/// A layer finds its part of the cache by its number.
void DropLayersPass::renumber() {
  for (auto [number, call] : llvm::enumerate(calls)) {
    OpBuilder builder(call);
    call.setOperand(
        3, arith::ConstantIndexOp::create(builder, call.getLoc(), number));
  }
}

void DropLayersPass::shrinkCaches() {
  int64_t kept = calls.size();
  AttrTypeReplacer replacer;
  replacer.addReplacement([&](llm::KVCacheType type) -> Type {
    return llm::KVCacheType::get(type.getContext(), kept, type.getKvHeads(),
                                 type.getHeadDim(), type.getElement());
  });
  replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                        /*replaceLocs=*/false,
                                        /*replaceTypes=*/true);
}

/// Weights of layers that are gone, and functions that nobody calls now.
void DropLayersPass::eraseUnused() {
  Block &body = forward.getBody().front();
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isa<llm::WeightRefOp, arith::ConstantOp>(op) && op.use_empty())
      op.erase();
  SymbolTableCollection tables;
  SymbolUserMap users(tables, getOperation());
  for (auto function :
       llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
    if (function.isPrivate() && users.useEmpty(function))
      function.erase();
  // After the functions, which use weights.
  SymbolUserMap rest(tables, getOperation());
  for (auto weight :
       llvm::make_early_inc_range(getOperation().getOps<llm::WeightOp>()))
    if (rest.useEmpty(weight))
      weight.erase();
}

void DropLayersPass::runOnOperation() {
  if (layers.empty())
    return;
  if (failed(find()))
    return signalPassFailure();
  drop();
  renumber();
  shrinkCaches();
  eraseUnused();
  getOperation()->setAttr(kDroppedLayers,
                          DenseI64ArrayAttr::get(&getContext(), dropped));
  declareFidelity(getOperation(), Fidelity::Lossy, "drop_layers",
                  llvm::join(llvm::map_range(dropped,
                                             [](int64_t layer) {
                                               return std::to_string(layer);
                                             }),
                             ","));
  numDropped += dropped.size();
}
