//===- LayerOrder.cpp - which layers go first
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Skip/LayerOrder.h"

#include "lib/Transforms/Launches.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace sinter;

int64_t sinter::coldLayers(int64_t layers) { return layers >= 8 ? 2 : 1; }

int64_t sinter::keptLayers(int64_t layers, int64_t percent) {
  return std::max<int64_t>(1, (layers * percent + 49) / 100);
}

/// By the reversed bits of their numbers: 0, 1/2, 1/4, 3/4, ... of the way.
SmallVector<int64_t> sinter::evenLayerOrder(int64_t layers) {
  int64_t cold = coldLayers(layers), count = layers - 2 * cold;
  unsigned bits = count > 1 ? llvm::Log2_64_Ceil(count) : 1;
  SmallVector<int64_t> order;
  for (uint64_t i = 0; i < uint64_t(1) << bits; ++i) {
    uint64_t place = llvm::reverseBits(i) >> (64 - bits);
    if (int64_t(place) < count)
      order.push_back(cold + int64_t(place));
  }
  return order;
}

LogicalResult sinter::checkDropped(ModuleOp module, ArrayRef<int64_t> dropped,
                                   int64_t all) {
  if (dropped.empty())
    return module.emitError("the first and the last layer stay, so none of ")
           << all << " can go";
  for (auto [index, layer] : llvm::enumerate(dropped)) {
    if (layer < 0 || layer >= all)
      return module.emitError("layer ")
             << layer << " cannot be dropped: the model has layers 0 to "
             << all - 1;
    if (index > 0 && dropped[index - 1] == layer)
      return module.emitError("layer ") << layer << " is named twice";
  }
  if (int64_t(dropped.size()) == all)
    return module.emitError("all ") << all << " layers are dropped";
  return success();
}

static constexpr StringLiteral kFfn = "ffn.";

std::string sinter::ffnName(StringRef layer) { return (kFfn + layer).str(); }
bool sinter::isFfn(StringRef function) { return function.starts_with(kFfn); }

SmallVector<std::pair<tile::LaunchOp, int64_t>>
sinter::layersOf(func::FuncOp list) {
  SmallVector<std::pair<tile::LaunchOp, int64_t>> found;
  int64_t layer = -1;
  for (auto launch : list.getBody().front().getOps<tile::LaunchOp>()) {
    if (int64_t own = layerOf(launch); own >= 0)
      layer = own;
    found.emplace_back(launch, layer);
  }
  return found;
}
