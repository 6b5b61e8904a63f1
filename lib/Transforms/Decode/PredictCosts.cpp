//===- PredictCosts.cpp - what rows of a forward should cost --------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "dialects/Common/CostTable.h"
#include "dialects/Decode/DecodeOps.h"
#include "lib/Analysis/ForwardTime.h"

namespace sinter {
#define GEN_PASS_DEF_PREDICTCOSTS
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

/// The functions that a forward and its logits are. Heads that draft have no
/// forward.
struct Model {
  func::FuncOp forward, head;

  /// Of `rows` rows after `position` others, logits of each.
  double time(int64_t rows, int64_t position) {
    double time = analysis::timeOf(head, {/*first=*/0, rows});
    if (forward)
      time += analysis::timeOf(forward, {rows, position, /*runs=*/0});
    return time;
  }
};

class PredictCostsPass
    : public sinter::impl::PredictCostsBase<PredictCostsPass> {
  using PredictCostsBase::PredictCostsBase;
  void runOnOperation() override;
};

} // namespace

/// The first forward, if there is one, and head inside of `op`.
static std::optional<Model> modelIn(Operation *op) {
  Model model;
  auto functionOf = [&](FlatSymbolRefAttr name) {
    return SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, name);
  };
  op->walk([&](Operation *inner) {
    if (auto forward = dyn_cast<decode::ForwardOp>(inner);
        forward && !model.forward)
      model.forward = functionOf(forward.getFunctionAttr());
    if (auto head = dyn_cast<decode::HeadOp>(inner); head && !model.head)
      model.head = functionOf(head.getFunctionAttr());
  });
  if (!model.head)
    return std::nullopt;
  return model;
}

void PredictCostsPass::runOnOperation() {
  ModuleOp module = getOperation();
  std::optional<Model> target, drafting;
  module.walk([&](decode::VerifyOp verify) {
    if (!target)
      target = modelIn(verify->getParentOfType<decode::StepOp>());
  });
  // Rows that left early come back with others.
  module.walk([&](decode::DescendOp descend) {
    if (!target)
      target = modelIn(descend->getParentOfType<decode::ProgramOp>());
  });
  module.walk([&](decode::DraftOp draft) {
    if (!drafting && !draft.getBody().empty())
      drafting = modelIn(draft);
  });
  if (!target || !target->forward)
    return;
  const double one = target->time(1, position);
  if (one <= 0)
    return;
  // Three digits say all that is known.
  auto share = [&](double time) {
    return float(std::round(1000 * time / one) / 1000);
  };
  SmallVector<float> rows;
  for (int64_t n = 1; n <= kMostDraftRows; ++n)
    rows.push_back(share(target->time(n, position)));
  OpBuilder builder(module.getContext());
  auto program = *module.getOps<decode::ProgramOp>().begin();
  builder.setInsertionPoint(program);
  decode::CostsOp::create(
      builder, module.getLoc(), builder.getDenseF32ArrayAttr(rows),
      builder.getF32FloatAttr(drafting ? share(drafting->time(1, position))
                                       : 0),
      /*measured=*/UnitAttr());
  ++numTables;
}
