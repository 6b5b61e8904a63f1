//===- Launches.h - questions about launches --------------------*- C++ -*-===//
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SINTER_LIB_TRANSFORMS_LAUNCHES_H
#define SINTER_LIB_TRANSFORMS_LAUNCHES_H

#include "dialects/Tile/TileOps.h"

namespace sinter {

/// The layer whose part of the cache a launch works on; -1: of none.
inline int64_t layerOf(tile::LaunchOp launch) {
  for (mlir::Attribute binding : launch.getBindings())
    if (auto state = mlir::dyn_cast<tile::StateAttr>(binding))
      return state.getLayer();
  return -1;
}

} // namespace sinter

#endif // SINTER_LIB_TRANSFORMS_LAUNCHES_H
