//===- LayerOrder.h - which layers go first
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_SKIP_LAYERORDER_H
#define SINTER_LIB_TRANSFORMS_SKIP_LAYERORDER_H

#include "dialects/Tile/TileOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace sinter {

/// What sequences may leave out, in a module.
inline constexpr llvm::StringLiteral kDepths = "depths";

/// Layers at each end that never go: 2, or 1 where there are few layers.
int64_t coldLayers(int64_t layers);

/// How many layers stay: the number nearest to `percent` percent of them, of
/// two the smaller one.
int64_t keptLayers(int64_t layers, int64_t percent);

/// The layers between the cold ones, so that the first ones of the list always
/// lie far from each other: what goes where nothing was measured.
llvm::SmallVector<int64_t> evenLayerOrder(int64_t layers);

/// Whether a model with `all` layers can do without `dropped`, rising.
mlir::LogicalResult checkDropped(mlir::ModuleOp module,
                                 llvm::ArrayRef<int64_t> dropped, int64_t all);

/// The function of the feed-forward blocks of a layer's class.
std::string ffnName(llvm::StringRef layer);
bool isFfn(llvm::StringRef function);

/// The launches of a list with the layer each belongs to. The launch that works
/// on the layer's part of the cache is the first one of a layer; those before
/// all layers have -1.
llvm::SmallVector<std::pair<tile::LaunchOp, int64_t>>
layersOf(mlir::func::FuncOp list);

} // namespace sinter

#endif // SINTER_LIB_TRANSFORMS_SKIP_LAYERORDER_H
