//===- FuseAttention.cpp - textbook attention to one op
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

namespace sinter {
#define GEN_PASS_DEF_FUSEATTENTION
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

/// The chain that ends in a mix, if it is causal attention over one append.
struct Chain {
  llm::ScoresOp scores;
  llm::CausalMaskOp mask;
  llm::SoftmaxOp softmax;
  llm::KVAppendOp append;
};

FailureOr<Chain> match(llm::MixOp mix) {
  Chain chain;
  chain.softmax = mix.getProbabilities().getDefiningOp<llm::SoftmaxOp>();
  if (!chain.softmax || !chain.softmax->hasOneUse())
    return failure();
  chain.mask = chain.softmax.getScores().getDefiningOp<llm::CausalMaskOp>();
  if (!chain.mask || !chain.mask->hasOneUse())
    return failure();
  chain.scores = chain.mask.getScores().getDefiningOp<llm::ScoresOp>();
  if (!chain.scores || !chain.scores->hasOneUse())
    return failure();
  chain.append = chain.scores.getKeys().getDefiningOp<llm::KVAppendOp>();
  if (!chain.append || chain.scores.getKeys() != chain.append.getKeys() ||
      mix.getValues() != chain.append.getValues())
    return failure();
  // The cache knows positions, so the mask must speak of the same ones.
  if (chain.mask.getPositions() != chain.append.getPositions())
    return failure();
  if (chain.scores.getHeads() != mix.getHeads() ||
      chain.scores.getKvHeads() != mix.getKvHeads() ||
      chain.scores.getHeadDim() != mix.getHeadDim())
    return failure();
  return chain;
}

class FuseAttentionPass
    : public sinter::impl::FuseAttentionBase<FuseAttentionPass> {
  void runOnOperation() override {
    SmallVector<llm::MixOp> roots;
    getOperation().walk([&](llm::MixOp mix) { roots.push_back(mix); });
    for (llm::MixOp mix : roots) {
      FailureOr<Chain> chain = match(mix);
      if (failed(chain))
        continue;
      OpBuilder builder(mix);
      auto fused = llm::AttentionOp::create(
          builder, mix.getLoc(), chain->scores.getQ(), chain->append.getNext(),
          chain->append.getPositions(), chain->append.getLayer(),
          mix.getHeads(), mix.getKvHeads(), mix.getHeadDim(),
          chain->scores.getScale());
      mix.replaceAllUsesWith(fused.getResult());
      mix.erase();
      chain->softmax.erase();
      chain->mask.erase();
      chain->scores.erase();
      ++numFused;
    }
  }
};

} // namespace
