//===- MergeLinears.cpp - linears of one input and encoding to one matrix
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"

#include "llvm/ADT/MapVector.h"

namespace sinter {
#define GEN_PASS_DEF_MERGELINEARS
#include "lib/Transforms/Passes.h.inc"
} // namespace sinter

using namespace mlir;
using namespace sinter;

namespace {

/// What linears of one stack have in common. Biases are all or none: a stack
/// has one bias vector.
struct Key {
  Value x;
  Attribute encoding;
  bool bias;
  bool operator==(const Key &other) const {
    return x == other.x && encoding == other.encoding && bias == other.bias;
  }
};

void merge(ArrayRef<llm::LinearOp> linears) {
  // The stack stands where the first one stood, so that every reader follows.
  llm::LinearOp first = linears.front();
  OpBuilder builder(first);
  SmallVector<Value> weights, biases;
  for (llm::LinearOp linear : linears) {
    llvm::append_range(weights, linear.getWeights());
    llvm::append_range(biases, linear.getBiases());
  }
  for (Value value : llvm::concat<Value>(weights, biases))
    if (Operation *def = value.getDefiningOp())
      if (def->getBlock() == first->getBlock() && first->isBeforeInBlock(def))
        def->moveBefore(first);
  auto merged = llm::LinearOp::create(builder, first.getLoc(), first.getX(),
                                      weights, biases, llm::Arrange::Stack);
  int64_t column = 0;
  for (llm::LinearOp linear : linears) {
    auto part = llm::ColumnsOp::create(builder, linear.getLoc(),
                                       linear.getResult().getType(),
                                       merged.getResult(), column);
    column += linear.getOutCols();
    linear.replaceAllUsesWith(part.getResult());
  }
  for (llm::LinearOp linear : linears)
    linear.erase();
}

class MergeLinearsPass
    : public sinter::impl::MergeLinearsBase<MergeLinearsPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      for (Block &block : function.getBody())
        runOnBlock(block);
  }

  void runOnBlock(Block &block) {
    SmallVector<std::pair<Key, SmallVector<llm::LinearOp>>> groups;
    for (auto linear : block.getOps<llm::LinearOp>()) {
      if (linear.getArrange() != llm::Arrange::Stack ||
          linear.getWeights().size() != 1)
        continue;
      // Only weights (symbols, arguments) can move up to the first reader.
      if (!llvm::all_of(linear->getOperands().drop_front(), [](Value value) {
            return !value.getDefiningOp() ||
                   value.getDefiningOp<llm::WeightRefOp>();
          }))
        continue;
      auto type = cast<RankedTensorType>(linear.getWeights().front().getType());
      Key key{linear.getX(), type.getEncoding(), !linear.getBiases().empty()};
      auto *group = llvm::find_if(
          groups, [&](const auto &entry) { return entry.first == key; });
      if (group == groups.end()) {
        groups.push_back({key, {}});
        group = &groups.back();
      }
      group->second.push_back(linear);
    }
    for (auto &[key, linears] : groups) {
      if (linears.size() < 2)
        continue;
      numMerged += linears.size();
      merge(linears);
    }
  }
};

} // namespace
