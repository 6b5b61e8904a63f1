// KvLayout.h - the shape of pages of the KV cache.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_DIALECTS_TILE_KVLAYOUT_H
#define SINTER_DIALECTS_TILE_KVLAYOUT_H

#include "mlir/IR/BuiltinTypes.h"
#include <array>

namespace sinter::tile {

constexpr int64_t kPagePositions = 16;

/// What a cache may hold. An int8 element is a code times the f32 scale of its
/// position and head.
inline bool isKvType(mlir::Type type) {
  return type.isF32() || type.isF16() || type.isBF16() || type.isInteger(8);
}

/// Rows of `columns` codes that the 16 scales of a page take, behind the codes.
inline int64_t kvScaleRows(mlir::Type type, int64_t columns) {
  return type.isInteger(8) ? (kPagePositions * 4 + columns - 1) / columns : 0;
}

using KvPageShape = std::array<int64_t, 3>;

/// Of one layer's page: heads x dimensions x positions.
inline KvPageShape keyPageShape(mlir::Type type, int64_t heads, int64_t dim) {
  return {heads, dim + kvScaleRows(type, kPagePositions), kPagePositions};
}

/// Heads x positions x dimensions, these rounded up to 16.
inline KvPageShape valuePageShape(mlir::Type type, int64_t heads, int64_t dim) {
  int64_t padded = (dim + 15) / 16 * 16;
  return {heads, kPagePositions + kvScaleRows(type, padded), padded};
}

inline int64_t kvPageBytes(mlir::Type type, KvPageShape shape) {
  return shape[0] * shape[1] * shape[2] * (type.getIntOrFloatBitWidth() / 8);
}

} // namespace sinter::tile
#endif // SINTER_DIALECTS_TILE_KVLAYOUT_H
