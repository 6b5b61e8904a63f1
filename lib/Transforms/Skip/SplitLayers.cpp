//===- SplitLayers.cpp - feed-forward blocks as functions of their own
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/Skip/LayerOrder.h"

#include "dialects/Llm/LlmOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace sinter {
#define GEN_PASS_DEF_SPLITLAYERS
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

class SplitLayersPass : public sinter::impl::SplitLayersBase<SplitLayersPass> {
  using SplitLayersBase::SplitLayersBase;

  void runOnOperation() override;
  FailureOr<func::FuncOp> split(func::FuncOp layer);
};

} // namespace

static bool isAmbient(Operation *op) {
  return isa<llm::WeightRefOp, arith::ConstantOp>(op);
}

/// Behind attention, the first place where one row tensor is all that goes on:
/// the op that stands there, and the tensor.
static std::pair<Operation *, Value> findCut(Block &body) {
  bool attended = false;
  for (Operation &op : body.without_terminator()) {
    if (attended && !isAmbient(&op)) {
      llvm::SmallPtrSet<Value, 4> live;
      auto goesOn = [&](Value value) {
        return llvm::any_of(value.getUsers(), [&](Operation *user) {
          return !user->isBeforeInBlock(&op);
        });
      };
      if (goesOn(body.getArgument(0)))
        live.insert(body.getArgument(0));
      for (Operation &before : body)
        if (before.isBeforeInBlock(&op) && !isAmbient(&before))
          for (Value result : before.getResults())
            if (isa<RankedTensorType>(result.getType()) && goesOn(result))
              live.insert(result);
      if (live.size() == 1)
        return {&op, *live.begin()};
    }
    attended |= isa<llm::AttentionOp>(op);
  }
  return {nullptr, Value()};
}

static void eraseUnused(Block &body) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (!op.hasTrait<OpTrait::IsTerminator>() && op.use_empty())
      op.erase();
}

/// The layer keeps attention; its feed-forward block becomes the result. Both
/// take what the layer took and give what it gave.
FailureOr<func::FuncOp> SplitLayersPass::split(func::FuncOp layer) {
  Block &body = layer.getBody().front();
  auto [cut, hidden] = findCut(body);
  if (!cut)
    return layer.emitError("has no place behind its attention where one hidden "
                           "state is all that goes on; it cannot be split");
  Operation *end = body.getTerminator();
  OpBuilder builder(layer);
  builder.setInsertionPointAfter(layer);
  IRMapping map;
  auto ffn = cast<func::FuncOp>(builder.clone(*layer, map));
  ffn.setName(ffnName(layer.getName()));
  Block &rest = ffn.getBody().front();
  map.lookup(hidden).replaceUsesWithIf(
      rest.getArgument(0), [&, first = map.lookup(cut)](OpOperand &use) {
        return !use.getOwner()->isBeforeInBlock(first);
      });
  rest.getTerminator()->setOperand(1, rest.getArgument(2));
  eraseUnused(rest);
  end->setOperand(0, hidden);
  eraseUnused(body);
  return ffn;
}

void SplitLayersPass::runOnOperation() {
  auto forward = getOperation().lookupSymbol<func::FuncOp>("forward");
  if (!forward || forward.isDeclaration())
    return;
  llvm::MapVector<StringRef, func::FuncOp> ffns;
  for (auto call : llvm::make_early_inc_range(
           forward.getBody().front().getOps<func::CallOp>())) {
    func::FuncOp &ffn = ffns[call.getCallee()];
    if (!ffn) {
      auto made =
          split(getOperation().lookupSymbol<func::FuncOp>(call.getCallee()));
      if (failed(made))
        return signalPassFailure();
      ffn = *made;
    }
    OpBuilder builder(call);
    builder.setInsertionPointAfter(call);
    SmallVector<Value> operands(call.getOperands());
    operands[0] = call.getResult(0);
    operands[2] = call.getResult(1);
    auto second = func::CallOp::create(builder, call.getLoc(), ffn, operands);
    for (unsigned i : {0, 1})
      call.getResult(i).replaceAllUsesExcept(second.getResult(i), second);
    ++numSplit;
  }
}
