// KvStore.h - where keys and values of a row go.
//
// Part of sinter, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef SINTER_CONVERSION_TILETOVECTOR_KVSTORE_H
#define SINTER_CONVERSION_TILETOVECTOR_KVSTORE_H

#include "lib/Conversion/TileToVector/RowLowerings.h"

namespace sinter {

/// Stores keys and values into the pages of one layer's cache. Narrowing to the
/// type of the pages rounds to nearest even and saturates; NaN stays NaN where
/// the type has one.
class KvStore {
public:
  /// `k` and `v` are planes of tile.kv_append, `pages` its page table.
  KvStore(LaneBuilder &l, mlir::Value k, mlir::Value v, mlir::Value pages,
          int64_t headDim)
      : l(l), k(k), v(v), pages(pages), headDim(headDim) {}

  /// Vectors of 16 dimensions that make up a head.
  int64_t chunks() const { return (headDim + kLanes - 1) / kLanes; }
  /// Dimensions of chunk `c`.
  int64_t count(int64_t c) const {
    return std::min(kLanes, headDim - c * kLanes);
  }

  /// A position's place in every plane, the same for all heads.
  struct Slot {
    mlir::Value page, index;
  };
  /// The page table of the position's sequence begins at entry `table`.
  Slot slot(mlir::Value position, mlir::Value table);

  /// Dimensions from `firstDim` on of one head of one position: chunk c holds
  /// 16 of them from 16 c on as f32, lanes beyond the head are zeros. Keys come
  /// after rope.
  void keys(Slot slot, mlir::Value kvHead, mlir::Value firstDim,
            mlir::ValueRange chunks);
  void values(Slot slot, mlir::Value kvHead, mlir::Value firstDim,
              mlir::ValueRange chunks);

  /// Fetches what `keys` and `values` write for dimensions [firstDim, firstDim
  /// + dims).
  void fetchKeys(Slot slot, mlir::Value kvHead, mlir::Value firstDim,
                 int64_t dims);
  void fetchValues(Slot slot, mlir::Value kvHead, mlir::Value firstDim,
                   int64_t dims);

private:
  void fetch(mlir::Value plane, mlir::ValueRange at);

  LaneBuilder &l;
  mlir::Value k, v, pages;
  int64_t headDim;
};

/// Fetches the lines that `op` will write for a few rows: at the next position
/// they are out of the cache again.
void fetchKvSlots(LaneBuilder &l, tile::KvAppendOp op, Share share);

} // namespace sinter
#endif // SINTER_CONVERSION_TILETOVECTOR_KVSTORE_H
