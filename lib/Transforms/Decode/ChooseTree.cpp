//===- ChooseTree.cpp - the size and the paths of drafts ------------------===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "dialects/Decode/DecodeOps.h"
#include "lib/Analysis/TokenTree.h"

namespace sinter {
#define GEN_PASS_DEF_CHOOSETREE
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

class ChooseTreePass : public sinter::impl::ChooseTreeBase<ChooseTreePass> {
  using ChooseTreeBase::ChooseTreeBase;
  void runOnOperation() override;

  /// What is wrong with the chances, if anything.
  LogicalResult checkOptions() {
    double sum = 0, last = 1;
    for (double chance : acceptance) {
      if (!(chance > 0 && chance <= last))
        return getOperation().emitError(
            "acceptance: chances are above 0 and fall, from 1 at most");
      sum += last = chance;
    }
    if (acceptance.empty() || sum > 1)
      return getOperation().emitError(
          "acceptance: chances of siblings add up to more than 0 and at most "
          "1");
    if (!(leaf >= 0))
      return getOperation().emitError("leaf: a cost is not below 0");
    return success();
  }
};

} // namespace

/// A merge of chains is the likeliest of them.
static void makeChain(decode::DrafterOp drafter) {
  drafter.setKind(decode::DrafterKind::Priority);
  drafter.setBranches(0);
}

void ChooseTreePass::runOnOperation() {
  ModuleOp module = getOperation();
  if (failed(checkOptions()))
    return signalPassFailure();
  auto tables = module.getOps<decode::CostsOp>();
  for (auto drafter : module.getOps<decode::DrafterOp>()) {
    if (drafter.getKind() != decode::DrafterKind::Merge)
      continue;
    if (tables.empty()) {
      drafter.emitOpError("has no cost table to choose a tree by: run "
                          "decode-predict-costs before");
      return signalPassFailure();
    }
    ArrayRef<float> costs = (*tables.begin()).getRows();
    costs = costs.take_front(drafter.getMaxDraft() + 1);
    analysis::TokenTree tree = analysis::bestTree(acceptance, costs, leaf);
    const int64_t beside = tree.leaves > 0 ? tree.leaves - 1 : 0;
    if (beside == 0)
      makeChain(drafter);
    else
      drafter.setBranches(
          std::min<int64_t>(beside, int64_t(drafter.getBranches())));
    ++(beside == 0 ? numChains : numTrees);
  }
}
